"""The queue at the left: a view or a search, read window by window, and what a verb acts on."""

from __future__ import annotations

from array import array
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from agentdesk.commands import Where
from agentdesk.desk.facts import View
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui.widgets.entry import Entry
from agentdesk.tui.widgets.queue import Queue

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen

FOLLOW = 0.25
"""Seconds the cursor rests on a row before its conversation is shown."""
FIRST = 300
"""Ids read at once when a view is opened."""


class Listing:
    """Fills the queue and follows its cursor."""

    def __init__(self, screen: DeskScreen) -> None:
        self.screen = screen
        self.views: tuple[View, ...] = ()
        self.view = View("open", "", "")
        self.query_text = ""
        self.touched = False
        """A key has been pressed: from now on the list keeps its order under the cursor."""
        self._listing = 0
        self._follow: Timer | None = None

    def show_view(self, key: str, query: str = "") -> None:
        """Another view, or a search over all conversations."""
        found = next((v for v in self.views if v.key.lower() == key.lower()), None)
        if found is None:
            self.screen.tell(say("screen.no_view", name=key), "bad")
            return
        self.view, self.query_text = found, query
        self.screen.queue.title = found.title
        self.screen.queue.fault = ""
        self.screen.queue.cursor = self.screen.queue.top = 0
        self.load(show=True)

    def load(self, *, show: bool = False, keep: int = 0) -> None:
        """Ask for the ids of the list; then show or offer them.

        What a key asked to see is shown at once as far as the first window goes; a long list's rest is read aside.
        """
        self._listing += 1
        number = self._listing
        ask = partial(self.screen.desk.queue.ids, self.search_view if self.query_text else self.view.key, self.query_text)
        then = partial(self._listed, number, show=show, keep=keep)
        if not show:
            self.screen.desk_app.aside(ask, then)
            return
        limit = max(FIRST, self.screen.queue.cursor + FIRST)

        def first(ids: array[int] | Exception) -> None:
            marks = set(self.screen.queue.marks)
            then(ids)
            if not isinstance(ids, Exception) and len(ids) == limit:
                self.screen.queue.marks = marks
                self.screen.desk_app.aside(ask, then)

        self.screen.desk_app.aside(partial(ask, limit=limit), first, wait=True)

    @property
    def search_view(self) -> str:
        """A search looks everywhere but in spam; the view counts where no query is typed."""
        return "all" if any(v.key == "all" for v in self.views) else self.view.key

    def _listed(self, number: int, ids: array[int] | Exception, *, show: bool, keep: int) -> None:
        if number != self._listing:
            return
        if isinstance(ids, Exception):
            if not isinstance(ids, DeskError):
                raise ids
            self.screen.queue.fault = str(ids)
            if self.screen.queue.ids:
                self.screen.queue.show(array("q"))
            self.screen.queue.refresh()
            return
        self.screen.queue.fault = ""
        self.say_when_empty()
        if show:
            self.screen.queue.show(ids, on=keep)
            if not ids:
                self.screen.show_conversation(0)
            elif not self.screen.current:
                self.screen.show_conversation(self.screen.queue.current)
        elif not self.touched:
            # Nobody has begun yet: while the first messages come in, the list is simply in order.
            self.screen.queue.cursor = self.screen.queue.top = 0
            self.screen.queue.show(ids, on=ids[0] if ids else 0)
            self.screen.queue.post_message(Queue.Moved())
        else:
            self.screen.queue.offer(ids)

    def say_when_empty(self) -> None:
        """What an empty queue says."""
        app = self.screen.desk_app
        words: tuple[str, ...]
        if not self.screen.desk.config.channels:
            words = (say("screen.first_start"), say("screen.first_start_init"), say("screen.first_start_demo"))
        elif self.query_text:
            words = (say("screen.nothing_found"), say("screen.search_hint", key=app.key_of("back")))
        elif self._before_first_news():
            words = (say("screen.first_sync"), say("screen.first_sync_hint"))
        elif self.view.key in {"open", "unassigned", "late"}:
            words = (say("screen.all_done"), say("screen.all_done_hint", key=app.key_of("view.choose")))
        else:
            words = (say("screen.empty_view"), say("screen.empty_view_hint", key=app.key_of("view.open")))
        if words != self.screen.queue.empty:
            self.screen.queue.empty = words
            if not self.screen.queue.ids:
                self.screen.queue.refresh()

    def _before_first_news(self) -> bool:
        """Whether an empty queue may only mean that nothing has come yet: the engine is only starting, or at its first sync."""
        channels = self.screen.topline.channels
        return not channels or any(channel.state in {"new", "connecting", "syncing"} for channel in channels)

    def moved(self) -> None:
        """The cursor rests, and then the conversation under it is shown: holding `j` down opens nothing."""
        if self._follow is not None:
            self._follow.stop()
        self._follow = self.screen.set_timer(FOLLOW, partial(self.screen.desk_app.guarded, self.follow))

    def follow(self) -> None:
        """Show the conversation under the cursor, unless the agent is writing."""
        if self._follow is not None:
            self._follow.stop()
            self._follow = None
        if self.screen.where() is not Where.COMPOSER and self.screen.queue.current and self.screen.queue.current != self.screen.current:
            self.screen.show_conversation(self.screen.queue.current)

    def targets(self) -> list[int]:
        """What a verb acts on: the marked conversations, else the one under the cursor or in the middle."""
        if self.screen.queue.marks and self.screen.where() in {Where.QUEUE, Where.PANEL}:
            return sorted(self.screen.queue.marks, key=lambda row: self.screen.queue.ids.index(row) if row in self.screen.queue.ids else 0)
        if self.screen.where() is Where.QUEUE and self.screen.queue.current:
            self.follow()
        return [self.screen.current] if self.screen.current else []

    def begin_search(self) -> None:
        self.screen.go_to_pane("queue")
        self.screen.queue.search = self.screen.queue.search or Entry(self.query_text)
        self.screen.queue.search.cursor = len(self.screen.queue.search.text)
        self.screen.queue.searching = True
        self.screen.queue.repaint(0)
        self.screen.show_keys()

    def end_search(self, *, keep: bool) -> None:
        """Stop typing; without `keep` the view comes back."""
        self.screen.queue.searching = False
        if not keep or not self.query_text.strip():
            self.screen.queue.search = None
            if self.query_text:
                self.show_view(self.view.key)
        self.screen.queue.repaint(0)
        self.screen.show_keys()

    def search_changed(self) -> None:
        if self.screen.queue.search is None:
            return
        self.query_text = self.screen.queue.search.text
        self.screen.queue.repaint(0)
        self.screen.queue.cursor = self.screen.queue.top = 0
        self.load(show=True)
