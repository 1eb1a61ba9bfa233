"""What every channel can do, and what may be asked of it.

A channel is owned by one worker thread of the engine: `open`, then `refresh` and `wait` in turn, with jobs between them.
Only `interrupt` may be called from another thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from agentdesk.channels.usage import Job, Usage
from agentdesk.domain.message import Outgoing
from agentdesk.errors import Refused

__all__ = ["Attempt", "Capabilities", "Channel", "ChannelDown", "Job", "MailActions", "Outcome", "Sender", "Usage"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    notes: bool = False
    assign: bool = False
    labels: bool = False
    typing: bool = False
    filed_copy: bool = False
    """A sent message must be filed by us (mail); False where the channel keeps it itself (chat)."""


class Outcome(StrEnum):
    """What is known after an attempt to send. Not a boolean: `UNKNOWN` is never repeated blindly."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The server said no for good; the agent must change something."""
    DEFERRED = "deferred"
    """Nothing was handed over (no line, a temporary refusal before DATA ended): safe to try again."""
    UNKNOWN = "unknown"
    """The line died after the content was handed over and before the answer."""


@dataclass(frozen=True, slots=True)
class Attempt:
    outcome: Outcome
    detail: str = ""
    """The server's words, cleaned, for the agent."""
    remote_id: str = ""
    """The id a chat gave the message."""
    refused: tuple[str, ...] = ()
    """Recipients the server refused for good, whatever became of the others."""
    later: tuple[str, ...] = ()
    """Recipients it refused for now while it took the message for others; they were not handed it."""
    answers: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Of those two, what the server said to each."""
    pause: float = 0.0
    """Seconds in which the server wants nothing more from us, whichever message it is: a rate limit."""
    whole: bool = field(default=False, compare=False)
    """It is the way out that does not work (no line, a certificate, a login), and not this message."""


class Trace(StrEnum):
    """What the mailbox tells of a message whose outcome is not known."""

    NONE = ""
    COPY = "copy"
    """It came back to us: we were among its recipients."""
    ANSWER = "answer"
    """Somebody answered it."""
    REPORT = "report"
    """A report names it: it went out, and was not delivered to somebody."""


class FolderFull(Refused):
    """There is no room for a copy."""


class ChannelDown(Exception):  # noqa: N818 - it names a state
    """The connection is gone or can't be made; the worker reconnects with backoff. `str()` is for the agent."""

    def __init__(self, words: str = "", pause: float = 0.0) -> None:
        super().__init__(words)
        self.pause = pause
        """Seconds the server wants to be left alone, whatever anybody wishes; 0 if it did not say so."""


class Channel(Protocol):
    """A source of conversations, as the engine's worker drives it."""

    name: str
    kind: str
    capabilities: Capabilities
    usage: Usage
    looked: bool
    """Since `open`: what happened before is known, though not all of it is brought in."""

    def open(self) -> None:
        """Connect and log in.

        Raises:
            ChannelDown: no line, no server, a certificate that does not match.
            LoginRefused: the server refuses the name or the password.
        """

    def refresh(self) -> bool:
        """Bring in what is new, newest first, one batch; True when nothing is left to bring in.

        Called again at once until it returns True, with urgent jobs served between two calls."""

    def wait(self, seconds: float) -> None:
        """Until news arrive (IDLE, or the end of a polling pause), `interrupt` is called, or the time is over."""

    def interrupt(self) -> None:
        """End a running `wait`; may be called from any thread."""

    def doubt(self) -> None:
        """The connection may be dead without having said so: find out soon. May be called from another thread."""

    def set_secret(self, secret: str) -> None:
        """The password or token to use from the next `open` on."""

    def close(self) -> None: ...


class MailActions(Protocol):
    """What the engine asks of a mailbox besides syncing. `message` is a row of the store."""

    def fetch_text(self, message: int) -> None:
        """Bring one message's text in now (it goes to the store)."""

    def fetch_raw(self, message: int, start: int, keep: Callable[[bytes, int], bool]) -> None:
        """The whole message, from byte `start` on, in pieces as `fetch_part` does it."""

    def fetch_part(self, message: int, part: str, start: int, keep: Callable[[bytes, int], bool]) -> None:
        """One part as it is encoded, from byte `start` on: `keep(piece, total)` until all is here or `keep` returns False.

        `total` is what the server says there is. It is exact at the last piece, which may be empty: all is here when the pieces
        amount to it. Each piece takes a second or two, so that something urgent need not wait longer."""

    def transfer_encoding(self, message: int, part: str) -> str:
        """How the bytes of a part are encoded, for `mail.parts.decode_transfer`."""

    def set_seen(self, message: int, *, seen: bool) -> None: ...

    def move(self, message: int, role: str) -> None:
        """To the folder with this role (archive, junk, inbox)."""

    def is_filed(self, message_id: str) -> bool:
        """Whether Sent holds a message with this Message-ID."""

    def traces(self, message_id: str, since: datetime) -> Trace:
        """What else in the mailbox tells of a message of ours: a copy that came back, an answer, a report that it was not delivered."""

    @property
    def files_sent_itself(self) -> bool:
        """The provider puts what goes out by its SMTP server into Sent, as far as is known of it."""

    def file(self, content: bytes, sent_at: datetime) -> None:
        """APPEND to Sent with \\Seen, after `is_filed` was asked.

        Raises:
            FolderFull: there is no room (RFC 9208, OVERQUOTA).
            Refused: the server would not take it.
        """


class Sender(Protocol):
    """The way out of a channel."""

    def send(self, outgoing: Outgoing, conversation: str) -> Attempt:
        """One attempt, never repeated here. `conversation` is the channel's own id (chats), empty for mail."""


@runtime_checkable
class Lingering(Protocol):
    """A way out that keeps its connection for a while, for the next message."""

    def let_go(self, *, at_once: bool = False) -> float:
        """Close what has been idle long enough; seconds until the next look, 0 if nothing is open."""
