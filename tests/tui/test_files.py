"""Attachments on the screen: how far each is, in what order, stopped, failed and tried again; never in the way of who writes."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, item
from PIL import Image
from screens import Opened, opened

from agentdesk.desk.facts import AttachmentFact, Fetch
from agentdesk.domain.message import Direction
from agentdesk.tui import theme
from agentdesk.tui.layout import cells
from agentdesk.tui.widgets import attachment

FILES = (
    AttachmentFact(7, "IMG_2041.jpg", "image/jpeg", 364_000, False, False, seconds=62.0),
    AttachmentFact(8, "fattura.pdf", "application/pdf", 90_000, False, False, seconds=15.0),
    AttachmentFact(9, "un nome molto lungo che non sta in nessuna riga di questa finestra.docx", "application/msword", 2_000_000, False, False),
)  # fmt: skip


@pytest.fixture
def fake() -> FakeDesk:
    made = FakeDesk()
    made.threads[1] = (item("3", Direction.IN, NOW, "Ecco le foto.", attachments=FILES),)
    return made


def line_of(desk: Opened, words: str) -> str:
    return next((line for line in desk.lines() if words in line), "")


async def asked(desk: Opened, number: int, what: str = "Fetch it") -> None:
    await desk.press(*str(number), "d", f"'{what}'", "enter")


async def test_size_and_time_are_shown_before_one_fetches(fake: FakeDesk) -> None:
    async with opened(fake, size=(200, 50)) as desk:
        assert "1 IMG_2041.jpg  364 kB  not fetched yet · about 2 min" in desk.text()
        assert "2 fattura.pdf  90.0 kB  not fetched yet · about 15 s" in desk.text()
        await desk.press("d")
        assert "364 kB · not fetched yet · about 2 min" in line_of(desk, "▌  1  IMG_2041.jpg")
        assert "3 files · 2.5 MB" in line_of(desk, "Save all of them"), "no time where that of one is not known"


async def test_progress_is_shown_in_the_conversation(fake: FakeDesk) -> None:
    async with opened(fake, size=(200, 50)) as desk:
        await asked(desk, 1)
        assert fake.files.wanted == [("attachment", 7)]
        assert "1 IMG_2041.jpg  364 kB  being fetched …" in desk.text()
        assert "fetching IMG_2041.jpg · 364 kB · about 2 min" in desk.lines()[-1]
        fake.files.progress(7, fetched=200_000, total=500_000, rate=8_000)
        await desk.until(lambda: "1 IMG_2041.jpg  ━━━━──────  146 kB of 364 kB · 40 % · 8.0 kB/s · 40 s left" in desk.text())
        fake.files.progress(7, fetched=499_999, rate=800_000)
        await desk.until(lambda: "━━━━━━━━━─  364 kB of 364 kB · 99 %" in desk.text())
        assert "left" not in line_of(desk, "IMG_2041.jpg"), "nobody asks how long a moment takes"
        fake.files.arrive(7, b"x")
        await desk.until(lambda: "IMG_2041.jpg is here · d" in desk.lines()[-1])
        assert line_of(desk, "1 IMG_2041.jpg").split("│")[1].strip() == "1 IMG_2041.jpg  364 kB"


async def test_one_after_another_and_each_says_where_it_stands(fake: FakeDesk) -> None:
    async with opened(fake, size=(200, 50)) as desk:
        for number in (2, 1, 3):
            await asked(desk, number)
        fake.files.progress(8, fetched=40, total=100)
        await desk.press("d")
        await desk.until(lambda: "90.0 kB · 40 %" in line_of(desk, "  2  fattura.pdf"))
        assert "364 kB · waits, no. 2" in line_of(desk, "▌  1  IMG_2041.jpg")
        assert "2.0 MB · waits, no. 3" in line_of(desk, "  3  un nome")
        await desk.press("down")
        fake.files.progress(7, fetched=30, total=100, line_up=False)
        await desk.until(lambda: "364 kB · 30 % · waits for the connection" in desk.text())
        assert "▌  2  fattura.pdf" in desk.text(), "the cursor stays where it was"
        fake.files.progress(9, state="paused", reason="The disk is full")
        await desk.until(lambda: "2.0 MB · waits: The disk is full" in desk.text())
        await desk.press("down", "down", "down", "enter")
        assert fake.files.stopped == [("attachment", n) for n in (7, 8, 9)]
        assert fake.files.asked == {}


async def test_it_is_stopped(fake: FakeDesk) -> None:
    async with opened(fake) as desk:
        await asked(desk, 1)
        fake.files.progress(7, fetched=40, total=100)
        await desk.press("1", "d")
        await desk.until(lambda: "IMG_2041.jpg · 364 kB · 40 %" in desk.text())
        await desk.press("'stop'", "enter")
        assert fake.files.stopped == [("attachment", 7)]
        assert "IMG_2041.jpg is not fetched any further" in desk.lines()[-1]
        fake.files.arrive(7, b"x")  # it was faster
        await desk.until(lambda: not desk.app.after_blob)
        assert "is here" not in desk.text(), "nobody waits for it any more"


async def test_a_failure_says_why_and_is_tried_again(fake: FakeDesk) -> None:
    async with opened(fake, size=(200, 50)) as desk:
        await asked(desk, 1)
        fake.files.progress(7, state="failed", reason="This message is no longer on the server.")
        await desk.until(lambda: "not fetched: This message is no longer on the server." in desk.lines()[-1])
        assert "364 kB  not fetched" in line_of(desk, "1 IMG_2041.jpg")
        assert "  This message is no longer on the server." in desk.text()
        await desk.press("1", "d")
        assert "Try again" in desk.text()
        assert "Stop" not in desk.text()
        await desk.press("'again'", "enter")
        assert fake.files.wanted == [("attachment", 7)] * 2


async def test_all_are_saved_as_they_come(fake: FakeDesk, tmp_path) -> None:
    async with opened(fake) as desk:
        await desk.press("d", "'save'", "enter", f"'{tmp_path}/all'", "enter")
        assert [number for _, number in fake.files.wanted] == [7, 8, 9]
        assert "3 files to come" in desk.lines()[-1]
        for number in (8, 7):
            fake.files.arrive(number, b"x")
            await desk.until(lambda n=number: (tmp_path / "all" / f"attachment-{n}").exists())
        assert "files saved in" not in desk.lines()[-1]
        fake.files.arrive(9, b"x")
        await desk.until(lambda: "3 files saved in" in desk.lines()[-1])


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), (255, 0, 0)).save(out, "JPEG")
    return out.getvalue()


async def test_a_picture_that_comes_late_does_not_take_the_keys_from_who_writes(fake: FakeDesk) -> None:
    async with opened(fake) as desk:
        await desk.press("1", "d", "enter")  # to look at it
        await desk.press("r", "'Gentile Maria'")
        fake.files.arrive(7, picture())
        await desk.until(lambda: "IMG_2041.jpg is here · d" in desk.lines()[-1])
        assert "▀▀▀▀" not in desk.text()
        await desk.press("'!'")
        assert desk.screen.composer.box.text == "Gentile Maria!"


async def test_a_picture_that_comes_while_one_waits_is_shown(fake: FakeDesk) -> None:
    async with opened(fake) as desk:
        await desk.press("1", "d", "enter")
        fake.files.arrive(7, picture())
        await desk.until(lambda: "▀▀▀▀" in desk.text())


async def test_the_whole_message_shows_how_far_it_is_and_is_stopped(fake: FakeDesk, tmp_path) -> None:
    async with opened(fake, size=(200, 50)) as desk:
        await desk.press("D", f"'{tmp_path}'", "enter")
        assert "fetching the raw form · 12.3 kB" in desk.lines()[-1]
        fetch = replace(fake.files.asked[-3], fetched=5_000, total=10_000)
        fake.files.progress(-3, fetched=5_000, total=10_000)
        (entry,) = fake.threads[1]
        fake.threads[1] = (replace(entry, raw=fetch, size=10_000),)
        fake.changed.add(("progress", 1))
        await desk.until(lambda: "· the whole message  ━━━━━─────  5.0 kB of 10.0 kB · 50 %" in desk.text())
        await desk.press("D", "'stop'", "enter")
        assert fake.files.stopped == [("raw", 3)]


async def test_italian(fake: FakeDesk) -> None:
    async with opened(fake, size=(200, 50), locale="it") as desk:
        await asked(desk, 1, "Scaricalo")
        fake.files.progress(7, fetched=200_000, total=500_000, rate=8_000)
        await desk.until(lambda: "146 kB di 364 kB · 40 % · 8,0 kB/s · mancano 40 s" in desk.text())


@pytest.mark.parametrize("width", [*range(12, 64), 80, 96])
def test_at_every_width_a_line_holds_the_name_and_how_it_stands(width: int) -> None:
    roles = theme.palette("dark")
    states = [
        None, Fetch("waiting", place=2), Fetch("fetching"), Fetch("fetching", 40, 100, 3), Fetch("failed", reason="no longer there"),
        Fetch("paused", reason="The disk is full: nothing more can be saved"), Fetch("waiting", line_up=False),
    ]  # fmt: skip
    for fact in FILES:
        for fetch in states:
            found = ["".join(text for text, _ in line) for line in attachment.lines(replace(fact, fetch=fetch), 1, width, roles)]
            assert found[0].startswith("1 " + fact.name[:5])
            if width >= 24:
                assert max(map(cells, found)) <= width, found
            if fetch is not None and fetch.total and width >= 28:
                assert "40 %" in found[0]
            if fetch is not None and fetch.reason and width >= 36:
                assert {"failed": "not fetched", "paused": "waits"}[fetch.state] in found[0]
            if fetch is not None:
                assert " ".join(line.strip() for line in found[1:]) == fetch.reason


async def test_a_picture_has_all_the_room_there_is(fake: FakeDesk) -> None:
    async with opened(fake, size=(80, 24)) as desk:
        await desk.press("1", "d", "enter")
        fake.files.arrive(7, picture())
        await desk.until(lambda: "▀▀▀▀" in desk.text())
        assert sum("▀▀▀▀" in line for line in desk.lines()) == 18, "24 lines without the two above, the two below, title and hint"


async def test_where_it_is_saved_is_told_name_first(fake: FakeDesk, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Downloads").mkdir()
    fake.files.blobs[8] = b"x"
    async with opened(fake) as desk:
        await desk.press("2", "d")
        assert "~/Downloads" in line_of(desk, "Save it")
        await desk.press("enter", "enter")
        assert "saved attachment-8 in ~/Downloads" in desk.lines()[-1]
        assert (tmp_path / "Downloads" / "attachment-8").exists()
