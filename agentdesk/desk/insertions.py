"""Canned texts in a draft: what putting one in does to it, and what became of them when it is sent."""

from __future__ import annotations

from typing import Any, Protocol

from agentdesk.desk.facts import Draft
from agentdesk.domain.insertion import Insertion
from agentdesk.snippets.edits import edits
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
        *draft.snippets, Insertion(filled.snippet, filled.language, filled.version, commit, filled.text.strip(), now_millis()),
    )  # fmt: skip


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
