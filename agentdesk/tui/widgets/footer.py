"""The line below: at the left the keys that work here, at the right what happened last.

An undo that is still open counts down there, one short repaint a second while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.strip import Strip

from agentdesk.locale import say
from agentdesk.tui.layout import Piece, cells, line
from agentdesk.tui.widgets.lines import Lines


class Footer(Lines):
    DEFAULT_CSS = "Footer { height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__(id="footer")
        self.keys: Sequence[tuple[str, str]] = ()
        self.pending = ""
        self.words = ""
        self.role = "mute"
        self.undo_key = ""
        self.until: datetime | None = None

    def show_keys(self, keys: Sequence[tuple[str, str]], pending: str = "") -> None:
        if (tuple(keys), pending) != (tuple(self.keys), self.pending):
            self.keys, self.pending = tuple(keys), pending
            self.repaint(0)

    def say(self, words: str, role: str = "mute", *, undo_key: str = "", until: datetime | None = None) -> None:
        """What happened last. With `until`, it can be undone by `undo_key` that long."""
        if (words, role, undo_key, until) != (self.words, self.role, self.undo_key, self.until):
            self.words, self.role, self.undo_key, self.until = words, role, undo_key, until
            self.repaint(0)

    def tick(self) -> bool:
        """Count down; False when there is nothing more to count."""
        if self.until is None:
            return False
        self.repaint(0)
        if self._left() <= 0:
            self.until, self.undo_key = None, ""
            return False
        return True

    def _left(self) -> int:
        return 0 if self.until is None else round((self.until - self.desk_app.now()).total_seconds())

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        right: list[Piece] = []
        if self.words:
            right = [(self.words, roles.by_name(self.role))]
        if self.undo_key and (self.until is None or self._left() > 0):
            if right:
                right.append((" · ", roles.mute))
            words = say("screen.undo_left", seconds=self._left()) if self.until else say("commands.undo")
            right += [(self.undo_key + " ", roles.accent), (words, roles.warm if self.until else roles.mute)]
        # What happened may take two thirds of the line, never less than is left beside the keys.
        right_size = sum(cells(text) for text, _ in right)
        left: list[Piece] = [(" ", roles.text)]
        used = 1
        if self.pending:
            left.append((self.pending + " … ", roles.accent_strong))
            used += cells(self.pending) + 3
        for number, (key, title) in enumerate(self.keys):
            gap = "   " if number else ""
            size = len(gap) + cells(key) + 1 + cells(title)
            if used + size > width - min(right_size, width * 2 // 3) - 3:
                break
            left += [(gap, roles.text), (key, roles.accent), (" " + title, roles.mute)]
            used += size
        return line(width, left, [*right, (" ", roles.text)], gap=2)
