"""Work for the engine that is no event and no reply: flags, moves, chat actions, texts and parts the agent asked for."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from agentdesk.store.database import Database, Tx, now_millis

MAX_ATTEMPTS = 6
LONGEST_PAUSE = 600_000
FETCHES = ("part", "raw")
"""Kinds that bring in much: they come after all others, a piece at a time (`store.fetches`)."""


@dataclass(frozen=True, slots=True)
class Job:
    """`kind`: text, part, raw (something is wanted now) · seen, move (mail) · action (chat, data.verb)."""

    id: int
    channel: str
    kind: str
    message: int
    conversation: int
    data: dict[str, Any]
    attempts: int


def add(
    tx: Tx, channel: str, kind: str, *, message: int = 0, conversation: int = 0, data: dict[str, Any] | None = None, urgent: bool = False
) -> int:
    """Queue a job; a text that is wanted already is not wanted twice."""
    text = json.dumps(data or {}, ensure_ascii=False, sort_keys=True)
    known = tx.one(
        "SELECT id FROM job WHERE channel = ? AND kind = ? AND message = ? AND conversation = ? AND data = ? AND attempts = 0",
        (channel, kind, message, conversation, text),
    )
    if known is not None and kind == "text":
        return int(known["id"])
    job = tx.insert(
        "INSERT INTO job (channel, kind, message, conversation, data, created_at, urgent) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (channel, kind, message, conversation, text, tx.now, urgent),
    )
    tx.touch("job", job)
    return job


def due(database: Database, channel: str) -> list[Job]:
    """What a channel can do now, without what brings in much: urgent first, then in the order given.

    A pause longer than any can be was written before the clock was set back: it is over.
    """
    now = now_millis()
    rows = database.all(
        f"SELECT * FROM job WHERE channel = ? AND kind NOT IN {FETCHES!r} AND NOT next_try_at BETWEEN ? AND ? AND attempts < ?"
        " ORDER BY urgent DESC, id LIMIT 50",
        (channel, now + 1, now + LONGEST_PAUSE, MAX_ATTEMPTS),
    )
    return [job_of(row) for row in rows]


def job_of(row: sqlite3.Row) -> Job:
    return Job(row["id"], row["channel"], row["kind"], row["message"], row["conversation"], json.loads(row["data"]), row["attempts"])


def begin(database: Database, job: Job) -> None:
    """Count the attempt before it is made: a crash loop ends."""
    database.write(lambda tx: tx.execute("UPDATE job SET attempts = attempts + 1 WHERE id = ?", (job.id,)))


def done(database: Database, job: Job) -> None:
    database.write(lambda tx: tx.execute("DELETE FROM job WHERE id = ?", (job.id,)))


def later(database: Database, job: Job, delay_seconds: float, *, counted: bool) -> None:
    """Try again after a while. `counted`: the failure was the job's own; a lost line does not use up its attempts."""

    def change(tx: Tx) -> None:
        tx.execute(
            "UPDATE job SET next_try_at = ?, attempts = attempts - ? WHERE id = ?",
            (tx.now + int(delay_seconds * 1000), 0 if counted else 1, job.id),
        )

    database.write(change)


def failed(database: Database, job: Job, error: str) -> None:
    """The server said no for good; kept until somebody looks, never tried again."""

    def change(tx: Tx) -> None:
        tx.execute("UPDATE job SET attempts = ?, error = ? WHERE id = ?", (MAX_ATTEMPTS, error, job.id))
        if job.kind == "text":
            tx.execute("UPDATE message SET problem = ? WHERE row = ? AND text IS NULL", (error, job.message))
        if job.conversation:
            tx.touch("conversation", job.conversation)
        tx.touch("job", job.id)
        tx.touch("channel")  # beside whose state it is told

    database.write(change)


def forget_failed(database: Database, days: int = 7) -> None:
    """What failed for good was shown to the agent long ago."""
    database.write(
        lambda tx: tx.execute("DELETE FROM job WHERE error != '' AND created_at < ?", (tx.now - days * 24 * 3600 * 1000,))
    )


def waiting(database: Database, channel: str) -> int:
    """How many jobs the engine can still do by itself; not those that wait for room on the disk."""
    return int(database.value("SELECT count(*) FROM job WHERE channel = ? AND attempts < ? AND error = ''", (channel, MAX_ATTEMPTS)) or 0)
