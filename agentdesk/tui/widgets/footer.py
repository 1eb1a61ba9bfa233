"""The line below: at the left the keys that work here, at the right what happened last.

An undo that is still open counts down there, one short repaint a second while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from textual.strip import Strip

from agentdesk.locale import say
from agentdesk.tui.layout import Piece, cells, line
from agentdesk.tui.widgets.lines import Lines

STANDS = 1.0
"""Seconds that words stand at least; then they go with what they were said about."""


class Footer(Lines):
    DEFAULT_CSS = "Footer { height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__(id="footer")
        self.keys: Sequence[tuple[str, str]] = ()
        self.last: tuple[str, str] = ("", "")
        """Always shown, behind the others: where help is."""
        self.can_undo = True
        """The key for undo works here; where it would be typed it is not offered."""
        self.pending = ""
        self.said_at = 0.0
        self.words = ""
        self.role = "mute"
        self.undo_key = ""
        self.until: datetime | None = None

    def show_keys(
        self, keys: Sequence[tuple[str, str]], pending: str = "", *, last: tuple[str, str] = ("", ""), can_undo: bool = True
    ) -> None:
        if (tuple(keys), pending, last, can_undo) != (tuple(self.keys), self.pending, self.last, self.can_undo):
            self.keys, self.pending, self.last, self.can_undo = tuple(keys), pending, last, can_undo
            self.repaint(0)

    def say(self, words: str, role: str = "mute", *, undo_key: str = "", until: datetime | None = None) -> None:
        """What happened last. With `until`, it can be undone by `undo_key` that long."""
        self.said_at = monotonic()
        if (words, role, undo_key, until) != (self.words, self.role, self.undo_key, self.until):
            self.words, self.role, self.undo_key, self.until = words, role, undo_key, until
            self.repaint(0)

    def fade(self) -> None:
        """The agent has gone on to something else: words about what was before go, what can be undone stays."""
        if self.words and not self.undo_key and self.role != "accent" and monotonic() - self.said_at > STANDS:
            self.say("")

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
        if self.undo_key and self.can_undo and (self.until is None or self._left() > 0):
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
        room = width - min(right_size, width * 2 // 3) - 3
        keys = list(self.keys)
        last_size = 3 + cells(self.last[0]) + 1 + cells(self.last[1]) if self.last[0] else 0
        if last_size and used + last_size < room * 2 // 3:
            room -= last_size
        else:
            last_size = 0
        shown: list[tuple[str, str]] = []
        for key, title in keys:
            size = (3 if shown else 0) + cells(key) + 1 + cells(title)
            if used + size > room:
                break
            shown.append((key, title))
            used += size
        for number, (key, title) in enumerate([*shown, self.last] if last_size else shown):
            gap = "   " if number else ""
            left += [(gap, roles.text), (key, roles.accent), (" " + title, roles.mute)]
        return line(width, left, [*right, (" ", roles.text)], gap=2)
