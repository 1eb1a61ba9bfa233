"""`agentdesk snippets import` and `export`: canned replies of other programs into a pack, and out of the packs."""

from __future__ import annotations

import difflib
import json
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from agentdesk.cli.opening import config_or_none, open_desk
from agentdesk.cli.output import block, columns, line, talk, write_json
from agentdesk.desk import Desk
from agentdesk.errors import NotFound, Refused, UsageError
from agentdesk.locale import say
from agentdesk.snippets.importing import variables
from agentdesk.snippets.importing.espanso import read_espanso
from agentdesk.snippets.importing.foreign import MOST_BYTES, Read
from agentdesk.snippets.importing.helpdesks import read_entries, read_json
from agentdesk.snippets.importing.pack_file import Planned, planned
from agentdesk.snippets.importing.sheet import mapping_of, read_sheet, written
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.pack import load_packs


def import_(arguments: Namespace) -> int:
    """Exit 1 if nothing could be imported."""
    config = config_or_none(arguments)
    pack = arguments.pack or arguments.format
    if arguments.out:
        target = Path(arguments.out)
    elif config is not None:
        target = config.folder / "snippets" / f"{pack}.toml"
    else:
        raise UsageError(say("importing.where"))
    language = arguments.language or (config.locale.split("-")[0].lower() if config is not None else "en")
    before = target.read_text("utf-8") if target.is_file() else ""
    plan = planned(
        _read(arguments), variables.TABLES[arguments.format], pack, language, before=before, verbatim=arguments.ours
    )
    faults = _faults(plan, target) if plan.entries else []
    if arguments.json:
        write_json(_shape(plan, target, faults))
    else:
        _say(plan, faults, with_diff=arguments.dry_run)
    if not plan.entries:
        return 1
    if arguments.dry_run:
        talk(say("importing.dry", file=target))
    elif plan.toml == before:
        talk(say("importing.nothing_new", file=target))
    elif before and not arguments.replace:
        raise Refused(say("importing.replace", file=target))
    else:
        _write(target, plan.toml)
        talk(say("importing.written", file=target, n=len(plan.entries)))
    return 0


def _read(arguments: Namespace) -> Read:
    if not arguments.file:
        if arguments.format != "chatwoot":
            raise UsageError(say("importing.no_file", format=arguments.format))
        from agentdesk.cli.canned import canned_responses  # noqa: PLC0415 - only this one goes over the line

        with open_desk(arguments) as desk, canned_responses(desk, arguments.channel) as canned:
            return read_entries("chatwoot", canned.all())
    content = _content(arguments.file)
    if arguments.format == "csv":
        return read_sheet(content, mapping_of(arguments.columns))
    if arguments.format == "espanso":
        return read_espanso(content)
    return read_json(arguments.format, content)


def _content(name: str) -> bytes:
    if name == "-":
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        try:
            with Path(name).open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        except OSError as error:
            raise NotFound(say("importing.unreadable", file=name, why=error.strerror or error)) from error
    if len(content) > MOST_BYTES:
        raise UsageError(say("importing.too_large", file=name, limit=MOST_BYTES >> 20))
    return content


def _faults(plan: Planned, target: Path) -> list[str]:
    """What the check of packs says of the new file."""
    with tempfile.TemporaryDirectory(prefix="agentdesk-import-") as folder:
        file = Path(folder) / target.name
        file.write_text(plan.toml, "utf-8")
        return [str(fault).replace(str(file), str(target)) for fault in load_packs([file]).faults]


def _say(plan: Planned, faults: Iterable[str], *, with_diff: bool) -> None:
    columns([(say(f"importing.{one.state}"), one.name, one.title) for one in plan.entries])
    asked = [
        (one.name, say("importing.line", line=unknown.line), say("importing.unknown", name=unknown.name, ask=unknown.ask))
        for one in plan.entries for unknown in one.unknown
    ]  # fmt: skip
    left = [(one.name, say("importing.also", what=what)) for one in plan.entries for what in one.left]
    for title, rows in (
        ("importing.unknown_title", asked), ("importing.left_title", left), ("importing.refused_title", [(one.name, one.why) for one in plan.refused]),
        ("importing.gone_title", [(name,) for name in plan.gone]),
    ):  # fmt: skip
        if rows:
            line()
            line(say(title))
            columns(rows, most=(40,), indent="  ")
    for fault in faults:
        talk(fault)
    if with_diff and plan.diff:
        line()
        block(plan.diff)


def _shape(plan: Planned, target: Path, faults: list[str]) -> dict[str, object]:
    return {
        "file": str(target),
        "snippets": [
            {"name": one.name, "title": one.title, "state": one.state, "left": list(one.left),
             "unknown": [{"name": unknown.name, "line": unknown.line, "ask": unknown.ask} for unknown in one.unknown]}
            for one in plan.entries
        ],
        "refused": [{"name": one.name, "why": one.why} for one in plan.refused],
        "gone": list(plan.gone), "faults": faults, "diff": plan.diff, "toml": plan.toml,
    }  # fmt: skip


