"""Two terminals side by side: one gets what Textual's own driver would send, the other what ours sends."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any

import pyte
from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import CompositorUpdate

from agentdesk.tui.app import DeskApp
from agentdesk.tui.driver.canvas import Canvas
from agentdesk.tui.driver.difference import Difference

# Textual's own driver tells a terminal of links and shapes that pyte would print
_NOT_FOR_PYTE = re.compile("\x1b\\]8;[^\x1b\x07]*(?:\x07|\x1b\\\\)")


def fill(screen: pyte.Screen) -> None:
    """Begin with cells: pyte erases only those that were written."""
    for y in range(screen.lines):
        for x in range(screen.columns):
            screen.buffer[y][x] = screen.default_char


def seen(screen: pyte.Screen, y: int) -> list[tuple[Any, ...]]:
    """What can be seen of a row's cells: an empty one has only its ground, unless it is underlined or the like."""
    row: list[tuple[Any, ...]] = []
    for x in range(screen.columns):
        cell = screen.buffer[y][x]
        marks = (cell.underscore, cell.strikethrough, cell.reverse)
        row.append((" ", cell.bg) if cell.data == " " and not any(marks) else (cell.data, cell.fg, cell.bg, cell.bold, cell.italics, *marks))
    return row


class Picture(pyte.Screen):
    """A terminal that does not wrap, as both drivers ask for."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.reset_mode(7, private=True)
        fill(self)
        self.stream = pyte.Stream(self)

    def feed(self, sequences: str) -> None:
        self.stream.feed(_NOT_FOR_PYTE.sub("", sequences))


class Pair:
    """Both terminals, fed with the same frames."""

    def __init__(self, width: int, height: int, colours: ColorSystem = ColorSystem.TRUECOLOR, *, bce: bool = True) -> None:
        self.colours = colours
        self.console = Console(color_system=None, force_terminal=True, width=width, height=height)
        self.console._color_system = colours
        self.canvas = Canvas(width, height)
        self.difference = Difference(erases_with_ground=bce)
        self.stock, self.ours = Picture(width, height), Picture(width, height)
        self.bytes = 0
        """What ours got."""
        self.stock_sent: list[str] = []

    def frame(self, update: CompositorUpdate) -> str:
        """Show a frame on both; what ours was sent."""
        self.stock.feed(update.render_segments(self.console))
        self.canvas.draw(update, self.colours)
        return self.send()

    def send(self) -> str:
        sequences = self.difference.to(self.canvas)
        self.bytes += len(sequences.encode())
        self.ours.feed(sequences)
        return sequences

    def differing(self) -> list[str]:
        """Cells that differ in rows that changed on either, said so that one can find them."""
        changed = sorted(self.ours.dirty | self.stock.dirty)
        self.ours.dirty.clear()
        self.stock.dirty.clear()
        return [
            f"row {y}, column {x}: {mine} instead of {theirs}"
            for y in changed for x, (mine, theirs) in enumerate(zip(seen(self.ours, y), seen(self.stock, y), strict=True)) if mine != theirs
        ]  # fmt: skip


@contextmanager
def recorded(monkeypatch: Any, width: int, height: int) -> Any:
    """Every frame of a `DeskApp` under test goes to a `Pair`, ours gathered until `send` as the driver does between two keys."""
    pair = Pair(width, height)

    def display(app: DeskApp, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and app._running and not app._batch_count:
            pair.stock_sent.append(renderable.render_segments(pair.console))
            pair.stock.feed(pair.stock_sent[-1])
            pair.canvas.draw(renderable, pair.colours)
        app.post_display_hook()

    monkeypatch.setattr(DeskApp, "_display", display)
    yield pair
