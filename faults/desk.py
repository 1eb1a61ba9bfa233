"""A desk on the servers of a fault run: its file, what is in it, and what must hold of it whatever happened."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agentdesk.config import load
from agentdesk.desk import Desk
from faults.posts import Post
from faults.sink import Sink
from faults.victim import STATE

TOML = """\
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
user = "{user}"
imap = "imap://127.0.0.1:{imap}"
smtp = "smtp://127.0.0.1:{smtp}"
password = "secret"
[sending]
undo = {{ imap = "{undo}" }}
"""


def make(folder: Path, post: Post, sink: Sink, *, undo: str = "0s", more: str = "") -> Path:
    """A desk's folder."""
    folder.mkdir(parents=True)
    (folder / "desk.toml").write_text(TOML.format(user=post.user, imap=post.port, smtp=sink.port, undo=undo) + more, encoding="utf-8")
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Desk]:
    with Desk.open(load(folder, folder / STATE)) as desk:
        yield desk


def copied(template: Path, target: Path) -> Path:
    """As it lies there, with what a crash left beside the database."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(template, target)
    return target


def rows(folder: Path, sql: str, *values: object) -> list[Any]:
    """Read without the desk: nothing is opened, brought up or recovered."""
    with closing(sqlite3.connect(folder / STATE / "desk.db", timeout=30)) as db:
        db.row_factory = sqlite3.Row
        return db.execute(sql, values).fetchall()


def unsound(folder: Path) -> str:
    """What SQLite finds wrong in the stores of a desk; empty if nothing."""
    for name in ("desk.db", "team.db"):
        path = folder / STATE / name
        if path.exists():
            with closing(sqlite3.connect(path, timeout=30)) as db:
                if (found := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                    return f"{name}: {found}"
                if broken := db.execute("PRAGMA foreign_key_check").fetchall():
                    return f"{name}: {broken[0]}"
    return ""


def no_pauses(folder: Path) -> None:
    """What was to be tried again later is due now: nobody waits through pauses."""
    with closing(sqlite3.connect(folder / STATE / "desk.db", timeout=30)) as db, db:
        db.execute("UPDATE outbox SET next_try_at = 0")
        db.execute("UPDATE job SET next_try_at = 0")
