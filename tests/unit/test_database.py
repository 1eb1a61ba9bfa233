"""The database of a desk: transactions, announcements, faults of the disk, its end."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.errors import DeskError, Refused
from agentdesk.store import database as module
from agentdesk.store.database import Changes, Database
from tests.desks import Mailbox, desk_config


@pytest.fixture
def database(tmp_path: Path):
    with Database(tmp_path / "state" / "desk.db") as opened:
        yield opened


def put(key: str, value: str = ""):
    return lambda tx: tx.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))


def keys(database: Database) -> list[str]:
    return [row["key"] for row in database.all("SELECT key FROM meta ORDER BY key")]


def test_only_its_owner_can_read_it(database: Database) -> None:
    database.write(put("a"))
    for file in database.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700


def test_a_change_that_fails_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    def broken(tx) -> None:
        put("a")(tx)
        tx.touch("list")
        raise ValueError("a defect")

    changes = Changes(database)
    with pytest.raises(ValueError, match="a defect"):
        database.write(broken)
    database.write(put("b"))
    assert keys(database) == ["b"]
    assert changes.poll() == frozenset()
    changes.close()


def test_writes_from_many_threads_are_all_done_and_in_order(database: Database) -> None:
    threads = [threading.Thread(target=lambda n=n: [database.write(put(f"{n}-{i}")) for i in range(10)]) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys(database)) == 50


def test_closing_finishes_what_is_queued_and_refuses_more(tmp_path: Path) -> None:
    database = Database(tmp_path / "desk.db")
    futures = [database.submit(put(str(n))) for n in range(20)]
    database.close()
    assert all(future.done() and future.exception() is None for future in futures)
    database.close()
    with pytest.raises(DeskError):
        database.write(put("late"))
    with Database(tmp_path / "desk.db") as again:
        assert len(keys(again)) == 20


def test_short_lived_threads_leave_no_connections_behind(database: Database) -> None:
    for _ in range(20):
        thread = threading.Thread(target=lambda: database.value("SELECT 1"))
        thread.start()
        thread.join()
    database.value("SELECT 1")
    assert len(database._all_readers) <= 2


def test_a_snapshot_sees_one_state_also_within_another(database: Database) -> None:
    with database.snapshot() as db:
        assert db.execute("SELECT count(*) FROM meta").fetchone()[0] == 0
        database.write(put("a"))
        with database.snapshot() as inner:
            assert inner.execute("SELECT count(*) FROM meta").fetchone()[0] == 0
        assert db.execute("SELECT count(*) FROM meta").fetchone()[0] == 0
    assert keys(database) == ["a"]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError):
        database.reader().execute("DELETE FROM meta")


def test_changes_are_announced_to_other_processes(database: Database) -> None:
    other = Database(database.path)
    changes = Changes(other)
    database.write(lambda tx: tx.touch("conversation", 7))
    database.write(lambda tx: tx.touch("list"))
    assert changes.poll() == {("conversation", 7), ("list", 0)}
    assert changes.poll() == frozenset()
    changes.close()
    other.close()


def test_who_slept_too_long_is_told_that_everything_may_have_changed(database: Database, monkeypatch) -> None:
    monkeypatch.setattr(module, "KEEP_REVISIONS", 3)
    changes = Changes(database)
    for n in range(10):
        database.write(lambda tx, n=n: tx.touch("conversation", n))
    database.prune_revisions()
    assert changes.poll() == Changes.EVERYTHING
    database.write(lambda tx: tx.touch("list"))
    assert changes.poll() == {("list", 0)}
    changes.close()


def test_a_full_disk_is_said_and_nothing_is_half_written(database: Database) -> None:
    database._writer.execute("PRAGMA max_page_count = 1")  # as large as it is now, and not a page more
    with pytest.raises(DeskError, match="disk is full"):
        database.write(put("a", "x" * 1_000_000))
    database._writer.execute("PRAGMA max_page_count = 1000000")
    database.write(put("b"))
    assert keys(database) == ["b"]


def test_a_database_that_another_program_holds_is_said(database: Database) -> None:
    database._writer.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DeskError, match="another program"):
        database.write(put("a"))
    other.execute("ROLLBACK")
    other.close()
    database.write(put("a"))


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_bytes(b"this is not a database, but somebody may want it" * 100)
    before = path.read_bytes()
    with pytest.raises(DeskError, match="backup"):
        Database(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(DeskError):
        Database(tmp_path / "state" / "desk.db")


def test_a_newer_database_is_refused_kindly_and_not_touched(tmp_path: Path) -> None:
    Database(tmp_path / "desk.db").close()
    db = sqlite3.connect(tmp_path / "desk.db")
    db.execute(f"PRAGMA user_version = {module.SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(Refused, match="newer"):
        Database(tmp_path / "desk.db")


def test_two_who_open_a_new_desk_at_once_make_one(tmp_path: Path) -> None:
    errors: list[BaseException] = []
    begin = threading.Barrier(4)

    def open_it() -> None:
        begin.wait()
        try:
            Database(tmp_path / "desk.db").close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_copy_never_sends_what_the_desk_sends_itself(tmp_path: Path) -> None:
    """A queue put back from a backup would send again what went out since."""
    with Desk.open(desk_config(tmp_path)) as desk:
        Mailbox(desk).bring("a", "Ciao")
        draft = desk.writing.draft(desk.queue.ids("all")[0])
        draft.text = "Gentile Maria"
        sent = desk.writing.send(desk.writing.save(draft), now=True)
        desk.database.backup(tmp_path / "copy.db")
        assert str(desk.writing.state(sent)) == "queued"
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT state, text, looked_at FROM outbox").fetchall() == [("unknown", "Gentile Maria", 0)]
    copy.close()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    with Desk.open(desk_config(tmp_path)) as desk:
        digest = desk.blobs.put(b"content")
        assert desk.blobs.get(digest) == b"content"

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DeskError, match="full"):
            desk.blobs.put(b"more")
    assert [f.name for f in (tmp_path / "state" / "blobs").rglob("*") if f.is_file()] == [digest]
