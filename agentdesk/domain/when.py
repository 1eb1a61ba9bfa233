"""A moment to come, as an agent or a script writes it: `2h`, `30m`, `tomorrow`, `mon 14:00`, `24/12`, `24 dec 9:30`, `16:30`,
`2026-12-24`, RFC 3339.

Understood in English and Italian whatever the desk's language is: colleagues mix them.
"""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime, time, timedelta

MORNING = time(9)
EVENING = time(18)
_SPAN = re.compile(r"(\d{1,4})\s*(m|min|minut\w*|h|hour\w*|or[ae]|d|day\w*|g|giorn\w*|w|week\w*|settiman\w*)")
_CLOCK = re.compile(r"(?:^|\s)(?:at |alle |ore )?(\d{1,2})[:.](\d{2})$|(?:^|\s)(?:at |alle |ore )(\d{1,2})$|\s(\d{1,2})$")
_DATE = re.compile(r"(\d{1,2})[/.\-](\d{1,2})(?:[/.\-](\d{4}))?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NAMED = re.compile(r"(\d{1,2})\s+([a-z]{3})[a-z]*")
_DAYS = ("mon lun", "tue mar", "wed mer", "thu gio", "fri ven", "sat sab", "sun dom")
_MONTHS = (
    "jan gen", "feb", "mar", "apr", "may mag", "jun giu", "jul lug", "aug ago", "sep set", "oct ott", "nov", "dec dic",
)  # fmt: skip


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
        return (now + count * length).replace(second=0, microsecond=0) if count else None
    with contextlib.suppress(ValueError):
        # A date alone reads as midnight; it is meant as a morning, and comes below.
        exact = datetime.fromisoformat(words) if "t" in words and words[:4].isdecimal() else None
        if exact is not None:
            exact = exact if exact.tzinfo is not None else exact.replace(tzinfo=now.tzinfo)
            return exact if exact > now else None
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
        at = datetime.combine(now.date(), clock or MORNING, now.tzinfo)
        return at if at > now else at + timedelta(days=1)
    evening = any(word in words for word in ("evening", "stasera", "sera", "tonight"))
    at = datetime.combine(day, clock or (EVENING if evening else MORNING), now.tzinfo)
    return at if at > now else None


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
