"""What texts may say: the values of one conversation, under exactly the names of `names.py`.

Only leaves: texts, numbers, amounts and dates in the desk's time zone. What has no value is not in it at all, so that nothing
empty can be printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from agentdesk.domain.customer import Customer, IdentityKind
from agentdesk.domain.order import Item, Order
from agentdesk.snippets.formats import Money
from agentdesk.snippets.model import NOTHING
from agentdesk.snippets.people import is_address, split_name

MOST_LETTERS = 2_500
"""Of one value from outside."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation a text is written in."""

    id: str = ""
    subject: str = ""
    channel: str = ""
    """The channel's name."""
    kind: str = ""
    """`imap` or `chat` (or `chatwoot`): which snippets may be used."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The agent who signs."""

    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """The desk, as the customer knows it."""

    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    next_open: datetime | None = None
    closed_today: bool = False


class Values(dict[str, Any]):
    """The context: a plain dictionary, and beside it what formatting needs and no text may print."""

    now: datetime | None = None
    """In the desk's time zone."""
    currency: str = ""
    """That of the order the conversation is about."""
    channel_kind: str = ""


def build_context(
    *,
    customer: Customer | None = None,
    order: Order | None = None,
    orders: Sequence[Order] = (),
    conversation: Talk = Talk(),
    agent: Writer = Writer(),
    desk: Shop = Shop(),
    policy: Mapping[str, Any] = NOTHING,
    hours: Opening = Opening(),
    language: str = "",
    asked: Mapping[str, str] = NOTHING,
    now: datetime,
    timezone: tzinfo | None = None,
    since: datetime | None = None,
) -> Values:
    """The values for one conversation.

    `order` is the one it is about (none: nothing of any order is filled), `orders` are this customer's, newest first.
    `policy` overrides what the packs say. `now` is the present; its zone is the desk's unless `timezone` is given. `since`
    is when the customer was first heard of; without it their oldest order says.
    """
    zone = timezone or now.tzinfo
    values = Values()
    values.now = now.astimezone(zone) if zone else now
    values.channel_kind = conversation.kind
    values.currency = order.currency if order else ""
    full: dict[str, Any] = {
        "customer": _short(_customer(customer, order, orders, language, since, zone)),
        "order": _short(_order(order, zone)) if order else {},
        "orders": [_short(_order(one, zone)) for one in orders],
        "conversation": _short({"id": conversation.id, "subject": conversation.subject, "channel": conversation.channel}),
        "agent": {"name": agent.name, "first_name": split_name(agent.name)[0] or agent.name, "email": agent.email},
        "desk": {"name": desk.name, "url": desk.url},
        "policy": dict(policy),
        "hours": {"next_open": _local(hours.next_open, zone), "closed_today": hours.closed_today},
        "ask": dict(asked),
    }
    values.update(leaves(full))
    return values


def leaves(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same without what has no value: None, empty and blank texts, empty lists and objects."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        bare = _bare(value)
        if bare is not None:
            kept[name] = bare
    return kept


def _short(value: Any) -> Any:
    """What comes from outside, with its endless texts cut: nobody has a name of a megabyte, and a reply with one in it helps nobody."""
    if isinstance(value, str):
        return value if len(value) <= MOST_LETTERS else value[:MOST_LETTERS] + "…"
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list) else value


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Mapping):
        return leaves(value) or None
    if isinstance(value, (list, tuple)):
        return [bare for bare in map(_bare, value) if bare is not None] or None
    return value


def _customer(
    customer: Customer | None, order: Order | None, orders: Sequence[Order], language: str, since: datetime | None, zone: tzinfo | None
) -> dict[str, Any]:
    identities = customer.identities if customer else ()
    addresses = [identity.value for identity in identities if identity.kind is IdentityKind.EMAIL]
    phones = [identity.value for identity in identities if identity.kind is IdentityKind.PHONE]
    # An order counts as theirs only if it carries one of their identities, so its name is their name too.
    named = [customer.name if customer else "", *(one.name for one in ([order] if order else [])), *(one.name for one in orders)]
    name = next((text for text in named if text.strip() and not is_address(text) and not _only_local_part(text, addresses)), "")
    first, last = split_name(name, addresses)
    placed = [one.placed_at for one in orders if one.placed_at]
    known = customer is not None or bool(orders)
    return {
        "name": name,
        "first_name": first,
        "last_name": last,
        "email": addresses[0] if addresses else "",
        "phone": phones[0] if phones else "",
        "language": language or (customer.language if customer else ""),
        "since": _local(since or (min(placed) if placed else None), zone),
        "orders_count": len(orders) if known else None,
    }


def _only_local_part(name: str, addresses: Sequence[str]) -> bool:
    return name.strip() in {address.split("@")[0] for address in addresses}


def _order(order: Order, zone: tzinfo | None) -> dict[str, Any]:
    shipment = next((one for one in reversed(order.shipments) if one.number or one.url), None) or (
        order.shipments[-1] if order.shipments else None
    )
    refunded = sum((refund.total for refund in order.refunds), Decimal(0))
    refund_dates = [refund.at for refund in order.refunds if refund.at]
    return {
        "number": order.number,
        "status": order.status,
        "placed_at": _local(order.placed_at, zone),
        "total": _money(order.total, order.currency),
        "items": [_item(item, order.currency) for item in order.items],
        "shipment": {
            "carrier": shipment.carrier,
            "number": shipment.number,
            "url": shipment.url,
            "shipped_at": _local(shipment.shipped_at, zone),
            "eta": _local(shipment.eta, zone),
        }
        if shipment
        else {},
        "refund": {"total": _money(refunded, order.currency), "at": _local(max(refund_dates) if refund_dates else None, zone)}
        if order.refunds
        else {},
    }


def _item(item: Item, currency: str) -> dict[str, Any]:
    return {"name": item.name, "quantity": item.quantity, "price": _money(item.price, currency), "sku": item.sku}


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)


def _local(moment: datetime | date | None, zone: tzinfo | None) -> datetime | date | None:
    return moment.astimezone(zone) if isinstance(moment, datetime) and moment.tzinfo and zone else moment
