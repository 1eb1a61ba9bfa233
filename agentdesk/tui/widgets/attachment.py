"""How an attachment stands: in a line of the conversation, and in a word or two in a list."""

from __future__ import annotations

from agentdesk.desk.facts import AttachmentFact, Fetch
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, cut
from agentdesk.tui.theme import Roles

BAR = 10
"""Cells of a bar that shows how much has come."""
NOTICED = 5.0
"""Seconds from which one wants to know how long it still takes."""
NAME = 12
"""Cells of a name that are kept whatever else there is to say."""


def name_of(fact: AttachmentFact) -> str:
    return fact.name or fact.type


def whereabouts(fact: AttachmentFact) -> tuple[str, str]:
    """In a word or two, with the role they are shown in; empty if it is here."""
    if fact.here:
        return "", "faint"
    if fact.fetch is not None:
        return fetch_words(fact.fetch)
    if fact.fetched:
        return say("files.begun", size=times.size(fact.fetched)), "faint"
    about = say("files.about", time=times.rough(fact.seconds)) if fact.seconds is not None else ""
    return " · ".join(filter(None, (say("screen.not_here"), about))), "faint"


def fetch_words(fetch: Fetch) -> tuple[str, str]:
    if fetch.state == "fetching":
        left = fetch.seconds_left
        more = " · " + say("files.left", time=times.rough(left)) if left is not None and left >= NOTICED else ""
        return (say("files.percent", percent=fetch.percent) if fetch.total else say("screen.being_fetched")) + more, "accent"
    if fetch.state == "waiting":
        return say("files.waits_for_line") if not fetch.line_up else say("files.waits", place=fetch.place), "accent"
    return say(f"files.{fetch.state}", reason=fetch.reason), "warm" if fetch.state == "paused" else "bad"


def pieces(fact: AttachmentFact, number: int, width: int, roles: Roles) -> tuple[Piece, ...]:
    """Number, name, and how it stands: what matters less is left out where there is no room for it."""
    lead: Piece = (f"{number} ", roles.accent)
    tail = [(f"  {times.size(fact.size)}", roles.faint)]
    if fact.fetch is not None and fact.fetch.state == "fetching" and fact.fetch.total:
        tail = progress(fact.fetch, fact.size, width - cells(lead[0]) - min(NAME, cells(name_of(fact))), roles)
    else:
        words, role = whereabouts(fact)
        if words:
            tail.append((f"  {words}", roles.by_name(role)))
    room = width - cells(lead[0]) - sum(cells(text) for text, _ in tail)
    return (lead, (cut(name_of(fact), max(NAME, room)), roles.text), *tail)


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


def whole(fetch: Fetch, size: int, width: int, roles: Roles) -> tuple[Piece, ...]:
    """The same of a message that has been asked for as it came."""
    lead: Piece = ("· " + say("files.raw"), roles.text)
    if fetch.state == "fetching" and fetch.total:
        return (lead, *progress(fetch, size or fetch.total, width - cells(lead[0]), roles))
    words, role = fetch_words(fetch)
    return (lead, (f"  {words}", roles.by_name(role)))
