"""The local team log: a file of its own (`team.db`), because it is truth and not cache.

Implements `team.base.TeamLog` for a lone agent. Sequence numbers are given inside the writing transaction, so a reader never
sees a later one before an earlier one.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentdesk.domain.events import Entry, EpochChanged, Event, Position
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.store.database import explained, make_private_file, moment

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, v INTEGER NOT NULL,
    target TEXT NOT NULL, actor TEXT NOT NULL, based_on TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS epoch (id TEXT NOT NULL) STRICT;
"""


class LocalTeamLog:
    """One agent's log of shared work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        make_private_file(path)
        try:
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
            try:
                self._db.row_factory = sqlite3.Row
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
                self._db.execute("INSERT INTO epoch SELECT ? WHERE NOT EXISTS (SELECT 1 FROM epoch)", (str(uuid.uuid4()),))
                self.epoch: str = self._db.execute("SELECT id FROM epoch").fetchone()["id"]
            except BaseException:
                self._db.close()
                raise
        except sqlite3.DatabaseError as error:
            raise DeskError(say("store.cannot_open", path=path, error=error)) from error

    def append(self, events: Sequence[Event]) -> None:
        """At least once: the same event may land twice."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for event in events:
                    self._db.execute(
                        "INSERT INTO log (id, at, kind, v, target, actor, based_on, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        (event.id, int(time.time() * 1000), event.kind, event.v, event.target, event.actor, event.based_on,
                         json.dumps(event.data, ensure_ascii=False)),
                    )
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk ends it by itself
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            known = explained(error, self._path)
            if known is None:
                raise
            raise known from error

    def since(self, after: Position | None) -> Iterator[Entry]:
        """Ascending and gap-free, from just after a position.

        Raises:
            EpochChanged: the position is of another file, or of a later state of this one (an older copy was put back).
        """
        start = 0
        if after is not None:
            last = self._db.execute("SELECT coalesce(max(seq), 0) AS seq FROM log").fetchone()["seq"]
            if after.epoch != self.epoch or after.seq > last:
                raise EpochChanged
            start = after.seq
        for row in self._db.execute("SELECT * FROM log WHERE seq > ? ORDER BY seq", (start,)):
            event = Event(
                id=row["id"], kind=row["kind"], target=row["target"], actor=row["actor"],
                data=json.loads(row["data"]), based_on=row["based_on"], v=row["v"],
            )
            yield Entry(Position(self.epoch, row["seq"]), moment(row["at"]), event)

    def backup(self, target: Path) -> None:
        copy = sqlite3.connect(target)
        try:
            self._db.backup(copy)
        finally:
            copy.close()

    def close(self) -> None:
        self._db.close()
