"""Lines in the making: the text of a document or of one cell of a table, with the breaks that blocks owe to what follows them."""

from __future__ import annotations

from dataclasses import dataclass

DEPTH = 20
"""Levels of quotes and lists that are drawn; deeper ones look like the deepest."""
RULE = "-" * 20
OLDER = "_" * 32
"""What stands above the header of the older mail, as Outlook writes it in plain text."""
_WIDEST_MARK = 40
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(slots=True)
class ListLevel:
    """An open list: its next number (or bullets), and how far the text of its item is set in."""

    number: int | None
    style: str = "1"
    indent: int = 0

    def mark(self) -> str:
        if self.number is None:
            return "- "
        shown = _ordinal(self.number, self.style)
        self.number += 1
        return f"{shown}. "


class Page:
    """Text goes in word by word; `finish` gives the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.owed = 0
        """Line breaks owed before the next text: 1 ends a line, 2 leaves one empty."""
        self.lead = 0
        """Those owed before the first text: of interest to what stands around."""
        self.quotes: list[str] = []
        self.lists: list[ListLevel] = []
        self.bullet = ""
        self.divs = 0
        self.quoting_divs: list[int] = []
        """Depths at which a `div` that quotes older mail was opened."""
        self.bold_only = True
        self._prefix = ""

    @property
    def fresh(self) -> bool:
        return not self.line and not self.lines

    def write(self, text: str, *, verbatim: bool = False) -> None:
        if not text:
            return
        if self.owed:
            self.settle()
        if not verbatim and (not self.line or self.line[-1][-1:] == " "):
            text = text.lstrip(" ")
            if not text:
                return
        if not self.line:
            self._begin()
        self.line.append(text)

    def append(self, text: str) -> None:
        """Put something behind the last text, although a break may be owed already."""
        if self.line:
            self.line.append(text)
        else:
            self.write(text.lstrip(" "))

    def add(self, lines: list[str], around: int) -> None:
        """A block of lines as it is, with `around` breaks before and behind it."""
        if not lines:
            return
        self.owe(around)
        self.settle()
        self.end_line()
        for text in lines:
            self._begin()
            self.lines.append((self._prefix + text).rstrip())
        self.owed = around

    def break_line(self) -> None:
        """End the line here, even if it is empty."""
        self.settle()
        self.end_line(keep_empty=True)

    def owe(self, breaks: int) -> None:
        """A block begins or ends: the next text stands on a line of its own, below an empty one if `breaks` is 2."""
        if self.fresh:
            self.lead = max(self.lead, breaks)
        else:
            self.owed = max(self.owed, breaks)

    def settle(self) -> None:
        if self.owed:
            self.end_line()
            if self.owed > 1 and self.lines and not self.bullet:
                self.lines.append(self._quote().rstrip())
            self.owed = 0

    def end_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        if text.strip():
            self.lines.append((self._prefix + text).rstrip())
        elif (keep_empty and not self.fresh) or self.line:
            self.lines.append(self._quote().rstrip())
        self.line = []

    def rule(self, text: str) -> None:
        """A rule across; one right below another takes its place."""
        self.settle()
        self.end_line()
        if text == OLDER:
            while self.lines and not self.lines[-1].strip("> "):
                self.lines.pop()
            if self.lines and self.lines[-1].endswith(RULE):
                self.lines.pop()
            self.owe(2)
        self.write(text)
        self.owed = 1

    def item(self, level: ListLevel) -> None:
        """An item of a list begins: its mark is written with its first text."""
        self.owe(1)
        self.settle()
        self.end_line()
        mark = level.mark()
        level.indent = min(len(mark), _WIDEST_MARK)
        self.bullet = mark

    def finish(self) -> list[str]:
        """The lines, without empty ones at the ends."""
        self.end_line()
        start, stop = 0, len(self.lines)
        while start < stop and not self.lines[start].strip():
            start += 1
        while stop > start and not self.lines[stop - 1].strip():
            stop -= 1
        return self.lines[start:stop]

    def _quote(self) -> str:
        return "".join(self.quotes[:DEPTH])

    def _begin(self) -> None:
        """A line begins: what stands before its text is settled now, whatever closes before it ends."""
        indent = sum(level.indent for level in self.lists[:DEPTH])
        self._prefix = self._quote() + " " * max(0, indent - len(self.bullet)) + self.bullet
        self.bullet = ""


def _ordinal(number: int, style: str) -> str:
    if style in {"a", "A"} and 0 < number <= 26:
        return chr(ord(style) + number - 1)
    if style in {"i", "I"} and 0 < number < 200:
        shown, left = "", number
        for value, letters in _ROMAN:
            count, left = divmod(left, value)
            shown += letters * count
        return shown.upper() if style == "I" else shown
    return str(number)
