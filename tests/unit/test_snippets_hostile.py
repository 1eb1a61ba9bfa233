"""Customers and orders that mean harm: what they hold is text, is bounded, and works nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from agentdesk.domain.customer import Customer, Identity, IdentityKind
from agentdesk.domain.order import Item, Order, Shipment
from agentdesk.snippets.context import MOST_LETTERS, Talk
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.render import render
from tests.unit.snippets_case import NOW, context, fill

STARTERS = load_packs([Path(__file__).parents[2] / "snippets"])
MILLION = "M" * (1 << 20)
BAD = [
    "{{ customer.email }}", "{% for i in (1..999) %}x{% endfor %}", "{% raw %}", "x {%", "}} x", "{% cursor %}", "[red]x[/]", "<script>alert(1)</script>",
    "\\n\\t%s{0}", "⟨order.number⟩", "Mia 👩‍👩‍👧", "مرحبا", "`{{ x }}`", "${HOME} $(id) ;rm -rf /", "' OR 1=1 --", "=cmd|' /C calc'!A0",
]  # fmt: skip


def everything(value: str) -> dict[str, object]:
    """A context in which every text from outside is this one."""
    order = Order(
        value, value, NOW, "EUR", Decimal(10), email="a@b.example", name=value, items=(Item(value, 1, Decimal(10), value),),
        shipments=(Shipment(value, value, value, NOW, NOW),),
    )  # fmt: skip
    customer = Customer(1, value, "it", (Identity(IdentityKind.EMAIL, "a@b.example"), Identity(IdentityKind.PHONE, value)))
    return {"customer": customer, "order": order, "orders": (order,), "conversation": Talk(value, value, value, "imap")}


TEXT = (
    "{{ customer.name }}|{{ order.number }}|{{ order.status }}|{{ order.items[0].name }}|{{ order.items.first.sku }}|{{ order.shipment.url }}|"
    "{{ conversation.subject }}|{% for item in order.items %}{{ item.name }}{% endfor %}|{% capture x %}{{ order.number }}{% endcapture %}{{ x }}"
)


@pytest.mark.parametrize("value", BAD)
def test_a_value_is_said_as_it_is_wherever_it_stands(value: str) -> None:
    filled = fill(TEXT, **everything(value))
    assert filled.text == "|".join([value] * 9)
    assert filled.missing == ()
    assert filled.cursor == len(filled.text), "a tag in a value is none"


def test_a_megabyte_is_cut_and_said_to_be() -> None:
    filled = fill(TEXT, **everything(MILLION))
    parts = filled.text.split("|")
    assert {(len(part), part[-1]) for part in parts} == {(MOST_LETTERS + 1, "…")}


@pytest.mark.parametrize("value", ["{{ order.number }}{% endif %}", MILLION[:5000]])
def test_every_starter_text_takes_it_as_text(value: str) -> None:
    values = context(**everything(value))
    for snippet in STARTERS.snippets.values():
        if snippet.channels in ((), ("imap",)):
            answers = {ask.name: ask.choices[0] if ask.choices else "x" for ask in snippet.asks}
            filled = render(snippet, "it", values, answers, today=snippet.valid_from or snippet.valid_until)
            for start, end in filled.spans:
                assert filled.text[start:end].strip()
            assert filled.text.replace(value, "").count("{{") == 0
