"""Order files as rows: CSV, JSON and SQLite."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agentdesk.errors import ConfigError
from agentdesk.locale import say
from agentdesk.shops.columns import columns_of
from agentdesk.shops.encoding import decode
from agentdesk.shops.gather import Fault, Row, as_text, cells_of, clean_cell, parts_of

_SEPARATORS = (";", ",", "\t", "|")
_MOST_LINES_QUOTED = 50
"""A quoted text of more lines is taken for a quotation mark that was never closed."""
_NESTED = ("items", "shipments", "refunds")
_NESTED_NAMES = {"line_items": "items", "products": "items", "fulfillments": "shipments"}
_STATEMENT_STEPS = 50_000_000
"""SQLite instructions after which reading a view is given up: it would never end."""


def read_csv(path: Path, raw: bytes, fault: Fault) -> Iterator[Row]:
    """The lines of a CSV file.

    Raises:
        ConfigError: there is no header that names the order's number.
    """
    lines = re.split(r"\r\n|\n|\r", decode(raw))
    start = 0
    separator = ""
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start < len(lines) and (told := re.fullmatch(r"sep=(.)", lines[start].strip("\ufeff"), re.IGNORECASE)):
        separator, start = told[1], start + 1
    if start >= len(lines):
        raise ConfigError(say("shops.empty"), file=path)
    header_line = lines[start]
    mark = "'" if header_line.startswith("'") else '"'
    if not separator:
        separator = max(
            _SEPARATORS, key=lambda s: (len(columns_of(_fields(header_line, s, mark))), header_line.count(s))
        )
    header = [clean_cell(name) for name in _fields(header_line, separator, mark)]
    places = columns_of(header)
    if "number" not in places:
        found = ", ".join(name for name in header if name)
        raise ConfigError(say("shops.no_number_column", found=found), file=path, line=start + 1, key="number")

    at = start + 1
    while at < len(lines):
        line = at + 1
        record, used = _record(lines, at, separator, mark)
        at += used
        if record is None:
            fault(line, say("shops.open_quote"))
            continue
        if len(record) > len(header) and any(cell.strip() for cell in record[len(header) :]):
            fault(line, say("shops.too_many_fields", found=len(record), expected=len(header)))
            continue
        cells = {
            column: text
            for column, place in places.items()
            if place < len(record) and record[place] and (text := clean_cell(record[place]))
        }
        if cells:
            yield Row(line, cells)


def read_json(path: Path, raw: bytes, fault: Fault) -> Iterator[Row]:
    """The objects of a JSON list (or of the list `orders` in an object).

    Raises:
        ConfigError: it is not JSON, or no list.
    """
    text = decode(raw)
    if not text.strip():
        raise ConfigError(say("shops.empty"), file=path)
    # Numbers stay the text they are: no rounding, no limit on digits.
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=lambda _: None)
    try:
        whole = decoder.decode(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise ConfigError(say("shops.json_syntax", reason=error.msg), file=path, line=error.lineno) from error
    except RecursionError as error:
        raise ConfigError(say("shops.json_deep"), file=path) from error
    entries = whole.get("orders") if isinstance(whole, dict) else whole
    if not isinstance(entries, list):
        raise ConfigError(say("shops.json_shape"), file=path, line=1)
    lines = _lines_of_entries(text, decoder)
    for entry in entries:
        line = next(lines, 1)
        if not isinstance(entry, dict):
            fault(line, say("shops.not_an_object"))
            continue
        flat = {_NESTED_NAMES.get(str(name), str(name)): value for name, value in entry.items()}
        cells = cells_of({name: value for name, value in flat.items() if name not in _NESTED})
        customer = entry.get("customer")
        if isinstance(customer, dict):
            for column, value in cells_of(customer).items():
                if column in {"email", "name", "phone", "language"}:
                    cells.setdefault(column, value)
        items, shipments, refunds = (parts_of(kind, flat.get(kind)) for kind in _NESTED)
        yield Row(line, cells, items, shipments, refunds)


def read_sqlite(path: Path, _fault: Fault) -> Iterator[Row]:
    """The rows of a table or view `orders`. The database is never written to, nor are files put beside it if it can't be.

    Raises:
        ConfigError: it is no database, or has no `orders`.
    """
    try:
        with closing(_open_readonly(path)) as connection:
            steps = 0

            def tick() -> int:
                nonlocal steps
                steps += 10_000
                return steps > _STATEMENT_STEPS

            connection.set_progress_handler(tick, 10_000)
            known = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = 'orders'"
            ).fetchone()
            if known is None:
                raise ConfigError(say("shops.sqlite_no_orders"), file=path)
            cursor = connection.execute("SELECT * FROM orders")
            header = [str(column[0]) for column in cursor.description]
            places = columns_of(header)
            if "number" not in places:
                raise ConfigError(say("shops.no_number_column", found=", ".join(header)), file=path, key="number")
            for line, record in enumerate(cursor, 1):
                cells = {column: text for column, place in places.items() if (text := as_text(record[place]))}
                yield Row(line, cells)
    except sqlite3.Error as error:
        raise ConfigError(say("shops.sqlite", reason=clean_cell(str(error))), file=path) from error


def _open_readonly(path: Path) -> sqlite3.Connection:
    """Read-only; as an immutable file where the folder can't be written and no log waits to be read."""
    uri = f"file:{quote(str(path.absolute()))}"
    for suffix in ("?mode=ro", "?mode=ro&immutable=1"):
        connection = sqlite3.connect(uri + suffix, uri=True, timeout=5, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            log = path.with_name(path.name + "-wal")
            if "immutable" in suffix or (log.exists() and log.stat().st_size):
                raise
        except sqlite3.Error:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError


def _record(lines: list[str], at: int, separator: str, mark: str) -> tuple[list[str] | None, int]:
    """The record that begins on a line, and how many lines it takes; None for a quotation mark that is never closed."""
    text = lines[at]
    if mark not in text:
        return text.split(separator), 1
    for used in range(1, _MOST_LINES_QUOTED + 1):
        try:
            return next(csv.reader([text], delimiter=separator, quotechar=mark, strict=True)), used
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return _fields(text, separator, mark), used  # "12" cm: a mark inside a quoted text
        if at + used >= len(lines):
            break
        text = f"{text}\n{lines[at + used]}"
    return None, 1


def _fields(line: str, separator: str, mark: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, quotechar=mark), [])


def _lines_of_entries(text: str, decoder: json.JSONDecoder) -> Iterator[int]:
    """The line on which each entry of the list begins, found by reading them once more; only as far as it is asked."""
    start = re.match(r"\ufeff?\s*\[", text) or re.search(r'"orders"\s*:\s*\[', text)
    if start is None:
        return
    at, line, counted = start.end(), 1, 0
    space = re.compile(r"[\s,]*")
    while (at := _end(space, text, at)) < len(text) and text[at] != "]":
        line += text.count("\n", counted, at)
        counted = at
        yield line
        try:
            _, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match: Any = pattern.match(text, at)
    return int(match.end())
