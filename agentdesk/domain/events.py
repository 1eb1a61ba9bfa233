"""Events: facts about shared work. State is a pure fold of them (`fold.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    STATUS = "status"  # data: status, seen (Message-ID of the newest customer message known); snoozed adds until (RFC 3339)
    CLAIM = "claim"  # data: owner; based_on: the ownership event it follows
    ASSIGN = "assign"  # data: owner ("" = nobody); based_on likewise
    TAG = "tag"  # data: add: [..], remove: [..]
    NOTE = "note"  # data: text
    NOTE_REMOVED = "note_removed"  # data: note (event id)
    PRIORITY = "priority"  # data: priority
    ORDER = "order"  # data: number ("" = none)
    SPAM = "spam"  # data: spam: bool
    LANGUAGE = "language"  # data: language
    ANYWAY = "anyway"  # data: message_id, found: [[kind, what]..] that the check found in it and the agent sent all the same
    REPLIED = "replied"  # data: message_id, then (status after it), seen; snoozed adds until


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `id` is a uuid made once, before the first attempt to append; a second landing is a no-op."""

    id: str
    kind: str
    """A `Kind`, or a kind of a newer version: kept and skipped, never fatal."""
    target: str
    """A Message-ID or a channel's own id of the conversation; never a UID, a row or the minted id."""
    actor: str
    """E-mail address of the agent."""
    data: dict[str, Any] = field(default_factory=dict)
    based_on: str = ""
    v: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a log. A new epoch means that earlier positions say nothing."""

    epoch: str
    seq: int


class EpochChanged(Exception):  # noqa: N818 - it names what happened
    """Positions of before mean nothing now: read everything again, and append what is missing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the log holds it. `at` is assigned by the log: the one clock for leases and promises."""

    position: Position
    at: datetime
    event: Event
