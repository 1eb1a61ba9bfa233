"""Reading order files: amounts, dates, encodings, columns, and what people and programs do to CSV."""

import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk import locale
from agentdesk.errors import ConfigError
from agentdesk.shops import values
from agentdesk.shops.columns import COLUMNS, column_of, columns_of
from agentdesk.shops.encoding import decode
from agentdesk.shops.files import FilesShop
from agentdesk.shops.values import Style

ROME = ZoneInfo("Europe/Rome")
PLAIN = Style()


@pytest.fixture(autouse=True)
def english():
    before = locale.language()
    locale.use("en")
    yield
    locale.use(before)


@pytest.fixture
def read(tmp_path):
    def reader(content, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        shop = FilesShop(path, ROME)
        return list(shop.all_orders()), list(shop.faults)

    return reader


@pytest.mark.parametrize(
    ("text", "style", "amount"),
    [
        ("89,90", PLAIN, "89.90"),
        ("89.90", PLAIN, "89.90"),
        ("1.289,90", PLAIN, "1289.90"),
        ("1,289.90", PLAIN, "1289.90"),
        ("1 289,90 €", PLAIN, "1289.90"),
        ("1\u202f289,90\u00a0€", PLAIN, "1289.90"),
        ("1'289.90", PLAIN, "1289.90"),
        ("CHF 1’289.-", PLAIN, "1289"),
        ("€ 50", PLAIN, "50"),
        ("EUR50,5", PLAIN, "50.5"),
        ("$1,234", PLAIN, "1234"),
        ("1.234", PLAIN, "1234"),
        ("1.234", Style("."), "1.234"),
        ("1.234", Style(","), "1234"),
        ("1,234", Style(","), "1.234"),
        ("0.125", PLAIN, "0.125"),
        ("1.234.567", PLAIN, "1234567"),
        ("12.3456", PLAIN, "12.3456"),
        ("-5,00", PLAIN, "-5.00"),
        ("- 5", PLAIN, "-5"),
        ("−5", PLAIN, "-5"),
        (",50", PLAIN, "0.50"),
        ("0", PLAIN, "0"),
        ("50,-", PLAIN, "50"),
    ],
)
def test_amounts(text, style, amount):
    assert values.money(text, style) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["sixpence", "1-2", "12/3", "1.2.3,4,5", "NaN", "Infinity", "1e5", "9" * 30, "€", ",", "--5", "５"]
)
def test_no_amounts(text):
    with pytest.raises(ValueError):
        values.money(text, PLAIN)


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_refused(text):
    try:
        amount = values.money(text, PLAIN)
    except ValueError:
        return
    assert amount.is_finite()


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["it", "en", "plain", "fr"]))
def test_amounts_read_back(amount, country):
    english = f"{amount:,.2f}"
    text = {
        "it": english.translate(str.maketrans(",.", ".,")),
        "en": english,
        "plain": f"{amount:.2f}",
        "fr": english.translate(str.maketrans(",.", " ,")),
    }[country]
    assert values.money(text, PLAIN) == amount


@pytest.mark.parametrize(
    ("text", "code"), [("89,90 €", "EUR"), ("CHF 5", "CHF"), ("$5", "USD"), ("5", ""), ("5 pezzi", "")]
)
def test_currency_beside_an_amount(text, code):
    assert values.currency_in(text) == code


@pytest.mark.parametrize(
    ("text", "style", "iso"),
    [
        ("2026-11-20", PLAIN, "2026-11-20T00:00:00+01:00"),
        ("2026-11-20 14:30", PLAIN, "2026-11-20T14:30:00+01:00"),
        ("2026-11-20T14:30:05.123Z", PLAIN, "2026-11-20T14:30:05+00:00"),
        ("2026-11-20 14:30:05 +0100", PLAIN, "2026-11-20T14:30:05+01:00"),
        ("2026-11-20 14:30:05 UTC", PLAIN, "2026-11-20T14:30:05+00:00"),
        ("2026/11/20", PLAIN, "2026-11-20T00:00:00+01:00"),
        ("20/11/2026", PLAIN, "2026-11-20T00:00:00+01:00"),
        ("3/4/26", PLAIN, "2026-04-03T00:00:00+02:00"),
        ("3/4/2026", Style(month_first=True), "2026-03-04T00:00:00+01:00"),
        ("03.04.2026", Style(month_first=True), "2026-04-03T00:00:00+02:00"),
        ("20.11.2026 14:30 Uhr", PLAIN, "2026-11-20T14:30:00+01:00"),
        ("20-11-2026, 14.30", PLAIN, "2026-11-20T14:30:00+01:00"),
        ("11/20/2026 2:30 PM", Style(month_first=True), "2026-11-20T14:30:00+01:00"),
        ("11/20/2026 12:05 AM", Style(month_first=True), "2026-11-20T00:05:00+01:00"),
        ("1790000000", PLAIN, datetime.fromtimestamp(1_790_000_000, UTC).isoformat()),
        ("1790000000123", PLAIN, datetime.fromtimestamp(1_790_000_000, UTC).isoformat()),
    ],
)
def test_dates(text, style, iso):
    assert values.moment(text, style, ROME) == datetime.fromisoformat(iso)


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01", "31/02/2026", "20/11", "2026", "11/20/2026", "20/11/2026 25:00", "1/1/2026 13:00 PM"]
)
def test_no_dates(text):
    with pytest.raises(ValueError):
        values.moment(text, PLAIN, ROME)


