"""What was fetched of a message, byte for byte, until retention: header block, text parts, beginnings of long ones.

A later reader of mail can read all of it again, and what a customer wrote can be shown as it was. A whole message that somebody
asked for is a blob instead (`raw:` in `meta`): it may be large.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from agentdesk.store.database import Database, Tx

HEADER = "HEADER"
"""The section of the header block, or of the fields of it that are asked for."""
STRUCTURE = "STRUCTURE"
"""Not fetched like that, but what the channel understood of it: the list of the parts."""


def keep(tx: Tx, message: int, section: str, content: bytes) -> None:
    """Keep a section; one fetched again takes the place of the earlier."""
    tx.execute("INSERT OR REPLACE INTO source (message, section, content) VALUES (?, ?, ?)", (message, section, zlib.compress(content)))


def holds(part: str) -> bool:
    """Whether an attachment lies within what was fetched as text (`mail.inner`), and needs no line to be opened."""
    return part[:1].isdecimal() and "!" in part


def of_message(database: Database, message: int) -> dict[str, bytes]:
    """Everything kept of a message, by section."""
    rows = database.all("SELECT section, content FROM source WHERE message = ? ORDER BY section", (message,))
    return {row["section"]: zlib.decompress(row["content"]) for row in rows}


def section_of(database: Database, messages: Sequence[int], section: str) -> dict[int, bytes]:
    """One section of some messages; of those where it is here."""
    marks = ",".join("?" * len(messages))
    rows = database.all(f"SELECT message, content FROM source WHERE message IN ({marks}) AND section = ?", (*messages, section))
    return {row["message"]: zlib.decompress(row["content"]) for row in rows}


def forget(tx: Tx, message: int) -> None:
    tx.execute("DELETE FROM source WHERE message = ?", (message,))
