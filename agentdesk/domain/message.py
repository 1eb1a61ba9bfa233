"""Messages: what customers and agents wrote, whatever channel carried it.

Text in these classes is already decoded and has passed `clean()`; nothing in them is markup or a template.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"


class Verified(StrEnum):
    """What the receiving server's Authentication-Results say of the sender (RFC 8601)."""

    PASS = "pass"  # noqa: S105 - the RFC's word
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: display name (may be empty) and addr-spec (as received, not folded to lower case)."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    @property
    def identity(self) -> str:
        """The form in which two addresses are compared."""
        return self.address.strip().lower()


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached part. `part` addresses it on its channel (an IMAP section such as "2.1", or a URL)."""

    part: str
    name: str
    type: str
    size: int
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a message before its text is fetched: enough for a row and for threading."""

    message_id: str
    subject: str
    sender: Address
    at: datetime
    """When the server received it (INTERNALDATE, or the chat's created_at); the order of everything."""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    preview: str = ""
    size: int = 0
    automatic: bool = False
    """Sent by a machine (RFC 3834, lists, bounces): never answered automatically."""
    verified: Verified = Verified.NONE
    problem: str = ""
    """Why it can't be shown in full ("too complex", "unreadable"), or empty."""
    provider_spam: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The readable content of a message."""

    text: str
    """What this person wrote now: no quotes, no signature."""
    quoted: str = ""
    """The folded rest: quoted text and signature, one key away, never deleted."""
    html: bool = False
    """The text was made from HTML."""
    attachments: tuple[Attachment, ...] = ()
    problem: str = ""
    marks: tuple[str, ...] = ()
    """What the message is or holds: "smime-signed", "smime-encrypted", "pgp-signed", "pgp-encrypted", "calendar", "report",
    "undelivered" (a report that our message did not arrive), "tnef", "uuencode", "too-complex"."""
    original: str = ""
    """Message-ID of the message that a report is about."""
    links: tuple[tuple[str, str], ...] = ()
    """(shown text, target) of the links whose text looks like an address itself."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """An attachment of a reply: its name, type and bytes (held in the store's blobs by digest)."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply as it was when the agent pressed send; frozen, so that what is sent is what was seen."""

    message_id: str
    """Minted with the draft; the same for every attempt."""
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str
    text: str
    date: datetime
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[OutgoingFile, ...] = ()
    only: tuple[str, ...] = ()
    """Whom this attempt is for, as the server is told them; empty: everybody. The headers name all in any case."""
