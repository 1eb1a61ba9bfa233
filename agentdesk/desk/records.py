"""What became of canned texts: who got one, how they fare, and what is still written by hand. For the lead."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agentdesk.domain.message import Address
from agentdesk.snippets.edits import REMOVED_BELOW, how
from agentdesk.store.addresses import from_json
from agentdesk.store.database import Database, millis, moment

if TYPE_CHECKING:
    from agentdesk.desk.answers import Answers

AGAIN_DAYS = 7
"""Days within which a customer who asks the same was not helped."""
MOST_WORDS = 4000
SURE = 0.6
"""From which share of the strongest intent on another one counts, too."""
SMALL_TALK = frozenset({"thanks", "greeting"})
"""Nobody asks these again."""
MOST_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A canned text in a reply."""

    name: str
    language: str
    version: str
    commit: str
    at: datetime
    similarity: float
    changes: tuple[tuple[str, str], ...]
    state: str
    """Of the reply, as in the outbox; empty: forgotten since."""
    conversation: str
    """Its id; empty: forgotten since."""
    subject: str
    customer: str
    to: tuple[Address, ...]

    @property
    def edited(self) -> str:
        """`as-is`, `edited` or `removed`."""
        return how(self.similarity)


@dataclass(slots=True)
class Fare:
    """How a snippet fares."""

    name: str
    used: int = 0
    edited: int = 0
    removed: int = 0
    asked_again: int = 0
    similarity: float = 0.0
    """On the average, of what was not removed."""
    versions: int = 0
    changes: tuple[tuple[str, str, int], ...] = ()
    """What is changed most: what stood there, what stands there, how often."""


@dataclass(slots=True)
class Wish:
    """An intent, and how its conversations are answered."""

    intent: str
    by_hand: int = 0
    with_snippet: int = 0
    snippets: int = 0
    """How many there are for it."""


@dataclass(frozen=True, slots=True)
class Figures:
    since: datetime
    fares: tuple[Fare, ...] = ()
    """Used most first."""
    wishes: tuple[Wish, ...] = ()
    """Answered by hand most often first."""
    replies: int = 0
    by_hand: int = 0


class Records:
    """Reads what was recorded when replies were sent."""

    def __init__(self, database: Database, answers: Answers) -> None:
        self._db, self._answers = database, answers

    def sent(self, name: str, since: datetime | None = None) -> tuple[Sent, ...]:
        """Who got this text, oldest first. `name`: in full, or the plain name in any pack; also of a snippet that is no more."""
        rows = self._db.all(
            "SELECT s.*, o.to_list, o.subject, o.state, c.id AS conversation_id, p.name AS customer,"
            " (SELECT i.value FROM identity i WHERE i.customer = p.id ORDER BY i.kind != 'email', i.value LIMIT 1) AS address"
            " FROM sent_snippet s LEFT JOIN outbox o ON o.id = s.outbox"
            " LEFT JOIN conversation c ON c.row = s.conversation LEFT JOIN customer p ON p.id = c.customer"
            " WHERE (s.name = ?1 OR substr(s.name, instr(s.name, '/') + 1) = ?1) AND s.at >= ?2 ORDER BY s.at, s.id",
            (name, millis(since)),
        )
        return tuple(_sent(row) for row in rows)

    def figures(self, since: datetime, *, again_days: int = AGAIN_DAYS) -> Figures:
        """How every snippet fares since then, and what is answered by hand."""
        with self._db.snapshot() as db:
            intents = _Intents(db)
            fares = self._fares(db, since, again_days, intents)
            wishes, replies, by_hand = self._wishes(db, since, intents)
        return Figures(since, fares, wishes, replies, by_hand)

    def _fares(self, db: sqlite3.Connection, since: datetime, again_days: int, intents: _Intents) -> tuple[Fare, ...]:
        fares: dict[str, Fare] = {}
        versions: dict[str, set[str]] = {}
        changes: dict[str, Counter[tuple[str, str]]] = {}
        for row in db.execute("SELECT * FROM sent_snippet WHERE at >= ? ORDER BY id", (millis(since),)).fetchall():
            fare = fares.setdefault(row["name"], Fare(row["name"]))
            versions.setdefault(row["name"], set()).add(row["version"])
            fare.used += 1
            word = how(row["similarity"])
            if word == "removed":
                fare.removed += 1
                continue
            fare.edited += word == "edited"
            fare.similarity += row["similarity"]
            changes.setdefault(row["name"], Counter()).update((a, b) for a, b in json.loads(row["changes"]))
            fare.asked_again += row["conversation"] != 0 and intents.asked_again(row["conversation"], row["at"], again_days)
        for name, fare in fares.items():
            fare.versions = len(versions[name])
            left = fare.used - fare.removed
            fare.similarity = fare.similarity / left if left else 0.0
            fare.changes = tuple((a, b, n) for (a, b), n in changes.get(name, Counter()).most_common(MOST_CHANGES))
        return tuple(sorted(fares.values(), key=lambda fare: (-fare.used, fare.name)))

    def _wishes(self, db: sqlite3.Connection, since: datetime, intents: _Intents) -> tuple[tuple[Wish, ...], int, int]:
        known: Counter[str] = Counter()
        for snippet in self._answers.library.snippets.values():
            known.update(_known(snippet.intents))
        wishes: dict[str, Wish] = {}
        replies = by_hand = 0
        for row in db.execute(
            "SELECT o.conversation, o.created_at, EXISTS (SELECT 1 FROM sent_snippet s WHERE s.outbox = o.id AND s.similarity >= ?) AS canned"
            " FROM outbox o WHERE o.kind = 'reply' AND o.state IN ('accepted', 'filed') AND o.created_at >= ?",
            (REMOVED_BELOW, millis(since)),
        ).fetchall():
            replies += 1
            by_hand += not row["canned"]
            for intent in intents.before(row["conversation"], row["created_at"])[:1]:
                wish = wishes.setdefault(intent, Wish(intent, snippets=known[intent]))
                if row["canned"]:
                    wish.with_snippet += 1
                else:
                    wish.by_hand += 1
        ranked = sorted((w for w in wishes.values() if w.by_hand), key=lambda w: (w.snippets > 0, -w.by_hand, w.intent))
        return tuple(ranked), replies, by_hand


