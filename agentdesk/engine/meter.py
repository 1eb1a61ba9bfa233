"""What the channels cost, written down every few seconds, and whether their ceilings for today are reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, datetime

from agentdesk.channels.usage import Usage
from agentdesk.config import DeskConfig
from agentdesk.store import traffic
from agentdesk.store.database import Database, Tx
from agentdesk.store.traffic import Moved

EVERY = 2.0
"""Seconds between two writings: one transaction for all channels, and none where nothing moved."""


class Meter:
    """Of one desk. `due` and `flush` belong to the engine's thread, the rest may be asked from any."""

    def __init__(self, database: Database, config: DeskConfig, now: Callable[[], datetime] | None = None) -> None:
        self._db, self._budget = database, config.budget
        self._now = now or (lambda: datetime.now(config.timezone))
        self._watched: list[tuple[str, Usage]] = []
        self._unwritten: list[Moved] = []
        self._used: dict[str, dict[str, dict[str, int]]] = {}
        self._lock = threading.Lock()
        self._day = self._now().date()
        self._spent = traffic.spent(database, self._day)
        self._next = 0.0

    def watch(self, channel: str, usage: Usage) -> None:
        """Count what passes here."""
        with self._lock:
            self._watched.append((channel, usage))

    def due(self) -> bool:
        """Write, if it is time; True if something was counted or a day has begun."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + EVERY
        return self.flush()

    def flush(self) -> bool:
        """Write what was counted; True if something was, or a day has begun."""
        with self._lock:
            watched = list(self._watched)
        today = self._now().date()
        fresh = self._turn(today)
        new = [Moved(today.isoformat(), channel, job, *used) for channel, usage in watched for job, used in usage.take().items()]
        with self._lock:
            for one in new:
                self._spent[one.channel] = self._spent.get(one.channel, 0) + one.bytes_in + one.bytes_out
                total = self._used.setdefault(one.channel, {}).setdefault(one.job, dict.fromkeys(("bytes_in", "bytes_out", "round_trips"), 0))
                for name in total:
                    total[name] += getattr(one, name)
        moved = self._unwritten = [*self._unwritten, *new]
        if not moved:
            return fresh

        def change(tx: Tx) -> None:
            traffic.add(tx, moved)
            for one in moved:
                tx.execute(
                    "UPDATE channel SET bytes_in = bytes_in + ?, bytes_out = bytes_out + ?, round_trips = round_trips + ? WHERE name = ?",
                    (one.bytes_in, one.bytes_out, one.round_trips, one.channel),
                )
            tx.touch("traffic")

        self._db.write(change)
        self._unwritten = []
        return True

    def used(self, channel: str) -> dict[str, dict[str, int]]:
        """What a channel used since the start, by job."""
        with self._lock:
            return {job: dict(total) for job, total in self._used.get(channel, {}).items()}

    def _turn(self, today: date) -> bool:
        if today == self._day:
            return False
        spent = traffic.spent(self._db, today)
        with self._lock:
            self._day, self._spent = today, spent
        return True

    def reached(self, channel: str) -> str:
        """Whose ceiling for today is reached, as of now: the channel's, the desk's, or nobody's ("")."""
        with self._lock:
            spent = dict(self._spent)
            for name, usage in self._watched:
                spent[name] = spent.get(name, 0) + usage.untaken
        own = self._budget.channels.get(channel, 0)
        if own and spent.get(channel, 0) >= own:
            return "channel"
        return "desk" if self._budget.day and sum(spent.values()) >= self._budget.day else ""
