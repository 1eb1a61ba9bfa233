"""Writing: a draft becomes a reply in the outbox, and what became of it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.desk import checking, outgoing
from agentdesk.desk.addresses import valid_address
from agentdesk.desk.deciding import Deciding, to_come
from agentdesk.desk.facts import Draft, OutboxFact
from agentdesk.desk.insertions import became_of
from agentdesk.desk.macros import Effect, effect, label
from agentdesk.desk.work import Step, Work, set_status
from agentdesk.domain import reply as rules_of_reply
from agentdesk.domain.conversation import MessageState, Status
from agentdesk.domain.events import Kind
from agentdesk.domain.message import Address, Outgoing
from agentdesk.domain.slips import Slip, masked
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.snippets.render import open_places
from agentdesk.store import conversations, customers, drafts, events, outbox, sent_snippets, threads
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, millis
from agentdesk.store.mail import MADE_UP
from agentdesk.store.rules import Rules, opening_hours


class Writing(Deciding):
    """Drafts, sending them, and what became of it."""

    def __init__(
        self, config: DeskConfig, database: Database, work: Work, blobs: Blobs, rules: Rules, checking: checking.Checking
    ) -> None:
        super().__init__(config, database, work, blobs, rules)
        self._checking = checking

    def check(self, draft: Draft) -> tuple[str, ...]:
        """What stops this draft from being sent; empty if nothing does."""
        problems: list[str] = []
        if all(channel.name != draft.channel for channel in self._config.channels):
            return (say("desk.stop.no_channel", channel=draft.channel),)
        chat = self._is_chat(draft)
        if not draft.text.strip() and not draft.files and draft.kind != "forward":
            problems.append(say("desk.stop.empty"))
        problems += [say("desk.stop.open_place", place=place) for place in open_places(draft.text + "\n" + draft.subject)]
        if chat:
            row = self._db.one("SELECT can_reply FROM conversation WHERE row = ?", (draft.conversation,))
            if row is not None and not row["can_reply"]:
                problems.append(say("desk.stop.chat_closed"))
            return tuple(problems)
        if not draft.to and not draft.cc and not draft.bcc:
            problems.append(say("desk.stop.no_recipient"))
        for address in (*draft.to, *draft.cc, *draft.bcc):
            if not valid_address(address.address):
                problems.append(say("desk.stop.bad_address", address=address.address))
            elif address.identity in self._config.own_addresses:
                problems.append(say("desk.stop.own_address", address=address.address))
        if draft.kind == "new" and not draft.subject.strip():
            problems.append(say("desk.stop.no_subject"))
        return tuple(problems)

    def slips(self, draft: Draft, at: datetime | None = None) -> tuple[Slip, ...]:
        """What is wrong with its text; the agent may send it all the same."""
        return self._checking.slips(draft, at)

    def _is_chat(self, draft: Draft) -> bool:
        channel = next((c for c in self._config.channels if c.name == draft.channel), None)
        return channel is not None and not isinstance(channel, MailChannelConfig)

    def send(
        self, draft: Draft, then: str = "waiting", until: datetime | None = None, now: bool = False, at: datetime | None = None,
        anyway: bool = False,
    ) -> int:
        """Put a draft into the outbox and set the conversation's status; one step of undo. Returns the outbox row.

        Args:
            then: what the conversation becomes: waiting, closed, open or snoozed.
            until: when a snooze ends.
            now: skip the undo hold.
            at: send it then, not now.
            anyway: whatever the check of its text finds; that is recorded with the reply.

        Raises:
            Refused: something stops it (`check` and `slips` say what), or `at` is past; the draft stays.
        """
        problems = self.check(draft)
        if problems:
            raise Refused("\n".join(problems))
        found = self.slips(draft, at)
        if found and not anyway:
            raise Refused("\n".join(map(checking.words, found)))
        if at is not None:
            to_come(at)
        wanted = effect(draft.actions)
        if then == "waiting" and wanted.status is not None:  # the agent has not said otherwise: what the snippets say
            then, until = wanted.status.value, wanted.until
        kind = "chat" if self._is_chat(draft) else "imap"
        hold = timedelta(0) if now else self._config.undo.get(kind, timedelta(0))

        settled = became_of(draft)

        def change(tx: Tx) -> int:
            if tx.one("SELECT 1 FROM outbox WHERE message_id = ?", (draft.message_id,)) is not None:
                return 0
            conversation = threads.resolve(tx, draft.conversation) or self._begin(tx, draft)
            in_reply_to, references = self._threading(tx.db, conversation, draft)
            row = outbox.put(tx, {
                **drafts.values_of(
                    conversation=conversation, kind=draft.kind, channel=draft.channel, to=draft.to, cc=draft.cc, bcc=draft.bcc,
                    subject=draft.subject, text=draft.text.rstrip(), quoted=draft.quoted, base=draft.base,
                    message_id=draft.message_id, language=draft.language, snippets=draft.snippets, actions=draft.actions,
                    cursor=draft.cursor,
                ),
                "in_reply_to": in_reply_to, "signature": self._signature(draft),
                "reference_list": json.dumps(references), "then_status": then,
                "then_until": 0 if until is None else int(until.timestamp() * 1000),
                "state": MessageState.SCHEDULED if at is not None else MessageState.HELD if hold else MessageState.QUEUED,
                "anyway": json.dumps(masked(found), ensure_ascii=False),
                "hold_until": millis(at) if at is not None else tx.now + int(hold.total_seconds() * 1000) if hold else 0,
            }, draft.id)
            if found:  # decided here and now, whatever becomes of the reply and by whichever channel it goes
                events.record(tx, conversation, Kind.ANYWAY, self._rules.agent, {"message_id": draft.message_id, "found": masked(found)})
            steps: list[Step] = []
            if draft.kind == "reply":
                steps = self._after(tx, conversation, wanted, Status(then), until)
            sent_snippets.put(tx, row, conversation, settled)
            sent_snippets.used(tx, (one.name for one in draft.snippets))
            who = draft.to[0].name or draft.to[0].address if draft.to else self._customer_name(tx, conversation)
            words = say("desk.done.sent", who=who) if at is None else say("desk.done.later", who=who, at=self._when(at))
            self._work.remember(tx, words, [*steps, {"outbox": row}])
            conversations.refresh(tx, conversation, self._rules)
            return row

        sent = self._db.write(change)
        if not sent:
            # Another window sent it. Whoever wants it to go out a second time, changed or not, has to say so.
            draft.message_id = self._mint(draft.channel)
            self.save(draft)
            raise Refused(say("desk.stop.sent_elsewhere"))
        return sent

    def _threading(self, db: sqlite3.Connection, conversation: int, draft: Draft) -> tuple[str, tuple[str, ...]]:
        """In-Reply-To and References of a mail that answers what the agent had seen; empty for a chat."""
        if self._is_chat(draft):
            return "", ()
        base = db.execute(
            "SELECT * FROM message WHERE conversation = ? AND row <= ? AND direction IN ('in', 'out')"
            f" ORDER BY direction = 'in' AND {conversations.NO_REPORT} DESC, direction = 'out' DESC, at DESC, row DESC LIMIT 1",
            (conversation, draft.base),
        ).fetchone()
        if base is None:
            return "", ()
        if base["message_id"].endswith(MADE_UP):
            return "", tuple(json.loads(base["reference_list"]))
        references = rules_of_reply.reply_references(
            base["message_id"], tuple(json.loads(base["reference_list"])), base["in_reply_to"]
        )
        return base["message_id"] if draft.kind == "reply" else "", references

    def _signature(self, draft: Draft) -> str:
        return "" if self._is_chat(draft) else self._config.signature

    def outgoing(self, draft: Draft) -> Outgoing:
        """The mail that `send` would make of a draft now, without its files: for looking at, nothing is written."""
        with self._db.snapshot() as db:
            in_reply_to, references = self._threading(db, threads.resolve(db, draft.conversation), draft)
        channel = self._config.channel(draft.channel)
        address = channel.address if isinstance(channel, MailChannelConfig) else self._config.agent_email
        text = outbox.whole_text(draft.text.rstrip(), self._signature(draft), draft.quoted)
        return Outgoing(
            message_id=draft.message_id, sender=Address(self._config.agent_name, address), to=draft.to, cc=draft.cc, bcc=draft.bcc,
            subject=draft.subject, text=text, date=datetime.now(UTC), in_reply_to=in_reply_to, references=references,
        )

    @staticmethod
    def _customer_name(tx: Tx, conversation: int) -> str:
        row = tx.one("SELECT p.name FROM conversation c JOIN customer p ON p.id = c.customer WHERE c.row = ?", (conversation,))
        return str(row["name"]) if row else ""

    def _begin(self, tx: Tx, draft: Draft) -> int:
        """The conversation that this draft begins."""
        person = (*draft.to, *draft.cc, *draft.bcc)[0]
        customer = customers.resolve(tx, person.name, customers.mail_identities(person.address))
        row = tx.insert(
            "INSERT INTO conversation (id, channel, kind, target, subject, customer, last_at, first_at) VALUES (?, ?, 'imap', ?, ?, ?, ?, ?)",
            (threads.mint(tx), draft.channel, draft.message_id, draft.subject, customer, tx.now, tx.now),
        )
        threads.lead(tx, draft.message_id, row)
        return row

    def _after(self, tx: Tx, conversation: int, wanted: Effect, then: Status, until: datetime | None) -> list[Step]:
        """What answering does to the conversation: claimed if nobody had it, read, its status, the snippets' actions."""
        work = self._work
        steps: list[Step] = []
        known = tx.one("SELECT kind, assignee FROM conversation WHERE row = ?", (conversation,))
        if not wanted.assign and not known["assignee"] and known["kind"] == "imap":
            steps += work.give(tx, conversation, Kind.CLAIM, self._rules.agent)
        steps += label(work, tx, conversation, wanted)
        steps += work._see(tx, conversation)  # noqa: SLF001 - the same room
        if then is not Status.OPEN and not (known["kind"] != "imap" and then is Status.WAITING):
            steps += set_status(work, tx, conversation, then, until)
        return steps

    def cancel(self, row: int) -> int | None:
        """Take a reply back as long as nobody has it for certain; the conversation whose draft it is again, or None.

        One of unknown outcome becomes a draft too, by the agent's word: a new letter, under a Message-ID of its own.
        """

        def change(tx: Tx) -> int | None:
            known = tx.one("SELECT conversation, channel, state FROM outbox WHERE id = ?", (row,))
            fresh = self._mint(known["channel"]) if known is not None and known["state"] == MessageState.UNKNOWN else ""
            if known is None or outbox.restore_draft(tx, row, fresh) is None:
                return None
            self._work_undone(tx, row)
            if known["conversation"]:
                conversations.refresh(tx, known["conversation"], self._rules)
            return int(known["conversation"])

        return self._db.write(change)

    def _work_undone(self, tx: Tx, row: int) -> None:
        """The undo step of this send takes back the rest of it too: status, claim, tags."""
        found = tx.one("SELECT id, steps FROM undo WHERE done = 0 AND steps LIKE ? ORDER BY id DESC LIMIT 1", (f'%{{"outbox": {row}}}%',))
        if found is None:
            return
        tx.execute("UPDATE undo SET done = 1 WHERE id = ?", (found["id"],))
        for step in reversed(json.loads(found["steps"])):
            if "outbox" not in step:
                self._work._take_back(tx, step, set())  # noqa: SLF001 - the same room

    # -- what became of it

    def outbox(self) -> tuple[OutboxFact, ...]:
        """Everything not yet filed or to be looked at, and what was filed in the last day; newest last."""
        with self._db.snapshot() as db:
            return outgoing.facts(db, [channel.name for channel in self._config.channels])

    def state(self, row: int) -> MessageState | None:
        """Where one reply stands; None if it was taken back."""
        found = self._db.value("SELECT state FROM outbox WHERE id = ?", (row,))
        return None if found is None else MessageState(found)

    def next_opening(self) -> datetime | None:
        """When the desk opens next; None if it never closes."""
        return opening_hours(self._config).opens_after(datetime.now(UTC))

    def unsent(self) -> int:
        """How many replies the engine still has to hand over now; those that are to go later are not among them."""
        marks = ", ".join(f"'{s.value}'" for s in outbox.UNSENT if s is not MessageState.SCHEDULED)
        return int(self._db.value(f"SELECT count(*) FROM outbox WHERE state IN ({marks})") or 0)
