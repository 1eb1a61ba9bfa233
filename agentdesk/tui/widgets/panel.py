"""The customer beside the conversation: who this is, what they ordered, what happened before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual.message import Message
from textual.strip import Strip

from agentdesk.desk.facts import Panel as Facts
from agentdesk.domain.customer import IdentityKind
from agentdesk.domain.message import Verified
from agentdesk.domain.order import Order
from agentdesk.locale import LANGUAGES, say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, line, parts, wrap
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets.lines import Lines

GOOD = frozenset({"delivered", "completed", "complete", "fulfilled", "paid"})
WARM = frozenset({"in transit", "in_transit", "shipped", "processing", "on-hold", "on_hold", "pending", "open"})
BAD = frozenset({"cancelled", "canceled", "failed", "lost", "returned"})
OLD = 60
"""Minutes after which the age of the order data is worth a colour."""
NAMED_STATES = frozenset(
    ["pending", "processing", "shipped", "delivered", "cancelled", "refunded", "returned", "in_transit", "on_hold", "completed", "failed"]
)
NAMED_LANGUAGES = frozenset({*LANGUAGES, "de", "fr", "es", "nl", "pt"})


def order_status(status: str) -> str:
    """The shop's word, in ours where we know it."""
    known = status.strip().lower().replace(" ", "_").replace("-", "_")
    return say(f"screen.order_{known}") if known in NAMED_STATES else status


def order_role(status: str) -> str:
    known = status.strip().lower()
    return "good" if known in GOOD else "bad" if known in BAD else "warm" if known in WARM else "mute"


def language_name(language: str) -> str:
    return say(f"screen.language_{language}") if language in NAMED_LANGUAGES else language


@dataclass(frozen=True, slots=True)
class PanelLine:
    left: tuple[Piece, ...] = ()
    right: tuple[Piece, ...] = ()
    opens: int = 0
    """The conversation that enter opens here."""