def test_a_file_proves_its_style():
    assert Style.of(["1.234", "89,90"], []).decimal == ","
    assert Style.of(["1.234", "89.90"], []).decimal == "."
    assert Style.of(["1.234"], []).decimal == ""
    assert Style.of([], ["03/04/2026", "11/20/2026"]).month_first
    assert not Style.of([], ["03/04/2026"]).month_first
    assert not Style.of([], ["20/11/2026", "11/20/2026"]).month_first


def test_the_style_of_a_file_is_used(read):
    orders, _ = read("number,total,date\n1,1.234,03/04/2026\n2,89.9,11/20/2026\n")
    assert orders[0].total == Decimal("1.234")
    assert orders[0].placed_at == datetime(2026, 3, 4, tzinfo=ROME)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(encoding):
    text = "numero;nome\r\n10245;Zoë Groß – perché no? €\r\n" * 3
    assert decode(text.encode(encoding)).lstrip("\ufeff") == text


def test_utf8_with_a_broken_place_stays_utf8():
    text = "è già così, perché no? " * 10
    raw = text.encode() + b"\xff" + text.encode()
    assert decode(raw) == text + "\ufffd" + text
    assert decode(b"") == ""


def test_every_column_is_known_by_its_own_name():
    for column in COLUMNS:
        assert column_of(column) == column
        assert column_of(column.upper().replace("_", " ")) == column


def test_columns_by_other_names():
    assert columns_of(["Bestellnummer", "E-Mail-Adresse", "Gesamtbetrag", "Größe", "Währung"]) == {
        "number": 0, "email": 1, "total": 2, "currency": 4,
    }  # fmt: skip
    assert columns_of(["N° commande", "Quantité", "Désignation"]) == {"number": 0, "quantity": 1, "item_name": 2}
    assert columns_of(["orderNumber", "trackingUrl", "placedAt"]) == {"number": 0, "tracking_url": 1, "placed_at": 2}
    assert columns_of(["id", "order number"]) == {"number": 1}
    assert columns_of(["Shipping Name", "Billing Name"]) == {"name": 1}


def test_shopify_export(read):
    orders, faults = read(
        "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
        "Billing Name,Refunded Amount,Id\n"
        "#1001,a@b.example,paid,fulfilled,EUR,20.00,2026-11-16 09:30:00 +0100,1,Cup,5.00,C-1,Ann B,0.00,99\n"
        "#1001,a@b.example,,,,,,3,Plate,5.00,P-1,,,\n"
    )
    assert faults == []
    (order,) = orders
    assert (order.number, order.name, order.status, order.total) == ("1001", "Ann B", "fulfilled", Decimal(20))
    assert [(item.name, item.quantity) for item in order.items] == [("Cup", 1), ("Plate", 3)]
    assert order.refunds == ()


