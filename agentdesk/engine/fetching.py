"""Attachments and whole messages: brought in piece by piece, one after another, between all other work of a channel.

A piece is written to a file of its own before the next is asked for (`store.partials`), so that a lost line, a killed engine or
something urgent cost no more than the piece that was on its way. Whoever drives this gives it a slice of time now and then; it hands
the line back earlier when something else is due.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from agentdesk.channels.base import ChannelDown, MailActions
from agentdesk.channels.chatwoot.files import Taker
from agentdesk.domain.executable import executable_inside
from agentdesk.engine.service import settle
from agentdesk.engine.unpacking import unpack
from agentdesk.errors import DeskError, NotFound, Refused, Unreachable
from agentdesk.mail.parts import decode_transfer
from agentdesk.mail.structure import read_structure
from agentdesk.store import fetches, jobs
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database
from agentdesk.store.jobs import Job
from agentdesk.store.partials import Origin, Partial, Partials

SLICE = 10.0
"""Seconds after which a mailbox is asked for its news, however much is still to come."""
CHAT_SLICE = 3.0
"""The same for a chat, where somebody waits for every word."""
REPORT = 0.5
"""Seconds between two notes of how far it is."""
PAUSE = 30.0
"""Seconds after which a full disk is looked at again."""
SOON = 5.0
"""Seconds after which a message is looked for again that lies nowhere at the moment."""
_WEIGHT = 0.3
"""Of the latest piece in what is told as the rate."""


class Source(Protocol):
    """Where a channel's contents come from."""

    def bring(self, job: Job, run: Run) -> bool:
        """Hand every piece after what is in the run's file to `keep`, until it returns False; True when all has come."""

    def decoded(self, job: Job, content: bytes, /) -> bytes:
        """What the sender attached, of what came."""

    def may_come_back(self, job: Job, /) -> bool:
        """The server has it no more where it was, but that is not the last word."""


class Fetching:
    """The fetches of one channel. Used by that channel's thread."""

    def __init__(
        self, channel: str, source: Source, database: Database, blobs: Blobs, partials: Partials, *, needed: Callable[[], bool],
        ending: Callable[[], bool], slice_seconds: float = SLICE,
    ) -> None:
        """`needed`: the channel is, for something that can't wait. `ending`: its thread is told to end."""
        self._channel, self._source, self._db = channel, source, database
        self._blobs, self._partials, self._needed, self._ending = blobs, partials, needed, ending
        self._slice = slice_seconds
        self._rates: dict[int, float] = {}

    def run_slice(self) -> bool:
        """Bring in some of what is wanted; True if there is more to bring in now. A lost line ends it (`ChannelDown` goes up)."""
        job = fetches.first(self._db, self._channel)
        if job is None:
            return False
        moved = False
        try:
            with self._partials.open(fetches.name_of(job)) as partial:
                run = Run(
                    job, partial, self._db, needed=self._needed, ending=self._ending, seconds=self._slice, rate=self._rates.get(job.id, 0.0)
                )
                try:
                    self._bring(job, run)
                finally:
                    moved, self._rates = run.moved, {job.id: run.rate}
        except Refused as error:
            if self._source.may_come_back(job) and job.attempts + 1 < jobs.MAX_ATTEMPTS:
                jobs.later(self._db, job, SOON, counted=True)
            else:
                settle(self._db, job, error)
        except (NotFound, ChannelDown, Unreachable) as error:
            if settle(self._db, job, error, counted=not moved):
                raise
        except DeskError as error:  # it can't be written down
            fetches.pause(self._db, job, PAUSE, str(error))
        except Exception as error:  # noqa: BLE001 - a defect must not end the channel's thread; `settle` logs it
            settle(self._db, job, error)
        return fetches.first(self._db, self._channel) is not None

    def seconds_to_next(self, most: float) -> float:
        """How long nothing is wanted."""
        return fetches.seconds_to_next(self._db, self._channel, most)

    def _bring(self, job: Job, run: Run) -> None:
        content = self._of_raw(job)
        if content is None:
            self._partials.require(_still_to_come(self._db, job, run.partial))
            jobs.begin(self._db, job)
            try:
                complete = self._source.bring(job, run)
            finally:
                run.report()
            if not complete:
                return
            run.partial.sync()
            content = self._source.decoded(job, run.partial.content())
        fetches.here(self._db, job, self._blobs.put(content), len(content), executable_inside(content))
        unpack(self._db, self._blobs, job, content)
        run.partial.remove()

    def _of_raw(self, job: Job) -> bytes | None:
        """An attachment of a message that is here as a whole needs no line."""
        if job.kind != "part":
            return None
        digest = self._db.value("SELECT value FROM meta WHERE key = ?", (f"raw:{job.message}",))
        raw = self._blobs.get(digest) if digest else None
        if raw is None:
            return None
        found = read_structure(raw)
        section = str(job.data["part"])
        for part in found.parts:
            if part.section == section and section in found.spans:
                return decode_transfer(found.content(section), part.encoding)
        return None


