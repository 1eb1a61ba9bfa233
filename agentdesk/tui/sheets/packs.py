"""Where canned texts come from, and what changed in them since the last shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agentdesk.desk.packs import News, PackFact
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import wrap
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.widgets.sheet import Choice, Sheet

NARROW, WIDE = 20, 74


class PacksSheet(Sheet):
    """Each source with its layer and its commit; enter fetches what is fetched."""

    share, wide, typed = 1.0, True, False
    topics = frozenset({"packs", "all"})

    def __init__(self, screen: DeskScreen, pull: Callable[[], None]) -> None:
        self._screen, self._pull = screen, pull
        self.title = say("commands.packs")
        fetched = any(source.kind for source in screen.desk.packs.sources())
        self.placeholder = say("packs.enter_fetches") if fetched else say("packs.none_fetched")

    def choices(self, query: str) -> Sequence[Choice]:
        now = self._screen.now()
        found: list[Choice] = []
        layer = ""
        for source in self._screen.desk.packs.sources():
            if source.layer != layer:
                layer = source.layer
                found += [*([Choice("", heading=True)] if found else []), Choice(say(f"packs.layer_{layer}"), heading=True)]
            found.append(Choice(f"  {source.place or say('packs.shipped')}", standing(source, now), source.place, role=_role(source)))
            words = [say("packs.branch", name=source.branch)] if source.branch else []
            if source.changed_at is not None:
                words.append(say("packs.changed", ago=times.ago(source.changed_at, now)))
            found += [Choice("    " + " · ".join(words), heading=True)] if words else []
            found += [Choice("    " + line, heading=True, role="bad") for line in wrap(source.detail, _room(self.width) - 4) if line]
            if source.detail:
                kept = "packs.kept" if source.here else "packs.nothing_kept"
                found += [Choice("    " + line, heading=True) for line in wrap(say(kept, version=source.short), _room(self.width) - 4)]
        return found

    def choose(self, choice: Choice | None, query: str) -> None:
        self._pull()


def standing(source: PackFact, now: datetime) -> str:
    """How a source stands, in a few words."""
    if not source.kind:
        return "" if source.here else say("packs.missing")
    if source.wanted:
        return say("packs.fetching")
    if not source.version:
        return say("packs.never")
    name = say("packs.commit" if source.kind == "git" else "packs.checksum", version=source.short)
    return f"{name} · {say('packs.checked', ago=times.ago(source.checked_at, now))}" if source.checked_at is not None else name


def _room(width: int) -> int:
    """Cells for a sentence; before the sheet was laid out its width says nothing."""
    return width if width > NARROW else WIDE


def _role(source: PackFact) -> str:
    if source.detail or not source.here:
        return "warm"
    return "text"


class NewsSheet(Sheet):
    """The names of texts that came, changed and went: one page to read, or to leave."""

    share, wide, typed = 1.0, True, False
    topics = frozenset({"packs"})

    def __init__(self, screen: DeskScreen, news: News) -> None:
        self._screen, self._news = screen, news
        self.title = say("commands.news")
        now = screen.now()
        self.placeholder = say("packs.news_since", when=f"{times.long_day(news.since, now)} {times.clock(news.since, now)}") if news.since is not None else ""

    def choices(self, query: str) -> Sequence[Choice]:
        news = self._news
        if not news.count:
            words = say("packs.no_news") if news.since is not None else say("packs.first_shift")
            return [Choice(line, heading=True) for line in wrap(words, _room(self.width))]
        found: list[Choice] = []
        for kind, role, entries in (("packs.added", "good", news.added), ("packs.changed_texts", "accent", news.changed), ("packs.removed", "warm", news.removed)):
            if entries:
                found += [*([Choice("", heading=True)] if found else []), Choice(say(kind, n=len(entries)), heading=True, role=role)]
                found += [Choice(f"  {entry.title or entry.name}", entry.name, entry.name) for entry in entries]
        return found

    def choose(self, choice: Choice | None, query: str) -> None:
        self._screen.close_sheet()
