"""An invitation (text/calendar, RFC 5545 and 5546) in a few readable lines. Recurrences are not expanded, nothing is accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from agentdesk.locale import language, say

_LINES = 2_000
_MOST = 64 * 1024
_FOLD = re.compile(r"\r?\n[ \t]")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_LENGTH = re.compile(r"P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}S)?)?")
_ESCAPED = re.compile(r"\\([nN,;\\])")
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


@dataclass(slots=True)
class _Property:
    value: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Moment:
    day: date
    at: datetime | None
    """None: a whole day."""
    note: str = ""
    """The zone it is in, where that is not the reader's."""


def to_text(source: str, zone: tzinfo = UTC) -> str:
    """What an invitation says of its first event, times in the reader's zone; the source itself if it holds no event."""
    method, found = _event(source)
    if "SUMMARY" not in found and "DTSTART" not in found:
        return source
    lines = [say(f"mail.calendar.{_what(method, found)}", summary=_text(found.get("SUMMARY")), who=_answering(found))]
    if when := _when(found, zone):
        lines.append(say("mail.calendar.repeated" if "RRULE" in found else "mail.when", when=when))
    if place := _text(found.get("LOCATION")):
        lines.append(say("mail.where", where=place))
    if organizer := _person(found.get("ORGANIZER")):
        lines.append(say("mail.organizer", who=organizer))
    return "\n".join(lines)


def _event(source: str) -> tuple[str, dict[str, _Property]]:
    """The method, and the properties of the first event, the first of each name."""
    found: dict[str, _Property] = {}
    method, depth = "", 0
    for line in _FOLD.sub("", source[:_MOST]).split("\n")[:_LINES]:
        name, one = _property(line.strip())
        if name == "METHOD":
            method = method or one.value.strip().upper()
        elif name == "BEGIN" and (depth or one.value.strip().upper() == "VEVENT"):
            depth += 1  # an alarm within the event has a summary of its own
        elif name == "END" and depth:
            depth -= 1
            if not depth:
                break
        elif depth == 1:
            found.setdefault(name, one)
    return method, found


def _property(line: str) -> tuple[str, _Property]:
    """`NAME;PARAMETER="a:b";OTHER=c:value` taken apart."""
    pieces: list[str] = []
    start, quoted = 0, False
    for index, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif not quoted and char in ";:":
            pieces.append(line[start:index])
            start = index + 1
            if char == ":":
                break
    else:
        return "", _Property("")
    parameters = {}
    for piece in pieces[1:20]:
        name, _, value = piece.partition("=")
        parameters[name.strip().upper()] = value.strip().strip('"')
    return pieces[0].strip().upper(), _Property(line[start:], parameters)


def _what(method: str, found: dict[str, _Property]) -> str:
    if method == "CANCEL" or ("STATUS" in found and found["STATUS"].value.strip().upper().startswith("CANCEL")):
        return "cancelled"
    if method == "REPLY":
        attendee = found.get("ATTENDEE")
        return _ANSWERS.get(attendee.parameters.get("PARTSTAT", "").upper(), "answered") if attendee else "answered"
    if method == "COUNTER":
        return "countered"
    return "event" if method == "PUBLISH" else "invitation"


def _answering(found: dict[str, _Property]) -> str:
    return _person(found.get("ATTENDEE")) or _person(found.get("ORGANIZER")) or "?"


def _text(one: _Property | None) -> str:
    return _ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], one.value)[:300].strip() if one else ""


def _person(one: _Property | None) -> str:
    if one is None:
        return ""
    address = one.value.strip()
    address = address[7:] if address[:7].lower() == "mailto:" else address
    name = one.parameters.get("CN", "")[:200]
    return f"{name} <{address[:300]}>" if name and name != address and address else (address or name)[:300]


def _when(found: dict[str, _Property], zone: tzinfo) -> str:
    start = _moment(found.get("DTSTART"), zone)
    if start is None:
        return ""
    end = _moment(found.get("DTEND"), zone) or _after(start, found.get("DURATION"))
    note = f" ({start.note or zone})" if start.at is not None else ""
    if start.at is None:
        last = end.day - timedelta(days=1) if end and end.at is None else start.day  # the end of whole days is the day after
        return _day(start.day) if last <= start.day else f"{_day(start.day)} – {_day(last)}"
    if end is None or end.at is None or end.at <= start.at:
        return f"{_day(start.day)}, {start.at:%H:%M}{note}"
    until = f"{end.at:%H:%M}" if end.day == start.day else f"{_day(end.day)}, {end.at:%H:%M}"
    return f"{_day(start.day)}, {start.at:%H:%M}{'–' if end.day == start.day else ' – '}{until}{note}"


def _moment(one: _Property | None, zone: tzinfo) -> _Moment | None:
    stamp = _STAMP.match(one.value.strip()) if one else None
    if stamp is None or one is None:
        return None
    try:
        if stamp[4] is None:
            return _Moment(date(int(stamp[1]), int(stamp[2]), int(stamp[3])), None)
        at = datetime(*(int(stamp[n]) for n in range(1, 6)))  # type: ignore[arg-type]  # noqa: DTZ001 - its zone comes below
        note = ""
        given = UTC if stamp[7] else _zone(one.parameters.get("TZID", ""))
        if given is not None:
            at = at.replace(tzinfo=given).astimezone(zone)
        else:
            note = one.parameters.get("TZID", "")[:60] or say("mail.calendar.local")
    except (ValueError, OverflowError):
        return None
    return _Moment(at.date(), at, note)


def _after(start: _Moment, one: _Property | None) -> _Moment | None:
    length = _LENGTH.fullmatch(one.value.strip()) if one else None
    if length is None:
        return None
    weeks, days, hours, minutes = (int(length[n] or 0) for n in range(1, 5))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    try:
        at = start.at + span if start.at is not None else None
        return _Moment(at.date() if at else start.day + span, at, start.note)
    except OverflowError:
        return None


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    """A zone by its IANA name, also at the end of a path as some programs write it, or by the name Windows gives it."""
    from babel.core import get_global  # noqa: PLC0415 - slow to import, and invitations are rare

    name = name.strip().strip('"')
    windows = get_global("windows_zone_mapping")
    for candidate in (windows.get(name, name), "/".join(name.split("/")[-2:])):
        if re.fullmatch(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}", candidate):
            try:
                return ZoneInfo(candidate)
            except (OSError, ValueError, KeyError):  # not there, or no zone at all
                continue
    return None


def _day(day: date) -> str:
    from babel.dates import format_date  # noqa: PLC0415 - see above

    return format_date(day, "EEEE d MMMM y", locale=language())
