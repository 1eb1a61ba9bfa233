"""What a mailbox does for the outbox: the copy in Sent exactly once, and looking for replies of unknown outcome.

Some providers put what goes out by their SMTP server into Sent by themselves. There a copy of ours would be the second: it is waited for, and
where none comes the agent is told.
"""

from __future__ import annotations

import logging
import sqlite3

from agentdesk.channels.base import FolderFull, MailActions, Trace
from agentdesk.domain.conversation import MessageState as S
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.store import conversations, outbox
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, moment, now_millis
from agentdesk.store.rules import Rules

log = logging.getLogger(__name__)
PAUSES = (2.0, 10.0, 60.0, 300.0)
REFUSED_PAUSES = (60.0, 300.0, 1800.0, 3600.0)
"""A folder that is full stays so until somebody makes room."""
COPY_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Between two looks for the copy a provider makes."""
COPY_PATIENCE = 180_000
"""Milliseconds after which the agent is told that there is none; looked for it is further on."""
LATE_COPY = 600.0
LOOKS = (20.0, 60.0, 300.0, 1800.0)
"""Between two looks for a reply of unknown outcome: what did go out may reach Sent later."""


class Filing:
    """Steps of the outbox that need the mailbox. Used by the mailbox's thread."""

    def __init__(
        self, channel: str, mailbox: MailActions, database: Database, blobs: Blobs, rules: Rules, sender: tuple[str, str], sent_copy: str = "auto"
    ) -> None:
        """`sent_copy`: who makes the copy, as the channel's configuration says it."""
        self._channel, self._mailbox, self._db, self._blobs = channel, mailbox, database, blobs
        self._rules, self._sender, self._sent_copy = rules, sender, sent_copy

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

    def _begin(self, row: sqlite3.Row, pauses: tuple[float, ...], last: float) -> None:
        """Count the attempt, and say when the next would be, before it is made."""
        tried = row["file_attempts"]
        pause = pauses[tried] if tried < len(pauses) else last

        def change(tx: Tx) -> None:
            tx.execute(
                "UPDATE outbox SET file_attempts = file_attempts + 1, tried_at = ?, next_try_at = ? WHERE id = ?",
                (tx.now, tx.now + int(pause * 1000) if pause else 0, row["id"]),
            )

        self._db.write(change)

    # -- the copy

    def _by_server(self, row: sqlite3.Row) -> bool:
        """Whether the copy is the server's business; the agent's word for one reply comes first."""
        mode = row["sent_copy"] or self._sent_copy
        return self._mailbox.files_sent_itself if mode == "auto" else bool(mode == "server")

    def _file(self, row: sqlite3.Row) -> None:
        by_server = self._by_server(row)
        if by_server:
            self._begin(row, COPY_PAUSES, COPY_PAUSES[-1] if now_millis() - row["accepted_at"] < COPY_PATIENCE else LATE_COPY)
        else:
            self._begin(row, PAUSES, PAUSES[-1])
        if self._mailbox.is_filed(row["message_id"]):
            self._filed(row["id"], row["detail"])
            return
        if by_server:
            if not 0 <= now_millis() - row["accepted_at"] < COPY_PATIENCE:
                self._not_filed(row, say("engine.no_copy_by_server"), LATE_COPY)
            return
        content = self._blobs.get(row["blob"]) if row["blob"] else None
        if content is None:  # marked as sent by the agent before it was ever composed
            self._filed(row["id"], say("engine.no_copy"))
            return
        try:
            self._mailbox.file(content, moment(row["accepted_at"]))
        except FolderFull:
            self._not_filed(row, say("engine.sent_full"))
        except Refused as error:  # Sent may not be written: no reason to stop bringing mail in
            self._not_filed(row, say("engine.not_filed", detail=error))
        else:
            self._filed(row["id"], row["detail"])

    def _not_filed(self, row: sqlite3.Row, words: str, pause: float = 0.0) -> None:
        """It is out all the same; only the copy is tried again, slowly."""
        seconds = pause or REFUSED_PAUSES[min(row["file_attempts"], len(REFUSED_PAUSES) - 1)]

        def change(tx: Tx) -> None:
            next_try = tx.now + int(seconds * 1000)
            outbox.move(tx, row["id"], S.ACCEPTED, expect=(S.ACCEPTED,), file_detail=words, next_try_at=next_try)

        self._db.write(change)

    def _filed(self, row: int, detail: str) -> None:
        self._db.write(
            lambda tx: outbox.move(tx, row, S.FILED, expect=(S.ACCEPTED,), filed_at=tx.now, detail=detail, file_detail="", next_try_at=0)
        )

    # -- what may have gone out

    def _look(self, row: sqlite3.Row) -> None:
        """A reply that may have gone out: Sent is searched, then the rest of the mailbox, then the agent decides. It is never
        repeated here."""
        self._begin(row, LOOKS, 0.0)
        filed = self._mailbox.is_filed(row["message_id"])
        trace = Trace.NONE if filed else self._mailbox.traces(row["message_id"], moment(row["tried_at"] or row["created_at"]))

        def change(tx: Tx) -> None:
            tx.execute("UPDATE outbox SET looked_at = ? WHERE id = ?", (tx.now, row["id"]))
            if filed:
                outbox.accept(tx, row["id"], S.FILED, "", say("engine.found_in_sent"), self._sender)
            elif trace in {Trace.COPY, Trace.ANSWER}:
                outbox.accept(tx, row["id"], S.ACCEPTED, "", say(f"engine.found_{trace.value}"), self._sender)
            elif trace is Trace.REPORT:
                outbox.move(tx, row["id"], S.UNKNOWN, expect=(S.UNKNOWN,), detail=say("engine.found_report"), next_try_at=0)
            elif not row["looked_at"]:
                words = " ".join(part for part in (row["detail"], say("engine.not_found")) if part)
                outbox.move(tx, row["id"], S.UNKNOWN, expect=(S.UNKNOWN,), detail=words)
            if row["conversation"]:
                conversations.refresh(tx, row["conversation"], self._rules)

        self._db.write(change)
