"""Packs that are fetched, as far as windows and engine tell each other, and which version every snippet had when.

The files themselves lie in the state folder (`config.PackSource.path`); the engine alone writes them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from agentdesk.store.database import Database, Tx, moment_or_none

TOPIC = "packs"
"""Of the revision that says that something was fetched, or could not be."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a source stands."""

    version: str = ""
    """A commit, or the SHA-256 of a file; empty: never fetched."""
    etag: str = ""
    checked_at: datetime | None = None
    """When it was known last that this is the newest."""
    changed_at: datetime | None = None
    tried_at: int = 0
    detail: str = ""
    """Why the last attempt failed; what was fetched before goes on being used."""
    wanted: bool = False
    """Somebody asked for it now."""


def of(database: Database, source: str) -> Fetched:
    row = database.one("SELECT * FROM pack_source WHERE id = ?", (source,))
    if row is None:
        return Fetched()
    return Fetched(
        row["version"], row["etag"], moment_or_none(row["checked_at"]), moment_or_none(row["changed_at"]), row["tried_at"],
        row["detail"], bool(row["wanted"]),
    )  # fmt: skip


def want(tx: Tx, sources: Collection[str]) -> None:
    """The engine is to look at once."""
    for source in sources:
        tx.execute("INSERT INTO pack_source (id, wanted) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET wanted = 1", (source,))
    tx.touch(TOPIC)


def settle(tx: Tx, source: str, version: str, etag: str) -> None:
    """It was fetched, or what is here is still the newest."""
    tx.execute(
        "INSERT INTO pack_source (id, version, etag, checked_at, changed_at, tried_at) VALUES (:id, :version, :etag, :now, :now, :now)"
        " ON CONFLICT (id) DO UPDATE SET changed_at = CASE WHEN version = excluded.version THEN changed_at ELSE excluded.changed_at END,"
        " version = excluded.version, etag = excluded.etag, checked_at = excluded.checked_at, tried_at = excluded.tried_at, detail = '', wanted = 0",
        {"id": source, "version": version, "etag": etag, "now": tx.now},
    )
    tx.touch(TOPIC)


def fail(tx: Tx, source: str, detail: str) -> None:
    """It could not be fetched; what is here stays."""
    tx.execute(
        "INSERT INTO pack_source (id, detail, tried_at) VALUES (:id, :detail, :now)"
        " ON CONFLICT (id) DO UPDATE SET detail = excluded.detail, tried_at = excluded.tried_at, wanted = 0",
        {"id": source, "detail": detail, "now": tx.now},
    )
    tx.touch(TOPIC)


def forget_others(tx: Tx, sources: Collection[str]) -> None:
    """Of sources that desk.toml does not name any more nothing is kept."""
    known = [row["id"] for row in tx.all("SELECT id FROM pack_source")]
    for gone in set(known) - set(sources):
        tx.execute("DELETE FROM pack_source WHERE id = ?", (gone,))


# -- what changed


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    """Empty: there was none of this name any more."""
    title: str


def note_versions(tx: Tx, now: Mapping[str, Version]) -> int:
    """Write down which version every snippet has as of now; returns how many are other than before.

    The first time ever all of them count as there since always: nothing is new to somebody who sees everything for the first time.
    """
    known = latest(tx.db)
    at = tx.now if known else 0
    changed = {name: version for name, version in now.items() if known.get(name) != version}
    changed |= {name: Version("", was.title) for name, was in known.items() if name not in now and was.version}
    tx.db.executemany(
        "INSERT OR REPLACE INTO snippet_version (name, at, version, title) VALUES (?, ?, ?, ?)",
        [(name, at, version.version, version.title) for name, version in changed.items()],
    )
    return len(changed)


def latest(db: sqlite3.Connection, until: int | None = None) -> dict[str, Version]:
    """The last version of each name, up to a moment."""
    rows = db.execute(
        "SELECT name, version, title, max(at) FROM snippet_version WHERE at <= ? GROUP BY name", (until if until is not None else 1 << 62,)
    )
    return {row["name"]: Version(row["version"], row["title"]) for row in rows}


_SHIFT = "shift"


def last_shift(database: Database) -> int:
    """When a desk was open last, in milliseconds; 0: never."""
    return int(database.value("SELECT value FROM meta WHERE key = ?", (_SHIFT,)) or 0)


def end_shift(tx: Tx) -> None:
    """From now on what changes is news."""
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_SHIFT, str(tx.now)))
