"""Sample customers and orders: a TOML file with tables named like the variables of a text, for goldens and previews.

now = 2026-12-01T09:30:00+01:00
[customer]
name = "Maria Rossi"
[order]
number = "10245"
shipment = { carrier = "GLS", number = "GL1234567" }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomli

from agentdesk.domain.clean import clean
from agentdesk.domain.customer import Customer, Identity, email_identity, phone_identity
from agentdesk.domain.order import Item, Order, Refund, Shipment
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.snippets import context as values

_TOP = ("now", "timezone", "customer", "order", "orders", "conversation", "agent", "desk", "hours", "ask")
_CUSTOMER = ("name", "email", "phone", "language", "since")
_ORDER = ("number", "status", "placed_at", "currency", "total", "items", "shipment", "refund")
_ITEM = ("name", "quantity", "price", "sku")
_SHIPMENT = ("carrier", "number", "url", "shipped_at", "eta")
_REFUND = ("total", "at")
DEFAULT_NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


class Sample:
    """The values of one sample, to be filled into texts of any language."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            UsageError: it can't be read, or something in it is not known; the words say where.
        """
        self._path = path
        try:
            data = tomli.loads(path.read_text("utf-8"), parse_float=Decimal)
        except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
            raise UsageError(say("goldens.bad_sample", file=path, why=error)) from error
        self._known(data, _TOP, "")
        self._zone = self._timezone(data.get("timezone", "Europe/Rome"))
        self._now = self._moment(data.get("now"), "now") or DEFAULT_NOW
        person = self._table(data, "customer", _CUSTOMER)
        self._language = _text(person.get("language"))
        self._since = self._moment(person.get("since"), "customer.since")
        self._customer = self._person(person) if person else None
        order = self._table(data, "order", _ORDER)
        self._order = self._made(order, "order") if order else None
        listed = data.get("orders", [])
        others = [self._made(self._of(one, _ORDER, "orders"), "orders") for one in (listed if isinstance(listed, list) else [])]
        self._orders = [*([self._order] if self._order else []), *others]
        self._talk = self._table(data, "conversation", ("id", "subject", "channel", "kind"))
        self._agent = self._table(data, "agent", ("name", "email"))
        self._desk = self._table(data, "desk", ("name", "url"))
        hours = self._table(data, "hours", ("next_open", "closed_today"))
        self._hours = values.Opening(self._moment(hours.get("next_open"), "hours.next_open"), closed_today=bool(hours.get("closed_today")))
        self.asked = {name: _text(answer) for name, answer in self._table(data, "ask", None).items()}

    def context(self, language: str, policy: Mapping[str, Any]) -> values.Values:
        """What a text in this language is filled with."""
        return values.build_context(
            customer=self._customer, order=self._order, orders=self._orders, since=self._since,
            conversation=values.Talk(*(_text(self._talk.get(key)) for key in ("id", "subject", "channel", "kind"))),
            agent=values.Writer(_text(self._agent.get("name")) or "Anna Bianchi", _text(self._agent.get("email")) or "anna@shop.example"),
            desk=values.Shop(_text(self._desk.get("name")) or "Casa Verde", _text(self._desk.get("url")) or "https://casaverde.example"),
            policy=policy, hours=self._hours, language=self._language or language, now=self._now, timezone=self._zone,
        )  # fmt: skip

    # -- reading

    def _wrong(self, what: str) -> UsageError:
        return UsageError(say("goldens.bad_sample", file=self._path, why=what))

    def _known(self, table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
        for key in table:
            if key not in keys:
                raise self._wrong(say("goldens.unknown_key", key=f"{where}{key}", known=", ".join(keys)))

    def _of(self, table: Any, keys: Sequence[str] | None, name: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._wrong(say("goldens.no_table", key=name))
        if keys is not None:
            self._known(table, keys, f"{name}.")
        return table

    def _table(self, data: Mapping[str, Any], name: str, keys: Sequence[str] | None) -> dict[str, Any]:
        return self._of(data.get(name, {}), keys, name)

    def _timezone(self, name: Any) -> tzinfo:
        try:
            return ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise self._wrong(say("goldens.bad_value", key="timezone", value=name)) from error

    def _moment(self, value: Any, key: str) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise self._wrong(say("goldens.bad_value", key=key, value=value)) from error
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(12))
        if not isinstance(value, datetime):
            raise self._wrong(say("goldens.bad_value", key=key, value=value))
        return value if value.tzinfo else value.replace(tzinfo=self._zone)

    def _number(self, value: Any, key: str) -> Decimal | None:
        if value is None:
            return None
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise self._wrong(say("goldens.bad_value", key=key, value=value)) from error

    @staticmethod
    def _person(table: Mapping[str, Any]) -> Customer:
        found: list[Identity | None] = [email_identity(_text(table.get("email"))), phone_identity(_text(table.get("phone")))]
        return Customer(1, _text(table.get("name")), _text(table.get("language")), tuple(one for one in found if one is not None))

    def _made(self, table: Mapping[str, Any], name: str) -> Order:
        shipment, refund = self._table(table, "shipment", _SHIPMENT), self._table(table, "refund", _REFUND)
        items = [self._of(one, _ITEM, f"{name}.items") for one in table.get("items", [])]
        refunded = self._number(refund.get("total"), f"{name}.refund.total")
        return Order(
            _text(table.get("number")), _text(table.get("status")).lower(), self._moment(table.get("placed_at"), f"{name}.placed_at"),
            _text(table.get("currency")) or "EUR", self._number(table.get("total"), f"{name}.total"),
            items=tuple(
                Item(_text(one.get("name")), int(one.get("quantity", 1)), self._number(one.get("price"), f"{name}.items.price"), _text(one.get("sku")))
                for one in items
            ),
            shipments=(
                Shipment(
                    _text(shipment.get("carrier")), _text(shipment.get("number")), _text(shipment.get("url")),
                    self._moment(shipment.get("shipped_at"), f"{name}.shipment.shipped_at"), self._moment(shipment.get("eta"), f"{name}.shipment.eta"),
                ),
            ) if shipment else (),
            refunds=(Refund(refunded, self._moment(refund.get("at"), f"{name}.refund.at")),) if refunded is not None else (),
        )  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else clean(str(value))
