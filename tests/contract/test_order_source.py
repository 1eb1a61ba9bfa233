"""What every order source must do, whatever the format: the same orders, faults that explain themselves, changes seen.

Each backend writes the same shop in its own format; the suite knows only the contract (`agentdesk/shops/base.py`).
"""

import csv
import json
import os
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from agentdesk import locale
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.errors import ConfigError
from agentdesk.shops.files import FilesShop

ROME = ZoneInfo("Europe/Rome")
COLUMNS = [
    "number", "email", "name", "phone", "status", "placed_at", "currency", "total", "item_name", "sku", "quantity", "price",
    "carrier", "tracking_number", "tracking_url", "shipped_at", "eta", "refunded", "language",
]  # fmt: skip


def at(*when):
    return datetime(*when, tzinfo=ROME)


ORDERS = [
    Order(
        "10245", "shipped", at(2026, 11, 16, 9, 30), "EUR", Decimal("1289.90"), "maria.rossi@mail.example", "+39 333 1234567",
        "Maria Rossi", "it",
        (Item("Lampada “Nòrdica”; ottone", 1, Decimal("89.90"), "LMP-1"), Item('Tavolo 12" pieghevole', 2, Decimal("600.00"), "TAV-9")),
        (Shipment("GLS", "GL883120", "https://track.example/GL883120", at(2026, 11, 18), at(2026, 11, 21)),),
    ),
    Order(
        "AB-10246", "refunded", at(2026, 10, 1), "EUR", Decimal("30.00"), "jürgen@mail.example", "", "Jürgen Groß", "de",
        (Item("Tasse", 3, Decimal("10.00"), "T-3"),), (), (Refund(Decimal("30.00")),),
    ),
    Order("10247", "pending", at(2026, 11, 20, 23, 59, 59), "CHF", Decimal(15), "zoe@mail.example", "", "Zoë"),
    Order("10248", "", None, "", None),
]  # fmt: skip


def flat_rows(orders, money=str, moment=None):
    """A row per item, as the file formats have it."""
    moment = moment or (lambda when: when.replace(tzinfo=None).isoformat())
    for order in orders:
        shipment = order.shipments[0] if order.shipments else Shipment()
        for item in order.items or (None,):
            row = {
                "number": order.number, "email": order.email, "name": order.name, "phone": order.phone, "status": order.status,
                "placed_at": order.placed_at and moment(order.placed_at), "currency": order.currency,
                "total": order.total is not None and money(order.total), "carrier": shipment.carrier,
                "tracking_number": shipment.number, "tracking_url": shipment.url,
                "shipped_at": shipment.shipped_at and moment(shipment.shipped_at), "eta": shipment.eta and moment(shipment.eta),
                "refunded": order.refunds and money(order.refunds[0].total), "language": order.language,
            }  # fmt: skip
            if item is not None:
                row |= {"item_name": item.name, "sku": item.sku, "quantity": item.quantity, "price": money(item.price)}
            yield {column: row.get(column) or "" for column in COLUMNS}


def write_csv(
    path, orders, *, delimiter=",", encoding="utf-8", money=str, moment=None, header=COLUMNS, quoting=csv.QUOTE_MINIMAL
):
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        writer.writerow(header)
        writer.writerows(row.values() for row in flat_rows(orders, money, moment))


def italian(amount):
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def write_italian_excel(path, orders):
    header = [
        "Numero ordine", "E-mail", "Nome e cognome", "Telefono", "Stato", "Data ordine", "Valuta", "Totale", "Articolo", "Codice articolo",
        "Quantità", "Prezzo", "Corriere", "Numero tracking", "Link tracking", "Data spedizione", "Consegna prevista", "Rimborsato", "Lingua",
    ]  # fmt: skip
    moment = "{:%d/%m/%Y %H:%M:%S}".format
    write_csv(path, orders, delimiter=";", encoding="cp1252", money=italian, moment=moment, header=header)


def write_german_excel(path, orders):
    moment = "{:%d.%m.%Y %H:%M:%S}".format
    write_csv(path, orders, delimiter="\t", encoding="utf-16", money=lambda m: f"{italian(m)} €", moment=moment)


def write_pipes(path, orders):
    write_csv(path, orders, delimiter="|", encoding="utf-8-sig", money="{:,.2f}".format, quoting=csv.QUOTE_ALL)


def write_flat_json(path, orders):
    path.write_text(json.dumps(list(flat_rows(orders)), ensure_ascii=False, indent=1), encoding="utf-8")


def write_nested_json(path, orders):
    def when(moment):
        return moment and moment.isoformat()

    entries = [
        {
            "number": o.number, "customer": {"email": o.email, "name": o.name, "phone": o.phone}, "status": o.status,
            "placed_at": when(o.placed_at), "currency": o.currency, "total": o.total and float(o.total), "language": o.language,
            "items": [{"name": i.name, "sku": i.sku, "quantity": i.quantity, "price": str(i.price)} for i in o.items],
            "shipments": [
                {"carrier": s.carrier, "number": s.number, "url": s.url, "shipped_at": when(s.shipped_at), "eta": when(s.eta)}
                for s in o.shipments
            ],
            "refunds": [{"total": f"-{r.total}", "at": None} for r in o.refunds],
        }
        for o in orders
    ]  # fmt: skip
    path.write_text(json.dumps({"orders": entries}, indent=2), encoding="utf-8")


