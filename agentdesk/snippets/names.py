"""The names a text may use, and of what kind each is. One table: the context is built by it and texts are checked by it.

A tree: a mapping is an object (never printed), a list of one mapping is a list of such objects, a `Leaf` is a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Leaf(StrEnum):
    """The kinds of value."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    YES_NO = "yes-no"
    """For conditions only: printed, it would be the word "true"."""
    ANY = "any"


class Node:
    """An object with fields, or a list of such objects. Neither can be printed."""

    __slots__ = ("fields", "is_list")

    def __init__(self, fields: Mapping[str, Node | Leaf], *, is_list: bool = False) -> None:
        self.fields = fields
        self.is_list = is_list


_ITEM: dict[str, Node | Leaf] = {
    "name": Leaf.TEXT,
    "quantity": Leaf.NUMBER,
    "price": Leaf.MONEY,
    "sku": Leaf.TEXT,
}
_ORDER: dict[str, Node | Leaf] = {
    "number": Leaf.TEXT,
    "status": Leaf.TEXT,
    "placed_at": Leaf.DATE,
    "total": Leaf.MONEY,
    "items": Node(_ITEM, is_list=True),
    "shipment": Node(
        {
            "carrier": Leaf.TEXT,
            "number": Leaf.TEXT,
            "url": Leaf.TEXT,
            "shipped_at": Leaf.DATE,
            "eta": Leaf.DATE,
        }
    ),
    "refund": Node({"total": Leaf.MONEY, "at": Leaf.DATE}),
}

NAMES: Mapping[str, Node] = {
    "customer": Node(
        {
            "name": Leaf.TEXT,
            "first_name": Leaf.TEXT,
            "last_name": Leaf.TEXT,
            "email": Leaf.TEXT,
            "phone": Leaf.TEXT,
            "language": Leaf.TEXT,
            "since": Leaf.DATE,
            "orders_count": Leaf.NUMBER,
        }
    ),
    "order": Node(_ORDER),
    "orders": Node(_ORDER, is_list=True),
    "conversation": Node({"id": Leaf.TEXT, "subject": Leaf.TEXT, "channel": Leaf.TEXT}),
    "agent": Node({"name": Leaf.TEXT, "first_name": Leaf.TEXT, "email": Leaf.TEXT}),
    "desk": Node({"name": Leaf.TEXT, "url": Leaf.TEXT}),
    "hours": Node({"next_open": Leaf.DATE, "closed_today": Leaf.YES_NO}),
}
"""`policy` and `ask` come besides: their fields are what the packs and the snippet say."""


def leaf_names() -> tuple[str, ...]:
    """Every printable name that is not in a list, dotted: `order.shipment.number`."""
    found: list[str] = []

    def walk(prefix: str, node: Node) -> None:
        for name, child in node.fields.items():
            if isinstance(child, Leaf):
                found.append(f"{prefix}.{name}")
            elif not child.is_list:
                walk(f"{prefix}.{name}", child)

    for root, node in NAMES.items():
        if not node.is_list:
            walk(root, node)
    return tuple(found)
