"""Opening hours: when somebody is there to answer, so that promises count in hours that exist.

All arithmetic is on the time line (UTC); only the walls of a day are read off the desk's clock. So a day on which the clock
is moved is an hour shorter or longer, as it is for the people who work in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

Span = tuple[time, time]
"""From and to; an end at or before the start belongs to the next day (22:00-02:00, 00:00-00:00)."""

HORIZON = 400
"""Days without an opening after which a calendar counts as one that never opens."""
_MOST_DAYS = 3660
_ALL_DAY: tuple[Span, ...] = ((time.min, time.min),)
_DAY = timedelta(days=1)


class OpeningHours:
    """A week of spans, less holidays and closed days.

    Args:
        week: weekday (0 = Monday) to its spans; empty means always open.
        zone: of the desk; naive times are refused.
        holidays: a country of the `holidays` library ("IT"), or one with its subdivision ("IT-BZ"); empty for none. A code
            the library does not know counts as none: `known_country` is for whoever reads the configuration.
        closed: single days on which nobody is there.
    """

    def __init__(
        self,
        week: Mapping[int, Sequence[Span]],
        zone: tzinfo,
        holidays: str = "",
        closed: Collection[date] = (),
    ) -> None:
        self._zone = zone
        self._country = holidays
        self._closed = frozenset(closed)
        self._always = not any(week.values()) and not week and not holidays and not closed
        self._week = {day: tuple(spans) for day, spans in week.items()} if week else dict.fromkeys(range(7), _ALL_DAY)
        self._holidays: Any = None
        self._spans: dict[date, tuple[tuple[datetime, datetime], ...]] = {}

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there at this moment."""
        at = _utc(at)
        if self._always:
            return True
        today = at.astimezone(self._zone).date()
        return any(begin <= at < end for day in _around(today, 1) for begin, end in self._spans_of(day))

    def next_open(self, at: datetime) -> datetime | None:
        """The first moment from `at` on at which it is open (`at` itself if it is); None if it never opens."""
        at = _utc(at)
        if self._always:
            return at
        opening = next(self._openings(at), None)
        return None if opening is None else max(at, opening[0])

    def opens_after(self, at: datetime) -> datetime | None:
        """The next moment after `at` at which somebody comes who was not there before; None if it is always open, or never opens."""
        at = _utc(at)
        if self._always:
            return None
        shut = at if not self.is_open(at) else None
        for begin, end in self._openings(at):
            if shut is not None and begin > shut:
                return begin
            shut = end
            if end - at > timedelta(days=HORIZON):
                return None
        return None

    def add(self, start: datetime, duration: timedelta) -> datetime | None:
        """The moment at which `duration` of opening time has passed since `start`; None if it never does."""
        start = _utc(start)
        try:
            if self._always:
                return start + duration
            if duration <= timedelta(0):
                return start
            left = duration
            for begin, end in self._openings(start):
                begin = max(begin, start)  # noqa: PLW2901 - the part of the span that counts
                if end - begin >= left:
                    return begin + left
                left -= end - begin
        except OverflowError:
            pass
        return None

    def closed_on(self, day: date) -> bool:
        """Whether nothing opens on this day (of the desk's zone)."""
        return not self._always and not self._spans_of(day)

    def _openings(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that end after `at`, in order, without overlaps."""
        day = at.astimezone(self._zone).date() - _DAY
        upto = at
        shut = 0
        for _ in range(_MOST_DAYS):
            spans = self._spans_of(day)
            shut = 0 if spans else shut + 1
            if shut > HORIZON:
                return
            for begin, end in spans:
                if end > upto:
                    yield max(begin, upto) if begin < upto else begin, end
                    upto = end
            day += _DAY

    def _spans_of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The spans that begin on this day, on the time line, in order."""
        known = self._spans.get(day)
        if known is not None:
            return known
        spans: list[tuple[datetime, datetime]] = []
        if day not in self._closed and not self._is_holiday(day):
            for begin, end in self._week.get(day.weekday(), ()):
                last = day if end > begin else day + _DAY
                opens = datetime.combine(day, begin, self._zone).astimezone(UTC)
                shuts = datetime.combine(last, end, self._zone).astimezone(UTC)
                if opens < shuts:  # the hour the clock skips in spring is none
                    spans.append((opens, shuts))
        if len(self._spans) > _MOST_DAYS:
            self._spans.clear()
        self._spans[day] = result = tuple(sorted(spans))
        return result

    def _is_holiday(self, day: date) -> bool:
        if not self._country:
            return False
        if self._holidays is None:
            found = _holidays_of(self._country)
            self._holidays = () if found is None else found  # an empty calendar fills itself when it is asked
        return day in self._holidays


def known_country(code: str) -> bool:
    """Whether the `holidays` library has a calendar of this country ("IT", "IT-BZ")."""
    return _holidays_of(code) is not None


def _holidays_of(code: str) -> Any | None:
    """The library is large and most commands need no calendar: imported when the first day is asked for."""
    import holidays  # noqa: PLC0415 - see above

    country, _, subdivision = code.upper().partition("-")
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except (NotImplementedError, AttributeError, KeyError):
        return None


def _around(day: date, days: int) -> tuple[date, ...]:
    return tuple(day + timedelta(days=offset) for offset in range(-days, 1))


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a time without its zone says nothing about opening hours")
    return at.astimezone(UTC)
