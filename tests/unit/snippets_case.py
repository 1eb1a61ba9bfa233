"""A customer, an order and a context for the tests of snippets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from agentdesk.domain.customer import Customer, Identity, IdentityKind
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.snippets.context import Opening, Shop, Talk, Values, Writer, build_context
from agentdesk.snippets.model import Ask, Snippet
from agentdesk.snippets.render import Filled, render

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=ROME)

MARIA = Customer(
    1,
    "Maria Rossi",
    "it",
    (Identity(IdentityKind.EMAIL, "maria.rossi@posta.example"), Identity(IdentityKind.PHONE, "393331234567")),
)
ORDER = Order(
    "10245",
    "shipped",
    NOW - timedelta(days=6),
    "EUR",
    Decimal("89.90"),
    email="maria.rossi@posta.example",
    name="Maria Rossi",
    items=(Item("Vaso Alba", 1, Decimal("49.90"), "VA-1"), Item("Tazza Brina", 2, Decimal("20.00"), "TB-2")),
    shipments=(
        Shipment("GLS", "GL1234567", "https://track.example/GL1234567", NOW - timedelta(days=2), NOW + timedelta(days=2)),
    ),
    refunds=(Refund(Decimal("20.00"), NOW - timedelta(days=1)),),
)
OLDER = Order("10101", "delivered", NOW - timedelta(days=300), "EUR", Decimal("35.00"), email="maria.rossi@posta.example")


def context(**changes: object) -> Values:
    """Everything is there, unless a change says otherwise."""
    values: dict[str, object] = {
        "customer": MARIA,
        "order": ORDER,
        "orders": (ORDER, OLDER),
        "conversation": Talk("ab12cd34", "Dov'è il mio ordine?", "support", "imap"),
        "agent": Writer("Anna Bianchi", "anna@casaverde.example"),
        "desk": Shop("Casa Verde", "https://casaverde.example"),
        "hours": Opening(NOW + timedelta(days=1)),
        "language": "it",
        "now": NOW,
        "timezone": ROME,
    }
    return build_context(**{**values, **changes})  # type: ignore[arg-type]


def snippet(text: str | Mapping[str, str], *, asks: tuple[Ask, ...] = (), **changes: object) -> Snippet:
    texts = {"it": text} if isinstance(text, str) else dict(text)
    return Snippet(name="one", pack="test", pack_title="Test", title="One", texts=texts, asks=asks, **changes)  # type: ignore[arg-type]


def fill(text: str, language: str = "it", asked: Mapping[str, str] | None = None, **changes: object) -> Filled:
    """One text, filled with the case's context."""
    return render(snippet({language: text}), language, context(**changes), asked or {})


def values_in(filled: Filled) -> list[str]:
    return [filled.text[start:end] for start, end in filled.spans]
