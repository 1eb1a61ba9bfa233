"""What a channel's thread does for the store between two steps of syncing: texts and parts wanted now, flags, moves, chat verbs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from agentdesk.channels.base import ChannelDown, MailActions
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.locale import say
from agentdesk.mail.parts import decode_transfer
from agentdesk.store import jobs
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx
from agentdesk.store.jobs import Job

log = logging.getLogger(__name__)
READING = frozenset({"text", "part", "raw"})
"""Jobs that change nothing; whoever wants it asks again."""


class ChatActions(Protocol):
    """What the engine asks of a chat besides syncing and sending."""

    def perform(self, verb: str, conversation: str, data: dict[str, Any]) -> None:
        """status, assign, labels, priority or note, on the chat's own id."""

    def fetch_attachment(self, url: str) -> bytes: ...


class Service:
    """Serves the jobs of one channel. Used by that channel's thread."""

    def __init__(self, channel: str, do: Callable[[Job], None], database: Database) -> None:
        self._channel, self._do, self._db = channel, do, database

    def run_due(self) -> None:
        """Every job that can be done now. A lost line ends it (`ChannelDown` goes up), and uses up no attempt of a verb."""
        for job in jobs.due(self._db, self._channel):
            jobs.begin(self._db, job)
            try:
                self._do(job)
            except (ChannelDown, LoginRefused) as error:
                # There are messages on which servers break off: what only one's eyes want must not cut the line for ever
                counted = job.kind in READING and isinstance(error, ChannelDown)
                if counted and job.attempts + 1 >= jobs.MAX_ATTEMPTS:
                    jobs.failed(self._db, job, str(error))
                else:
                    jobs.later(self._db, job, 5.0 * job.attempts if counted else 0, counted=counted)
                raise
            except DeskError as error:
                jobs.failed(self._db, job, str(error))
            except Exception as error:
                log.exception("job %s %s", job.kind, job.id)
                if job.attempts + 1 >= jobs.MAX_ATTEMPTS:
                    jobs.failed(self._db, job, say("engine.defect", error=f"{type(error).__name__}: {error}"))
                else:
                    jobs.later(self._db, job, 5.0 * (job.attempts + 1), counted=True)
            else:
                jobs.done(self._db, job)


class MailJobs:
    """Jobs of a mailbox."""

    def __init__(self, mailbox: MailActions, database: Database, blobs: Blobs) -> None:
        self._mailbox, self._db, self._blobs = mailbox, database, blobs

    def __call__(self, job: Job) -> None:
        match job.kind:
            case "text":
                self._mailbox.fetch_text(job.message)
            case "part":
                self._keep_part(job, self._part(job.message, str(job.data["part"])))
            case "raw":
                raw = bytearray()
                self._mailbox.fetch_raw(job.message, 0, partial(_gather, raw))
                self._keep_raw(job, bytes(raw))
            case "seen":
                self._mailbox.set_seen(job.message, seen=bool(job.data["seen"]))
            case "move":
                self._mailbox.move(job.message, str(job.data["role"]))

    def _part(self, message: int, part: str) -> bytes:
        """What the sender attached, decoded."""
        encoded = bytearray()
        self._mailbox.fetch_part(message, part, 0, partial(_gather, encoded))
        return decode_transfer(bytes(encoded), self._mailbox.transfer_encoding(message, part))

    def _keep_part(self, job: Job, content: bytes) -> None:
        keep_attachment(self._db, self._blobs, job, content)

    def _keep_raw(self, job: Job, content: bytes) -> None:
        digest = self._blobs.put(content)

        def change(tx: Tx) -> None:
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"raw:{job.message}", digest))
            tx.touch("blob", job.message)
            tx.touch("conversation", job.conversation)

        self._db.write(change)


def _gather(here: bytearray, piece: bytes, _total: int) -> bool:
    here.extend(piece)
    return True


class ChatJobs:
    """Jobs of a chat."""

    def __init__(self, chat: ChatActions, database: Database, blobs: Blobs) -> None:
        self._chat, self._db, self._blobs = chat, database, blobs

    def __call__(self, job: Job) -> None:
        if job.kind == "action":
            remote = self._db.value("SELECT remote FROM conversation WHERE row = ?", (job.conversation,))
            data = dict(job.data)
            self._chat.perform(str(data.pop("verb")), str(remote), data)
        elif job.kind == "part":
            keep_attachment(self._db, self._blobs, job, self._chat.fetch_attachment(str(job.data["part"])))


def keep_attachment(database: Database, blobs: Blobs, job: Job, content: bytes) -> None:
    digest = blobs.put(content)

    def change(tx: Tx) -> None:
        tx.execute("UPDATE attachment SET blob = ? WHERE id = ?", (digest, job.data["attachment"]))
        tx.touch("blob", int(job.data["attachment"]))
        tx.touch("conversation", job.conversation)

    database.write(change)
