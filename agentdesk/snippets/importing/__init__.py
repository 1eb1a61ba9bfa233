"""Canned replies of other programs, brought into a pack and taken out of one.

    found = read("zendesk", content, options)     # Read: entries, and what was refused, by name
    plan = planned(found, variables.TABLES["zendesk"], ...)   # the pack as TOML, and what is said about it

Nothing of another program's template language is ever live by chance: a variable we have a name for is written with ours, any other
becomes a question to the agent and is told, and a text with logic in it, or with braces that are no variable, is refused by name.
"""
