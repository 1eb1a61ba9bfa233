"""How wide the line is, measured on what has to be done anyway, for as long as it is connected.

A flight with a small answer tells the round trip, a large one the throughput. Servers think before they answer and lines stall, so
what counts is the median of what was measured last, the newest weighing most. A line becomes thin at one mark and normal again at a
better one: what lies between does not make it flutter. Measured per connection: a laptop moves from the office to a train. Logging in
is not measured: servers delay it on purpose.

`auto` begins as on a thin line (the newest window only, which both would bring first), and widens when the measure says so.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agentdesk.channels.usage import Flight
from agentdesk.config import Link

THIN_SECONDS, NORMAL_SECONDS = 0.25, 0.18
"""A round trip from which a line counts as thin (every question is felt), and up to which it counts as normal again."""
THIN_RATE, NORMAL_RATE = 16_000, 25_000
"""Bytes a second, likewise: 128 and 200 kbit/s."""
SMALL = 4_096
"""Bytes of a question from which the time to its answer tells more of its own way than of the round trip."""
LARGE = 4_096
"""Bytes of an answer from which its time tells the throughput."""
KEPT = 15
"""Samples of each kind."""
WEIGHT = 0.8
"""Of a sample against the one after it: four that agree outvote all before."""
FRESH = 600.0
"""Seconds for which a sample counts."""
ENOUGH = 3
"""Round trips after which a line is judged, however much there is still to bring in."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is known of a line; 0: nothing yet."""

    round_trip: float = 0.0
    """Seconds."""
    rate: float = 0.0
    """Bytes a second that come in, at least."""


class Line:
    """The samples of one connection. Fed by the thread that moves the bytes, read by the channel's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._trips: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._rates: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def forget(self) -> None:
        """A new connection."""
        with self._lock:
            self._trips.clear()
            self._rates.clear()

    def flew(self, flight: Flight) -> None:
        """A flight is over."""
        now = self._clock()
        with self._lock:
            if flight.sent < SMALL:
                self._trips.append((now, flight.first))
            whole = flight.head + flight.tail
            if flight.tail >= LARGE and flight.rest > 0:
                self._rates.append((now, flight.tail / flight.rest))
            elif whole >= LARGE:
                # It came at once, or nearly: then the whole time tells at least how wide the line is, if it is wide.
                rate = whole / max(1e-6, flight.first + flight.rest)
                if rate >= NORMAL_RATE:
                    self._rates.append((now, rate))

    @property
    def trips(self) -> int:
        """Round trips measured."""
        with self._lock:
            return len(self._trips)

    def measure(self) -> Measure:
        now = self._clock()
        with self._lock:
            return Measure(_median(self._trips, now), _median(self._rates, now))


def _median(samples: Iterable[tuple[float, float]], now: float) -> float:
    """The weighted median of what is fresh."""
    fresh = [value for at, value in samples if now - at <= FRESH]
    weighted = sorted((value, WEIGHT ** (len(fresh) - 1 - place)) for place, value in enumerate(fresh))
    half, heap = sum(weight for _, weight in weighted) / 2, 0.0
    for value, weight in weighted:
        heap += weight
        if heap >= half:
            return value
    return 0.0


def judge(measure: Measure, before: Link) -> Link:
    """`normal` or `thin`, by what was measured and what it was before."""
    seconds, rate = (NORMAL_SECONDS, NORMAL_RATE) if before is Link.THIN else (THIN_SECONDS, THIN_RATE)
    slow = measure.round_trip >= seconds
    narrow = 0 < measure.rate < rate
    return Link.THIN if slow or narrow else Link.NORMAL


class Gauge:
    """Judges one channel's connection.

    Args:
        wanted: what the desk or the agent says it is; `auto` leaves it to the measure.
        line: what was measured.
        tell: called when the judgement or its figures are new.
    """

    def __init__(self, wanted: Callable[[], Link], line: Line, tell: Callable[[Link, Measure], None]) -> None:
        self._wanted, self._line, self._tell = wanted, line, tell
        self._judged: Link | None = None
        self._told: tuple[Link, int, int] | None = None

    @property
    def link(self) -> Link:
        """What the line counts as now. Not yet judged, it counts as thin."""
        wanted = self._wanted()
        return (self._judged or Link.THIN) if wanted is Link.AUTO else wanted

    @property
    def sure(self) -> bool:
        """The throughput is known, or nobody asks for it."""
        return self._wanted() is not Link.AUTO or self._line.measure().rate > 0

    def begin(self) -> None:
        """Just before connecting."""
        self._judged = None
        self._line.forget()
        self._say()

    def opened(self) -> None:
        """Logged in: what is asked from now on is measured."""
        self._line.forget()

    def look(self, *, done: bool) -> bool:
        """Judge anew. `done`: everything wanted so far was brought in. True if the line counts as another than before."""
        before = self.link
        measure = self._line.measure()
        if self._judged is not None or done or self._line.trips >= ENOUGH:
            # The first time there is no judgement to hold on to.
            self._judged = judge(measure, self._judged or Link.NORMAL)
        self._say()
        return self.link is not before

    def _say(self) -> None:
        measure = self._line.measure()
        told = (self.link, _coarse(measure.round_trip * 1000), _coarse(measure.rate))
        if told != self._told:
            self._told = told
            self._tell(self.link, measure)


def _coarse(value: float) -> int:
    """Two digits: a figure that differs by less is not told anew."""
    whole = round(value)
    unit: int = 10 ** max(0, len(str(whole)) - 2)
    return whole // unit * unit
