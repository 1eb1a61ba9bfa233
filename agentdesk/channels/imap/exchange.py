"""What is asked of a mailbox in one go, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentdesk.channels.imap.commands import Command, Word
from agentdesk.channels.imap.responses import Fetched, Mailbox, Runs


@dataclass(slots=True)
class News:
    """What the server said of the selected mailbox without being asked."""

    grown: bool = False
    """There are more messages than before."""
    expunged: bool = False
    """A message went, known by its sequence number only: a thing to find out, not to guess."""
    vanished: list[tuple[int, int]] = field(default_factory=list)
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    """By UID."""
    flags_by_sequence: set[int] = field(default_factory=set)
    rows: list[Fetched] = field(default_factory=list)
    """Of new messages, where the server pushes them (NOTIFY)."""

    def __bool__(self) -> bool:
        return bool(self.grown or self.expunged or self.vanished or self.flags or self.flags_by_sequence or self.rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a FETCH brought."""

    found: tuple[Fetched, ...]
    unreadable: int = 0
    """Responses that could not be taken apart: some of what was asked for may be there and not here."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A mailbox as SELECT found it."""

    name: str
    uidvalidity: int
    uidnext: int
    exists: int
    modseq: int
    """HIGHESTMODSEQ; 0 where the server or the mailbox has none."""
    resynced: bool = False
    """QRESYNC was asked for and the server went along: `vanished` and `changed` are all that happened since."""
    vanished: Runs = ()
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the other mailboxes that were asked for."""
    ahead: Batch | None = None
    """What was asked for before it was known what there is."""
    mailboxes: list[Mailbox] | None = None
    """Every mailbox, if that was asked for, too."""
    notified: bool = False
    """The server agreed to tell by itself what happens."""


@dataclass(frozen=True, slots=True)
class Also:
    """What is asked for together with SELECT."""

    fetch: Sequence[tuple[Word, Sequence[Word]]] = ()
    """(messages, items), by UID; before it is known what there is."""
    look_at: Sequence[str] = ()
    """Other mailboxes whose counts are wanted."""
    notify: Command | None = None
    """Instead of asking for the counts: have them told, now and whenever they change."""
    notify_no_more: bool = False
    """End before what is told by itself."""
    listed: bool = False
    """The names of all mailboxes."""


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of a mailbox, for QRESYNC: up to where, and of which UIDs."""

    uidvalidity: int
    modseq: int
    lowest: int
    highest: int
