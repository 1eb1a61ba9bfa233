"""What a chat brings in (`domain.mailbox.ChatStore`). The chat itself is the log of its status, assignee, labels and priority."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentdesk.domain import cards
from agentdesk.domain.about import numbers_in
from agentdesk.domain.customer import Identity, IdentityKind, email_identity, phone_identity
from agentdesk.domain.mailbox import ChatContact, ChatConversation, ChatMessage
from agentdesk.domain.message import Direction
from agentdesk.store import cautions, conversations, customers, fulltext, outbox, threads
from agentdesk.store.database import Database, Tx, millis
from agentdesk.store.rules import Rules


class StoredChats:
    """One chat channel's part of the desk's database."""

    def __init__(self, database: Database, channel: str, rules: Rules) -> None:
        self._db, self._channel, self._rules = database, channel, rules

    def cursor(self) -> str:
        return str(self._db.value("SELECT cursor FROM channel WHERE name = ?", (self._channel,)) or "")

    def save_cursor(self, cursor: str) -> None:
        self._db.write(lambda tx: tx.execute("UPDATE channel SET cursor = ? WHERE name = ?", (cursor, self._channel)))

    def last_message(self, conversation: str) -> str:
        """The highest message id known of a chat (ids grow), or empty."""
        prefix = f"{self._channel}:"
        row = self._db.one(
            "SELECT CAST(substr(m.key, ?) AS INTEGER) AS id FROM message m JOIN conversation c ON c.row = m.conversation"
            " WHERE c.channel = ? AND c.remote = ? ORDER BY id DESC LIMIT 1",
            (len(prefix) + 1, self._channel, conversation),
        )
        return str(row["id"]) if row else ""

    def merge(self, conversations_: Sequence[ChatConversation]) -> None:
        for start in range(0, len(conversations_), 20):
            batch = conversations_[start : start + 20]

            def change(tx: Tx, batch: Sequence[ChatConversation] = batch) -> None:
                for chat in batch:
                    self._merge_one(tx, chat)
                total = tx.one("SELECT count(*) AS n FROM conversation WHERE channel = ?", (self._channel,))["n"]
                tx.execute("UPDATE channel SET done = ?, total = ? WHERE name = ?", (total, total, self._channel))

            self._db.write(change)

    def _merge_one(self, tx: Tx, chat: ChatConversation) -> None:
        target = f"{self._channel}:{chat.id}"
        known = tx.one("SELECT row FROM conversation WHERE channel = ? AND remote = ?", (self._channel, chat.id))
        proven, claimed = self._identities(chat.contact)
        customer = customers.resolve(tx, chat.contact.name, proven)
        if known is None:
            row = tx.insert(
                "INSERT INTO conversation (id, channel, kind, remote, target, customer) VALUES (?, ?, 'chatwoot', ?, ?, ?)",
                (threads.mint(tx), self._channel, chat.id, target, customer),
            )
            threads.lead(tx, target, row)
        else:
            row = known["row"]
        claims = json.dumps([[identity.kind, identity.value] for identity in claimed])
        tx.execute("UPDATE conversation SET customer = ?, claims = ? WHERE row = ? AND (customer IS NOT ?1 OR claims != ?2)", (customer, claims, row))
        if not self._unsaid(tx, row):
            tx.execute(
                "UPDATE conversation SET status = ?, assignee = ?, priority = ?, snoozed_until = ?, can_reply = ? WHERE row = ?",
                (chat.status, chat.assignee, chat.priority, millis(chat.snoozed_until), chat.can_reply, row),
            )
            conversations.set_chat_tags(tx, row, frozenset(chat.tags))
        for message in chat.messages:
            self._add_message(tx, row, chat, message)
        tx.execute(
            "UPDATE message SET seen = 1 WHERE conversation = ?1 AND direction = 'in' AND seen = 0 AND row NOT IN"
            " (SELECT row FROM message WHERE conversation = ?1 AND direction = 'in' ORDER BY at DESC, row DESC LIMIT ?2)",
            (row, chat.unread),
        )
        conversations.refresh(tx, row, self._rules)

    @staticmethod
    def _unsaid(tx: Tx, row: int) -> bool:
        """We changed something the chat has not been told yet: its old state is no news."""
        return tx.one("SELECT 1 FROM job WHERE kind = 'action' AND conversation = ? AND attempts < 6", (row,)) is not None

    def _identities(self, contact: ChatContact) -> tuple[list[Identity], list[Identity]]:
        """Who a visitor is, and who they say they are: anybody can type an address into a chat."""
        proven = [Identity(IdentityKind.CHAT, f"{self._channel}:{contact.id}")] if contact.id else []
        claimed: list[Identity] = []
        for identity, vouched in (
            (email_identity(contact.email), contact.email_proven), (phone_identity(contact.phone), contact.phone_proven),
        ):  # fmt: skip
            if identity is not None:
                (proven if vouched else claimed).append(identity)
        return proven, claimed

    def _add_message(self, tx: Tx, row: int, chat: ChatConversation, message: ChatMessage) -> None:
        key = f"{self._channel}:{message.id}"
        known = tx.one("SELECT row FROM message WHERE key = ?", (key,))
        if known is not None:
            # What we sent has the time of our own clock until the chat says its.
            tx.execute(
                "UPDATE message SET at = ?1, state = CASE WHEN ?2 = '' THEN state ELSE ?2 END WHERE row = ?3 AND (at != ?1 OR state != ?2)",
                (millis(message.at), message.state, known["row"]),
            )
            return
        text = cards.mask(message.text) if self._rules.mask_cards else message.text
        preview = " ".join(text.split())[:200]
        sender = message.sender
        if message.direction is Direction.IN and not sender.address:
            sender = type(sender)(sender.name or chat.contact.name, chat.contact.email)
        warned = "[]"
        if message.direction is Direction.IN:
            warned = cautions.of_chat(message.text, ((name, type_) for _, name, type_, _ in message.attachments))
        added = tx.insert(
            "INSERT INTO message (key, channel, conversation, message_id, direction, from_name, from_address, at, preview, text, state,"
            " seen, automatic, cautions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, self._channel, row, key, message.direction, sender.name, sender.address, millis(message.at), preview, text,
             message.state, message.direction is not Direction.IN, message.automatic, warned),
        )
        threads.lead(tx, key, row)
        fulltext.add(tx, added)
        if message.direction is Direction.OUT:
            outbox.turned_up(tx, row, added, message.id)
        for url, name, type_, size in message.attachments:
            tx.execute(
                "INSERT OR IGNORE INTO attachment (message, part, name, type, size) VALUES (?, ?, ?, ?, ?)", (added, url, name, type_, size)
            )
        if message.direction is Direction.IN:
            tx.execute("UPDATE conversation SET subject = ? WHERE row = ? AND subject = ''", (preview[:80], row))
            known_numbers = tx.one("SELECT order_mentioned FROM conversation WHERE row = ?", (row,))["order_mentioned"].split()
            numbers = list(dict.fromkeys([*known_numbers, *numbers_in(text)]))[:20]
            tx.execute("UPDATE conversation SET order_mentioned = ? WHERE row = ?", (" ".join(numbers), row))
