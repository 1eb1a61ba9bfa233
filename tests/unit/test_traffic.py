"""Bytes: counted to the job they are moved for, written down by day, and held against a ceiling."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agentdesk.channels.usage import Job, Usage
from agentdesk.config import Budget
from agentdesk.desk import Desk
from agentdesk.engine.meter import Meter
from agentdesk.engine.status import ChannelStatus
from agentdesk.errors import DeskError
from agentdesk.store import traffic
from agentdesk.store.traffic import Moved
from tests.desks import desk_config

ROME = ZoneInfo("Europe/Rome")


class Now:
    """A clock of the desk."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 23, 30, tzinfo=ROME)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        for channel in opened.config.channels:
            ChannelStatus(opened.database, channel)
        yield opened


def moved(desk: Desk) -> list[Moved]:
    return list(traffic.between(desk.database, date(2000, 1, 1), date(2100, 1, 1)))


def use(usage: Usage, received: int, sent: int) -> None:
    usage.asked()
    usage.went(sent)
    usage.came(received)


def test_what_passes_belongs_to_the_job_that_runs() -> None:
    usage = Usage(job=Job.NEWS)
    use(usage, 10, 1)
    with usage.doing(Job.LIST):
        use(usage, 100, 2)
        with usage.doing(Job.TEXTS):
            use(usage, 1000, 3)
        use(usage, 100, 2)
    use(usage, 10, 1)
    assert usage.take() == {Job.NEWS: (20, 2, 2), Job.LIST: (200, 4, 2), Job.TEXTS: (1000, 3, 1)}
    assert usage.take() == {}
    assert (usage.bytes_in, usage.bytes_out, usage.round_trips) == (1220, 9, 5)


def test_a_job_that_fails_gives_the_line_back() -> None:
    usage = Usage(job=Job.NEWS)

    @usage.doing(Job.SENDING)
    def broken() -> None:
        use(usage, 5, 5)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    use(usage, 1, 1)
    assert usage.take() == {Job.SENDING: (5, 5, 1), Job.NEWS: (1, 1, 1)}


def test_days_are_those_of_the_desk_and_every_byte_is_written_once(desk: Desk, now: Now) -> None:
    meter = Meter(desk.database, desk.config, now)
    mail, chat = Usage(job=Job.LIST), Usage(job=Job.CHAT)
    meter.watch("support", mail)
    meter.watch("chat", chat)
    use(mail, 1000, 10)
    assert meter.flush()
    assert not meter.flush(), "nothing moved, so nothing is written"
    now.at = datetime(2026, 11, 23, 0, 10, tzinfo=ROME)
    use(mail, 500, 5)
    use(chat, 70, 7)
    meter.flush()
    assert moved(desk) == [
        Moved("2026-11-22", "support", "list", 1000, 10, 1),
        Moved("2026-11-23", "chat", "chat", 70, 7, 1),
        Moved("2026-11-23", "support", "list", 500, 5, 1),
    ]
    assert [(c.name, c.bytes_in, c.bytes_out, c.round_trips) for c in desk.reading.channels()] == [
        ("support", 1500, 15, 2), ("chat", 70, 7, 1),
    ]


def test_a_full_disk_loses_no_count(desk: Desk, now: Now, monkeypatch: pytest.MonkeyPatch) -> None:
    meter, usage = Meter(desk.database, desk.config, now), Usage(job=Job.LIST)
    meter.watch("support", usage)
    use(usage, 100, 1)

    def full(_change: object) -> None:
        raise DeskError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.database, "write", full)
        with pytest.raises(DeskError):
            meter.flush()
    use(usage, 10, 1)
    meter.flush()
    assert sum(m.bytes_in for m in moved(desk)) == 110


def test_the_newest_days_are_kept_whatever_the_clock_says(desk: Desk) -> None:
    days = [date.fromordinal(date(2026, 8, 1).toordinal() + n).isoformat() for n in range(100)]
    desk.database.write(lambda tx: traffic.add(tx, [Moved(day, "support", "list", 1, 1, 1) for day in [*days, "2036-01-01"]]))
    traffic.forget(desk.database)
    kept = [m.day for m in moved(desk)]
    assert (len(kept), kept[0], kept[-1]) == (traffic.KEEP_DAYS, days[11], "2036-01-01")


def test_a_ceiling_is_reached_by_all_channels_together_or_by_one_and_lifted_at_midnight(tmp_path: Path, now: Now) -> None:
    config = desk_config(tmp_path, budget=Budget(day=2000, channels={"support": 900}))
    with Desk.open(config) as desk:
        meter, mail, chat = Meter(desk.database, config, now), Usage(job=Job.LIST), Usage(job=Job.CHAT)
        meter.watch("support", mail)
        meter.watch("chat", chat)
        assert (meter.reached("support"), meter.reached("chat")) == ("", "")
        use(mail, 800, 100)
        meter.flush()
        assert (meter.reached("support"), meter.reached("chat")) == ("channel", "")
        use(chat, 1000, 100)
        meter.flush()
        assert (meter.reached("support"), meter.reached("chat")) == ("channel", "desk")
        # the next engine of the day knows it
        assert Meter(desk.database, config, now).reached("chat") == "desk"
        now.at = datetime(2026, 11, 23, 0, 0, 1, tzinfo=ROME)
        assert meter.flush()
        assert (meter.reached("support"), meter.reached("chat")) == ("", "")


def test_without_a_ceiling_none_is_reached(desk: Desk, now: Now) -> None:
    meter, usage = Meter(desk.database, desk.config, now), Usage(job=Job.LIST)
    meter.watch("support", usage)
    use(usage, 10**12, 1)
    meter.flush()
    assert meter.reached("support") == ""
