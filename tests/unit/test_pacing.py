"""Holds and schedules under clocks that are set, and the pauses a server asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.pacing import Pacing, Timetable
from agentdesk.errors import Refused
from agentdesk.store import database as database_module
from agentdesk.store.database import now_millis
from tests.desks import NOON, Mailbox, desk_config
from tests.unit.test_engine_delivery import ACCEPTED, ScriptedSender

HOUR = 3600.0


class Clocks:
    """One that is set, one that is not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steady, self.shift = 0.0, 0
        self.began = now_millis()
        monkeypatch.setattr(database_module, "now_millis", self.shown)
        from agentdesk.engine import delivery, pacing

        monkeypatch.setattr(delivery, "now_millis", self.shown)
        monkeypatch.setattr(pacing, "now_millis", self.shown)

    def shown(self) -> int:
        return self.began + int(self.steady * 1000) + self.shift

    def table(self) -> Timetable:
        return Timetable(lambda: self.steady, self.shown)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path, clocks: Clocks) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


def way(desk: Desk, clocks: Clocks, sender: ScriptedSender) -> Delivery:
    return Delivery(
        desk.config, "support", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None, timetable=clocks.table()
    )


def write(desk: Desk, at: datetime | None = None) -> int:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria"
    return desk.writing.send(desk.writing.save(draft), at=at)


def then(clocks: Clocks, **delta: float) -> datetime:
    return datetime.fromtimestamp(clocks.shown() / 1000, UTC) + timedelta(**delta)


@pytest.mark.parametrize("leap", [-HOUR, HOUR, -10 * 8760 * HOUR, 10 * 8760 * HOUR])
def test_a_hold_is_as_long_as_it_was_said_whatever_the_clock_does(desk: Desk, clocks: Clocks, leap: float) -> None:
    sender = ScriptedSender(ACCEPTED)
    out = way(desk, clocks, sender)
    sent = write(desk)
    out.run_due()
    clocks.shift = int(leap * 1000)
    clocks.steady += 7.0
    out.run_due()
    assert desk.writing.state(sent) is S.HELD, "the time for undo is not cut short"
    assert 0.5 < out.seconds_to_next(60.0) <= 1.0
    clocks.steady += 1.1
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED, "nor made hours of"


def test_a_hold_over_a_restart_is_what_the_clock_says_and_never_more_than_it_was_long(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk)
    clocks.steady += 9.0
    way(desk, clocks, ScriptedSender(ACCEPTED)).run_due()
    assert desk.writing.state(sent) is S.ACCEPTED
    sent = write(desk)
    clocks.shift = -int(HOUR * 1000)
    out = way(desk, clocks, ScriptedSender())
    out.run_due()
    assert desk.writing.state(sent) is S.HELD
    assert 7.0 < out.seconds_to_next(60.0) <= 8.0


def test_what_is_for_later_goes_at_its_time(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk, then(clocks, hours=2))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    for _ in range(119):
        clocks.steady += 60
        out.run_due()
    assert desk.writing.state(sent) is S.SCHEDULED
    assert out.seconds_to_next(1e6) <= 60
    clocks.steady += 61
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_clock_moved_forward_sends_nothing_before_its_time_and_asks(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk, then(clocks, hours=20))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.steady += 60
    out.run_due()
    clocks.shift = 10 * 365 * 86_400_000
    clocks.steady += 60
    out.run_due()
    entry = desk.writing.outbox()[0]
    assert entry.state is S.CONFLICT
    assert "clock was moved forward by 3650 days" in entry.detail
    clocks.shift = 0
    desk.writing.reschedule(sent, then(clocks, hours=20))
    assert desk.writing.state(sent) is S.SCHEDULED


@pytest.mark.parametrize("back", [1.5, 1000.0])
def test_a_clock_set_back_a_little_and_then_forward_far_sends_nothing_before_its_time(desk: Desk, clocks: Clocks, back: float) -> None:
    """When it was set forward it showed an earlier time than when the reply was written."""
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.steady += 60
    out.run_due()
    sent = write(desk, then(clocks, hours=24))
    clocks.steady += 1
    out.run_due()
    clocks.shift = -int(back * 1000)
    out.run_due()
    clocks.steady += 0.2
    out.run_due()
    clocks.shift += 86_400_000
    out.run_due()
    clocks.steady += back + 1
    out.run_due()
    assert desk.writing.state(sent) is S.CONFLICT


def test_a_clock_moved_forward_long_before_its_time_is_asked_about_too(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk, then(clocks, hours=5))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.shift = int(HOUR * 1000)
    for _ in range(4):
        clocks.steady += HOUR
        out.run_due()
    assert desk.writing.state(sent) is S.CONFLICT, "by the clock it is time, and an hour of that never was"


def test_what_was_scheduled_after_the_clock_was_put_right_is_meant_by_it(desk: Desk, clocks: Clocks) -> None:
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.shift = int(HOUR * 1000)
    out.run_due()
    clocks.steady += 1
    sent = write(desk, then(clocks, hours=1))
    clocks.steady += HOUR + 1
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_clock_set_back_makes_it_later_and_loses_nothing(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk, then(clocks, hours=1))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.shift = -int(2 * HOUR * 1000)
    clocks.steady += HOUR + 60
    out.run_due()
    assert desk.writing.state(sent) is S.SCHEDULED
    clocks.steady += 2 * HOUR
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_night_asleep_is_no_leap(desk: Desk, clocks: Clocks) -> None:
    """Both clocks went on while the laptop slept; the time passed meanwhile, and it goes out late."""
    sent = write(desk, then(clocks, hours=1))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    clocks.steady += 9 * HOUR
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_time_that_passed_days_ago_is_asked_about(desk: Desk, clocks: Clocks) -> None:
    write(desk, then(clocks, hours=1))
    clocks.steady += 30 * HOUR
    way(desk, clocks, ScriptedSender()).run_due()
    entry = desk.writing.outbox()[0]
    assert entry.state is S.CONFLICT
    assert "more than a day ago" in entry.detail


def test_a_conversation_that_moves_on_before_its_time_is_a_conflict_at_once(desk: Desk, clocks: Clocks) -> None:
    sent = write(desk, then(clocks, hours=20))
    out = way(desk, clocks, ScriptedSender(ACCEPTED))
    out.run_due()
    Mailbox(desk).bring("b", "È arrivato, grazie!", references=("a",), at=NOON + timedelta(minutes=1))
    out.run_due()
    assert desk.writing.state(sent) is S.CONFLICT
    assert desk.queue.row(desk.queue.ids("all")[0]).status == "open"
    desk.writing.reschedule(sent, then(clocks, hours=1))
    out.run_due()
    assert desk.writing.state(sent) is S.SCHEDULED, "the agent has read what is new"
    clocks.steady += 2 * HOUR
    out.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_time_that_is_past_is_none(desk: Desk, clocks: Clocks) -> None:
    with pytest.raises(Refused, match="past"):
        write(desk, datetime.now(UTC) - timedelta(minutes=1))
    assert len(desk.writing.drafts()) == 1, "the draft stays"


def test_a_pause_is_over_when_the_clock_was_set_back_since(desk: Desk, clocks: Clocks) -> None:
    pacing = Pacing(desk.database, "support")
    desk.database.write(lambda tx: pacing.hold_up(tx, 600, "slower"))
    assert 595 < pacing.blocked() <= 600
    assert Pacing(desk.database, "support").blocked() > 595, "also after a restart"
    clocks.shift = -86_400_000
    assert pacing.blocked() == 0
    clocks.shift = 0
    clocks.steady += 601
    assert pacing.blocked() == 0
