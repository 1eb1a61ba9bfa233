"""`agentdesk outbox`: what is on its way, and what the agent decides about it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import columns, shown_time, talk, write_json
from agentdesk.cli.shapes import Shapes
from agentdesk.cli.verbs import moment
from agentdesk.desk import Desk
from agentdesk.desk.facts import OutboxFact
from agentdesk.desk.outgoing import notices
from agentdesk.domain.conversation import MessageState
from agentdesk.errors import NotFound, Refused, UsageError
from agentdesk.locale import say

DECISIONS = ("take_back", "send", "arrived", "file", "keep_here", "leave", "at")


def outbox(arguments: Namespace) -> int:
    chosen = [name for name in DECISIONS if getattr(arguments, name)]
    if arguments.number is None:
        if chosen:
            raise UsageError(say("cli.outbox_number_missing", option="--" + chosen[0].replace("_", "-")))
        return _list(arguments)
    with open_desk(arguments) as desk:
        entry = next((each for each in desk.writing.outbox() if each.id == arguments.number), None)
        if entry is None:
            raise NotFound(say("cli.outbox_no_entry", number=arguments.number))
        if not chosen:
            _one(desk, entry, arguments)
            return 0
        _decide(desk, entry, chosen[0], arguments)
        talk(say("cli.outbox_done"))
    return 0


def _decide(desk: Desk, entry: OutboxFact, what: str, arguments: Namespace) -> None:
    writing = desk.writing
    if what == "take_back":
        if writing.cancel(entry.id) is None:
            raise Refused(say("desk.undo_too_late"))
    elif what == "at":
        writing.reschedule(entry.id, moment(arguments.at, datetime.now(desk.config.timezone)))
    else:
        waits = entry.state in {MessageState.HELD, MessageState.SCHEDULED, MessageState.QUEUED} or (not entry.needs_agent and entry.waiting)
        do: dict[str, Callable[[int], object]] = {
            "send": writing.send_now if waits else writing.send_anyway, "arrived": writing.mark_sent, "file": writing.file_now,
            "keep_here": writing.keep_here, "leave": writing.leave,
        }  # fmt: skip
        do[what](entry.id)


def _list(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        entries = desk.writing.outbox()
        zone = desk.config.timezone
    if arguments.json:
        shapes = Shapes(zone)
        write_json({"outbox": [shapes.outbox(entry) for entry in entries]})
        return 0
    if not entries:
        talk(say("cli.nothing"))
    columns([_columns(entry, zone) for entry in entries], most=(0, 10, 16, 32, 40, 0))
    return 0


def _one(desk: Desk, entry: OutboxFact, arguments: Namespace) -> None:
    zone = desk.config.timezone
    if arguments.json:
        write_json({"outbox": [Shapes(zone).outbox(entry)]})
    else:
        columns([_columns(entry, zone)], most=(0, 10, 16, 32, 40, 0))


def _columns(entry: OutboxFact, zone: ZoneInfo) -> tuple[str, ...]:
    said = [*notices(entry), *entry.rest_detail] or [entry.detail]
    if entry.state is MessageState.SCHEDULED:
        said = [say("cli.goes_out", at=shown_time(entry.hold_until, zone))]
    return (
        str(entry.id), entry.state.value, shown_time(entry.created_at, zone), ", ".join(address.address for address in entry.to), entry.subject,
        " ".join(said),
    )
