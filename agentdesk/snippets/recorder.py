"""The text of a reply while it is written: it knows where the values and the gaps are.

Places are counted as the text is written and never looked for in it, so nothing in a value can pass for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO

from liquid.exceptions import OutputStreamLimitError

from agentdesk.locale import say

OPEN, CLOSE = "\N{MATHEMATICAL LEFT ANGLE BRACKET}", "\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
_NAME_LENGTH = 60
_NO_BRACKETS = {ord(OPEN): None, ord(CLOSE): None}


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a value was to stand and does not."""

    name: str
    start: int
    end: int
    printable: bool = True
    """False: there is something, but it is no text (an object, a list, a yes/no)."""


class Piece(str):
    """A captured text that remembers where values stand in it."""

    __slots__ = ("gaps", "spans")
    gaps: tuple[Gap, ...]
    spans: tuple[tuple[int, int], ...]


class Recorder(StringIO):
    """What is written, and where in it the values and the gaps are."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._length = 0
        self.spans: list[tuple[int, int]] = []
        self.gaps: list[Gap] = []
        self.cursor: int | None = None
        """Where the agent goes on writing, if the text says it."""

    @property
    def room(self) -> int:
        return self._limit - self._length

    def write(self, text: str, /) -> int:
        self._length += len(text)
        if self._length > self._limit:
            raise OutputStreamLimitError(say("snippets.too_long"), token=None)
        return super().write(text)

    def value(self, text: str) -> int:
        start = self._length
        self.write(text)
        self.spans.append((start, self._length))
        return len(text)

    def gap(self, names: Iterable[str], *, printable: bool = True) -> int:
        first = self._length
        for long_name in names:
            name = " ".join(long_name.split())[:_NAME_LENGTH].translate(_NO_BRACKETS) or "?"
            start = self._length
            self.write(f"{OPEN}{name}{CLOSE}")
            self.gaps.append(Gap(name, start, self._length, printable))
        return self._length - first

    def stop_here(self) -> None:
        if self.cursor is None:
            self.cursor = self._length

    def piece(self, piece: Piece) -> int:
        start = self._length
        self.write(piece)
        self.spans += [(start + a, start + b) for a, b in piece.spans]
        self.gaps += [Gap(gap.name, start + gap.start, start + gap.end, gap.printable) for gap in piece.gaps]
        return len(piece)

    def taken(self) -> Piece:
        piece = Piece(self.getvalue())
        piece.spans, piece.gaps = tuple(self.spans), tuple(self.gaps)
        return piece
