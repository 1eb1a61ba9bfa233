"""Actions on the screen: the macro picker with what would happen, one undo, and what goes with a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import SNIPPETS, FakeDesk
from screens import opened

from agentdesk.commands import Where
from agentdesk.commands.keymap import load


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_macro_says_what_it_does_and_does_it_to_all_that_are_marked(size):
    fake = FakeDesk()
    async with opened(fake, size=size) as desk:
        await desk.press("x", "x", "M")
        assert "macro · 2 marked" in desk.text()
        assert "closed · +settled" in desk.text()
        assert "Maria Rossi" in desk.text()
        assert "Jan de Vries" in desk.text()
        assert {row.status for row in fake.rows.values()} == {"open"}, "looked at, not done"
        await desk.press("enter")
        assert [fake.rows[n].status for n in (1, 2, 3)] == ["closed", "closed", "open"]
        assert desk.screen.where() is Where.QUEUE
        await desk.press("u")
        assert [fake.rows[n].status for n in (1, 2)] == ["open", "open"]


async def test_a_macro_that_is_for_none_says_why_and_stays():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("M", "'chats'")
        assert "only for chat" in desk.text()
        await desk.press("enter")
        assert "only for chat" in desk.lines()[-1]
        await desk.press("escape")
        assert not fake.work.did


async def test_a_macro_by_its_name_in_the_palette():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press(":", "'macro macros/settled'", "enter")
        assert fake.rows[1].status == "closed"


async def test_without_macros_it_says_how_to_get_some():
    fake = FakeDesk()
    fake.answers.search_macros = lambda query, row: []
    async with opened(fake) as desk:
        await desk.press("M")
        assert "docs/packs.md" in desk.text()
        await desk.press("enter", "escape")
        assert desk.screen.where() is Where.QUEUE


async def test_what_a_reply_does_besides_is_seen_before_and_can_be_taken_away(monkeypatch):
    fake = FakeDesk()
    fill = fake.answers.fill

    def with_actions(name, row, language="", asked=None):
        return replace(fill(name, row, language, asked), actions={"tags": ("late", "gift"), "close": True})

    monkeypatch.setattr(fake.answers, "fill", with_actions)
    monkeypatch.setitem(SNIPPETS, "late", ("In ritardo", "", "Gentile Maria,\narriva domani.\n"))  # setitem keeps the order
    async with opened(fake) as desk:
        await desk.press("s")
        assert "on sending: closed · +late · +gift" in desk.text()
        await desk.press("enter")
        bar = next(line for line in desk.lines() if "─ reply to" in line)
        assert "closed · +late · +" in bar
        await desk.press("ctrl+x", "m", "down", "down", "enter")
        assert "close" not in desk.screen.composer.draft.actions
        await desk.press("enter", "escape")
        assert desk.screen.composer.draft.actions == {"tags": ["gift"]}
        assert desk.screen.where() is Where.COMPOSER
        await desk.press("ctrl+x", "m", "enter")
        assert desk.screen.composer.draft.actions == {}
        assert "the reply does nothing else" in desk.lines()[-1]
        await desk.press("ctrl+x", "m")
        assert "nothing besides" in desk.lines()[-1]


@pytest.mark.parametrize("name", ["default", "vim", "emacs", "webdesk"])
def test_every_keymap_has_keys_for_them(name):
    keys = load(name).keys
    assert keys["macro"]
    assert keys["composer.actions"]
