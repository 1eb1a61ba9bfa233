"""The outbox: replies on their way, each step recorded before it is made (`docs/decisions/0003-at-most-once.md`).

    held | scheduled -> queued -> fenced -> sending -> accepted -> filed        beside it: rejected, unknown, conflict

`sending` is written, with the attempt counted, before anything is handed to a server. A row found in `sending` after a crash
may have been delivered, so it becomes `unknown` and is looked for, never sent again by itself. `accepted` and `filed` are
two steps, and only the failed one repeats. What became of each recipient of a mail is in `store.recipients`.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from agentdesk.domain.conversation import MessageState
from agentdesk.locale import say
from agentdesk.store import fulltext, recipients, sent_snippets, threads
from agentdesk.store.database import Database, Tx

S = MessageState
UNSENT = (S.HELD, S.SCHEDULED, S.QUEUED, S.FENCED, S.SENDING)
"""What the engine still does something about before the customer has it."""
TROUBLE = (S.REJECTED, S.UNKNOWN, S.CONFLICT)
"""What waits for the agent's decision."""
TAKEN_BACK = (S.HELD, S.SCHEDULED, S.QUEUED, S.REJECTED, S.CONFLICT)
"""States in which nothing has been handed over, so a reply can become a draft again."""
OUT = (S.ACCEPTED, S.FILED)
"""What a server took, at least for some of its recipients."""

_FROM_DRAFT = (
    "conversation", "channel", "kind", "message_id", "to_list", "cc_list", "bcc_list", "subject", "text", "quoted", "in_reply_to",
    "reference_list", "base", "then_status", "then_until", "snippets", "actions", "language", "state", "hold_until", "signature", "cursor", "anyway",
)


def put(tx: Tx, values: dict[str, Any], draft: int) -> int:
    """Turn a draft into an outbox row: one transaction, so it is in exactly one of the two places."""
    names = ", ".join(_FROM_DRAFT)
    marks = ", ".join(f":{name}" for name in _FROM_DRAFT)
    row = tx.insert(
        f"INSERT INTO outbox ({names}, date, created_at) VALUES ({marks}, :now, :now)",
        {**{name: values[name] for name in _FROM_DRAFT}, "now": tx.now},
    )
    tx.execute("UPDATE draft_file SET draft = 0, outbox = ? WHERE draft = ? AND draft != 0", (row, draft))
    tx.execute("DELETE FROM draft WHERE id = ?", (draft,))
    announce(tx, row)
    return row


def whole_text(text: str, signature: str, quoted: str) -> str:
    """A mail's text as it is sent: what was written, the signature (RFC 3676, 4.3), what is quoted."""
    return "\n\n".join(part for part in (text, f"-- \n{signature}" if signature else "", quoted) if part)


def announce(tx: Tx, row: int) -> None:
    """Let the windows know that something about this reply changed."""
    tx.touch("outbox", row)
    tx.touch("list")
    conversation = tx.one("SELECT conversation FROM outbox WHERE id = ?", (row,))
    if conversation is not None and conversation["conversation"]:
        tx.touch("conversation", conversation["conversation"])


def move(tx: Tx, row: int, state: MessageState, *, expect: tuple[MessageState, ...], **values: Any) -> bool:
    """Change a row's state if it is still in one of the expected ones; False if somebody was quicker."""
    sets = "".join(f", {name} = :{name}" for name in values)
    marks = ", ".join(f"'{s.value}'" for s in expect)
    changed = tx.execute(
        f"UPDATE outbox SET state = :state{sets} WHERE id = :id AND state IN ({marks})", {**values, "state": state, "id": row}
    ).rowcount
    if changed:
        announce(tx, row)
        _show_state(tx, row, state)
    return bool(changed)


def _show_state(tx: Tx, row: int, state: MessageState) -> None:
    tx.execute(
        "UPDATE message SET state = ? WHERE direction = 'out' AND key = (SELECT channel || ':' || message_id FROM outbox WHERE id = ?)",
        (state, row),
    )


