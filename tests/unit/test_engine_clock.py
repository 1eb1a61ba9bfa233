"""A laptop's sleep, a clock that is set, a line that is taken away and given back: what the engine and its threads make of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.config import Link
from agentdesk.desk import Desk
from agentdesk.engine.clock import Leaps
from agentdesk.engine.engine import Engine
from agentdesk.engine.status import ChannelStatus
from agentdesk.engine.worker import ChannelWorker
from agentdesk.store import jobs, retention
from tests.desks import NOON, Mailbox, desk_config

YEARS = 10 * 365 * 24 * 3600.0


class Clocks:
    def __init__(self) -> None:
        self.steady, self.shown = 100.0, 1_800_000_000.0

    def pass_(self, steady: float, shown: float | None = None) -> None:
        self.steady += steady
        self.shown += steady if shown is None else shown


@pytest.mark.parametrize(
    ("steady", "shown", "leapt"),
    [
        (0.1, 0.1, False),
        (0.1, 0.4, False),  # put right by the network
        (5.0, 5.0, False),  # a busy machine
        (0.1, 3600.0, True),  # slept for an hour
        (3600.0, 3600.0, True),  # likewise, where the steady clock goes on
        (0.1, YEARS, True),
        (0.1, -YEARS, True),
        (0.1, -3600.0, True),  # clocks that are set back for the winter
    ],
)
def test_a_sleep_and_a_clock_that_is_set_are_noticed(steady: float, shown: float, leapt: bool) -> None:
    clocks = Clocks()
    leaps = Leaps(lambda: clocks.steady, lambda: clocks.shown)
    clocks.pass_(0.1)
    assert not leaps.look()
    clocks.pass_(steady, shown)
    assert leaps.look() is leapt
    clocks.pass_(0.1)
    assert not leaps.look()


# -- the thread of a channel


class Line:
    """A channel whose connection dies silently: only being doubted, and asked, tells."""

    name, kind = "support", "imap"

    def __init__(self) -> None:
        self.usage = Usage()
        self.looked = False
        self.opened = self.closed = 0
        self.dead = False
        self.doubted = threading.Event()
        self.rung = threading.Event()
        self.waiting = threading.Event()

    def open(self) -> None:
        self.opened += 1
        self.dead = self.looked = False

    def refresh(self) -> bool:
        if self.doubted.is_set() and self.dead:
            self.doubted.clear()
            raise ChannelDown("no answer")
        self.doubted.clear()
        self.looked = True
        return True

    def wait(self, seconds: float) -> None:
        self.waiting.set()
        self.rung.wait(seconds)
        self.rung.clear()

    def interrupt(self) -> None:
        self.rung.set()

    def doubt(self) -> None:
        self.doubted.set()
        self.rung.set()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        yield opened


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def worker(desk: Desk, line: Line, monkeypatch: pytest.MonkeyPatch):
    made = ChannelWorker(line, ChannelStatus(desk.database, desk.config.channels[0]), lambda: None, lambda most: most, lambda _: None)
    pauses: list[float] = []
    original = made._pause
    monkeypatch.setattr(made, "_pause", lambda seconds, until=None: (pauses.append(seconds), original(seconds, until))[1])
    made.pauses = pauses
    yield made
    made.stop()
    if made.ident is not None:
        made.join(60)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def state_of(desk: Desk) -> str:
    return desk.reading.channels()[0].state


def test_after_a_sleep_a_dead_connection_is_made_anew_at_once(worker: ChannelWorker, line: Line) -> None:
    worker.start()
    until(lambda: worker.fresh and line.waiting.is_set())
    line.dead = True
    worker.doubt()
    until(lambda: line.opened == 2 and worker.fresh)
    assert worker.pauses == [], "no backoff: it died in our sleep"


def test_after_a_sleep_a_connection_that_stands_is_kept(worker: ChannelWorker, line: Line) -> None:
    worker.start()
    until(lambda: line.waiting.is_set())
    line.waiting.clear()
    worker.doubt()
    until(lambda: line.waiting.is_set() and not line.doubted.is_set())
    assert (line.opened, line.closed) == (1, 0)


def test_who_waits_to_try_again_tries_at_once_after_a_sleep(worker: ChannelWorker, line: Line) -> None:
    failing = [True]
    opened = line.open

    def open_() -> None:
        opened()
        if failing[0]:
            raise ChannelDown("no line in the tunnel")

    line.open = open_
    worker.start()
    until(lambda: len(worker.pauses) >= 1)
    failing[0] = False
    worker.doubt()
    until(lambda: worker.fresh)


def test_who_has_no_line_is_not_up_to_date_while_waiting_to_try_again(worker: ChannelWorker, line: Line) -> None:
    """The way out may stand: an answer must not go out over it while the mailbox can't be seen."""
    fresh: list[bool] = []
    paused = worker._pause
    worker._pause = lambda seconds, until=None: (fresh.append(worker.fresh), paused(seconds, until))[1]
    worker.start()
    until(lambda: worker.fresh and line.waiting.is_set())
    line.dead = True
    line.doubted.set()  # the server noticed, not we
    line.rung.set()
    until(lambda: fresh)
    assert fresh[0] is False


