"""Sizes and spans of time in words, for the screen and the command line alike."""

from __future__ import annotations

from agentdesk.locale import say


def size(count: int) -> str:
    """Bytes: `640 B`, `2.1 kB`, `3.4 MB`."""
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB", "GB"):
        count_in = count / 1000
        if count_in < 999.5 or unit == "GB":
            return f"{_point(count_in)} {unit}"
        count //= 1000
    return ""


def _point(value: float) -> str:
    text = f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return text.replace(".", say("screen.decimal_point"))


def rough(seconds: float) -> str:
    """How long something takes, as one says it before it is over: `40 s`, `4 min`, `2 h`."""
    if seconds <= 55:
        return say("files.seconds", n=max(5, -(-int(seconds) // 5) * 5))
    if seconds < 90 * 60:
        return say("files.minutes", n=-(-int(seconds) // 60))
    return say("files.hours", n=round(seconds / 3600))
