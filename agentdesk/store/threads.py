"""Bringing a message to its conversation: looks things up for `domain.threading`, and carries out what it decides."""

from __future__ import annotations

import secrets
import sqlite3

from agentdesk.domain import threading
from agentdesk.domain.message import Direction, Envelope
from agentdesk.domain.threading import Standing
from agentdesk.store import orders, sent_snippets
from agentdesk.store.database import Tx, millis, moment


def mint(tx: Tx) -> str:
    """A new conversation's id, unlike any before."""
    while True:
        found = threading.mint(secrets.token_bytes(12))
        if tx.one("SELECT 1 FROM conversation WHERE id = ?", (found,)) is None:
            return found


def resolve(db: Tx | sqlite3.Connection, row: int) -> int:
    """The conversation a merged one became."""
    for _ in range(100):
        merged = db.execute("SELECT merged_into FROM conversation WHERE row = ?", (row,)).fetchone()
        if merged is None or not merged["merged_into"]:
            return row
        row = merged["merged_into"]
    return row


def lead(tx: Tx, alias: str, conversation: int) -> None:
    """Let an alias lead to a conversation unless it leads somewhere already; orphan events find their conversation."""
    tx.execute("INSERT OR IGNORE INTO alias (alias, conversation) VALUES (?, ?)", (alias, conversation))
    tx.execute("UPDATE event SET conversation = ? WHERE conversation = 0 AND target = ?", (conversation, alias))


def conversation_for(
    tx: Tx, channel: str, envelope: Envelope, direction: Direction, customer: int | None, numbers: tuple[str, ...], reopen_days: int
) -> int:
    """The conversation this mail belongs to, made or merged as needed."""

    def known(message_id: str) -> int | None:
        row = tx.one("SELECT conversation FROM alias WHERE alias = ?", (message_id,))
        if row is None:
            return None
        found = resolve(tx, row["conversation"])
        kept = tx.one("SELECT channel FROM conversation WHERE row = ?", (found,))
        if kept is not None and kept["channel"] == channel:
            return found
        # One mail to two of our mailboxes: its id leads to the one that had it first.
        own = tx.one("SELECT conversation FROM message WHERE message_id = ? AND channel = ?", (message_id, channel))
        return None if own is None else int(own["conversation"])

    def standing(row: int) -> Standing | None:
        found = tx.one("SELECT * FROM conversation WHERE row = ?", (row,))
        if found is None:
            return None
        continued = tx.one("SELECT row FROM conversation WHERE linked_to = ? AND linked_to != 0 AND merged_into = 0 ORDER BY row DESC LIMIT 1", (row,))
        return Standing(
            conversation=row, last_at=moment(found["last_at"]),
            closed_at=moment(found["status_at"] or found["last_at"]) if found["status"] == "closed" else None,
            continued_by=continued["row"] if continued else 0, subject=found["subject"],
            orders=frozenset(orders.known_numbers(tx.db, found["order_mentioned"].split())),
        )

    def of_customer() -> list[Standing]:
        if customer is None:
            return []
        rows = tx.all(
            "SELECT row FROM conversation WHERE customer = ? AND channel = ? AND spam = 0 AND merged_into = 0 AND last_at BETWEEN ? AND ?",
            (customer, channel, millis(envelope.at - threading.JOIN_WITHIN), millis(envelope.at + threading.JOIN_WITHIN)),
        )
        return [found for row in rows if (found := standing(row["row"])) is not None]

    place = threading.place(
        envelope, direction, known, standing, of_customer,
        orders=frozenset(orders.known_numbers(tx.db, numbers)), reopen_days=reopen_days,
    )
    row = place.conversation
    if row is None:
        root = place.root or envelope.message_id
        row = tx.insert(
            "INSERT INTO conversation (id, channel, kind, target, subject, customer, linked_to) VALUES (?, ?, 'imap', ?, ?, ?, ?)",
            (mint(tx), channel, root if place.linked_to == 0 else envelope.message_id, envelope.subject, customer, place.linked_to),
        )
    for alias in place.aliases:
        lead(tx, alias, row)
    for other in place.same_as:
        if other != row:
            row = merge(tx, other, row)
    return row


def merge(tx: Tx, first: int, second: int) -> int:
    """Two conversations are one: the older keeps its id, the other's id becomes an alias. Returns the one that stays."""
    keep, gone = min(first, second), max(first, second)
    kept = tx.one("SELECT order_mentioned FROM conversation WHERE row = ?", (keep,))
    lost = tx.one("SELECT id, customer, order_mentioned FROM conversation WHERE row = ?", (gone,))
    tx.execute("UPDATE message SET conversation = ? WHERE conversation = ?", (keep, gone))
    tx.execute("UPDATE event SET conversation = ? WHERE conversation = ?", (keep, gone))
    tx.execute("UPDATE outbox SET conversation = ? WHERE conversation = ?", (keep, gone))
    tx.execute("UPDATE job SET conversation = ? WHERE conversation = ?", (keep, gone))
    sent_snippets.moved(tx, gone, keep)
    tx.execute("UPDATE alias SET conversation = ? WHERE conversation = ?", (keep, gone))
    tx.execute("UPDATE draft SET conversation = ? WHERE conversation = ?", (keep, gone))
    tx.execute("UPDATE conversation SET linked_to = ? WHERE linked_to = ? AND row != ?", (keep, gone, keep))
    numbers = dict.fromkeys([*kept["order_mentioned"].split(), *lost["order_mentioned"].split()])
    tx.execute(
        "UPDATE conversation SET order_mentioned = ?1,"
        " subject = (SELECT subject FROM message WHERE conversation = ?2 ORDER BY at, row LIMIT 1) WHERE row = ?2",
        (" ".join(numbers), keep),
    )
    tx.execute("INSERT OR REPLACE INTO alias (alias, conversation) VALUES (?, ?)", (lost["id"], keep))
    tx.execute("UPDATE conversation SET customer = coalesce(customer, ?) WHERE row = ?", (lost["customer"], keep))
    tx.execute("UPDATE conversation SET merged_into = ?, messages = 0 WHERE row = ?", (keep, gone))
    tx.execute("DELETE FROM tag WHERE conversation = ?", (gone,))
    tx.touch("conversation", gone)
    tx.touch("list")
    return keep
