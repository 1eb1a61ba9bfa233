"""Attachments and whole messages: asking the engine for them, how far they are, taking them off the desk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agentdesk.desk.facts import AttachmentFact, Fetch
from agentdesk.errors import NotFound, Refused
from agentdesk.locale import say
from agentdesk.store import fetches, originals
from agentdesk.store.blobs import Blobs, save_new
from agentdesk.store.database import Database, Tx, now_millis
from agentdesk.store.jobs import LONGEST_PAUSE, MAX_ATTEMPTS

_LINE_UP = frozenset({"ready", "syncing"})
_ENCODED, _DECODED = 78, 57
"""Bytes of a line of base64, with its end, and what they hold: mail carries nearly every attachment so."""
_LONGEST_NAME = 60


class Files:
    """What is attached to messages, and messages as they came."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._db, self._blobs = database, blobs

    # -- asking for them

    def want(self, attachment: int) -> None:
        """Ask the engine for an attachment; it goes on where it stopped, and comes as a change of the topic `blob`."""
        row = self._db.one("SELECT message, part FROM attachment WHERE id = ?", (attachment,))
        if row is None:
            raise NotFound(say("desk.no_attachment"))
        if originals.holds(row["part"]):
            return  # it lies in what is here
        self._want(row["message"], attachment, row["part"])

    def want_raw(self, message: int) -> None:
        """Ask for the whole message as the server has it."""
        self._want(message)

    def _want(self, message: int, attachment: int = 0, part: str = "") -> None:
        def change(tx: Tx) -> None:
            row = tx.one("SELECT channel, conversation FROM message WHERE row = ?", (message,))
            if row is None:
                raise NotFound(say("desk.no_message"))
            kind = "part" if attachment else "raw"
            fetches.want(tx, row["channel"], kind, message=message, conversation=row["conversation"], attachment=attachment, part=part)

        self._db.write(change)

    def stop(self, attachment: int) -> bool:
        """Fetch it no further; what has come stays for a day. False if nobody was fetching it."""
        return self._db.write(lambda tx: fetches.cancel(tx, "part", attachment=attachment))

    def stop_raw(self, message: int) -> bool:
        return self._db.write(lambda tx: fetches.cancel(tx, "raw", message=message))

    # -- how far they are

    def facts(self, conversation: int) -> tuple[AttachmentFact, ...]:
        """Every attachment of a conversation, in the order of their numbers: of a message those first that stand in no text."""
        with self._db.snapshot() as db:
            found = attached(db, conversation)
            rows = db.execute("SELECT row FROM message WHERE conversation = ? ORDER BY at, row", (conversation,)).fetchall()
            return tuple(fact for row in rows for fact in sorted(found.get(row["row"], ()), key=_in_text))

    def fetch(self, attachment: int) -> Fetch | None:
        """How far an attachment is that was asked for."""
        with self._db.snapshot() as db:
            row = db.execute("SELECT m.channel FROM attachment a JOIN message m ON m.row = a.message WHERE a.id = ?", (attachment,)).fetchone()
            return None if row is None else _Line(db, row["channel"]).asked.get(("part", attachment))

    def raw_fetch(self, message: int) -> Fetch | None:
        with self._db.snapshot() as db:
            row = db.execute("SELECT channel FROM message WHERE row = ?", (message,)).fetchone()
            return None if row is None else _Line(db, row["channel"]).asked.get(("raw", message))

    def raw_size(self, message: int) -> int:
        """How long the whole message is, as the server says; 0 if it did not."""
        return int(self._db.value("SELECT size FROM message WHERE row = ?", (message,)) or 0)

    def here(self, attachment: int) -> bool:
        row = self._db.one("SELECT part, blob FROM attachment WHERE id = ?", (attachment,))
        return row is not None and (row["blob"] != "" or originals.holds(row["part"]))

    def raw_here(self, message: int) -> bool:
        return self._db.value("SELECT 1 FROM meta WHERE key = ?", (f"raw:{message}",)) is not None

    # -- having them

    def content(self, attachment: int) -> bytes | None:
        """The content if it is here."""
        row = self._db.one("SELECT message, part, blob FROM attachment WHERE id = ?", (attachment,))
        if row is not None and not row["blob"] and originals.holds(row["part"]):
            from agentdesk.mail import inner  # noqa: PLC0415 - readers of mail are slow to import, and few mails hold such a file

            return inner.content(row["part"], originals.of_message(self._db, row["message"]))
        return self._blobs.get(row["blob"]) if row is not None and row["blob"] else None

    def raw(self, message: int) -> bytes | None:
        digest = self._db.value("SELECT value FROM meta WHERE key = ?", (f"raw:{message}",))
        return self._blobs.get(digest) if digest else None

    def save(self, attachment: int, folder: Path) -> Path:
        """Write an attachment into a folder under a safe name, never over another file.

        Raises:
            Refused: it is not here yet, or the folder can't be written.
        """
        row = self._db.one("SELECT name FROM attachment WHERE id = ?", (attachment,))
        content = self.content(attachment)
        if row is None or content is None:
            raise Refused(say("desk.not_here_yet"))
        return _save(folder, row["name"], content)

    def save_raw(self, message: int, folder: Path) -> Path:
        """Write a message as it came, byte for byte, named by its subject."""
        content = self.raw(message)
        if content is None:
            raise Refused(say("desk.not_here_yet"))
        subject = self._db.value("SELECT subject FROM message WHERE row = ?", (message,)) or "message"
        return _save(folder, f"{subject[:_LONGEST_NAME]}.eml", content)


