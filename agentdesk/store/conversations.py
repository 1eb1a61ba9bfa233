"""Keeping a conversation's row true: what its messages, events and orders say, in one place.

`refresh` recomputes a conversation from its sources after any change; nothing else writes these columns. So there is no
counter that can drift, and an event that comes late, twice or out of order leads to the same row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentdesk.domain.about import About, number_key, order_about
from agentdesk.domain.conversation import ConversationState, Status
from agentdesk.domain.customer import Customer, Identity, IdentityKind, email_identity
from agentdesk.domain.events import Kind
from agentdesk.domain.fold import fold
from agentdesk.domain.message import Address
from agentdesk.domain.reply import reply_recipients
from agentdesk.store import customers, events, orders
from agentdesk.store.addresses import from_json
from agentdesk.store.database import Tx, millis, moment
from agentdesk.store.rules import Rules

WANTS_WORK = """(automatic = 0 OR marks LIKE '%"undelivered"%')"""
"""What somebody must look at: a person's message, or the report that ours did not reach them."""
NO_REPORT = """marks NOT LIKE '%"report"%'"""
"""What may be answered: the sender of a report is a machine, the person it is about is another one."""


@dataclass(frozen=True, slots=True)
class _Sums:
    messages: int
    unread: int
    first_at: int
    last_at: int
    last_in_at: int
    last_out_at: int
    last_in_row: int
    last_in_id: str
    preview: str
    last_is_out: bool
    all_automatic: bool


def _sums(tx: Tx, row: int) -> _Sums:
    total = tx.one(
        "SELECT count(*) AS n, coalesce(sum(direction = 'in' AND seen = 0), 0) AS unread, coalesce(min(at), 0) AS first_at,"
        " coalesce(max(at), 0) AS last_at, coalesce(max(CASE WHEN direction = 'out' AND automatic = 0 THEN at END), 0) AS last_out,"
        " coalesce(min(CASE WHEN direction = 'in' THEN automatic END), 0) AS automatic FROM message WHERE conversation = ?",
        (row,),
    )
    last = tx.one(
        "SELECT preview FROM message WHERE conversation = ? ORDER BY at DESC, row DESC LIMIT 1", (row,)
    )
    last_in = tx.one(
        f"SELECT row, at, message_id FROM message WHERE conversation = ? AND direction = 'in' AND {WANTS_WORK}"
        " ORDER BY at DESC, row DESC LIMIT 1",
        (row,),
    )
    last_in_at, last_out_at = last_in["at"] if last_in else 0, total["last_out"]
    return _Sums(
        messages=total["n"], unread=total["unread"], first_at=total["first_at"], last_at=total["last_at"],
        last_in_at=last_in_at, last_out_at=last_out_at, last_in_row=last_in["row"] if last_in else 0,
        last_in_id=last_in["message_id"] if last_in else "",
        preview=last["preview"] if last else "", last_is_out=0 < last_out_at >= last_in_at,
        all_automatic=bool(total["automatic"]),
    )


def newest_customer_message(db: sqlite3.Connection, row: int) -> str:
    """Message-ID of the newest message of the customer, or empty: what a status event says the agent had seen."""
    found = db.execute(
        f"SELECT message_id FROM message WHERE conversation = ? AND direction = 'in' AND {WANTS_WORK} ORDER BY at DESC, row DESC LIMIT 1",
        (row,),
    ).fetchone()
    return found["message_id"] if found else ""


def _came_after(tx: Tx, row: int, state: ConversationState, sums: _Sums) -> bool:
    """Whether the customer wrote after the status was set."""
    if not sums.last_in_id or state.status_at is None:
        return False
    if state.status_seen == sums.last_in_id:
        return False
    seen = tx.one(
        "SELECT at, row FROM message WHERE conversation = ? AND message_id = ?", (row, state.status_seen)
    ) if state.status_seen else None
    if seen is None:
        return sums.last_in_at > millis(state.status_at)
    return (sums.last_in_at, sums.last_in_row) > (seen["at"], seen["row"])  # servers count seconds: two may have the same


def _folders(tx: Tx, row: int) -> set[str]:
    """Roles of the folders its messages from outside lie in."""
    return {
        r["role"]
        for r in tx.all(
            "SELECT DISTINCT f.role FROM message m JOIN place p ON p.message = m.row"
            " JOIN folder f ON f.channel = p.channel AND f.name = p.folder WHERE m.conversation = ? AND m.direction = 'in'",
            (row,),
        )
    }


def _mail_status(tx: Tx, row: int, state: ConversationState, sums: _Sums, roles: set[str]) -> str:
    if state.status_at is None:  # nobody said anything: where the mail lies and who wrote last decide
        if roles and roles <= {"archive", "sent"}:
            return Status.CLOSED
        return Status.WAITING if sums.last_is_out else Status.OPEN
    if state.status is not Status.OPEN and _came_after(tx, row, state, sums):
        return Status.OPEN
    return state.status


def about_of(
    db: sqlite3.Connection, customer: int | None, mentioned: str, chosen: str | None, claims: Sequence[Identity] = ()
) -> About:
    """The order a conversation is about, by the rule of the house (`domain/about.py`)."""
    person = customers.read(db, customer) if customer else None
    own = orders.of_customer(db, person, claims)
    numbers = mentioned.split()
    mine = {number_key(order.number) for order in own}
    foreign = [number for number in orders.known_numbers(db, numbers) if number not in mine]
    return order_about(chosen, numbers, own, foreign, datetime.now(UTC))


