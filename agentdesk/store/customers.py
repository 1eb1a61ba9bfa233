"""Who is who: identities lead to one customer; two customers who turn out to be one are merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from agentdesk.domain.customer import Customer, Identity, IdentityKind, email_identity, phone_identity
from agentdesk.domain.names import name_key
from agentdesk.store.database import Tx

_WEIGHT = (IdentityKind.EMAIL, IdentityKind.CHAT, IdentityKind.PHONE)


def resolve(tx: Tx, name: str, identities: Sequence[Identity], language: str = "") -> int | None:
    """The customer with these identities, made if unknown.

    Two customers become one only where nothing but these identities is known of one of them: a phone that two people share, or
    a chat somebody else goes on with, must not make them one person. An address says more than a chat, a chat more than a phone.
    """
    if not identities:
        return None
    found: list[int] = []
    for identity in sorted(identities, key=lambda one: _WEIGHT.index(one.kind)):
        row = tx.one("SELECT customer FROM identity WHERE kind = ? AND value = ?", (identity.kind, identity.value))
        if row is not None and row["customer"] not in found and not _other_person(tx, row["customer"], identities):
            found.append(row["customer"])
    if found:
        customer = found[0]
        for other in found[1:]:
            if _only_these(tx, other, identities):
                _merge(tx, other, customer)
        if name:
            tx.execute("UPDATE customer SET name = ?, person = ? WHERE id = ? AND name = ''", (name, name_key(name), customer))
        if language:
            tx.execute("UPDATE customer SET language = ? WHERE id = ? AND language = ''", (language, customer))
    else:
        customer = tx.insert("INSERT INTO customer (name, person, language) VALUES (?, ?, ?)", (name, name_key(name), language))
    for identity in identities:
        tx.execute(
            "INSERT INTO identity (kind, value, customer) VALUES (?, ?, ?) ON CONFLICT (kind, value) DO NOTHING",
            (identity.kind, identity.value, customer),
        )
    return customer


def _other_person(tx: Tx, customer: int, identities: Sequence[Identity]) -> bool:
    """A customer known by other addresses than those given."""
    given = {one.value for one in identities if one.kind is IdentityKind.EMAIL}
    known = {r["value"] for r in tx.all("SELECT value FROM identity WHERE customer = ? AND kind = 'email'", (customer,))}
    return bool(given and known) and given.isdisjoint(known)


def _only_these(tx: Tx, customer: int, identities: Sequence[Identity]) -> bool:
    known = {Identity(IdentityKind(r["kind"]), r["value"]) for r in tx.all("SELECT kind, value FROM identity WHERE customer = ?", (customer,))}
    return known <= set(identities)


def _merge(tx: Tx, other: int, into: int) -> None:
    tx.execute("UPDATE identity SET customer = ? WHERE customer = ?", (into, other))
    tx.execute("UPDATE conversation SET customer = ? WHERE customer = ?", (into, other))
    tx.execute(
        "UPDATE customer SET (name, person) = (SELECT name, person FROM customer WHERE id = ?) WHERE id = ? AND name = ''", (other, into)
    )
    tx.execute("UPDATE customer SET merged_into = ? WHERE id = ?", (into, other))


def read(db: sqlite3.Connection, customer: int) -> Customer | None:
    row = db.execute("SELECT id, name, language, merged_into FROM customer WHERE id = ?", (customer,)).fetchone()
    if row is None:
        return None
    if row["merged_into"]:
        return read(db, row["merged_into"])
    found = db.execute("SELECT kind, value FROM identity WHERE customer = ? ORDER BY kind, value", (customer,)).fetchall()
    known = tuple(Identity(IdentityKind(r["kind"]), r["value"]) for r in found)
    return Customer(row["id"], row["name"], row["language"], known)


def find(db: sqlite3.Connection, text: str, limit: int = 20) -> list[Customer]:
    """Customers by name, address or phone number, for when the phone rings."""
    word = text.strip()
    if not word:
        return []
    like = "%" + word.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    digits = phone_identity(word)
    rows = db.execute(
        "SELECT DISTINCT c.id FROM customer c LEFT JOIN identity i ON i.customer = c.id WHERE c.merged_into = 0 AND"
        " (folded(c.name) LIKE ? ESCAPE '\\' OR i.value LIKE ? ESCAPE '\\' OR (? != '' AND i.kind = 'phone' AND i.value LIKE ?))"
        " ORDER BY c.name LIMIT ?",
        (like, like, digits.value if digits else "", f"%{digits.value}%" if digits else "", limit),
    ).fetchall()
    return [customer for row in rows if (customer := read(db, row["id"])) is not None]


def mail_identities(address: str) -> list[Identity]:
    identity = email_identity(address)
    return [identity] if identity else []
