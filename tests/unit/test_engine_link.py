"""Which line counts as thin."""

import pytest

from agentdesk.channels.base import Usage
from agentdesk.config import Link
from agentdesk.engine.link import Gauge, judge


@pytest.mark.parametrize(
    ("round_trips", "seconds", "link"),
    [
        (3, 0.05, Link.NORMAL),
        (3, 1.0, Link.THIN),  # a satellite: wide, and every question is felt
        (3, 1.9, Link.THIN),  # 64 kbit/s and 300 ms
        (0, 0.0, Link.NORMAL),
    ],
)
def test_judging_a_line(round_trips: int, seconds: float, link: Link) -> None:
    assert judge(round_trips, seconds) is link


def test_auto_begins_thin_and_decides_once_a_connection() -> None:
    chosen: list[Link] = []
    usage = Usage()
    gauge = Gauge(Link.AUTO, usage, chosen.append)
    for _ in range(2):
        gauge.begin()
        usage.round_trips += 3
        gauge.opened()
        usage.bytes_in += 9_000
        assert gauge.brought()
        assert not gauge.brought()
    assert chosen == [Link.THIN, Link.NORMAL] * 2


@pytest.mark.parametrize("wanted", [Link.THIN, Link.NORMAL])
def test_what_the_desk_says_is_not_measured(wanted: Link) -> None:
    chosen: list[Link] = []
    gauge = Gauge(wanted, Usage(), chosen.append)
    gauge.begin()
    gauge.opened()
    assert not gauge.brought()
    assert chosen == [wanted]
