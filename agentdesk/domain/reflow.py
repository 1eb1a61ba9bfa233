"""Wrapping a paragraph anew, with its marks of quoting."""

from __future__ import annotations

import re
import textwrap

WIDTH = 72
"""Columns, as mail has had it for long (RFC 3676, 4.2, recommends no more than 78)."""
_QUOTE = re.compile(r"(?:[ \t]?>)+[ \t]?|")
_ITEM = re.compile(r"[ \t]*(?:[-*•]|[0-9]{1,3}[.)])[ \t]+")


def mark(line: str) -> str:
    """What marks a line as quoted: "> ", "> > ", or nothing."""
    found = _QUOTE.match(line)
    return found[0] if found else ""


def depth(line: str) -> int:
    return mark(line).count(">")


def paragraph(lines: list[str], at: int) -> tuple[int, int]:
    """First and one past the last line of the paragraph of `at`: lines of one depth without a blank one or the beginning of an item
    between them. Empty where the line is blank.
    """
    if not 0 <= at < len(lines) or not _rest(lines[at]):
        return at, at
    level = depth(lines[at])

    def belongs(line: str) -> bool:
        return bool(_rest(line)) and depth(line) == level

    first = at
    while first and not _ITEM.match(_rest(lines[first])) and belongs(lines[first - 1]):
        first -= 1
    last = at + 1
    while last < len(lines) and belongs(lines[last]) and not _ITEM.match(_rest(lines[last])):
        last += 1
    return first, last


def wrapped(lines: list[str], width: int = WIDTH) -> list[str]:
    """One paragraph, its lines no longer than `width` where its words allow it. Words stay as they are."""
    if not lines:
        return []
    begins = "> " * depth(lines[0]) if depth(lines[0]) else ""
    words = " ".join(_rest(line).strip() for line in lines)
    item = _ITEM.match(words)
    later = begins + " " * (len(item[0]) if item else 0)
    return textwrap.wrap(
        words, width, initial_indent=begins, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )  # fmt: skip


def _rest(line: str) -> str:
    return line[len(mark(line)) :].rstrip()
