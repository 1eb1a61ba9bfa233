"""What was moved over the line: today against the ceiling, by channel and by job, and the days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from agentdesk.desk.facts import ChannelFact
from agentdesk.desk.usage import Sum, UsageReport
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import cells, cut, wrap
from agentdesk.tui.line import bar, figures, spark
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.widgets.sheet import Choice, Sheet

LEAST = 4
"""Cells in which a bar still says something."""


def _moved(total: Sum) -> str:
    return f"↓{times.size(total.bytes_in)} ↑{times.size(total.bytes_out)} · " + say("screen.round_trips", n=total.round_trips)


@dataclass(frozen=True, slots=True)
class Bar:
    """A line with a name, a bar and figures. The bar gives way first, in every line alike."""

    name: str
    part: int
    whole: int
    words: str
    role: str

    def drawn(self, column: int, room: int) -> Choice:
        shown = cut(self.name, column)
        drawn = bar(self.part, self.whole, room) if room >= LEAST else ""
        return Choice(shown + " " * (column - cells(shown)) + " " + drawn, self.words, self.name, role=self.role)


class UsageSheet(Sheet):
    share, wide, typed = 1.0, True, False
    topics = frozenset({"traffic", "channel", "all"})

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        self.title = say("commands.usage")

    def choices(self, query: str) -> Sequence[Choice]:
        now = self._screen.now()
        report = self._screen.desk.usage.report(today=now.date())
        facts = {channel.name: channel for channel in self._screen.desk.reading.channels()}
        rows = [*self._today(report, facts), *self._channels(report, facts), *self._jobs(report), *self._days(report, now)]
        column = min(34, max(14, self.width * 2 // 5))
        room = min(20, self.width - column - 6 - max(cells(row.words) for row in rows if isinstance(row, Bar)))
        return [row.drawn(column, room) if isinstance(row, Bar) else row for row in rows]

    def _today(self, report: UsageReport, facts: dict[str, ChannelFact]) -> list[Choice | Bar]:
        total = report.total(report.today)
        words = times.size(total.bytes)
        role = "accent"
        if report.ceiling:
            words = say("usage.of_ceiling", used=words, ceiling=times.size(report.ceiling))
            role = "warm" if total.bytes >= report.ceiling else role
        name = say("usage.today")
        found: list[Choice | Bar] = [Bar(name, total.bytes if report.ceiling else 0, report.ceiling, words, role)]
        found.append(Choice("  " + say("usage.without_tls"), heading=True))
        spared = {channel.spared: channel.name for channel in facts.values() if channel.spared}
        for whose, channel in spared.items():
            found += [Choice("  " + text, heading=True, role="warm") for text in wrap(say(f"usage.spared_{whose}", channel=channel), self.width - 4)]
        return found

    def _channels(self, report: UsageReport, facts: dict[str, ChannelFact]) -> list[Choice | Bar]:
        moved = dict(report.channels(report.today))
        names = [*moved, *(name for name in facts if name not in moved)]
        found = self._heading(say("usage.by_channel")) if names else []
        most = max((total.bytes for total in moved.values()), default=0)
        for name in names:
            total, ceiling = moved.get(name, Sum()), report.ceilings.get(name, 0)
            words = say("usage.of_ceiling", used=times.size(total.bytes), ceiling=times.size(ceiling)) if ceiling else _moved(total)
            found.append(Bar("  " + name, total.bytes, ceiling or most, words, "warm" if ceiling and total.bytes >= ceiling else "text"))
            if name in facts and (measured := figures(facts[name])):
                found.append(Choice("    " + measured, heading=True))
        return found

    def _jobs(self, report: UsageReport) -> list[Choice | Bar]:
        jobs = report.jobs(report.today)
        found = self._heading(say("usage.by_job")) if jobs else []
        most = max((total.bytes for _, total in jobs), default=0)
        return [*found, *(Bar("  " + say(f"usage.job_{job}"), total.bytes, most, _moved(total), "text") for job, total in jobs)]

    def _days(self, report: UsageReport, now: datetime) -> list[Choice | Bar]:
        sums = [report.total(day) for day in report.days]
        most = max(total.bytes for total in sums)
        if not most:
            return self._heading(say("usage.nothing"))
        title = say("usage.days", n=len(sums))
        total = times.size(sum(s.bytes for s in sums))
        found: list[Choice | Bar] = [Choice("", heading=True), Choice(f"{title}  {spark([s.bytes for s in sums])}", total, role="accent")]
        for day, moved in reversed(list(zip(report.days, sums, strict=True))):
            if moved.bytes:
                found.append(Bar("  " + _day(day, now), moved.bytes, most, _moved(moved), "text"))
        return found

    @staticmethod
    def _heading(words: str) -> list[Choice | Bar]:
        return [Choice("", heading=True), Choice(words, heading=True)]

    def choose(self, choice: Choice | None, query: str) -> None:
        self._screen.close_sheet()


def _day(day: date, now: datetime) -> str:
    return times.long_day(datetime.combine(day, time(12), now.tzinfo), now)
