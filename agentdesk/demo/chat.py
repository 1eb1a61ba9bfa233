"""The shop's chat: contacts, conversations and messages, with the rules of Chatwoot 4.13 that a client meets.

What a rule is taken from stands beside it (files of Chatwoot's repository). Written from its source and specification; a real
Chatwoot was never run.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agentdesk.demo import shop
from agentdesk.demo.journal import Journal
from agentdesk.demo.liquid_trap import rendered
from agentdesk.demo.season_types import Attachment, Season

INCOMING, OUTGOING, ACTIVITY = 0, 1, 2
STATUSES = ("open", "resolved", "pending", "snoozed")
PRIORITIES = ("low", "medium", "high", "urgent")
LATEST, OLDER, NEWER, BETWEEN = 20, 20, 100, 1000
"""How many messages one request gives (app/finders/message_finder.rb)."""


@dataclass(frozen=True, slots=True)
class Agent:
    id: int
    name: str
    email: str
    role: str


ANNA = Agent(1, shop.AGENT_NAME, shop.AGENT_EMAIL, "agent")
AGENTS = {agent.id: agent for agent in (ANNA, Agent(2, "Luca Ferri", f"luca@{shop.DOMAIN}", "administrator"))}


@dataclass(frozen=True, slots=True)
class Contact:
    id: int
    source_id: str
    identifier: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    created_at: float
    last_activity_at: float


@dataclass(frozen=True, slots=True)
class Chat:
    id: int
    uuid: str
    contact: int
    status: str
    assignee: int | None
    priority: str | None
    labels: tuple[str, ...]
    snoozed_until: float | None
    created_at: float
    updated_at: float
    last_activity_at: float
    waiting_since: float | None
    first_reply_created_at: float | None
    agent_last_seen_at: float
    assignee_last_seen_at: float
    contact_last_seen_at: float


@dataclass(frozen=True, slots=True)
class ChatFile:
    id: int
    message: int
    key: str
    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class ChatMessage:
    id: int
    chat: int
    content: str | None
    type: int
    private: bool
    agent: int | None
    attributes: dict[str, object]
    created_at: float
    files: tuple[ChatFile, ...]


_CONTACT = "id, source_id, identifier, name, email, phone, language, created_at, last_activity_at"
_CHAT = (
    "id, uuid, contact, status, assignee, priority, labels, snoozed_until, created_at, updated_at, last_activity_at,"
    " waiting_since, first_reply_created_at, agent_last_seen_at, assignee_last_seen_at, contact_last_seen_at"
)
_MESSAGE = "id, chat, content, type, private, agent, attributes, created_at"


class Chats:
    """The chat's memory (in the journal) and its rules."""

    def __init__(self, journal: Journal, reached: Callable[[str, str, int], None] | None = None) -> None:
        self.journal = journal
        self._db = journal.db
        self._reached = reached

    def fill(self, season: Season) -> None:
        """The chats of a new season."""
        with self.journal.change():
            for chat in sorted(season.chats, key=lambda chat: chat.messages[0].at):
                at = chat.messages[0].at.timestamp()
                contact = self._contact_of(chat.contact_email, chat.contact_name, chat.language, at)
                conversation = self._begin(contact.id, at)
                for line in chat.messages:
                    kind = INCOMING if line.direction == "in" else OUTGOING
                    self._write(conversation, kind, line.text, at=line.at.timestamp())
                self._db.execute("UPDATE chat SET status = ? WHERE id = ?", (chat.status, conversation))
                if chat.status == "resolved":
                    self._db.execute("UPDATE chat SET waiting_since = NULL WHERE id = ?", (conversation,))

    # Contacts ---------------------------------------------------------------------------------------------------------

    def contacts(self) -> list[Contact]:
        return [Contact(*row) for row in self._db.execute(f"SELECT {_CONTACT} FROM contact ORDER BY id")]

    def contact(self, contact: int) -> Contact:
        """Raises KeyError if there is none."""
        return self._one_contact("id", contact)

    def contact_by_source(self, source_id: str) -> Contact:
        """Raises KeyError if there is none."""
        return self._one_contact("source_id", source_id)

    def _one_contact(self, column: str, value: object) -> Contact:
        row = self._db.execute(f"SELECT {_CONTACT} FROM contact WHERE {column} = ?", (value,)).fetchone()
        if row is None:
            raise KeyError(value)
        return Contact(*row)

    def add_contact(
        self,
        *,
        name: str,
        email: str | None = None,
        identifier: str | None = None,
        phone: str | None = None,
        language: str = "",
        at: float | None = None,
    ) -> Contact:
        """A new visitor, or the known one with this identifier or address (one contact an address, as Chatwoot does)."""
        for column, value in (("identifier", identifier), ("email", email.lower() if email else None)):
            if value:
                row = self._db.execute(f"SELECT {_CONTACT} FROM contact WHERE {column} = ?", (value,)).fetchone()
                if row is not None:
                    return Contact(*row)
        now = time.time() if at is None else at
        cursor = self._db.execute(
            "INSERT INTO contact (source_id, identifier, name, email, phone, language, created_at, last_activity_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (str(uuid.uuid4()), identifier, name, email.lower() if email else None, phone, language, now, now),
        )
        return self.contact(_row_of(cursor.lastrowid))

    def _contact_of(self, email: str, name: str, language: str, at: float) -> Contact:
        """Somebody who is logged in at the shop, which signs their address; without one, a visitor."""
        return self.add_contact(name=name or email, email=email or None, identifier=email.lower() or None, language=language, at=at)

    # Conversations ----------------------------------------------------------------------------------------------------

    def chats(self) -> list[Chat]:
        """All of them, the newest activity first."""
        self._wake()
        return [
            _chat(row) for row in self._db.execute(f"SELECT {_CHAT} FROM chat ORDER BY last_activity_at DESC, id DESC")
        ]

    def chat(self, chat: int) -> Chat:
        """Raises KeyError if there is none."""
        self._wake()
        row = self._db.execute(f"SELECT {_CHAT} FROM chat WHERE id = ?", (chat,)).fetchone()
        if row is None:
            raise KeyError(chat)
        return _chat(row)

    def chats_of(self, contact: int) -> list[Chat]:
        rows = self._db.execute(f"SELECT {_CHAT} FROM chat WHERE contact = ? ORDER BY id", (contact,))
        return [_chat(row) for row in rows]

    def begin(self, contact: int) -> Chat:
        return self.chat(self._begin(contact, time.time()))

    def _begin(self, contact: int, at: float) -> int:
        cursor = self._db.execute(
            "INSERT INTO chat (uuid, contact, status, created_at, updated_at, last_activity_at, waiting_since)"
            " VALUES (?, ?, 'open', ?, ?, ?, ?)",
            (str(uuid.uuid4()), contact, at, at, at, at),
        )
        return _row_of(cursor.lastrowid)

    def set_status(self, chat: int, status: str, snoozed_until: float | None, by: Agent | None) -> Chat:
        """Opening as an agent (not an administrator) assigns to oneself (conversations_controller.rb, handle_human_open)."""
        before = self.chat(chat)
        with self.journal.change():
            self._touch(
                chat,
                status=status,
                snoozed_until=snoozed_until if status == "snoozed" else None,
                **({"waiting_since": None} if status == "resolved" else {}),
            )
            if by is not None:
                if status == "open" and by.role == "agent":
                    self._touch(chat, assignee=by.id)
                if before.status != status:
                    self._note_activity(chat, _STATUS_WORDS[status].format(name=by.name))
        return self.chat(chat)

    def set_priority(self, chat: int, priority: str | None, by: Agent) -> None:
        before = self.chat(chat)
        if before.priority != priority:
            with self.journal.change():
                self._touch(chat, priority=priority)
                words = f"set the priority to {priority}" if priority else "removed the priority"
                self._note_activity(chat, f"{by.name} {words}")

    def assign(self, chat: int, assignee: int | None, by: Agent) -> None:
        before = self.chat(chat)
        if before.assignee == assignee:
            return
        with self.journal.change():
            self._touch(chat, assignee=assignee)
            if assignee is None:
                words = f"Conversation unassigned by {by.name}"
            elif assignee == by.id:
                words = f"{by.name} self-assigned this conversation"
            else:
                words = f"Assigned to {AGENTS[assignee].name} by {by.name}"
            self._note_activity(chat, words)

    def set_labels(self, chat: int, labels: Sequence[str], by: Agent) -> None:
        """Replaces the whole list. Labels are kept in lower case."""
        before = self.chat(chat).labels
        after = tuple(dict.fromkeys(label.strip().lower() for label in labels if label.strip()))
        if before == after:
            return
        with self.journal.change():
            self._touch(chat, labels=json.dumps(after))
            added, removed = [x for x in after if x not in before], [x for x in before if x not in after]
            if added:
                self._note_activity(chat, f"{by.name} added {', '.join(added)}")
            if removed:
                self._note_activity(chat, f"{by.name} removed {', '.join(removed)}")

    def seen_by_agent(self, chat: int, by: Agent) -> Chat:
        """Does not count as a change of the conversation (update_columns in the controller)."""
        now = time.time()
        self._db.execute("UPDATE chat SET agent_last_seen_at = ? WHERE id = ?", (now, chat))
        self._db.execute("UPDATE chat SET assignee_last_seen_at = ? WHERE id = ? AND assignee = ?", (now, chat, by.id))
        return self.chat(chat)

    def seen_by_customer(self, chat: int) -> None:
        self._touch(chat, contact_last_seen_at=time.time())

    def unread(self, chat: Chat) -> int:
        """At most ten (conversation.rb, unread_incoming_messages)."""
        query = "SELECT count(*) FROM chat_message WHERE chat = ? AND type = 0 AND created_at > ?"
        return min(10, int(self._db.execute(query, (chat.id, chat.agent_last_seen_at)).fetchone()[0]))

    def _wake(self) -> None:
        """Snoozed conversations whose time is over open again (Conversations::ReopenSnoozedConversationsJob)."""
        query = "SELECT id FROM chat WHERE status = 'snoozed' AND snoozed_until <= ?"
        for (chat,) in self._db.execute(query, (time.time(),)).fetchall():
            self._touch(chat, status="open", snoozed_until=None)

    def _touch(self, chat: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        now = time.time()
        self._db.execute(f"UPDATE chat SET {names}, updated_at = ? WHERE id = ?", (*columns.values(), now, chat))

    # Messages ---------------------------------------------------------------------------------------------------------

    def messages(
        self, chat: int, *, after: int | None = None, before: int | None = None, public: bool = False
    ) -> list[ChatMessage]:
        """Oldest first: ordered by time, cut by id (app/finders/message_finder.rb)."""
        where, values, order, limit = "chat = ?", [chat], "DESC", LATEST
        if after is not None and before is not None:
            where, values, order, limit = where + " AND id >= ? AND id < ?", [chat, after, before], "ASC", BETWEEN
        elif before is not None:
            where, values, order, limit = where + " AND id < ?", [chat, before], "DESC", OLDER
        elif after is not None:
            where, values, order, limit = where + " AND id > ?", [chat, after], "ASC", NEWER
        if public:
            where += f" AND private = 0 AND type <> {ACTIVITY}"
        query = (
            f"SELECT {_MESSAGE} FROM chat_message WHERE {where} ORDER BY created_at {order}, id {order} LIMIT {limit}"
        )
        found = self._messages(self._db.execute(query, values))
        return found if order == "ASC" else found[::-1]

    def last_message(self, chat: int, *, activity: bool = True) -> ChatMessage | None:
        where = "" if activity else f" AND type <> {ACTIVITY}"
        query = f"SELECT {_MESSAGE} FROM chat_message WHERE chat = ?{where} ORDER BY created_at DESC, id DESC LIMIT 1"
        return next(iter(self._messages(self._db.execute(query, (chat,)))), None)

    def agent_writes(
        self,
        chat: int,
        content: str,
        by: Agent,
        *,
        private: bool = False,
        attributes: dict[str, object] | None = None,
        files: Sequence[Attachment] = (),
    ) -> ChatMessage:
        """An outgoing message; its text is a Liquid template to Chatwoot (`liquid_trap`), in a private note as well."""
        at = self.chat(chat)
        content = rendered(content, self.contact(at.contact), at, by, [m.content for m in self.messages(chat)])
        with self.journal.change():
            message = self._write(
                chat, OUTGOING, content, private=private, agent=by.id, attributes=attributes, files=files
            )
        contact = self.contact(at.contact)
        if not private and contact.email and self._reached is not None:
            self._reached(contact.email, "chat", chat)
        return self.message(message)

    def visitor_writes(self, chat: int, content: str, files: Sequence[Attachment] = ()) -> ChatMessage:
        """An incoming message; opens what was resolved or snoozed (message.rb, reopen_conversation)."""
        with self.journal.change():
            message = self._write(chat, INCOMING, content, files=files)
            before = self._db.execute("SELECT status FROM chat WHERE id = ?", (chat,)).fetchone()[0]
            if before in {"resolved", "snoozed"}:
                self._touch(chat, status="open", snoozed_until=None)
        return self.message(message)

    def customer_writes(self, email: str, name: str, text: str, *, chat: int | None, language: str) -> int:
        """A scripted customer: answers in `chat`, or begins a new conversation."""
        if chat is None:
            chat = self.begin(self._contact_of(email, name, language, time.time()).id).id
        self.visitor_writes(chat, text)
        return chat

    def message(self, message: int) -> ChatMessage:
        rows = self._db.execute(f"SELECT {_MESSAGE} FROM chat_message WHERE id = ?", (message,))
        return self._messages(rows)[0]

    def file(self, key: str) -> tuple[ChatFile, bytes]:
        """Raises KeyError if there is none."""
        query = "SELECT id, message, key, name, type, length(content), content FROM chat_file WHERE key = ?"
        row = self._db.execute(query, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return ChatFile(*row[:6]), bytes(row[6])

    def _write(
        self,
        chat: int,
        kind: int,
        content: str,
        *,
        private: bool = False,
        agent: int | None = None,
        attributes: dict[str, object] | None = None,
        files: Sequence[Attachment] = (),
        at: float | None = None,
    ) -> int:
        now = time.time() if at is None else at
        if kind == OUTGOING and agent is None:
            agent = ANNA.id
        cursor = self._db.execute(
            "INSERT INTO chat_message (chat, content, type, private, agent, attributes, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (chat, content or None, kind, private, agent, json.dumps(attributes or {}), now),
        )
        message = _row_of(cursor.lastrowid)
        for file in files:
            self._db.execute(
                "INSERT INTO chat_file (message, key, name, type, content) VALUES (?, ?, ?, ?, ?)",
                (message, secrets.token_urlsafe(16), file.name, file.type, file.content),
            )
        columns: dict[str, object] = {"last_activity_at": now}
        waiting, first = self._db.execute(
            "SELECT waiting_since, first_reply_created_at FROM chat WHERE id = ?", (chat,)
        ).fetchone()
        if kind == INCOMING and waiting is None:
            columns["waiting_since"] = now
        elif kind == OUTGOING and not private:
            columns |= {"waiting_since": None} if first else {"waiting_since": None, "first_reply_created_at": now}
        self._touch(chat, **columns)
        if at is not None:
            self._db.execute("UPDATE chat SET updated_at = ? WHERE id = ?", (at, chat))
        if kind == INCOMING:
            query = "UPDATE contact SET last_activity_at = ? WHERE id = (SELECT contact FROM chat WHERE id = ?)"
            self._db.execute(query, (now, chat))
        return message

    def _note_activity(self, chat: int, words: str) -> None:
        """What happened, as a message (app/models/concerns/activity_message_handler.rb); no activity of the conversation."""
        self._db.execute(
            "INSERT INTO chat_message (chat, content, type, private, created_at) VALUES (?, ?, ?, 0, ?)",
            (chat, words, ACTIVITY, time.time()),
        )

    def _messages(self, rows: Iterable[tuple[Any, ...]]) -> list[ChatMessage]:
        found = []
        for row, chat, content, kind, private, agent, attributes, created_at in rows:
            files = self._db.execute(
                "SELECT id, message, key, name, type, length(content) FROM chat_file WHERE message = ? ORDER BY id",
                (row,),
            )
            found.append(
                ChatMessage(
                    row, chat, content, kind, bool(private), agent, json.loads(attributes), created_at,
                    tuple(ChatFile(*file) for file in files),
                )
            )  # fmt: skip
        return found


_STATUS_WORDS = {
    "open": "Conversation was reopened by {name}",
    "resolved": "Conversation was marked resolved by {name}",
    "pending": "Conversation was marked as pending by {name}",
    "snoozed": "Conversation was snoozed by {name}",
}


def _chat(row: Sequence[Any]) -> Chat:
    columns: list[Any] = list(row)
    columns[6] = tuple(json.loads(columns[6]))
    return Chat(*columns)


def _row_of(lastrowid: int | None) -> int:
    assert lastrowid is not None
    return lastrowid
