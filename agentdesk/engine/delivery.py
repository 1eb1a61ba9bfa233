"""Handing replies over: at most once (`docs/decisions/0003-at-most-once.md`).

The attempt is recorded before it is made. What may have been handed over is never repeated by itself: it is looked for, then
shown to the agent. Before anything is handed over, the conversation is looked at once more: if the customer wrote meanwhile, the
reply comes back as a conflict.
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
from collections.abc import Callable

from agentdesk.channels.base import Attempt, Outcome, Sender
from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.conversation import Status
from agentdesk.domain.events import Kind
from agentdesk.domain.message import Address, Outgoing, OutgoingFile
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.locale import say
from agentdesk.mail.compose import compose
from agentdesk.store import conversations, events, jobs, outbox
from agentdesk.store.addresses import from_json
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, moment, now_millis
from agentdesk.store.rules import Rules

log = logging.getLogger(__name__)

LONGEST_PAUSE = 300.0
"""Seconds between two attempts at most; a reply is never given up by itself."""
TRANSIENT = 3
"""Attempts from which a way out counts as not working: greylisting is over by the second."""


class Delivery:
    """The way out of one channel. Used by one thread."""

    def __init__(
        self, config: DeskConfig, channel: str, sender: Sender, database: Database, blobs: Blobs, rules: Rules, accepted: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        """`accepted` is called when the mailbox has something to do, `refused` when the server does not take the password."""
        self._config, self._channel, self._sender = config, channel, sender
        self._db, self._blobs, self._rules, self._accepted = database, blobs, rules, accepted
        self._refused = refused
        self._ending = threading.Event()
        self._unsettled: dict[int, Attempt] = {}
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
        self._pick_up()
        for row in outbox.due(self._db, self._channel, now_millis(), outbox.HAND_OVER):
            if self._ending.is_set():
                return
            if row["state"] in (S.HELD, S.SCHEDULED):
                self._move(row["id"], S.QUEUED, (S.HELD, S.SCHEDULED))
            self._hand_over(row["id"])

    def stop(self) -> None:
        """Begin nothing more; may be called from any thread."""
        self._ending.set()

    def _pick_up(self) -> None:
        """What the last run could not write down (the disk was full): first what is known of an attempt, then the rest.

        Nobody else hands over on this channel, so no row can be on its way now.
        """
        for row, attempt in list(self._unsettled.items()):
            self._settle(row, attempt, expect=(S.SENDING,))
        if self._db.value("SELECT 1 FROM outbox WHERE channel = ? AND state IN ('fenced', 'sending')", (self._channel,)):
            self._db.write(lambda tx: outbox.recover(tx, self._channel))

    def seconds_to_next(self, most: float) -> float:
        """How long nothing is due."""
        return outbox.seconds_to_next(self._db, self._channel, now_millis(), outbox.HAND_OVER, most)

    def _move(self, row: int, state: S, expect: tuple[S, ...]) -> bool:
        return self._db.write(lambda tx: outbox.move(tx, row, state, expect=expect))

    def _hand_over(self, row: int) -> None:
        out = self._fence(row)
        if out is None:
            return
        try:
            outgoing = self._outgoing(out)
            digest = self._blobs.put(compose(outgoing)) if self._is_mail else ""
        except DeskError as error:  # the disk is full
            self._settle(row, Attempt(Outcome.DEFERRED, str(error)), expect=(S.FENCED,))
            return
        except Exception as error:  # nothing was handed over: whatever it is, the agent must see it
            log.exception("composing outbox %s", row)
            self._settle(row, Attempt(Outcome.REJECTED, say("engine.cannot_compose", error=error)), expect=(S.FENCED,))
            return

        def begin(tx: Tx) -> bool:
            return outbox.move(tx, row, S.SENDING, expect=(S.FENCED,), attempts=out["attempts"] + 1, blob=digest)

        if not self._db.write(begin):
            return
        pause, self.sending = 0.0, True
        try:
            attempt = self._sender.send(outgoing, self._remote(out))
        except LoginRefused as error:  # before anything was handed over
            attempt = Attempt(Outcome.DEFERRED, str(error))
            pause = LONGEST_PAUSE  # a wrong password tried again and again locks the account
        except Exception as error:
            log.exception("sending outbox %s", row)
            attempt = Attempt(Outcome.UNKNOWN, say("engine.broke_off", error=error))
        finally:
            self.sending = False
        self.failed = attempt.outcome is Outcome.DEFERRED and (out["attempts"] + 1 >= TRANSIENT or bool(pause))
        self._unsettled[row] = attempt
        self._settle(row, attempt, expect=(S.SENDING,), pause=pause)
        if pause:
            self._refused(attempt.detail)

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

    def _settle(self, row: int, attempt: Attempt, expect: tuple[S, ...], pause: float = 0.0) -> None:
        """Write down what became of an attempt; `pause`: how long to wait at least before the next."""

        def change(tx: Tx) -> None:
            out = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
            detail = attempt.detail
            if attempt.outcome is Outcome.ACCEPTED:
                if attempt.refused:
                    detail = say("engine.some_refused", addresses=", ".join(attempt.refused), detail=detail)
                state = S.ACCEPTED if self._is_mail else S.FILED
                settled = outbox.accept(tx, row, state, attempt.remote_id, detail, (self._from.name, self._from.address))
                if settled and out["conversation"] and self._is_mail and out["kind"] == "reply":
                    events.record(tx, out["conversation"], Kind.REPLIED, self._rules.agent, {"message_id": out["message_id"]})
            elif attempt.outcome is Outcome.DEFERRED:
                seconds = max(pause, min(LONGEST_PAUSE, 2.0 ** min(out["attempts"], 9))) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
                outbox.move(tx, row, S.QUEUED, expect=expect, detail=detail, next_try_at=tx.now + int(seconds * 1000))
            else:
                state = S.REJECTED if attempt.outcome is Outcome.REJECTED else S.UNKNOWN
                # A chat was looked through by its channel at once; what turns up later is noticed when it is shown.
                outbox.move(tx, row, state, expect=expect, detail=detail, looked_at=0 if self._is_mail else tx.now)
                self._reopen(tx, out["conversation"])
            if out["conversation"]:
                conversations.refresh(tx, out["conversation"], self._rules)

        self._db.write(change)
        self._unsettled.pop(row, None)
        if attempt.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            self._accepted()

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
