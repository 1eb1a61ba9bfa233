"""A report that a mail of ours did not arrive, or what became of it, belongs to the conversation of that mail.

When it comes it looks like a mail of a stranger (MAILER-DAEMON), for it names what it is about only in its text.
"""

from __future__ import annotations

import json

from agentdesk.store import threads
from agentdesk.store.database import Tx

REPORT = "report"


def to_its_conversation(tx: Tx, message: int, original: str) -> int:
    """Move a machine's message about a mail of ours there; returns the conversation it came from, 0 if it stays.

    It stays where somebody worked on the conversation it made.
    """
    report = tx.one("SELECT conversation, channel, message_id, automatic, direction, marks FROM message WHERE row = ?", (message,))
    if report["direction"] != "in" or not (report["automatic"] or REPORT in json.loads(report["marks"])):
        return 0
    ours = tx.one(
        "SELECT conversation, at FROM message WHERE message_id = ?1 AND channel = ?2 AND direction = 'out'"
        " UNION ALL SELECT conversation, date FROM outbox WHERE message_id = ?1 AND channel = ?2 AND conversation != 0",
        (original, report["channel"]),
    )
    if ours is None:
        return 0
    there, here = threads.resolve(tx, ours["conversation"]), report["conversation"]
    if there == here or _touched(tx, here):
        return 0
    marks = [*json.loads(report["marks"]), *([] if REPORT in json.loads(report["marks"]) else [REPORT])]
    # It is later than what it is about: servers count seconds, and clocks differ
    tx.execute("UPDATE message SET conversation = ?, marks = ?, at = max(at, ?) WHERE row = ?", (there, json.dumps(marks), ours["at"] + 1, message))
    tx.execute("UPDATE alias SET conversation = ? WHERE alias = ?", (there, report["message_id"]))
    tx.execute("UPDATE job SET conversation = ? WHERE message = ?", (there, message))
    if tx.one("SELECT 1 FROM message WHERE conversation = ?", (here,)) is None:
        tx.execute("UPDATE conversation SET merged_into = ?, messages = 0 WHERE row = ?", (there, here))
        tx.execute("UPDATE alias SET conversation = ? WHERE conversation = ?", (there, here))
        tx.execute("DELETE FROM tag WHERE conversation = ?", (here,))
    tx.touch("conversation", here)
    tx.touch("list")
    return int(here)


def _touched(tx: Tx, conversation: int) -> bool:
    return any(
        tx.one(f"SELECT 1 FROM {table} WHERE conversation = ?", (conversation,)) is not None for table in ("event", "draft", "outbox")
    )
