"""When a reply may go out: the undo hold, the schedule, the limits of a server and our own.

A hold is measured by a clock that nobody sets: a laptop's clock put right neither shortens the time for undo nor makes it hours. A schedule is
meant by the clock on the wall; where that was moved forward while a reply waited, the agent is asked instead of guessing which was right.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable

from agentdesk.locale import say
from agentdesk.store.database import Database, Tx, now_millis

LONGEST_LIMIT = 2 * 3600_000
TOLERANCE = 120_000
"""Milliseconds by which a clock may be put right without anybody being asked."""
NOTICED = 1_000
"""Milliseconds from which it counts as moved at all."""
TOO_LATE = 24 * 3600_000
"""A reply that could not go out for so long after its time is not sent unasked: the desk was closed for days."""
MINUTE = 60.0
KEPT_LEAPS = 50


def steady() -> float:
    """Seconds on a clock that is never set and goes on while the machine sleeps (where the system has one)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Timetable:
    """Holds and schedules of one channel's replies."""

    def __init__(self, clock: Callable[[], float] = steady, wall: Callable[[], int] = now_millis) -> None:
        self._clock, self._wall = clock, wall
        self._holds: dict[tuple[int, int], float] = {}
        self._last = (clock(), wall())
        self._since = self._last[1]
        """What the clock showed when it was moved last, or at the beginning."""
        self._stretches: deque[tuple[int, int, int]] = deque(maxlen=KEPT_LEAPS)
        """What it showed from, and to, while it was not moved; and by how much it was then."""

    def look(self) -> None:
        """Notice when the clock on the wall was moved. Called at least once a minute."""
        seconds, shown = self._last
        self._last = (self._clock(), self._wall())
        leap = self._last[1] - shown - int((self._last[0] - seconds) * 1000)
        if abs(leap) > NOTICED:
            self._stretches.append((self._since, shown, leap))
            self._since = self._last[1]

    def hold_left(self, rows: Iterable[sqlite3.Row]) -> dict[int, float]:
        """Seconds for which each held reply is still held."""
        now, shown = self._clock(), self._wall()
        left: dict[int, float] = {}
        known: dict[tuple[int, int], float] = {}
        for row in rows:
            key = (row["id"], row["hold_until"])
            length = max(0, row["hold_until"] - row["created_at"])
            # Seen for the first time: what the clock says is left, but never more than the hold is long
            first = length if shown < row["created_at"] - 1000 else min(length, row["hold_until"] - shown)
            known[key] = self._holds.get(key, now + first / 1000)
            left[row["id"]] = max(0.0, known[key] - now)
        self._holds = known
        return left

    def objection(self, row: sqlite3.Row) -> str:
        """Why a scheduled reply whose time has come does not go out unasked; empty if it does."""
        shown = self._wall()
        moved = self._moved(row["created_at"], shown)
        if moved > TOLERANCE and row["hold_until"] > shown - moved + TOLERANCE:
            return say("engine.clock_moved", by=_span(moved))
        if shown - row["hold_until"] > TOO_LATE:
            return say("engine.too_late")
        return ""


    def _moved(self, created: int, shown: int) -> int:
        """By how much the clock was moved since a moment, which it showed while it stood as it did: set back, it may show it twice."""
        moved = 0
        if self._since <= created <= shown:
            return moved
        for start, end, leap in reversed(self._stretches):
            moved += leap
            if start <= created <= end:
                break
        return moved


def _span(millis: int) -> str:
    minutes = millis // 60_000
    if minutes < 120:
        return say("engine.minutes", n=minutes)
    hours = minutes // 60
    return say("engine.hours", n=hours) if hours < 48 else say("engine.days", n=hours // 24)


class Pacing:
    """Whether the way out may be used now. What a server asked for is in the store, and holds after a restart, too."""

    def __init__(self, database: Database, channel: str, per_minute: int = 0) -> None:
        self._db, self._channel, self._per_minute = database, channel, per_minute
        self._recent: deque[float] = deque()
        self.failures = 0
        """How often in a row the way out did not work."""

    def blocked(self) -> float:
        """Seconds for which nothing more may be handed over; 0: go on."""
        row = self._db.one("SELECT out_until, out_since FROM channel WHERE name = ?", (self._channel,))
        now = now_millis()
        # One that was written by a clock that shows less now ends later than was meant: it is over.
        if row is not None and now < row["out_until"] <= now + LONGEST_LIMIT and row["out_since"] <= now + 1000:
            return float(row["out_until"] - now) / 1000
        return self._own_limit()

    def _own_limit(self) -> float:
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= MINUTE:
            self._recent.popleft()
        if not self._per_minute or len(self._recent) < self._per_minute:
            return 0.0
        left = self._recent[0] + MINUTE - now
        self._db.write(lambda tx: self.hold_up(tx, left, say("engine.own_limit", n=self._per_minute)))
        return left

    def attempted(self) -> None:
        """A message was spoken of with the server."""
        if self._per_minute:
            self._recent.append(time.monotonic())

    def hold_up(self, tx: Tx, seconds: float, words: str) -> None:
        """Nothing goes out for so long, and why."""
        until = tx.now + int(seconds * 1000)
        tx.execute(
            "UPDATE channel SET out_detail = ?, out_until = ?, out_since = ? WHERE name = ?", (words, until, tx.now, self._channel)
        )
        tx.touch("channel")
        tx.touch("outbox")

    def works(self, tx: Tx) -> None:
        """Something was handed over, or an answer came that was about one message only."""
        self.failures = 0
        if tx.execute("UPDATE channel SET out_detail = '', out_until = 0 WHERE name = ? AND out_detail != ''", (self._channel,)).rowcount:
            tx.touch("channel")
            tx.touch("outbox")