class Run:
    """One slice of one fetch: writes the pieces down, tells how far it is, and says when to stop."""

    def __init__(
        self, job: Job, partial: Partial, database: Database, *, needed: Callable[[], bool], ending: Callable[[], bool], seconds: float,
        rate: float,
    ) -> None:
        self.partial, self.rate = partial, rate
        self._job, self._db, self._needed, self._ending = job, database, needed, ending
        self._until = time.monotonic() + seconds
        self._piece_at = time.monotonic()
        self._told_at = 0.0
        self._told = -1
        self._total = 0
        self.moved = False
        """Something came."""
        self.whole = False
        """Stopping means to begin anew: nothing but the end, or the agent, stops it."""

    def keep(self, piece: bytes, total: int) -> bool:
        self.partial.append(piece)
        now = time.monotonic()
        if piece:
            measured = len(piece) / max(1e-6, now - self._piece_at)
            self.rate = (1 - _WEIGHT) * self.rate + _WEIGHT * measured if self.rate else measured
            self.moved = True
        self._piece_at, self._total = now, total
        if now - self._told_at >= REPORT:
            self.report()
        if self._ending() or not fetches.wanted(self._db, self._job):
            return False
        # What seems to be the end is asked for at once: stopping there would only cost another question
        return self.whole or self.partial.size >= total or not (now >= self._until or self._needed())

    def report(self) -> None:
        """Write down how far it is."""
        size = self.partial.size
        if size == self._told or not self.moved:
            return
        self._told, self._told_at = size, time.monotonic()
        self.partial.sync()
        fetches.progress(self._db, self._job, fetched=size, total=max(size, self._total), rate=int(self.rate))


def _still_to_come(database: Database, job: Job, partial: Partial) -> int:
    """Bytes of the disk it will need: the rest as it is encoded, and all of it decoded."""
    if job.kind == "part":
        told = database.value("SELECT size FROM attachment WHERE id = ?", (job.data["attachment"],))
    else:
        told = database.value("SELECT size FROM message WHERE row = ?", (job.message,))
    size = int(told or 0)
    return max(0, size * 14 // 10 - partial.size) + size


class MailSource:
    """Parts and whole messages of a mailbox."""

    def __init__(self, mailbox: MailActions, database: Database) -> None:
        self._mailbox, self._db = mailbox, database

    def bring(self, job: Job, run: Run) -> bool:
        partial = run.partial
        start = partial.size
        checked = stale = False
        complete = True

        def take(piece: bytes, total: int) -> bool:
            nonlocal checked, stale, complete
            if not checked:
                # Only now its folder is selected, and what the store knows of it is true
                checked, now = True, self._places(job.message)
                stale = start > 0 and not self._same(partial.origin, now, total, start + len(piece))
                if stale:
                    return False
                if not start:
                    partial.begin({"places": now, "total": total})
            complete = run.keep(piece, total)
            return complete

        if job.kind == "raw":
            self._mailbox.fetch_raw(job.message, start, take)
        else:
            self._mailbox.fetch_part(job.message, str(job.data["part"]), start, take)
        if stale:
            partial.begin({"places": [], "total": 0})
            return self.bring(job, run)
        return complete

    def decoded(self, job: Job, content: bytes) -> bytes:
        if job.kind == "raw":
            return content
        return decode_transfer(content, self._mailbox.transfer_encoding(job.message, str(job.data["part"])))

    def may_come_back(self, job: Job) -> bool:
        """A folder's UIDVALIDITY changed: the message is found again when the folder has been looked through."""
        gone = self._db.value("SELECT gone FROM message WHERE row = ?", (job.message,))
        return gone == 0 and not self._places(job.message)

    def _places(self, message: int) -> list[list[Any]]:
        """Where a message lies: folder, UIDVALIDITY, UID."""
        rows = self._db.all(
            "SELECT f.name, f.uidvalidity, p.uid FROM place p JOIN folder f ON f.channel = p.channel AND f.name = p.folder"
            " WHERE p.message = ? ORDER BY f.name, p.uid",
            (message,),
        )
        return [list(row) for row in rows]

    @staticmethod
    def _same(origin: Origin, now: list[list[Any]], total: int, reached: int) -> bool:
        """Whether what is asked for now is what the beginning is of.

        The same UID under the same UIDVALIDITY never changes (RFC 3501, 2.3.1.1). A copy elsewhere is the same if it is as long,
        unless a folder's UIDVALIDITY changed. Near the end a server that told a wrong length (pymap, Exchange) corrects it: then
        `total` is what has come.
        """
        places = origin.get("places", [])
        validity = {folder: value for folder, value, _uid in now}
        if any(validity.get(folder, value) != value for folder, value, _uid in places):
            return False
        if total == origin.get("total"):
            return bool(places)
        return total == reached and any(place in now for place in places)


class ChatFiles(Protocol):
    """A chat's way to its files."""

    def fetch_attachment(self, url: str, start: int, mark: str, total: int, taker: Taker) -> bool:
        """`channels.chatwoot.files.Files.bring`."""


class ChatSource:
    """Attachments of a chat."""

    def __init__(self, chat: ChatFiles) -> None:
        self._chat = chat

    def bring(self, job: Job, run: Run) -> bool:
        origin = run.partial.origin
        start = 0 if origin.get("whole", True) else run.partial.size
        mark, total = (str(origin["mark"]), int(origin["total"])) if start else ("", 0)
        return self._chat.fetch_attachment(str(job.data["part"]), start, mark, total, _Taken(run))

    def decoded(self, _job: Job, content: bytes) -> bytes:
        return content

    def may_come_back(self, _job: Job) -> bool:
        return False


class _Taken:
    """Hands a chat's pieces to a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.keep = run.keep

    def begin(self, mark: str, total: int, *, whole: bool) -> None:
        self._run.whole = whole
        self._run.partial.begin({"mark": mark, "total": total, "whole": whole})
