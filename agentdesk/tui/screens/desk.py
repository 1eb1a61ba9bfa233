"""The one screen: queue, conversation with the composer under it, customer; a line above and a line below.

It has the widgets, and hears what has changed; the rooms beside this file hold what is shown and keep it true, each its subject. What
commands do is in `agentdesk.tui.actions`.
"""

from __future__ import annotations

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
from agentdesk.desk.facts import Counts, Draft, Panel, Row
from agentdesk.tui.ports import Desk
from agentdesk.tui.screens.chooser import Chooser
from agentdesk.tui.screens.drafts import Drafts
from agentdesk.tui.screens.listing import Listing
from agentdesk.tui.screens.panes import Panes
from agentdesk.tui.screens.reader import Reader
from agentdesk.tui.widgets.composer import Composer
from agentdesk.tui.widgets.conversation import Conversation, Head
from agentdesk.tui.widgets.footer import Footer
from agentdesk.tui.widgets.lines import Across, Down
from agentdesk.tui.widgets.panel import PanelView
from agentdesk.tui.widgets.queue import Queue
from agentdesk.tui.widgets.sheet import SheetView
from agentdesk.tui.widgets.topline import TopLine

if TYPE_CHECKING:
    from agentdesk.tui.app import DeskApp


AHEAD = 50
"""Conversations, most urgent first, among which is looked for promises that break soon."""


@dataclass(slots=True)
class Sent:
    """A reply just sent. The next conversation was opened, and perhaps taken, in the same breath: undo takes back both."""

    outbox_id: int
    conversation: int
    took_next: bool = False


class Doubts:
    """What the check before sending found in the text of a draft, and whether the agent said "all the same"."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] | None = None
        self._at = self._seen = self._count = 0
        self._again: Callable[[], None] | None = None
        self._cleared: tuple[object, ...] | None = None

    def raised(self, draft: Draft, again: Callable[[], None], count: int) -> int:
        """So many things were found; which of them is to be shown: each time the next one."""
        what = self._what(draft)
        same = what == self._of and count == self._count
        self._at = (self._at + 1) % count if same and count else 0
        self._seen = max(self._seen if same else 0, self._at + 1)
        self._of, self._again, self._count = what, again if count else None, count
        return self._at

    @property
    def unseen(self) -> bool:
        return self._seen < self._count

    def clear(self, draft: Draft) -> Callable[[], None] | None:
        """What was wanted, to be done now; None if nothing was found in it. As long as not all was seen, it is not cleared."""
        if self._of != self._what(draft) or self._again is None:
            return None
        if not self.unseen:
            self._cleared = self._of
        return self._again

    def cleared(self, draft: Draft) -> bool:
        return self._cleared == self._what(draft)

    @staticmethod
    def _what(draft: Draft) -> tuple[object, ...]:
        """All that the check looks at: to somebody else the same text is another matter."""
        return draft.message_id, draft.text, draft.subject, draft.to, draft.cc, draft.bcc, len(draft.files)


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
        self.composer.bar.does = desk.macros.words
        self.last_sent: Sent | None = None
        """The reply sent last, as long as nothing else has been done since."""
        self.doubts = Doubts()
        self._undo_id = 0
        """The newest step of undo that has been offered."""
        self._counting: Timer | None = None
        self.panes = Panes(self)
        self.chooser = Chooser(self)
        self.drafts = Drafts(self)
        self.reader = Reader(self)
        self.listing = Listing(self)
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
        self.show_view = self.listing.show_view
        self.load_list = self.listing.load
        self.follow = self.listing.follow
        self.targets = self.listing.targets
        self.begin_search = self.listing.begin_search
        self.end_search = self.listing.end_search
        self.search_changed = self.listing.search_changed

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
        self.listing.views = self.desk.queue.views()
        self.shape()
        step = self.desk.work.undoable()
        self._undo_id = 0 if step is None else step.id
        self.show_view(self.listing.views[0].key if self.listing.views else "open")
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

    def on_panel_view_open(self, message: PanelView.Open) -> None:
        self.open(message.conversation)

    def refresh_lines(self, *, wait: bool = False) -> None:
        """Counts, channels, progress. Counting a long desk is nothing a key should wait for."""

        def counted(counts: Counts | Exception) -> None:
            if not isinstance(counts, Exception):
                self.desk_app.guarded(partial(self._counted, counts))

        self.desk_app.aside(self.desk.queue.counts, counted, wait=wait)

    def look_ahead(self) -> None:
        """Whether a promise is about to break."""

        def first() -> Sequence[Row]:
            return self.desk.queue.rows(self.desk.queue.ids("open", limit=AHEAD))

        def found(rows: Sequence[Row] | Exception) -> None:
            if not isinstance(rows, Exception):
                self.desk_app.notify_of(self.desk_app.notices.promises(rows, self.now()))

        self.desk_app.aside(first, found)

    def _counted(self, counts: Counts) -> None:
        self.topline.update(counts, self.desk.reading.channels())
        self.listing.say_when_empty()
        self.desk_app.counted(counts)

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
        if everything or "packs" in topics:
            self.desk_app.look_for_packs()
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
        self.refresh_lines()
        self.look_ahead()
        self.queue.tick()
        self.panel.tick()
        self.topline.tick()

    def on_composer_edited(self) -> None:
        self.drafts.edited()

    def on_queue_moved(self) -> None:
        self.listing.moved()
