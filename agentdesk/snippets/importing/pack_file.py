"""Foreign entries as a pack of ours: names that stay the same, and TOML a lead goes on with.

Above each snippet stands where it came from (`# from zendesk:123`). When the same is imported again, an entry keeps the name it has
there, whatever its title is now, so that what was recorded of it and what overrides it go on being about the same text.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomli

from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.snippets.importing.foreign import Foreign, Read, Refused
from agentdesk.snippets.importing.variables import Unknown, ours

_MARK = re.compile(r'^# from (\S[^\n]*)\n(?:#[^\n]*\n)*\[\[snippet\]\]\nname = "([a-z0-9-]+)"', re.MULTILINE)
_HEAD = "# Imported"
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What became of an entry."""

    name: str
    title: str
    state: str
    """`new`, `changed`, `same`."""
    unknown: tuple[Unknown, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A pack to be written."""

    toml: str
    entries: tuple[Said, ...]
    refused: tuple[Refused, ...]
    gone: tuple[str, ...]
    """Names of the file before that this one has no more."""
    diff: str
    """Against the file before; empty: there is no difference, or no file."""


def planned(read: Read, table: Mapping[str, str], pack: str, language: str, *, before: str = "", verbatim: bool = False) -> Planned:
    """The pack `read` makes. `before`: the file it goes into; `verbatim`: the texts are Liquid of ours already.

    Raises:
        UsageError: the file before was not imported, and would be lost.
    """
    if before and not before.startswith(_HEAD):
        raise UsageError(say("importing.not_imported"))
    known: dict[str, str] = dict(_MARK.findall(before))
    taken = set(known.values())
    old = _tables(before)
    tables: list[tuple[Foreign, dict[str, Any], tuple[Unknown, ...]]] = []
    refused = list(read.refused)
    seen: set[str] = set()
    shortcuts: set[str] = set()
    for entry in read.entries:
        if entry.key in seen:
            refused.append(Refused(entry.title, say("importing.twice", key=entry.key)))
            continue
        seen.add(entry.key)
        made = _made(entry, table, language, verbatim=verbatim)
        if isinstance(made, Refused):
            refused.append(made)
            continue
        snippet, unknown = made
        name = known.get(entry.key) or _name(entry, taken)
        taken.add(name)
        if snippet.get("shortcut", "").casefold() in shortcuts:
            del snippet["shortcut"]
        shortcuts.add(snippet.get("shortcut", "").casefold() or f"\0{name}")
        tables.append((entry, {"name": name, **snippet}, unknown))
    languages = sorted({language for _, snippet, _ in tables for language in snippet.get("text", {})})
    toml = _written(pack, languages, tables)
    parsed = tomli.loads(toml)
    assert [one for one in parsed.get("snippet", [])] == [snippet for _, snippet, _ in tables], "what is written is what is read"  # noqa: C416 - compared as lists
    names = {snippet["name"] for _, snippet, _ in tables}
    said = tuple(
        Said(snippet["name"], entry.title, "new" if snippet["name"] not in old else "same" if old[snippet["name"]] == snippet else "changed", unknown, entry.left)
        for entry, snippet, unknown in tables
    )
    diff = "".join(difflib.unified_diff(before.splitlines(keepends=True), toml.splitlines(keepends=True), "before", "after")) if before else ""
    return Planned(toml, said, tuple(refused), tuple(sorted(old.keys() - names)), diff)


def _tables(before: str) -> dict[str, dict[str, Any]]:
    try:
        snippets = tomli.loads(before).get("snippet", [])
    except tomli.TOMLDecodeError as error:
        raise UsageError(say("importing.broken_before", why=error)) from error
    return {str(one.get("name")): one for one in snippets if isinstance(one, dict)}


def _made(entry: Foreign, table: Mapping[str, str], language: str, *, verbatim: bool) -> tuple[dict[str, Any], tuple[Unknown, ...]] | Refused:
    from agentdesk.mail.html import to_text  # noqa: PLC0415 - only for what is HTML

    own = entry.language if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", entry.language) else language
    snippet: dict[str, Any] = {"title": entry.title}
    if entry.shortcut:
        snippet["shortcut"] = entry.shortcut
    if entry.tags:
        snippet["tags"] = list(entry.tags)
    unknown: list[Unknown] = []
    asks: dict[str, dict[str, Any]] = {}
    for key, text in (("subject", entry.subject), ("text", to_text(entry.text).strip() if entry.html else entry.text)):
        if not text:
            continue
        if verbatim:
            snippet[key] = {own: text}
            continue
        made = ours(text, table, frozenset(entry.asks))
        if made.refused:
            return Refused(entry.title, made.refused)
        snippet[key] = {own: made.text}
        unknown += made.unknown
        for name, label, default in made.asks:
            choices = entry.asks.get(label, ())
            asks[name] = {
                "name": name, "label": label, **({"default": default} if default and (not choices or default in choices) else {}),
                **({"choices": list(choices)} if choices else {}),
            }  # fmt: skip
    if asks:
        snippet["ask"] = list(asks.values())
    if entry.actions:
        snippet["actions"] = dict(entry.actions)
    # Tables come last in TOML.
    order = ("title", "shortcut", "tags", "ask", "actions", "subject", "text")
    return {key: snippet[key] for key in order if key in snippet}, tuple(unknown)


def _name(entry: Foreign, taken: set[str]) -> str:
    base = _slug(entry.title) or _slug(entry.shortcut) or _slug(entry.key) or "snippet"
    if base not in taken:
        return base
    own = _slug(entry.key.partition(":")[2])
    number = 2
    name = f"{base}-{own}" if own and own != base else f"{base}-2"
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST_NAME].rstrip("-")


def _written(pack: str, languages: Sequence[str], tables: Sequence[tuple[Foreign, dict[str, Any], tuple[Unknown, ...]]]) -> str:
    source = tables[0][0].key.partition(":")[0] if tables else pack
    lines = [
        f"{_HEAD} from {source}. Importing again keeps the names below by what stands after “from”; edits made here are shown before they are lost.",
        "", "[pack]", f"name = {_string(pack)}", f"languages = {_value(list(languages))}",
    ]  # fmt: skip
    for entry, snippet, unknown in tables:
        lines += ["", f"# from {entry.key}"]
        lines += [f"# {say('importing.also', what=one)}" for one in entry.left]
        lines += [f"# {say('importing.asked_for', name=one.name)}" for one in unknown]
        lines.append("[[snippet]]")
        lines += [f"{key} = {_value(value)}" for key, value in snippet.items() if key not in {"text", "subject"}]
        for key in ("subject", "text"):
            if key in snippet:
                lines += ["", f"[snippet.{key}]", *(f"{_key(name)} = {_long(text)}" for name, text in snippet[key].items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    return _string(str(value))


def _string(text: str) -> str:
    """JSON's strings are TOML's, but for DEL, which no text has that passed `clean`."""
    return json.dumps(text, ensure_ascii=False)


def _long(text: str) -> str:
    if "\n" not in text:
        return _string(text)
    body = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\t", "\\t").replace("\r", "\\r")
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    return f'"""\n{body}"""'
