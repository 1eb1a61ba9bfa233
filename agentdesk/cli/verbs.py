"""The verbs on conversations: what was done is said on stderr, stdout stays empty."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import talk
from agentdesk.desk import Desk
from agentdesk.domain.clean import clean
from agentdesk.errors import UsageError
from agentdesk.locale import say

_IN = re.compile(r"(\d{1,4})\s*(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MORNING = 9
"""The hour a snooze until a day ends where the desk has no opening hours."""


def _do(arguments: Namespace, ids: Sequence[str], verb: Callable[[Desk, list[int]], str]) -> int:
    with open_desk(arguments) as desk:
        talk(verb(desk, [desk.queue.find(each) for each in ids]))
    return 0


def note(arguments: Namespace) -> int:
    text = clean(text_or_stdin(arguments.text)).strip()
    if not text:
        raise UsageError(say("cli.empty_text"))
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.note(rows, text))


def tag(arguments: Namespace) -> int:
    if not arguments.tags and not arguments.remove:
        raise UsageError(say("cli.no_tag"))
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.tag(rows, arguments.tags, arguments.remove))


def assign(arguments: Namespace) -> int:
    to = "" if arguments.to in {"nobody", "-"} else arguments.to
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.assign(rows, to))


def claim(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.claim(rows))


def close(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.close(rows))


def reopen(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.reopen(rows))


def snooze(arguments: Namespace) -> int:
    def verb(desk: Desk, rows: list[int]) -> str:
        zone = desk.config.timezone
        return desk.work.snooze(rows, moment(arguments.until, datetime.now(zone), zone))

    return _do(arguments, [arguments.id], verb)


def moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """"2h", "3d", "2026-12-01", "2026-12-01 14:30", "14:30", or RFC 3339. A day alone means its morning.

    Raises:
        UsageError: it is none of these.
    """
    match = _IN.fullmatch(text.strip().lower())
    if match is not None:
        return now + timedelta(**{_UNITS[match[2]]: int(match[1])})
    if re.fullmatch(r"\d{1,2}:\d{2}", text.strip()):
        hour, minute = text.strip().split(":")
        if int(hour) < 24 and int(minute) < 60:
            today = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            return today if today > now else today + timedelta(days=1)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(say("cli.not_a_time", text=text)) from error
    if re.fullmatch(r"[\d-]{8,10}", text.strip()):
        found = found.replace(hour=MORNING)
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def text_or_stdin(text: str) -> str:
    """The text itself, or what comes in on stdin for `-`."""
    if text != "-":
        return text
    return sys.stdin.buffer.read().decode("utf-8", "replace")