# A pause that ends later than any can be, or was written by a clock that shows less now, was written before the clock was set
# back: it is over. A schedule is meant by the clock as it is.
_DUE_AT = (
    "max(CASE WHEN next_try_at > :now + :longest OR tried_at > :now + 1000 THEN 0 ELSE next_try_at END,"
    " CASE WHEN state = 'scheduled' THEN hold_until ELSE 0 END)"
)
LONGEST_PAUSE = 2 * 3600_000
HAND_OVER = "state IN ('scheduled', 'queued')"
"""Rows the way out has something to do for, besides those that are held."""
FILE = "(state = 'accepted' OR (state = 'unknown' AND (looked_at = 0 OR next_try_at > 0)))"
"""Rows the mailbox has something to do for: filing, looking."""


def due(db: Database, channel: str, now: int, which: str) -> list[sqlite3.Row]:
    """Rows whose next step can be taken now, oldest first. `which` is `HAND_OVER` or `FILE`."""
    return db.all(
        f"SELECT * FROM outbox WHERE channel = :channel AND {which} AND {_DUE_AT} <= :now ORDER BY id",
        {"channel": channel, "now": now, "longest": LONGEST_PAUSE},
    )


def seconds_to_next(db: Database, channel: str, now: int, which: str, most: float) -> float:
    """How long nothing is due, at most `most`."""
    moment = db.value(
        f"SELECT min({_DUE_AT}) FROM outbox WHERE channel = :channel AND {which}",
        {"channel": channel, "now": now, "longest": LONGEST_PAUSE},
    )
    return most if moment is None else max(0.0, min(most, (moment - now) / 1000))


def recover(tx: Tx, channel: str = "") -> int:
    """What was being handed over when the engine died, or broke off, is unknown now. Returns how many; of one channel, or all."""
    rows = tx.all("SELECT id, state FROM outbox WHERE state IN ('sending', 'fenced') AND ? IN ('', channel)", (channel,))
    lost = 0
    for row in rows:
        if row["state"] == S.FENCED:  # nothing was handed over yet
            move(tx, row["id"], S.QUEUED, expect=(S.FENCED,))
        else:
            lost += move(
                tx, row["id"], S.UNKNOWN, expect=(S.SENDING,), looked_at=0, next_try_at=0, file_attempts=0, detail=say("store.ended_while_sending")
            )
    return lost + recipients.recover(tx, channel)


def restore_draft(tx: Tx, row: int, message_id: str = "") -> int | None:
    """Take a reply back: the very same draft, recipients, files and cursor; None if it is too late.

    `message_id`: a new one, for a reply that may have been handed over; by its word the agent takes that one back, too. The old
    id still leads here, should it have arrived and be answered.
    """
    found = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
    if found is None or found["state"] not in (*TAKEN_BACK, *((S.UNKNOWN,) if message_id else ())):
        return None
    handed = recipients.of(tx, row)
    if any(one.state == "accepted" for one in handed):
        return None  # some have it
    if message_id and found["conversation"]:
        threads.lead(tx, found["message_id"], found["conversation"])
    draft = tx.insert(
        "INSERT INTO draft (conversation, kind, channel, to_list, cc_list, bcc_list, subject, text, quoted, base, message_id, language,"
        " snippets, actions, cursor, created_at, updated_at) SELECT conversation, kind, channel, to_list, cc_list, bcc_list, subject,"
        " text, quoted, base, ?, language, snippets, actions, cursor, created_at, ? FROM outbox WHERE id = ?",
        (message_id or found["message_id"], tx.now, row),
    )
    tx.execute("UPDATE draft_file SET draft = ?, outbox = 0 WHERE outbox = ?", (draft, row))
    announce(tx, row)
    tx.execute("DELETE FROM recipient WHERE outbox = ?", (row,))
    sent_snippets.take_back(tx, row)
    tx.execute("DELETE FROM outbox WHERE id = ?", (row,))
    tx.touch("draft", draft)
    return draft


def moved_on(db: sqlite3.Connection | Tx, row: sqlite3.Row) -> bool:
    """Whether the conversation has a message the agent had not seen when writing this reply, and has not said what becomes of it."""
    return not row["override"] and bool(newer(db, row))


