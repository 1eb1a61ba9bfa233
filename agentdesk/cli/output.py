"""What goes to stdout: JSON, or aligned plain columns. Every text is cleaned once more here; nothing on the terminal is foreign markup."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unicodedata import combining, east_asian_width
from zoneinfo import ZoneInfo

from agentdesk.domain.clean import clean, clean_line

SCHEMA = 1
_UNPRINTABLE = re.compile(r"[^ -~]")
_KEPT = "\u200c\u200d\xa0\u202f\u3000"
"""Joiners and wide spaces: letters and emoji need them, and they do nothing."""


def write_json(value: dict[str, Any]) -> None:
    """One document with the schema's number on top. What could do something to a terminal is written as `\\uXXXX`."""
    text = json.dumps({"schema": SCHEMA} | value, ensure_ascii=False, indent=None, separators=(",", ":"))
    sys.stdout.write((text if text.isprintable() else _UNPRINTABLE.sub(_escaped, text)) + "\n")


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() or match[0] in _KEPT else json.dumps(match[0])[1:-1]


def line(text: str = "", indent: str = "") -> None:
    sys.stdout.write((indent + clean_line(text)).rstrip() + "\n")


def block(text: str, indent: str = "") -> None:
    """Several lines, each with the indent."""
    for each in clean(text).split("\n"):
        sys.stdout.write((indent + each).rstrip() + "\n")


def talk(text: str) -> None:
    sys.stderr.write(clean(text).rstrip("\n") + "\n")


def cells(text: str) -> int:
    """How many terminal cells a text takes."""
    return sum(_cell(c) for c in text)


def _cell(c: str) -> int:
    if c < "\u0300":
        return 1
    if combining(c) or c in "\u200d\ufe0e\ufe0f":
        return 0
    return 2 if east_asian_width(c) in "WF" else 1


def cut(text: str, width: int) -> str:
    """At most `width` cells; cut text ends in `…`."""
    if cells(text) <= width:
        return text
    taken, used = [], 0
    for c in text:
        used += _cell(c)
        if used > width - 1:
            break
        taken.append(c)
    return "".join(taken).rstrip() + "…" if width > 0 else ""


def width() -> int:
    """Columns of the terminal; 0 where the output is no terminal and nothing is cut."""
    if os.environ.get("COLUMNS", "").isdigit():
        return int(os.environ["COLUMNS"])
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def columns(rows: Sequence[Sequence[str]], *, most: Sequence[int] = (), indent: str = "") -> None:
    """Rows in aligned columns. `most` limits a column's cells (0: free); the last one takes what is left of the terminal."""
    if not rows:
        return
    cleaned = [[clean_line(text) for text in row] for row in rows]
    limits = list(most) + [0] * (len(cleaned[0]) - len(most))
    widths = []
    for number, limit in enumerate(limits[:-1]):
        widest = max(cells(row[number]) for row in cleaned)
        widths.append(min(widest, limit) if limit else widest)
    total = width()
    left = max(total - len(indent) - sum(widths) - 2 * len(widths), 1) if total else 0
    for row in cleaned:
        parts = []
        for text, wide in zip(row[:-1], widths, strict=True):
            short = cut(text, wide)
            parts.append(short + " " * (wide - cells(short)))
        parts.append(cut(row[-1], left) if left else row[-1])
        whole = indent + "  ".join(parts)
        sys.stdout.write((cut(whole, total) if total else whole).rstrip() + "\n")


def stamp(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the desk's zone."""
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def shown_time(moment: datetime | None, zone: ZoneInfo) -> str:
    """For reading: the same in every language."""
    return "" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