def _save(folder: Path, name: str, content: bytes) -> Path:
    try:
        return save_new(folder.expanduser(), name, content)
    except OSError as error:
        raise Refused(say("desk.cannot_save", folder=folder, error=error.strerror or error)) from error


def attached(db: sqlite3.Connection, conversation: int) -> dict[int, list[AttachmentFact]]:
    """The attachments of a conversation by message."""
    found: dict[int, list[AttachmentFact]] = {}
    lines: dict[str, _Line] = {}
    for a in db.execute(
        "SELECT a.*, m.channel FROM attachment a JOIN message m ON m.row = a.message WHERE m.conversation = ? ORDER BY a.id", (conversation,)
    ):
        here = a["blob"] != "" or originals.holds(a["part"])
        line = None if here else lines.get(a["channel"]) or lines.setdefault(a["channel"], _Line(db, a["channel"]))
        fetch = line.asked.get(("part", a["id"])) if line is not None else None
        found.setdefault(a["message"], []).append(
            AttachmentFact(
                a["id"], a["name"], a["type"], a["size"], inline=bool(a["inline"]), here=here, fetch=fetch,
                fetched=0 if here else a["fetched"],
                seconds=line.seconds(a["size"], a["fetched"]) if line is not None else None,
            )
        )
    return found


def _is_here(row: sqlite3.Row) -> bool:
    """It was fetched, or lies within the text of its message."""
    return row["blob"] != "" or originals.holds(row["part"])


def _in_text(fact: AttachmentFact) -> bool:
    return fact.inline and fact.type.startswith("image/")


def raw_asked(db: sqlite3.Connection, conversation: int) -> dict[int, Fetch]:
    """Whole messages of a conversation that have been asked for."""
    rows = db.execute(
        "SELECT m.row, m.channel FROM job j JOIN message m ON m.row = j.message WHERE j.kind = 'raw' AND m.conversation = ?", (conversation,)
    ).fetchall()
    return {row["row"]: _Line(db, row["channel"]).asked[("raw", row["row"])] for row in rows}


class _Line:
    """What stands in the queue of a channel, and how fast that line is."""

    def __init__(self, db: sqlite3.Connection, channel: str) -> None:
        self.asked: dict[tuple[str, int], Fetch] = {}
        known = db.execute("SELECT kind, state, link, bytes_per_second FROM channel WHERE name = ?", (channel,)).fetchone()
        self._mail = known is None or known["kind"] == "imap"
        self._rate = (known["bytes_per_second"] if known is not None else 0) or fetches.last_rate(db, channel)
        up = known is not None and known["state"] in _LINE_UP
        now, place = now_millis(), 0
        for row in fetches.waiting(db, channel):
            data = fetches.attachment_of(row)
            state = "waiting"
            if row["attempts"] >= MAX_ATTEMPTS:
                state = "failed"
            elif now < row["next_try_at"] <= now + LONGEST_PAUSE:
                state = "paused"
            else:
                place += 1
                self._rate = row["rate"] or self._rate
                state = "fetching" if place == 1 and up else "waiting"
            self.asked[(row["kind"], data or row["message"])] = Fetch(
                state, fetched=row["fetched"], total=row["total"], rate=row["rate"] if state == "fetching" else 0,
                place=place if state in {"waiting", "fetching"} else 0, reason=row["error"], line_up=up,
            )

    def seconds(self, size: int, fetched: int) -> float | None:
        """How long an attachment of this size would take; None where the line has not been measured."""
        if not self._rate:
            return None
        encoded = size * _ENCODED // _DECODED if self._mail else size
        return max(0, encoded - fetched) / self._rate
