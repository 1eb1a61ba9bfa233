"""A desk of an earlier version: brought to this one by who holds the lock, whole or not at all, with a copy made before."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentdesk.errors import DeskError, Refused
from agentdesk.store import database as module
from agentdesk.store import migrations
from agentdesk.store.database import SCHEMA_VERSION, Database
from agentdesk.store.lock import DeskLock

SCHEMA_1 = Path(__file__).with_name("schema_v1.sql")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A desk.db as version 1 left it, with something in it."""
    path = tmp_path / "state" / "desk.db"
    path.parent.mkdir(mode=0o700)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(SCHEMA_1.read_text("utf-8"))
    db.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    db.execute(
        "INSERT INTO outbox (channel, kind, message_id, to_list, cc_list, bcc_list, subject, text, state, date, created_at)"
        " VALUES ('support', 'reply', '<1@x>', '[]', '[]', '[]', 's', 'Gentile Maria', 'queued', 1, 1)"
    )
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    return path


def version(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone()[0] == "yes"
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def shape(path: Path) -> dict[str, object]:
    """What a database is made of. A column added later stands last, so their order does not count; a table's own text neither."""
    db = sqlite3.connect(path)
    try:
        found: dict[str, object] = {}
        for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"):
            found[f"{kind} {name}"] = None if kind == "table" and "VIRTUAL" not in sql else " ".join(sql.split())
            if kind == "table":
                columns = db.execute(f"PRAGMA table_xinfo({name})").fetchall()
                found[f"columns of {name}"] = sorted(column[1:] for column in columns)
                found[f"references of {name}"] = sorted(row[2:] for row in db.execute(f"PRAGMA foreign_key_list({name})"))
                found[f"uniques of {name}"] = sorted(
                    (row[2], row[3], row[4], [column[2] for column in db.execute(f"PRAGMA index_info({row[1]})")])
                    for row in db.execute(f"PRAGMA index_list({name})")
                )
                found[f"kind of {name}"] = db.execute(f"PRAGMA table_list({name})").fetchone()[2:]
        return {name: value if "kind of" not in name else value[:1] + value[2:] for name, value in found.items()}  # type: ignore[index]  # (type, ncol, wr, strict)
    finally:
        db.close()


def test_a_desk_brought_up_is_made_like_a_new_one(old: Path, tmp_path: Path) -> None:
    Database(old).close()
    Database(tmp_path / "new.db").close()
    assert shape(old) == shape(tmp_path / "new.db")
    assert version(old) == SCHEMA_VERSION


def test_a_copy_is_made_before_and_sends_nothing(old: Path) -> None:
    with Database(old) as database:
        assert database.value("SELECT state FROM outbox") == "queued"
    copy = old.with_name("desk.db.v1")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert version(copy) == 1
    db = sqlite3.connect(copy)
    assert db.execute("SELECT state, text FROM outbox").fetchall() == [("unknown", "Gentile Maria")]
    db.close()
    assert sorted(file.name for file in old.parent.glob("*.part*")) == []


def test_a_copy_is_kept_for_some_days_and_no_longer(old: Path) -> None:
    Database(old).close()
    copy = old.with_name("desk.db.v1")
    assert (migrations.forget_copies(old), copy.exists()) == (0, True)
    long_ago = time.time() - (migrations.KEEP_COPY_DAYS + 1) * 24 * 3600
    os.utime(copy, (long_ago, long_ago))
    assert (migrations.forget_copies(old), copy.exists(), old.exists()) == (1, False, True)


def test_the_copies_of_earlier_migrations_go_with_the_next_one(old: Path) -> None:
    old.with_name("desk.db.v0").write_bytes(b"")
    Database(old).close()
    assert [file.name for file in old.parent.glob("desk.db.v*")] == ["desk.db.v1"]


def test_wherever_it_is_cut_off_the_file_is_one_version_or_the_other(old: Path, tmp_path: Path) -> None:
    """At every statement the files are set aside as a killed program leaves them; each of these desks can be opened."""
    cut: list[Path] = []

    def watch(_statement: str) -> None:
        folder = tmp_path / f"cut{len(cut)}"
        shutil.copytree(old.parent, folder)
        cut.append(folder / "desk.db")

    db = sqlite3.connect(old, isolation_level=None)
    migrations.run(db, old, SCHEMA_VERSION, watch)
    watch("")
    db.close()
    expected: list[int] = []
    for step in range(2, SCHEMA_VERSION + 1):
        script = Path(migrations.__file__).with_name(f"{step:04}.sql").read_text("utf-8")
        expected += [step - 1] * (len(list(migrations.statements(script))) + 2)
    assert [version(path) for path in cut] == [*expected, SCHEMA_VERSION]
    whole = shape(old)
    for path in cut:
        Database(path).close()
        assert (version(path), shape(path)) == (SCHEMA_VERSION, whole)


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from agentdesk.store import migrations
path, at, target = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
seen = 0
def watch(statement):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)
migrations.run(sqlite3.connect(path, isolation_level=None), path, target, watch)
"""


@pytest.mark.parametrize("at", [1, 2])
def test_a_program_killed_in_it_leaves_a_desk_that_opens(old: Path, at: int) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(old), str(at), str(SCHEMA_VERSION)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert version(old) == 1
    Database(old).close()
    assert version(old) == SCHEMA_VERSION


def test_while_another_works_with_it_nobody_touches_it(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIGRATION_PATIENCE", 0.2)
    lock = DeskLock(old.parent)
    assert lock.take()
    with pytest.raises(Refused, match="earlier version"):
        Database(old)
    assert version(old) == 1
    lock.release()
    Database(old).close()
    assert version(old) == SCHEMA_VERSION


def test_the_holder_of_the_lock_brings_it_up_and_a_window_waits_for_it(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIGRATION_PATIENCE", 60.0)
    lock = DeskLock(old.parent)
    assert lock.take()
    opened: list[int] = []

    def window() -> None:
        with Database(old) as database:
            opened.append(database.value("PRAGMA user_version"))

    thread = threading.Thread(target=window)
    thread.start()
    Database(old, holds_lock=True).close()
    thread.join(60)
    assert opened == [SCHEMA_VERSION]
    lock.release()


def test_without_room_for_the_copy_nothing_is_changed(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrations.os, "fsync", full)
    with pytest.raises(DeskError, match="No space left"):
        Database(old)
    assert version(old) == 1
