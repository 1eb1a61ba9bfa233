"""A remote mailbox as a channel reports it, and the store it reports to.

Channels never import the store: it is handed in as a `MailStore` (or a `ChatStore`), so a channel can be tested alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from agentdesk.domain.message import Address, Body, Direction, Envelope


class Role(StrEnum):
    """The folders that are synced, found by SPECIAL-USE, else by name."""

    INBOX = "inbox"
    SENT = "sent"
    ARCHIVE = "archive"
    JUNK = "junk"


@dataclass(frozen=True, slots=True)
class FolderState:
    """Where the sync of a folder stands. `oldest` is the lowest UID already brought in (0: none yet)."""

    name: str
    role: Role
    uidvalidity: int
    uidnext: int = 0
    modseq: int = 0
    oldest: int = 0
    complete: bool = False
    """Everything within retention has been brought in at least once."""
    total: int = 0
    """Messages the server says there are (EXISTS), for progress."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message seen in a folder, before its text is here."""

    uid: int
    flags: frozenset[str]
    envelope: Envelope
    header: bytes = b""
    """The header block, or the fields of it that were asked for, as they came."""
    lean: bool = False
    """Only what a row needs came; the rest of the header comes with the next flight (`MailStore.finish`). Until then nobody vouches
    for the sender, and whether a machine wrote it is not known."""
    structure: bytes = b""
    """The parts of the message, as its channel writes them down for itself; empty: not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies on the server."""

    folder: str
    role: Role
    uidvalidity: int
    uid: int
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message of whose header only what a row needs is here."""

    message: int
    place: Place
    header: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole of it."""

    envelope: Envelope
    """Of which count: `automatic`, `verified`, `problem`, and what warnings are made of. Date, size and preview are known."""
    header: bytes
    structure: bytes = b""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message whose text is wanted: its row in the store and one place it lies in."""

    message: int
    place: Place
    alone: bool = False
    """The line broke when it was asked for together with others."""


Sources = Mapping[int, Mapping[str, bytes]]
"""What was fetched of messages, byte for byte: by message, then by section ("1.2", "1<0.1024>" for the beginning of one)."""


class MailStore(Protocol):
    """What an IMAP channel needs of the store. Each call is one short transaction (at most ~50 messages).

    Everything fetched is kept as it came until retention: the header of an arrival, the sources of a body.
    """

    def folders(self) -> Sequence[FolderState]: ...

    def save_folder(self, state: FolderState) -> None: ...

    def forget_folder(self, name: str) -> None:
        """UIDVALIDITY changed: the UIDs mean nothing any more. Messages stay and are found again by Message-ID."""

    def uids(self, folder: str) -> Mapping[int, frozenset[str]]:
        """Every UID known in a folder, with its flags."""

    def message_ids(self, folder: str, uids: Sequence[int]) -> Mapping[int, str]:
        """The Message-IDs of known UIDs; empty for a mail that has none."""

    def add(self, folder: FolderState, arrivals: Sequence[Arrival]) -> None:
        """Bring messages in (idempotent: a UID or Message-ID seen before is not doubled)."""

    def unfinished(self, limit: int) -> Sequence[Unfinished]:
        """Messages that came `lean` and are so still, newest first."""

    def finish(self, messages: Mapping[int, Finished]) -> None:
        """The rest of their headers: who vouches for the sender, whether a machine wrote it."""

    def structures(self, messages: Sequence[int]) -> Mapping[int, bytes]:
        """The parts of messages as they were handed in; of those where they are known."""

    def set_flags(self, folder: str, flags: Mapping[int, frozenset[str]]) -> None: ...

    def vanish(self, folder: str, uids: Iterable[int]) -> None:
        """Expunged elsewhere: the place goes, the message stays readable and is marked."""

    def without_text(self, limit: int) -> Sequence[Wanted]:
        """Messages whose text is not here yet, newest first."""

    def texts_failed(self, messages: Sequence[int]) -> None:
        """The line broke while these were asked for: each goes alone from now on, and after some times not at all."""

    def places(self, message: int) -> Sequence[Place]: ...

    def save_body(self, message: int, body: Body, source: Mapping[str, bytes] = ...) -> None: ...

    def save_bodies(self, bodies: Mapping[int, Body], sources: Sources = ...) -> None:
        """Several at once, by message: a tenth of the writing, where they come together. With what they were read from."""

    def keep(self, message: int, section: str, content: bytes) -> None:
        """Keep a section of a message as it was fetched, byte for byte."""


@dataclass(frozen=True, slots=True)
class ChatContact:
    id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    email_proven: bool = False
    """The shop's own site vouches for the address, or the chat comes from it; else the visitor typed it."""
    phone_proven: bool = False
    """The chat comes from this number."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A chat message. `id` is the channel's own, unique within the channel."""

    id: str
    direction: Direction
    sender: Address
    at: datetime
    text: str
    attachments: tuple[tuple[str, str, str, int], ...] = ()
    """(url, name, type, size) of each attachment."""
    state: str = ""
    """sent, delivered, read, failed: as the channel says; empty if it says nothing."""
    automatic: bool = False
    """Written by the channel itself (a greeting, a survey): no answer to anybody."""


@dataclass(frozen=True, slots=True)
class ChatConversation:
    """A chat as its channel keeps it: the channel is the log of its status, assignee, labels and priority."""

    id: str
    contact: ChatContact
    status: str
    """open, waiting, snoozed or closed."""
    assignee: str = ""
    """E-mail address of the agent, or their name where there is none."""
    tags: tuple[str, ...] = ()
    priority: str = "normal"
    snoozed_until: datetime | None = None
    last_at: datetime | None = None
    unread: int = 0
    can_reply: bool = True
    messages: Sequence[ChatMessage] = field(default_factory=tuple)
    """Those newly fetched; earlier ones are already in the store."""


class ChatStore(Protocol):
    """What a chat channel needs of the store."""

    def cursor(self) -> str:
        """What `save_cursor` was last given, or empty."""

    def save_cursor(self, cursor: str) -> None: ...

    def last_message(self, conversation: str) -> str:
        """The id of the newest message known of a chat, or empty."""

    def merge(self, conversations: Sequence[ChatConversation]) -> None:
        """Bring in chats and their new messages (idempotent)."""
