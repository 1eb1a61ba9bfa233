"""What a channel's thread does for the store between two steps of syncing: texts wanted now, flags, moves, chat verbs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from agentdesk.channels.base import ChannelDown, MailActions
from agentdesk.errors import DeskError, LoginRefused, NotSaved
from agentdesk.locale import say
from agentdesk.store import jobs
from agentdesk.store.database import Database
from agentdesk.store.jobs import Job

log = logging.getLogger(__name__)
READING = frozenset({"text", "part", "raw"})
"""Jobs that change nothing; whoever wants it asks again."""


class ChatActions(Protocol):
    """What the engine asks of a chat besides syncing and sending."""

    def perform(self, verb: str, conversation: str, data: dict[str, Any]) -> None:
        """status, assign, labels, priority or note, on the chat's own id."""


def settle(database: Database, job: Job, error: Exception, *, counted: bool = True) -> bool:
    """Write down why a job was not done and when it is tried again; True if its thread must know: the line is lost, the disk is full.

    A lost line uses up no attempt of a verb. There are messages on which servers break off, though: what only one's eyes want must not
    cut the line for ever, so there it counts, unless something came before (`counted`).
    """
    if isinstance(error, (ChannelDown, LoginRefused)):
        counted = counted and job.kind in READING and isinstance(error, ChannelDown)
        if counted and job.attempts + 1 >= jobs.MAX_ATTEMPTS:
            jobs.failed(database, job, str(error))
        else:
            jobs.later(database, job, 5.0 * job.attempts if counted else 0, counted=counted)
        return True
    if isinstance(error, NotSaved):
        jobs.later(database, job, 0, counted=False)
        return True
    if isinstance(error, DeskError):
        jobs.failed(database, job, str(error))
    else:
        log.error("job %s %s", job.kind, job.id, exc_info=error)
        if job.attempts + 1 >= jobs.MAX_ATTEMPTS:
            jobs.failed(database, job, say("engine.defect", error=f"{type(error).__name__}: {error}"))
        else:
            jobs.later(database, job, 5.0 * (job.attempts + 1), counted=True)
    return False


class Service:
    """Serves the jobs of one channel. Used by that channel's thread."""

    def __init__(self, channel: str, do: Callable[[Job], None], database: Database) -> None:
        self._channel, self._do, self._db = channel, do, database

    def run_due(self) -> None:
        """Every job that can be done now, but for what brings in much (`engine.fetching`). A lost line ends it, and a full disk: what says so goes up."""
        for job in jobs.due(self._db, self._channel):
            jobs.begin(self._db, job)
            try:
                self._do(job)
            except Exception as error:
                if settle(self._db, job, error):
                    raise
            else:
                jobs.done(self._db, job)

    def waits(self) -> bool:
        """Whether something waits to be done now."""
        return bool(jobs.due(self._db, self._channel))


class MailJobs:
    """Jobs of a mailbox."""

    def __init__(self, mailbox: MailActions) -> None:
        self._mailbox = mailbox

    def __call__(self, job: Job) -> None:
        match job.kind:
            case "text":
                self._mailbox.fetch_text(job.message)
            case "seen":
                self._mailbox.set_seen(job.message, seen=bool(job.data["seen"]))
            case "move":
                self._mailbox.move(job.message, str(job.data["role"]))


class ChatJobs:
    """Jobs of a chat."""

    def __init__(self, chat: ChatActions, database: Database) -> None:
        self._chat, self._db = chat, database

    def __call__(self, job: Job) -> None:
        if job.kind == "action":
            remote = self._db.value("SELECT remote FROM conversation WHERE row = ?", (job.conversation,))
            data = dict(job.data)
            self._chat.perform(str(data.pop("verb")), str(remote), data)
