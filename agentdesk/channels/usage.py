"""What a connection costs, counted at the socket, and how wide it is by that.

Payload bytes: TLS and TCP add to them what is theirs. Every byte belongs to the job that runs when it passes; the channel says
which that is (`with usage.doing("texts")`). A flight is a question and all that comes back for it: its first byte tells the round
trip, and the rest, where it is large, the throughput.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

SILENCE = 3.0
"""Seconds without a byte after which what comes next is news, and no more of the answer."""


class Job(StrEnum):
    """What bytes are moved for."""

    CONNECT = "connect"
    LIST = "list"
    """Who wrote what when: the rows of the queue."""
    NEWS = "news"
    """Listening, and asking whether something happened."""
    TEXTS = "texts"
    ATTACHMENTS = "attachments"
    """Parts and whole messages that somebody asked for."""
    ACTIONS = "actions"
    """Flags, moves, and what a chat is told."""
    SENDING = "sending"
    FILING = "filing"
    """Copies in Sent, and looking for them."""
    CHAT = "chat"
    OAUTH = "oauth"
    """Access tokens."""
    PACKS = "packs"
    """Canned replies from git and the web."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A question and what came back."""

    sent: int
    """Bytes of the question."""
    first: float
    """Seconds from its last byte to the first of the answer."""
    head: int
    """Bytes of the answer that were there at once."""
    tail: int
    """Bytes that came after them,"""
    rest: float
    """in so many seconds."""


@dataclass(slots=True)
class Usage:
    """Payload bytes and application-level round trips of a connection.

    The numbers may be read from any thread; each is raised by one only.
    """

    bytes_in: int = 0
    bytes_out: int = 0
    round_trips: int = 0
    job: Job = field(default=Job.CONNECT, compare=False)
    flew: Callable[[Flight], None] | None = field(default=None, compare=False, repr=False)
    """Told of every flight that is over."""
    clock: Callable[[], float] = field(default=time.monotonic, compare=False, repr=False)
    _settled: tuple[int, int, int] = field(default=(0, 0, 0), compare=False, repr=False)
    _taken: int = field(default=0, compare=False, repr=False)
    _jobs: dict[Job, tuple[int, int, int]] = field(default_factory=dict, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)
    _flight: _Flying | None = field(default=None, compare=False, repr=False)

    def since(self, earlier: Usage) -> Usage:
        return Usage(
            self.bytes_in - earlier.bytes_in,
            self.bytes_out - earlier.bytes_out,
            self.round_trips - earlier.round_trips,
        )

    def copy(self) -> Usage:
        return Usage(self.bytes_in, self.bytes_out, self.round_trips)

    # -- for what moves the bytes

    def asked(self) -> None:
        """A question begins."""
        self.round_trips += 1
        self._landed()
        self._flight = _Flying(self.clock())

    def went(self, count: int) -> None:
        self.bytes_out += count
        flight = self._flight
        if flight is not None and not flight.head:
            flight.sent += count
            flight.asked = self.clock()

    def came(self, count: int) -> None:
        self.bytes_in += count
        flight = self._flight
        if flight is None:
            return
        now = self.clock()
        if not flight.head:
            flight.head, flight.began, flight.last = count, now, now
        elif now - flight.last <= SILENCE:
            flight.tail += count
            flight.last = now
        else:
            self._landed()

    def _landed(self) -> None:
        flight, self._flight = self._flight, None
        if flight is not None and flight.head and self.flew is not None:
            self.flew(Flight(flight.sent, flight.began - flight.asked, flight.head, flight.tail, flight.last - flight.began))

    # -- for who pays

    @contextmanager
    def doing(self, job: Job) -> Iterator[None]:
        """What passes meanwhile belongs to this job."""
        before = self._turn(job)
        try:
            yield
        finally:
            self._turn(before)

    def _turn(self, job: Job) -> Job:
        with self._lock:
            self._settle()
            before, self.job = self.job, job
            return before

    def _settle(self) -> None:
        now = (self.bytes_in, self.bytes_out, self.round_trips)
        used = tuple(after - before for after, before in zip(now, self._settled, strict=True))
        self._settled = now
        if any(used):
            known = self._jobs.get(self.job, (0, 0, 0))
            self._jobs[self.job] = (known[0] + used[0], known[1] + used[1], known[2] + used[2])

    @property
    def untaken(self) -> int:
        """Bytes that passed since they were taken last."""
        return self.bytes_in + self.bytes_out - self._taken

    def take(self) -> dict[Job, tuple[int, int, int]]:
        """By job, what passed since it was taken last: bytes in, bytes out, round trips. From any thread."""
        with self._lock:
            self._settle()
            self._taken = self._settled[0] + self._settled[1]
            taken, self._jobs = self._jobs, {}
            return taken


@dataclass(slots=True)
class _Flying:
    """A flight under way; times by the usage's clock."""

    asked: float
    sent: int = 0
    head: int = 0
    tail: int = 0
    began: float = 0.0
    last: float = 0.0
