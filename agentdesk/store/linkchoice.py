"""The link profile the agent chose for as long as the desk is open: written by a window, followed by the engine."""

from __future__ import annotations

from agentdesk.config import Link
from agentdesk.store.database import Database, Tx

_KEY = "link"


def choose(tx: Tx, link: Link | None) -> None:
    """None: what desk.toml says."""
    tx.execute("DELETE FROM meta WHERE key = ?", (_KEY,))
    if link is not None:
        tx.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (_KEY, link.value))
    tx.touch("link")
    tx.touch("channel")


def chosen(database: Database) -> Link | None:
    value = database.value("SELECT value FROM meta WHERE key = ?", (_KEY,))
    return Link(value) if value in set(Link) else None
