"""Which line counts as thin: by what, from when, and when no longer."""

import pytest

from agentdesk.channels.usage import Flight, Usage
from agentdesk.config import Link
from agentdesk.engine.link import ENOUGH, FRESH, NORMAL_RATE, Gauge, Line, Measure, judge


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(clock)


def question(seconds: float) -> Flight:
    """A small question with a small answer."""
    return Flight(sent=40, first=seconds, head=80, tail=0, rest=0.0)


def answer(rate: float, size: int = 20_000, seconds: float = 0.3) -> Flight:
    return Flight(sent=40, first=seconds, head=1400, tail=size, rest=size / rate)


@pytest.mark.parametrize(
    ("measure", "before", "link"),
    [
        (Measure(0.02, 1_000_000), Link.NORMAL, Link.NORMAL),
        (Measure(0.6, 1_000_000), Link.NORMAL, Link.THIN),  # a satellite: wide, and every question is felt
        (Measure(0.1, 8_000), Link.NORMAL, Link.THIN),  # 64 kbit/s
        (Measure(0.3, 8_000), Link.NORMAL, Link.THIN),
        (Measure(0.2, 0), Link.NORMAL, Link.NORMAL),  # between the marks it stays what it was
        (Measure(0.2, 0), Link.THIN, Link.THIN),
        (Measure(0.1, 20_000), Link.NORMAL, Link.NORMAL),
        (Measure(0.1, 20_000), Link.THIN, Link.THIN),
        (Measure(0.1, 26_000), Link.THIN, Link.NORMAL),
        (Measure(), Link.THIN, Link.NORMAL),  # nothing was asked: nothing is known against it
    ],
)
def test_judging_a_line(measure: Measure, before: Link, link: Link) -> None:
    assert judge(measure, before) is link


def test_one_slow_answer_is_the_servers_and_several_are_the_lines(line: Line) -> None:
    for _ in range(8):
        line.flew(question(0.02))
    line.flew(question(4.0))  # a search
    assert line.measure().round_trip == 0.02
    for _ in range(4):
        line.flew(question(0.5))
    assert line.measure().round_trip == 0.5


def test_a_large_answer_tells_the_throughput_and_a_large_question_no_round_trip(line: Line) -> None:
    line.flew(answer(8_000))
    assert line.measure() == Measure(0.3, pytest.approx(8_000))
    line.flew(Flight(sent=100_000, first=9.0, head=40, tail=0, rest=0.0))  # a copy for Sent
    assert line.measure().round_trip == 0.3


def test_an_answer_that_came_at_once_proves_a_wide_line_and_no_narrow_one(line: Line) -> None:
    line.flew(Flight(sent=40, first=2.0, head=8_000, tail=0, rest=0.0))  # the server thought for two seconds
    assert line.measure().rate == 0
    line.flew(Flight(sent=40, first=0.01, head=8_000, tail=0, rest=0.0))
    assert line.measure().rate > NORMAL_RATE


def test_old_measures_do_not_count(line: Line, clock: Clock) -> None:
    line.flew(answer(8_000))
    clock.now += FRESH + 1
    assert line.measure() == Measure()


def gauge_of(line: Line, wanted: Link = Link.AUTO) -> tuple[Gauge, list[Link]]:
    told: list[Link] = []
    return Gauge(lambda: wanted, line, lambda link, _measure: told.append(link)), told


def test_auto_begins_thin_and_widens_when_measured(line: Line) -> None:
    gauge, told = gauge_of(line)
    gauge.begin()
    gauge.opened()
    assert gauge.link is Link.THIN
    assert not gauge.look(done=False)
    for _ in range(ENOUGH):
        line.flew(question(0.01))
    assert gauge.look(done=False)
    assert (gauge.link, gauge.sure) == (Link.NORMAL, False)
    line.flew(answer(1_000_000))
    assert not gauge.look(done=True)
    assert gauge.sure
    assert set(told) == {Link.THIN, Link.NORMAL}


def test_a_line_that_gets_worse_while_connected_turns_thin_and_back(line: Line) -> None:
    gauge, _ = gauge_of(line)
    gauge.begin()
    seen = []
    for seconds in [0.02] * 6 + [0.8] * 6 + [0.2] * 6 + [0.05] * 6:
        line.flew(question(seconds))
        gauge.look(done=True)
        seen.append(gauge.link)
    changes = [link for place, link in enumerate(seen) if place == 0 or seen[place - 1] is not link]
    assert changes == [Link.NORMAL, Link.THIN, Link.NORMAL]
    assert seen[17] is Link.THIN, "0.2 s is not good enough to be normal again"


def test_every_connection_is_measured_anew(line: Line) -> None:
    gauge, _ = gauge_of(line)
    gauge.begin()
    for _ in range(5):
        line.flew(question(0.9))
    gauge.look(done=True)
    assert gauge.link is Link.THIN
    gauge.begin()
    line.flew(question(0.01))
    gauge.look(done=True)
    assert gauge.link is Link.NORMAL


@pytest.mark.parametrize("wanted", [Link.THIN, Link.NORMAL, Link.OFFLINE])
def test_what_the_desk_or_the_agent_says_is_not_overruled(line: Line, wanted: Link) -> None:
    gauge, told = gauge_of(line, wanted)
    gauge.begin()
    for _ in range(5):
        line.flew(question(0.9 if wanted is Link.NORMAL else 0.01))
    assert not gauge.look(done=True)
    assert (gauge.link, set(told), gauge.sure) == (wanted, {wanted}, True)


def test_figures_are_told_anew_only_when_they_differ(line: Line) -> None:
    gauge, told = gauge_of(line, Link.NORMAL)
    gauge.begin()
    for seconds in (0.101, 0.102, 0.103, 0.104):
        line.flew(question(seconds))
        gauge.look(done=True)
    assert len(told) == 2


# -- flights, as the socket sees them


def test_flights_are_timed_from_the_question_to_the_last_byte_of_the_answer(clock: Clock) -> None:
    flights: list[Flight] = []
    usage = Usage(flew=flights.append, clock=clock)
    usage.asked()
    usage.went(30)
    clock.now += 0.25
    usage.came(1000)
    clock.now += 0.5
    usage.came(4000)
    clock.now += 60
    usage.came(50)  # news, a minute later: no part of the answer
    usage.asked()
    assert flights == [Flight(sent=30, first=0.25, head=1000, tail=4000, rest=0.5)]
    assert (usage.bytes_in, usage.bytes_out, usage.round_trips) == (5050, 30, 2)


def test_what_nobody_asked_for_is_no_flight(clock: Clock) -> None:
    flights: list[Flight] = []
    usage = Usage(flew=flights.append, clock=clock)
    usage.came(100)
    usage.asked()
    usage.went(10)
    usage.asked()
    assert flights == []
