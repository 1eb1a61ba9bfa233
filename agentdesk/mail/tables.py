"""What a table of an HTML mail says: rows that are data become aligned columns, all else text from top to bottom.

Mail is laid out with tables within tables, and most say that they are for layout only whatever they hold; so the shape of the
content decides and not what is declared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentdesk.domain import grid

_LIMIT = 100
"""Columns of characters up to which a table is drawn; screens narrower than that set it anew (`grid.refit`)."""
_CELL = 64
"""A cell with more characters is prose."""
_CELL_LINES = 4
_BESIDE_LINES = 3
_ROW = 110
"""Cells beside each other that are no longer than this together stay on one line."""
_MOST_COLUMNS = 24
_PARAGRAPH = 60
_BLOCK_MARK = re.compile(r"\s*(?:[-*•] |\d{1,3}\. |> )")


@dataclass(slots=True)
class Cell:
    lines: list[str]
    span: int = 1
    down: int = 1
    heading: bool = False
    spaced: bool = False
    """It has margins of its own above or below."""


@dataclass(slots=True)
class Table:
    rows: list[list[Cell]] = field(default_factory=list)
    head: bool = False
    """Within `thead`."""
    open: bool = False
    """A cell is open."""
    cell: Cell = field(default_factory=lambda: Cell([]))

    def begin(self, cell: Cell) -> None:
        if not self.rows:
            self.rows.append([])
        cell.heading = cell.heading or self.head
        self.cell, self.open = cell, True

    def end(self, lines: list[str], *, bold: bool, spaced: bool) -> None:
        self.cell.lines, self.cell.spaced = lines, spaced
        self.cell.heading = self.cell.heading or (bold and bool(lines))
        self.rows[-1].append(self.cell)
        self.open = False

    def next_row(self) -> None:
        if not self.rows or self.rows[-1]:
            self.rows.append([])


def lay_out(table: Table) -> tuple[list[str], bool]:
    """The lines of a table, and whether it wants empty lines around it."""
    rows = [row for row in table.rows if any(cell.lines for cell in row)]
    drawn = _data(rows) if len(rows) > 1 else None
    if drawn is not None:
        return drawn, True
    return _flow(rows)


# Data ----------------------------------------------------------------------------------------------------------------


def _data(rows: Sequence[list[Cell]]) -> list[str] | None:
    """The rows as columns, or None if they are no data."""
    if not all(_is_short(cell) for row in rows for cell in row):
        return None
    placed = _placed(rows)
    if placed is None:
        return None
    matrix, heading = placed
    filled = [sum(bool(text) for text in row) for row in matrix]
    several = [count for count in filled if count > 1]
    if len(several) < 2 or len(several) * 2 < len(filled):
        return None
    top, body = _titles(matrix, filled)
    flat = [[_joined(text) for text in row] for row in body]
    header = heading[len(top)] and len(body) > 1
    lines = grid.draw(_stacked(body), heading=header, limit=_LIMIT) or grid.draw(flat, heading=header, limit=_LIMIT)
    if lines is None:
        lines = grid.spelled(flat) if header else [grid.BAR.join(filter(None, row)) for row in flat]
    return [*top, *lines]


def _is_short(cell: Cell) -> bool:
    if len(cell.lines) > _CELL_LINES or sum(map(len, cell.lines)) > 2 * _CELL:
        return False
    return all(text and len(text) <= _CELL and "│" not in text and not _BLOCK_MARK.match(text) for text in cell.lines)


def _placed(rows: Sequence[list[Cell]]) -> tuple[list[list[str]], list[bool]] | None:
    """The text of each place of the grid, empty columns left out, and which rows are headings."""
    matrix: list[list[str]] = []
    heading: list[bool] = []
    below: dict[int, int] = {}
    for row in rows:
        line: dict[int, str] = {}
        column = 0
        for cell in row:
            while below.get(column, 0) > 0:
                below[column] -= 1
                column += 1
            if column + cell.span > _MOST_COLUMNS:
                return None
            line[column] = "\n".join(cell.lines)
            for covered in range(column, column + cell.span):
                below[covered] = cell.down - 1
            column += cell.span
        for later in range(column, _MOST_COLUMNS):
            below[later] = max(0, below.get(later, 0) - 1)
        matrix.append([line.get(index, "") for index in range(_MOST_COLUMNS)])
        heading.append(all(cell.heading for cell in row if cell.lines))
    used = [index for index in range(_MOST_COLUMNS) if any(row[index] for row in matrix)]
    if len(used) < 2:
        return None
    return [[row[index] for index in used] for row in matrix], [*heading, False]


def _titles(matrix: list[list[str]], filled: Sequence[int]) -> tuple[list[str], list[list[str]]]:
    """Lines above the columns: rows of a single cell at the top, such as a caption."""
    count = 0
    while count < len(matrix) - 2 and filled[count] == 1:
        count += 1
    return [_joined("".join(row)) for row in matrix[:count]], matrix[count:]


def _joined(text: str) -> str:
    return " · ".join(text.split("\n"))


def _stacked(matrix: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells of several lines on one, but for the last of a row, whose lines stand below each other: so the order of words is kept."""
    stacked: list[list[str]] = []
    for row in matrix:
        last = max(index for index, text in enumerate(row) if text)
        first, *more = row[last].split("\n")
        stacked.append([*map(_joined, row[:last]), first, *row[last + 1 :]])
        stacked.extend([""] * last + [text] + [""] * (len(row) - last - 1) for text in more)
    return stacked


# Layout ---------------------------------------------------------------------------------------------------------------


def _flow(rows: Sequence[list[Cell]]) -> tuple[list[str], bool]:
    """Row by row, cell by cell; cells that are short stay beside each other."""
    lines: list[str] = []
    apart = False
    spaced = False
    for row in rows:
        cells = [cell for cell in row if cell.lines]
        blocks = [[_beside(cells)]] if _can_stand_beside(cells) else [cell.lines for cell in cells]
        margins = any(cell.spaced for cell in cells)
        spaced = spaced or margins
        for number, block in enumerate(blocks):
            large = len(block) > 1 or len(block[0]) > _PARAGRAPH
            if lines and (apart or large or (margins and not number)):
                lines.append("")
            lines.extend(block)
            apart = large or margins
    return lines, spaced or len(lines) > 1


def _can_stand_beside(cells: Sequence[Cell]) -> bool:
    """Short cells on one line: of a line each, or what was bought and its price."""
    if len(cells) < 2 or sum(len(_beside([cell])) for cell in cells) > _ROW or any(_BLOCK_MARK.match(cell.lines[0]) for cell in cells):
        return False
    if all(len(cell.lines) == 1 for cell in cells):
        return True
    return grid.is_number("".join(cells[-1].lines)) and all(_is_short(cell) and len(cell.lines) <= _BESIDE_LINES for cell in cells)


def _beside(cells: Sequence[Cell]) -> str:
    return grid.BAR.join(_joined("\n".join(cell.lines)) for cell in cells)
