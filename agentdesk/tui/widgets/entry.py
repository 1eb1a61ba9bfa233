"""A one-line text being typed: the query of a list, a recipient, a search. Drawn by whoever holds it.

Textual's own Input repaints itself whole and blinks; this is the little of it that a desk needs.
"""

from __future__ import annotations

import re

from rich.style import Style

from agentdesk.tui.layout import Piece, cells
from agentdesk.tui.theme import Roles

_WORD_BEFORE = re.compile(r"\S*\s*$")
_REVERSE = Style(reverse=True)


class Entry:
    def __init__(self, text: str = "", *, secret: bool = False) -> None:
        self.text = text
        self.cursor = len(text)
        self.secret = secret

    def set(self, text: str) -> None:
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        text = " ".join(text.splitlines())
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def press(self, key: str, character: str | None) -> bool:
        """Take a key; False if it is not one for editing."""
        if key == "space":
            character = " "
        if character and character.isprintable() and (len(key) == 1 or key == "space"):
            self.insert(character)
        elif key in {"left", "ctrl+b"}:
            self.cursor = max(0, self.cursor - 1)
        elif key in {"right", "ctrl+f"}:
            self.cursor = min(len(self.text), self.cursor + 1)
        elif key in {"home", "ctrl+a"}:
            self.cursor = 0
        elif key in {"end", "ctrl+e"}:
            self.cursor = len(self.text)
        elif key in {"backspace", "ctrl+h"}:
            self.text = self.text[: max(0, self.cursor - 1)] + self.text[self.cursor :]
            self.cursor = max(0, self.cursor - 1)
        elif key in {"delete", "ctrl+d"}:
            self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
        elif key in {"ctrl+w", "alt+backspace"}:
            kept = _WORD_BEFORE.sub("", self.text[: self.cursor])
            self.text = kept + self.text[self.cursor :]
            self.cursor = len(kept)
        elif key == "ctrl+u":
            self.text, self.cursor = self.text[self.cursor :], 0
        else:
            return False
        return True

    def pieces(self, roles: Roles, width: int, *, focused: bool = True) -> list[Piece]:
        """The text with its cursor, scrolled so that the cursor is in sight."""
        shown = "•" * len(self.text) if self.secret else self.text
        if not focused:
            return [(shown, roles.text)]
        before, at, after = shown[: self.cursor], shown[self.cursor : self.cursor + 1], shown[self.cursor + 1 :]
        while cells(before) >= max(1, width - 1):
            before = before[1:]
        cursor = roles.text + _REVERSE
        return [(before, roles.text), (at or " ", cursor), (after, roles.text)]
