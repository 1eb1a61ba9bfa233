"""Jobs that bring in much: attachments and whole messages. One after another, a piece at a time.

They stand in the table `job` beside the others, as `part` (data.attachment) and `raw`. How far one is stands in the row, for the
screen; what has come stands in a file (`partials`), for going on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from agentdesk.store import cautions
from agentdesk.store.database import Database, Tx, now_millis
from agentdesk.store.jobs import FETCHES, LONGEST_PAUSE, MAX_ATTEMPTS, Job, job_of

ATTACHMENT, MESSAGE = "a", "m"
"""What the names of files in `partials` begin with."""
_RATE = "rate:"
"""Begins the keys in `meta` under which stands how fast a channel's last fetch was."""
_KINDS = f"kind IN {FETCHES!r}"


def name_of(job: Job) -> str:
    """Of its file in `partials`. An attachment's number and a message's are never given twice."""
    return attachment_name(int(job.data["attachment"])) if job.kind == "part" else message_name(job.message)


def attachment_name(attachment: int) -> str:
    return f"{ATTACHMENT}{attachment}"


def message_name(message: int) -> str:
    return f"{MESSAGE}{message}"


def want(tx: Tx, channel: str, kind: str, *, message: int, conversation: int, attachment: int = 0, part: str = "") -> int:
    """Queue it behind the others; what stands in the queue already stays where it is, what failed begins anew."""
    data = json.dumps({"attachment": attachment, "part": part} if kind == "part" else {}, ensure_ascii=False, sort_keys=True)
    known = tx.one(
        f"SELECT id, attempts, next_try_at FROM job WHERE channel = ? AND kind = ? AND message = ? AND data = ? AND {_KINDS}",
        (channel, kind, message, data),
    )
    if known is not None and known["attempts"] < MAX_ATTEMPTS:
        tx.execute("UPDATE job SET next_try_at = 0 WHERE id = ?", (known["id"],))
        tx.touch("job", known["id"])
        return int(known["id"])
    if known is not None:
        tx.execute("DELETE FROM job WHERE id = ?", (known["id"],))
    job = tx.insert(
        "INSERT INTO job (channel, kind, message, conversation, data, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (channel, kind, message, conversation, data, tx.now),
    )
    tx.touch("job", job)
    tx.touch("progress", conversation)
    return job


def cancel(tx: Tx, kind: str, *, message: int = 0, attachment: int = 0) -> bool:
    """Take it out of the queue; what has come of it stays here for a day. False if it was not there."""
    if kind == "part":
        rows = tx.all("SELECT id, conversation FROM job WHERE kind = 'part' AND json_extract(data, '$.attachment') = ?", (attachment,))
    else:
        rows = tx.all("SELECT id, conversation FROM job WHERE kind = 'raw' AND message = ?", (message,))
    for row in rows:
        tx.execute("DELETE FROM job WHERE id = ?", (row["id"],))
        tx.touch("job", row["id"])
        tx.touch("progress", row["conversation"])
    return bool(rows)


# -- for the engine


def first(database: Database, channel: str) -> Job | None:
    """The one whose turn it is; those that pause are passed over."""
    now = now_millis()
    row = database.one(
        f"SELECT * FROM job WHERE channel = ? AND {_KINDS} AND attempts < ? AND NOT next_try_at BETWEEN ? AND ? ORDER BY id LIMIT 1",
        (channel, MAX_ATTEMPTS, now + 1, now + LONGEST_PAUSE),
    )
    return None if row is None else job_of(row)


def seconds_to_next(database: Database, channel: str, most: float) -> float:
    """How long the engine has nothing to fetch."""
    if first(database, channel) is not None:
        return 0.0
    at = database.value(f"SELECT min(next_try_at) FROM job WHERE channel = ? AND {_KINDS} AND attempts < ?", (channel, MAX_ATTEMPTS))
    return most if at is None else max(0.0, min(most, (at - now_millis()) / 1000))


def wanted(database: Database, job: Job) -> bool:
    """The agent has not called it off."""
    return database.value("SELECT 1 FROM job WHERE id = ?", (job.id,)) is not None


def progress(database: Database, job: Job, *, fetched: int, total: int, rate: int) -> None:
    """It gets on: whatever went wrong before does not count any more."""

    def change(tx: Tx) -> None:
        tx.execute(
            "UPDATE job SET fetched = ?, total = ?, rate = ?, attempts = 1, error = '', next_try_at = 0 WHERE id = ?",
            (fetched, total, rate, job.id),
        )
        if rate:
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_RATE + job.channel, str(rate)))
        _note(tx, job, fetched)

    database.write(change)


def pause(database: Database, job: Job, seconds: float, error: str) -> None:
    """It can't go on now, by no fault of its own (the disk is full): the agent is told, and it tries again by itself."""

    def change(tx: Tx) -> None:
        tx.execute(
            "UPDATE job SET next_try_at = ?, error = ?, attempts = max(0, attempts - 1) WHERE id = ?",
            (tx.now + int(seconds * 1000), error, job.id),
        )
        tx.touch("progress", job.conversation)
        tx.touch("channel")

    database.write(change)


def here(database: Database, job: Job, digest: str, size: int, program: str = "") -> None:
    """All of it has come and is a blob now. `program`: the first one in it, if it is an archive that holds one."""

    def change(tx: Tx) -> None:
        tx.execute("DELETE FROM job WHERE id = ?", (job.id,))
        if job.kind == "part":
            attachment = int(job.data["attachment"])
            tx.execute("UPDATE attachment SET blob = ?, size = ? WHERE id = ?", (digest, size, attachment))
            cautions.of_archive(tx, attachment, program)
            tx.touch("blob", attachment)
        else:
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"raw:{job.message}", digest))
            tx.touch("blob", job.message)
        tx.touch("conversation", job.conversation)

    database.write(change)


def _note(tx: Tx, job: Job, fetched: int) -> None:
    if job.kind == "part":
        tx.execute("UPDATE attachment SET fetched = ? WHERE id = ?", (fetched, job.data["attachment"]))
    tx.touch("progress", job.conversation)


def names(database: Database) -> set[str]:
    """Of the files in `partials` that somebody waits for."""
    rows = database.all(f"SELECT * FROM job WHERE {_KINDS} AND attempts < ?", (MAX_ATTEMPTS,))
    return {name_of(job_of(row)) for row in rows}


# -- for whoever looks on


def last_rate(db: sqlite3.Connection, channel: str) -> int:
    """Bytes a second of a channel's last fetch; 0: there was none."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (_RATE + channel,)).fetchone()
    return 0 if row is None else int(row["value"])


def attachment_of(row: sqlite3.Row) -> int:
    """The attachment a job is for; 0 for a whole message."""
    return int(json.loads(row["data"]).get("attachment", 0))


def waiting(db: sqlite3.Connection, channel: str) -> Sequence[sqlite3.Row]:
    """Those of a channel in their order, with those that failed."""
    return db.execute(f"SELECT * FROM job WHERE channel = ? AND {_KINDS} ORDER BY id", (channel,)).fetchall()
