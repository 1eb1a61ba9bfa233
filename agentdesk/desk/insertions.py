"""Canned texts in a draft: what putting one in does to it, and what became of them when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agentdesk.desk.facts import Draft
from agentdesk.domain.insertion import Insertion
from agentdesk.errors import DeskError
from agentdesk.snippets.edits import REMOVED_BELOW, edits
from agentdesk.snippets.retelling import retell
from agentdesk.store.database import now_millis
from agentdesk.store.sent_snippets import Settled


class Inserted(Protocol):
    """What is put in: `snippets.render.Filled`."""

    @property
    def snippet(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def actions(self) -> Any: ...
    @property
    def asked(self) -> Mapping[str, str]: ...
    @property
    def values(self) -> Sequence[str]: ...


Fill = Callable[[str, str, Mapping[str, str]], Inserted]
"""Name, language, answers."""


def inserted(draft: Draft, filled: Inserted, commit: str = "", *, article: bool = False) -> None:
    """A text was put into this draft: it is in its language, its actions are the reply's now, and it is recorded. A subject is taken
    where the draft begins a conversation and has none. An article is one link in it, in whatever language there is."""
    if filled.language and not (article and draft.language):
        draft.language = filled.language
    if filled.subject and draft.kind == "new" and not draft.subject:
        draft.subject = filled.subject
    for key, value in dict(filled.actions or {}).items():
        known = draft.actions.get(key)
        if isinstance(value, list | tuple):
            draft.actions[key] = list(dict.fromkeys([*(known if isinstance(known, list | tuple) else ()), *value]))
        else:
            draft.actions[key] = value
    draft.snippets = (
        *draft.snippets,
        Insertion(filled.snippet, filled.language, filled.version, commit, filled.text.strip(), now_millis(), tuple(filled.asked.items())),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turned:
    """A draft in another language."""

    text: str
    cursor: int
    values: tuple[str, ...]
    """What data filled in."""
    stay: tuple[str, ...]
    """Names of the snippets that stay as they are: changed since, or not in that language."""


def turn(draft: Draft, language: str, fill: Fill) -> Turned:
    """Write a draft in another language: what was put in and not changed is filled anew, with the same answers; `draft` gets the
    language, the records and the subject that go with it, its text is the caller's."""
    again: dict[int, tuple[Insertion, Inserted]] = {}
    base = language.partition("-")[0]
    left = edits([one.text for one in draft.snippets], draft.text)
    for index, one in enumerate(draft.snippets):
        if one.text and one.language != language:
            with suppress(DeskError):  # no longer in the packs, or expired since: it stays
                filled = fill(one.name, language, dict(one.asked))
                if filled.language != one.language and filled.language.split("-")[0] == base:
                    again[index] = one, filled
    found = retell(draft.text, [(one.text, filled.text.strip()) for one, filled in again.values()], draft.cursor)
    done = {index for index, well in zip(again, found.done, strict=True) if well}
    values: list[str] = []
    snippets = list(draft.snippets)
    for index in done:
        one, filled = again[index]
        values += filled.values
        snippets[index] = replace(one, language=filled.language, version=filled.version, text=filled.text.strip())
        if filled.subject and draft.kind == "new" and draft.subject:
            with suppress(DeskError):
                if draft.subject == fill(one.name, one.language, dict(one.asked)).subject:
                    draft.subject = filled.subject
    stay = [
        one.name for index, (one, edit) in enumerate(zip(draft.snippets, left, strict=True))
        if index not in done and one.language.partition("-")[0] != base and edit.similarity >= REMOVED_BELOW
    ]  # fmt: skip
    draft.language, draft.snippets = language, tuple(snippets)
    return Turned(found.text, found.cursor, tuple(values), tuple(dict.fromkeys(stay)))


def became_of(draft: Draft) -> list[Settled]:
    """What is left of each text put into this draft, now that it is sent. One put in twice and left once counts once."""
    if not draft.snippets:
        return []
    found = zip(draft.snippets, edits([one.text for one in draft.snippets], draft.text), strict=True)
    best: dict[str, Settled] = {}
    for insertion, edit in found:
        known = best.get(insertion.name)
        if known is None or edit.similarity > known.similarity:
            best[insertion.name] = Settled(insertion, edit.similarity, edit.changes)
    return list(best.values())
