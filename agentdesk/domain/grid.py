"""Tables as text: columns in line, parted by a thin bar, under a rule that parts the headings from the rest.

A drawn table can be read again, so that a screen that is narrower than it was drawn for sets it anew: narrower columns first, and where
even those don't fit, each row as lines of "Heading: value".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

BAR = " │ "
_RULE = re.compile(r"─+(?:┼─+)+")
_QUOTED = re.compile(r"(?:> ?)*")
_NUMBER = re.compile(r"[^\w\s]{0,3}\s?(?:[A-Z]{3}\s?|[€$£¥]\s?|x\s?|×\s?)?[-+−]?\d[\d.,'’\s]*(?:\s?(?:%|€|\$|£|¥|[A-Z]{3}|x|×|pz\.?|pcs\.?|kg|g|cm|mm))?[*]?", re.IGNORECASE)
_NARROWEST = 10
_MOST_COLUMNS = 24

Row = Sequence[str]


def columns(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def is_number(text: str) -> bool:
    """A number, an amount of money, a quantity."""
    return len(text) < 40 and bool(_NUMBER.fullmatch(text))


def draw(rows: Sequence[Row], *, heading: bool, limit: int) -> list[str] | None:
    """The rows as aligned lines, or None where they are wider than `limit`. All rows have the same number of cells."""
    widths = [max(columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    if sum(widths) + len(BAR) * (len(widths) - 1) > limit:
        return None
    body = rows[1:] if heading else rows
    right = [_is_numeric([row[column] for row in body]) for column in range(len(widths))]
    lines = [_line(row, widths, right) for row in rows]
    if heading:
        lines.insert(1, "─┼─".join("─" * width for width in widths))
    return lines


def spelled(rows: Sequence[Row]) -> list[str]:
    """Each row as lines of "Heading: value", below an empty line; the first row holds the headings."""
    lines: list[str] = []
    for row in rows[1:]:
        if lines:
            lines.append("")
        lines.extend(_named(name, value) for name, value in zip(rows[0], row, strict=True) if value)
    return lines


def _named(name: str, value: str) -> str:
    return f"{name.rstrip(': ')}: {value}" if name.strip(": ") else value


def _line(row: Row, widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [
        " " * (width - columns(cell)) + cell if flush else cell + " " * (width - columns(cell))
        for cell, width, flush in zip(row, widths, right, strict=True)
    ]
    return BAR.join(cells).rstrip()


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(is_number, filled)) * 3 >= len(filled) * 2


# Setting a drawn table anew -------------------------------------------------------------------------------------------


def refit(text: str, width: int) -> str:
    """A text in which no table is wider than `width`; all else stays as it is."""
    if "│" not in text:
        return text
    lines = text.split("\n")
    fitted: list[str] = []
    index = 0
    while index < len(lines):
        end = _table_end(lines, index) if "│" in lines[index] else index
        if end - index < 2 or max(map(columns, lines[index:end])) <= width:
            end = max(end, index + 1)
            fitted.extend(lines[index:end])
        else:
            fitted.extend(_fit(lines[index:end], width))
        index = end
    return "\n".join(fitted)


def _table_end(lines: Sequence[str], start: int) -> int:
    """Behind the last line that has its bars where the first has them."""
    places = tuple(_bars(lines[start]))
    end = start + 1
    while end < len(lines) and (tuple(_bars(lines[end])) == places or (end == start + 1 and _RULE.fullmatch(_bare(lines[end])))):
        end += 1
    return end


def _bare(line: str) -> str:
    match = _QUOTED.match(line)
    return line[match.end() :] if match else line


def _bars(line: str) -> Iterator[int]:
    at = 0
    for letter in line:
        if letter == "│":
            yield at
        at += columns(letter)


def _fit(lines: Sequence[str], width: int) -> list[str]:
    match = _QUOTED.match(lines[0])
    prefix = match[0] if match else ""
    bare = [_bare(line) for line in lines]
    heading = len(bare) > 2 and bool(_RULE.fullmatch(bare[1]))
    rows = [[cell.strip() for cell in line.split("│")] for number, line in enumerate(bare) if not (heading and number == 1)]
    room = width - len(prefix)
    count = len(rows[0])
    fitted = _narrowed(rows, room, heading=heading) if count <= _MOST_COLUMNS else None
    if fitted is None:
        fitted = spelled(rows) if heading else [BAR.join(row).rstrip() for row in rows]
    return [(prefix + line).rstrip() for line in fitted]


def _narrowed(rows: list[list[str]], room: int, *, heading: bool) -> list[str] | None:
    """The same columns, the widest of them made narrower and broken into several lines; None where they get too narrow."""
    widths = [max(columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    excess = sum(widths) + len(BAR) * (len(widths) - 1) - room
    body = rows[1:] if heading else rows
    right = [_is_numeric([row[column] for row in body]) for column in range(len(widths))]
    while excess > 0:
        widest = max((column for column in range(len(widths)) if not right[column]), key=lambda column: widths[column], default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            return None
        widths[widest] -= 1
        excess -= 1
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
        if any(columns(part) > width for parts, width in zip(cells, widths, strict=True) for part in parts):
            return None
        height = max(map(len, cells))
        lines.extend(_line([parts[level] if level < len(parts) else "" for parts in cells], widths, right) for level in range(height))
        if heading and not number:
            lines.append("─┼─".join("─" * width for width in widths))
    return lines


def _broken(text: str, width: int) -> list[str]:
    """A cell in lines; a word that is too long stays whole."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and columns(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
