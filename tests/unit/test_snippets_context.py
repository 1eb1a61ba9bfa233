"""The values of a conversation: exactly the documented names, leaves only, nothing empty."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agentdesk.domain.customer import Customer, Identity, IdentityKind
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.snippets.context import Shop, Talk, Writer, build_context
from agentdesk.snippets.names import NAMES, Leaf, Node, leaf_names
from tests.unit.snippets_case import MARIA, NOW, ORDER, ROME, context


def names(values: object, prefix: str = "") -> set[str]:
    if isinstance(values, dict):
        return {name for key, value in values.items() for name in names(value, f"{prefix}.{key}" if prefix else key)}
    if isinstance(values, list):
        return {name for value in values for name in names(value, prefix + "[]")}
    return {prefix}


def documented(node: Node | Leaf, prefix: str) -> set[str]:
    if isinstance(node, Leaf):
        return {prefix}
    return {name for key, child in node.fields.items() for name in documented(child, f"{prefix}{'[]' if node.is_list else ''}.{key}")}


def test_a_full_context_has_exactly_the_documented_names() -> None:
    everything = {name for root, node in NAMES.items() for name in documented(node, root)}
    assert names(dict(context(orders=(ORDER,)))) == everything


def test_the_documented_names_are_those_of_the_pack_format() -> None:
    assert set(leaf_names()) == {
        *(f"customer.{n}" for n in ["name", "first_name", "last_name", "email", "phone", "language", "since", "orders_count"]),
        *(f"order.{n}" for n in ["number", "status", "placed_at", "total"]),
        *(f"order.shipment.{n}" for n in ["carrier", "number", "url", "shipped_at", "eta"]),
        *(f"order.refund.{n}" for n in ["total", "at"]),
        *(f"conversation.{n}" for n in ["id", "subject", "channel"]),
        *(f"agent.{n}" for n in ["name", "first_name", "email"]),
        *(f"desk.{n}" for n in ["name", "url"]),
        *(f"hours.{n}" for n in ["next_open", "closed_today"]),
    }


def test_nothing_empty_is_in_it() -> None:
    order = Order(" ", "shipped", None, "EUR", None, items=(Item("  "), Item("Vaso", sku="")), shipments=(Shipment(),))
    values = build_context(
        customer=Customer(1, "", ""), order=order, conversation=Talk("x", " ", ""), agent=Writer(" ", ""), desk=Shop("", ""),
        policy={"days": None, "text": "  ", "none": []}, asked={"days": " "}, now=NOW,
    )  # fmt: skip
    assert values == {
        "customer": {"orders_count": 0},
        "order": {"status": "shipped", "items": [{"quantity": 1}, {"name": "Vaso", "quantity": 1}]},
        "conversation": {"id": "x"},
        "hours": {"closed_today": False},
    }


def test_no_order_and_no_customer() -> None:
    values = build_context(now=NOW)
    assert "order" not in values
    assert "orders" not in values
    assert "customer" not in values


def test_times_are_the_desks() -> None:
    order = Order("1", "shipped", datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "EUR", None)
    assert build_context(order=order, now=NOW, timezone=ROME)["order"]["placed_at"].day == 1


@pytest.mark.parametrize(
    ("name", "addresses", "order_name", "shown", "first"),
    [
        ("Maria Rossi", ["m@x.example"], "", "Maria Rossi", "Maria"),
        ("m.rossi@x.example", ["m.rossi@x.example"], "", None, None),
        ("m.rossi", ["m.rossi@x.example"], "", None, None),
        ("m.rossi", ["m.rossi@x.example"], "Maria Rossi", "Maria Rossi", "Maria"),
        ("", [], "Bianchi Srl", "Bianchi Srl", None),
        ("ROSSI MARIA", [], "", "ROSSI MARIA", None),
        ("D'Angelo", [], "", "D'Angelo", None),
    ],
)
def test_names(name: str, addresses: list[str], order_name: str, shown: str | None, first: str | None) -> None:
    customer = Customer(1, name, "", tuple(Identity(IdentityKind.EMAIL, address) for address in addresses))
    order = Order("1", "shipped", None, "EUR", None, name=order_name)
    values = build_context(customer=customer, order=order, now=NOW)["customer"]
    assert values.get("name") == shown
    assert values.get("first_name") == first


def test_the_shipment_that_can_be_followed_and_all_refunds_together() -> None:
    order = Order(
        "1", "shipped", None, "EUR", None,
        shipments=(Shipment("GLS", "A1"), Shipment("DHL", "B2"), Shipment("BRT")),
        refunds=(Refund(Decimal(5), NOW), Refund(Decimal("2.50"), None)),
    )  # fmt: skip
    values = build_context(order=order, now=NOW)["order"]
    assert values["shipment"] == {"carrier": "DHL", "number": "B2"}
    assert values["refund"]["total"] == Decimal("7.50")
    assert values["refund"]["total"].currency == "EUR"
    assert values["refund"]["at"] == NOW


def test_since_is_the_oldest_order_unless_it_is_known() -> None:
    assert context()["customer"]["since"].year == 2026
    assert context(since=datetime(2019, 5, 1, tzinfo=UTC))["customer"]["since"].year == 2019
    assert context(customer=MARIA, orders=())["customer"]["orders_count"] == 0


def test_the_agents_first_name_is_never_lost() -> None:
    assert context(agent=Writer("Il team", ""))["agent"]["first_name"] == "Il team"
