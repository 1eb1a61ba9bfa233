"""How wide the line is, measured on what has to be done anyway: bringing in the newest window.

`auto` begins as on a thin line (the newest window only, which both would bring first), and widens when the measure says so.
Measured per connection: a laptop moves from the office to a train. Logging in is not measured: servers delay it on purpose.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agentdesk.channels.base import Usage
from agentdesk.config import Link

THIN_FLIGHT = 0.25
"""Seconds a question and its answer take on average from which a line counts as thin: every one is felt."""


def judge(round_trips: int, seconds: float) -> Link:
    """`normal` or `thin`, by what the newest window took: round trips and transfer together."""
    return Link.THIN if seconds / max(1, round_trips) >= THIN_FLIGHT else Link.NORMAL


class Gauge:
    """Measures one channel's connection and sets what it brings in by itself."""

    def __init__(self, wanted: Link, usage: Usage, choose: Callable[[Link], None]) -> None:
        self._wanted, self._usage, self._choose = wanted, usage, choose
        self._decided = False
        self._began = 0.0
        self._before = Usage()

    def begin(self) -> None:
        """Just before connecting."""
        self._decided = self._wanted is not Link.AUTO
        self._choose(self._wanted if self._decided else Link.THIN)

    def opened(self) -> None:
        """Logged in: what is asked from now on is measured."""
        self._began, self._before = time.monotonic(), self._usage.copy()

    def brought(self) -> bool:
        """The newest window is here: decide, once a connection; True if it was decided now."""
        if self._decided:
            return False
        self._decided = True
        used = self._usage.since(self._before)
        self._choose(judge(used.round_trips, time.monotonic() - self._began))
        return True
