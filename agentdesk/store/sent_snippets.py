"""Which canned texts left the desk: one row each, from the moment a reply is in the outbox; it goes when the reply is taken back.

Whether a customer has it is what the reply's row says. When a conversation is forgotten its rows stay, without it: how often a text
was used and changed is the desk's, what a customer was written is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentdesk.domain.insertion import Insertion
from agentdesk.store.database import Tx


@dataclass(frozen=True, slots=True)
class Settled:
    """An insertion, and what became of it until its reply was sent."""

    insertion: Insertion
    similarity: float
    changes: tuple[tuple[str, str], ...] = ()


def put(tx: Tx, outbox: int, conversation: int, settled: Sequence[Settled]) -> None:
    for one in settled:
        what = one.insertion
        tx.execute(
            "INSERT INTO sent_snippet (outbox, conversation, name, language, version, commit_id, at, similarity, changes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (outbox, conversation, what.name, what.language, what.version, what.commit, tx.now, one.similarity,
             json.dumps(one.changes, ensure_ascii=False)),
        )  # fmt: skip


def used(tx: Tx, names: Iterable[str]) -> None:
    """The agent used these once more; the picker counts it."""
    for name in dict.fromkeys(names):
        tx.execute("INSERT INTO snippet_use (name, uses, last_at) VALUES (?, 1, ?) ON CONFLICT (name) DO UPDATE SET"
                   " uses = uses + 1, last_at = excluded.last_at", (name, tx.now))


def take_back(tx: Tx, outbox: int) -> None:
    tx.execute("DELETE FROM sent_snippet WHERE outbox = ? AND outbox != 0", (outbox,))


def moved(tx: Tx, gone: int, keep: int) -> None:
    """Two conversations turned out to be one."""
    tx.execute("UPDATE sent_snippet SET conversation = ? WHERE conversation = ?", (keep, gone))


def forget(tx: Tx, conversation: int) -> None:
    tx.execute("UPDATE sent_snippet SET outbox = 0, conversation = 0, changes = '[]' WHERE conversation = ?", (conversation,))
