"""The desk's values as JSON (`docs/configuration.md`, "JSON"): fields are added, never renamed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from agentdesk.cli.output import stamp
from agentdesk.desk import cautions
from agentdesk.desk.facts import Item, OutboxFact, Panel, Row
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.customer import Customer
from agentdesk.domain.order import Order

Shape = dict[str, Any]


class Shapes:
    """Times are shown in the desk's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def at(self, moment: datetime | None) -> str | None:
        return stamp(moment, self.zone)

    def row(self, row: Row) -> Shape:
        return {
            "id": row.id,
            "channel": row.channel,
            "kind": row.kind,
            "subject": row.subject,
            "customer": {"name": row.customer_name, "address": row.customer_address},
            "status": row.status,
            "assignee": row.assignee,
            "tags": list(row.tags),
            "priority": row.priority,
            "unread": row.unread,
            "last_at": self.at(row.last_at),
            "due_at": self.at(row.due_at),
            "preview": row.preview,
            "messages": row.messages,
            "waiting_since": self.at(row.waiting_since),
            "snoozed_until": self.at(row.snoozed_until),
            "order": row.order_number,
            "spam": row.spam,
            "outbox": row.outbox,
        }

    def conversation(self, row: Row, thread: tuple[Item, ...], panel: Panel) -> Shape:
        shape = self.row(row)
        if panel.customer is not None:
            shape["customer"] |= self.customer(panel.customer)
        shape["customer"]["verified"] = str(panel.verified)
        return shape | {
            "thread": [self.item(item) for item in thread],
            "orders": [self.order(order) for order in panel.orders],
            "order": panel.about.number if panel.about is not None else "",
            "orders_of_others": list(panel.foreign),
            "unproven": list(panel.unproven),
            "history": [self.row(other) for other in panel.history],
        }

    def item(self, item: Item) -> Shape:
        return {
            "id": item.key,
            "message_id": item.message_id,
            "direction": item.direction.value,
            "from": str(item.sender),
            "to": [str(address) for address in item.to],
            "cc": [str(address) for address in item.cc],
            "subject": item.subject,
            "at": self.at(item.at),
            "text": item.text,
            "quoted": item.quoted,
            "html": item.html,
            "attachments": [{"name": file.name, "type": file.type, "size": file.size} for file in item.attachments],
            "state": item.state,
            "problem": item.problem,
            "marks": list(item.marks),
            "warnings": [{"kind": one.kind, "text": cautions.words(one, item)} for one in item.cautions],
        }

    def customer(self, customer: Customer) -> Shape:
        return {
            "name": customer.name or customer.address,
            "address": customer.address,
            "language": customer.language,
            "identities": [{"kind": identity.kind.value, "value": identity.value} for identity in customer.identities],
        }

    def order(self, order: Order) -> Shape:
        return {
            "number": order.number,
            "status": order.status,
            "placed_at": self.at(order.placed_at),
            "total": _money(order.total),
            "currency": order.currency,
            "items": [
                {"name": item.name, "sku": item.sku, "quantity": item.quantity, "price": _money(item.price)} for item in order.items
            ],
            "shipments": [
                {
                    "carrier": parcel.carrier,
                    "number": parcel.number,
                    "url": parcel.url,
                    "shipped_at": self.at(parcel.shipped_at),
                    "eta": self.at(parcel.eta),
                }
                for parcel in order.shipments
            ],
            "refunds": [{"total": _money(refund.total), "at": self.at(refund.at)} for refund in order.refunds],
        }

    def outbox(self, entry: OutboxFact) -> Shape:
        return {
            "id": entry.id,
            "conversation": entry.conversation_id,
            "channel": entry.channel,
            "message_id": entry.message_id,
            "to": [str(address) for address in entry.to],
            "subject": entry.subject,
            "state": entry.state.value,
            "detail": entry.detail,
            "attempts": entry.attempts,
            "created_at": self.at(entry.created_at),
            "hold_until": self.at(entry.hold_until),
            "next_try_at": self.at(entry.next_try_at),
            "goes_at": self.at(entry.hold_until) if entry.state is MessageState.SCHEDULED else None,
            "refused": list(entry.refused),
            "waiting": list(entry.waiting),
            "doubtful": list(entry.doubtful),
            "copy": entry.file_detail,
            "waits_for": entry.waits,
            "newer": [
                {"from": str(one.sender), "at": self.at(one.at), "direction": one.direction.value, "message_id": one.message_id, "text": one.text}
                for one in entry.newer
            ],
        }


def _money(amount: Decimal | None) -> str | None:
    """A decimal string, never a float and never with an exponent."""
    return None if amount is None else f"{amount:f}"
