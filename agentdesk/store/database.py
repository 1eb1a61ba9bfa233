"""The desk's database: SQLite in WAL mode, one writer thread a process, readers beside it.

Why one writer thread: a stopped or busy second writer blocks an INSERT for seconds; a queue in front of a single connection
makes every write of a process short and ordered, and never holds up the screen. Transactions are small (at most some 50
messages), so a window's write waits a few milliseconds while the engine syncs. What changed is written as `revision` rows in
the same transaction and read by other processes after `PRAGMA data_version` says that something did.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from agentdesk.errors import DeskError, NotSaved, Refused
from agentdesk.locale import say
from agentdesk.store import migrations, trouble
from agentdesk.store.lock import DeskLock

SCHEMA_VERSION = 5
KEEP_REVISIONS = 20_000
BUSY_SECONDS = 5.0
MIGRATION_PATIENCE = 10.0
"""Seconds a desk of an earlier version is waited for, while another one holds its lock: a new engine is bringing it up, or an old one works."""

T = TypeVar("T")


def millis(moment: datetime | None) -> int:
    """A moment as it is stored: milliseconds since 1970; 0 for none."""
    return 0 if moment is None else int(moment.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """A stored moment; out-of-range values become the epoch's start instead of an error."""
    try:
        return datetime.fromtimestamp(stored / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def moment_or_none(stored: int) -> datetime | None:
    return moment(stored) if stored else None


def now_millis() -> int:
    return int(time.time() * 1000)


class Tx:
    """A running write transaction. `touch` names what changed; it is announced with the commit."""

    __slots__ = ("_touched", "db", "now")

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.now = now_millis()
        self._touched: dict[tuple[str, int], None] = {}

    def execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first row, or None."""
        return self.db.execute(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    def insert(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Run an INSERT and return the new row's number."""
        row = self.db.execute(sql, values).lastrowid
        assert row is not None
        return row

    def touch(self, topic: str, row: int = 0) -> None:
        self._touched[(topic, row)] = None

    def announce(self) -> None:
        self.db.executemany("INSERT INTO revision (topic, id) VALUES (?, ?)", list(self._touched))


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512)
    db.row_factory = sqlite3.Row
    # SQLite's own lower() knows ASCII only: "È arrivato" would not be found by "è".
    db.create_function("folded", 1, _folded, deterministic=True)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def make_private_file(path: Path) -> None:
    """An empty file for its owner alone, unless there is one.

    Raises:
        DeskError: the folder can't be written, or is none.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise DeskError(say("store.cannot_open", path=path, error=error.strerror or error)) from error


_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_CANNOT = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def _plain_code(error: sqlite3.Error) -> int:
    """Extended codes carry the plain one in the lowest byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def explained(error: sqlite3.Error, path: Path) -> DeskError | None:
    """What the agent can do about it; None for a defect of ours."""
    code = _plain_code(error)
    if code in _FULL:
        return NotSaved(say("store.disk_full", path=path.parent))
    if code in _BUSY:
        return NotSaved(say("store.busy", path=path))
    if code in _CANNOT:
        return DeskError(say("store.cannot_open", path=path, error=error))
    return None


