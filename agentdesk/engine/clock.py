"""Whether time has leapt: a laptop slept, or its clock was set.

The monotonic clock stands still while a computer sleeps (Linux, macOS), the wall clock does not; it leaps, and backwards too, when
somebody sets it. Either way the connections are doubted at once: after a sleep they are mostly dead, and nothing tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LEAP = 10.0
"""Seconds."""


class Leaps:
    """Looked at now and then."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._last = (monotonic(), wall())

    def look(self) -> bool:
        """True if since the last look the clocks went apart, or much more time passed than between two looks."""
        before, self._last = self._last, (self._monotonic(), self._wall())
        passed, shown = self._last[0] - before[0], self._last[1] - before[1]
        return abs(shown - passed) > LEAP or passed > LEAP
