"""The full-text index: one entry a message, contentless, so a change deletes the old words first."""

from __future__ import annotations

from agentdesk.store.database import Tx

MOST_TEXT = 100_000


def _words(tx: Tx, message: int) -> tuple[str, str, str]:
    row = tx.one("SELECT subject, from_name, from_address, text, preview FROM message WHERE row = ?", (message,))
    text = row["text"] if row["text"] is not None else row["preview"]
    return row["subject"], f"{row['from_name']} {row['from_address']}", text[:MOST_TEXT]


def add(tx: Tx, message: int) -> None:
    """Index a message that is new."""
    tx.execute("INSERT INTO search (rowid, subject, sender, text) VALUES (?, ?, ?, ?)", (message, *_words(tx, message)))


def remove(tx: Tx, message: int) -> None:
    """Take a message's words out; must see the message as it was when it was added."""
    tx.execute("INSERT INTO search (search, rowid, subject, sender, text) VALUES ('delete', ?, ?, ?, ?)", (message, *_words(tx, message)))
