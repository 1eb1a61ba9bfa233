"""Conversations: the unit of work, whatever the channel, and the words that describe their state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class MessageState(StrEnum):
    """The life of a reply (`../docs/decisions/0003-at-most-once.md`)."""

    DRAFT = "draft"
    HELD = "held"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    FENCED = "fenced"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FILED = "filed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What the team log says of one conversation: the result of folding its events."""

    status: Status = Status.OPEN
    assignee: str = ""
    """E-mail address of the agent who owns it, or empty."""
    ownership_event: str = ""
    """Id of the event that made the present owner; a claim must name it to win."""
    claiming: bool = False
    """The owner stands in an event not yet confirmed by the log."""
    tags: frozenset[str] = frozenset()
    priority: Priority = Priority.NORMAL
    snoozed_until: datetime | None = None
    order_number: str | None = None
    """The order the agent said this is about; None: not said, "": said to be none."""
    spam: bool = False
    status_at: datetime | None = None
    """When the status was last set; a customer's later message reopens."""
    status_seen: str = ""
    """Message-ID of the newest customer message the actor knew when setting the status: what came after it reopens,
    whatever the clocks say. Empty: not known, clocks decide."""
    language: str = ""
