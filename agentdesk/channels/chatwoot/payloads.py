"""Chatwoot's JSON to our types. No field is trusted to be there, to have its type, or to be clean.

How its words are ours:

| Chatwoot | here | why |
|---|---|---|
| open | open | |
| resolved | closed | |
| snoozed with `snoozed_until` | snoozed | |
| snoozed without | waiting | "snoozed until the contact's next reply" is what waiting on the customer means, in its own web page too |
| pending | waiting | a bot has it; it is nobody's turn here |
| priority none, medium | normal | |
"""

from __future__ import annotations

import math
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from agentdesk.domain.clean import clean, clean_line
from agentdesk.domain.mailbox import ChatContact, ChatConversation, ChatMessage
from agentdesk.domain.message import Address, Direction

INCOMING, OUTGOING, ACTIVITY, TEMPLATE = 0, 1, 2, 3
_STATUS = {"open": "open", "resolved": "closed", "pending": "waiting", "snoozed": "snoozed"}
_PRIORITY = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_STATES = frozenset({"sent", "delivered", "read", "failed", "progress"})
_LONGEST_NAME = 200
_BY_PHONE = frozenset({"Channel::Whatsapp", "Channel::Sms", "Channel::TwilioSms"})
_KINDS = {"image": "image/*", "audio": "audio/*", "video": "video/*"}


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who answers chats."""

    id: int
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list gives it: with its last message at most."""

    conversation: ChatConversation
    last_id: int
    """Id of its newest message that a person wrote; 0 if the list does not say."""


def listed(answer: Any) -> tuple[list[Listed], int] | None:
    """The conversations of a list and how many there are in all; None if this is no list of conversations."""
    data = answer.get("data") if isinstance(answer, dict) else None
    payload = data.get("payload") if isinstance(data, dict) else None
    if not isinstance(payload, list):
        return None
    found = [conversation for item in payload if (conversation := conversation_of(item)) is not None]
    return found, _number(_map(_map(data).get("meta")).get("all_count"))


def conversation_of(item: Any) -> Listed | None:
    """One conversation, or None if it has no id."""
    fields = _map(item)
    number = _number(fields.get("id"))
    if not number:
        return None
    meta = _map(fields.get("meta"))
    sender = _map(meta.get("sender"))
    email, channel = _line(sender.get("email")), meta.get("channel")
    # The site signs the identifier only: what else it says of a visitor comes from their browser.
    signed = meta.get("hmac_verified") is True and email != "" and _line(sender.get("identifier")).lower() == email.lower()
    contact = ChatContact(
        id=str(_number(sender.get("id")) or ""),
        name=_line(sender.get("name")),
        email=email,
        phone=_line(sender.get("phone_number")),
        email_proven=signed or channel == "Channel::Email",
        phone_proven=isinstance(channel, str) and channel in _BY_PHONE,
    )
    until = moment(fields.get("snoozed_until"))
    status = _STATUS.get(str(fields.get("status")), "open")
    if status == "snoozed" and until is None:
        status = "waiting"
    said = [
        message
        for part in (*_list(fields.get("messages")), fields.get("last_non_activity_message"))
        if (message := message_of(part)) is not None
    ]
    newest = max(said, key=lambda message: int(message.id), default=None)
    labels = fields.get("labels")
    conversation = ChatConversation(
        id=str(number),
        contact=contact,
        status=status,
        assignee=_assignee(meta.get("assignee")),
        tags=tuple(dict.fromkeys(tag for label in _list(labels) if (tag := _line(label)))),
        priority=_PRIORITY.get(str(fields.get("priority")), "normal"),
        snoozed_until=until if status == "snoozed" else None,
        last_at=moment(fields.get("last_activity_at")) or moment(fields.get("timestamp")),
        unread=_number(fields.get("unread_count")),
        can_reply=fields.get("can_reply") is not False,
        messages=() if newest is None else (newest,),
    )
    return Listed(conversation, 0 if newest is None else int(newest.id))


def messages_of(answer: Any) -> list[Any] | None:
    """The raw messages of an answer, or None if this is none."""
    payload = answer.get("payload") if isinstance(answer, dict) else None
    return payload if isinstance(payload, list) else None


def message_of(item: Any) -> ChatMessage | None:
    """One message; None for an activity ("Anna resolved the conversation"), or what has no id or time."""
    fields = _map(item)
    number, kind, at = message_id(item), fields.get("message_type"), moment(fields.get("created_at"))
    if not number or at is None or kind not in {INCOMING, OUTGOING, TEMPLATE}:
        return None
    sender = _map(fields.get("sender"))
    direction = Direction.IN if kind == INCOMING else Direction.NOTE if fields.get("private") is True else Direction.OUT
    state = fields.get("status")
    return ChatMessage(
        id=str(number),
        direction=direction,
        sender=Address(_line(sender.get("name") or sender.get("available_name")), _line(sender.get("email"))),
        at=at,
        text=_text(fields.get("content")),
        attachments=tuple(
            attachment for part in _list(fields.get("attachments")) if (attachment := _attachment(part)) is not None
        ),
        state=state if direction is Direction.OUT and isinstance(state, str) and state in _STATES else "",
        automatic=kind == TEMPLATE,
    )


def message_id(item: Any) -> int:
    """The id of a message of any kind, or 0."""
    return _number(_map(item).get("id"))


def sender_id(item: Any) -> int:
    """Who wrote a message (an agent's id, if it went out), or 0."""
    return _number(_map(_map(item).get("sender")).get("id"))


def agents_of(answer: Any) -> list[Agent]:
    """The agents of an account."""
    return [agent for item in _list(answer) if (agent := agent_of(item)).id]


def agent_of(item: Any) -> Agent:
    fields = _map(item)
    name = _line(fields.get("available_name") or fields.get("name"))
    return Agent(_number(fields.get("id")), name, _line(fields.get("email")).lower())


def accounts_of(profile: Any) -> list[int]:
    """The accounts a token is good for."""
    return [number for item in _list(_map(profile).get("accounts")) if (number := _number(_map(item).get("id")))]


def labels_of(answer: Any) -> list[str]:
    return [label for label in _list(_map(answer).get("payload")) if isinstance(label, str)]


def moment(value: Any) -> datetime | None:
    """Epoch seconds (0 means never), or an ISO 8601 text: the same field comes in both forms."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    if isinstance(value, int | float) and math.isfinite(value) and value > 0:
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    return None


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same message: line ends and outer white space are the server's business."""
    return " ".join(clean(one).split()) == " ".join(clean(other).split())


def _assignee(value: Any) -> str:
    """The address of whoever has it, in lower case, or the name of one who has no address (a bot)."""
    agent = agent_of(value)
    return agent.email or agent.name


def _attachment(item: Any) -> tuple[str, str, str, int] | None:
    fields = _map(item)
    url = fields.get("data_url")
    if not isinstance(url, str) or urlsplit_scheme(url) not in {"http", "https"}:
        return None
    name = _line(unquote(urlsplit(url).path.rsplit("/", 1)[-1], errors="replace"))
    kind = mimetypes.guess_type(name)[0] or _KINDS.get(str(fields.get("file_type")), "application/octet-stream")
    return url, name or "file", kind, _number(fields.get("file_size"))


def urlsplit_scheme(url: str) -> str:
    """The scheme of a URL, or empty where it is none."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> int:
    """A positive number that fits an id, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return int(value) if 0 < value < 2**63 else 0


def _line(value: Any) -> str:
    return clean_line(value)[:_LONGEST_NAME] if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""
