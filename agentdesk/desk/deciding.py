"""What an agent decides about replies in the outbox: send it now, later or again, it arrived, leave it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agentdesk.config import MailChannelConfig
from agentdesk.desk.drafting import Drafting
from agentdesk.desk.facts import Draft
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.message import Address
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.store import conversations, outbox, recipients
from agentdesk.store.addresses import from_json
from agentdesk.store.database import Tx, millis


def to_come(at: datetime) -> None:
    """Raises `Refused` if a moment is past."""
    if at <= datetime.now(UTC):
        raise Refused(say("desk.later_past"))


class Deciding(Drafting):
    """Each is one transaction; the engine does the rest."""

    def _when(self, at: datetime) -> str:
        return f"{at.astimezone(self._config.timezone):%d/%m %H:%M}"

    def _entry(self, tx: Tx, row: int, *states: S) -> Any:
        """The reply, if it is still in one of these states.

        Raises:
            Refused: somebody was quicker.
        """
        known = tx.one("SELECT * FROM outbox WHERE id = ?", (row,))
        if known is None or known["state"] not in states:
            raise Refused(say("desk.outbox_changed"))
        return known

    def send_anyway(self, row: int) -> None:
        """Send a reply in conflict, rejected or unknown (again); of one that went out, to those who may not have it or refused it.

        Raises:
            Refused: it waits for no decision any more.
        """

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, *outbox.TROUBLE, *outbox.OUT)
            if known["state"] in outbox.OUT:
                if not known["look"]:
                    raise Refused(say("desk.outbox_changed"))
                recipients.again(tx, row, ("unknown", "refused"))
                tx.execute("UPDATE outbox SET look = 0 WHERE id = ?", (row,))
            else:
                recipients.again(tx, row, ("unknown", "refused"))
                outbox.move(
                    tx, row, S.QUEUED, expect=outbox.TROUBLE, override=1, next_try_at=0, detail="", looked_at=0, file_attempts=0, hold_until=0
                )
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def mark_sent(self, row: int) -> None:
        """The agent knows that a reply of unknown outcome arrived: it is filed, never sent again."""

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, S.UNKNOWN, *outbox.OUT)
            if known["state"] in outbox.OUT:
                recipients.arrived(tx, row)
                tx.execute("UPDATE outbox SET look = (refused != '[]') WHERE id = ?", (row,))
            else:
                channel = next((c for c in self._config.channels if c.name == known["channel"]), None)
                # A copy of a mail is still to be filed; a chat has it or not.
                is_mail = isinstance(channel, MailChannelConfig)
                address = channel.address if isinstance(channel, MailChannelConfig) else self._config.agent_email
                state = S.ACCEPTED if is_mail else S.FILED
                outbox.accept(tx, row, state, "", say("desk.marked_sent"), (self._config.agent_name, address))
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def reschedule(self, row: int, at: datetime) -> None:
        """Another time for a reply that nobody has yet.

        Raises:
            Refused: the time is past, or the reply is on its way.
        """
        to_come(at)

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, S.HELD, S.SCHEDULED, S.QUEUED, S.CONFLICT)
            # A reply in conflict was read again before this was said.
            seen = 1 if known["state"] == S.CONFLICT else known["override"]
            outbox.move(
                tx, row, S.SCHEDULED, expect=(S(known["state"]),), hold_until=millis(at), next_try_at=0, detail="", override=0, created_at=tx.now,
                base=self._newest_row(tx.db, known["conversation"]) if seen else known["base"],
            )
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def send_now(self, row: int) -> None:
        """What is held, scheduled, or waits for its next try: now. Once also where the server asked for a pause.

        Raises:
            Refused: it is on its way, or there is nothing left to do.
        """

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, S.HELD, S.SCHEDULED, S.QUEUED, *outbox.OUT)
            if known["state"] in outbox.OUT:
                recipients.again_now(tx, row)
            else:
                outbox.move(tx, row, S.QUEUED, expect=(S(known["state"]),), next_try_at=0, hold_until=0)
            tx.execute("UPDATE channel SET out_until = 0 WHERE name = ?", (known["channel"],))
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def file_now(self, row: int) -> None:
        """Try at once to put the copy into Sent, also where that is the server's business; never sends anything.

        Raises:
            Refused: it is filed, or given up.
        """

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, S.ACCEPTED)
            tx.execute("UPDATE outbox SET sent_copy = 'file', file_attempts = 0, next_try_at = 0 WHERE id = ?", (row,))
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def keep_here(self, row: int) -> None:
        """Give the copy in Sent up: it stands in this desk only.

        Raises:
            Refused: it is filed, or given up.
        """

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, S.ACCEPTED)
            outbox.move(
                tx, row, S.FILED, expect=(S.ACCEPTED,), filed_at=tx.now, next_try_at=0, file_detail="", detail=say("desk.kept_here")
            )
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def leave(self, row: int) -> None:
        """Enough of it: those who refused it, or wait for it, don't get it; those it is unknown of are not asked about again.

        Raises:
            Refused: it did not go out.
        """

        def change(tx: Tx) -> None:
            known = self._entry(tx, row, *outbox.OUT)
            recipients.give_up(tx, row)
            recipients.arrived(tx, row)
            tx.execute("UPDATE outbox SET look = 0 WHERE id = ?", (row,))
            self._settled(tx, row, known["conversation"])

        self._db.write(change)

    def write_again(self, row: int) -> Draft:
        """A new letter with the same text to those who refused it, for the agent to put the address right.

        Raises:
            Refused: nobody refused it.
        """
        with self._db.snapshot() as db:
            out = db.execute("SELECT * FROM outbox WHERE id = ?", (row,)).fetchone()
            refused = [] if out is None else [one.address for one in recipients.of(db, row) if one.state == "refused"]
            files = db.execute("SELECT name, type, size, blob FROM draft_file WHERE outbox = ? ORDER BY id", (row,)).fetchall()
        if out is None or out["state"] not in outbox.OUT or not refused:
            raise Refused(say("desk.outbox_changed"))
        known = {a.identity: a for key in ("to_list", "cc_list", "bcc_list") for a in from_json(out[key])}
        draft = Draft(
            id=0, conversation=out["conversation"], kind=out["kind"], channel=out["channel"],
            to=tuple(known.get(address.lower()) or Address("", address) for address in refused), subject=out["subject"], text=out["text"],
            quoted=out["quoted"], base=self._newest_row(self._db.reader(), out["conversation"]), language=out["language"],
            cursor=out["cursor"], message_id=self._mint(out["channel"]),
        )
        draft = self.save(draft)

        def change(tx: Tx) -> None:
            for file in files:
                tx.execute("INSERT INTO draft_file (draft, name, type, size, blob) VALUES (?, ?, ?, ?, ?)",
                           (draft.id, file["name"], file["type"], file["size"], file["blob"]))
            tx.execute("UPDATE outbox SET look = EXISTS (SELECT 1 FROM recipient WHERE outbox = ?1 AND state = 'unknown') WHERE id = ?1", (row,))
            self._settled(tx, row, out["conversation"])

        self._db.write(change)
        return replace(draft, files=self._files(self._db.reader(), draft.id))

    def _settled(self, tx: Tx, row: int, conversation: int) -> None:
        outbox.announce(tx, row)
        if conversation:
            conversations.refresh(tx, conversation, self._rules)
