"""Rows of an order file become orders: lines with the same number are one order.

A row that makes no sense is left out and explained; the rest is read. A row is left out whole, because half an order is worse
than none: it would fill a reply with half the truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter

from agentdesk.domain.clean import clean_line
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.locale import say
from agentdesk.shops import values
from agentdesk.shops.columns import named, nested_column
from agentdesk.shops.values import Style

AMOUNTS = ("total", "price", "refunded")
DATES = ("placed_at", "shipped_at", "eta")
MOST_FAULTS = 50
_LONGEST = 500
_MOST_PARTS = 1000
_KEPT_AS_TEXT = frozenset("+0123456789")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_FLOAT = re.compile(r"\d+\.0")

Fault = Callable[[int, str], None]
"""Line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file, one row of a table, one object of a JSON list."""

    line: int
    cells: Mapping[str, str]
    """Column -> text, cleaned; blank ones left out."""
    items: Sequence[Mapping[str, str]] = ()
    shipments: Sequence[Mapping[str, str]] = ()
    refunds: Sequence[Mapping[str, str]] = ()


class Faults:
    """What was wrong at a reading, as lines to show; after fifty they are only counted."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lines: list[tuple[int, str]] = []
        self._more = 0

    def __call__(self, line: int, what: str) -> None:
        if len(self._lines) < MOST_FAULTS:
            self._lines.append((line, say("shops.fault", file=self._file, line=line, what=what)))
        else:
            self._more += 1

    def lines(self) -> tuple[str, ...]:
        lines = [words for _, words in sorted(self._lines, key=itemgetter(0))]
        if not self._more:
            return tuple(lines)
        return (*lines, say("shops.more_faults", file=self._file, n=self._more))


@dataclass(slots=True)
class _Growing:
    """An order whose rows are still coming in."""

    line: int
    number: str
    texts: dict[str, str] = field(default_factory=dict)
    placed_at: datetime | None = None
    total: Decimal | None = None
    items: list[Item] = field(default_factory=list)
    shipments: dict[tuple[str, str, str], Shipment] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)

    def order(self) -> Order:
        texts = self.texts
        return Order(
            number=self.number,
            status=texts.get("status", "").lower(),
            placed_at=self.placed_at,
            currency=texts.get("currency", "").upper(),
            total=self.total,
            email=texts.get("email", ""),
            phone=texts.get("phone", ""),
            name=texts.get("name", ""),
            language=texts.get("language", ""),
            items=tuple(self.items),
            shipments=tuple(self.shipments.values()),
            refunds=tuple(self.refunds),
        )


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A row makes no sense; the message says why."""


def gather(rows: Iterable[Row], zone: tzinfo, fault: Fault) -> list[Order]:
    """The orders of a file, in the order of their first row."""
    held = list(rows)
    style = Style.of(_all_values(held, AMOUNTS), _all_values(held, (*DATES, "at")))
    growing: dict[str, _Growing] = {}
    for row in held:
        try:
            _take(row, growing, style, zone, fault)
        except _Wrong as wrong:
            fault(row.line, str(wrong))
    return [order.order() for order in growing.values()]


def cells_of(values_: Mapping[str, object]) -> dict[str, str]:
    """An object's known fields as cleaned text, blank ones left out."""
    return {column: text for column, value in named(values_).items() if (text := as_text(value))}


def parts_of(kind: str, parts: object) -> tuple[dict[str, str], ...]:
    """The items, shipments or refunds nested in an object, with the columns' names."""
    if isinstance(parts, Mapping):
        parts = [parts]
    if not isinstance(parts, list | tuple):
        return ()
    found: list[dict[str, str]] = []
    for part in parts[:_MOST_PARTS]:
        if isinstance(part, Mapping):
            cells: dict[str, str] = {}
            for name, value in part.items():
                column = nested_column(kind, str(name))
                text = as_text(value)
                if column and text:
                    cells.setdefault(column, text)
            found.append(cells)
    return tuple(found)


def as_text(value: object) -> str:
    """One value of a table or a JSON object as cleaned text; empty for nothing."""
    if value is None or isinstance(value, bool | Mapping | list | tuple):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float):
        value = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return clean_cell(str(value)[:_LONGEST])


@lru_cache(maxsize=65536)
def clean_cell(text: str) -> str:
    """A cell's text, clean, and empty for what exports write for nothing.

    `="10245"` and `'10245` are how spreadsheets keep a number a text.
    """
    text = clean_line(text)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    elif text.startswith("'") and text[1:2] in _KEPT_AS_TEXT:
        text = text[1:]
    return "" if values.is_blank(text) else text


