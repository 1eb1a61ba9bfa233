"""How an attachment stands: in a line of the conversation, and in a word or two in a list."""

from __future__ import annotations

from collections.abc import Sequence

from agentdesk.desk.facts import AttachmentFact, Fetch
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, cut, wrap
from agentdesk.tui.theme import Roles

BAR = 10
"""Cells of a bar that shows how much has come."""
NOTICED = 5.0
"""Seconds from which one wants to know how long it still takes."""
NAME, SHORTEST = 20, 6
"""Cells of a name that are kept before anything else is said, and those without which it says nothing."""

Text = tuple[Piece, ...]


def name_of(fact: AttachmentFact) -> str:
    return fact.name or fact.type


def whereabouts(fact: AttachmentFact) -> tuple[str, str]:
    """In a word or two, with the role they are shown in; empty if it is here."""
    if fact.here:
        return "", "faint"
    if fact.fetch is not None:
        return fetch_words(fact.fetch)
    known = say("files.begun", size=times.size(fact.fetched)) if fact.fetched else say("screen.not_here")
    return " · ".join(filter(None, (known, about(fact)))), "faint"


def about(fact: AttachmentFact) -> str:
    """How long fetching it would take, where that is long enough to be asked."""
    return say("files.about", time=times.rough(fact.seconds)) if fact.seconds is not None and fact.seconds >= NOTICED else ""


def fetch_words(fetch: Fetch) -> tuple[str, str]:
    if fetch.state == "fetching":
        left = fetch.seconds_left
        more = " · " + say("files.left", time=times.rough(left)) if left is not None and left >= NOTICED else ""
        return (say("files.percent", percent=fetch.percent) if fetch.total else say("screen.being_fetched")) + more, "accent"
    if fetch.state == "waiting":
        here = say("files.percent", percent=fetch.percent) if fetch.percent else ""
        waits = say("files.waits_for_line") if not fetch.line_up else say("files.waits", place=fetch.place)
        return " · ".join(filter(None, (here, waits))), "accent"
    return say(f"files.{fetch.state}", reason=fetch.reason), "warm" if fetch.state == "paused" else "bad"


def lines(fact: AttachmentFact, number: int, width: int, roles: Roles) -> list[Text]:
    """Number, name, and how it stands: what matters less is left out where there is no room for it. Below, what went wrong."""
    lead: Piece = (f"{number} ", roles.accent)
    name, room = name_of(fact), width - cells(lead[0])
    fetch, beside = fact.fetch, room - min(NAME, cells(name))
    if fetch is not None and fetch.state == "fetching" and fetch.total:
        tail = progress(fetch, fact.size, beside, roles)
    else:
        size, (words, role) = times.size(fact.size), whereabouts(fact)
        brief = about(fact)
        if fetch is not None:
            words = brief = say(f"files.{fetch.state}_short") if fetch.reason else words
        for told in ((size, words), (size, brief), ("", brief), (size, "")):
            tail = [("".join("  " + one for one in told[:1] if one), roles.faint), ("".join("  " + one for one in told[1:] if one), roles.by_name(role))]
            if _cells(tail) <= beside:
                break
    first = (lead, (cut(name, max(SHORTEST, room - _cells(tail))), roles.text), *tail)
    if fetch is None or not fetch.reason:
        return [first]
    style = roles.by_name(whereabouts(fact)[1])
    return [first, *(((" " * cells(lead[0]) + text, style),) for text in wrap(fetch.reason, room))]


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cells(text) for text, _ in pieces)


def progress(fetch: Fetch, size: int, width: int, roles: Roles) -> list[Piece]:
    """A bar, how much of how much, and where it takes long how fast and how long still: as much as there is room for."""
    done = size * fetch.fetched // fetch.total
    full = fetch.percent * BAR // 100
    bar: list[Piece] = [("  ", roles.text), ("━" * full, roles.accent), ("─" * (BAR - full), roles.line)]
    percent = say("files.percent", percent=fetch.percent)
    amount = say("files.of", done=times.size(done), size=times.size(size))
    left, rate = "", ""
    if fetch.seconds_left is not None and fetch.seconds_left >= NOTICED:
        left, rate = say("files.left", time=times.rough(fetch.seconds_left)), say("files.rate", rate=times.size(fetch.rate))
    for words in ((amount, percent, rate, left), (amount, percent, left), (percent, left), (percent,)):
        told = "  " + " · ".join(filter(None, words))
        if 2 + BAR + cells(told) <= width:
            return [*bar, (told, roles.accent)]
    return [("  " + percent, roles.accent)]


def whole(fetch: Fetch, size: int, width: int, roles: Roles) -> list[Text]:
    """The same of a message that has been asked for as it came."""
    lead: Piece = ("· " + say("files.raw"), roles.text)
    if fetch.state == "fetching" and fetch.total:
        return [(lead, *progress(fetch, size or fetch.total, width - cells(lead[0]), roles))]
    words, role = fetch_words(fetch)
    style = roles.by_name(role)
    if not fetch.reason:
        return [(lead, (f"  {words}", style))]
    return [(lead, ("  " + say(f"files.{fetch.state}_short"), style)), *((("  " + text, style),) for text in wrap(fetch.reason, width - 2))]
