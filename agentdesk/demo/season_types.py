"""What a season is made of: the content of the embedded shop, as its generator hands it to the servers.

Plain data and no behaviour, so that the generator (`season.py`) and the servers need not know each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Folder = Literal["INBOX", "Sent", "Archive", "Junk"]
Direction = Literal["in", "out"]
"""Seen from the desk: "in" is the customer's, "out" the shop's."""
ChatStatus = Literal["open", "resolved", "pending", "snoozed"]
AnswerKind = Literal["mail", "chat", "new-mail", "new-chat"]


@dataclass(frozen=True, slots=True)
class SeasonMail:
    """One message that lies in the mailbox when the desk opens for the first time."""

    raw: bytes
    """The whole message, RFC 5322, lines ended by CRLF."""
    folder: Folder
    seen: bool
    received: datetime
    """With a zone. Becomes INTERNALDATE."""
    kind: str
    """What it is about ("where-is-my-order", ...): for tests and statistics, never shown."""
    order: str
    """The order's number, or empty."""


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of a chat."""

    at: datetime
    direction: Direction
    text: str


@dataclass(frozen=True, slots=True)
class SeasonChat:
    """One chat that exists when the desk opens for the first time; the oldest line first."""

    contact_name: str
    contact_email: str
    """Empty for a visitor who gave none."""
    language: str
    messages: tuple[ChatLine, ...]
    status: ChatStatus


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a scripted mail."""

    name: str
    type: str
    """A media type, such as "image/jpeg"."""
    content: bytes


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """What a customer writes while the agent works.

    "mail" and "chat" answer the agent: so many seconds after the agent's reply reached that customer (the first script of a
    customer answers the first reply, the second script the next one after that, ...). "new-mail" and "new-chat" begin
    something new: so many seconds after the server started for the first time; the clock stands while the demo is closed.
    """

    kind: AnswerKind
    customer: str
    """The customer's address."""
    after_seconds: float
    text: str
    """What they write, without quote: the server quotes the agent's mail below it."""
    subject: str = ""
    """For "new-mail"; an answer takes the subject of what it answers."""
    name: str = ""
    """The customer's name, where it is not known from their earlier messages."""
    language: str = "it"
    """For the line above the quote ("Il giorno ... ha scritto:")."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Season:
    """The whole content of the embedded shop."""

    mails: tuple[SeasonMail, ...]
    chats: tuple[SeasonChat, ...]
    orders: tuple[dict[str, str], ...]
    """Rows of orders.csv, one an item (`docs/configuration.md`, order files)."""
    answers: tuple[ScriptedAnswer, ...]
