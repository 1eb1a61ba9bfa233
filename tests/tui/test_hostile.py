"""Text from outside is drawn as text; nothing in it is markup; nothing makes the screen fall."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, item
from screens import opened

from agentdesk.domain.message import Address, Direction

HOSTILE = [
    "[/nope] [bold]x[/bold] [@click=app.quit]go[/]",
    "$text-muted {{ customer.name }} {% raw %} ${HOME}",
    "\\[escaped] [link=file:///etc/passwd]x[/link]",
    "山田花子 さん、ご注文" * 20,
    "مرحبا بالعالم שלום " * 10,
    "a" * 5000,
    "👩‍👩‍👧‍👦🏳️‍🌈é́́" * 30,
    "\n" * 300,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_any_text_anywhere(text):
    size = (140, 36) if len(text) < 200 else (44, 14)
    fake = FakeDesk()
    one = " ".join(text.split())
    who = Address(one, f"{one[:40]}@x.example")
    fake.rows[1] = replace(
        fake.rows[1], subject=one, preview=one, customer_name=one, tags=(one or "x",), order_number=one, channel=one
    )
    fake.threads[1] = (
        item("1", Direction.IN, NOW, text, sender=who, cc=(who,), quoted=text, subject=one, problem=one),
        item("2", Direction.NOTE, NOW, text, sender=who),
        item("3", Direction.OUT, NOW, text, sender=who, state="rejected", detail=one),
    )
    async with opened(fake, size=size) as desk:
        await desk.press("enter", ">", "g", "g", "G", "p", "p", "?", "escape", "t", f"'{one[:30]}'", "escape", "/", "escape")
        await desk.press("escape", "escape", "r", "escape", "L", "'ro'", "escape", "j", "k")
        assert desk.app.is_running
        if "nope" in text and size[0] > 100:
            assert "[/nope] [bold]x[/bold]" in desk.text()


async def test_pasting_in_the_queue_runs_no_verbs():
    async with opened() as desk:
        from textual.events import Paste

        desk.app.post_message(Paste("eeee\nq"))
        await desk.pilot.pause()
        assert desk.desk.work.did == []
        assert desk.app.is_running


async def test_pasting_into_the_composer_is_text():
    async with opened() as desk:
        from textual.events import Paste

        await desk.press("r")
        desk.app.post_message(Paste("riga [/uno]\nriga due"))
        await desk.pilot.pause()
        assert desk.screen.composer.box.text == "riga [/uno]\nriga due"
        await desk.press("ctrl+r")
        desk.app.post_message(Paste("Luca\x1b[31m\x07 <luca@casa.example>,\r\n\u202ezia@casa.example"))
        await desk.pilot.pause()
        await desk.press("ctrl+r")
        desk.app.post_message(Paste("\x1b]0;x\x07\tfine\r\n\x9b31m"))
        await desk.pilot.pause()
        written = desk.screen.composer.box.text + desk.screen.composer.fields.entries["to"].text
        assert all(character.isprintable() or character == "\n" for character in written), ascii(written)
        assert "zia@casa.example" in written
