"""`agentdesk keys`: every command with its keys, from the one registry."""

from __future__ import annotations

from argparse import Namespace

from agentdesk.cli.opening import config_or_none
from agentdesk.cli.output import columns, line, talk, write_json
from agentdesk.commands import COMMANDS
from agentdesk.commands.keymap import load
from agentdesk.locale import say


def keys(arguments: Namespace) -> int:
    """Works without a desk, with the default map. What is wrong with a map goes to stderr."""
    config = config_or_none(arguments)
    name = arguments.map or (config.keymap if config is not None else "default")
    keymap = load(name, config.folder if config is not None else None)
    for fault in keymap.faults:
        talk(str(fault))
    if arguments.json:
        write_json(
            {
                "map": keymap.name,
                "commands": [
                    {
                        "id": command.id,
                        "topic": topic,
                        "title": command.title,
                        "help": command.help,
                        "keys": list(keymap.all_shown(command.id)),
                        "where": sorted(where.value for where in command.where),
                    }
                    for topic, commands in COMMANDS.topics.items()
                    for command in commands
                ],
            }
        )
        return 0
    for number, (topic, commands) in enumerate(COMMANDS.topics.items()):
        if number:
            line()
        line(say(f"commands.topic_{topic}"))
        columns([(", ".join(keymap.all_shown(c.id)), c.id, c.help) for c in commands], indent="  ")
    return 0
