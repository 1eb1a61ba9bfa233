"""What a mailbox brings in before anybody asks: everything on a normal line, what the agent comes to next on a thin one, nothing once
the ceiling for today is reached. What is opened comes on any line, as jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.config import Link
from agentdesk.engine.link import Gauge, Line
from agentdesk.engine.meter import Meter
from agentdesk.engine.status import ChannelStatus
from agentdesk.store.database import Database
from agentdesk.store.mail import StoredMail
from agentdesk.store.prefetch import next_up
from agentdesk.store.rules import Rules

FEW = 5
"""Texts asked for at once on a line that is thin or not yet known: what the agent wants meanwhile waits no longer than for these,"""
FEW_BYTES = 16_000
"""and for so much of them."""


class Ahead:
    """Of one mailbox; its thread calls `begin`, `opened` and `look`, and `apply` may be called from any."""

    def __init__(
        self, mailbox: ImapChannel, stored: StoredMail, status: ChannelStatus, meter: Meter, database: Database, rules: Rules,
        wanted: Callable[[], Link],
    ) -> None:
        self._mailbox, self._stored, self._status, self._meter = mailbox, stored, status, meter
        self._db, self._rules = database, rules
        line = Line()
        mailbox.usage.flew = line.flew
        self.gauge = Gauge(wanted, line, status.set_link)

    def begin(self) -> None:
        """Just before connecting."""
        self.gauge.begin()
        self.apply()

    def opened(self) -> None:
        """Logged in."""
        self.gauge.opened()

    def look(self, *, done: bool) -> bool:
        """After each step; True if what is brought in by itself is something else than before it."""
        self.gauge.look(done=done)
        return self.apply()

    def apply(self) -> bool:
        """Let the mailbox bring in what the line, the ceiling and the agent allow; True if that is something else than before."""
        before = (self._mailbox.older, self._mailbox.texts, self._stored.only is None)
        link, spared = self.gauge.link, self._meter.reached(self._mailbox.name)
        self._mailbox.older = link is Link.NORMAL and not spared
        self._mailbox.texts = not spared
        careful = link is Link.THIN or not self.gauge.sure
        self._mailbox.texts_at_once, self._mailbox.bytes_at_once = (FEW, FEW_BYTES) if careful else (None, None)
        self._stored.only = self._next if link is Link.THIN else None
        self._status.set_spared(spared)
        return before != (self._mailbox.older, self._mailbox.texts, self._stored.only is None)

    def _next(self) -> frozenset[int]:
        return next_up(self._db, self._rules, datetime.now(UTC))

    @property
    def wants(self) -> bool:
        """A thin line has texts to bring in for what the agent comes to next."""
        return self._stored.only is not None and self._mailbox.texts and bool(self._stored.without_text(1))
