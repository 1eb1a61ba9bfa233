"""What became of replies, in values and words: for the outbox, the conversation and the queue."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agentdesk.desk.facts import Newer, OutboxFact
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.message import Address, Direction
from agentdesk.locale import say
from agentdesk.store import outbox, recipients
from agentdesk.store.addresses import from_json
from agentdesk.store.database import moment, moment_or_none

_OUT = frozenset({MessageState.ACCEPTED, MessageState.FILED})
REFUSED = "refused"
"""What a conversation's row says of a reply that did not go to everybody."""
SHOWN_STATE = (
    "CASE WHEN o.look = 0 THEN o.state WHEN EXISTS (SELECT 1 FROM recipient r WHERE r.outbox = o.id AND r.state = 'unknown') THEN 'unknown'"
    f" ELSE '{REFUSED}' END"
)
"""The state a reply has for the agent: one that went out and is to be looked at counts as trouble."""


def facts(db: sqlite3.Connection, channels: Collection[str]) -> tuple[OutboxFact, ...]:
    """Everything not yet filed or to be looked at, and what was filed in the last day; newest last. `channels`: those of desk.toml."""
    now = datetime.now(UTC)
    rows = db.execute(
        "SELECT o.*, coalesce(c.id, '') AS conversation_id, ch.out_detail, ch.out_until, ch.state AS channel_state FROM outbox o"
        " LEFT JOIN conversation c ON c.row = o.conversation LEFT JOIN channel ch ON ch.name = o.channel"
        " WHERE o.state != 'filed' OR o.look OR o.filed_at > ?1"
        " OR EXISTS (SELECT 1 FROM recipient r WHERE r.outbox = o.id AND r.state IN ('waiting', 'trying')) ORDER BY o.id",
        (int((now - timedelta(days=1)).timestamp() * 1000),),
    ).fetchall()
    return tuple(_with_reason(db, row, _fact(db, row, now), channels) for row in rows)


def _with_reason(db: sqlite3.Connection, r: sqlite3.Row, fact: OutboxFact, channels: Collection[str]) -> OutboxFact:
    return replace(fact, waits=_waits(r, fact.state, channels), newer=newer(db, r) if fact.state is MessageState.CONFLICT else ())


def _waits(r: sqlite3.Row, state: MessageState, channels: Collection[str]) -> str:
    """Why a reply that could go out does not."""
    if state in _BEFORE and r["channel"] not in channels:
        return "no_channel"
    if state is not MessageState.QUEUED:
        return ""
    return _WAITS.get(r["channel_state"] or "new", "")


_BEFORE = frozenset({MessageState.HELD, MessageState.SCHEDULED, MessageState.QUEUED})
_WAITS = {"offline": "offline", "refused": "refused", "down": "down", "new": "unread", "connecting": "unread"}


def newer(db: sqlite3.Connection, out: sqlite3.Row) -> tuple[Newer, ...]:
    """What came into the conversation of a reply after it was written."""
    return tuple(
        Newer(Address(m["from_name"], m["from_address"]), moment(m["at"]), m["text"] or "", Direction(m["direction"]), m["message_id"])
        for m in outbox.newer(db, out)
    )


def moved_on(db: sqlite3.Connection, out: sqlite3.Row, zone: ZoneInfo) -> str:
    """Who wrote meanwhile, and when, in a sentence; empty if nobody did."""
    names = [f"{one.sender.name or one.sender.address} {one.at.astimezone(zone):%d/%m %H:%M}" for one in newer(db, out)]
    return say("desk.came_meanwhile", who=", ".join(names)) if names else ""


def _fact(db: sqlite3.Connection, r: sqlite3.Row, now: datetime) -> OutboxFact:
    state, created = MessageState(r["state"]), moment(r["created_at"])
    hold, next_try, detail = moment_or_none(r["hold_until"]), moment_or_none(r["next_try_at"]), r["detail"]
    if state is MessageState.HELD and hold is not None:
        hold = min(hold, now + (hold - created))  # the clock may have been set back
        if hold <= now:  # the engine has not come to it yet, or is away from the line
            state, hold = MessageState.QUEUED, None
    if state is MessageState.QUEUED:
        until = moment_or_none(r["out_until"] or 0)
        if until is not None and until > now:  # nothing goes out on this channel now, whatever becomes of this reply
            next_try, detail = max(until, next_try or until), r["out_detail"]
    some = recipients.of(db, r["id"]) if state in _OUT or r["refused"] != "[]" else []
    by_state = {key: tuple(one.address for one in some if one.state in names) for key, names in _GROUPS.items()}
    if state not in _OUT:
        by_state |= {"waiting": (), "doubtful": ()}
    elif by_state["waiting"]:
        next_try = min((moment(one.next_try_at) for one in some if one.state in _GROUPS["waiting"]), default=next_try)
    return OutboxFact(
        id=r["id"], conversation=r["conversation"], conversation_id=r["conversation_id"], channel=r["channel"], message_id=r["message_id"],
        to=from_json(r["to_list"]), subject=r["subject"], state=state, detail=detail, hold_until=hold, attempts=r["attempts"],
        next_try_at=next_try, created_at=created, text=r["text"], look=bool(r["look"]), file_detail=r["file_detail"] if state is MessageState.ACCEPTED else "",
        rest_detail=tuple(f"{one.address}: {one.detail}" for one in some if one.state != "accepted" and one.detail),
        refused=by_state["refused"], waiting=by_state["waiting"], doubtful=by_state["doubtful"],
    )


_GROUPS = {"refused": {"refused"}, "waiting": {"waiting", "trying"}, "doubtful": {"unknown"}}


def notices(entry: OutboxFact) -> tuple[str, ...]:
    """What is still to be said of a reply, one sentence each."""
    said: list[str] = []
    if entry.refused:
        said.append(say("desk.refused_for", who=", ".join(entry.refused)))
    if entry.doubtful:
        said.append(say("desk.doubtful_for", who=", ".join(entry.doubtful)))
    if entry.waiting:
        said.append(say("desk.waiting_for", who=", ".join(entry.waiting)))
    if entry.file_detail:
        said.append(entry.file_detail)
    return tuple(said)


def of_conversation(db: sqlite3.Connection, row: int) -> dict[str, OutboxFact]:
    """By Message-ID: replies of a conversation that went out and of which something is still to be said."""
    rows = db.execute(
        "SELECT o.*, '' AS conversation_id, '' AS out_detail, 0 AS out_until FROM outbox o WHERE o.conversation = ? AND o.state IN ('accepted', 'filed')"
        " AND (o.look OR (o.file_detail != '' AND o.state = 'accepted') OR o.refused != '[]'"
        " OR EXISTS (SELECT 1 FROM recipient r WHERE r.outbox = o.id AND r.state IN ('waiting', 'trying', 'unknown')))",
        (row,),
    ).fetchall()
    now = datetime.now(UTC)
    return {r["message_id"]: _fact(db, r, now) for r in rows}
