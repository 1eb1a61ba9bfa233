"""A walk through the pages of a list that moves while it is walked."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from agentdesk.domain.mailbox import ChatConversation


class Walk:
    """A walk through the pages of one list. What leaves the list while we turn pages moves the rest up, past us."""

    def __init__(self, status: str, pages: int | None) -> None:
        self.status, self.pages = status, pages
        self.seen: set[str] = set()
        self.to_read: deque[ChatConversation] = deque()
        self.walks = 0
        self.again()

    def again(self) -> None:
        """From the first page."""
        self.walks += 1
        self.page = 1
        self.at_end = False
        self.slipped = False
        self._met: set[str] = set()
        self._total = 0

    def turn(self, ids: Sequence[str], total: int) -> None:
        """A page was read; `total` is how many the list has now, 0 if the server does not say."""
        self._met.update(ids)
        self.slipped = self.slipped or total < self._total
        self._total = total
        self.page += 1
        self.at_end = not ids or 0 < total <= len(self._met)
        if self.at_end and len(self._met) < total:
            self.slipped = True
