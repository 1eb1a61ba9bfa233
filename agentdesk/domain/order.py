"""Orders, shipments and refunds, as any shop reports them. Money is `Decimal`; times carry their zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    quantity: int = 1
    price: Decimal | None = None
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    carrier: str = ""
    number: str = ""
    url: str = ""
    shipped_at: datetime | None = None
    eta: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    total: Decimal
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    number: str
    status: str
    """The shop's own word, lower case, e.g. pending, processing, shipped, delivered, cancelled, refunded."""
    placed_at: datetime | None
    currency: str
    total: Decimal | None
    email: str = ""
    phone: str = ""
    name: str = ""
    language: str = ""
    items: tuple[Item, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    refunds: tuple[Refund, ...] = ()
