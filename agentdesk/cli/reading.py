"""Commands that only read: list, show, views, lookup, outbox."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import block, columns, line, shown_time, talk, write_json
from agentdesk.cli.shapes import Shapes
from agentdesk.desk import cautions
from agentdesk.desk.facts import Item, Panel, Row
from agentdesk.domain.message import Direction
from agentdesk.domain.order import Order
from agentdesk.locale import say


def list_rows(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        ids = desk.queue.ids(arguments.view, arguments.query, limit=arguments.limit)
        rows = desk.queue.rows(ids)
        zone = desk.config.timezone
    if arguments.json:
        shapes = Shapes(zone)
        write_json({"conversations": [shapes.row(row) for row in rows]})
        return 0
    if not rows:
        talk(say("cli.nothing"))
    columns([_row_columns(row, zone) for row in rows], most=(8, 16, 9, 24, 16, 0))
    return 0


def _row_columns(row: Row, zone: ZoneInfo) -> tuple[str, ...]:
    late = row.due_at is not None and row.waiting_since is not None and row.due_at <= datetime.now(UTC)
    what = row.subject or row.preview
    return (
        row.id,
        shown_time(row.last_at, zone),
        say("cli.late") if late and row.status == "open" else say(f"cli.status_{row.status}"),
        row.customer_name or row.customer_address,
        row.assignee.partition("@")[0],
        what if not row.tags else f"{what} {' '.join('#' + tag for tag in row.tags)}",
    )


def show(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        conversation = desk.queue.find(arguments.id)
        status = 0
        if not arguments.local and _missing(desk.reading.thread(conversation)):
            from agentdesk.cli.waiting import bring_texts  # noqa: PLC0415 - starting an engine is the exception

            status = bring_texts(desk, conversation)
        row = desk.queue.rows([conversation])[0]
        thread, panel = desk.reading.thread(conversation), desk.reading.panel(conversation)
        zone = desk.config.timezone
    if arguments.json:
        write_json(Shapes(zone).conversation(row, thread, panel))
    else:
        _show_text(row, thread, panel, zone)
    return status


def _missing(thread: tuple[Item, ...]) -> bool:
    return any(item.row and item.text is None and not item.problem for item in thread)


def _show_text(row: Row, thread: tuple[Item, ...], panel: Panel, zone: ZoneInfo) -> None:
    line(row.subject or say("cli.no_subject"))
    facts = [
        (say("cli.field_id"), row.id),
        (say("cli.field_customer"), f"{row.customer_name} <{row.customer_address}>" if row.customer_address else row.customer_name),
        (say("cli.field_status"), say(f"cli.status_{row.status}")),
        (say("cli.field_assignee"), row.assignee),
        (say("cli.field_tags"), " ".join(row.tags)),
        (say("cli.field_due"), shown_time(row.due_at, zone)),
        (say("cli.field_order"), panel.about.number if panel.about is not None else ""),
    ]
    columns([fact for fact in facts if fact[1]])
    if str(panel.verified) == "fail":
        line(say("cli.unverified"))
    if panel.unproven:
        line(say("proof.unproven", who=", ".join(panel.unproven)))
    for item in thread:
        line()
        _show_item(item, zone)
    if panel.orders or panel.foreign:
        line()
        line(say("cli.orders"))
        columns([_order_columns(order, zone) for order in panel.orders], indent="  ")
        for number in panel.foreign:
            line(say("cli.other_customer", number=number), indent="  ")
    if panel.history:
        line()
        line(say("cli.history"))
        columns([_row_columns(other, zone) for other in panel.history], most=(8, 16, 9, 24, 16, 0), indent="  ")


def _show_item(item: Item, zone: ZoneInfo) -> None:
    who = say("cli.note_by", who=item.sender) if item.direction is Direction.NOTE else str(item.sender)
    state = f" · {item.state}" if item.state else ""
    line(f"── {shown_time(item.at, zone)} · {who}{state}")
    if item.problem:
        line(item.problem, indent="   ")
    for one in item.cautions:
        line(f"{say('cautions.warning' if one.severe else 'cautions.careful')}: {cautions.words(one, item)}", indent="   ")
    if item.marks:
        line(" · ".join(say(f"mail.mark.{mark}") for mark in item.marks), indent="   ")
    block(say("cli.text_not_here") if item.text is None else item.text, indent="   ")
    for file in item.attachments:
        line(say("cli.attachment", name=file.name, type=file.type, size=file.size), indent="   ")


def _order_columns(order: Order, zone: ZoneInfo) -> tuple[str, ...]:
    total = f"{order.total:f} {order.currency}" if order.total is not None else ""
    parcels = ", ".join(f"{parcel.carrier} {parcel.number}".strip() for parcel in order.shipments)
    return (order.number, shown_time(order.placed_at, zone)[:10], order.status, total, parcels)


def views(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        found = [(view, len(desk.queue.ids(view.key))) for view in desk.queue.views()]
    if arguments.json:
        write_json(
            {
                "views": [
                    {"key": view.key, "title": view.title, "query": view.query, "sort": view.sort, "conversations": count}
                    for view, count in found
                ]
            }
        )
    else:
        columns([(view.key, str(count), view.title, view.query) for view, count in found])
    return 0


def lookup(arguments: Namespace) -> int:
    """Orders and customers without a conversation; exit 1 if there are none."""
    with open_desk(arguments) as desk:
        found = desk.reading.lookup(" ".join(arguments.text))
        zone = desk.config.timezone
    if arguments.json:
        shapes = Shapes(zone)
        write_json(
            {
                "customers": [{"id": customer.id} | shapes.customer(customer) for customer in found.customers],
                "orders": [shapes.order(order) for order in found.orders],
            }
        )
    else:
        columns([(customer.name, customer.address, customer.language) for customer in found.customers])
        if found.customers and found.orders:
            line()
        columns([(*_order_columns(order, zone), order.name, order.email) for order in found.orders])
        if not found.customers and not found.orders:
            talk(say("cli.nothing"))
    return 0 if found.customers or found.orders else 1
