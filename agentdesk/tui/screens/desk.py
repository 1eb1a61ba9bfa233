"""The one screen: queue, conversation with the composer under it, customer; a line above and a line below.

It has the widgets, and hears what has changed; the rooms beside this file hold what is shown and keep it true, each its subject. What
commands do is in `agentdesk.tui.actions`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer

from agentdesk.commands import Where
from agentdesk.desk.facts import Counts, Panel, Row, View
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui.ports import Desk
from agentdesk.tui.screens.chooser import Chooser
from agentdesk.tui.screens.drafts import Drafts
from agentdesk.tui.screens.panes import Panes
from agentdesk.tui.screens.reader import Reader
from agentdesk.tui.widgets.composer import Composer
from agentdesk.tui.widgets.conversation import Conversation, Head
from agentdesk.tui.widgets.entry import Entry
from agentdesk.tui.widgets.footer import Footer
from agentdesk.tui.widgets.lines import Across, Down
from agentdesk.tui.widgets.panel import PanelView
from agentdesk.tui.widgets.queue import Queue
from agentdesk.tui.widgets.sheet import SheetView
from agentdesk.tui.widgets.topline import TopLine

if TYPE_CHECKING:
    from agentdesk.tui.app import DeskApp

FOLLOW = 0.25
"""Seconds the cursor rests on a row before its conversation is shown."""
FIRST = 300
"""Ids read at once when a view is opened."""


@dataclass(slots=True)
class Sent:
    """A reply just sent. The next conversation was opened, and perhaps taken, in the same breath: undo takes back both."""

    outbox_id: int
    conversation: int
    took_next: bool = False


class DeskScreen(Screen[None]):
    BINDINGS = []  # noqa: RUF012 - keys are the keymap's business, none are Textual's

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.desk, self.now = desk, now
        config = desk.config
        self.topline = TopLine(config.name, config.agent_name, config.budget.day)
        self.queue = Queue(desk.queue.rows, now, config.agent_email)
        self.head, self.conversation, self.composer = Head(), Conversation(now), Composer()
        self.sheet, self.panel, self.footer = SheetView(), PanelView(now), Footer()
        self.middle = Vertical(self.head, self.conversation, self.composer, self.sheet, id="middle")
        self.left, self.right = Down(id="left"), Down(id="right")
        self.views: tuple[View, ...] = ()
        self.view = View("open", "", "")
        self.query_text = ""
        self.last_sent: Sent | None = None
        """The reply sent last, as long as nothing else has been done since."""
        self.touched = False
        """A key has been pressed: from now on the list keeps its order under the cursor."""
        self._undo_id = 0
        """The newest step of undo that has been offered."""
        self._follow: Timer | None = None
        self._counting: Timer | None = None
        self._listing = 0
        self.panes = Panes(self)
        self.chooser = Chooser(self)
        self.drafts = Drafts(self)
        self.reader = Reader(self)
        # What commands call; the rooms do it.
        self.shape = self.panes.shape
        self.pane = self.panes.pane
        self.where = self.panes.where
        self.go_to_pane = self.panes.go_to
        self.show_keys = self.panes.show_keys
        self.choose_from = self.chooser.choose_from
        self.close_sheet = self.chooser.close
        self.saved_draft = self.drafts.saved
        self.answered = self.drafts.answered
        self.passed_over = self.drafts.passed_over
        self.is_mail = self.drafts.is_mail
        self.save_draft = self.drafts.save
        self.show_conversation = self.reader.show
        self.fetch_texts = self.reader.fetch_texts
        self.renew_conversation = self.reader.renew
        self.renew_thread = self.reader.renew_thread
        self.open = self.reader.open

    @property
    def desk_app(self) -> DeskApp:
        return cast("DeskApp", self.app)

    @property
    def current(self) -> int:
        """The conversation in the middle; 0: none."""
        return self.reader.current

    @property
    def row(self) -> Row | None:
        return self.reader.row

    @property
    def facts(self) -> Panel | None:
        return self.reader.facts

    def compose(self) -> ComposeResult:
        yield self.topline
        yield Across()
        with Horizontal(id="body"):
            yield self.queue
            yield self.left
            yield self.middle
            yield self.right
            yield self.panel
        yield Across()
        yield self.footer

    def on_mount(self) -> None:
        self.views = self.desk.queue.views()
        self.shape()
        step = self.desk.work.undoable()
        self._undo_id = 0 if step is None else step.id
        self.show_view(self.views[0].key if self.views else "open")
        self.refresh_lines(wait=True)
        self.queue.focus()
        self.show_keys()

    def on_resize(self, event: events.Resize) -> None:
        self.shape(event.size.width, event.size.height)

    def on_descendant_focus(self) -> None:
        self.show_keys()

    def tell(self, words: str, role: str = "mute", *, undo: bool = False, until: datetime | None = None) -> None:
        """The status words; with `undo`, the key that takes it back, and how long."""
        key = self.desk_app.key_of("undo") if undo else ""
        self.footer.say(words, role, undo_key=key, until=until)
        if until is not None and self._counting is None:
            self._counting = self.set_interval(1.0, self._count)

    def told(self, words: str, until: datetime | None = None) -> None:
        """Say what has been done, and how it is taken back, if there is anything to take back."""
        step = self.desk.work.undoable()
        fresh = step is not None and step.id > self._undo_id
        self._undo_id = 0 if step is None else step.id
        self.desk_app.thrown_away = None
        self.tell(words, undo=fresh, until=until if fresh else None)

    def _count(self) -> None:
        self.chooser.renew(frozenset({"outbox"}))
        if not self.footer.tick() and self._counting is not None:
            self._counting.stop()
            self._counting = None

    def show_view(self, key: str, query: str = "") -> None:
        """Another view, or a search over all conversations."""
        found = next((v for v in self.views if v.key.lower() == key.lower()), None)
        if found is None:
            self.tell(say("screen.no_view", name=key), "bad")
            return
        self.view, self.query_text = found, query
        self.queue.title = found.title
        self.queue.fault = ""
        self.queue.cursor = self.queue.top = 0
        self.load_list(show=True)

    def load_list(self, *, show: bool = False, keep: int = 0) -> None:
        """Ask for the ids of the list; then show or offer them.

        What a key asked to see is shown at once as far as the first window goes; a long list's rest is read aside.
        """
        self._listing += 1
        number = self._listing
        ask = partial(self.desk.queue.ids, self.search_view if self.query_text else self.view.key, self.query_text)
        then = partial(self._listed, number, show=show, keep=keep)
        if not show:
            self.desk_app.aside(ask, then)
            return
        limit = max(FIRST, self.queue.cursor + FIRST)

        def first(ids: array[int] | Exception) -> None:
            marks = set(self.queue.marks)
            then(ids)
            if not isinstance(ids, Exception) and len(ids) == limit:
                self.queue.marks = marks
                self.desk_app.aside(ask, then)

        self.desk_app.aside(partial(ask, limit=limit), first, wait=True)

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
            self.queue.fault = str(ids)
            if self.queue.ids:
                self.queue.show(array("q"))
            self.queue.refresh()
            return
        self.queue.fault = ""
        self._set_empty()
        if show:
            self.queue.show(ids, on=keep)
            if not ids:
                self.show_conversation(0)
            elif not self.reader.current:
                self.show_conversation(self.queue.current)
        elif not self.touched:
            # Nobody has begun yet: while the first messages come in, the list is simply in order.
            self.queue.cursor = self.queue.top = 0
            self.queue.show(ids, on=ids[0] if ids else 0)
            self.queue.post_message(Queue.Moved())
        else:
            self.queue.offer(ids)

    def _set_empty(self) -> None:
        """What an empty queue says."""
        app = self.desk_app
        words: tuple[str, ...]
        if not self.desk.config.channels:
            words = (say("screen.first_start"), say("screen.first_start_init"), say("screen.first_start_demo"))
        elif self.query_text:
            words = (say("screen.nothing_found"), say("screen.search_hint", key=app.key_of("back")))
        elif any(c.state in {"new", "connecting", "syncing"} for c in self.topline.channels):
            words = (say("screen.first_sync"), say("screen.first_sync_hint"))
        elif self.view.key in {"open", "unassigned", "late"}:
            words = (say("screen.all_done"), say("screen.all_done_hint", key=app.key_of("view.choose")))
        else:
            words = (say("screen.empty_view"), say("screen.empty_view_hint", key=app.key_of("view.open")))
        self.queue.empty = words

    def on_queue_moved(self) -> None:
        """The cursor rests, and then the conversation under it is shown: holding `j` down opens nothing."""
        if self._follow is not None:
            self._follow.stop()
        self._follow = self.set_timer(FOLLOW, partial(self.desk_app.guarded, self.follow))

    def follow(self) -> None:
        """Show the conversation under the cursor, unless the agent is writing."""
        if self._follow is not None:
            self._follow.stop()
            self._follow = None
        if self.where() is not Where.COMPOSER and self.queue.current and self.queue.current != self.reader.current:
            self.show_conversation(self.queue.current)

    def targets(self) -> list[int]:
        """What a verb acts on: the marked conversations, else the one under the cursor or in the middle."""
        if self.queue.marks and self.where() in {Where.QUEUE, Where.PANEL}:
            return sorted(self.queue.marks, key=lambda row: self.queue.ids.index(row) if row in self.queue.ids else 0)
        if self.where() is Where.QUEUE and self.queue.current:
            self.follow()
        return [self.reader.current] if self.reader.current else []

    def on_panel_view_open(self, message: PanelView.Open) -> None:
        self.open(message.conversation)

    def begin_search(self) -> None:
        self.go_to_pane("queue")
        self.queue.search = self.queue.search or Entry(self.query_text)
        self.queue.search.cursor = len(self.queue.search.text)
        self.queue.searching = True
        self.queue.repaint(0)
        self.show_keys()

    def end_search(self, *, keep: bool) -> None:
        """Stop typing; without `keep` the view comes back."""
        self.queue.searching = False
        if not keep or not self.query_text.strip():
            self.queue.search = None
            if self.query_text:
                self.show_view(self.view.key)
        self.queue.repaint(0)
        self.show_keys()

    def search_changed(self) -> None:
        if self.queue.search is None:
            return
        self.query_text = self.queue.search.text
        self.queue.repaint(0)
        self.queue.cursor = self.queue.top = 0
        self.load_list(show=True)

    def refresh_lines(self, *, wait: bool = False) -> None:
        """Counts, channels, progress. Counting a long desk is nothing a key should wait for."""

        def counted(counts: Counts | Exception) -> None:
            if not isinstance(counts, Exception):
                self.desk_app.guarded(lambda: self.topline.update(counts, self.desk.reading.channels()))

        self.desk_app.aside(self.desk.queue.counts, counted, wait=wait)

    def changed(self, changes: frozenset[tuple[str, int]]) -> None:
        """What others (or the writer on our behalf) changed: read that and no more."""
        topics = {topic for topic, _ in changes}
        everything = "all" in topics
        conversations = {number for topic, number in changes if topic == "conversation"}
        if everything or 0 in conversations:
            self.queue.changed()
        elif conversations:
            self.queue.changed(conversations)
        if everything or topics & {"list", "conversation"}:
            self.load_list()
        if everything or self.reader.current in conversations or topics & {"outbox", "draft", "blob", "orders"}:
            self.renew_conversation()
        elif ("progress", self.reader.current) in changes or ("channel" in topics and self.conversation.awaits_files):
            self.renew_thread()
        if topics - {"draft", "blob", "progress"}:
            self.refresh_lines()
        self.chooser.renew(frozenset(topics))
        if everything or topics & {"channel", "orders"}:
            self.desk_app.look_for_faults()
        if everything or "question" in topics:
            self.desk_app.look_for_questions()
        if topics & {"blob", "progress", "all"}:
            self.desk_app.blob_arrived()

    def done(self, words: str, *, gone: Sequence[int] = ()) -> None:
        """A verb has been carried out: say so, and show it at once."""
        self.queue.marks.clear()
        self.last_sent = None
        self.desk_app.wake()
        self.told(words)
        self.queue.changed()
        self.load_list(show=True)
        self.renew_conversation()
        if gone and self.reader.current in gone and self.queue.current != self.reader.current and self.where() is not Where.COMPOSER:
            self.show_conversation(self.queue.current)
        self.refresh_lines()

    def tick(self) -> None:
        """A minute has passed."""
        self.queue.tick()
        self.panel.tick()
        self.topline.tick()

    def on_composer_edited(self) -> None:
        self.drafts.edited()
