"""Opening hours and promises."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.domain.calendar import OpeningHours, known_country
from agentdesk.domain.conversation import Priority
from agentdesk.domain.promise import due_at, is_late, promise_of, queue_key

ROME = ZoneInfo("Europe/Rome")
H = timedelta(hours=1)
WEEK = {**{day: ((time(9), time(18)),) for day in range(5)}, 5: ((time(10), time(13)),)}
SHOP = OpeningHours(WEEK, ROME, "IT", {date(2026, 12, 24)})


def at(*when):
    return datetime(*when, tzinfo=ROME)


def test_open_and_closed():
    assert SHOP.is_open(at(2026, 11, 20, 9))
    assert not SHOP.is_open(at(2026, 11, 20, 18))
    assert not SHOP.is_open(at(2026, 11, 22, 11))  # Sunday
    assert not SHOP.is_open(at(2026, 12, 8, 11))  # Immaculate Conception
    assert not SHOP.is_open(at(2026, 12, 24, 11))
    assert SHOP.is_open(datetime(2026, 11, 20, 8, 30, tzinfo=UTC))
    assert SHOP.closed_on(date(2026, 12, 25))
    assert not SHOP.closed_on(date(2026, 11, 21))


def test_next_open():
    assert SHOP.next_open(at(2026, 11, 20, 10)) == at(2026, 11, 20, 10)
    assert SHOP.next_open(at(2026, 11, 20, 20)) == at(2026, 11, 21, 10)
    assert SHOP.next_open(at(2026, 11, 21, 13)) == at(2026, 11, 23, 9)
    assert SHOP.next_open(at(2026, 12, 23, 19)) == at(2026, 12, 28, 9)  # closed 24; 25 and 26 are holidays; 27 Sunday


def test_add_counts_opening_time_only():
    assert SHOP.add(at(2026, 11, 20, 17, 30), H) == at(2026, 11, 21, 10, 30)
    assert SHOP.add(at(2026, 11, 21, 12, 30), H) == at(2026, 11, 23, 9, 30)
    assert SHOP.add(at(2026, 11, 20, 17), H) == at(2026, 11, 20, 18)
    assert SHOP.add(at(2026, 11, 20, 3), timedelta(0)) == at(2026, 11, 20, 3)
    assert SHOP.add(at(2026, 11, 16, 9), 48 * H) == at(2026, 11, 21, 13)  # a whole week of 5 x 9 + 3


def test_an_empty_week_is_always_open():
    always = OpeningHours({}, ROME)
    assert always.is_open(at(2026, 12, 25, 3))
    assert always.next_open(at(2026, 12, 25, 3)) == at(2026, 12, 25, 3)
    assert always.add(at(2026, 12, 25, 3), H) == at(2026, 12, 25, 4)
    but_christmas = OpeningHours({}, ROME, "IT")
    assert but_christmas.is_open(at(2026, 12, 24, 23, 59))
    assert not but_christmas.is_open(at(2026, 12, 25, 3))
    assert but_christmas.add(at(2026, 12, 24, 23), 2 * H) == at(2026, 12, 27, 1)


@pytest.mark.parametrize("week", [{0: ()}, {0: ((time(2, 10), time(2, 10)),)} | {}])
def test_a_calendar_that_never_opens_ends(week):
    never = OpeningHours({0: ()}, ROME) if not week[0] else OpeningHours(week, ROME, closed=_mondays())
    assert never.next_open(at(2026, 11, 20, 9)) is None
    assert never.add(at(2026, 11, 20, 9), H) is None
    assert not never.is_open(at(2026, 11, 20, 9))


def _mondays():
    first = date(2026, 11, 2)
    return {first + timedelta(weeks=n) for n in range(600)}


def test_durations_beyond_all_calendars_end():
    assert SHOP.add(at(2026, 11, 20, 9), timedelta(days=100_000)) is None
    assert SHOP.add(at(2026, 11, 20, 9), timedelta.max) is None
    assert OpeningHours({}, ROME).add(at(2026, 11, 20, 9), timedelta.max) is None


def test_overlapping_and_night_spans():
    both = OpeningHours({0: ((time(9), time(12)), (time(11), time(13)))}, ROME)
    assert both.add(at(2026, 11, 23, 9), 4 * H) == at(2026, 11, 23, 13)
    night = OpeningHours({0: ((time(22), time(2)),)}, ROME)
    assert night.is_open(at(2026, 11, 24, 1))  # Tuesday morning
    assert night.add(at(2026, 11, 23, 23), 2 * H) == at(2026, 11, 24, 1)
    assert night.add(at(2026, 11, 24, 1, 30), H) == at(2026, 11, 30, 22, 30)


def test_days_on_which_the_clock_moves():
    nights = OpeningHours({6: ((time(0), time(6)),)}, ROME)
    assert nights.add(at(2026, 3, 29, 0), 5 * H) == at(2026, 3, 29, 6)  # an hour less
    assert nights.add(at(2026, 10, 25, 0), 7 * H) == at(2026, 10, 25, 6)  # an hour more
    skipped = OpeningHours({6: ((time(2), time(3)),)}, ROME)
    assert skipped.next_open(at(2026, 3, 28, 0)) == at(2026, 4, 5, 2)  # that hour did not exist on March 29


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError):
        SHOP.is_open(datetime(2026, 11, 20, 9))


def test_countries():
    assert known_country("IT")
    assert known_country("de-by")
    assert not known_country("XX")
    assert not known_country("IT-QQ")
    assert OpeningHours(WEEK, ROME, "XX").is_open(at(2026, 12, 25, 11))


def test_the_calendar_library_is_loaded_only_when_asked():
    code = "import sys, agentdesk.domain.promise; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))
durations = st.timedeltas(timedelta(0), timedelta(hours=60))


@settings(deadline=None)
@given(moments, durations, durations)
def test_adding_in_two_steps_is_adding_once(start, one, two):
    assert SHOP.add(SHOP.add(start, one), two) == SHOP.add(start, one + two)


@settings(deadline=None)
@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(hours=60)))
def test_sums_fall_into_opening_time(start, duration):
    end = SHOP.add(start, duration)
    assert end >= start + duration
    assert SHOP.is_open(end - timedelta(microseconds=1))


# -- promises --------------------------------------------------------------------------------------------------------------

PROMISES = {"imap": H, "chat": timedelta(minutes=1)}


def test_due():
    assert due_at("imap", at(2026, 11, 20, 17, 30), PROMISES, SHOP) == at(2026, 11, 21, 10, 30)
    assert due_at("chatwoot", at(2026, 11, 20, 17, 30), PROMISES, SHOP) == at(2026, 11, 20, 17, 31)
    assert due_at("imap", None, PROMISES, SHOP) is None
    assert due_at("imap", at(2026, 11, 20, 17), {}, SHOP) is None
    assert promise_of("matrix", PROMISES) == timedelta(minutes=1)
    assert is_late(at(2026, 11, 20, 9), at(2026, 11, 20, 9, 1))
    assert not is_late(None, at(2026, 11, 20, 9))


def test_the_queue_stands_in_the_order_in_which_promises_break():
    def row(name, waiting=None, due=None, last=(2026, 11, 20), priority=Priority.NORMAL):
        return name, queue_key(waiting and at(*waiting), due and at(*due), at(*last), priority)

    rows = [
        row("answered long ago", last=(2026, 11, 1)),
        row("answered lately", last=(2026, 11, 19)),
        row("no promise, waits less", waiting=(2026, 11, 12)),
        row("no promise, waits long", waiting=(2026, 11, 2)),
        row("due later", waiting=(2026, 11, 1), due=(2026, 11, 21)),
        row("late", waiting=(2026, 11, 18), due=(2026, 11, 19)),
        row("late and urgent", waiting=(2026, 11, 18), due=(2026, 11, 19), priority=Priority.URGENT),
    ]
    assert [name for name, _ in sorted(rows, key=lambda pair: pair[1])] == [
        "late and urgent", "late", "due later", "no promise, waits long", "no promise, waits less", "answered lately",
        "answered long ago",
    ]  # fmt: skip
