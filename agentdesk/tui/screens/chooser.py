"""Lists to choose from, laid over the middle; the keys go back to where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentdesk.tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen

LOW = 22
"""Lines up to which a list to choose from takes all of its column."""


class Chooser:
    """Opens and closes them, one at a time."""

    def __init__(self, screen: DeskScreen) -> None:
        self.screen = screen
        self._before_sheet: Any = None

    def choose_from(self, sheet: Sheet, query: str = "") -> None:
        """Lay a list over the middle."""
        if self.screen.focused is not self.screen.sheet:
            self._before_sheet = self.screen.focused
        whole = sheet.share >= 1 or self.screen.app.size.height <= LOW
        self.screen.sheet.styles.height = "100%" if whole else f"{int(sheet.share * 100)}%"
        self.screen.sheet.display = True
        self.screen.middle.display = True
        self.screen.sheet.show(sheet, query)
        self.screen.set_focus(self.screen.sheet)
        self.screen.panes.anew()
        self.screen.call_after_refresh(self._show_above)

    def _show_above(self) -> None:
        """What the customer wrote last is read while an answer to it is chosen."""
        open_ = self.screen.sheet.sheet is not None
        self.screen.conversation.cover(max(0, self.screen.conversation.region.bottom - self.screen.sheet.region.y) if open_ else 0)

    def close(self) -> None:
        """Take the list away; the keys go back to where they were."""
        if self.screen.sheet.sheet is None:
            return
        self.screen.sheet.clear()
        self.screen.sheet.display = False
        self.screen.conversation.cover(0)
        before, self._before_sheet = self._before_sheet, None
        if before is self.screen.panel or before is self.screen.queue:
            before.display = True
        self.screen.set_focus(before if before is not None and before.display else self.screen.queue)
        self.screen.panes.anew()

    def renew(self, topics: frozenset[str]) -> None:
        """What an open list shows has changed."""
        if self.screen.sheet.sheet is not None and topics & self.screen.sheet.sheet.topics:
            self.screen.sheet.search(keep=True)
