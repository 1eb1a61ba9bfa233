"""The queue: two lines a conversation, over nothing but an array of ids, so that 100,000 are as quick as 1,000.

Rows come from the desk in pages of 64 and the last 64 pages are kept. A list does not reorder under the cursor: what
is new is counted in the head, and the new order is taken when the cursor moves.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from textual import events
from textual.message import Message
from textual.strip import Strip

from agentdesk.desk.facts import Row
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, line, wrap
from agentdesk.tui.widgets.entry import Entry
from agentdesk.tui.widgets.lines import Lines

PAGE = 64
PAGES = 64
HEAD = 1
"""Lines above the rows: the view's name and its count."""
TALL = 2
"""Lines of a row."""
TROUBLE = frozenset({"unknown", "conflict", "rejected", "refused"})


class Queue(Lines, can_focus=True):
    """The list of conversations."""

    class Moved(Message):
        """The cursor stands on another conversation."""

    def __init__(self, load: Callable[[Sequence[int]], list[Row]], now: Callable[[], datetime], agent: str) -> None:
        super().__init__(id="queue")
        self._load, self._now, self._agent = load, now, agent.lower()
        self.ids: array[int] = array("q")
        self.cursor = 0
        self.top = 0
        self.opened = 0
        """The conversation shown in the middle."""
        self.marks: set[int] = set()
        self.title = ""
        self.search: Entry | None = None
        self.searching = False
        """The agent is typing the search."""
        self.fault = ""
        self.empty: tuple[str, ...] = ()
        self._offer: array[int] | None = None
        self._new = 0
        self._pages: OrderedDict[int, dict[int, Row | None]] = OrderedDict()
        self._times: dict[int, str] = {}
        """What stands at the right of the rows drawn last, by place."""

    # -- what it shows ---------------------------------------------------------------------------------------------

    @property
    def current(self) -> int:
        """The conversation under the cursor; 0 where there is none."""
        return self.ids[self.cursor] if self.ids else 0

    @property
    def fits(self) -> int:
        """Whole rows that fit."""
        return max(1, (self.size.height - HEAD) // TALL)

    def show(self, ids: array[int], *, on: int = 0) -> None:
        """Another list; the cursor goes to conversation `on`, else it stays where it is as far as the list goes."""
        before = self.current
        line_before = self.cursor - self.top
        self.ids, self._offer, self._new = ids, None, 0
        self._pages.clear()
        self.marks &= set(ids) if self.marks else set()
        wanted = on or before
        found = self._index(wanted) if wanted else -1
        self.cursor = found if found >= 0 else min(self.cursor, max(0, len(ids) - 1))
        self.top = max(0, self.cursor - line_before)
        self._keep_in_sight()
        self.refresh()
        if self.current != before:
            self.post_message(self.Moved())

    def _index(self, conversation: int) -> int:
        try:
            return self.ids.index(conversation)
        except ValueError:
            return -1

    def offer(self, ids: array[int]) -> None:
        """The list has changed behind: note what is new, repaint what is shown, reorder nothing."""
        if ids == self.ids:
            self._offer = None
        else:
            self._offer = ids
        new = len(set(ids).difference(self.ids)) if self._offer is not None else 0
        if not self.ids and len(ids):
            self.show(ids)
            return
        if new != self._new:
            self._new = new
        self.repaint(0)

    @property
    def offered(self) -> bool:
        return self._offer is not None

    def renew(self) -> bool:
        """Take the new order; the conversation under the cursor stays on its line."""
        if self._offer is None:
            return False
        self.show(self._offer)
        return True

    def without(self, conversations: Iterable[int]) -> None:
        """Take conversations out of the list at once (the agent's own verb has moved them elsewhere)."""
        gone = set(conversations)
        if self._offer is not None:
            base, self._offer = self._offer, None
        else:
            base = self.ids
        below = next((i for i in self.ids[self.cursor :] if i not in gone), 0)
        self.show(array("q", (i for i in base if i not in gone)), on=below)

    def changed(self, conversations: Iterable[int] = ()) -> None:
        """Read some conversations anew (all, if none are named) and repaint those in sight."""
        which = set(conversations)
        if not which:
            self._pages.clear()
            self.refresh()
            return
        for page in self._pages.values():
            for conversation in which:
                page.pop(conversation, None)
        for index in range(self.top, min(len(self.ids), self.top + self.fits + 1)):
            if self.ids[index] in which:
                self.repaint(HEAD + (index - self.top) * TALL, TALL)

    def row(self, conversation: int) -> Row | None:
        """A row, from its page; the page is read if need be."""
        index = self.cursor if self.current == conversation else self._index(conversation)
        if index < 0:
            rows = self._load([conversation])
            return rows[0] if rows else None
        return self._at(index)

    def _at(self, index: int) -> Row | None:
        number = index // PAGE
        page = self._pages.get(number)
        wanted = self.ids[index]
        if page is None or wanted not in page:
            ids = self.ids[number * PAGE : (number + 1) * PAGE]
            page = dict.fromkeys(ids)
            # A row that is not there any more stays None, so that it is not read again for each line.
            page.update((row.row, row) for row in self._load(ids.tolist()))
            self._pages[number] = page
        self._pages.move_to_end(number)
        while len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return page[wanted]

    # -- moving ----------------------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        self.renew()
        self.go(self.cursor + by)

    def go(self, index: int) -> None:
        index = max(0, min(index, len(self.ids) - 1))
        if index == self.cursor or not self.ids:
            return
        old, self.cursor = self.cursor, index
        if self._keep_in_sight():
            self.refresh()
        else:
            self.repaint(HEAD + (old - self.top) * TALL, TALL)
            self.repaint(HEAD + (index - self.top) * TALL, TALL)
        self.post_message(self.Moved())

    def go_to(self, conversation: int) -> bool:
        """Put the cursor on a conversation if it is in the list."""
        if self._index(conversation) < 0:
            self.renew()
        index = self._index(conversation)
        if index < 0:
            return False
        self.go(index)
        return True

    def page(self, by: int) -> None:
        self.move(by * max(1, self.fits - 1))

    def _keep_in_sight(self) -> bool:
        """Scroll by half a page when the cursor leaves: one repaint for many moves."""
        fits, old = self.fits, self.top
        half = max(1, fits // 2)
        if self.cursor < self.top:
            self.top = self.cursor if self.top - self.cursor > fits else max(0, self.cursor - half)
        elif self.cursor >= self.top + fits:
            self.top = self.cursor - fits + 1 if self.cursor - self.top > 2 * fits else self.cursor - half
        self.top = max(0, min(self.top, len(self.ids) - fits))
        return self.top != old

    def on_resize(self) -> None:
        self._keep_in_sight()

    def on_focus(self) -> None:
        self._repaint_cursor()

    def on_blur(self) -> None:
        self._repaint_cursor()

    def _repaint_cursor(self) -> None:
        self.repaint(HEAD + (self.cursor - self.top) * TALL, TALL)

    def open(self, conversation: int) -> None:
        """Show which conversation stands in the middle."""
        for which in {self.opened, conversation} - {0}:
            index = self._index(which)
            if self.top <= index < self.top + self.fits + 1:
                self.repaint(HEAD + (index - self.top) * TALL, TALL)
        self.opened = conversation

    def mark(self, conversation: int) -> None:
        self.marks ^= {conversation}
        self._repaint_cursor()
        self.repaint(0)

    def mark_all(self, *, on: bool) -> None:
        if on or self.marks:
            self.marks = set(self.ids) if on else set()
            self.refresh()

    def tick(self) -> None:
        """A minute has passed: repaint only the cells whose words changed."""
        for index in range(self.top, min(len(self.ids), self.top + self.fits + 1)):
            if row := self._at(index):
                before = self._times.get(index)
                if before is not None and before != self._when(row)[0]:
                    self.repaint(HEAD + (index - self.top) * TALL, 1, x=max(0, self.size.width - 12))

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, y: int, width: int) -> Strip:
        if y < HEAD:
            return self._head(width)
        if not self.ids:
            return self._nothing(y - HEAD, width)
        index = self.top + (y - HEAD) // TALL
        if index >= len(self.ids):
            return Strip.blank(width)
        row = self._at(index)
        if row is None:
            return Strip.blank(width)
        return self._first(index, row, width) if (y - HEAD) % TALL == 0 else self._second(index, row, width)

    def _head(self, width: int) -> Strip:
        roles = self.roles
        right: list[Piece] = []
        if self.marks:
            right = [(say("screen.marked", n=len(self.marks)), roles.accent)]
        elif self._offer is not None:
            words = say("screen.new_rows", n=self._new) if self._new else say("screen.new_order")
            right = [(words, roles.accent)]
        elif self.ids:
            right = [(times.number(len(self.ids)), roles.faint)]
        right.append((" ", roles.faint))
        left: list[Piece] = [("   ", roles.mute), (self.title, roles.mute)]
        if self.search is not None:
            room = width - 4 - sum(cells(text) for text, _ in right)
            left = [(" / ", roles.accent), *self.search.pieces(roles, room, focused=self.searching)]
        return line(width, left, right)

    def _nothing(self, y: int, width: int) -> Strip:
        """An empty queue says what to do."""
        roles = self.roles
        lines: list[Piece] = []
        if self.fault:
            lines = [(text, roles.bad) for text in wrap(self.fault, width - 4)]
        else:
            for number, paragraph in enumerate(self.empty):
                style = roles.text if number == 0 else roles.mute
                lines.extend((text, style) for text in wrap(paragraph, width - 4))
                lines.append(("", style))
        y -= 1
        if 0 <= y < len(lines):
            return line(width, [("   ", roles.text), lines[y]])
        return Strip.blank(width)

    def _gutter(self, index: int) -> Piece:
        if index == self.cursor:
            return ("▌", self.roles.accent if self.has_focus else self.roles.faint)
        return (" ", self.roles.text)

    def _first(self, index: int, row: Row, width: int) -> Strip:
        roles = self.roles
        waits = row.waiting_since is not None and row.status == "open"
        if row.row in self.marks:
            glyph: Piece = ("●", roles.accent)
        elif row.is_chat:
            glyph = ("❯", roles.accent if waits else roles.faint)
        else:
            glyph = ("✉", roles.mute if waits else roles.faint)
        bold = waits and (row.unread > 0 or row.is_chat)
        name_style = roles.strong if bold else roles.text if waits else roles.mute
        if row.row == self.opened and index != self.cursor:
            name_style = roles.accent_strong if bold else roles.accent
        words, style = self._when(row)
        self._times[index] = words
        name = row.customer_name or row.customer_address
        return line(
            width, [self._gutter(index), (" ", roles.text), glyph, (" ", roles.text), (name, name_style)],
            [(words, style), (" ", roles.text)],
        )  # fmt: skip

    def _second(self, index: int, row: Row, width: int) -> Strip:
        roles = self.roles
        waits = row.waiting_since is not None and row.status == "open"
        # What a row says at the right wins over its preview, as far as half the line.
        right = self._fact(row)
        subject = row.preview if row.is_chat and row.preview else row.subject or row.preview
        return line(
            width, [self._gutter(index), ("   ", roles.text), (subject, roles.mute if waits else roles.faint)],
            [right, (" ", roles.text)] if right[0] else [(" ", roles.text)], gap=2 if right[0] else 0,
        )  # fmt: skip

    def _when(self, row: Row) -> Piece:
        now, roles = self._now(), self.roles
        if row.status == "snoozed" and row.snoozed_until:
            return (times.until(row.snoozed_until, now), roles.faint)
        if row.due_at is not None and row.status == "open":
            words = times.due(row.due_at, now)
            left = row.due_at - now
            if left.total_seconds() <= 0 or (row.is_chat and left < 5 * times.MINUTE):
                return (words, roles.warm)
            return (words, roles.text if left < 15 * times.MINUTE else roles.mute if left < times.DAY else roles.faint)
        return (times.ago(row.last_at, now), roles.faint)

    def _fact(self, row: Row) -> Piece:
        """The one thing most worth knowing of a row."""
        roles = self.roles
        if row.outbox in TROUBLE:
            return (say(f"screen.state_{row.outbox}_short"), roles.bad)
        if row.outbox_at is not None:
            return (times.until(row.outbox_at, self._now()), roles.note)
        if row.outbox:
            return (say(f"screen.state_{row.outbox}_short"), roles.note)
        if row.has_draft:
            return (say("screen.draft"), roles.note)
        if row.caution:
            return (say(f"cautions.short.{row.caution}"), roles.bad)
        if row.priority in {"urgent", "high"}:
            return (say(f"screen.priority_{row.priority}"), roles.warm if row.priority == "urgent" else roles.mute)
        if row.spam:
            return (say("screen.spam"), roles.faint)
        if row.assignee and row.assignee.lower() != self._agent:
            return (self.desk_app.short_name(row.assignee), roles.accent)
        if row.is_chat and row.waiting_since and row.status == "open":
            return (say("screen.waits"), roles.warm)
        if row.order_number:
            return (f"#{row.order_number.lstrip('#')}", roles.faint)
        if row.tags:
            return (row.tags[0], roles.faint)
        return ("", roles.faint)

    # -- the mouse, where it is on ---------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        index = self.top + (event.y - HEAD) // TALL
        if event.y >= HEAD and index < len(self.ids):
            self.go(index)

    def on_mouse_scroll_down(self) -> None:
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        self.move(-1)