def test_offline_ends_the_connection_and_online_makes_one(worker: ChannelWorker, line: Line, desk: Desk) -> None:
    worker.go(online=False)
    worker.start()
    until(lambda: state_of(desk) == "offline")
    assert line.opened == 0
    worker.go(online=True)
    until(lambda: worker.fresh)
    worker.go(online=False)
    until(lambda: state_of(desk) == "offline" and line.closed == 1)
    assert not worker.fresh
    assert not worker.failed
    worker.wake()  # a wish is no reason to go online
    worker.go(online=True)
    until(lambda: line.opened == 2 and state_of(desk) == "ready")


# -- the engine


def test_the_agents_choice_takes_every_channel_off_the_line_and_ends_with_the_engine(desk: Desk) -> None:
    desk.usage.choose_link(Link.OFFLINE)
    engine = Engine(desk.config, {})
    assert engine.lock.take()
    engine.start()
    try:
        assert engine.offline
        assert [c.state for c in desk.reading.channels()] == ["offline", "offline"]
        assert (engine.up_to_date(), engine.unfinished(), engine.not_reached()) == (True, 0, [])
        desk.usage.choose_link(Link.AUTO)
        until(lambda: engine.tick() or not engine.offline)
        until(lambda: {c.state for c in desk.reading.channels()} <= {"down", "connecting", "refused"})
        desk.usage.choose_link(Link.OFFLINE)
        until(lambda: engine.tick() or {c.state for c in desk.reading.channels()} == {"offline"})
    finally:
        engine.stop()
    assert desk.usage.link() is Link.AUTO, "the choice is for as long as the desk is open"


def test_a_sleep_makes_the_engine_doubt_every_connection(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(desk.config, {})
    assert engine.lock.take()
    desk.usage.choose_link(Link.OFFLINE)
    engine.start()
    try:
        doubted: list[str] = []
        for name, worker in engine._workers.items():
            monkeypatch.setattr(worker, "doubt", lambda name=name: doubted.append(name))
        clocks = Clocks()
        engine._leaps = Leaps(lambda: clocks.steady, lambda: clocks.shown)
        engine.tick()
        assert doubted == []
        clocks.pass_(0.1, 8 * 3600.0)
        engine.tick()
        assert sorted(doubted) == ["chat", "support"]
    finally:
        engine.stop()


# -- what is due by the clock


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock on the wall."""

    def set_(offset: float) -> None:
        monkeypatch.setattr("agentdesk.store.database.time.time", lambda: NOON.timestamp() + offset)
        monkeypatch.setattr("agentdesk.store.jobs.now_millis", lambda: int((NOON.timestamp() + offset) * 1000))

    return set_


@pytest.mark.parametrize("jump", [-YEARS, -3600.0, 0.0, YEARS])
def test_a_job_that_waits_is_not_lost_by_a_clock_that_is_set(desk: Desk, at: Callable[[float], None], jump: float) -> None:
    at(0.0)
    desk.database.write(lambda tx: jobs.add(tx, "support", "seen", message=1, data={"seen": True}))
    (job,) = jobs.due(desk.database, "support")
    jobs.begin(desk.database, job)
    jobs.later(desk.database, job, 5.0, counted=False)
    assert jobs.due(desk.database, "support") == []
    at(jump + (6.0 if jump >= 0 else 0.0))
    assert [one.id for one in jobs.due(desk.database, "support")] == [job.id]
    at(6.0)
    assert [one.id for one in jobs.due(desk.database, "support")] == [job.id]


def test_a_clock_far_ahead_forgets_no_conversations(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention is counted from the newest mail where the clock is years ahead of it."""
    mailbox = Mailbox(desk)
    now = datetime.now(UTC)
    mailbox.bring("new", "Ciao", at=now - timedelta(days=1))
    mailbox.bring("old", "Ciao", at=now - timedelta(days=500))
    for row in desk.queue.ids("all"):
        desk.work.close([row])
    monkeypatch.setattr("agentdesk.store.database.time.time", lambda: now.timestamp() + YEARS)
    assert retention.forget(desk.database, 400) == 1
    assert len(desk.queue.ids("all")) == 1


def test_a_snooze_ends_by_the_clock_as_it_is_and_is_not_lost_by_a_leap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    Mailbox(desk).bring("a", "Ciao", at=datetime.now(UTC))
    row = desk.queue.ids("open")[0]
    desk.work.snooze([row], datetime.now(UTC) + timedelta(hours=2))
    assert list(desk.queue.ids("open")) == []

    class Later(datetime):
        offset = timedelta(0)

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.offset

    monkeypatch.setattr("agentdesk.desk.queue.datetime", Later)
    for offset, shown in ((timedelta(days=3650), [row]), (timedelta(days=-3650), []), (timedelta(0), []), (timedelta(hours=3), [row])):
        Later.offset = offset
        assert list(desk.queue.ids("open")) == shown, offset
