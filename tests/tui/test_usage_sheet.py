"""The line as the agent sees it: what it moved, how wide it is, and how she wants it taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, config
from screens import opened

from agentdesk.config import Budget, Link
from agentdesk.desk.facts import ChannelFact
from agentdesk.tui.line import bar, spark

SIZES = [(80, 24), (120, 36)]


def channel(**changes: object) -> ChannelFact:
    return replace(ChannelFact("support", "imap", "ready", "", 0, 0, 0, 0, 0, NOW, today_in=1_230_000, today_out=70_000), **changes)


def test_bars_and_steps_keep_their_proportion() -> None:
    assert (bar(0, 100, 10), bar(100, 100, 10), bar(50, 100, 10), bar(1, 10_000, 10)) == ("", "█" * 10, "█" * 5, "▏")
    assert bar(500, 100, 10) == "█" * 10
    assert (spark([0, 1, 4, 8]), spark([0, 0])) == (" ▁▄█", "")


@pytest.mark.parametrize("size", SIZES)
async def test_today_stands_in_the_line_above(size) -> None:
    fake = FakeDesk()
    fake.reading.states = (channel(),)
    async with opened(fake, size=size) as desk:
        assert ("↕1.3 MB" if size[0] == 80 else "↓1.2 MB ↑70.0 kB") in desk.lines()[0]


@pytest.mark.parametrize("size", SIZES)
async def test_a_thin_line_says_so_with_its_figures(size) -> None:
    fake = FakeDesk()
    fake.reading.states = (channel(link="thin", round_trip_ms=410, bytes_per_second=7_250), channel(name="sales", link="normal", round_trip_ms=20))
    async with opened(fake, size=size) as desk:
        assert ("thin ●" if size[0] == 80 else "thin: 410 ms, 58 kbit/s ●") in desk.lines()[0]


async def test_a_ceiling_stands_beside_what_was_used(tmp_path) -> None:
    fake = FakeDesk(settings=replace(config(), budget=Budget(day=20_000_000)))
    fake.reading.states = (channel(),)
    async with opened(fake, size=(80, 24)) as desk:
        assert "1.3 MB of 20.0 MB" in desk.lines()[0]


@pytest.mark.parametrize("size", SIZES)
async def test_the_sheet_tells_today_each_job_and_each_day(size) -> None:
    fake = FakeDesk(settings=replace(config(), budget=Budget(day=2_000_000)))
    fake.reading.states = (channel(link="thin", round_trip_ms=410, bytes_per_second=7_250, spared="desk"),)
    async with opened(fake, size=size) as desk:
        await desk.press("U")
        text = desk.text()
        for words in ("Today", "of 2.0 MB", "Counted without TLS", "ceiling for today is reached", "support", "thin: 410 ms, 58 kbit/s", "texts"):
            assert words in text, words
        await desk.press("end", *["pagedown"] * 3)
        assert "The last 14 days" in desk.text()
        assert "Thu 19 Nov" in desk.text()
        await desk.press("escape")
        assert "The last 14 days" not in desk.text()


async def test_how_the_line_is_taken_is_chosen_by_key_and_by_word() -> None:
    fake = FakeDesk()
    fake.reading.states = (channel(link="normal", round_trip_ms=20),)
    async with opened(fake, size=(80, 24)) as desk:
        await desk.press("g", "t")
        assert "support · normal: 20 ms" in desk.text()
        await desk.press("down", "down", "down", "enter")
        assert fake.usage.link() is Link.OFFLINE
        assert "taken as offline" in desk.lines()[-1]
        desk.app.run_command("link.choose", argument="auto")
        assert fake.usage.link() is Link.AUTO


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", ["offline", "down"])
async def test_what_waits_for_the_line_is_counted_in_the_line_above(size, state) -> None:
    fake = FakeDesk()
    fake.reading.states = (channel(state=state),)
    counts = fake.queue.counts
    fake.queue.counts = lambda: replace(counts(), outbox=3)
    async with opened(fake, size=size) as desk:
        assert "Outbox 3" in desk.lines()[0]