class TestCsv:
    def test_several_lines_one_order_two_parcels(self, read):
        (order,), faults = read(
            "number;status;item_name;price;carrier;tracking_number;shipped_at;refunded\n"
            "7;shipped;Cup;5,00;GLS;A1;;10,00\n7;;Plate;6,00;GLS;A1;20/11/2026;10,00\n7;;Bowl;7,00;DHL;B2;;3,00\n"
        )
        assert faults == []
        assert [(s.carrier, s.number) for s in order.shipments] == [("GLS", "A1"), ("DHL", "B2")]
        assert order.shipments[0].shipped_at == datetime(2026, 11, 20, tzinfo=ROME)
        assert [r.total for r in order.refunds] == [Decimal(10), Decimal(3)]

    def test_lines_of_one_order_need_not_stand_together(self, read):
        orders, _ = read("number,item\n1,a\n2,b\n1,c\n")
        assert [[i.name for i in o.items] for o in orders] == [["a", "c"], ["b"]]

    def test_one_number_two_customers_is_a_fault(self, read):
        orders, faults = read("number,email,item\n1,a@x.example,cup\n1,eve@x.example,plate\n1,A@X.example,bowl\n")
        assert [i.name for i in orders[0].items] == ["cup", "bowl"]
        assert len(faults) == 1
        assert faults[0].startswith("orders.csv:3: order 1 has another e-mail address here than on line 2; one number")

    def test_a_first_line_sep(self, read):
        assert read("sep=;\nnumber;total\n1;2,50\n")[0][0].total == Decimal("2.50")

    def test_blank_lines_and_short_lines(self, read):
        orders, faults = read("\n\nnumber;email;total\n\n1;a@b.example\n;;\n2;;5\n\n")
        assert [o.number for o in orders] == ["1", "2"]
        assert faults == []

    def test_placeholders_are_nothing(self, read):
        (order,), faults = read("number;email;total;carrier;eta\n1;-;n/a;NULL;None\n")
        assert (order.email, order.total, order.shipments) == ("", None, ())
        assert faults == []

    def test_quotes(self, read):
        orders, faults = read(
            'number;item_name;price\n1;"a; ""b""\nsecond line";1\n2;12" pan;2\n3;"12" pan";3\n4;"never closed;4\n5;e;5\n'
        )
        assert [o.items[0].name for o in orders] == ['a; "b" second line', '12" pan', '12 pan"', "e"]
        assert faults == [
            "orders.csv:6: a quotation mark is opened and never closed; close it or remove it. The line is left out"
        ]

    def test_lines_are_counted_as_an_editor_counts_them(self, read):
        _, faults = read('number;item_name;price\r\n1;"two\r\nlines";1\r\n2;x;abc\r\n')
        assert faults[0].startswith("orders.csv:4: price “abc”")

    def test_the_separator_inside_a_value(self, read):
        orders, faults = read("number,total,name\n1,89,90,Ann\n2,5.00,Bob\n")
        assert [o.number for o in orders] == ["2"]
        assert faults[0].startswith("orders.csv:2: 4 columns, but the first line names 3")

    def test_spreadsheet_habits(self, read):
        orders, _ = read('number;phone;quantity;item\n="00123";\'+39333;2,00;x\n#55;;1;y\n10245.0;;1;z\n')
        assert [(o.number, o.phone) for o in orders] == [("00123", "+39333"), ("55", ""), ("10245", "")]
        assert orders[0].items[0].quantity == 2

    def test_what_spoils_a_field_but_not_the_order(self, read):
        (order,), faults = read("number,email,tracking_url,total\n1,nobody,javascript:alert(1),5\n")
        assert (order.email, order.shipments, order.total) == ("", (), Decimal(5))
        assert ["no e-mail address" in faults[0], "https://" in faults[1]] == [True, True]

    @pytest.mark.parametrize(
        ("line", "word"),
        [
            (";a@b.example;5;1;2026-01-01", "number is missing"),
            ("1;a@b.example;five;1;2026-01-01", "“five” is no amount"),
            ("1;a@b.example;5;many;2026-01-01", "“many” is no whole number"),
            ("1;a@b.example;5;1;someday", "“someday” is no date"),
        ],
    )
    def test_faults_name_the_line_and_what_to_do(self, read, line, word):
        orders, faults = read(f"number;email;total;quantity;date;item\n{line};cup\n2;;;;;\n")
        assert [o.number for o in orders] == ["2"]
        assert faults[0].startswith("orders.csv:2: ")
        assert word in faults[0]

    def test_a_bad_line_leaves_no_trace_in_its_order(self, read):
        (order,), _ = read("number;item;price;status\n1;cup;5;paid\n1;plate;bad;shipped\n")
        assert [i.name for i in order.items] == ["cup"]
        assert order.status == "paid"

    def test_many_faults_are_counted(self, read):
        _, faults = read("number;total\n" + "1;x\n" * 60)
        assert len(faults) == 51
        assert faults[-1] == "orders.csv: 10 more faulty lines are left out"

    def test_no_number_column(self, read):
        with pytest.raises(ConfigError, match=r"orders\.csv:1: no column holds the order number.*Colour, Shape"):
            read("Colour;Shape\nred;round\n")

    @given(content=st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, tmp_path_factory, content):
        path = tmp_path_factory.mktemp("any") / "orders.csv"
        path.write_bytes(b"number;total;item;date\n" + content)
        shop = FilesShop(path, ROME)
        for order in shop.all_orders():
            assert order.number


