"""The shortest way from what the terminal shows to what it should show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agentdesk.tui.driver.canvas import Canvas, Row
from agentdesk.tui.driver.cells import ANY, PLAIN, Cell, Look, blank_of, is_sure, look, transition

_GAP = 4
"""Unchanged cells that are written again rather than passed over: moving costs as much."""
_ERASED = 4
"""Blanks at the end of a row that are worth erasing: the command takes three bytes."""
_CLEARED = 12
"""Blanks within a row that are: that takes a command of four or five bytes, and one to move past them."""
_SPILL = 5
"""Cells after one of doubtful width that a terminal may have drawn over."""


_WORTH_SORTING = 6
"""Pieces of a frame from which on another order may be shorter."""


class _Piece(NamedTuple):
    """Cells of one row that are drawn in one look."""

    y: int
    first: int
    last: int
    """The first that is not meant; -1: erase to the end of the row."""
    look: Look
    row: Row


class Difference:
    """What the terminal is known to show, and the sequences that change it."""

    def __init__(self, *, erases_with_ground: bool = True) -> None:
        """`erases_with_ground`: the terminal erases with the ground that is set ("bce" in terminfo); else only with its own."""
        self._bce = erases_with_ground
        self._shown: list[Row] | None = None
        self._look: Look | None = None
        self._x = self._y = -1
        """Where the cursor is; -1 where that is not known."""
        self._out: list[str] = []

    def forget(self) -> None:
        """Nothing is known any more: the next difference is the whole picture."""
        self._shown = None

    def to(self, canvas: Canvas) -> str:
        """The sequences that make the terminal show the canvas."""
        self._out = []
        if self._shown is None or len(self._shown) != canvas.height or len(self._shown[0]) != canvas.width:
            self._begin(canvas)
            touched: Sequence[int] = range(canvas.height)
        else:
            touched = sorted(canvas.touched)
        shown = self._shown
        assert shown is not None
        bound: list[_Piece] = []
        free: list[_Piece] = []
        for y in touched:
            new = canvas.rows[y]
            if new != shown[y]:
                # Where a letter may reach into the next cell, the order within the row is what mends it
                (free if all(is_sure(cell[0]) for cell in new) else bound).extend(self._pieces(y, shown[y], new))
                shown[y] = new.copy()
        canvas.touched.clear()
        self._draw(bound)
        self._draw_shortest(free)
        return "".join(self._out)

    def _draw(self, pieces: Iterable[_Piece]) -> None:
        for piece in pieces:
            if piece.last < 0:
                self._go(piece.first, piece.y)
                self._wear(piece.look)
                self._out.append("\x1b[K")
            else:
                self._write(piece.y, piece.first, piece.last, piece.row)

    def _draw_shortest(self, pieces: Sequence[_Piece]) -> None:
        """Row by row, or look by look, whichever takes fewer bytes: to change a colour costs more than to move."""
        if len(pieces) < _WORTH_SORTING:
            self._draw(pieces)
            return
        before = self._out, self._look, self._x, self._y
        ways = []
        for order in (pieces, _by_look(pieces, self._look)):
            self._out, self._look, self._x, self._y = [], *before[1:]
            self._draw(order)
            ways.append(("".join(self._out), self._look, self._x, self._y))
        drawn, self._look, self._x, self._y = min(ways, key=lambda way: len(way[0]))
        self._out = [*before[0], drawn]

    def _begin(self, canvas: Canvas) -> None:
        """Clear, with the ground that most cells have."""
        ground = blank_of(PLAIN)
        self._look = None
        if self._bce:
            counted = Counter(cell for row in canvas.rows for cell in row if cell[0] == " " and not cell[1].marked)
            ground = max(counted, key=counted.__getitem__, default=ground)
        self._wear(look(frozenset(), PLAIN.text, ground[1].ground))
        self._out.append("\x1b[H\x1b[2J")
        self._x = self._y = 0
        self._shown = [[ground] * canvas.width for _ in range(canvas.height)]

    def _pieces(self, y: int, old: Row, new: Row) -> list[_Piece]:
        """What must be drawn of a row, from left to right."""
        width = len(new)
        changed = _changed(old, new)
        erased_from = self._blank_end(new)
        if sum(1 for x in changed if x >= erased_from) < _ERASED:
            erased_from = width
        pieces = []
        for first, last in self._runs([x for x in changed if x < erased_from], new):
            begun = first
            for x in range(first + 1, last):
                if new[x][0] and not _alike(new[x], new[x - 1]) and new[x][1] is not new[begun][1]:
                    pieces.append(_Piece(y, begun, x, new[begun][1], new))
                    begun = x
            pieces.append(_Piece(y, begun, last, new[begun][1], new))
        if erased_from < width:
            pieces.append(_Piece(y, erased_from, -1, new[erased_from][1], new))
        return pieces

    def _can_erase(self, cell: Cell) -> bool:
        return cell[0] == " " and not cell[1].marked and (self._bce or cell[1].ground == PLAIN.ground)

    def _blank_end(self, row: Row) -> int:
        """From where on the row is blank in one look."""
        last, end = row[-1], len(row)
        if not self._can_erase(last):
            return end
        while end and row[end - 1] == last:
            end -= 1
        return end

    @staticmethod
    def _runs(changed: Sequence[int], row: Row) -> list[tuple[int, int]]:
        """Changed cells as runs [first, last); those that stand near each other in the same look are one."""
        runs: list[tuple[int, int]] = []
        for x in changed:
            if runs:
                first, last = runs[-1]
                if x - last <= _GAP and all(_alike(cell, row[last - 1]) and is_sure(cell[0]) for cell in row[last:x]):
                    runs[-1] = (first, x + 1)
                    continue
            runs.append((x, x + 1))
        return runs

    def _write(self, y: int, first: int, last: int, row: Row) -> None:
        x = first
        while x < last:
            cell = row[x]
            blanks = self._blanks(row, x, last)
            if blanks >= _CLEARED:
                self._go(x, y)
                self._wear(cell[1])
                self._out.append(f"\x1b[{blanks}X")
                x += blanks
                continue
            self._go(x, y)
            self._wear(cell[1])
            self._out.append(cell[0])
            x += 1
            while x < last and row[x][0] == "":
                x += 1
            # Behind the last column, and behind letters of which terminals differ, it is not known where the cursor is
            self._x = x if x < len(row) and is_sure(cell[0]) else -1

    def _blanks(self, row: Row, first: int, last: int) -> int:
        cell = row[first]
        if not self._can_erase(cell):
            return 0
        end = first
        while end < last and row[end] == cell:
            end += 1
        return end - first

    def _wear(self, wanted: Look) -> None:
        sequence, self._look = transition(self._look, wanted)
        self._out.append(sequence)

    def _go(self, x: int, y: int) -> None:
        if (x, y) == (self._x, self._y):
            return
        self._out.append(_move(self._x, self._y, x, y))
        self._x, self._y = x, y


def _by_look(pieces: Sequence[_Piece], now: Look | None) -> list[_Piece]:
    """Those of one look together, beginning with the one that is set; blanks take any look of their ground."""
    ranks: dict[Look, int] = {} if now is None else {now: 0}
    grounds: dict[str, int] = {} if now is None or now.marked else {now.ground: 0}
    for piece in pieces:
        if piece.look.text != ANY:
            rank = ranks.setdefault(piece.look, len(ranks) + 1)
            if not piece.look.marked:
                grounds.setdefault(piece.look.ground, rank)
    return sorted(pieces, key=lambda piece: ranks[piece.look] if piece.look.text != ANY else grounds.get(piece.look.ground, len(ranks) + 1))


def _changed(old: Row, new: Row) -> list[int]:
    """Where two rows differ, and what must be written again with it: both halves of a wide letter, and all that a letter of doubtful
    width may have drawn over."""
    width = len(new)
    found = {x for x in range(width) if new[x] != old[x]}
    for x in tuple(found):
        for cells in (old, new):
            start = x
            while start and cells[start][0] == "":
                start -= 1
            if not is_sure(cells[start][0]):
                found.update(range(start, min(width, start + 1 + _SPILL)))
    for x in sorted(found):  # the spill may have cut a wide letter
        start = x
        while start and new[start][0] == "":
            start -= 1
        found.update(range(start, x))
        end = x + 1
        while end < width and new[end][0] == "":
            found.add(end)
            end += 1
    return sorted(found)


def _alike(cell: Cell, before: Cell) -> bool:
    """Whether one needs no other look than the one before it."""
    return cell[1] is before[1] or (cell[1].text == ANY and cell[1].ground == before[1].ground and not before[1].marked)


def _move(x: int, y: int, to_x: int, to_y: int) -> str:
    """The shortest move (ECMA-48: CUP, CHA, CUF, CUB, CUU, CUD). -1: from where is not known."""
    line = str(to_y + 1) if to_y else ""
    ways = [f"\x1b[{line};{to_x + 1}H" if to_x else f"\x1b[{line}H"]
    if y == to_y:
        ways.append("\r" if not to_x else f"\x1b[{to_x + 1}G")
        if x >= 0:
            ways.append(f"\x1b[{_count(to_x - x)}C" if to_x > x else "\b" * (x - to_x) if x - to_x < 4 else f"\x1b[{x - to_x}D")
    elif y >= 0 and x == to_x:
        ways.append(f"\x1b[{_count(abs(to_y - y))}{'B' if to_y > y else 'A'}")
    return min(ways, key=len)


def _count(number: int) -> str:
    return str(number) if number > 1 else ""
