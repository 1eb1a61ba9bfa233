"""Handing replies over: at most once (`docs/decisions/0003-at-most-once.md`).

The attempt is recorded before it is made, with everybody it is for. What may have been handed over is never repeated by itself: it is looked
for, then shown to the agent. Before anything is handed over, the conversation is looked at once more: if the customer wrote
meanwhile, the reply comes back as a conflict.
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace

from agentdesk.channels.base import Attempt, Lingering, Outcome, Sender
from agentdesk.channels.smtp import recipients_of
from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.conversation import Status
from agentdesk.domain.events import Kind
from agentdesk.domain.message import Address, Outgoing, OutgoingFile
from agentdesk.engine.pacing import Pacing, Timetable
from agentdesk.errors import DeskError, LoginRefused, Refused
from agentdesk.locale import say
from agentdesk.mail.compose import compose
from agentdesk.store import conversations, events, jobs, outbox, recipients
from agentdesk.store.addresses import from_json
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, moment, now_millis
from agentdesk.store.rules import Rules

log = logging.getLogger(__name__)

LONGEST_PAUSE = 300.0
"""Seconds between two attempts at most; a reply is never given up by itself."""
LONGEST_FOR_ONE = 3600.0
"""The same for a recipient who is refused for now while others have the mail (greylisting takes minutes, a full mailbox days)."""
PATIENCE_FOR_ONE = 12
"""Attempts for such a one (some seven hours) after which the agent is told; they go on."""
PASSED_OVER = 1.0
"""Seconds between two looks while something is due and has to wait: for the mailbox, or for the reply before it."""
TRANSIENT = 3
"""Attempts from which a way out counts as not working: greylisting is over by the second."""


class Delivery:
    """The way out of one channel. Used by one thread."""

    def __init__(
        self, config: DeskConfig, channel: str, sender: Sender, database: Database, blobs: Blobs, rules: Rules, accepted: Callable[[], None],
        refused: Callable[[str], None], timetable: Timetable | None = None, fresh: Callable[[], bool] = lambda: True,
        away: Callable[[], bool] = lambda: False,
    ) -> None:
        """`accepted` is called when the mailbox has something to do, `refused` when the server does not take the password.

        `fresh`: what customers wrote up to now is known here. Until it is, no answer goes out: it might have been overtaken unseen.
        `away`: the desk is offline: what is due is noted as such, and nothing is handed over.
        """
        self._config, self._channel, self._sender = config, channel, sender
        self._db, self._blobs, self._rules, self._accepted = database, blobs, rules, accepted
        self._refused, self._fresh, self._away = refused, fresh, away
        self._passed_over = self._resting = False
        self._ending = threading.Event()
        self._unsettled: dict[tuple[int, bool], Attempt] = {}
        self._timetable = timetable or Timetable()
        self._pacing = Pacing(database, channel, config.per_minute)
        self.failed = False
        """The last attempts could not hand anything over (no server, no login)."""
        self.sending = False
        """A server is being spoken to."""
        known = config.channel(channel)
        self._is_mail = isinstance(known, MailChannelConfig)
        address = known.address if isinstance(known, MailChannelConfig) else config.agent_email
        self._from = Address(config.agent_name, address)

    def run_due(self) -> None:
        """Take every step that can be taken now."""
        self._timetable.look()
        if isinstance(self._sender, Lingering):
            self._sender.let_go()
        self._pick_up()
        self._overtaken()
        self._passed_over = False
        due, self._resting = self._due(), self._away()
        for row in due:
            if self._stopped() or self._resting:
                return
            if self._in_turn(row) and (self._fresh() or not self._may_be_overtaken(row)):
                self._hand_over(row)
            else:
                self._passed_over = True
        for row in recipients.due(self._db, self._channel, now_millis()):
            if self._stopped() or self._resting:
                return
            self._hand_over_rest(row)

    def _in_turn(self, row: int) -> bool:
        """No earlier reply of the conversation is on its way still: it would read as if it came after."""
        return not self._db.value(
            "SELECT 1 FROM outbox o JOIN outbox e ON e.conversation = o.conversation AND e.channel = o.channel AND e.id < o.id"
            " WHERE o.id = ? AND o.conversation != 0 AND o.kind = 'reply' AND e.kind = 'reply' AND NOT o.override AND e.state IN ('held', 'queued', 'fenced', 'sending')",
            (row,),
        )

    def _may_be_overtaken(self, row: int) -> bool:
        """An answer; the agent has not said that it goes out in any case."""
        return bool(self._db.value("SELECT 1 FROM outbox WHERE id = ? AND kind = 'reply' AND NOT override AND conversation != 0", (row,)))

    def stop(self) -> None:
        """Begin nothing more; may be called from any thread."""
        self._ending.set()

    def _stopped(self) -> bool:
        return self._ending.is_set() or self._pacing.blocked() > 0

    def _due(self) -> list[int]:
        """What can be handed over now, in the order in which it was sent; what was held or scheduled is queued by this."""
        ready = [row for row, left in self._timetable.hold_left(self._held()).items() if left <= 0 and self._move(row, S.QUEUED, (S.HELD,))]
        for row in outbox.due(self._db, self._channel, now_millis(), outbox.HAND_OVER):
            if row["state"] == S.SCHEDULED:
                objection = self._timetable.objection(row)
                if objection:
                    self._ask(row["id"], objection)
                    continue
                self._move(row["id"], S.QUEUED, (S.SCHEDULED,))
            ready.append(row["id"])
        return sorted(ready)

    def _held(self) -> list[sqlite3.Row]:
        return self._db.all("SELECT * FROM outbox WHERE channel = ? AND state = 'held'", (self._channel,))

    def _overtaken(self) -> None:
        """A reply that is to go out later, in a conversation that went on: the agent decides now, not when its time has come."""
        for row in self._db.all("SELECT * FROM outbox WHERE channel = ? AND state = 'scheduled'", (self._channel,)):
            if outbox.moved_on(self._db.reader(), row):
                self._ask(row["id"], say("engine.moved_on"))

    def _ask(self, row: int, words: str) -> None:
        def change(tx: Tx) -> None:
            if outbox.move(tx, row, S.CONFLICT, expect=(S.SCHEDULED,), detail=words):
                self._reopen(tx, tx.one("SELECT conversation FROM outbox WHERE id = ?", (row,))["conversation"])

        self._db.write(change)

    def _pick_up(self) -> None:
        """What the last run could not write down (the disk was full): first what is known of an attempt, then the rest.

        Nobody else hands over on this channel, so no row can be on its way now.
        """
        for (row, rest), attempt in list(self._unsettled.items()):
            if rest:
                self._settle_rest(row, attempt)
            else:
                self._settle(row, attempt, expect=(S.SENDING,))
        if self._db.value(
            "SELECT 1 FROM outbox WHERE channel = ?1 AND state IN ('fenced', 'sending') UNION ALL SELECT 1 FROM recipient r JOIN outbox o"
            " ON o.id = r.outbox WHERE o.channel = ?1 AND r.state = 'trying'", (self._channel,),
        ):
            self._db.write(lambda tx: outbox.recover(tx, self._channel))

    def seconds_to_next(self, most: float) -> float:
        """How long nothing is due."""
        now = now_millis()
        held = self._timetable.hold_left(self._held()).values()
        if self._resting:
            return min((most, *held))
        left = min(
            outbox.seconds_to_next(self._db, self._channel, now, outbox.HAND_OVER, most),
            recipients.seconds_to_next(self._db, self._channel, now, most), *held,
        )
        left = min(most, max(left, self._pacing.blocked(), PASSED_OVER if self._passed_over else 0.0))
        open_for = self._sender.let_go() if isinstance(self._sender, Lingering) else 0.0
        return min(left, open_for) if open_for else left

    def _move(self, row: int, state: S, expect: tuple[S, ...]) -> bool:
        return self._db.write(lambda tx: outbox.move(tx, row, state, expect=expect))

    # -- one reply

    def _hand_over(self, row: int) -> None:
        out = self._fence(row)
        if out is None:
            return
        try:
            outgoing = self._outgoing(out)
            digest = self._blobs.put(compose(outgoing)) if self._is_mail else ""
            everybody = recipients_of(outgoing) if self._is_mail else ()
        except Refused as error:  # an address that is none
            self._settle(row, Attempt(Outcome.REJECTED, str(error)), expect=(S.FENCED,))
            return
        except DeskError as error:  # the disk is full
            self._settle(row, Attempt(Outcome.DEFERRED, str(error)), expect=(S.FENCED,))
            return
        except Exception as error:  # nothing was handed over: whatever it is, the agent must see it
            log.exception("composing outbox %s", row)
            self._settle(row, Attempt(Outcome.REJECTED, say("engine.cannot_compose", error=error)), expect=(S.FENCED,))
            return

        def begin(tx: Tx) -> tuple[str, ...] | None:
            if not outbox.move(tx, row, S.SENDING, expect=(S.FENCED,), attempts=out["attempts"] + 1, blob=digest, tried_at=tx.now):
                return None
            return recipients.begin(tx, row, everybody)

        chosen = self._db.write(begin)
        if chosen is None:
            return
        if set(chosen) != set(everybody):
            outgoing = replace(outgoing, only=chosen)
        attempt = Attempt(Outcome.REJECTED, say("channels.no_recipient")) if everybody and not chosen else self._attempt(outgoing, out)
        self.failed = attempt.outcome is Outcome.DEFERRED and (out["attempts"] + 1 >= TRANSIENT or bool(attempt.pause))
        self._unsettled[row, False] = attempt
        self._settle(row, attempt, expect=(S.SENDING,))

    def _attempt(self, outgoing: Outgoing, out: sqlite3.Row) -> Attempt:
        """Speak with the server, once. Whatever goes wrong becomes an outcome."""
        self.sending = True
        self._pacing.attempted()
        try:
            attempt = self._sender.send(outgoing, self._remote(out))
        except LoginRefused as error:  # before anything was handed over; a wrong password tried again and again locks the account
            self._refused(str(error))
            return Attempt(Outcome.DEFERRED, str(error), pause=LONGEST_PAUSE, whole=True)
        except Exception as error:
            log.exception("sending outbox %s", out["id"])
            return Attempt(Outcome.UNKNOWN, say("engine.broke_off", error=error))
        finally:
            self.sending = False
        if attempt.whole and not attempt.pause:
            self._pacing.failures += 1
            attempt = replace(attempt, pause=min(LONGEST_PAUSE, 2.0 ** min(self._pacing.failures, 9)) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        return attempt

    def _pace(self, tx: Tx, attempt: Attempt) -> None:
        """What an attempt says about the next ones: a limit, a way out that does not work, or that it does."""
        if attempt.pause:
            words = say("engine.limited", detail=attempt.detail) if not attempt.whole else attempt.detail
            self._pacing.hold_up(tx, attempt.pause, words)
        elif attempt.outcome is not Outcome.UNKNOWN:
            self._pacing.works(tx)

    def _fence(self, row: int) -> sqlite3.Row | None:
        """The last look before handing over: fenced, or in conflict because the conversation moved on."""

        def change(tx: Tx) -> sqlite3.Row | None:
            out: sqlite3.Row | None = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
            if out is None or out["state"] != S.QUEUED:
                return None
            if outbox.moved_on(tx, out):
                outbox.move(tx, row, S.CONFLICT, expect=(S.QUEUED,), detail=say("engine.moved_on"))
                self._reopen(tx, out["conversation"])
                return None
            outbox.move(tx, row, S.FENCED, expect=(S.QUEUED,))
            return out

        return self._db.write(change)

    def _remote(self, out: sqlite3.Row) -> str:
        found = self._db.value("SELECT remote FROM conversation WHERE row = ?", (out["conversation"],))
        return str(found or "")

    def _outgoing(self, out: sqlite3.Row) -> Outgoing:
        files = []
        for f in self._db.all("SELECT name, type, blob FROM draft_file WHERE outbox = ? ORDER BY id", (out["id"],)):
            content = self._blobs.get(f["blob"])
            if content is None:
                raise FileNotFoundError(f["name"])
            files.append(OutgoingFile(f["name"], f["type"], content))
        return outgoing_of(out, self._from, tuple(files))

    def _settle(self, row: int, attempt: Attempt, expect: tuple[S, ...]) -> None:
        """Write down what became of an attempt."""

        def change(tx: Tx) -> None:
            out = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
            later = tx.now + int(_pause(LONGEST_FOR_ONE, out["attempts"] + 3, attempt.pause) * 1000)
            recipients.settle(
                tx, row, _BECOMES[attempt.outcome], refused=attempt.refused, later=attempt.later, answers=dict(attempt.answers),
                detail=attempt.detail, next_try_at=later,
            )
            if attempt.outcome is Outcome.ACCEPTED:
                state = S.ACCEPTED if self._is_mail else S.FILED
                settled = outbox.accept(tx, row, state, attempt.remote_id, attempt.detail, (self._from.name, self._from.address))
                if settled and out["conversation"] and self._is_mail and out["kind"] == "reply":
                    events.record(tx, out["conversation"], Kind.REPLIED, self._rules.agent, {"message_id": out["message_id"]})
                if any(one.state == "refused" for one in recipients.of(tx, row)):  # by this attempt, or by one before it
                    self._tell(tx, out)
            elif attempt.outcome is Outcome.DEFERRED:
                pause = _pause(LONGEST_PAUSE, out["attempts"], attempt.pause)
                outbox.move(tx, row, S.QUEUED, expect=expect, detail=attempt.detail, next_try_at=tx.now + int(pause * 1000))
                recipients.again_now(tx, row)
            else:
                state = S.REJECTED if attempt.outcome is Outcome.REJECTED else S.UNKNOWN
                # A chat was looked through by its channel at once; what turns up later is noticed when it is shown.
                outbox.move(
                    tx, row, state, expect=expect, detail=attempt.detail, looked_at=0 if self._is_mail else tx.now, file_attempts=0, next_try_at=0
                )
                self._reopen(tx, out["conversation"])
            self._pace(tx, attempt)
            if out["conversation"]:
                conversations.refresh(tx, out["conversation"], self._rules)

        self._db.write(change)
        self._unsettled.pop((row, False), None)
        if attempt.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            self._accepted()

    # -- those who were refused for now while others have it

    def _hand_over_rest(self, row: int) -> None:
        """An attempt of their own: the same message, for them alone."""
        out = self._db.one("SELECT * FROM outbox WHERE id = ?", (row,))
        try:
            outgoing = self._outgoing(out)
        except Exception as error:  # an attachment is gone: nobody else will get it
            log.exception("composing outbox %s for the rest", row)
            self._db.write(lambda tx: recipients.begin(tx, row, due=True))
            self._settle_rest(row, Attempt(Outcome.REJECTED, say("engine.cannot_compose", error=error)))
            return
        chosen = self._db.write(lambda tx: recipients.begin(tx, row, due=True))
        if not chosen:
            return
        attempt = self._attempt(replace(outgoing, only=chosen), out)
        self._unsettled[row, True] = attempt
        self._settle_rest(row, attempt)

    def _settle_rest(self, row: int, attempt: Attempt) -> None:
        def change(tx: Tx) -> None:
            out = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
            tried = max((one.attempts for one in recipients.of(tx, row) if one.state == "trying"), default=1)
            pause = _pause(LONGEST_FOR_ONE, tried + 3, attempt.pause)
            recipients.settle(
                tx, row, _BECOMES[attempt.outcome], refused=attempt.refused, later=attempt.later, answers=dict(attempt.answers),
                detail=attempt.detail, next_try_at=tx.now + int(pause * 1000),
            )
            if attempt.outcome in (Outcome.UNKNOWN, Outcome.REJECTED) or attempt.refused or tried == PATIENCE_FOR_ONE:
                self._tell(tx, out)
            self._pace(tx, attempt)
            outbox.announce(tx, row)

        self._db.write(change)
        self._unsettled.pop((row, True), None)

    def _tell(self, tx: Tx, out: sqlite3.Row) -> None:
        """It went out, but not to everybody: the agent must see it."""
        recipients.look(tx, out["id"])
        self._reopen(tx, out["conversation"])

    def _reopen(self, tx: Tx, conversation: int) -> None:
        """A reply that needs the agent must not hide in a conversation that counts as answered."""
        known = tx.one("SELECT kind, channel, status FROM conversation WHERE row = ?", (conversation,))
        if known is None or known["status"] == Status.OPEN:
            return
        if known["kind"] == "imap":
            events.record(tx, conversation, Kind.STATUS, self._rules.agent, {"status": Status.OPEN.value})
        else:
            tx.execute("UPDATE conversation SET status = 'open' WHERE row = ?", (conversation,))
            jobs.add(tx, known["channel"], "action", conversation=conversation, data={"verb": "status", "status": "open"})
        conversations.refresh(tx, conversation, self._rules)


_BECOMES = {Outcome.ACCEPTED: "accepted", Outcome.DEFERRED: "waiting", Outcome.REJECTED: "refused", Outcome.UNKNOWN: "unknown"}


def _pause(longest: float, attempts: int, least: float) -> float:
    """Seconds to the next attempt: growing, and jittered."""
    grown = min(longest, 2.0 ** min(attempts, 12)) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    return max(least, grown)


def outgoing_of(out: sqlite3.Row, sender: Address, files: tuple[OutgoingFile, ...]) -> Outgoing:
    """An outbox row as the message it is; what was quoted stands below the text."""
    text = outbox.whole_text(out["text"], out["signature"], out["quoted"])
    return Outgoing(
        message_id=out["message_id"], sender=sender, to=from_json(out["to_list"]), cc=from_json(out["cc_list"]),
        bcc=from_json(out["bcc_list"]), subject=out["subject"], text=text, date=moment(out["date"]), in_reply_to=out["in_reply_to"],
        references=tuple(_strings(out["reference_list"])), files=files,
    )


def _strings(stored: str) -> list[str]:
    return [str(value) for value in json.loads(stored)]