def _all_values(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    for row in rows:
        for cells in (row.cells, *row.items, *row.shipments, *row.refunds):
            for column in columns:
                value = cells.get(column)
                if value is not None:
                    yield value


def _take(row: Row, growing: dict[str, _Growing], style: Style, zone: tzinfo, fault: Fault) -> None:
    """Read a row completely, then let it count: a row with an error leaves no trace."""
    cells = row.cells
    number = _number(cells.get("number", ""))
    if not number:
        raise _Wrong(say("shops.no_number"))
    email = cells.get("email", "")
    if email and "@" not in email:
        fault(row.line, say("shops.bad_email", value=email))
        email = ""
    known = growing.get(number)
    first_email = known.texts.get("email", "") if known else ""
    if known and email and first_email and email.lower() != first_email.lower():
        raise _Wrong(say("shops.other_customer", number=number, line=known.line))

    placed_at = _moment(cells, "placed_at", style, zone)
    total = _money(cells, "total", style)
    items = [_item(part, style) for part in (cells, *row.items) if part.get("item_name") or part.get("sku")]
    shipments = [
        shipment
        for part in (cells, *row.shipments)
        if (shipment := _shipment(part, style, zone, row.line, fault)) != Shipment()
    ]
    refunds = [_refund(part, style, zone) for part in (cells, *row.refunds) if part.get("refunded")]

    order = growing.setdefault(number, _Growing(row.line, number))
    texts = {
        "email": email,
        "currency": cells.get("currency", "") or currency_of(cells),
        "language": values.language(cells.get("language", "")),
        **{column: cells.get(column, "") for column in ("name", "phone", "status")},
    }
    for column, text in texts.items():
        if text:
            order.texts.setdefault(column, text)
    order.placed_at = order.placed_at or placed_at
    order.total = total if order.total is None else order.total
    order.items.extend(items)
    for shipment in shipments:
        _add_shipment(order, shipment)
    # Of the order, so usually repeated on each of its lines: the same amount counts once.
    known_refunds = {(refund.total, refund.at) for refund in order.refunds}
    order.refunds.extend(r for r in refunds if r.total and (row.refunds or (r.total, r.at) not in known_refunds))


def currency_of(cells: Mapping[str, str]) -> str:
    """The currency written beside the total, where no column says it."""
    return values.currency_in(cells.get("total", ""))


def _number(text: str) -> str:
    """`#10245` is 10245, and so is the 10245.0 of a spreadsheet."""
    text = text.lstrip("#").strip()
    return text[:-2] if _FLOAT.fullmatch(text) else text


def _item(cells: Mapping[str, str], style: Style) -> Item:
    sku = cells.get("sku", "")
    pieces = cells.get("quantity", "1")
    try:
        count = values.quantity(pieces)
    except ValueError:
        raise _Wrong(say("shops.bad_quantity", column="quantity", value=pieces)) from None
    return Item(cells.get("item_name") or sku, count, _money(cells, "price", style), sku)


def _shipment(cells: Mapping[str, str], style: Style, zone: tzinfo, line: int, fault: Fault) -> Shipment:
    url = cells.get("tracking_url", "")
    if url and not _URL.fullmatch(url):
        fault(line, say("shops.bad_link", value=url))
        url = ""
    return Shipment(
        cells.get("carrier", ""),
        cells.get("tracking_number", ""),
        url,
        _moment(cells, "shipped_at", style, zone),
        _moment(cells, "eta", style, zone),
    )


def _refund(cells: Mapping[str, str], style: Style, zone: tzinfo) -> Refund:
    """Shops write refunds as positive or as negative amounts; both mean money that went back."""
    total = _money(cells, "refunded", style)
    return Refund(abs(total) if total is not None else Decimal(0), _moment(cells, "at", style, zone))


def _add_shipment(order: _Growing, new: Shipment) -> None:
    """A parcel is known by carrier, number and link; later lines may add what earlier ones lacked."""
    key = (new.carrier, new.number, new.url)
    old = order.shipments.get(key)
    if old is None:
        order.shipments[key] = new
    elif old != new:
        order.shipments[key] = Shipment(*key, old.shipped_at or new.shipped_at, old.eta or new.eta)


def _money(cells: Mapping[str, str], column: str, style: Style) -> Decimal | None:
    text = cells.get(column)
    if text is None:
        return None
    try:
        return values.money(text, style)
    except ValueError:
        raise _Wrong(say("shops.bad_money", column=column, value=text)) from None


def _moment(cells: Mapping[str, str], column: str, style: Style, zone: tzinfo) -> datetime | None:
    text = cells.get(column)
    if text is None:
        return None
    try:
        return values.moment(text, style, zone)
    except (ValueError, OverflowError, OSError):
        raise _Wrong(say("shops.bad_date", column=column, value=text)) from None
