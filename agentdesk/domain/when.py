"""A moment to come, as an agent or a script writes it: `2h`, `30m`, `tomorrow`, `mon 14:00`, `tomorrow 9am`, `24/12`, `24 dec 9:30`,
`16:30`, `2026-12-24`, RFC 3339.

Understood in English and Italian whatever the desk's language is: colleagues mix them. Hours and minutes are counted on the time line, days and
weeks by the calendar, so that a night in which the clock is moved makes neither longer or shorter. A time that such a night skips is the
moment at which it would have been.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, time, timedelta

MORNING = time(9)
EVENING = time(18)
_SPAN = re.compile(r"(\d{1,4})\s*(m|min|minut\w*|h|hour\w*|or[ae]|d|day\w*|g|giorn\w*|w|week\w*|settiman\w*)")
_CLOCK = re.compile(r"(?:^|\s)(?:at |alle |ore )?(\d{1,2})[:.](\d{2})$|(?:^|\s)(?:at |alle |ore )(\d{1,2})$|\s(\d{1,2})$")
_HALVES = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?m\.?(?=\s|$)")
_DATE = re.compile(r"(\d{1,2})[/.\-](\d{1,2})(?:[/.\-](\d{4}))?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NAMED = re.compile(r"(\d{1,2})\s+([a-z]{3})[a-z]*")
_DAYS = ("mon lun", "tue mar", "wed mer", "thu gio", "fri ven", "sat sab", "sun dom")
_MONTHS = (
    "jan gen", "feb", "mar", "apr", "may mag", "jun giu", "jul lug", "aug ago", "sep set", "oct ott", "nov", "dec dic",
)  # fmt: skip


def since(text: str, now: datetime) -> datetime | None:
    """The moment from which on is meant, before `now`: `7d`, `2w`, `12h`, a day (from its beginning), RFC 3339; None for anything else."""
    words = " ".join(text.lower().split())
    span = _SPAN.fullmatch(words)
    if span:
        unit = "h" if span[2].startswith("or") else span[2][0]
        length = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "w": timedelta(weeks=1), "s": timedelta(weeks=1)}
        return now - int(span[1]) * length.get(unit, timedelta(days=1))
    with contextlib.suppress(ValueError):
        exact = datetime.fromisoformat(words)
        exact = exact if exact.tzinfo is not None else _real(exact.replace(tzinfo=now.tzinfo))
        return exact if exact < now else None
    return None


def parse(text: str, now: datetime) -> datetime | None:
    """The moment meant, always after `now`; None if it says nothing we understand."""
    words = " ".join(text.lower().replace("ì", "i").split())
    if not words:
        return None
    span = _SPAN.fullmatch(words.removeprefix("in ").removeprefix("tra ").removeprefix("fra "))
    if span:
        count, unit = int(span[1]), span[2][0]
        if span[2].startswith("or"):
            unit = "h"
        unit_length = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "w": timedelta(weeks=1), "s": timedelta(weeks=1)}
        length = unit_length.get(unit, timedelta(days=1))
        if not count:
            return None
        at = now + count * length if unit in "dgws" else (now.astimezone(UTC) + count * length).astimezone(now.tzinfo)
        return _real(at.replace(second=0, microsecond=0))
    with contextlib.suppress(ValueError):
        # A date alone reads as midnight; it is meant as a morning, and comes below.
        exact = datetime.fromisoformat(words) if "t" in words and words[:4].isdecimal() else None
        if exact is not None:
            exact = exact if exact.tzinfo is not None else _real(exact.replace(tzinfo=now.tzinfo))
            return exact if _later(exact, now) else None
    words = _HALVES.sub(_by_24, words)
    clock: time | None = None
    found = _CLOCK.search(" " + words if _is_clock(words) else words)
    if found:
        hour, minute = int(found[1] or found[3] or found[4]), int(found[2] or 0)
        if hour > 23 or minute > 59:
            return None
        clock = time(hour, minute)
        rest = words[: found.start()].strip() if not _is_clock(words) else ""
        if rest or _is_clock(words):
            words = rest
        else:
            clock = None
    day = _day(words, now)
    if day is None and clock is None:
        return None
    if day is None:
        if words:
            return None
        at = _real(datetime.combine(now.date(), clock or MORNING, now.tzinfo))
        return at if _later(at, now) else _real(datetime.combine(now.date() + timedelta(days=1), clock or MORNING, now.tzinfo))
    evening = any(word in words for word in ("evening", "stasera", "sera", "tonight"))
    at = _real(datetime.combine(day, clock or (EVENING if evening else MORNING), now.tzinfo))
    return at if _later(at, now) else None


def _later(at: datetime, now: datetime) -> bool:
    """On the time line: within one zone Python compares what clocks show, and one hour of autumn comes twice."""
    return at.astimezone(UTC) > now.astimezone(UTC)


def _real(at: datetime) -> datetime:
    """A moment that clocks show: of the hour that is skipped in spring, the moment it would have been."""
    return at.astimezone(UTC).astimezone(at.tzinfo)


def _by_24(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), found[2] or "00"
    if not 1 <= hour <= 12:
        return found[0]
    return f"{hour % 12 + (12 if found[3] == 'p' else 0)}:{minute}"


def _is_clock(words: str) -> bool:
    return bool(re.fullmatch(r"(?:at |alle |ore )?\d{1,2}[:.]\d{2}|(?:at |alle |ore )\d{1,2}", words))


def _day(words: str, now: datetime) -> date | None:
    today = now.date()
    if words in {"today", "oggi", "this evening", "evening", "tonight", "stasera", "sera"}:
        return today
    if words.split(" ", maxsplit=1)[0] in {"tomorrow", "tom", "domani"}:
        return today + timedelta(days=1)
    if words in {"next week", "settimana prossima", "la settimana prossima"}:
        return today + timedelta(days=7 - today.weekday())
    if found := _ISO.fullmatch(words):
        return _made(int(found[1]), int(found[2]), int(found[3]))
    if found := _DATE.fullmatch(words):
        return _coming(today, int(found[2]), int(found[1]), int(found[3]) if found[3] else None)
    if found := _NAMED.fullmatch(words):
        for number, names in enumerate(_MONTHS, 1):
            if found[2] in names.split():
                return _coming(today, number, int(found[1]), None)
        return None
    for number, names in enumerate(_DAYS):
        if len(words) >= 3 and words[:3] in names.split() and words.isalpha():
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _coming(today: date, month: int, day: int, year: int | None) -> date | None:
    made = _made(year or today.year, month, day)
    return _made(today.year + 1, month, day) if made and year is None and made < today else made
