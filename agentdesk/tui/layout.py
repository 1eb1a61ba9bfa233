"""Text in cells: cutting, wrapping, and lines with a left and a right part.

Everything foreign is drawn through here as plain (text, style) pieces; nothing is ever read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agentdesk.domain.clean import clean

Piece = tuple[str, Style]
"""A run of text in one style."""

EMPTY = Style()
_WORDS = re.compile(r"\S+\s*|\s+")


def safe(text: str) -> str:
    """A text that can do nothing to a terminal but stand there."""
    return text if text.isprintable() else clean(text).replace("\n", " ")


def cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut ends in `…`."""
    if width <= 0:
        return ""
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return text
    taken, used = [], 0
    for character in text:
        size = get_character_cell_size(character)
        if used + size > width - 1:
            break
        taken.append(character)
        used += size
    return "".join(taken).rstrip() + "…"


def cut_pieces(pieces: Iterable[Piece], width: int) -> list[Piece]:
    """The same for several runs."""
    pieces = list(pieces)
    total = sum(cells(text) for text, _ in pieces)
    if total <= width:
        return pieces
    result: list[Piece] = []
    left = width
    for text, style in pieces:
        size = cells(text)
        if size < left:
            result.append((text, style))
            left -= size
        else:
            # One cell too few is kept for the ellipsis even where this run alone would fit.
            result.append((cut(text + "…", left), style))
            break
    return result


def line(width: int, left: Sequence[Piece], right: Sequence[Piece] = (), *, gap: int = 1) -> Strip:
    """A line of exactly `width` cells: `left` is cut where it would meet `right`.

    Here, at the last step before the terminal, every text passes the gate once more, wherever it came from.
    """
    left, right = [(safe(text), style) for text, style in left], [(safe(text), style) for text, style in right]
    right_size = sum(cells(text) for text, _ in right)
    if right_size > width:
        right = cut_pieces(right, width)
        right_size = sum(cells(text) for text, _ in right)
    room = width - right_size - (gap if right_size else 0)
    shown = cut_pieces(left, max(0, room))
    left_size = sum(cells(text) for text, _ in shown)
    segments = [Segment(text, style) for text, style in shown if text]
    if fill := width - left_size - right_size:
        segments.append(Segment(" " * fill, EMPTY))
    segments.extend(Segment(text, style) for text, style in right if text)
    return Strip(segments, width)


def wrap(text: str, width: int) -> list[str]:
    """Paragraphs broken at spaces into lines of at most `width` cells; a word too long is broken hard."""
    width = max(1, width)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if len(paragraph) <= width and (paragraph.isascii() or cell_len(paragraph) <= width):
            lines.append(paragraph.rstrip())
            continue
        current, used = "", 0
        for word in _WORDS.findall(paragraph):
            bare = word.rstrip()
            size = cells(bare)
            if used + size <= width:
                current += word
                used += cells(word)
                continue
            if current.strip():
                lines.append(current.rstrip())
            current, used = "", 0
            if size > width:
                *full, rest = _break(bare, width)
                lines.extend(full)
                current = rest + word[len(bare) :]
            else:
                current = word
            used = cells(current)
        lines.append(current.rstrip())
    return lines


def _break(word: str, width: int) -> list[str]:
    """A word too long for a line, in parts; a combining mark stays with what it belongs to."""
    parts, current, used = [], "", 0
    for character in word:
        size = get_character_cell_size(character)
        if used + size > width and current:
            parts.append(current)
            current, used = "", 0
        current += character
        used += size
    parts.append(current)
    return parts


def parts(words: Sequence[str], width: int) -> list[str]:
    """`a · b · c` in as few lines as hold it, broken between the parts and not inside them where that can be."""
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} · {word}" if lines else word
        if lines and cells(joined) <= width:
            lines[-1] = joined
        elif cells(word) <= width:
            lines.append(word)
        else:
            lines.extend(wrap(word, width))
    return lines


def rule(width: int, style: Style, left: Sequence[Piece] = (), right: Sequence[Piece] = ()) -> Strip:
    """A thin line across with words in it: `─ reply to … ──── it  draft saved ─`."""
    left, right = [p for p in left if p[0]], [p for p in right if p[0]]
    head: list[Piece] = [("─ ", style), *left, (" ", style)] if left else []
    tail: list[Piece] = [(" ", style), *right, (" ─", style)] if right else []
    tail_size = sum(cells(text) for text, _ in tail)
    head = cut_pieces(head, max(0, width - tail_size))
    fill = width - sum(cells(text) for text, _ in head) - tail_size
    return line(width, [*head, ("─" * max(0, fill), style)], tail, gap=0)
