"""Packs: TOML files of snippets, read so that one mistake costs one snippet at most.

    library = load_packs([shipped("packs"), Path("snippets/")])
    library.faults      # what is wrong, with file, line, message and hint
    library.find("shipping/order-shipped")

A file is one pack: `[pack]` (name, title, languages, policy) and any number of `[[snippet]]` with a `[snippet.text]` by language;
`reading.py` knows every key, `names.py` the names a text may use. Nothing here imports Liquid; the texts themselves are read by
`check.py`, which `load_packs` calls unless told not to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomli

from agentdesk.domain.clean import clean, clean_line
from agentdesk.locale import say
from agentdesk.snippets.locate import Places
from agentdesk.snippets.model import Fault, Library, Severity, Snippet, library
from agentdesk.snippets.reading import Pack, Reader

_MAX_BYTES = 32 << 20  # 5,000 snippets in four languages are 18 MB and are read in 0.7 s


def load_packs(paths: Sequence[Path | str], *, check: bool = True) -> Library:
    """Every snippet of the packs named (files, or folders of `*.toml`); later ones override earlier ones of the same full name.

    Never raises for what stands in a pack: that is a fault, and the rest loads. A snippet that overrides another and can't be
    read takes the other away too: the shop meant to replace that text, so it must not be sent.

    `check` also reads the texts themselves and leaves those out that are not Liquid; without it, `render` refuses them.
    """
    faults: list[Fault] = []
    packs: list[Pack] = []
    for path in paths:
        for file in _files(path, faults):
            pack = _read(file, faults)
            if pack is not None:
                packs.append(pack)
    snippets = _merge(packs)
    _same_shortcuts(snippets, faults)
    if check:
        from agentdesk.snippets.check import check_snippets  # noqa: PLC0415 - Liquid costs 69 ms and more to import

        snippets = check_snippets(snippets, faults)
    faults.sort(key=lambda fault: (fault.file, fault.line, fault.column))
    return library(snippets, faults)


def _files(path: Path | str, faults: list[Fault]) -> list[Path]:
    text = str(path)
    if re.match(r"[a-z][a-z0-9+.-]+:/", text):
        faults.append(_fault(text, "not-fetched", say("snippets.url"), say("snippets.url_hint")))
        return []
    place = Path(path)
    try:
        if place.is_dir():
            return sorted(file for file in place.iterdir() if file.suffix == ".toml" and not file.name.startswith("."))
        if place.is_file():
            return [place]
    except OSError as error:
        faults.append(_fault(text, "unreadable", say("snippets.unreadable", why=error.strerror or error)))
        return []
    faults.append(_fault(text, "not-found", say("snippets.not_found"), say("snippets.not_found_hint")))
    return []


def _read(file: Path, faults: list[Fault]) -> Pack | None:
    try:
        if file.stat().st_size > _MAX_BYTES:
            faults.append(_fault(str(file), "too-large", say("snippets.too_large", limit=_MAX_BYTES >> 20)))
            return None
        raw = file.read_bytes()
    except OSError as error:
        faults.append(_fault(str(file), "unreadable", say("snippets.unreadable", why=error.strerror or error)))
        return None
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        faults.append(_fault(str(file), "not-utf-8", say("snippets.not_utf8"), say("snippets.not_utf8_hint"), line=line))
        return None
    try:
        data = tomli.loads(source, parse_float=Decimal)
    except tomli.TOMLDecodeError as error:
        message, hint = say("snippets.not_toml", why=error.msg), say("snippets.not_toml_hint")
        faults.append(_fault(str(file), "not-toml", message, hint, line=error.lineno, column=error.colno))
        return None
    except (RecursionError, ValueError) as error:  # brackets nested by the thousand; a date such as 2026-13-01
        faults.append(_fault(str(file), "not-toml", say("snippets.not_toml", why=error), say("snippets.not_toml_hint")))
        return None
    return Reader(file, _cleaned(data), Places(source), faults).pack()


def _cleaned(value: Any) -> Any:
    """Packs are passed around: a text with escapes in it must reach neither the agent's terminal nor a customer's."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean_line(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def _fault(
    file: str, code: str, message: str, hint: str = "", *, line: int = 0, column: int = 0, severity: Severity = Severity.ERROR
) -> Fault:
    return Fault(file, line, column, "", code, severity, message, hint)


def _merge(packs: Sequence[Pack]) -> list[Snippet]:
    """One list: later snippets in the place of earlier ones, each with the values its texts may use.

    A pack's own values stand first (files of the same pack name make one pack, the later file wins); a value it does not have is
    taken from the packs that do. So two packs with the same word for different things never change each other's promises.
    """
    own: dict[str, dict[str, Any]] = {}
    shared: dict[str, Any] = {}
    merged: dict[str, Snippet] = {}
    for pack in packs:
        own.setdefault(pack.name, {}).update(pack.policy)
        shared.update(pack.policy)
        for name in pack.broken:
            merged.pop(f"{pack.name}/{name}", None)
        for snippet in pack.snippets.values():
            below = merged.get(snippet.full_name)
            merged[snippet.full_name] = snippet if below is None else replace(snippet, over=(*below.over, below.file))
    policies = {name: MappingProxyType({**shared, **policy}) for name, policy in own.items()}
    return [replace(snippet, policy=policies[snippet.pack]) for snippet in merged.values()]


def _same_shortcuts(snippets: Sequence[Snippet], faults: list[Fault]) -> None:
    first: dict[str, Snippet] = {}
    for snippet in snippets:
        if not snippet.shortcut:
            continue
        other = first.setdefault(snippet.shortcut.casefold(), snippet)
        if other is not snippet:
            message = say("snippets.duplicate_shortcut", shortcut=snippet.shortcut, other=other.full_name)
            faults.append(
                Fault(snippet.file, snippet.line, 1, snippet.full_name, "duplicate-shortcut", Severity.WARNING, message, say("snippets.duplicate_shortcut_hint"))
            )