def write_sqlite(path, orders, *, view=False):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        table = "raw" if view else "orders"
        database.execute(f"CREATE TABLE {table} ({', '.join(COLUMNS)})")
        rows = [tuple(row.values()) for row in flat_rows(orders, money=float)]
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        if view:
            database.execute("CREATE VIEW Orders AS SELECT * FROM raw")


def write_sqlite_view(path, orders):
    write_sqlite(path, orders, view=True)


BACKENDS = {
    "csv": (".csv", write_csv),
    "csv-italian-excel": (".csv", write_italian_excel),
    "csv-german-excel": (".csv", write_german_excel),
    "csv-pipes-quoted": (".csv", write_pipes),
    "json": (".json", write_flat_json),
    "json-nested": (".json", write_nested_json),
    "sqlite": (".sqlite", write_sqlite),
    "sqlite-view": (".db", write_sqlite_view),
}


@pytest.fixture(params=BACKENDS)
def source(request, tmp_path):
    suffix, write = BACKENDS[request.param]
    path = tmp_path / f"orders{suffix}"
    write(path, ORDERS)
    return FilesShop(path, ROME), path, write


@pytest.fixture(autouse=True)
def english():
    before = locale.language()
    locale.use("en")
    yield
    locale.use(before)


def test_gives_the_same_orders(source):
    shop, _, _ = source
    assert list(shop.all_orders()) == ORDERS
    assert shop.faults == ()


def test_knows_how_old_the_data_are(source):
    shop, path, _ = source
    assert shop.as_of is None
    os.utime(path, (1_790_000_000, 1_790_000_000))
    shop.all_orders()
    assert shop.as_of == datetime.fromtimestamp(1_790_000_000, ROME)


def test_sees_changes_and_only_changes(source):
    shop, path, write = source
    assert shop.changed()
    shop.all_orders()
    assert not shop.changed()
    write(path, ORDERS[:1])
    assert shop.changed()
    assert list(shop.all_orders()) == ORDERS[:1]
    assert not shop.changed()


def test_a_file_that_goes_and_comes_back(source):
    shop, path, write = source
    shop.all_orders()
    path.unlink()
    assert shop.changed()
    with pytest.raises(ConfigError, match="not there"):
        shop.all_orders()
    assert not shop.changed()  # said once, not every second
    write(path, ORDERS)
    assert shop.changed()
    assert list(shop.all_orders()) == ORDERS


def test_foreign_text_is_cleaned(source):
    shop, path, write = source
    evil = Order(
        "7",
        "pa\x1b[31mid",
        None,
        "EUR",
        None,
        "a@b.example",
        "",
        "Eve\u202e\x9b2J",
        "",
        (Item("x\x07y", 1, Decimal(1), "s\x00k"),),
    )
    write(path, [evil])
    (order,) = shop.all_orders()
    shown = f"{order.status}{order.name}{order.items[0].name}{order.items[0].sku}"
    assert not set(shown) & set("\x00\x07\x1b\x9b\u202e")
    assert order.name.startswith("Eve")


def test_a_row_that_makes_no_sense_is_explained_and_the_rest_is_read(source):
    shop, path, write = source
    bad = Order("666", "new", None, "EUR", None, "x@y.example", items=(Item("x", 1, Decimal("77.77"), ""),))
    write(path, [*ORDERS[:2], bad, ORDERS[2]])
    _spoil(path)
    orders = list(shop.all_orders())
    assert [order.number for order in orders] == ["10245", "AB-10246", "10247"]
    (fault,) = shop.faults
    name, line, what = fault.split(":", 2)
    assert name == path.name
    assert int(line) > 1
    assert "sixpence" in what
    assert "left out" in what


def _spoil(path):
    """Put a word where the price 77.77 stands, in whatever format it is."""
    if path.suffix in {".sqlite", ".db"}:
        with closing(sqlite3.connect(path)) as database, database:
            table = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()[0]
            database.execute(f"UPDATE {table} SET price = 'sixpence' WHERE price = 77.77")
        return
    raw = path.read_bytes()
    encoding = "utf-16" if raw.startswith(b"\xff\xfe") else "latin-1"
    spoiled = re.sub("77[.,]77", "sixpence", raw.decode(encoding))
    assert "sixpence" in spoiled
    path.write_bytes(spoiled.encode(encoding))


@pytest.mark.parametrize("suffix", [".csv", ".json", ".sqlite"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe nonsense \x00",
        b"hello\nworld\n",
        b"[" * 100_000,
        b"{}",
        b"SQLite format 3\x00" + b"x" * 4096,
    ],
)
def test_what_is_no_order_file_is_refused_in_one_line(tmp_path, suffix, content):
    path = tmp_path / f"orders{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        FilesShop(path, ROME).all_orders()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_endings_and_folders(tmp_path):
    (tmp_path / "orders.xlsx").write_bytes(b"PK")
    with pytest.raises(ConfigError, match=r"\.csv, \.json or \.sqlite"):
        FilesShop(tmp_path / "orders.xlsx", ROME).all_orders()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="must be a file"):
        FilesShop(tmp_path / "folder.csv", ROME).all_orders()