class PanelView(Lines, can_focus=True):
    """Draws a `Panel`; its history can be walked through and opened."""

    class Open(Message):
        def __init__(self, conversation: int) -> None:
            super().__init__()
            self.conversation = conversation

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(id="panel")
        self._now = now
        self.facts: Facts | None = None
        self.top = 0
        self.spot = 0
        """Which of the lines that open something the cursor stands on."""
        self._lines: list[PanelLine] = []

    def show(self, facts: Facts | None) -> None:
        if facts != self.facts:
            self.facts, self.top, self.spot = facts, 0, 0
            self._build()
            self.refresh()

    def on_resize(self) -> None:
        self._build()
        self.refresh()

    def tick(self) -> None:
        """A minute has passed: the age of the data may read differently."""
        before = self._lines
        self._build()
        for number, (old, new) in enumerate(zip(before, self._lines, strict=False)):
            if old != new:
                self.repaint(number - self.top)

    # -- lines -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        facts, roles, now = self.facts, self.roles, self._now()
        self._lines = []
        if facts is None or not self.size.width:
            return
        width = max(8, self.size.width - 2)
        out = self._lines
        if facts.customer is not None:
            self._customer(facts, roles, width)
        if facts.verified is Verified.FAIL:
            out.extend(PanelLine(((text, roles.bad),)) for text in wrap(say("screen.not_verified_long"), width))
        if facts.cautions:
            kinds = dict.fromkeys(say(f"cautions.short.{one.kind}") for one in facts.cautions)
            words = f"{say('cautions.warning')}: {', '.join(kinds)}"
            out.extend(PanelLine(((text, roles.bad),)) for text in wrap(words, width))
        if facts.unproven:
            words = say("proof.unproven", who=", ".join(facts.unproven))
            out.extend(PanelLine(((text, roles.warm),)) for text in wrap(words, width))
            if facts.orders and not facts.vouched:
                key = self.desk_app.key_of("order.choose")
                out.extend(PanelLine(((text, roles.warm),)) for text in wrap(say("proof.choose", key=key), width))
        if facts.orders or facts.foreign or facts.ambiguous or facts.about:
            self._title("screen.orders")
            if facts.ambiguous:
                key = self.desk_app.key_of("order.choose")
                out.append(PanelLine(((say("screen.which_order") + " ", roles.warm), (key, roles.accent))))
            self._orders(facts, roles, width)
            for number in facts.foreign:
                words = say("screen.other_customer")
                out.append(PanelLine(((f"#{number.lstrip('#')} · ", roles.mute), (words, roles.faint))))
        if facts.history:
            self._title("screen.history")
            for row in facts.history[:8]:
                day = times.day(row.last_at, now)
                glyph = "❯" if row.is_chat else "✉"
                pieces = ((f"{day:>6} ", roles.faint), (glyph + " ", roles.mute), (row.subject, roles.text))
                out.append(PanelLine(pieces, opens=row.row))
        if facts.notes:
            self._title("screen.notes")
            for note in facts.notes[-5:]:
                out.extend(PanelLine(((text, roles.note),)) for text in wrap(note.text or "", width))
        self._age(facts, roles, now, width)

    def _title(self, key: str) -> None:
        if self._lines:
            self._lines.append(PanelLine())
        self._lines.append(PanelLine(((say(key), self.roles.mute),)))

    def _customer(self, facts: Facts, roles: Roles, width: int) -> None:
        customer = facts.customer
        assert customer is not None
        self._lines.append(PanelLine(((customer.name or customer.address, roles.strong),)))
        words = []
        if facts.since:
            words.append(say("screen.since", year=facts.since.year))
        if facts.orders:
            words.append(say("screen.order_count", n=len(facts.orders)))
        words.extend(times.money(amount, currency) for currency, amount in facts.totals[:2])
        self._lines.extend(PanelLine(((text, roles.mute),)) for text in parts(words, width))
        shown = [language_name(customer.language)] if customer.language else []
        phones = [i.value for i in customer.identities if i.kind is IdentityKind.PHONE]
        shown += [f"+{phones[0].lstrip('+')}"] if phones else []
        self._lines.extend(PanelLine(((text, roles.mute),)) for text in parts(shown, width))
        for identity in customer.identities:
            if identity.kind is IdentityKind.EMAIL:
                self._lines.append(PanelLine(((identity.value, roles.faint),)))

    def _orders(self, facts: Facts, roles: Roles, width: int) -> None:
        now, about = self._now(), facts.about
        shown = 0
        ordered = sorted(facts.orders, key=lambda order: about is None or order.number != about.number)
        if about is not None and all(order.number != about.number for order in ordered):
            ordered.insert(0, about)
        for order in ordered[:4]:
            mine = about is not None and order.number == about.number
            number: Piece = (f"#{order.number.lstrip('#')} ", roles.accent_strong if mine else roles.text)
            status, role = order_status(order.status), order_role(order.status)
            if order.status == "refunded" and order.refunds:
                status += " " + times.money(sum(r.total for r in order.refunds), order.currency)
            elif not mine and order.placed_at:
                placed = " · " + times.day(order.placed_at, now)
                # Cut in the middle it would say nothing.
                status += placed if cells(number[0] + status + placed) <= width else ""
            self._lines.append(PanelLine((number, (status, roles.by_name(role)))))
            shown += 1
            if mine:
                self._details(order, roles, width)
        if len(facts.orders) > shown:
            self._lines.append(PanelLine((("  " + say("screen.more", n=len(facts.orders) - shown), roles.mute),)))

    def _details(self, order: Order, roles: Roles, width: int) -> None:
        """The order the conversation is about: parcels, what is in it, what it cost."""
        now = self._now()
        for shipment in order.shipments:
            words = [" ".join(part for part in (shipment.carrier, shipment.number) if part)]
            if shipment.eta:
                eta = f"{times.weekday(shipment.eta.astimezone(now.tzinfo))} {times.day(shipment.eta, now)}"
                words.append(say("screen.eta", day=eta))
            elif shipment.shipped_at:
                words.append(say("screen.shipped_at", day=times.day(shipment.shipped_at, now)))
            shown = parts([word for word in words if word], width - 2)
            self._lines.extend(PanelLine((("  " + text, roles.mute),)) for text in shown)
        words = [times.day(order.placed_at, now)] if order.placed_at else []
        if order.items:
            words.append(say("screen.item_count", n=sum(item.quantity for item in order.items)))
        if order.total is not None:
            words.append(times.money(order.total, order.currency))
        self._lines.extend(PanelLine((("  " + text, roles.mute),)) for text in parts(words, width - 2))
        for item in order.items[:4]:
            count = f"{item.quantity} × " if item.quantity != 1 else ""
            self._lines.append(PanelLine((("  " + count + item.name, roles.faint),)))
        for refund in order.refunds:
            back = say("screen.refunded", amount=times.money(refund.total, order.currency))
            self._lines.append(PanelLine((("  " + back, roles.mute),)))

    def _age(self, facts: Facts, roles: Roles, now: datetime, width: int) -> None:
        lines: list[Piece] = [(text, roles.warm) for fault in facts.faults for text in wrap(fault, width)]
        if facts.orders_as_of is not None:
            age = now - facts.orders_as_of
            if age >= times.MINUTE:
                style = roles.warm if age.total_seconds() > OLD * 60 else roles.faint
                lines.append((say("screen.orders_age", age=times.span(age)), style))
        if lines:
            self._lines.append(PanelLine())
            self._lines.extend(PanelLine((piece,)) for piece in lines)

    # -- moving ----------------------------------------------------------------------------------------------------

    def _spots(self) -> list[int]:
        return [number for number, entry in enumerate(self._lines) if entry.opens]

    @property
    def current(self) -> int:
        """The conversation under the cursor, or 0."""
        spots = self._spots()
        return self._lines[spots[self.spot]].opens if self.spot < len(spots) else 0

    def move(self, by: int) -> None:
        spots = self._spots()
        if spots:
            self.spot = max(0, min(self.spot + by, len(spots) - 1))
            place = spots[self.spot]
            if place < self.top or place >= self.top + self.size.height:
                self.top = max(0, min(place - self.size.height // 2, len(self._lines) - self.size.height))
        else:
            self.top = max(0, min(self.top + by, len(self._lines) - self.size.height))
        self.refresh()

    def scroll_page(self, by: int) -> None:
        self.top = max(0, min(self.top + by * self.size.height, len(self._lines) - self.size.height))
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        index = self.top + y
        if index >= len(self._lines):
            return Strip.blank(width)
        entry = self._lines[index]
        gutter: Piece = (" ", roles.text)
        if self.has_focus and entry.opens and entry.opens == self.current:
            gutter = ("▌", roles.accent)
        return line(width, [gutter, *entry.left], [*entry.right, (" ", roles.text)], gap=0)