def claims_of(stored: str) -> tuple[Identity, ...]:
    """Who a chat's visitor says they are, without proof."""
    return tuple(Identity(IdentityKind(kind), value) for kind, value in json.loads(stored))


def answered_elsewhere(db: sqlite3.Connection, row: int, customer: Customer | None, own: Collection[str]) -> tuple[Address, ...]:
    """Who would get an answer to this mail conversation and is not known to be its customer.

    A mail may say that it wants its answer elsewhere (Reply-To), and anybody who knows a Message-ID can join a conversation.
    """
    newest = db.execute(f"{_INBOUND} ORDER BY at DESC, row DESC LIMIT 1", (row,)).fetchone()
    known = customer.identities if customer else ()
    return tuple(one for one in _answer_to(newest, own) if email_identity(one.address) not in known) if newest is not None else ()


def vouched_for(db: sqlite3.Connection, row: int, people: Sequence[Address], own: Collection[str]) -> bool:
    """Whether the agent chose the order of a conversation when these people had a part in it already."""
    confirmed, pending = events.of_conversation(db, row)
    chosen = max((millis(at) for at, event in (*confirmed, *pending) if event.kind == Kind.ORDER), default=0)
    seen: set[str] = set()
    for message in db.execute(f"{_INBOUND} AND at <= ?", (row, chosen)):
        seen |= {one.identity for one in _answer_to(message, own)}
    return all(one.identity in seen for one in people)


_INBOUND = f"SELECT from_name, from_address, reply_to, to_list, cc_list FROM message WHERE conversation = ? AND direction = 'in' AND {NO_REPORT}"


def _answer_to(message: sqlite3.Row, own: Collection[str]) -> tuple[Address, ...]:
    return reply_recipients(
        Address(message["from_name"], message["from_address"]), from_json(message["reply_to"]), from_json(message["to_list"]),
        from_json(message["cc_list"]), own,
    )[0]  # fmt: skip


def refresh(tx: Tx, row: int, rules: Rules) -> None:
    """Recompute a conversation's row and announce it."""
    known = tx.one("SELECT * FROM conversation WHERE row = ?", (row,))
    sums = _sums(tx, row)
    confirmed, pending = events.of_conversation(tx.db, row)
    state = fold(confirmed, pending)
    values: dict[str, object] = {"chosen_order": state.order_number, "language": state.language}
    if known["kind"] == "imap":
        roles = _folders(tx, row)
        status = _mail_status(tx, row, state, sums, roles)
        spam = state.spam or (roles == {"junk"} and not any(e.kind == "spam" for _, e in [*confirmed, *pending]))
        values |= {
            "status": status, "status_at": millis(state.status_at), "assignee": state.assignee,
            "ownership_event": state.ownership_event, "claiming": state.claiming, "priority": state.priority,
            "snoozed_until": millis(state.snoozed_until) if status == Status.SNOOZED else 0, "spam": spam,
        }
        _set_tags(tx, row, state.tags)
    else:
        status = known["status"]
    waiting = _waiting_since(tx, row, status, sums.last_out_at)
    due = rules.due(known["kind"], moment(waiting), answered=sums.last_out_at > 0) if waiting else None
    about = about_of(tx.db, known["customer"], known["order_mentioned"], state.order_number, claims_of(known["claims"]))
    values |= {
        "messages": sums.messages, "unread": sums.unread, "first_at": sums.first_at, "last_at": sums.last_at,
        "last_in_at": sums.last_in_at, "last_out_at": sums.last_out_at, "preview": sums.preview,
        "waiting_since": waiting, "due_at": millis(due), "automatic": sums.all_automatic,
        "order_number": about.order.number if about.order else "",
    }
    changed = {name: value for name, value in values.items() if known[name] != value}
    if changed:
        sets = ", ".join(f"{name} = :{name}" for name in changed)
        tx.execute(f"UPDATE conversation SET {sets} WHERE row = :row", {**changed, "row": row})
    tx.touch("conversation", row)
    tx.touch("list")


def _waiting_since(tx: Tx, row: int, status: str, last_out_at: int) -> int:
    if status in (Status.WAITING, Status.CLOSED):
        return 0
    found = tx.one(
        f"SELECT min(at) AS at FROM message WHERE conversation = ? AND direction = 'in' AND {WANTS_WORK} AND at > ?",
        (row, last_out_at),
    )
    return found["at"] or 0


def _set_tags(tx: Tx, row: int, tags: frozenset[str]) -> None:
    now = {r["tag"] for r in tx.all("SELECT tag FROM tag WHERE conversation = ?", (row,))}
    for tag in now - tags:
        tx.execute("DELETE FROM tag WHERE conversation = ? AND tag = ?", (row, tag))
    for tag in tags - now:
        tx.execute("INSERT INTO tag (conversation, tag) VALUES (?, ?)", (row, tag))


def set_chat_tags(tx: Tx, row: int, tags: frozenset[str]) -> None:
    """A chat's labels: the channel itself is their log."""
    _set_tags(tx, row, tags)
