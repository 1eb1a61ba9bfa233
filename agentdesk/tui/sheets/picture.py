"""A picture in the terminal, in half blocks: two pixels a cell, enough to see that a parcel is damaged."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

from agentdesk.locale import say
from agentdesk.tui.layout import Piece
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets.sheet import Choice, Sheet

MOST_PIXELS = 60_000_000
"""A picture that claims more is not decoded: it may be made to fill the memory."""
LIGHTNESS = " .:-=+*#%@"


class PictureSheet(Sheet):
    share = 1.0
    typed = False
    wide = True
    bare = True

    def __init__(self, name: str, content: bytes, roles: Roles, left: Callable[[], None]) -> None:
        self.title = name
        self.placeholder = say("screen.picture_leave")
        self._content, self._roles, self._left = content, roles, left
        self._drawn: tuple[tuple[int, int], list[list[Piece]]] | None = None

    def previews(self) -> bool:
        return True

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        if self._drawn is None or self._drawn[0] != (width, self.height):
            self._drawn = ((width, self.height), self._draw(width, self.height))
        return self._drawn[1]

    def _draw(self, width: int, height: int) -> list[list[Piece]]:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - 40 ms, and most sessions look at no picture

        try:
            with Image.open(io.BytesIO(self._content)) as image:
                wide, high = image.size
                if wide * high > MOST_PIXELS:
                    return [[(say("screen.picture_too_large"), self._roles.warm)]]
                columns = min(width, 160)
                rows = max(1, min(height, columns * high // max(1, wide) // 2))
                columns = min(columns, max(1, rows * 2 * wide // max(1, high)))
                small = image.convert("RGB").resize((columns, rows * 2))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return [[(say("screen.picture_broken", why=error), self._roles.warm)]]
        pixels = small.load()
        assert pixels is not None
        if self._roles.name == "none":
            return [[("".join(_shade(pixels[x, y * 2]) for x in range(columns)), self._roles.text)] for y in range(rows)]
        return [[("▀", _style(pixels[x, y * 2], pixels[x, y * 2 + 1])) for x in range(columns)] for y in range(rows)]

    def choose(self, choice: Choice | None, query: str) -> None:
        self._left()


def _style(upper: object, lower: object) -> Style:
    assert isinstance(upper, tuple)
    assert isinstance(lower, tuple)
    return Style.from_color(Color.from_triplet(ColorTriplet(*upper[:3])), Color.from_triplet(ColorTriplet(*lower[:3])))


def _shade(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return LIGHTNESS[sum(pixel[:3]) * (len(LIGHTNESS) - 1) // 765]
