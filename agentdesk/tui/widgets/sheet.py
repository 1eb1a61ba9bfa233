"""A list to choose from, laid over the middle column: snippets, commands, views, colleagues, times, everything.

One widget, one set of keys, whatever is chosen: type to narrow, move, enter, esc. What the list holds is a `Sheet`
(`agentdesk.tui.sheets`); this draws it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual.strip import Strip

from agentdesk.locale import say
from agentdesk.tui.layout import Piece, cells, cut, line, rule
from agentdesk.tui.widgets.entry import Entry
from agentdesk.tui.widgets.lines import Lines

SHORT = 7
"""Cells in which a reason that is cut says nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list."""

    title: str
    why: str = ""
    """At the right, quiet."""
    value: Any = None
    key: str = ""
    """The key that does it: at the left, where the sheet has a column for keys."""
    role: str = "text"
    heading: bool = False
    """A word above the entries that follow, or (role "plain") a text to read; can't be chosen."""


class Sheet:
    """What a list holds and does. Subclasses override what they need."""

    title = ""
    placeholder = ""
    share = 0.62
    """How much of the column it takes."""
    secret = False
    typed = True
    """The agent can type to narrow the list, or to give an answer."""
    wide = False
    """It needs room: the columns beside it stand back while it is open."""
    topics: frozenset[str] = frozenset()
    """Of changes behind, after which it looks anew at what it shows."""
    keys = 0
    """Width of a column of keys at the left."""
    marked: frozenset[str] = frozenset()
    """Words of a text to read that are keys."""
    narrows = True
    """Typing narrows a list: where nothing is left of it, it says so."""
    bare = False
    """Nothing is typed and nothing chosen: what is shown has all the room below the title."""
    width = height = 0
    """Cells for a text, and lines below the list's least; set by the view."""
    most = 0
    """Entries shown at most before the preview; 0: half of what there is room for, or all without a preview."""

    def choices(self, query: str) -> Sequence[Choice]:
        return ()

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        """Lines below the list."""
        return ()

    def foot(self, choice: Choice | None) -> Sequence[Piece]:
        """A line under the preview that stays in sight however long that is."""
        return ()

    def preview_title(self) -> str:
        return say("screen.preview")

    def preview_note(self, choice: Choice | None) -> Sequence[Piece]:
        """At the right of the line above the preview."""
        return ()

    def hint(self) -> Sequence[Piece]:
        """At the right of the query."""
        return ()

    def nothing(self, query: str) -> str:
        """What stands there when nothing is left."""
        return say("screen.nothing_found")

    def choose(self, choice: Choice | None, query: str) -> None:
        """Enter. `choice` is None where the list is empty."""

    def turn(self, choice: Choice | None, query: str) -> str | None:
        """Tab. A text takes the place of what was typed."""
        return None

    def turn_title(self) -> str:
        """What tab does, in a word."""
        return say("commands.picker_turn")

    def leave(self) -> None:
        """Esc."""

    def previews(self) -> bool:
        return False

    def turns(self) -> bool:
        """Tab does something here."""
        return False