def _known(names: Iterable[str]) -> set[str]:
    from agentdesk.snippets.intents import known  # noqa: PLC0415 - not at start

    return {known(name) or name for name in names}


class _Intents:
    """What customers wanted, told by their words."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._told: dict[int, list[str]] = {}

    def of(self, message: int, text: str) -> list[str]:
        """The strongest first."""
        from agentdesk.snippets.intents import intents_in  # noqa: PLC0415 - not at start

        if message not in self._told:
            scores = intents_in(text[:MOST_WORDS])
            self._told[message] = [
                name for name, score in sorted(scores.items(), key=lambda one: -one[1]) if score >= SURE and name not in SMALL_TALK
            ]
        return self._told[message]

    def before(self, conversation: int, at: int) -> list[str]:
        """What the reply of this moment answered."""
        row = self._db.execute(
            "SELECT row, subject, coalesce(text, preview) AS text FROM message WHERE conversation = ? AND direction = 'in' AND automatic = 0"
            " AND at <= ? ORDER BY at DESC, row DESC LIMIT 1",
            (conversation, at),
        ).fetchone()
        return [] if row is None else self.of(row["row"], f"{row['subject']}\n{row['text']}")

    def asked_again(self, conversation: int, at: int, days: int) -> bool:
        """Whether this customer, here or elsewhere, wrote the same once more within so many days."""
        wanted = set(self.before(conversation, at))
        if not wanted:
            return False
        rows = self._db.execute(
            "SELECT m.row, m.subject, coalesce(m.text, m.preview) AS text FROM message m JOIN conversation c ON c.row = m.conversation"
            " WHERE (c.row = ?1 OR c.customer = (SELECT customer FROM conversation WHERE row = ?1)) AND m.direction = 'in' AND m.automatic = 0"
            " AND m.at > ?2 AND m.at <= ?3 ORDER BY m.at LIMIT 20",
            (conversation, at, at + int(timedelta(days=days).total_seconds() * 1000)),
        ).fetchall()
        # The subject of an answer is the one it answers: only what was written now tells what is wanted now.
        return any(wanted & set(self.of(-row["row"], row["text"])) for row in rows)


def _sent(row: sqlite3.Row) -> Sent:
    to = from_json(row["to_list"]) if row["to_list"] else ()
    changes = tuple((str(a), str(b)) for a, b in json.loads(row["changes"]))
    return Sent(
        name=row["name"], language=row["language"], version=row["version"], commit=row["commit_id"], at=moment(row["at"]),
        similarity=row["similarity"], changes=changes, state=row["state"] or "", conversation=row["conversation_id"] or "",
        subject=row["subject"] or "", customer=row["customer"] or row["address"] or "",
        to=to or ((Address(row["customer"] or "", row["address"]),) if row["address"] else ()),
    )