def _write(target: Path, text: str) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


# -- out of the packs


def export(arguments: Namespace) -> int:
    """Exit 1 if there is nothing to export."""
    with open_desk(arguments) as desk:
        snippets = [
            one.snippet for one in desk.packs.listed()
            if arguments.layer in ("", one.layer) and (not arguments.pack or one.snippet.pack in arguments.pack)
            and not one.snippet.is_macro and not one.snippet.is_article
        ]  # fmt: skip
        if not snippets:
            talk(say("cli.nothing"))
            return 1
        if arguments.format == "csv":
            return _export_csv(snippets, arguments)
        return _export_chatwoot(desk, snippets, arguments)


def _export_csv(snippets: list[Snippet], arguments: Namespace) -> int:
    rows = [
        {"name": one.full_name, "title": one.title, "shortcut": one.shortcut, "text": text, "language": language, "tags": ", ".join(one.tags),
         "subject": one.subjects.get(language, "")}
        for one in snippets for language, text in one.texts.items() if arguments.language in ("", language)
    ]  # fmt: skip
    if arguments.out and not arguments.dry_run:
        _write(Path(arguments.out), written(rows))
        talk(say("importing.exported", file=arguments.out, n=len(rows)))
    else:
        sys.stdout.write(written(rows))
    return 0 if rows else 1


def _export_chatwoot(desk: Desk, snippets: list[Snippet], arguments: Namespace) -> int:
    language = arguments.language or desk.config.locale.split("-")[0].lower()
    texts, cannot = _for_chatwoot(desk, snippets, language)
    if arguments.out:
        if not arguments.dry_run:
            _write(Path(arguments.out), json.dumps([{"short_code": code, "content": text} for code, text in texts.items()], ensure_ascii=False, indent=1) + "\n")
        _say_export([("new", code, "") for code in texts], cannot, arguments)
        return 0 if texts else 1
    from agentdesk.cli.canned import canned_responses  # noqa: PLC0415 - only this goes over the line

    done: list[tuple[str, str, str]] = []
    with canned_responses(desk, arguments.channel) as canned:
        given = canned.all()
        there = {str(one.get("short_code")): one for one in given if isinstance(one, dict)} if isinstance(given, list) else {}
        for code, text in texts.items():
            known = there.get(code)
            was = str(known.get("content") or "") if known is not None else ""
            if known is None:
                state = "new"
            elif was == text:
                state = "same"
            else:
                state = "changed" if arguments.replace else "differs"
            if not arguments.dry_run and state == "new":
                canned.add(code, text)
            elif not arguments.dry_run and state == "changed" and known is not None:
                canned.change(int(known.get("id") or 0), code, text)
            done.append((state, code, _difference(was, text) if arguments.dry_run and state in {"changed", "differs"} else ""))
    _say_export(done, cannot, arguments)
    if any(state == "differs" for state, _, _ in done):
        talk(say("importing.replace_there"))
    return 0 if texts else 1


def _for_chatwoot(desk: Desk, snippets: list[Snippet], language: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Texts by their code, and what can't be said there, with why."""
    texts: dict[str, str] = {}
    cannot: list[tuple[str, str]] = []
    for one in snippets:
        code = one.shortcut or one.name
        if language not in one.texts:
            cannot.append((one.full_name, say("importing.no_language", language=language)))
        elif code in texts:
            cannot.append((one.full_name, say("importing.code_taken", code=code)))
        else:
            fixed = {"desk.name": desk.config.name, "desk.url": desk.config.url} | {f"policy.{name}": str(value) for name, value in one.policy.items()}
            made = variables.for_chatwoot(one.texts[language], {name: value for name, value in fixed.items() if value})
            if made.cannot:
                cannot.append((one.full_name, say("importing.not_there", names=", ".join(made.cannot[:5]))))
            else:
                texts[code] = made.text
    return texts, cannot


def _difference(was: str, now: str) -> str:
    return "\n".join(list(difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm=""))[2:])


def _say_export(done: list[tuple[str, str, str]], cannot: list[tuple[str, str]], arguments: Namespace) -> None:
    if arguments.json:
        write_json({
            "responses": [{"short_code": code, "state": state} for state, code, _ in done], "left_out": [{"name": name, "why": why} for name, why in cannot],
        })  # fmt: skip
        return
    columns([(say(f"importing.{state}"), code) for state, code, _ in done])
    for _, code, difference in done:
        if difference:
            line()
            line(code)
            block(difference, indent="  ")
    if cannot:
        line()
        line(say("importing.refused_title"))
        columns(cannot, most=(40,), indent="  ")
    if arguments.dry_run:
        talk(say("importing.dry_export"))
