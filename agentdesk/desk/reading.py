"""Reading: one conversation with its customer, orders and history; what the channels are doing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from agentdesk.config import DeskConfig
from agentdesk.desk import outgoing
from agentdesk.desk.facts import AttachmentFact, ChannelFact, Item, Lookup, Panel, Question, Row
from agentdesk.desk.files import attached, raw_asked
from agentdesk.desk.queue import Queue
from agentdesk.domain import warnings
from agentdesk.domain.clean import clean_line
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.customer import Customer, Identity
from agentdesk.domain.fold import notes
from agentdesk.domain.message import Address, Direction, Verified
from agentdesk.domain.order import Order
from agentdesk.domain.warnings import Caution
from agentdesk.errors import NotFound
from agentdesk.locale import say
from agentdesk.store import conversations, customers, events, jobs, orders, threads, traffic, trouble
from agentdesk.store.addresses import from_json
from agentdesk.store.database import Database, Tx, moment, moment_or_none

HISTORY = 20


class Reading:
    """Reads, and asks the engine for texts that are not here yet."""

    def __init__(self, config: DeskConfig, database: Database, queue: Queue) -> None:
        self._config, self._db, self._queue = config, database, queue

    # -- a conversation

    def thread(self, row: int) -> tuple[Item, ...]:
        """Messages, notes and what waits in the outbox, oldest first."""
        with self._db.snapshot() as db:
            row = threads.resolve(db, row)
            items = self._messages(db, row) + self._notes(db, row)
            items.sort(key=lambda item: item.at)
            shown = {item.message_id for item in items if item.message_id}
            told = outgoing.of_conversation(db, row)
            items = [
                replace(item, notices=outgoing.notices(told[item.message_id]), look=told[item.message_id].look)
                if item.direction is Direction.OUT and item.message_id in told else item
                for item in items
            ]
            return (*items, *self._outgoing(db, row, shown))

    def _messages(self, db: sqlite3.Connection, row: int) -> list[Item]:
        found, whole = attached(db, row), raw_asked(db, row)
        return [
            Item(
                key=m["key"], row=m["row"], outbox_id=0, message_id=m["message_id"], direction=Direction(m["direction"]),
                sender=Address(m["from_name"], m["from_address"]), to=from_json(m["to_list"]), cc=from_json(m["cc_list"]),
                subject=m["subject"], at=moment(m["at"]), text=m["text"], quoted=m["quoted"], html=bool(m["html"]),
                attachments=tuple(found.get(m["row"], ())), raw=whole.get(m["row"]), size=m["size"], state=m["state"], problem=m["problem"],
                verified=Verified(m["verified"]), automatic=bool(m["automatic"]), gone=bool(m["gone"]),
                marks=tuple(json.loads(m["marks"])), cautions=warnings.from_json(m["cautions"]),
            )
            for m in db.execute("SELECT * FROM message WHERE conversation = ? ORDER BY at, row", (row,))
        ]

    def _notes(self, db: sqlite3.Connection, row: int) -> list[Item]:
        confirmed, pending = events.of_conversation(db, row)
        return [
            Item(
                key=note.id, row=0, outbox_id=0, message_id="", direction=Direction.NOTE,
                sender=Address(self._name(note.actor), note.actor), to=(), cc=(), subject="", at=note.at, text=note.text,
            )
            for note in notes(confirmed, pending)
        ]

    def _name(self, email: str) -> str:
        if email.lower() == self._config.agent_email.lower():
            return self._config.agent_name
        return next((m.name for m in self._config.members if m.email.lower() == email.lower()), email)

    def _outgoing(self, db: sqlite3.Connection, row: int, shown: set[str]) -> list[Item]:
        items = []
        for out in db.execute("SELECT * FROM outbox WHERE conversation = ? ORDER BY id", (row,)):
            if out["message_id"] in shown or out["state"] in (MessageState.ACCEPTED, MessageState.FILED):
                continue
            files = [
                AttachmentFact(f["id"], f["name"], f["type"], f["size"], inline=False, here=True)
                for f in db.execute("SELECT * FROM draft_file WHERE outbox = ? ORDER BY id", (out["id"],))
            ]
            detail = out["detail"]
            if out["state"] == MessageState.CONFLICT:
                detail = " ".join(part for part in (detail, outgoing.moved_on(db, out, self._config.timezone)) if part)
            items.append(
                Item(
                    key=f"outbox:{out['id']}", row=0, outbox_id=out["id"], message_id=out["message_id"], direction=Direction.OUT,
                    sender=Address(self._config.agent_name, self._config.agent_email), to=from_json(out["to_list"]),
                    cc=from_json(out["cc_list"]), subject=out["subject"], at=moment(out["created_at"]), text=out["text"],
                    quoted=out["quoted"], attachments=tuple(files), state=out["state"], detail=detail,
                    goes_at=moment(out["hold_until"]) if out["state"] == MessageState.SCHEDULED else None,
                )
            )
        return items

    # -- the customer beside it

    def panel(self, row: int) -> Panel:
        """Who this is, what they ordered, what happened before."""
        with self._db.snapshot() as db:
            row = threads.resolve(db, row)
            c = db.execute("SELECT kind, customer, claims, order_mentioned, chosen_order FROM conversation WHERE row = ?", (row,)).fetchone()
            if c is None:
                raise NotFound(say("desk.no_conversation", reference=row))
            claims = conversations.claims_of(c["claims"])
            about = conversations.about_of(db, c["customer"], c["order_mentioned"], c["chosen_order"], claims)
            chosen, unproven, addressee = c["chosen_order"] is not None, tuple(claim.value for claim in claims), ""
            vouched = chosen
            if c["kind"] == "imap":
                customer, own = customers.read(db, c["customer"]) if c["customer"] else None, self._config.own_addresses
                people = conversations.answered_elsewhere(db, row, customer, own)
                unproven, addressee = tuple(one.address for one in people), people[0].name if people else ""
                vouched = chosen and bool(people) and conversations.vouched_for(db, row, people, own)
            verified = db.execute(
                "SELECT verified FROM message WHERE conversation = ? AND direction = 'in' ORDER BY at DESC, row DESC LIMIT 1", (row,)
            ).fetchone()
            return self._panel(
                db, c["customer"], row, about=about.order, chosen=chosen, foreign=about.foreign,
                ambiguous=about.ambiguous, verified=Verified(verified["verified"]) if verified else Verified.NONE,
                notes_=tuple(self._notes(db, row)), claims=claims, unproven=unproven, vouched=vouched, addressee=addressee,
            )

    def customer_panel(self, customer: int) -> Panel:
        """A customer without a conversation (the phone rings)."""
        with self._db.snapshot() as db:
            return self._panel(db, customer, 0)

    def _panel(
        self, db: sqlite3.Connection, customer_id: int | None, row: int, *, about: Order | None = None, chosen: bool = False,
        foreign: tuple[str, ...] = (), ambiguous: bool = False, verified: Verified = Verified.NONE, notes_: tuple[Item, ...] = (),
        claims: tuple[Identity, ...] = (), unproven: tuple[str, ...] = (), vouched: bool = False, addressee: str = "",
    ) -> Panel:  # fmt: skip
        customer = customers.read(db, customer_id) if customer_id else None
        own = orders.of_customer(db, customer, claims)
        totals: dict[str, Decimal] = {}
        for order in own:
            if order.total is not None:
                totals[order.currency] = totals.get(order.currency, Decimal(0)) + order.total
        history = self._history(db, customer, row)
        first = db.execute("SELECT min(first_at) AS at FROM conversation WHERE customer = ? AND first_at > 0", (customer_id,)).fetchone()
        moments = [o.placed_at for o in own if o.placed_at] + ([moment(first["at"])] if first and first["at"] else [])
        meta = {r["key"]: r["value"] for r in db.execute("SELECT key, value FROM meta WHERE key IN ('orders_as_of', 'orders_faults')")}
        return Panel(
            customer=customer, since=min(moments, default=None), orders=tuple(own), about=about, about_chosen=chosen, foreign=foreign,
            ambiguous=ambiguous, totals=tuple(totals.items()), history=history, notes=notes_, verified=verified,
            orders_as_of=moment_or_none(int(meta.get("orders_as_of", "0"))), faults=tuple(json.loads(meta.get("orders_faults", "[]"))),
            unproven=unproven, vouched=vouched, addressee=addressee, cautions=self._warned(db, row),
        )

    @staticmethod
    def _warned(db: sqlite3.Connection, row: int) -> tuple[Caution, ...]:
        """The severe cautions of a conversation, the gravest kinds first."""
        rows = db.execute("SELECT cautions FROM message WHERE conversation = ? AND cautions != '[]' ORDER BY at DESC, row DESC", (row,))
        return tuple(one for one in warnings.merged(*(warnings.from_json(each["cautions"]) for each in rows)) if one.severe)

    def _history(self, db: sqlite3.Connection, customer: Customer | None, row: int) -> tuple[Row, ...]:
        if customer is None:
            return ()
        ids = [
            r["row"]
            for r in db.execute(
                "SELECT row FROM conversation WHERE customer = ? AND row != ? AND merged_into = 0 ORDER BY last_at DESC LIMIT ?",
                (customer.id, row, HISTORY),
            )
        ]
        return tuple(self._queue.rows(ids))

    def lookup(self, text: str) -> Lookup:
        """Customers and orders by number, name, phone or address; a found order's customer is among the customers."""
        text = clean_line(text)
        with self._db.snapshot() as db:
            found_orders = orders.find(db, text)
            people = {customer.id: customer for customer in customers.find(db, text)}
            for order in found_orders:
                if order.email:
                    people |= {c.id: c for c in customers.find(db, order.email, limit=1)}
        return Lookup(tuple(people.values()), tuple(found_orders))

    # -- what is not here yet

    def want_text(self, message: int) -> None:
        """Ask the engine for a message's text; it comes as a change of its conversation."""
        self._want(message, "text", {})

    def _want(self, message: int, kind: str, data: dict[str, object]) -> None:
        def change(tx: Tx) -> None:
            row = tx.one("SELECT channel, conversation FROM message WHERE row = ?", (message,))
            if row is None:
                raise NotFound(say("desk.no_message"))
            tx.execute("UPDATE message SET unreadable_tries = 0 WHERE row = ?", (message,))
            jobs.add(tx, row["channel"], kind, message=message, conversation=row["conversation"], data=data, urgent=True)

        self._db.write(change)

    # -- the desk itself

    def channels(self) -> tuple[ChannelFact, ...]:
        known = {row["name"]: row for row in self._db.all("SELECT * FROM channel")}
        today = datetime.now(self._config.timezone).date()
        moved = traffic.between(self._db, today, today)
        return tuple(
            ChannelFact(
                name=r["name"], kind=r["kind"], state=r["state"], detail=r["detail"], done=r["done"], total=r["total"],
                bytes_in=r["bytes_in"], bytes_out=r["bytes_out"], round_trips=r["round_trips"], reached_at=moment_or_none(r["reached_at"]), link=r["link"],
                round_trip_ms=r["round_trip_ms"], bytes_per_second=r["bytes_per_second"], spared=r["spared"],
                today_in=sum(m.bytes_in for m in moved if m.channel == c.name), today_out=sum(m.bytes_out for m in moved if m.channel == c.name),
                out_detail=r["out_detail"], out_until=moment_or_none(r["out_until"]) if r["out_detail"] else None,
            )
            for c in self._config.channels
            if (r := known.get(c.name)) is not None
        )

    def questions(self) -> tuple[Question, ...]:
        rows = self._db.all("SELECT id, kind, text, data FROM question WHERE answer IS NULL ORDER BY id")
        return tuple(Question(r["id"], r["kind"], r["text"], r["data"]) for r in rows)

    def message_ids(self, row: int) -> Sequence[str]:
        return [r["message_id"] for r in self._db.all("SELECT message_id FROM message WHERE conversation = ? ORDER BY at", (row,))]

    def order_faults(self) -> tuple[str, ...]:
        """What is wrong with the order source, line by line."""
        return self._faults("orders_faults")

    def _faults(self, key: str) -> tuple[str, ...]:
        value = self._db.value("SELECT value FROM meta WHERE key = ?", (key,))
        return tuple(json.loads(value)) if value else ()

    def engine_faults(self) -> tuple[str, ...]:
        """What the engine wants the agent to know: that nothing can be saved, of the desk, then what could not be done, newest last."""
        unsaved = self.unsaved()
        rows = self._db.all("SELECT kind, channel, error FROM job WHERE error != '' ORDER BY id DESC LIMIT 20")
        failed = (say(f"desk.failed.{r['kind']}", channel=r["channel"], error=r["error"]) for r in reversed(rows))
        return (*((unsaved,) if unsaved else ()), *self._faults("desk_faults"), *failed)

    def unsaved(self) -> str:
        """Why nothing can be saved at the moment; empty if it can."""
        return trouble.trouble_of(self._config.state)

