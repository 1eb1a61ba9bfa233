"""Snippets and packs as the rest of the program sees them: plain, immutable values.

Nothing in here knows Liquid: loading, listing and searching snippets must not pay for a template engine.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from agentdesk.errors import NotFound, UsageError
from agentdesk.locale import say

NOTHING: Mapping[str, Any] = MappingProxyType({})
_SPAN = re.compile(r"([1-9][0-9]{0,2})([hdw])")


def snooze_span(text: str) -> timedelta | None:
    """How long the action `snooze` puts a conversation away: "4h", "3d", "2w"; None if it says something else."""
    match = _SPAN.fullmatch(text)
    return timedelta(**{{"h": "hours", "d": "days", "w": "weeks"}[match[2]]: int(match[1])}) if match else None


class Severity(StrEnum):
    ERROR = "error"
    """The snippet, or the one text, is left out."""
    WARNING = "warning"
    """It is used as it is, and probably not as it was meant."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a pack: where, what, and what to do about it. Already in the agent's language."""

    file: str
    line: int
    """1 for the first; 0 where no line can be told."""
    column: int
    """1 for the first; 0 where no column can be told."""
    snippet: str
    """Full name (`pack/name`), or empty."""
    code: str
    """A short word that does not change with the language, such as `unknown-key`."""
    severity: Severity
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Ask:
    """Something the agent is asked before the text is whole."""

    name: str
    label: str
    default: str = ""
    """Empty: it must be answered."""
    choices: tuple[str, ...] = ()
    """Empty: any text."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A canned reply in one or more languages."""

    name: str
    """Unique within its pack."""
    pack: str
    pack_title: str
    title: str
    texts: Mapping[str, str]
    """Liquid, by language; empty: it is a macro, actions and no text."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    shortcut: str = ""
    tags: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    """Kinds of channel (`imap`, `chat`); empty: all."""
    valid_from: date | None = None
    valid_until: date | None = None
    """The last day on which it is valid."""
    asks: tuple[Ask, ...] = ()
    actions: Mapping[str, Any] = field(default_factory=dict)
    """Done when the reply is sent: tags, close, assign, snooze, priority."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """By language, of an article: what customers call it. Its texts are the links."""
    summaries: Mapping[str, str] = field(default_factory=dict)
    """By language, of an article: for the agent and the search, never sent."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """The values its texts may use as `policy.*`."""
    tests: tuple[Mapping[str, Any], ...] = ()
    file: str = ""
    over: tuple[str, ...] = ()
    """The files whose text of this name it replaces, lowest first."""
    line: int = 0
    lines: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Where each text begins in the file: ("text" or "subject", language) -> line and column of its first character."""

    @property
    def full_name(self) -> str:
        return f"{self.pack}/{self.name}"

    def place(self, kind: str, language: str, index: int) -> tuple[int, int]:
        """Line and column in the file of a character of a text or subject; column 0 where the lines of the file are not its lines."""
        line, column = self.lines.get((kind, language), (self.line, 0))
        if index < 0 or not column:
            return line, column
        before = (self.texts if kind == "text" else self.subjects)[language][:index]
        breaks = before.count("\n")
        return line + breaks, len(before) - before.rfind("\n") if breaks else column + len(before)

    @property
    def is_macro(self) -> bool:
        """It does something and says nothing."""
        return not self.texts

    @property
    def is_article(self) -> bool:
        """A page of the shop's help: a title and a link go into the reply."""
        return bool(self.titles)

    @property
    def version(self) -> str:
        """Of what it says to a customer: another one as soon as a text, a subject, an action or a value of the pack it uses is another."""
        said = " ".join([*self.texts.values(), *self.subjects.values()])
        used = {name: str(value) for name, value in self.policy.items() if name in said and _uses(said, name)}
        asks = [[ask.name, ask.default] for ask in self.asks]
        content = [dict(self.texts), dict(self.subjects), used, asks, dict(self.actions), *([dict(self.titles)] if self.titles else [])]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]

    def language(self, wanted: str) -> str:
        """The language to write in: the wanted one, its base ("de" for "de-AT"), English, else the first there is."""
        base = wanted.replace("_", "-").split("-")[0].lower()
        for candidate in (wanted, base, "en"):
            if candidate in self.texts:
                return candidate
        return next(iter(self.texts))

    def refusal(self, today: date | None = None, channel: str = "") -> str:
        """Why it may not be used now or there, in the agent's language; empty if it may."""
        if today is not None:
            if self.valid_from is not None and today < self.valid_from:
                return say("snippets.not_yet", date=self.valid_from.isoformat())
            if self.valid_until is not None and today > self.valid_until:
                return say("snippets.expired", date=self.valid_until.isoformat())
        if channel and self.channels and channel_kind(channel) not in self.channels:
            return say("snippets.other_channel", channels=", ".join(self.channels))
        return ""


