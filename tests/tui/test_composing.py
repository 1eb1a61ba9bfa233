"""The composer's edges: whose draft it is, recipients as they are typed, files, forwards, values that are asked for."""

from __future__ import annotations

from dataclasses import replace

from fake_desk import FakeDesk
from screens import opened

from agentdesk.commands import Where
from agentdesk.tui.screens.drafts import SAVE_AT_LEAST


def bar(desk):
    return next(line for line in desk.lines() if "─ reply to" in line or "─ forward to" in line or "─ new to" in line)


async def test_the_line_above_a_draft_is_never_the_one_before():
    async with opened() as desk:
        await desk.press("r", "'Buongiorno'", "escape", "j", "f")
        assert "forward to …" in bar(desk)
        await desk.press("'mag@casa.example'")
        assert "forward to mag@casa.example" in bar(desk), "while it is typed"


async def test_who_forwards_goes_back_to_the_conversation():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("enter", "f", "'mag@casa.example'", "tab", "tab", "tab", "tab", "'Controllate, grazie'", "ctrl+s")
        (sent,) = fake.sent
        assert sent.to[0].address == "mag@casa.example"
        assert desk.screen.current == 1
        assert desk.screen.where() is Where.CONVERSATION
        assert fake.rows[2].assignee == "", "nothing else was opened and taken"
        await desk.press("c", "'neu@kunde.example'", "tab", "tab", "tab", "'Hallo'", "tab", "'Text'", "ctrl+s")
        assert len(fake.sent) == 2
        assert desk.screen.current == 1


async def test_a_value_that_must_be_given_is_asked_for_aloud():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("s", "enter")
        sheet = desk.screen.sheet.sheet
        sheet._open = [type(sheet._open[0])("code", "New code")]
        await desk.press("enter")
        assert "New code: type an answer" in desk.lines()[-1]
        assert desk.screen.where() is Where.PICKER


async def test_tab_completes_a_path(tmp_path):
    (tmp_path / "ordini").mkdir()
    (tmp_path / "ordini" / "etichetta.pdf").write_bytes(b"%PDF")
    async with opened() as desk:
        await desk.press("r", "'Ecco'", "ctrl+x", "a", f"'{tmp_path}/or'")
        assert "tab complete" in desk.lines()[-1]
        await desk.press("tab")
        assert desk.screen.sheet.entry.text == f"{tmp_path}/ordini/"
        await desk.press("tab", "enter")
        assert "+ etichetta.pdf 4 B" in desk.text()
        await desk.press("ctrl+x", "d")
        assert "etichetta.pdf is not attached any more" in desk.lines()[-1]


async def test_an_attachment_shows_that_it_is_being_fetched(tmp_path):
    fake = FakeDesk()
    *before, last = fake.reading.thread(1)
    fake.threads[1] = (*before, replace(last, attachments=(replace(last.attachments[0], here=False),)))
    async with opened(fake) as desk:
        assert "1 tracking.png  48.2 kB  not fetched yet" in desk.text()
        await desk.press("d", "down", "enter", f"'{tmp_path}'", "enter")
        assert "1 tracking.png  48.2 kB  being fetched …" in desk.text()
        fake.files.arrive(7, b"x")
        await desk.until(lambda: "being fetched" not in desk.text())
        assert "fetching" not in desk.lines()[-1]


async def test_who_types_without_a_pause_is_saved_meanwhile():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "a")
        desk.screen.drafts._dirty_since -= SAVE_AT_LEAST
        before = fake.writing.saves
        await desk.press("b")
        assert fake.writing.saves == before + 1
        timer = desk.screen.drafts._saving
        assert timer is None or timer._interval > 0, "a timer of no seconds would end the screen where it comes late"
        assert fake.writing.drafts()[0].text == "ab"