class SheetView(Lines, can_focus=True):
    """Draws a sheet on raised ground."""

    DEFAULT_CSS = "SheetView { background: $desk-raised; }"
    raised = True

    def __init__(self) -> None:
        super().__init__(id="sheet")
        self.sheet: Sheet | None = None
        self.entry = Entry()
        self.choices: Sequence[Choice] = ()
        self.cursor = 0
        self.top = 0
        self._preview: list[Sequence[Piece]] = []
        self._foot: Sequence[Piece] = ()

    def show(self, sheet: Sheet, query: str = "") -> None:
        self.sheet, self.entry = sheet, Entry(query, secret=sheet.secret)
        self.search()

    def clear(self) -> None:
        self.sheet, self.choices = None, ()
        self._preview, self._foot = [], ()

    def search(self, *, keep: bool = False) -> None:
        """Ask the sheet for its entries again."""
        if self.sheet is None:
            return
        self._measure()
        before = self.current
        self.choices = tuple(self.sheet.choices(self.entry.text))
        self.cursor = min(self.cursor, max(0, len(self.choices) - 1)) if keep else 0
        if keep and before is not None and before in self.choices:
            self.cursor = self.choices.index(before)
        if not keep:
            self.top = 0
        if self.choices and self.choices[self.cursor].heading:
            self._step(1)
        self._look()

    def _measure(self) -> None:
        if self.sheet is not None:
            above = 2 if self.sheet.bare else 5
            self.sheet.width, self.sheet.height = max(8, self.size.width - 4), max(1, self.size.height - above)

    def _look(self) -> None:
        if self.sheet is not None:
            self._measure()
            self._preview = list(self.sheet.preview(self.current, self.entry.text, self.sheet.width))
            self._foot = self.sheet.foot(self.current)
        self._keep_in_sight()
        self.refresh()

    @property
    def current(self) -> Choice | None:
        if self.cursor < len(self.choices) and not self.choices[self.cursor].heading:
            return self.choices[self.cursor]
        return None

    def press(self, key: str, character: str | None) -> None:
        """A key that is no command: part of the query."""
        if self.sheet is None or not self.sheet.typed:
            return
        before = self.entry.text
        if self.entry.press(key, character):
            if self.entry.text != before:
                self.search()
            else:
                self.repaint(1)

    def paste(self, text: str) -> None:
        if self.sheet is not None and self.sheet.typed:
            self.entry.insert(text)
            self.search()

    def _step(self, by: int) -> None:
        place = self.cursor + by
        while 0 <= place < len(self.choices) and self.choices[place].heading:
            place += 1 if by > 0 else -1
        if 0 <= place < len(self.choices):
            self.cursor = place

    def move(self, by: int) -> None:
        before = self.cursor
        for _ in range(abs(by)):
            self._step(1 if by > 0 else -1)
        if self.cursor != before:
            self._look()
        elif by < 0 and self.top:
            # Above the first entry there may be words to read.
            self.top = max(0, self.top + by)
            self.refresh()

    def page(self, by: int) -> None:
        self.move(by * max(1, self._room() - 1))

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        """Lines for entries."""
        height = max(1, self.size.height - 2)
        if self.sheet is None or not self.sheet.previews():
            return height
        most = min(self.sheet.most or height, max(2, height * 2 // 5 - 1))
        return max(1, min(most, len(self.choices) or 1, height))

    def _keep_in_sight(self) -> None:
        room = self._room()
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + room:
            self.top = self.cursor - room + 1
        if self.cursor < room and all(choice.heading for choice in self.choices[: self.top]):
            self.top = 0
        self.top = max(0, min(self.top, len(self.choices) - room))

    def on_resize(self) -> None:
        if self.sheet is not None and (self.sheet.keys or self.sheet.topics):
            self.search(keep=True)
        else:
            self._look()

    def draw(self, y: int, width: int) -> Strip:
        roles, sheet = self.roles, self.sheet
        if sheet is None:
            return Strip.blank(width)
        if y == 0:
            return rule(width, roles.line, [(sheet.title, roles.mute)])
        if y == 1:
            hint = list(sheet.hint())
            if not sheet.typed:
                return line(width, [("  ", roles.text), (sheet.placeholder, roles.mute)], [*hint, (" ", roles.text)])
            room = width - 5 - sum(cells(text) for text, _ in hint)
            typed = self.entry.pieces(roles, room)
            if not self.entry.text and sheet.placeholder:
                typed = [*typed, (sheet.placeholder, roles.faint)]
            return line(width, [(" ❯ ", roles.accent), *typed], [*hint, (" ", roles.text)], gap=2)
        y -= 2
        if sheet.bare:
            return line(width, [("   ", roles.text), *self._preview[y]]) if y < len(self._preview) else Strip.blank(width)
        room = self._room()
        if y < room:
            index = self.top + y
            if index < len(self.choices):
                return self._choice(self.choices[index], width, here=index == self.cursor)
            if not self.choices and y == 0 and sheet.narrows and not sheet.previews():
                return line(width, [("   ", roles.text), (sheet.nothing(self.entry.text), roles.faint)])
            return Strip.blank(width)
        y -= room
        if not sheet.previews() or y == 0:
            return Strip.blank(width)
        if y == 1:
            return rule(width, roles.line, [(sheet.preview_title(), roles.mute)], sheet.preview_note(self.current))
        return self._below(y - 2, self.size.height - room - 4, width)

    def _below(self, y: int, height: int, width: int) -> Strip:
        """A line of the preview; where it is too long, it says so, and its foot stays."""
        roles = self.roles
        foot = 2 if self._foot else 0
        fits = len(self._preview) + foot <= height
        body = self._preview if fits else self._preview[: max(0, height - foot - 1)]
        if y < len(body):
            return line(width, [("   ", roles.text), *body[y]])
        if not fits and y == len(body):
            return line(width, [("   ", roles.text), ("…", roles.faint)])
        if foot and y == (len(body) + 1 if fits else height - 1):
            return line(width, [("   ", roles.text), *self._foot])
        return Strip.blank(width)

    def _choice(self, choice: Choice, width: int, *, here: bool) -> Strip:
        roles = self.roles
        column = self.sheet.keys if self.sheet is not None else 0
        if choice.heading and choice.role == "plain":
            marked = self.sheet.marked if self.sheet is not None else frozenset()
            words = [(word, roles.accent if word in marked else roles.text) for word in re.split(r"(?<= )|(?= )", choice.title)]
            return line(width, [("   ", roles.text), *words])
        if choice.heading:
            style = roles.mute if choice.role == "text" else roles.by_name(choice.role)
            return line(width, [("   ", roles.text), (choice.title, style)])
        bar: Piece = ("▌", roles.accent) if here else (" ", roles.text)
        style = roles.by_name(choice.role)
        if here:
            style = style + roles.strong if choice.role == "text" else style
        # A long reason must not push the title out; beside a long title it gets a third.
        why = choice.why
        right: list[Piece] = []
        if why:
            most = width - 6 - column - cells(choice.title)
            if cells(choice.title) > width * 2 // 3:
                most = max(width // 3, most)
            right = [(cut(why, most), roles.faint)] if cells(why) <= most or most > SHORT else []
        key: list[Piece] = []
        if column:
            shown = cut(choice.key, column - 2)
            key = [(shown + " " * (column - cells(shown)), roles.accent)]
        return line(width, [bar, ("  ", roles.text), *key, (choice.title, style)], [*right, (" ", roles.text)], gap=2)