def newer(db: sqlite3.Connection | Tx, row: sqlite3.Row) -> list[sqlite3.Row]:
    """Messages of the conversation that the agent had not seen when writing this reply, oldest first.

    Only a reply can be overtaken: what goes to the warehouse stays right whatever the customer adds. A later row may be older
    mail that was brought in meanwhile, so its time counts too (the server's, which has seconds).
    """
    if not row["conversation"] or row["kind"] != "reply":
        return []
    return db.execute(
        "SELECT row, message_id, direction, from_name, from_address, at, coalesce(text, preview) AS text FROM message WHERE conversation = ? AND row > ? AND direction != 'note' AND automatic = 0"
        " AND at >= coalesce((SELECT at FROM message WHERE row = ?), 0)"
        " AND message_id NOT IN (SELECT message_id FROM outbox WHERE conversation = ?) ORDER BY at, row",
        (row["conversation"], row["base"], row["base"], row["conversation"]),
    ).fetchall()


def accept(tx: Tx, row: int, state: MessageState, remote_id: str, detail: str, sender: tuple[str, str]) -> bool:
    """The server took it: recorded at once, with the message as the conversation shows it. False if it was settled before."""
    now = tx.now
    if not move(
        tx, row, state, expect=(S.SENDING, S.UNKNOWN), accepted_at=now, remote_id=remote_id, detail=detail, attempts=0,
        filed_at=now if state is S.FILED else 0, next_try_at=0, file_attempts=0, file_detail="",
    ):
        return False
    recipients.arrived(tx, row)
    out = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
    known = tx.one("SELECT remote FROM conversation WHERE row = ?", (out["conversation"],))
    if known is None or (known["remote"] and not remote_id):  # a chat shows it itself, under an id of its own
        return True
    threads.lead(tx, out["message_id"], out["conversation"])  # some programs answer with this id alone
    preview = " ".join(out["text"].split())[:200]
    key = f"{out['channel']}:{remote_id or out['message_id']}"
    if tx.one("SELECT 1 FROM message WHERE key = ?", (key,)) is not None:
        return True
    message = tx.insert(
        "INSERT INTO message (key, channel, conversation, message_id, direction, from_name, from_address, to_list, cc_list, subject, at,"
        " in_reply_to, reference_list, preview, text, quoted, state, seen) VALUES (?, ?, ?, ?, 'out', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (key, out["channel"], out["conversation"], out["message_id"], sender[0], sender[1], out["to_list"], out["cc_list"],
         out["subject"], now, out["in_reply_to"], out["reference_list"], preview, out["text"], out["quoted"], state),
    )
    fulltext.add(tx, message)
    for file in tx.all("SELECT id, name, type, size, blob FROM draft_file WHERE outbox = ? ORDER BY id", (row,)):
        tx.execute(
            "INSERT INTO attachment (message, part, name, type, size, blob) VALUES (?, ?, ?, ?, ?, ?)",
            (message, f"sent:{file['id']}", file["name"], file["type"], file["size"], file["blob"]),
        )
    return True


def seen_in_sent(tx: Tx, row: int) -> None:
    """A copy lies in Sent: whatever step wanted to file it is done, also for one of unknown outcome: providers that file sent
    mail themselves may need a while."""
    was = tx.one("SELECT state, accepted_at FROM outbox WHERE id = ?", (row,))
    if move(
        tx, row, S.FILED, expect=(S.ACCEPTED, S.UNKNOWN), filed_at=tx.now, file_detail="", next_try_at=0, accepted_at=was["accepted_at"] or tx.now,
    ) and was["state"] == S.UNKNOWN:  # fmt: skip
        recipients.arrived(tx, row)


_CLOCKS_DIFFER = 300_000


def turned_up(tx: Tx, conversation: int, message: int, remote_id: str) -> None:
    """A message of ours that a chat shows: if it is a reply of unknown outcome, it did arrive."""
    shown = tx.one("SELECT text, at FROM message WHERE row = ?", (message,))
    for out in tx.all(
        "SELECT id, message_id, text FROM outbox WHERE conversation = ? AND state = 'unknown' AND created_at <= ? ORDER BY id",
        (conversation, shown["at"] + _CLOCKS_DIFFER),
    ):
        if out["text"].split() == shown["text"].split():
            tx.execute("UPDATE message SET message_id = ? WHERE row = ?", (out["message_id"], message))
            accept(tx, out["id"], S.FILED, remote_id, say("store.turned_up"), ("", ""))
            return