def _use_log(db: sqlite3.Connection) -> None:
    """Write-ahead logging. Where two switch to it at once, SQLite tells one of them at once that the file is locked: it is asked again."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _plain_code(error) not in _BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


class Database:
    """An open desk.db. Reads run on the calling thread, writes on the writer thread; both may be used from any thread."""

    def __init__(self, path: Path, *, holds_lock: bool = False) -> None:
        """Open, create if it is not there, and bring to this version if it is of an earlier one.

        Args:
            path: desk.db in the desk's state folder.
            holds_lock: the caller has the desk's lock. Others take it for as long as a migration needs it.

        Raises:
            DeskError: the file can't be opened, is no database, was written by a newer version, or is of an earlier one that somebody
                still works with.
        """
        self.path = path
        self.full = ""
        """Why the last transaction could not be written down, where that was the disk's fault; empty again after the next that was."""
        make_private_file(path)
        try:
            self._writer = _connect(path)
            try:
                _use_log(self._writer)
                self._writer.execute("PRAGMA synchronous = FULL")
                self._prepare(holds_lock=holds_lock)
            except BaseException:
                self._writer.close()
                raise
        except sqlite3.DatabaseError as error:
            raise explained(error, path) or DeskError(say("store.cannot_open", path=path, error=error)) from error
        self._readers = threading.local()
        self._all_readers: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[tuple[Callable[[Tx], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._thread.start()

    def _prepare(self, *, holds_lock: bool) -> None:
        db = self._writer
        if migrations.version_of(db) == 0:
            self._create()
        if migrations.version_of(db) < SCHEMA_VERSION:
            self._migrate(holds_lock=holds_lock)
        if migrations.version_of(db) > SCHEMA_VERSION:
            raise Refused(say("store.newer", path=self.path))

    def _create(self) -> None:
        db = self._writer
        db.execute("BEGIN IMMEDIATE")
        try:
            if migrations.version_of(db) == 0:  # nobody else was faster
                migrations.run_script(db, (Path(__file__).with_name("schema.sql")).read_text("utf-8"))
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _migrate(self, *, holds_lock: bool) -> None:
        if holds_lock:
            self._bring_up()
            return
        lock = DeskLock(self.path.parent)
        end = time.monotonic() + MIGRATION_PATIENCE
        while not lock.take():
            if migrations.version_of(self._writer) >= SCHEMA_VERSION:
                return
            if time.monotonic() > end:
                raise Refused(say("store.older", path=self.path))
            time.sleep(0.05)
        try:
            self._bring_up()
        finally:
            lock.release()

    def _bring_up(self) -> None:
        try:
            migrations.run(self._writer, self.path, SCHEMA_VERSION)
        except OSError as error:  # of the copy made before
            raise DeskError(say("store.cannot_copy", path=self.path, error=error.strerror or error)) from error

    # -- reading

    def reader(self) -> sqlite3.Connection:
        """This thread's reading connection."""
        db: sqlite3.Connection | None = getattr(self._readers, "db", None)
        if db is None:
            db = _connect(self.path)
            db.execute("PRAGMA query_only = ON")
            self._readers.db = db
            with self._lock:
                for thread, other in self._all_readers:
                    if not thread.is_alive():
                        other.close()
                self._all_readers = [(thread, other) for thread, other in self._all_readers if thread.is_alive()]
                self._all_readers.append((threading.current_thread(), db))
        return db

    def all(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        return self.reader().execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first row, or None."""
        return self.reader().execute(sql, values).fetchone()

    def value(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.reader().execute(sql, values).fetchone()
        return None if row is None else row[0]

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Several reads that see one state."""
        db = self.reader()
        if db.in_transaction:
            yield db
            return
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("COMMIT")

    # -- writing

    def submit(self, change: Callable[[Tx], T]) -> Future[T]:
        """Queue a change; it runs in one transaction on the writer thread. Its exception is the future's."""
        future: Future[T] = Future()
        with self._lock:  # nothing is queued behind the end, where nobody would answer it
            if self._closed:
                raise DeskError(say("store.closed"))
            self._work.put((change, future))
        return future

    def write(self, change: Callable[[Tx], T]) -> T:
        """Run a change and wait for its commit."""
        return self.submit(change).result()

    def _write_loop(self) -> None:
        while (job := self._work.get()) is not None:
            change, future = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._transact(change))
            except BaseException as error:  # noqa: BLE001 - whatever happened belongs to who asked
                future.set_exception(error)

    def _transact(self, change: Callable[[Tx], T]) -> T:
        db = self._writer
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                tx = Tx(db)
                result = change(tx)
                tx.announce()
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            known = explained(error, self.path)
            if known is None:
                raise
            if _plain_code(error) in _FULL:
                self.full = str(known)
            raise known from error
        self.full = ""
        return result

    def prune_revisions(self) -> None:
        """Forget old announcements (the engine calls it now and then)."""
        self.write(lambda tx: tx.execute("DELETE FROM revision WHERE seq < (SELECT max(seq) FROM revision) - ?", (KEEP_REVISIONS,)))

    def backup(self, target: Path) -> None:
        """A consistent copy while others work; what is on its way is of unknown outcome in it."""
        copy = sqlite3.connect(target)
        try:
            self.reader().backup(copy)
            with copy:
                migrations.leave_unsent(copy)
        finally:
            copy.close()

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._work.put(None)
        self._thread.join()
        with self._lock:
            for _, db in self._all_readers:
                db.close()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Changes:
    """What other connections changed since the last look. Costs one PRAGMA while nothing does."""

    EVERYTHING = frozenset({("list", 0), ("outbox", 0), ("channel", 0), ("orders", 0), ("question", 0), ("all", 0)})
    TROUBLE = frozenset({("channel", 0)})
    """What could not be announced in the store (`store.trouble`)."""

    def __init__(self, database: Database) -> None:
        self._db = _connect(database.path)
        self._db.execute("PRAGMA query_only = ON")
        self._state = database.path.parent
        self._version = self._data_version()
        self._seq = self._last()
        self._told, self._words = trouble.changed_at(self._state), trouble.trouble_of(self._state)

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _last(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM revision").fetchone()[0])

    def poll(self) -> frozenset[tuple[str, int]]:
        """(topic, id) pairs since the last poll; `EVERYTHING` if announcements were missed."""
        announced = self._announced()
        told, self._told = self._told, trouble.changed_at(self._state)
        if told == self._told:
            return announced
        words, self._words = self._words, trouble.trouble_of(self._state)
        return announced if words == self._words else announced | self.TROUBLE

    def _announced(self) -> frozenset[tuple[str, int]]:
        version = self._data_version()
        if version == self._version:
            return frozenset()
        self._version = version
        rows = self._db.execute("SELECT seq, topic, id FROM revision WHERE seq > ? ORDER BY seq", (self._seq,)).fetchall()
        if not rows:
            return frozenset()
        missed = rows[0]["seq"] > self._seq + 1 and rows[0]["seq"] > 1
        self._seq = rows[-1]["seq"]
        return self.EVERYTHING if missed else frozenset((row["topic"], row["id"]) for row in rows)

    def close(self) -> None:
        self._db.close()


def placeholders(values: Iterable[object]) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" for _ in values)
