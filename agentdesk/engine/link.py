"""How wide the line is, measured on what has to be done anyway: logging in and the newest window.

`auto` begins as on a thin line (the newest window only, which both would bring first), and widens when the measure says so.
Measured per connection: a laptop moves from the office to a train.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agentdesk.channels.base import Usage
from agentdesk.config import Link

THIN_ROUND_TRIP = 0.25
"""Seconds of a round trip from which a line counts as thin: every question is felt."""
THIN_RATE = 16_000.0
"""Bytes a second under which it does: a day's mail takes minutes."""
ENOUGH_BYTES = 6_000
"""Fewer say nothing about the rate."""


def judge(round_trip: float, received: int, seconds: float) -> Link:
    """`normal` or `thin`.

    Args:
        round_trip: seconds of one, on average.
        received: payload bytes of the newest window.
        seconds: what bringing it in took, without waiting for round trips.
    """
    if round_trip >= THIN_ROUND_TRIP:
        return Link.THIN
    if received >= ENOUGH_BYTES and seconds > 0 and received / seconds < THIN_RATE:
        return Link.THIN
    return Link.NORMAL


class Gauge:
    """Measures one channel's connection and sets what it brings in by itself."""

    def __init__(self, wanted: Link, usage: Usage, choose: Callable[[Link], None]) -> None:
        self._wanted, self._usage, self._choose = wanted, usage, choose
        self._decided = False
        self._round_trip = 0.0
        self._began = 0.0
        self._before = Usage()

    def begin(self) -> None:
        """Just before connecting."""
        self._decided = self._wanted is not Link.AUTO
        self._choose(self._wanted if self._decided else Link.THIN)
        self._began, self._before = time.monotonic(), self._usage.copy()

    def opened(self) -> None:
        """Logged in: the round trips so far carried next to nothing."""
        trips = self._usage.since(self._before).round_trips
        self._round_trip = (time.monotonic() - self._began) / max(1, trips + 1)
        self._began, self._before = time.monotonic(), self._usage.copy()

    def brought(self) -> bool:
        """The newest window is here: decide, once a connection; True if it was decided now."""
        if self._decided:
            return False
        self._decided = True
        used = self._usage.since(self._before)
        seconds = time.monotonic() - self._began - used.round_trips * self._round_trip
        self._choose(judge(self._round_trip, used.bytes_in, seconds))
        return True
