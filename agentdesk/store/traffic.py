"""What was moved over the line: by day (of the desk's time zone), channel and job. Read by the screen and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from agentdesk.store.database import Database, Tx

KEEP_DAYS = 90


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes and round trips of one day, channel and job."""

    day: str
    channel: str
    job: str
    bytes_in: int
    bytes_out: int
    round_trips: int


def add(tx: Tx, moved: Iterable[Moved]) -> None:
    """Count it in."""
    tx.db.executemany(
        "INSERT INTO traffic (day, channel, job, bytes_in, bytes_out, round_trips) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (day, channel, job) DO UPDATE SET bytes_in = bytes_in + excluded.bytes_in,"
        " bytes_out = bytes_out + excluded.bytes_out, round_trips = round_trips + excluded.round_trips",
        [(m.day, m.channel, m.job, m.bytes_in, m.bytes_out, m.round_trips) for m in moved],
    )


def between(database: Database, first: date, last: date) -> Sequence[Moved]:
    """Of these days, both included, oldest first."""
    rows = database.all(
        "SELECT day, channel, job, bytes_in, bytes_out, round_trips FROM traffic WHERE day BETWEEN ? AND ? ORDER BY day, channel, job",
        (first.isoformat(), last.isoformat()),
    )
    return [Moved(*row) for row in rows]


def spent(database: Database, day: date) -> dict[str, int]:
    """Bytes of a day in both directions, by channel."""
    rows = database.all("SELECT channel, sum(bytes_in + bytes_out) AS bytes FROM traffic WHERE day = ? GROUP BY channel", (day.isoformat(),))
    return {row["channel"]: row["bytes"] for row in rows}


def forget(database: Database) -> None:
    """Keep the newest days that have something: whatever the clock says, none goes before there are more than these."""
    database.write(
        lambda tx: tx.execute(
            "DELETE FROM traffic WHERE day NOT IN (SELECT DISTINCT day FROM traffic ORDER BY day DESC LIMIT ?)", (KEEP_DAYS,)
        )
    )
