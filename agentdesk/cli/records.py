"""`agentdesk snippets sent` and `stats`: who got a text, and how texts fare."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import block, cells, columns, cut, line, shown_time, stamp, talk, width, write_json
from agentdesk.desk.records import Figures, Sent
from agentdesk.domain import when
from agentdesk.errors import UsageError
from agentdesk.locale import say

MOST_BARS = 20
MOST_NAME, LEAST_BAR = 40, 8
"""Cells."""


def since_of(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment meant by `--since`; None where nothing is said.

    Raises:
        UsageError: it says nothing we understand.
    """
    if not text:
        return None
    moment = when.since(text, datetime.now(zone))
    if moment is None:
        raise UsageError(say("cli.no_since", text=text))
    return moment


def sent(arguments: Namespace) -> int:
    """Exit 1 if nobody got it."""
    with open_desk(arguments) as desk:
        zone = desk.config.timezone
        found = desk.records.sent(arguments.name, since_of(arguments.since, zone))
    if arguments.json:
        write_json({"sent": [_sent_shape(one, zone) for one in found]})
    else:
        columns([
            (one.conversation or say("cli.sent_forgotten"), shown_time(one.at, zone), ", ".join(a.address for a in one.to) or one.customer,
             one.name, one.commit[:7] or one.version, one.language, say(f"cli.sent_{one.edited.replace('-', '_')}"), one.state)
            for one in found
        ])  # fmt: skip
        if not found:
            talk(say("cli.nothing"))
    return 0 if found else 1


def _sent_shape(one: Sent, zone: ZoneInfo) -> dict[str, object]:
    return {
        "conversation": one.conversation, "subject": one.subject, "customer": {"name": one.customer, "addresses": [a.address for a in one.to]},
        "at": stamp(one.at, zone), "pack": one.name.rpartition("/")[0], "name": one.name.rpartition("/")[2], "language": one.language,
        "version": one.version, "commit": one.commit, "edited": one.edited, "similarity": round(one.similarity, 3),
        "changes": [{"from": a, "to": b} for a, b in one.changes], "state": one.state,
    }  # fmt: skip


def stats(arguments: Namespace) -> int:
    """A table, JSON, or bars in the terminal."""
    with open_desk(arguments) as desk:
        zone = desk.config.timezone
        since = since_of(arguments.since, zone)
        assert since is not None  # it has a default
        figures = desk.records.figures(since, again_days=arguments.again)
    if arguments.json:
        write_json(_figures_shape(figures, zone))
        return 0
    if not figures.fares and not figures.wishes:
        talk(say("cli.nothing"))
        return 0
    if arguments.plot:
        block(_bars(figures))
        return 0
    line(say("cli.stats_total", n=figures.replies, hand=figures.by_hand))
    heads = ("", *(say(f"cli.stats_{name}") for name in ("used", "edited", "removed", "again_short", "alike")))
    rows = [
        (fare.name, str(fare.used), str(fare.edited), str(fare.removed), str(fare.asked_again), f"{fare.similarity:.0%}")
        for fare in figures.fares
    ]
    if rows:
        line()
        columns([heads, *rows], indent="  ")
    changes = [(fare.name, f"{a or '∅'} → {b or '∅'}", f"{n}×") for fare in figures.fares for a, b, n in fare.changes[:1]]
    if changes:
        line()
        line(say("cli.stats_changes"))
        columns(changes, most=(0, 60), indent="  ")
    if figures.wishes:
        line()
        line(say("cli.stats_wishes"))
        columns(
            [
                (wish.intent, say("cli.stats_by_hand", n=wish.by_hand), say("cli.stats_by_snippet", n=wish.with_snippet),
                 say("cli.stats_some", n=wish.snippets) if wish.snippets else say("cli.stats_none"))
                for wish in figures.wishes
            ],
            indent="  ",
        )  # fmt: skip
    return 0


def _figures_shape(figures: Figures, zone: ZoneInfo) -> dict[str, object]:
    return {
        "since": stamp(figures.since, zone), "replies": figures.replies, "by_hand": figures.by_hand,
        "snippets": [
            {
                "pack": fare.name.rpartition("/")[0], "name": fare.name.rpartition("/")[2], "used": fare.used, "edited": fare.edited,
                "removed": fare.removed, "asked_again": fare.asked_again, "similarity": round(fare.similarity, 3), "versions": fare.versions,
                "changes": [{"from": a, "to": b, "times": n} for a, b, n in fare.changes],
            }
            for fare in figures.fares
        ],
        "intents": [
            {"intent": wish.intent, "by_hand": wish.by_hand, "with_snippet": wish.with_snippet, "snippets": wish.snippets}
            for wish in figures.wishes
        ],
    }  # fmt: skip


def _bars(figures: Figures) -> str:
    """A bar each, used most on top: full for what went as it is, lighter for what was edited, lightest for what was taken out.
    Below, what is answered by hand: full where there is no snippet for it."""
    fares, wishes = figures.fares[:MOST_BARS], figures.wishes[:MOST_BARS]
    names = max(cells(name) for name in [*(fare.name for fare in fares), *(wish.intent for wish in wishes)])
    names = min(names, MOST_NAME)
    room = max(LEAST_BAR, min(width() or 100, 120) - names - 8)
    lines: list[str] = []
    most = max((fare.used for fare in fares), default=1)
    for fare in fares:
        parts = (("█", fare.used - fare.edited - fare.removed), ("▒", fare.edited), ("░", fare.removed))
        lines.append(f"{_named(fare.name, names)}  {_bar(parts, most, room)} {fare.used}")
    if fares:
        lines.append(f"{' ' * names}  █ {say('cli.sent_as_is')}   ▒ {say('cli.sent_edited')}   ░ {say('cli.sent_removed')}")
    if wishes:
        lines += [*([""] if fares else []), say("cli.stats_wishes")]
        most = max(wish.by_hand for wish in wishes)
        lines += [
            f"{_named(wish.intent, names)}  {_bar((('░' if wish.snippets else '█', wish.by_hand),), most, room)} {wish.by_hand}" for wish in wishes
        ]
        lines.append(f"{' ' * names}  █ {say('cli.stats_none')}   ░ {say('cli.stats_there')}")
    return "\n".join(lines)


def _named(name: str, column: int) -> str:
    shown = cut(name, column)
    return shown + " " * (column - cells(shown))


def _bar(parts: Sequence[tuple[str, int]], most: int, room: int) -> str:
    """Parts one behind the other in whole cells; what is there at all has one."""
    drawn, done = "", 0
    for mark, count in parts:
        done += count
        drawn += mark * max(round(done * room / most) - len(drawn), int(count > 0))
    return drawn[:room]
