"""Times as an agent reads them: coarse, so that a screen at rest has nothing to repaint."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentdesk.desk.amounts import rough, size
from agentdesk.locale import say

__all__ = ["ago", "clock", "day", "due", "long_day", "money", "month", "number", "rough", "size", "span", "until", "weekday"]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def weekday(at: datetime) -> str:
    return say("screen.weekdays").split()[at.weekday()]


def month(at: datetime) -> str:
    return say("screen.months").split()[at.month - 1]


def day(at: datetime, now: datetime) -> str:
    """`14 Nov`, with the year where it is not this one."""
    at = at.astimezone(now.tzinfo)
    short = say("screen.day_month", day=at.day, month=month(at))
    return short if at.year == now.year else f"{short} {at.year}"


def long_day(at: datetime, now: datetime) -> str:
    """`Mon 30 Nov`, or today or yesterday."""
    at = at.astimezone(now.tzinfo)
    days = (now.date() - at.date()).days
    if days == 0:
        return say("screen.today")
    if days == 1:
        return say("screen.yesterday")
    return f"{weekday(at)} {day(at, now)}"


def clock(at: datetime, now: datetime) -> str:
    """`12:04`."""
    return at.astimezone(now.tzinfo).strftime("%H:%M")


def span(delta: timedelta) -> str:
    """A length: `8 m`, `3 h`, `2 d`."""
    if delta < HOUR:
        return say("screen.minutes", count=int(delta / MINUTE))
    if delta < DAY:
        return say("screen.hours", count=int(delta / HOUR))
    return say("screen.days", count=delta.days)


def due(at: datetime, now: datetime) -> str:
    """When a promise breaks: `-12 m` it has, `8 m` it will, `tomorrow`, `Thu`."""
    if at <= now:
        return "-" + span(now - at)
    local = at.astimezone(now.tzinfo)
    days = (local.date() - now.date()).days
    if days == 0 or at - now < 6 * HOUR:
        return span(at - now)
    if days == 1:
        return say("screen.tomorrow")
    return weekday(local) if days < 7 else day(local, now)


def ago(at: datetime, now: datetime) -> str:
    """When something was, for a list: `12:04` today, `Mon` this week, `14 Nov` before."""
    local = at.astimezone(now.tzinfo)
    days = (now.date() - local.date()).days
    if days <= 0:
        return clock(at, now)
    return weekday(local) if days < 7 else day(local, now)


def until(at: datetime, now: datetime) -> str:
    """A moment to come: `16:30`, `tomorrow 09:00`, `Mon 09:00`, `24 Dec 09:00`."""
    local = at.astimezone(now.tzinfo)
    days = (local.date() - now.date()).days
    if days <= 0:
        return clock(at, now)
    if days == 1:
        return f"{say('screen.tomorrow')} {clock(at, now)}"
    return f"{weekday(local) if days < 7 else day(local, now)} {clock(at, now)}"


def number(value: int) -> str:
    return f"{value:,}".replace(",", say("screen.thousands"))


def money(amount: object, currency: str) -> str:
    """`612,40 €` or `€612.40`, as the agent's language writes it."""
    signs = {"EUR": "€", "GBP": "£", "USD": "$"}
    text = f"{amount:,.2f}".replace(",", "\0").replace(".", say("screen.decimal_point"))
    text = text.replace("\0", say("screen.thousands"))
    return say("screen.money", amount=text, sign=signs.get(currency, currency))
