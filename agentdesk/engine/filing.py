"""What a mailbox does for the outbox: the copy in Sent exactly once, and looking for replies of unknown outcome."""

from __future__ import annotations

import logging
import sqlite3

from agentdesk.channels.base import MailActions
from agentdesk.domain.conversation import MessageState as S
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.store import conversations, outbox
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, moment, now_millis
from agentdesk.store.rules import Rules

log = logging.getLogger(__name__)
PAUSES = (2.0, 10.0, 60.0, 300.0)


class Filing:
    """Steps of the outbox that need the mailbox. Used by the mailbox's thread."""

    def __init__(self, channel: str, mailbox: MailActions, database: Database, blobs: Blobs, rules: Rules, sender: tuple[str, str]) -> None:
        self._channel, self._mailbox, self._db, self._blobs = channel, mailbox, database, blobs
        self._rules, self._sender = rules, sender

    def run_due(self) -> None:
        """File what was accepted, look for what is unknown. A lost line ends it (`ChannelDown` goes up)."""
        for row in outbox.due(self._db, self._channel, now_millis(), outbox.FILE):
            if row["state"] == S.ACCEPTED:
                self._file(row)
            else:
                self._look(row)

    def seconds_to_next(self, most: float) -> float:
        """How long nothing is due."""
        return outbox.seconds_to_next(self._db, self._channel, now_millis(), outbox.FILE, most)

    def _file(self, row: sqlite3.Row) -> None:
        pause = PAUSES[min(row["file_attempts"], len(PAUSES) - 1)]

        def begin(tx: Tx) -> None:
            tx.execute(
                "UPDATE outbox SET file_attempts = file_attempts + 1, next_try_at = ? WHERE id = ?",
                (tx.now + int(pause * 1000), row["id"]),
            )

        self._db.write(begin)
        if not self._mailbox.is_filed(row["message_id"]):
            content = self._blobs.get(row["blob"]) if row["blob"] else None
            if content is None:  # marked as sent by the agent before it was ever composed
                self._filed(row["id"], say("engine.no_copy"))
                return
            try:
                self._mailbox.file(content, moment(row["accepted_at"]))
            except Refused as error:  # Sent is full, or may not be written: no reason to stop bringing mail in
                words = str(error)
                self._db.write(lambda tx: outbox.move(tx, row["id"], S.ACCEPTED, expect=(S.ACCEPTED,), detail=words))
                return
        self._filed(row["id"], row["detail"])

    def _filed(self, row: int, detail: str) -> None:
        self._db.write(lambda tx: outbox.move(tx, row, S.FILED, expect=(S.ACCEPTED,), filed_at=tx.now, detail=detail))

    def _look(self, row: sqlite3.Row) -> None:
        """A reply that may have gone out: Sent is asked once, then the agent decides. It is never repeated here."""
        found = self._mailbox.is_filed(row["message_id"])

        def change(tx: Tx) -> None:
            tx.execute("UPDATE outbox SET looked_at = ? WHERE id = ?", (tx.now, row["id"]))
            if found:
                outbox.accept(tx, row["id"], S.FILED, "", say("engine.found_in_sent"), self._sender)
            else:
                outbox.move(tx, row["id"], S.UNKNOWN, expect=(S.UNKNOWN,), detail=" ".join(
                    part for part in (row["detail"], say("engine.not_in_sent")) if part
                ))
            if row["conversation"]:
                conversations.refresh(tx, row["conversation"], self._rules)

        self._db.write(change)
