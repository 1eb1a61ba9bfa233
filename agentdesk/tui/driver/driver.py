"""The Textual driver that sends only what changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual._compositor import CompositorUpdate
from textual.drivers.linux_driver import LinuxDriver

from agentdesk.tui.driver.canvas import Canvas
from agentdesk.tui.driver.difference import Difference

if TYPE_CHECKING:
    from textual.app import App

_TOGETHER = 1200
"""Bytes from which a frame is marked as one (synchronised output, mode 2026), so that nobody sees half of it."""
_AGAIN = 0.01
"""Seconds until a terminal that still has something to take in is asked again."""
_WORD = "[^\x00-\x1f\x7f-\x9f]*"
_END = "(?:\x07|\x1b\\\\)"
_KNOWN = re.compile(
    "(?:"
    r"\x1b\[\?[0-9;]+(?:[hl]|\$p)"  # modes, and questions about them
    r"|\x1b\[[<>=]?[0-9;]*u"  # the keyboard protocol
    r"|\x07|\x1b\[2[23];2t"  # the bell; the title kept and given back
    rf"|\x1b\]52;[a-z]*;[A-Za-z0-9+/=]*{_END}"  # the clipboard
    rf"|\x1b\](?:0|2|9|22|777;notify);{_WORD}{_END}"  # title, notices, the pointer's shape
    ")*"
)
"""What a driver and an application say to a terminal besides drawing. Anything else is dropped."""


class CellDriver(LinuxDriver):
    """Keeps a model of the terminal's cells and sends the shortest way from one picture to the next.

    `paint` takes frames; `write` takes what is no picture, and of that only what is known to be harmless. Frames are gathered until the
    loop has nothing more to do, and while the terminal still takes in the last one: on a slow line pictures are left out, never queued.
    """

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._canvas: Canvas | None = None
        self._difference = Difference(erases_with_ground=erases_with_ground(os.environ))
        self._painting = False
        self._due = False

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it untyped
        self._difference.forget()
        self._painting = self._writer_thread is not None
        if self._canvas is not None:
            self._emit_soon()

    def stop_application_mode(self) -> None:
        self._painting = False
        if self._writer_thread is not None:
            super().write("\x1b[m")
        super().stop_application_mode()

    def write(self, data: str) -> None:
        if _KNOWN.fullmatch(data):
            super().write(data)

    def paint(self, update: CompositorUpdate, colours: ColorSystem, size: tuple[int, int]) -> None:
        """Show a frame, soon."""
        if self._canvas is None or (self._canvas.width, self._canvas.height) != size:
            self._canvas = Canvas(*size)
        self._canvas.draw(update, colours)
        self._emit_soon()

    def repaint(self) -> None:
        """Send the whole picture again: something else may have written on the terminal."""
        self._difference.forget()
        self._emit_soon()

    def _emit_soon(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._emit)

    def _emit(self) -> None:
        thread = self._writer_thread
        if self._painting and thread is not None and thread._queue.qsize():  # noqa: SLF001 - there is no other way to ask
            self._loop.call_later(_AGAIN, self._emit)
            return
        self._due = False
        if not self._painting or self._canvas is None:
            return
        if sequences := self._difference.to(self._canvas):
            together = len(sequences) > _TOGETHER and self._app._sync_available  # noqa: SLF001 - what the terminal answered
            super().write(f"\x1b[?2026h{sequences}\x1b[?2026l" if together else sequences)


def erases_with_ground(environ: Mapping[str, str]) -> bool:
    """Whether the terminal erases with the ground that is set. GNU screen does not, and tmux, which often goes by the same name, does."""
    return not environ.get("TERM", "").startswith("screen") or "TMUX" in environ
