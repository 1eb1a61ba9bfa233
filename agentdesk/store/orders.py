"""Orders as the shop last gave them, and which of them belong to whom."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from agentdesk.domain.about import number_key
from agentdesk.domain.customer import Customer, Identity, IdentityKind, email_identity, phone_identity
from agentdesk.domain.names import name_key
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.store import owners
from agentdesk.store.database import Database, Tx, millis


def encode(order: Order) -> str:
    def iso(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    def text(value: Decimal | None) -> str | None:
        return None if value is None else str(value)

    return json.dumps(
        {
            "number": order.number, "status": order.status, "placed_at": iso(order.placed_at), "currency": order.currency,
            "total": text(order.total), "email": order.email, "phone": order.phone, "name": order.name,
            "language": order.language,
            "items": [[i.name, i.quantity, text(i.price), i.sku] for i in order.items],
            "shipments": [[s.carrier, s.number, s.url, iso(s.shipped_at), iso(s.eta)] for s in order.shipments],
            "refunds": [[str(r.total), iso(r.at)] for r in order.refunds],
        },
        ensure_ascii=False,
    )


def decode(stored: str) -> Order:
    data: dict[str, Any] = json.loads(stored)

    def when(value: str | None) -> datetime | None:
        return datetime.fromisoformat(value) if value else None

    def money(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    return Order(
        number=data["number"], status=data["status"], placed_at=when(data["placed_at"]), currency=data["currency"],
        total=money(data["total"]), email=data["email"], phone=data["phone"], name=data["name"], language=data["language"],
        items=tuple(Item(n, q, money(p), sku) for n, q, p, sku in data["items"]),
        shipments=tuple(Shipment(c, n, u, when(s), when(e)) for c, n, u, s, e in data["shipments"]),
        refunds=tuple(Refund(Decimal(t), when(at)) for t, at in data["refunds"]),
    )


def _keys(order: Order) -> tuple[str, str]:
    email, phone = email_identity(order.email), phone_identity(order.phone)
    return (email.value if email else "", phone.value if phone else "")


def replace_all(database: Database, orders: Sequence[Order], as_of: datetime | None, faults: Sequence[str]) -> int:
    """Bring in what the shop says now, in small transactions; returns how many orders are new, changed or gone."""
    known = {row["number"]: row["data"] for row in database.all("SELECT number, data FROM shop_order")}
    changed = [(order, text) for order in orders if known.get(number_key(order.number)) != (text := encode(order))]
    gone = list(known.keys() - {number_key(order.number) for order in orders})

    def put(batch: Iterable[tuple[Order, str]]) -> None:
        def change(tx: Tx) -> None:
            for order, text in batch:
                email, phone = _keys(order)
                tx.execute(
                    "INSERT OR REPLACE INTO shop_order (number, placed_at, status, email, phone, name, data, person) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (number_key(order.number), millis(order.placed_at), order.status, email, phone, order.name, text, name_key(order.name)),
                )
                owners.keep_parcels(tx, number_key(order.number), (shipment.number for shipment in order.shipments))

        database.write(change)

    for start in range(0, len(changed), 200):
        put(changed[start : start + 200])

    def finish(tx: Tx) -> None:
        for number in gone:
            tx.execute("DELETE FROM shop_order WHERE number = ?", (number,))
            owners.keep_parcels(tx, number, ())
        for key, value in (("orders_as_of", str(millis(as_of))), ("orders_faults", json.dumps(list(faults)))):
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
        tx.touch("orders")

    database.write(finish)
    return len(changed) + len(gone)


def set_faults(database: Database, faults: Sequence[str]) -> None:
    """What is wrong with the source; the orders known stay."""

    def change(tx: Tx) -> None:
        tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('orders_faults', ?)", (json.dumps(list(faults)),))
        tx.touch("orders")

    database.write(change)


def of_customer(db: sqlite3.Connection, customer: Customer | None, claims: Sequence[Identity] = ()) -> list[Order]:
    """Orders that carry one of this customer's identities (or one of those they claim), newest first."""
    found: dict[str, Order] = {}
    for identity in (*(customer.identities if customer else ()), *claims):
        if identity.kind is IdentityKind.CHAT:
            continue
        column = "email" if identity.kind is IdentityKind.EMAIL else "phone"
        # The indexes leave out empty values, and serve only a query that says so, too
        for row in db.execute(f"SELECT number, data FROM shop_order WHERE {column} = ? AND {column} != ''", (identity.value,)):
            found.setdefault(row["number"], decode(row["data"]))
    return sorted(found.values(), key=lambda order: (millis(order.placed_at), order.number), reverse=True)


def known_numbers(db: sqlite3.Connection, numbers: Sequence[str]) -> list[str]:
    """Those of the numbers (as `number_key` writes them) that are orders of the shop, in the given order."""
    if not numbers:
        return []
    marks = ",".join("?" for _ in numbers)
    known = {row["number"] for row in db.execute(f"SELECT number FROM shop_order WHERE number IN ({marks})", tuple(numbers))}
    return [number for number in numbers if number in known]


def find(db: sqlite3.Connection, text: str, limit: int = 20) -> list[Order]:
    """Orders by number, name, phone or address."""
    word = text.strip().lstrip("#").casefold()
    if not word:
        return []
    like = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    phone = phone_identity(word)
    rows = db.execute(
        "SELECT data FROM shop_order WHERE folded(number) LIKE ? ESCAPE '\\' OR email LIKE ? ESCAPE '\\' OR folded(name) LIKE ? ESCAPE '\\'"
        " OR (? != '' AND phone = ?) ORDER BY placed_at DESC LIMIT ?",
        (f"{like}%", f"%{like}%", f"%{like}%", phone.value if phone else "", phone.value if phone else "", limit),
    ).fetchall()
    return [decode(row["data"]) for row in rows]
