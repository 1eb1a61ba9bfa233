"""The demo's memory: one SQLite file that outlives the server.

Everything a client was told is done is committed here first, so a killed server loses nothing it acknowledged: messages with
their UIDs, flags, folders, chats, what left the shop, and which customers still mean to write. Write-ahead log with
`synchronous = NORMAL`: a killed process loses nothing, a power cut at most the last moments (and never the file).
"""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from agentdesk.demo.season_types import Attachment, ScriptedAnswer, Season

FOLDERS = ("INBOX", "Sent", "Drafts", "Archive", "Junk")


@dataclass(frozen=True, slots=True)
class Folder:
    name: str
    uid_validity: int
    uid_next: int
    subscribed: bool


@dataclass(frozen=True, slots=True)
class MailRow:
    """A message in a folder, without its content."""

    uid: int
    content: int
    received: datetime
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that left the shop."""

    id: int
    at: float
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Script:
    """A scripted answer and where it stands."""

    id: int
    answer: ScriptedAnswer
    due_at: float | None
    reply_to: int | None
    """What is answered: the row of a delivered mail or the id of a chat."""


class Journal:
    """The open file. Used by one thread of one process (`server.lock` sees to that)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA foreign_keys = ON")

    @classmethod
    def create(
        cls,
        path: Path,
        season: Season,
        *,
        seed: int,
        uid_validity: int | None = None,
        more: Callable[[Journal], None] | None = None,
    ) -> Journal:
        """A new journal filled with `season` and by `more`; it appears under its name when it is whole.

        `uid_validity` must differ from that of any earlier journal at this place (RFC 3501 2.3.1.1).
        """
        draft = path.with_name(path.name + ".new")
        for leftover in _files_of(draft):
            leftover.unlink(missing_ok=True)
        journal = cls(draft)
        try:
            journal.db.executescript(files("agentdesk.demo").joinpath("journal.sql").read_text("utf-8"))
            with journal.change():
                journal.set_meta("seed", str(seed))
                journal.set_meta("orders", json.dumps(season.orders, ensure_ascii=False))
                journal._fill(season, int(time.time()) if uid_validity is None else uid_validity)
            if more is not None:
                more(journal)
            journal.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            journal.close()
        for old in _files_of(path):
            old.unlink(missing_ok=True)
        draft.rename(path)
        return cls(path)

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def _fill(self, season: Season, uid_validity: int) -> None:
        for position, name in enumerate(FOLDERS):
            self.db.execute("INSERT INTO folder VALUES (?, ?, 1, 1)", (name, uid_validity + position))
        for mail in sorted(season.mails, key=lambda mail: mail.received):
            self.add_mail(mail.folder, mail.raw, mail.received, frozenset({r"\Seen"} if mail.seen else ()))
        self.db.executemany(
            "INSERT INTO script (kind, customer, after_seconds, data) VALUES (?, ?, ?, ?)",
            [(a.kind, a.customer.lower(), a.after_seconds, _pack(a)) for a in season.answers],
        )

    def meta(self, name: str) -> str:
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def orders(self) -> list[dict[str, str]]:
        """The shop's orders, as rows of orders.csv."""
        rows: list[dict[str, str]] = json.loads(self.meta("orders"))
        return rows

    # The mailbox ------------------------------------------------------------------------------------------------------

    def folders(self) -> list[Folder]:
        rows = self.db.execute("SELECT name, uid_validity, uid_next, subscribed FROM folder ORDER BY rowid")
        return [Folder(name, validity, following, bool(subscribed)) for name, validity, following, subscribed in rows]

    def add_folder(self, name: str) -> Folder:
        highest = self.db.execute("SELECT max(uid_validity) FROM folder").fetchone()[0]
        validity = max(highest + 1, int(time.time()))
        self.db.execute("INSERT INTO folder VALUES (?, ?, 1, 0)", (name, validity))
        return Folder(name, validity, 1, subscribed=False)

    def remove_folder(self, name: str) -> None:
        with self.change():
            self.db.execute("DELETE FROM folder WHERE name = ?", (name,))
            self._drop_orphans()

    def rename_folder(self, before: str, after: str) -> None:
        self.db.execute("UPDATE folder SET name = ? WHERE name = ?", (after, before))

    def subscribe(self, name: str, *, subscribed: bool) -> None:
        self.db.execute("UPDATE folder SET subscribed = ? WHERE name = ?", (subscribed, name))

    def mails(self, folder: str) -> list[MailRow]:
        rows = self.db.execute(
            "SELECT uid, content, received, flags FROM mail WHERE folder = ? ORDER BY uid", (folder,)
        )
        return [
            MailRow(uid, content, datetime.fromisoformat(received), frozenset(flags.split()))
            for uid, content, received, flags in rows
        ]

    def content(self, content: int) -> bytes:
        row = self.db.execute("SELECT raw FROM content WHERE id = ?", (content,)).fetchone()
        return b"" if row is None else bytes(row[0])

    def add_mail(self, folder: str, raw: bytes, received: datetime, flags: frozenset[str]) -> MailRow:
        with self._joined():
            cursor = self.db.execute("INSERT INTO content (raw) VALUES (?)", (raw,))
            assert cursor.lastrowid is not None
            return self._place(folder, cursor.lastrowid, received, flags)

    def copy_mail(self, mail: MailRow, folder: str) -> MailRow:
        with self._joined():
            return self._place(folder, mail.content, mail.received, mail.flags)

    def move_mail(self, mail: MailRow, source: str, folder: str) -> MailRow:
        with self._joined():
            self.db.execute("DELETE FROM mail WHERE folder = ? AND uid = ?", (source, mail.uid))
            return self._place(folder, mail.content, mail.received, mail.flags)

    def remove_mails(self, folder: str, uids: Sequence[int]) -> None:
        with self._joined():
            self.db.executemany("DELETE FROM mail WHERE folder = ? AND uid = ?", [(folder, uid) for uid in uids])
            self._drop_orphans()

    def set_flags(self, folder: str, uid: int, flags: frozenset[str]) -> None:
        self.db.execute(
            "UPDATE mail SET flags = ? WHERE folder = ? AND uid = ?", (" ".join(sorted(flags)), folder, uid)
        )

    def _place(self, folder: str, content: int, received: datetime, flags: frozenset[str]) -> MailRow:
        uid = int(self.db.execute("SELECT uid_next FROM folder WHERE name = ?", (folder,)).fetchone()[0])
        self.db.execute("UPDATE folder SET uid_next = ? WHERE name = ?", (uid + 1, folder))
        self.db.execute(
            "INSERT INTO mail VALUES (?, ?, ?, ?, ?)",
            (folder, uid, content, received.isoformat(), " ".join(sorted(flags))),
        )
        return MailRow(uid, content, received, flags)

    def _drop_orphans(self) -> None:
        self.db.execute("DELETE FROM content WHERE NOT EXISTS (SELECT 1 FROM mail WHERE mail.content = content.id)")

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """A transaction of its own, or part of the one that is open."""
        if self.db.in_transaction:
            yield
        else:
            with self.change():
                yield

    # The outside world ------------------------------------------------------------------------------------------------

    def add_delivered(self, sender: str, recipients: Sequence[str], message_id: str, raw: bytes) -> tuple[int, bool]:
        """Record what left the shop; returns its row and whether a message with this Message-ID had left before."""
        with self._joined():
            known = self.db.execute("SELECT 1 FROM delivered WHERE message_id = ?", (message_id,)).fetchone()
            cursor = self.db.execute(
                "INSERT INTO delivered (at, sender, recipients, message_id, raw) VALUES (?, ?, ?, ?, ?)",
                (time.time(), sender, json.dumps(list(recipients)), message_id, raw),
            )
            assert cursor.lastrowid is not None
            self.db.executemany(
                "INSERT OR IGNORE INTO delivered_to VALUES (?, ?)",
                [(recipient.lower(), cursor.lastrowid) for recipient in recipients],
            )
            return cursor.lastrowid, bool(message_id and known)

    def delivered(self, row: int) -> Delivered:
        return next(self._delivered("WHERE id = ?", (row,)))

    def delivered_all(self) -> list[Delivered]:
        return list(self._delivered("ORDER BY id"))

    def delivered_to(self, address: str) -> list[Delivered]:
        where = "WHERE id IN (SELECT delivered FROM delivered_to WHERE address = ?) ORDER BY id"
        return list(self._delivered(where, (address.lower(),)))

    def _delivered(self, where: str, values: Sequence[object] = ()) -> Iterator[Delivered]:
        query = f"SELECT id, at, sender, recipients, message_id, raw FROM delivered {where}"
        for row, at, sender, recipients, message_id, raw in self.db.execute(query, tuple(values)):
            yield Delivered(row, at, sender, tuple(json.loads(recipients)), message_id, bytes(raw))

    # Customers who mean to write --------------------------------------------------------------------------------------

    def next_script(self, kind: str, customer: str) -> Script | None:
        """The oldest answer of this customer that waits for a reply of ours."""
        where = "WHERE state = 'waiting' AND kind = ? AND customer = ? ORDER BY id LIMIT 1"
        return next(self._scripts(where, (kind, customer.lower())), None)

    def news(self) -> list[Script]:
        """What customers have still to write without being asked."""
        return list(self._scripts("WHERE state <> 'done' AND kind IN ('new-mail', 'new-chat') ORDER BY after_seconds"))

    def told_news(self) -> float:
        """How far into the script of those we are, in seconds."""
        query = "SELECT max(after_seconds) FROM script WHERE state = 'done' AND kind IN ('new-mail', 'new-chat')"
        return float(self.db.execute(query).fetchone()[0] or 0.0)

    def due_scripts(self) -> list[Script]:
        return list(self._scripts("WHERE state = 'due' ORDER BY due_at, id"))

    def set_due(self, script: int, due_at: float, reply_to: int | None) -> None:
        self.db.execute(
            "UPDATE script SET state = 'due', due_at = ?, reply_to = ? WHERE id = ?", (due_at, reply_to, script)
        )

    def set_done(self, script: int) -> None:
        self.db.execute("UPDATE script SET state = 'done' WHERE id = ?", (script,))

    def _scripts(self, where: str, values: Sequence[object] = ()) -> Iterator[Script]:
        query = f"SELECT id, kind, customer, after_seconds, data, due_at, reply_to FROM script {where}"
        rows = self.db.execute(query, tuple(values)).fetchall()
        for row, kind, customer, after_seconds, data, due_at, reply_to in rows:
            yield Script(row, _unpack(kind, customer, after_seconds, data), due_at, reply_to)


def _files_of(path: Path) -> tuple[Path, ...]:
    """A database and the files SQLite keeps beside it."""
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _pack(answer: ScriptedAnswer) -> str:
    return json.dumps(
        {
            "text": answer.text,
            "subject": answer.subject,
            "name": answer.name,
            "language": answer.language,
            "attachments": [
                {"name": a.name, "type": a.type, "content": base64.b64encode(a.content).decode("ascii")}
                for a in answer.attachments
            ],
        },
        ensure_ascii=False,
    )


def _unpack(kind: str, customer: str, after_seconds: float, data: str) -> ScriptedAnswer:
    fields = json.loads(data)
    attachments = tuple(
        Attachment(item["name"], item["type"], base64.b64decode(item["content"])) for item in fields.pop("attachments")
    )
    return ScriptedAnswer(
        kind=kind,  # type: ignore[arg-type] # written by us from the same type
        customer=customer,
        after_seconds=after_seconds,
        attachments=attachments,
        **fields,
    )
