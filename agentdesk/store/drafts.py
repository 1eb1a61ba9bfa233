"""Drafts, on disk from the first pause on.

Usually there is one of a kind in a conversation. Two windows, a reply that is taken back, or threads that turn out to be one
can make more; none of them is ever written over another.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from agentdesk.domain import insertion
from agentdesk.domain.clean import written
from agentdesk.domain.insertion import Insertion
from agentdesk.domain.message import Address
from agentdesk.store import threads
from agentdesk.store.addresses import to_json
from agentdesk.store.database import Tx

_FIELDS = (
    "conversation", "kind", "channel", "to_list", "cc_list", "bcc_list", "subject", "text", "quoted", "base", "message_id",
    "language", "snippets", "actions", "cursor",
)


def put(tx: Tx, draft: int, values: dict[str, Any]) -> int:
    """Save a draft (0: a new one); returns its id. A draft that was sent or discarded meanwhile is made anew."""
    values = {name: values[name] for name in _FIELDS} | {"conversation": threads.resolve(tx, values["conversation"])}
    if draft and tx.one("SELECT 1 FROM draft WHERE id = ?", (draft,)) is not None:
        sets = ", ".join(f"{name} = :{name}" for name in _FIELDS)
        tx.execute(f"UPDATE draft SET {sets}, updated_at = :now WHERE id = :id", {**values, "now": tx.now, "id": draft})
    else:
        names = ", ".join(_FIELDS)
        marks = ", ".join(f":{name}" for name in _FIELDS)
        draft = tx.insert(
            f"INSERT INTO draft ({names}, created_at, updated_at) VALUES ({marks}, :now, :now)", {**values, "now": tx.now}
        )
    tx.touch("draft", draft)
    if values["conversation"]:
        tx.touch("conversation", values["conversation"])
    return draft


def discard(tx: Tx, draft: int) -> None:
    """Throw a draft away. What was attached is kept aside under its negative number, until `forget_discarded`, for undo."""
    known = tx.one("SELECT conversation FROM draft WHERE id = ?", (draft,))
    if known is None:
        return
    tx.execute("UPDATE draft_file SET draft = -draft WHERE draft = ?", (draft,))
    tx.execute("DELETE FROM draft WHERE id = ?", (draft,))
    tx.touch("draft", draft)
    if known["conversation"]:
        tx.touch("conversation", known["conversation"])


def give_back_files(tx: Tx, discarded: int, draft: int) -> None:
    """What was attached to a draft that was thrown away belongs to the one that is in its place now."""
    tx.execute("UPDATE draft_file SET draft = ? WHERE draft = ? AND ? > 0", (draft, -discarded, discarded))
    tx.touch("draft", draft)


def forget_discarded(tx: Tx) -> None:
    """Nobody can take back any more what a window threw away that is gone."""
    tx.execute("DELETE FROM draft_file WHERE draft < 0")


def of_conversation(db: sqlite3.Connection, conversation: int, kind: str) -> sqlite3.Row | None:
    """The draft to go on with: the one that was written last."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM draft WHERE conversation = ? AND kind = ? AND conversation != 0 ORDER BY text = '', updated_at DESC, id DESC LIMIT 1",
        (conversation, kind),
    ).fetchone()
    return row


def by_id(db: sqlite3.Connection, draft: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM draft WHERE id = ?", (draft,)).fetchone()
    return row


def values_of(
    *, conversation: int, kind: str, channel: str, to: tuple[Address, ...], cc: tuple[Address, ...], bcc: tuple[Address, ...],
    subject: str, text: str, quoted: str, base: int, message_id: str, language: str, snippets: tuple[Insertion, ...],
    actions: dict[str, object], cursor: int,
) -> dict[str, Any]:  # fmt: skip
    """A draft as it is kept, and as it is sent: here every text of ours passes the gate, whoever typed or made it."""
    return {
        "conversation": conversation, "kind": kind, "channel": channel, "to_list": to_json(to), "cc_list": to_json(cc),
        "bcc_list": to_json(bcc), "subject": " ".join(written(subject).split()), "text": written(text), "quoted": quoted, "base": base, "message_id": message_id,
        "language": language, "snippets": insertion.to_json(snippets), "actions": json.dumps(actions), "cursor": cursor,
    }

