"""Drawing Textual's frames into a grid of cells.

The frames are taken as segments, before they become escape sequences: a text is letters and never a command, whatever it contains.
So the canvas is the second barrier behind `domain/clean.py`: nothing that a text says can move the cursor or change a colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from agentdesk.tui.driver.cells import DEFAULT_GROUND, DEFAULT_TEXT, PLAIN, Cell, Look, blank_of, cells_of, look

Row = list[Cell]


class Canvas:
    """What the screen should show."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows: list[Row] = [[blank_of(PLAIN)] * width for _ in range(height)]
        self.touched: set[int] = set(range(height))
        """Rows drawn on since they were last sent."""

    def draw(self, update: CompositorUpdate, colours: ColorSystem) -> None:
        """Draw a frame. Colours beyond what the terminal has are reduced to `colours`."""
        if isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips, update.region.y):
                x = update.region.x
                for strip in strips:
                    x = self._strip(x, y, strip, colours)
        elif isinstance(update, ChopsUpdate):
            self._chops(update, colours)

    def _chops(self, update: ChopsUpdate, colours: ColorSystem) -> None:
        for y, left, right in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x <= right and end > left:
                    self._strip(x, y, strip if end <= right else strip.crop(0, min(end, right) - x), colours)

    def _strip(self, x: int, y: int, strip: Iterable[object], colours: ColorSystem) -> int:
        """Where the next one begins."""
        if not 0 <= y < self.height:
            return x
        assert isinstance(strip, Strip)
        row = self.rows[y]
        for text, style, control in strip:
            if control:
                continue
            cells = cells_of(text, PLAIN if style is None else _look(style, colours))
            self._place(row, x, cells)
            x += len(cells)
        self.touched.add(y)
        return x

    def _place(self, row: Row, x: int, cells: tuple[Cell, ...]) -> None:
        end = x + len(cells)
        if x >= self.width or end <= 0 or not cells:
            return
        if x < 0 or end > self.width:
            cells = cells[max(0, -x) : self.width - x]
            x, end = max(0, x), min(end, self.width)
        # Half of a wide letter can't be shown: what is left of one that is cut, or written over, becomes a blank
        if cells[0][0] == "":
            cells = (blank_of(cells[0][1]), *cells[1:])
        if end < self.width and row[end][0] == "":
            row[end] = blank_of(row[end][1])
        elif end == self.width and cells[-1][0] and self._is_wide(cells[-1][0]):
            cells = (*cells[:-1], blank_of(cells[-1][1]))
        if x and row[x][0] == "":
            row[x - 1] = blank_of(row[x - 1][1])
        row[x:end] = cells

    @staticmethod
    def _is_wide(grapheme: str) -> bool:
        return len(cells_of(grapheme, PLAIN)) > 1


_ATTRIBUTES = {
    "bold": "1", "dim": "2", "italic": "3", "underline": "4", "blink": "5", "blink2": "6", "reverse": "7", "conceal": "8", "strike": "9",
    "underline2": "21", "frame": "51", "encircle": "52", "overline": "53",
}  # fmt: skip


@lru_cache(4096)
def _look(style: Style, colours: ColorSystem) -> Look:
    """The look of a style; a link it carries is left out."""
    attributes = frozenset(code for name, code in _ATTRIBUTES.items() if getattr(style, name))
    text = ";".join(style.color.downgrade(colours).get_ansi_codes()) if style.color else DEFAULT_TEXT
    ground = ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False)) if style.bgcolor else DEFAULT_GROUND
    return look(attributes, text, ground)
