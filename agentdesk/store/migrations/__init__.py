"""Bringing a desk.db of an earlier version to this one, a step a version (`0002.sql` brings version 1 to version 2).

Only the holder of the desk's lock does it, so no engine of an earlier version works meanwhile. Before the first step the file is
copied (`desk.db.v1`); each step is one transaction together with the version it leads to, so whenever the program is killed the file
is one version or the other, whole.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agentdesk.domain.names import name_key
from agentdesk.domain.tokens import code_key
from agentdesk.locale import say

log = logging.getLogger(__name__)

KEEP_COPY_DAYS = 14
PART = ".part"
"""The ending of a copy that is being written."""

Watcher = Callable[[str], None]
"""Told of every statement before it runs; tests die there."""


def _unwatched(_statement: str) -> None:
    pass


def version_of(db: sqlite3.Connection) -> int:
    """The version of a file; 0 for an empty one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def run(db: sqlite3.Connection, path: Path, target: int, watch: Watcher = _unwatched) -> None:
    """Bring the file behind this connection to `target`. The caller holds the desk's lock."""
    first = version_of(db)
    if first >= target:
        return
    for name, function in ("name_key", name_key), ("code_key", code_key):
        db.create_function(name, 1, lambda text, function=function: function(text or ""), deterministic=True)
    _copy(db, path, first)
    for version in range(first + 1, target + 1):
        _step(db, version, watch)
        log.info("desk.db is of version %s now", version)
    for copy in _copies(path):
        if copy != _copy_path(path, first):
            copy.unlink(missing_ok=True)


def _step(db: sqlite3.Connection, version: int, watch: Watcher) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        run_script(db, Path(__file__).with_name(f"{version:04}.sql").read_text("utf-8"), watch)
        watch("the version")
        db.execute(f"PRAGMA user_version = {version}")
        watch("COMMIT")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def run_script(db: sqlite3.Connection, script: str, watch: Watcher = _unwatched) -> None:
    """`executescript` commits first; this keeps the transaction."""
    for statement in statements(script):
        watch(statement)
        db.execute(statement)


# -- the copy made before


def _copy_path(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.v{version}")


def _copies(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.v*"))


def _copy(db: sqlite3.Connection, path: Path, version: int) -> None:
    """The whole file as it is now, under another name; it is there entirely or not at all."""
    target = _copy_path(path, version)
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    copy = sqlite3.connect(part, isolation_level=None)
    try:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        leave_unsent(copy)
    finally:
        copy.close()
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)


def leave_unsent(copy: sqlite3.Connection) -> None:
    """A copy of a queue must not send what the queue itself sends after the copy was made: there, what is on its way is of
    unknown outcome. The engine then looks for it in Sent, and else the agent decides.
    """
    copy.execute(
        "UPDATE outbox SET state = 'unknown', detail = ?, looked_at = 0, next_try_at = 0"
        " WHERE state IN ('held', 'scheduled', 'queued', 'fenced', 'sending')",
        (say("store.from_backup"),),
    )


def forget_copies(path: Path, days: int = KEEP_COPY_DAYS) -> int:
    """Delete copies made before a migration that nobody needed for so long; returns how many."""
    gone = 0
    for copy in _copies(path):
        try:
            if time.time() - copy.stat().st_mtime >= days * 24 * 3600:
                copy.unlink()
                gone += 1
        except OSError as error:
            log.warning("%s: %s", copy, error)
    return gone
