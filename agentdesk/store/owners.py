"""Whose an order number, a parcel's code, an address or a name is: one look into an index each, however many orders there are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from agentdesk.domain.customer import Identity, email_identity, phone_identity
from agentdesk.domain.slips import Owner
from agentdesk.domain.tokens import code_key
from agentdesk.store import customers
from agentdesk.store.database import Tx

ENOUGH = 20
"""Owners of one thing that are looked at."""


_ORDER = "o.number, o.email, o.phone, o.name"
_QUERIES = {
    "order": f"SELECT k.value AS key, {_ORDER} FROM json_each(?) k JOIN shop_order o ON o.number = k.value",
    "tracking": f"SELECT k.value AS key, {_ORDER} FROM json_each(?) k JOIN parcel p ON p.code = k.value JOIN shop_order o ON o.number = p.number",
}
# Of an address or a name one order says as much as all of them do: an index finds the first, and no more are read.
_FIRST = "SELECT k.value AS key, {order} FROM json_each(?) k JOIN shop_order o ON o.number = (SELECT number FROM shop_order WHERE {column} = k.value AND {column} != '' LIMIT 1)"
_QUERIES |= {kind: _FIRST.format(order=_ORDER, column=column) for kind, column in (("mail", "email"), ("phone", "phone"), ("name", "person"))}
_PEOPLE = {
    "mail": "SELECT k.value AS key, c.id, c.name FROM json_each(?) k JOIN identity i ON i.kind = 'email' AND i.value = k.value JOIN customer c ON c.id = i.customer",
    "phone": "SELECT k.value AS key, c.id, c.name FROM json_each(?) k JOIN identity i ON i.kind = 'phone' AND i.value = k.value JOIN customer c ON c.id = i.customer",
    "name": "SELECT k.value AS key, c.id, c.name FROM json_each(?) k JOIN customer c ON c.id = (SELECT id FROM customer WHERE person = k.value AND person != '' AND merged_into = 0 LIMIT 1)",
}


def of(db: sqlite3.Connection, kind: str, keys: Iterable[str]) -> dict[str, list[Owner]]:
    """Who each of these belongs to; what nobody is known to have is left out. `kind`: as in `domain.tokens.KINDS`."""
    wanted = json.dumps(list(dict.fromkeys(keys)))
    found: dict[str, list[Owner]] = {}
    for row in db.execute(_QUERIES[kind], (wanted,)):
        owners = found.setdefault(row["key"], [])
        if len(owners) < ENOUGH:
            carried = (email_identity(row["email"]), phone_identity(row["phone"]))
            owners.append(Owner(row["name"], frozenset(one for one in carried if one is not None), row["number"]))
    if kind in _PEOPLE:
        for row in db.execute(_PEOPLE[kind], (wanted,)):
            if row["key"] not in found:
                found[row["key"]] = [Owner(row["name"], identities_of(db, row["id"]))]
    return found


def identities_of(db: sqlite3.Connection, customer: int) -> frozenset[Identity]:
    """Everything a customer is known by."""
    known = customers.read(db, customer)
    return frozenset(known.identities) if known is not None else frozenset()


def keep_parcels(tx: Tx, number: str, codes: Iterable[str]) -> None:
    """The codes of an order's parcels, in place of those known before."""
    tx.execute("DELETE FROM parcel WHERE number = ?", (number,))
    for key in {code_key(code) for code in codes} - {""}:
        tx.execute("INSERT INTO parcel (code, number) VALUES (?, ?)", (key, number))