class TestJson:
    def test_faults_name_the_line_of_the_entry(self, read):
        text = '[\n {"number": 1},\n 7,\n {"number": 2,\n  "total": "x"},\n {"email": "a@b.example"}\n]'
        orders, faults = read(text, "orders.json")
        assert [o.number for o in orders] == ["1"]
        assert [fault.split(":")[1] for fault in faults] == ["3", "4", "6"]

    def test_broken_json_names_its_line(self, read):
        with pytest.raises(ConfigError, match=r"orders\.json:2: this is not JSON"):
            read('[{"number": 1},\n{"number": }]', "orders.json")

    def test_amounts_are_exact(self, read):
        (order,), _ = read(
            '[{"number": 12345678901234567890, "total": 0.1, "refunds": {"amount": -0.30}}]', "orders.json"
        )
        assert (order.number, order.total) == ("12345678901234567890", Decimal("0.1"))
        assert order.refunds[0].total == Decimal("0.30")

    def test_two_equal_refunds_are_two(self, read):
        (order,), _ = read('[{"number": 1, "refunds": [{"total": 5}, {"total": 5}]}]', "orders.json")
        assert len(order.refunds) == 2

    def test_odd_values(self, read):
        entry = {
            "number": ["x"],
            "id": 5,
            "items": [None, 3, {"name": {"a": 1}}, {"name": "cup", "qty": 2}],
            "shipments": 7,
            "name": True,
        }
        (order,), faults = read(json.dumps([entry | {"number": 5}]), "orders.json")
        assert [(i.name, i.quantity) for i in order.items] == [("cup", 2)]
        assert (order.name, order.shipments, faults) == ("", (), [])

    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from([*COLUMNS, "items", "refunds", "shipments", "customer", "at"]), inner, max_size=4
                ),
            ),
            max_leaves=12,
        )
    )
    def test_any_json_is_read_or_refused(self, tmp_path_factory, document):
        path = tmp_path_factory.mktemp("any") / "orders.json"
        path.write_text(json.dumps(document))
        try:
            orders = FilesShop(path, ROME).all_orders()
        except ConfigError:
            return
        assert all(order.number for order in orders)


class TestSqlite:
    @staticmethod
    def _database(path, script):
        with closing(sqlite3.connect(path)) as database:
            database.executescript(script)

    def test_types_of_the_database(self, tmp_path):
        path = tmp_path / "shop.db"
        self._database(
            path,
            "CREATE TABLE orders (id INTEGER, email TEXT, total REAL, placed_at INTEGER, quantity REAL, item BLOB, phone);"
            "INSERT INTO orders VALUES (10245, 'a@b.example', 89.9, 1790000000, 2.0, CAST('cup' AS BLOB), 3931234567.0)",
        )
        (order,) = FilesShop(path, ROME).all_orders()
        assert (order.number, order.total, order.phone) == ("10245", Decimal("89.9"), "3931234567")
        assert order.placed_at == datetime.fromtimestamp(1_790_000_000, UTC)
        assert (order.items[0].name, order.items[0].quantity) == ("cup", 2)

    def test_nothing_is_written_beside_it(self, tmp_path):
        folder = tmp_path / "shop"
        folder.mkdir()
        path = folder / "orders.sqlite"
        self._database(path, "PRAGMA journal_mode = WAL; CREATE TABLE orders (number); INSERT INTO orders VALUES (1)")
        before = path.read_bytes()
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        try:
            (order,) = FilesShop(path, ROME).all_orders()
        finally:
            folder.chmod(0o700)
        assert order.number == "1"
        assert path.read_bytes() == before

    def test_what_still_stands_in_the_log_is_read_and_seen(self, tmp_path):
        path = tmp_path / "orders.sqlite"
        with closing(sqlite3.connect(path)) as writer:
            writer.executescript(
                "PRAGMA journal_mode = WAL; CREATE TABLE orders (number); INSERT INTO orders VALUES (1)"
            )
            shop = FilesShop(path, ROME)
            assert len(shop.all_orders()) == 1
            assert not shop.changed()
            writer.execute("INSERT INTO orders VALUES (2)")
            writer.commit()
            assert shop.changed()
            assert len(shop.all_orders()) == 2

    def test_a_view_without_an_end_is_given_up(self, tmp_path, monkeypatch):
        monkeypatch.setattr("agentdesk.shops.tables._STATEMENT_STEPS", 100_000)
        path = tmp_path / "orders.sqlite"
        self._database(
            path,
            "CREATE VIEW orders AS WITH RECURSIVE n(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n) "
            "SELECT max(number) AS number FROM n",
        )
        with pytest.raises(ConfigError, match="interrupted"):
            FilesShop(path, ROME).all_orders()

    def test_names_that_are_sql_or_uri(self, tmp_path):
        path = tmp_path / "o?mode=rwc&x#%41.sqlite"
        self._database(path, "CREATE TABLE orders (number); INSERT INTO orders VALUES (1)")
        assert len(FilesShop(path, ROME).all_orders()) == 1
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    def test_no_orders_in_it(self, tmp_path):
        path = tmp_path / "orders.db"
        self._database(path, "CREATE TABLE customers (number)")
        with pytest.raises(ConfigError, match="no table or view “orders”"):
            FilesShop(path, ROME).all_orders()
