"""`agentdesk macro`: what the packs' macros are, what one would do, and doing it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import columns, talk, write_json
from agentdesk.errors import UsageError
from agentdesk.locale import say


def macro(arguments: Namespace) -> int:
    """Without a name the list; exit 1 if there is none, or if the macro is for none of the conversations."""
    with open_desk(arguments) as desk:
        if not arguments.name:
            found = desk.answers.library.macros
            macros = list(found.snippets.values()) if found is not None else []
            if arguments.json:
                write_json({"macros": [{"name": m.full_name, "title": m.title, "actions": dict(m.actions)} for m in macros]})
            else:
                columns([(m.full_name, m.title, ", ".join(desk.macros.words(m.actions))) for m in macros])
                if not macros:
                    talk(say("snippets.no_macros"))
            return 0 if macros else 1
        if not arguments.ids:
            raise UsageError(say("cli.macro_no_ids"))
        rows = [desk.queue.find(each) for each in arguments.ids]
        plan = desk.macros.plan(arguments.name, rows)
        done = "" if arguments.dry_run else desk.macros.run(arguments.name, rows)
        ids = {known.row: known.id for known in desk.queue.rows(rows)}
    if arguments.json:
        changes = [{"id": ids[change.row], **asdict(change)} for change in plan.changes]
        for change in changes:
            del change["row"]
        write_json({"macro": plan.name, "does": plan.does, "changes": changes, "done": bool(done)})
    elif not done:
        columns([(ids[c.row], c.who, c.refused or ", ".join(c.does) or say("cli.macro_already")) for c in plan.changes])
    if done:
        talk(done)
    return 0 if any(not change.refused for change in plan.changes) else 1
