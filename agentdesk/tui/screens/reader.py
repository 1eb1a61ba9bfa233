"""The conversation in the middle and its customer beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.commands import Where
from agentdesk.desk.facts import Panel, Row
from agentdesk.locale import say
from agentdesk.tui.widgets.panel import order_role, order_status

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen


class Reader:
    """Shows one conversation and keeps it true."""

    def __init__(self, screen: DeskScreen) -> None:
        self.screen = screen
        self.current = 0
        """The conversation in the middle; 0: none."""
        self.row: Row | None = None
        self.facts: Panel | None = None
        self.asked: dict[int, frozenset[int]] = {}
        """By conversation: messages whose text has been asked for."""

    def show(self, row: int, *, ask: bool = False) -> None:
        """Put a conversation in the middle and its customer beside it. `ask`: fetch texts that are not here."""
        self.screen.save_draft()
        if row != self.current:
            self.screen.footer.fade()
        self.current = row
        rows = self.screen.desk.queue.rows([row]) if row else []
        self.row = rows[0] if rows else None
        self.screen.queue.open(row)
        if self.row is None:
            self.current = 0
            self.screen.conversation.open((), "")
            self.facts = None
            self.screen.panel.show(None)
            self.screen.composer.shut()
            self.show_head()
            return
        items = self.screen.desk.reading.thread(row)
        self.screen.conversation.waiting = self.asked.get(row, frozenset())
        self.screen.conversation.open(items, self.row.subject)
        self.facts = self.screen.desk.reading.panel(row)
        self.screen.panel.show(self.facts)
        self.show_head()
        if self.row.has_draft and (draft := self.screen.saved_draft(row)):
            self.screen.composer.open(draft, to=self.screen.answered(draft), passed_over=self.screen.passed_over(draft))
        else:
            self.screen.composer.shut()
        if ask:
            self.fetch_texts()

    def show_head(self) -> None:
        about = ("", "", "")
        if not self.screen.panel.display and self.facts is not None and self.facts.about is not None:
            order = self.facts.about
            about = (order.number, order_status(order.status), order_role(order.status))
        self.screen.head.show(self.row, about)

    def fetch_texts(self) -> None:
        """Ask the engine for the texts of this conversation that are not here, newest first."""
        wanted = self.screen.conversation.unread_texts()
        known = self.asked.get(self.current, frozenset())
        for message in wanted:
            if message not in known:
                self.screen.desk.reading.want_text(message)
        if wanted:
            self.asked[self.current] = known | set(wanted)
            self.screen.conversation.update(self.screen.conversation.items, self.asked[self.current])
            self.screen.desk_app.wake()

    def renew(self) -> None:
        """The conversation in the middle has changed."""
        if not self.current:
            return
        rows = self.screen.desk.queue.rows([self.current])
        if not rows:
            self.show(0)
            return
        before, self.row = self.row, rows[0]
        known = len(self.screen.conversation.items)
        self.screen.conversation.update(self.screen.desk.reading.thread(self.current))
        if self.screen.where() is Where.COMPOSER and before is not None:
            other = self.row.assignee.lower() not in {"", self.screen.desk_app.agent, before.assignee.lower()}
            if other:
                self.screen.tell(say("screen.taken_by", who=self.screen.desk_app.short_name(self.row.assignee)), "warm")
            elif len(self.screen.conversation.items) > known:
                self.screen.tell(say("screen.went_on"), "warm")
        self.facts = self.screen.desk.reading.panel(self.current)
        self.screen.panel.show(self.facts)
        self.show_head()

    def renew_thread(self) -> None:
        """Something of its messages has changed, and nothing else: how far an attachment is."""
        if self.current:
            self.screen.conversation.update(self.screen.desk.reading.thread(self.current))

    def open(self, row: int) -> None:
        """Open a conversation by its number, wherever it is, and put the keys there."""
        self.screen.queue.go_to(row)
        if row != self.current:
            self.show(row, ask=True)
        else:
            self.fetch_texts()
        self.screen.go_to_pane("middle")
