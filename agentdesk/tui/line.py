"""How the line to the servers is drawn: its figures in words, amounts as bars."""

from __future__ import annotations

from collections.abc import Sequence

from agentdesk.desk.facts import ChannelFact
from agentdesk.locale import say
from agentdesk.tui import times

EIGHTHS = " ▏▎▍▌▋▊▉█"
STEPS = "▁▂▃▄▅▆▇█"


def bar(part: int, whole: int, width: int) -> str:
    """How much `part` is of `whole`, in eighths of a cell."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = max(1, round(min(1.0, part / whole) * width * 8))
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def spark(values: Sequence[int]) -> str:
    """One step a day; a day without anything stays empty."""
    most = max(values, default=0)
    return "".join(STEPS[max(0, -(-value * len(STEPS) // most) - 1)] if value else " " for value in values) if most else ""


def figures(channel: ChannelFact) -> str:
    """`thin: 410 ms, 58 kbit/s`, as far as it was measured."""
    if channel.link not in {"thin", "normal"}:
        return ""
    link = say(f"usage.link_{channel.link}")
    if not channel.round_trip_ms:
        return link
    kbit = round(channel.bytes_per_second * 8 / 1000)
    shown = say("usage.figures", ms=channel.round_trip_ms, kbit=times.number(kbit)) if kbit else say("usage.figures_trip", ms=channel.round_trip_ms)
    return say("usage.measured", link=link, figures=shown)
