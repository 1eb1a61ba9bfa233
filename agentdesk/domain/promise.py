"""Promises: how soon a customer is answered, and so in what order the queue stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agentdesk.domain.calendar import OpeningHours
from agentdesk.domain.conversation import Priority

_END = datetime.max.replace(tzinfo=UTC)
_RANK = {Priority.URGENT: 0, Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 3}

QueueKey = tuple[int, datetime, int, float]


def promise_of(kind: str, promises: Mapping[str, timedelta]) -> timedelta | None:
    """The promise of a channel's kind: mail is promised under "imap", every chat under "chat"."""
    return promises.get("imap" if kind == "imap" else "chat")


def due_at(
    kind: str, waiting_since: datetime | None, promises: Mapping[str, timedelta], hours: OpeningHours
) -> datetime | None:
    """When the promise to a waiting customer breaks; None if nobody waits, nothing was promised, or nobody ever opens."""
    promise = promise_of(kind, promises)
    if waiting_since is None or promise is None:
        return None
    return hours.add(waiting_since, promise)


def is_late(due: datetime | None, now: datetime) -> bool:
    """Whether the promise is broken."""
    return due is not None and due < now


def queue_key(
    waiting_since: datetime | None, due: datetime | None, last_at: datetime, priority: Priority = Priority.NORMAL
) -> QueueKey:
    """Sorts the queue: what breaks its promise first, then those who wait without a promise (longest first), then where
    nobody waits, newest first. Among equals the higher priority is first.

    In SQL: `ORDER BY CASE WHEN waiting_since = 0 THEN 2 WHEN due_at = 0 THEN 1 ELSE 0 END, CASE WHEN waiting_since = 0 THEN 0
    WHEN due_at = 0 THEN waiting_since ELSE due_at END, priority's rank, last_at DESC`.
    """
    rank = _RANK[priority]
    newest_first = -last_at.timestamp()
    if waiting_since is None:
        return 2, _END, rank, newest_first
    if due is None:
        return 1, waiting_since, rank, newest_first
    return 0, due, rank, newest_first
