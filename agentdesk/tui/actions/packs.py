"""Where canned texts come from: looked at, fetched; what changed in them."""

from __future__ import annotations

from agentdesk.config import Link
from agentdesk.locale import say
from agentdesk.tui.actions.registry import does
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.packs import NewsSheet, PacksSheet


@does("packs")
def packs(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(PacksSheet(screen, lambda: pull(screen, 0, "")))


@does("packs.pull")
def pull(screen: DeskScreen, count: int, argument: str) -> None:
    """Fetch at once. Offline it is done when the line is back."""
    sources = screen.desk.packs.pull()
    if not sources:
        screen.tell(say("packs.none_fetched"))
        return
    screen.desk_app.wake()
    offline = screen.desk.usage.link() is Link.OFFLINE
    screen.tell(say("packs.asked_offline" if offline else "packs.asked", n=sources), "note")


@does("news")
def news(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(NewsSheet(screen, screen.desk.packs.news()))
