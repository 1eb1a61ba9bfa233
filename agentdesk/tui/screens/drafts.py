"""The draft under the conversation: on disk at each pause, and who gets it."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from agentdesk.desk.facts import Draft
from agentdesk.domain.message import Direction
from agentdesk.errors import DeskError
from agentdesk.locale import say

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen

SAVE = 0.6
"""Seconds without a key after which a draft is saved."""
SAVE_AT_LEAST = 3.0
"""Seconds after which it is saved although the keys go on."""


class Drafts:
    """What the agent is writing."""

    def __init__(self, screen: DeskScreen) -> None:
        self.screen = screen
        self._saving: Timer | None = None
        self._dirty_since = 0.0

    def saved(self, row: int) -> Draft | None:
        for draft in self.screen.desk.writing.drafts():
            if draft.conversation == row:
                return draft
        return None

    def answered(self, draft: Draft) -> str:
        """Who gets a draft that has no addresses: a chat's customer."""
        if self.screen.row is None or draft.conversation != self.screen.row.row or draft.kind != "reply" or self.is_mail(draft.channel):
            return ""
        return self.screen.row.customer_name or self.screen.row.customer_address

    def passed_over(self, draft: Draft) -> str:
        """Who wrote last, if a reply goes to another address because they asked for it (Reply-To)."""
        if self.screen.row is None or draft.conversation != self.screen.row.row or draft.kind != "reply":
            return ""
        newest = next((item for item in reversed(self.screen.conversation.items) if item.direction is Direction.IN), None)
        elsewhere = newest is not None and any(one.kind == "reply-to" for one in newest.cautions)
        return newest.sender.identity if newest is not None and elsewhere else ""

    def is_mail(self, channel: str) -> bool:
        """Whether a channel's replies have recipients."""
        return any(c.name == channel and c.kind == "imap" for c in self.screen.desk.config.channels)

    def edited(self) -> None:
        """Something was typed: save it when the keys pause."""
        if self._saving is not None:
            self._saving.stop()
        now = monotonic()
        self._dirty_since = self._dirty_since or now
        # Who types without a pause still loses no more than a few seconds.
        left = min(SAVE, self._dirty_since + SAVE_AT_LEAST - now)
        if left <= 0:
            # No timer of 0 s: where it comes late, Textual divides by it.
            self.screen.desk_app.guarded(self.save)
            return
        self._saving = self.screen.set_timer(left, partial(self.screen.desk_app.guarded, self.save))

    def save(self) -> None:
        """Put what was typed on disk."""
        if self._saving is not None:
            self._saving.stop()
            self._saving = None
        self._dirty_since = 0.0
        draft = self.screen.composer.draft
        if draft is None or not self.screen.composer.dirty:
            return
        self.screen.composer.take()
        try:
            self.screen.desk.writing.save(draft)
        except DeskError as error:
            self.screen.tell(str(error), "bad")
            return
        self.screen.composer.dirty = False
        self.screen.composer.refresh_bar(say("screen.draft_saved"))
