"""What the desk moved over the line, by day, channel and job; how the line counts, and how the agent wants it taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agentdesk.config import DeskConfig, Link
from agentdesk.store import linkchoice, traffic
from agentdesk.store.database import Database
from agentdesk.store.traffic import Moved

DAYS = 14


@dataclass(frozen=True, slots=True)
class Sum:
    """Bytes in both directions, and the round trips they took."""

    bytes_in: int = 0
    bytes_out: int = 0
    round_trips: int = 0

    @property
    def bytes(self) -> int:
        return self.bytes_in + self.bytes_out

    @classmethod
    def of(cls, moved: Iterable[Moved]) -> Sum:
        many = list(moved)
        return cls(sum(m.bytes_in for m in many), sum(m.bytes_out for m in many), sum(m.round_trips for m in many))


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The last days; `moved` is all there is, the rest is told of it."""

    days: tuple[date, ...]
    """Oldest first, today last."""
    moved: tuple[Moved, ...]
    ceiling: int
    """Of the desk, for a day; 0: none."""
    ceilings: dict[str, int]
    """Of single channels."""

    @property
    def today(self) -> date:
        return self.days[-1]

    def total(self, day: date | None = None, channel: str = "", job: str = "") -> Sum:
        """Of these only; all there are where nothing is said."""
        shown = day.isoformat() if day is not None else ""
        return Sum.of(m for m in self.moved if shown in ("", m.day) and channel in ("", m.channel) and job in ("", m.job))

    def channels(self, day: date | None = None) -> list[tuple[str, Sum]]:
        """What moved most first."""
        return self._by(lambda m: m.channel, day)

    def jobs(self, day: date | None = None) -> list[tuple[str, Sum]]:
        """Likewise."""
        return self._by(lambda m: m.job, day)

    def _by(self, name: Callable[[Moved], str], day: date | None) -> list[tuple[str, Sum]]:
        groups: dict[str, list[Moved]] = {}
        for m in self.moved:
            if day is None or m.day == day.isoformat():
                groups.setdefault(name(m), []).append(m)
        return sorted(((one, Sum.of(many)) for one, many in groups.items()), key=lambda pair: (-pair[1].bytes, pair[0]))


class UsageDesk:
    """Reads the counts; writes how the line is to be taken."""

    def __init__(self, config: DeskConfig, database: Database) -> None:
        self._config, self._db = config, database

    def report(self, days: int = DAYS, today: date | None = None) -> UsageReport:
        """The last days, in the desk's time zone; today is one of them."""
        last = today or datetime.now(self._config.timezone).date()
        every = tuple(last - timedelta(days=n) for n in reversed(range(max(1, days))))
        budget = self._config.budget
        return UsageReport(every, tuple(traffic.between(self._db, every[0], last)), budget.day, dict(budget.channels))

    def link(self) -> Link:
        """How the line is taken now: as the agent chose, else as desk.toml says."""
        return linkchoice.chosen(self._db) or self._config.link

    def choose_link(self, link: Link) -> None:
        """Until the desk is closed. What desk.toml says anyway is no choice."""
        self._db.write(lambda tx: linkchoice.choose(tx, None if link is self._config.link else link))
