"""How the chat's answers look: the jbuilder views of Chatwoot 4.13 (app/views/api/v1/..., app/views/public/api/v1/...).

Integers for `message_type`, epoch seconds with 0 for never, display ids.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from agentdesk.demo import shop
from agentdesk.demo.chat import AGENTS, INCOMING, OUTGOING, Agent, Chat, ChatFile, ChatMessage, Chats, Contact


class Shapes:
    """Conversations and messages as JSON. `base_url` (with a slash at its end) is where files are fetched."""

    def __init__(self, chats: Chats, base_url: str) -> None:
        self._chats = chats
        self._base_url = base_url

    def chat(self, chat: Chat) -> dict[str, Any]:
        contact = self._chats.contact(chat.contact)
        last, last_spoken = self._chats.last_message(chat.id), self._chats.last_message(chat.id, activity=False)
        meta: dict[str, Any] = {
            "sender": contact_shape(contact) | contact_times(contact),
            "channel": "Channel::Api",
            "hmac_verified": contact.identifier is not None,
        }
        if chat.assignee is not None:
            meta |= {"assignee": agent_shape(AGENTS[chat.assignee]), "assignee_type": "User"}
        return {
            "meta": meta,
            "id": chat.id,
            "messages": [] if last is None else [self._event(last, chat)],
            "account_id": shop.ACCOUNT,
            "uuid": chat.uuid,
            "additional_attributes": additional(contact),
            "agent_last_seen_at": int(chat.agent_last_seen_at),
            "assignee_last_seen_at": int(chat.assignee_last_seen_at),
            "can_reply": True,
            "contact_last_seen_at": int(chat.contact_last_seen_at),
            "custom_attributes": {},
            "inbox_id": shop.INBOX,
            "labels": list(chat.labels),
            "muted": False,
            "snoozed_until": iso(chat.snoozed_until),  # a string: the view passes the column on as it is
            "status": chat.status,
            "created_at": int(chat.created_at),
            "updated_at": chat.updated_at,
            "timestamp": int(chat.last_activity_at),
            "first_reply_created_at": int(chat.first_reply_created_at or 0),
            "unread_count": self._chats.unread(chat),
            "last_non_activity_message": None if last_spoken is None else self._event(last_spoken, chat),
            "last_activity_at": int(chat.last_activity_at),
            "priority": chat.priority,
            "waiting_since": int(chat.waiting_since or 0),
            "sla_policy_id": None,
        }

    def message(self, message: ChatMessage) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "id": message.id,
            "content": message.content,
            "inbox_id": shop.INBOX,
            "conversation_id": message.chat,
            "message_type": message.type,
            "content_type": "text",
            "status": "sent",
            "content_attributes": message.attributes,
            "created_at": int(message.created_at),
            "private": message.private,
            "source_id": None,
        }
        if sender := self._sender(message):
            shape["sender"] = sender
        if message.files:
            shape["attachments"] = [_file_shape(file, self._base_url) for file in message.files]
        return shape

    def _event(self, message: ChatMessage, chat: Chat) -> dict[str, Any]:
        """`push_event_data` of message.rb: the raw attributes, as the list carries them."""
        sender_type = {INCOMING: "Contact", OUTGOING: "User"}.get(message.type)
        return self.message(message) | {
            "account_id": shop.ACCOUNT,
            "updated_at": iso(message.created_at),
            "sender_type": sender_type,
            "sender_id": chat.contact if message.type == INCOMING else message.agent,
            "external_source_ids": {},
            "additional_attributes": {},
            "processed_message_content": message.content,
            "sentiment": {},
            "conversation": {
                "assignee_id": chat.assignee,
                "unread_count": self._chats.unread(chat),
                "last_activity_at": int(chat.last_activity_at),
            },
        }

    def public_chat(self, chat: Chat) -> dict[str, Any]:
        contact = self._chats.contact(chat.contact)
        messages = self._chats.messages(chat.id, public=True)
        return {
            "id": chat.id,
            "uuid": chat.uuid,
            "inbox_id": shop.INBOX,
            "contact_last_seen_at": int(chat.contact_last_seen_at),
            "status": chat.status,
            "agent_last_seen_at": int(chat.agent_last_seen_at),
            "messages": [self.public_message(message) for message in messages],
            "contact": {"id": contact.id, "name": contact.name, "email": contact.email},
        }

    def public_message(self, message: ChatMessage) -> dict[str, Any]:
        shape = self.message(message)
        for key in ("inbox_id", "status", "private", "source_id"):
            del shape[key]
        return shape

    def _sender(self, message: ChatMessage) -> dict[str, Any] | None:
        if message.type == INCOMING:
            contact = self._chats.contact(self._chats.chat(message.chat).contact)
            return contact_shape(contact) | {"type": "contact"}
        if message.type == OUTGOING and message.agent is not None:
            agent = AGENTS[message.agent]
            return {
                "id": agent.id,
                "name": agent.name,
                "available_name": agent.name,
                "avatar_url": "",
                "type": "user",
                "availability_status": "online",
                "thumbnail": "",
            }
        return None


def contact_shape(contact: Contact) -> dict[str, Any]:
    return {
        "additional_attributes": additional(contact),
        "availability_status": "offline",
        "email": contact.email,
        "id": contact.id,
        "name": contact.name,
        "phone_number": contact.phone,
        "blocked": False,
        "identifier": contact.identifier,
        "thumbnail": "",
        "custom_attributes": {},
    }


def contact_times(contact: Contact) -> dict[str, int]:
    return {"last_activity_at": int(contact.last_activity_at), "created_at": int(contact.created_at)}


def additional(contact: Contact) -> dict[str, str]:
    return {"browser_language": contact.language} if contact.language else {}


def agent_shape(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "account_id": shop.ACCOUNT,
        "availability_status": "available",
        "auto_offline": True,
        "confirmed": True,
        "email": agent.email,
        "available_name": agent.name,
        "name": agent.name,
        "role": agent.role,
        "thumbnail": "",
        "custom_role_id": None,
    }


def _file_shape(file: ChatFile, base_url: str) -> dict[str, Any]:
    url = f"{base_url}rails/active_storage/blobs/{file.key}/{quote(file.name)}"
    kind = file.type.split("/")[0]
    return {
        "id": file.id,
        "message_id": file.message,
        "file_type": kind if kind in {"image", "audio", "video"} else "file",
        "account_id": shop.ACCOUNT,
        "extension": None,
        "data_url": url,
        "thumb_url": url if kind == "image" else "",
        "file_size": file.size,
        "width": None,
        "height": None,
    }


def iso(at: float | None) -> str | None:
    return None if not at else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
