"""`agentdesk snippets ...`: find, fill and check canned replies from the command line."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from agentdesk.cli.opening import config_or_none, open_desk
from agentdesk.cli.output import block, columns, talk, write_json
from agentdesk.cli.reply import assignments
from agentdesk.errors import NotFound
from agentdesk.locale import say
from agentdesk.paths import shipped


def search(arguments: Namespace) -> int:
    """The picker's ranking; exit 1 if nothing fits."""
    with open_desk(arguments) as desk:
        row = desk.queue.find(arguments.conversation) if arguments.conversation else 0
        hits = desk.answers.search(" ".join(arguments.query), row, arguments.limit or len(desk.answers.library.order))
    if arguments.json:
        write_json(
            {
                "snippets": [
                    {"name": hit.name, "title": hit.title, "pack": hit.pack, "score": round(hit.score, 4), "why": hit.why} for hit in hits
                ]
            }
        )
    else:
        columns([(hit.name, hit.title, ", ".join(hit.why) if not isinstance(hit.why, str) else hit.why) for hit in hits])
        if not hits:
            talk(say("cli.nothing"))
    return 0 if hits else 1


def articles(arguments: Namespace) -> int:
    """Every article, or those that fit, with its link as it would be sent; exit 1 if there is none."""
    with open_desk(arguments) as desk:
        row = desk.queue.find(arguments.conversation) if arguments.conversation else 0
        hits = desk.answers.search_articles(" ".join(arguments.query), row, 0, arguments.language)
        filled = [desk.answers.fill(hit.name, row, arguments.language) for hit in hits]
        empty = not hits and not arguments.query
    if arguments.json:
        write_json(
            {
                "articles": [
                    {"name": hit.name, "title": hit.title, "text": one.text, "language": one.language, "summary": one.summary, "missing": one.names}
                    for hit, one in zip(hits, filled, strict=True)
                ]
            }
        )
    else:
        columns([(hit.name, one.text) for hit, one in zip(hits, filled, strict=True)])
        if not hits:
            talk(say("cli.no_articles" if empty else "cli.nothing"))
    return 0 if hits else 1


def render(arguments: Namespace) -> int:
    """The filled text on stdout; exit 1 and the names on stderr where a value is missing."""
    with open_desk(arguments) as desk:
        row = desk.queue.find(arguments.conversation)
        filled = desk.answers.fill(arguments.name, row, language=arguments.language, asked=assignments(arguments.set))
    missing = [each.name for each in filled.missing] + [f"ask.{ask.name}" for ask in filled.ask]
    if missing:
        talk(say("cli.missing_values", names=", ".join(dict.fromkeys(missing))))
        return 1
    if filled.subject:
        talk(say("cli.subject", subject=filled.subject))
    block(filled.text)
    return 0


def packs_named(arguments: Namespace) -> list[Path]:
    """The files and folders named, else the desk's packs, else those of the program.

    Raises:
        NotFound: one that is named is not there.
    """
    if arguments.paths:
        paths = [Path(path) for path in arguments.paths]
        for path in paths:
            if not path.exists():
                raise NotFound(say("cli.no_file", file=path))
        return paths
    config = config_or_none(arguments)
    return [shipped("packs")] if config is None else list(config.packs_here)


def lint(arguments: Namespace) -> int:
    """The desk's packs, or the files named; without a desk those of the program. Exit 1 if there is a fault."""
    from agentdesk.snippets.lint import advice  # noqa: PLC0415 - likewise
    from agentdesk.snippets.pack import load_packs  # noqa: PLC0415 - search and render get theirs from the desk

    library = load_packs(packs_named(arguments))
    others = [one.snippets.values() for one in (library.macros, library.articles) if one is not None]
    every = [*library.snippets.values(), *chain.from_iterable(others)]
    faults = [*library.faults, *advice(every, datetime.now(UTC).date())]
    faults.sort(key=lambda fault: (fault.file, fault.line, fault.column))
    if arguments.json:
        write_json(
            {
                "faults": [
                    {
                        "file": fault.file,
                        "line": fault.line,
                        "column": fault.column,
                        "snippet": fault.snippet,
                        "code": fault.code,
                        "severity": fault.severity.value,
                        "message": fault.message,
                        "hint": fault.hint,
                    }
                    for fault in faults
                ]
            }
        )
    else:
        for fault in faults:
            block(str(fault))
        if not faults:
            talk(say("cli.no_faults"))
    return 1 if faults else 0
