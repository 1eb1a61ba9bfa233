"""What is asked for every message must be found by an index: a desk of 100,000 conversations takes no longer than an empty one."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desks import MARIA, NOON, Mailbox, desk_config, order

from agentdesk.desk import Desk
from agentdesk.domain.customer import Customer, Identity, IdentityKind
from agentdesk.domain.mailbox import Role
from agentdesk.store import orders

SMALL = {"channel", "folder", "meta", "outbox", "job", "revision"}
"""Tables that stay small: kept short, or only what is under way."""


class Asked(list[tuple[str, Any]]):
    """Statements with their values."""

    writes_only = False
    """Leave out what is only read: the tests' own helpers ask things, too."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Every statement on the desk's database from now on."""
    seen = Asked()

    class Recorded(sqlite3.Connection):
        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            if not seen.writes_only or threading.current_thread().name == "store-writer":
                seen.append((sql, values))
            return super().execute(sql, values)

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **options, factory=Recorded))
    return seen


def scanned(state: Path, statements: list[tuple[str, Any]]) -> set[tuple[str, str]]:
    """(table, statement) wherever a table that grows is read from one end to the other."""
    db = sqlite3.Connection(state / "desk.db")
    found = set()
    for sql, values in {sql: values for sql, values in statements if re.match("SELECT|UPDATE|DELETE", sql)}.items():
        names = {alias: table for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) (\w)\b", sql)}
        for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values):
            if (match := re.match(r"SCAN (\w+)", row[3])) and (table := names.get(match[1], match[1])) not in SMALL | {"CONSTANT"}:
                found.add((table, sql))
    db.close()
    return found


def test_bringing_mail_in_scans_no_large_table(tmp_path: Path, asked: Asked) -> None:
    config = desk_config(tmp_path)
    with Desk.open(config) as desk:
        mailbox = Mailbox(desk)
        orders.replace_all(desk.database, [order()], None, [])
        asked.clear()
        asked.writes_only = True
        mailbox.bring("1", "Ordine #10245, dov'è?")
        desk.work.close([1])
        mailbox.bring("2", "Grazie", role=Role.SENT, references=("1",), to=(MARIA,), seen=True)
        mailbox.bring("3", "Ancora niente", references=("1", "2"), at=NOON + timedelta(days=40))  # continues a closed one
        mailbox.bring("4", "Dov'è?", subject="Re: Ordine #10245", at=NOON + timedelta(days=40))  # no headers: joined by its order
        mailbox.store.set_flags("inbox", {1: frozenset({"\\Seen"})})
        mailbox.store.vanish("inbox", [1])
        assert len(asked) > 50
        assert scanned(config.state, asked) == set()


def test_orders_of_a_customer_are_found_by_index(tmp_path: Path, asked: Asked) -> None:
    config = desk_config(tmp_path)
    person = Customer(1, "Maria", "", (Identity(IdentityKind.EMAIL, MARIA.address), Identity(IdentityKind.PHONE, "+393331234567")))
    with Desk.open(config) as desk:
        orders.replace_all(desk.database, [order(), order("10246", email="somebody@else.example"), order("10247", email="")], None, [])
        asked.clear()
        assert [found.number for found in orders.of_customer(desk.database.reader(), person)] == ["10245"]
        assert scanned(config.state, asked) == set()
        assert len(asked) >= 2


def test_what_is_open_is_found_without_reading_what_is_closed(tmp_path: Path, asked: Asked) -> None:
    config = desk_config(tmp_path)
    with Desk.open(config) as desk:
        Mailbox(desk).bring("1", "Dov'è?")
        asked.clear()
        found = [len(desk.queue.ids(view)) for view in ("open", "mine", "unassigned", "waiting", "snoozed", "late")]
        desk.queue.counts()
        assert found == [1, 0, 1, 0, 0, 1]
        assert desk.queue.next_urgent() == 1
        assert scanned(config.state, asked) == set()


def test_the_check_before_a_reply_goes_out_scans_no_large_table(tmp_path: Path, asked: Asked) -> None:
    config = desk_config(tmp_path)
    with Desk.open(config) as desk:
        Mailbox(desk).bring("1", "Ordine #10245, dov'è?")
        orders.replace_all(desk.database, [order(), order("77123", email="jan@post.example")], None, [])
        draft = desk.writing.draft(1)
        draft.text = "L'ordine 77123 di Eva Neri, eva@posta.example, +39 351 555 0101, pacco MG482910337"
        asked.clear()
        assert [slip.kind for slip in desk.writing.slips(draft)] == ["order"]
        kinds = {table for table in ("shop_order", "parcel", "identity", "customer") for sql, _ in asked if f"JOIN {table} " in sql and "json_each" in sql}
        assert kinds == {"shop_order", "parcel", "identity", "customer"}
        tables = {table for table, _ in scanned(config.state, asked)}
        assert tables == {"k"}, "what is read as a whole is the list of what stands in the reply"
