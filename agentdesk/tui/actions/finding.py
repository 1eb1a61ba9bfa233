"""Finding: views, search, lookup, the palette and help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from agentdesk.commands import Where
from agentdesk.domain.customer import Customer
from agentdesk.domain.order import Order
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import ACTIONS, does
from agentdesk.tui.layout import Piece, parts, wrap
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.palette import Help, Palette
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.panel import order_role, order_status
from agentdesk.tui.widgets.sheet import Choice, Sheet


def go_to_view(screen: DeskScreen, key: str) -> None:
    screen.queue.search, screen.queue.searching = None, False
    screen.go_to_pane("queue")
    screen.show_view(key)


def view(key: str, screen: DeskScreen, count: int, argument: str) -> None:
    go_to_view(screen, key)


for _key in ("open", "mine", "unassigned", "late", "waiting", "snoozed", "closed", "spam", "all"):
    does(f"view.{_key}")(partial(view, _key))


@does("view.choose")
def choose_view(screen: DeskScreen, count: int, argument: str) -> None:
    if argument:
        go_to_view(screen, argument)
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        go_to_view(screen, str(choice.value))

    keymap = screen.desk_app.keyboard.keymap
    choices = [
        Choice(v.title, keymap.shown(f"view.{v.key}") or v.query, v.key, role="accent" if v.key == screen.listing.view.key else "text")
        for v in screen.listing.views
    ]
    screen.choose_from(Options(say("commands.view_choose"), choices, chosen))


@does("queue.renew")
def renew(screen: DeskScreen, count: int, argument: str) -> None:
    if not screen.queue.renew():
        screen.tell(say("screen.in_order"))


@does("search")
def search(screen: DeskScreen, count: int, argument: str) -> None:
    screen.begin_search()
    if argument and screen.queue.search is not None:
        screen.queue.search.set(argument)
        screen.search_changed()
        screen.end_search(keep=True)


@does("palette")
def palette(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(Palette(screen.desk_app.keyboard.keymap, screen.where(), partial(run, screen)))


def run(screen: DeskScreen, command_id: str, argument: str) -> None:
    """A command chosen from a list acts where the list was opened."""
    screen.close_sheet()
    ACTIONS[command_id](screen, 0, argument)
    screen.show_keys()


@does("help")
def help_here(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.where() is Where.PICKER:
        return
    app = screen.desk_app
    screen.choose_from(Help(app.keyboard.here(screen.where()), screen.where(), app.key_of, partial(run, screen)))


class Lookup(Sheet):
    """An order or a customer without a conversation: by number, name, phone, address."""

    share = 1.0
    wide = True
    most = 8

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        self.title = say("commands.lookup_help")
        self.placeholder = say("screen.lookup_placeholder")

    def choices(self, query: str) -> Sequence[Choice]:
        if len(query.strip()) < 2:
            return ()
        found = self._screen.desk.reading.lookup(query.strip())
        now = self._screen.now()
        choices = []
        for order in found.orders[:12]:
            words = [order_status(order.status), *([times.day(order.placed_at, now)] if order.placed_at else [])]
            choices.append(Choice(f"#{order.number.lstrip('#')}  {order.name or order.email}", " · ".join(words), order))
        choices += [Choice(c.name or c.address, c.address if c.name else "", c) for c in found.customers[:12]]
        return choices

    def previews(self) -> bool:
        return True

    def preview_title(self) -> str:
        return ""

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        roles = self._screen.desk_app.roles
        if choice is None:
            return [[(say("screen.nothing_found") if len(query.strip()) > 1 else "", roles.mute)]]
        if isinstance(choice.value, Order):
            return self._order(choice.value)
        customer: Customer = choice.value
        facts = self._screen.desk.reading.customer_panel(customer.id)
        lines: list[list[Piece]] = [[(str(i), roles.mute)] for i in customer.identities[:4]]
        for order in facts.orders[:6]:
            status: Piece = (order_status(order.status), roles.by_name(order_role(order.status)))
            lines.append([(f"#{order.number.lstrip('#')} ", roles.text), status])
        lines.append([])
        for row in facts.history[:8]:
            day = f"{times.day(row.last_at, self._screen.now()):>6} "
            lines.append([(day, roles.faint), ("❯ " if row.is_chat else "✉ ", roles.mute), (row.subject, roles.text)])
        return lines

    def _order(self, order: Order) -> list[list[Piece]]:
        roles, now = self._screen.desk_app.roles, self._screen.now()
        status: Piece = (order_status(order.status), roles.by_name(order_role(order.status)))
        lines: list[list[Piece]] = [[(f"#{order.number.lstrip('#')} ", roles.accent_strong), status]]
        contact = parts([part for part in (order.name, order.email, order.phone) if part], self.width)
        lines.extend([(text, roles.mute)] for text in contact)
        for shipment in order.shipments:
            lines.append([(" ".join(part for part in (shipment.carrier, shipment.number) if part), roles.text)])
            lines.extend([(text, roles.faint)] for text in wrap(shipment.url, self.width) if text)
            if shipment.eta:
                lines.append([(say("screen.eta", day=times.long_day(shipment.eta, now)), roles.mute)])
        for item in order.items:
            lines.append([(f"{item.quantity} × {item.name}", roles.text)])
            if item.price is not None:
                lines[-1].append((f"  {times.money(item.price, order.currency)}", roles.mute))
        if order.total is not None:
            lines.append([(times.money(order.total, order.currency), roles.strong)])
        back = [times.money(refund.total, order.currency) for refund in order.refunds]
        lines.extend([(say("screen.refunded", amount=amount), roles.mute)] for amount in back)
        return lines

    def choose(self, choice: Choice | None, query: str) -> None:
        """Their newest conversation, or a new one to them."""
        if choice is None:
            return
        screen = self._screen
        address = choice.value.email if isinstance(choice.value, Order) else choice.value.address
        rows: list[int] = []
        if isinstance(choice.value, Customer):
            rows = [row.row for row in screen.desk.reading.customer_panel(choice.value.id).history]
        elif address:
            rows = screen.desk.queue.ids(screen.listing.search_view, f"from:{address}")[:20].tolist()
        screen.close_sheet()
        if rows:
            screen.open(rows[0])
        elif address:
            ACTIONS["new"](screen, 0, address)
        else:
            screen.tell(say("screen.no_history"))

    def leave(self) -> None:
        self._screen.close_sheet()


@does("lookup")
def lookup(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(Lookup(screen), argument)