def _uses(text: str, policy: str) -> bool:
    return re.search(rf"\bpolicy\s*(?:\.\s*{policy}\b|\[)", text) is not None


def channel_kind(kind: str) -> str:
    """The word packs use for a kind of channel: every chat is `chat`, whoever carries it."""
    return "imap" if kind in {"imap", ""} else "chat"


@dataclass(frozen=True, slots=True)
class Library:
    """All snippets of a desk, and what was wrong with the packs."""

    snippets: Mapping[str, Snippet] = field(default_factory=dict)
    """By full name, in the order of `order`."""
    order: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    plain: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Plain name -> the full names that end in it."""
    macros: Library | None = None
    """The snippets with actions only, a library of their own; they are no answers and are not among `snippets`. None in that one."""
    articles: Library | None = None
    """Likewise the articles."""

    def find(self, name: str) -> Snippet:
        """A snippet or an article by its full name, by its plain name where only one has it, or by its shortcut.

        Raises:
            NotFound: there is none; near names are said.
            UsageError: several packs have one of that name, or it is a macro.
        """
        found = self.named(name) or (self.articles.named(name) if self.articles is not None else None)
        if found is not None:
            return found
        if self.macros is not None and self.macros.named(name) is not None:
            raise UsageError(say("snippets.is_macro", name=name))
        near = get_close_matches(name, [*self.snippets, *self.plain], n=3, cutoff=0.5)
        hint = say("snippets.near", names=", ".join(near)) if near else say("snippets.search_hint")
        raise NotFound(say("snippets.no_such", name=name) + " " + hint)

    def find_macro(self, name: str) -> Snippet:
        """A macro, by the same names.

        Raises:
            NotFound: there is none; those there are are said.
            UsageError: several packs have one of that name.
        """
        macros = self.macros or Library()
        found = macros.named(name)
        if found is None:
            known = say("snippets.macros_are", names=", ".join(macros.order)) if macros.order else say("snippets.no_macros")
            raise NotFound(say("snippets.no_such_macro", name=name) + " " + known)
        return found

    def named(self, name: str) -> Snippet | None:
        """The same, or None where there is none."""
        found = self.snippets.get(name)
        if found is not None:
            return found
        full = self.plain.get(name, ())
        if not full:
            full = tuple(n for n, s in self.snippets.items() if s.shortcut == name)
        if len(full) > 1:
            raise UsageError(say("snippets.ambiguous", name=name, names=", ".join(full)))
        return self.snippets[full[0]] if full else None


def library(snippets: Sequence[Snippet], faults: Sequence[Fault]) -> Library:
    """A library of snippets, already without doubles, in their order."""
    answers = [snippet for snippet in snippets if not snippet.is_macro and not snippet.is_article]
    macros = [snippet for snippet in snippets if snippet.is_macro]
    articles = [snippet for snippet in snippets if snippet.is_article]
    return replace(_library(answers, faults), macros=_library(macros, ()), articles=_library(articles, ()))


def _library(snippets: Sequence[Snippet], faults: Sequence[Fault]) -> Library:
    plain: dict[str, tuple[str, ...]] = {}
    for snippet in snippets:
        plain[snippet.name] = (*plain.get(snippet.name, ()), snippet.full_name)
    by_name = {snippet.full_name: snippet for snippet in snippets}
    return Library(by_name, tuple(by_name), tuple(faults), plain)
