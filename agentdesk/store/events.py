"""Team events in the desk's database: pending ones from this agent, confirmed ones from the log, and notes among them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agentdesk.domain.events import Entry, Event, Kind, Position
from agentdesk.store.database import Tx, millis, moment


def _event(row: sqlite3.Row) -> Event:
    return Event(
        id=row["id"], kind=row["kind"], target=row["target"], actor=row["actor"],
        data=json.loads(row["data"]), based_on=row["based_on"], v=row["v"],
    )


def record(tx: Tx, conversation: int, kind: Kind, actor: str, data: dict[str, Any], based_on: str = "") -> str:
    """Add an event of this agent, to be appended to the team log by the engine; returns its id."""
    target = tx.one("SELECT target FROM conversation WHERE row = ?", (conversation,))["target"]
    event = Event(id=str(uuid.uuid4()), kind=kind, target=target, actor=actor, data=data, based_on=based_on)
    tx.execute(
        "INSERT INTO event (id, kind, target, actor, based_on, v, data, at, conversation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (event.id, event.kind, event.target, event.actor, event.based_on, event.v,
         json.dumps(event.data, ensure_ascii=False), tx.now, conversation),
    )
    tx.touch("event")
    return event.id


def of_conversation(db: sqlite3.Connection, conversation: int) -> tuple[list[tuple[datetime, Event]], list[tuple[datetime, Event]]]:
    """(confirmed in the log's order, pending in the order they were made)."""
    confirmed: list[tuple[datetime, Event]] = []
    pending: list[tuple[datetime, Event]] = []
    rows = db.execute("SELECT * FROM event WHERE conversation = ? ORDER BY seq, row", (conversation,))  # as the index has them
    for row in rows:
        (confirmed if row["seq"] else pending).append((moment(row["at"]), _event(row)))
    return confirmed, pending


def pending(db: sqlite3.Connection, limit: int = 200) -> list[Event]:
    """What the log does not have yet, oldest first."""
    return [_event(row) for row in db.execute("SELECT * FROM event WHERE seq = 0 ORDER BY row LIMIT ?", (limit,))]


def position(db: sqlite3.Connection) -> Position | None:
    """How far the log has been read."""
    row = db.execute("SELECT epoch, seq FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else Position(row["epoch"], row["seq"])


def confirm(tx: Tx, entries: Iterable[Entry]) -> set[int]:
    """Bring in what the log says; returns the conversations it concerns."""
    concerned: set[int] = set()
    for entry in entries:
        event = entry.event
        row = tx.one("SELECT conversation FROM alias WHERE alias = ?", (event.target,))
        conversation = 0 if row is None else row["conversation"]
        tx.execute(
            "INSERT INTO event (id, kind, target, actor, based_on, v, data, at, epoch, seq, conversation)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET at = excluded.at, epoch = excluded.epoch, seq = excluded.seq WHERE event.seq = 0",
            (event.id, event.kind, event.target, event.actor, event.based_on, event.v,
             json.dumps(event.data, ensure_ascii=False), millis(entry.at), entry.position.epoch, entry.position.seq, conversation),
        )
        concerned.add(tx.one("SELECT conversation FROM event WHERE id = ?", (event.id,))["conversation"])
    return concerned - {0}


def forget_positions(tx: Tx) -> None:
    """The log began a new life: everything known is pending again, and will be appended where it is missing."""
    tx.execute("UPDATE event SET seq = 0, epoch = ''")
