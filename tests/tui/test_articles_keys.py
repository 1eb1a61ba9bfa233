"""Articles and snippets from within the text: what is typed to open the list, and what becomes of it."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from screens import opened

from agentdesk.commands import Where
from agentdesk.commands.keymap import load

LINK = "https://casaverde.example/help/returns"


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_two_question_marks_put_a_link_where_the_cursor_is(size):
    async with opened(FakeDesk(), size=size) as desk:
        await desk.press("r", "'Veda qui: ??'")
        assert desk.screen.where() is Where.PICKER
        assert "─ articles ─" in desk.text()
        assert "Restituire un articolo" in desk.text()
        assert "What can be returned" in desk.text(), "the agent sees what it says"
        await desk.press("enter", "'.'")
        assert desk.screen.composer.box.text == f"Veda qui: Restituire un articolo – {LINK}."
        assert [one.name for one in desk.screen.composer.draft.snippets] == ["articles/returns"]


async def test_the_language_turns_in_the_list_and_stays_that_of_the_reply():
    async with opened(FakeDesk()) as desk:
        await desk.press("r", "'Buongiorno, ??'", "tab")
        assert "Returning an item – " in desk.text()
        await desk.press("enter")
        assert desk.screen.composer.box.text == f"Buongiorno, Returning an item – {LINK}"
        assert desk.screen.composer.draft.language == "it"


@pytest.mark.parametrize("opener", ["::", "??"])
async def test_what_was_typed_comes_back_where_nothing_is_chosen(opener):
    async with opened(FakeDesk()) as desk:
        await desk.press("r", f"'Allora {opener}'")
        assert desk.screen.where() is Where.PICKER
        await desk.press("'zz'", "escape")
        assert desk.screen.where() is Where.COMPOSER
        assert desk.screen.composer.box.text == f"Allora {opener}zz"
        await desk.press("'!'")
        assert desk.screen.composer.box.text == f"Allora {opener}zz!"


@pytest.mark.parametrize("text", ["Davvero??", "Perché???", "ore 9: ? ?"])
async def test_behind_a_word_it_is_punctuation(text):
    async with opened(FakeDesk()) as desk:
        await desk.press("r", f"'{text}'")
        assert desk.screen.where() is Where.COMPOSER
        assert desk.screen.composer.box.text == text


async def test_from_the_conversation_a_reply_is_begun():
    async with opened(FakeDesk()) as desk:
        await desk.press("S", "enter")
        assert desk.screen.composer.draft.kind == "reply"
        assert desk.screen.composer.box.text == f"Restituire un articolo – {LINK}"
        await desk.press("ctrl+x", "s", "escape")
        assert LINK in desk.screen.composer.box.text


async def test_without_articles_it_says_how_to_get_some():
    fake = FakeDesk()
    fake.answers.search_articles = lambda query, row, *, language="": []
    async with opened(fake) as desk:
        await desk.press("S")
        assert "docs/packs.md" in desk.text()


@pytest.mark.parametrize("name", ["default", "vim", "emacs", "webdesk"])
def test_every_keymap_has_a_key_for_them(name):
    assert load(name).keys["article.pick"]
