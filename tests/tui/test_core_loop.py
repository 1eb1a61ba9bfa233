"""Three keys a conversation, undo, and what stops a send."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_desk import ANNA, NOW, FakeDesk, maria_thread
from screens import opened
from textual import events

from agentdesk.commands import Where


async def test_three_keys_answer_a_conversation_and_open_the_next():
    async with opened() as desk:
        await desk.press("s", "down", "enter", "ctrl+s")
        (sent,) = desk.desk.sent
        assert sent.conversation == 1
        assert "il suo ordine 10245 è partito" in sent.text
        assert desk.desk.writing.thens == [("waiting", None)]
        assert desk.screen.current == 2
        assert desk.desk.rows[2].assignee == ANNA, "the next one is taken"
        assert "sent to Maria Rossi · u undo 8 s" in desk.lines()[-1]
        await desk.press("s", "down", "enter", "ctrl+s")
        assert [entry.conversation for entry in desk.desk.sent] == [1, 2]


async def test_a_command_never_overtakes_what_was_typed_before_it():
    """All of it arrives at once, as from a fast hand on a slow line."""
    async with opened() as desk:
        await desk.press("r")
        for key, character in [("D", "D"), ("e", "e"), ("x", "x"), ("backspace", None), ("a", "a"), ("r", "r"), ("ctrl+s", None), ("r", "r"), ("N", "N")]:
            desk.app.post_message(events.Key(key, character))
        await desk.pilot.pause()
        (sent,) = desk.desk.sent
        assert sent.text == "Dear"
        assert desk.screen.composer.box.text == "N", "what follows is meant for the next conversation"


async def test_what_was_typed_last_is_saved_when_the_desk_is_left_at_once():
    async with opened() as desk:
        await desk.press("r")
        for character in "Dear":
            desk.app.post_message(events.Key(character, character))
        desk.app.post_message(events.Paste(" Maria"))
        desk.app.post_message(events.Key("escape", None))
        await desk.pilot.pause()
        (draft,) = desk.desk.writing.drafts()
        assert draft.text == "Dear Maria"


async def test_undo_brings_a_held_reply_back_as_it_was_written():
    async with opened() as desk:
        await desk.press("s", "down", "enter", "' Saluti'", "ctrl+s", "u")
        assert desk.desk.sent == []
        assert desk.screen.current == 1
        assert desk.screen.composer.box.text.endswith("Saluti")
        assert desk.screen.where() is Where.COMPOSER


async def test_n_opens_and_takes_the_most_urgent_nobody_has():
    fake = FakeDesk()
    fake.rows[1] = fake.rows[1].__class__(**{f: getattr(fake.rows[1], f) for f in fake.rows[1].__slots__} | {"assignee": ANNA})
    async with opened(fake) as desk:
        await desk.press("n")
        assert desk.screen.current == 2
        assert fake.rows[2].assignee == ANNA
        assert desk.screen.where() is Where.CONVERSATION
        await desk.press("u")
        assert fake.rows[2].assignee == ""


async def test_a_missing_value_stops_the_send_and_is_selected():
    async with opened() as desk:
        await desk.press("s", "enter")
        assert desk.screen.sheet.display, "what is missing is asked in one line first"
        await desk.press("enter")
        assert "⟨gift_date⟩" in desk.screen.composer.box.text
        await desk.press("ctrl+s")
        assert desk.desk.sent == []
        assert "A value is missing." in desk.lines()[-1]
        assert desk.screen.composer.box.selected_text == "⟨gift_date⟩"
        await desk.press("'6 dicembre'", "ctrl+s")
        assert "Se il 6 dicembre fosse" in desk.desk.sent[0].text


async def test_what_a_snippet_asks_is_asked_with_its_default():
    async with opened() as desk:
        await desk.press("s", "'qualche'", "enter")
        assert "Days of delay" in desk.text()
        await desk.press("7", "enter")
        assert "arriverà tra 7 giorni" in desk.screen.composer.box.text


async def test_an_expired_snippet_says_so_and_inserts_nothing():
    async with opened() as desk:
        await desk.press("s", "'autunno'")
        assert "valid until 30 Nov" in desk.text()
        await desk.press("enter")
        assert "valid until 30 Nov" in desk.lines()[-1]
        assert desk.screen.composer.draft is None


async def test_tab_in_the_picker_switches_the_language():
    async with opened() as desk:
        await desk.press("s", "tab")
        assert desk.screen.sheet.sheet.language == "en"
        await desk.press("down", "enter")
        assert desk.screen.composer.draft.language == "en"


async def test_two_colons_open_the_picker_where_one_writes():
    async with opened() as desk:
        await desk.press("r", "'Ciao Maria, ::'")
        assert desk.screen.where() is Where.PICKER
        await desk.press("'regalo'", "enter")
        assert desk.screen.composer.box.text.startswith("Ciao Maria,")
        assert "::" not in desk.screen.composer.box.text
        assert "ci dispiace" in desk.screen.composer.box.text


@pytest.mark.parametrize(("keys", "then"), [(("ctrl+x", "e"), "closed"), (("ctrl+x", "k"), "open")])
async def test_sending_can_close_or_keep_open(keys, then):
    async with opened() as desk:
        await desk.press("r", "'Grazie'", *keys)
        assert desk.desk.writing.thens == [(then, None)]


async def test_sending_can_snooze_until_a_time_in_words():
    async with opened() as desk:
        await desk.press("r", "'Grazie'", "ctrl+x", "z", "'2h'", "enter")
        assert desk.desk.writing.thens == [("snoozed", NOW + timedelta(hours=2))]


async def test_verbs_type_letters_while_one_writes():
    async with opened() as desk:
        await desk.press("r", "'neuqz?:/'")
        assert desk.screen.composer.box.text == "neuqz?:/"
        assert desk.desk.work.did == []


async def test_a_draft_is_saved_at_a_pause_and_on_leaving():
    async with opened() as desk:
        await desk.press("r", "'Gentile'")
        assert desk.desk.writing.saves == 0, "not on the key path"
        await desk.until(lambda: desk.desk.writing.saves == 1)
        assert "draft saved" in desk.text()
        await desk.press("' Maria'", "escape")
        assert desk.desk.writing.kept[1].text == "Gentile Maria"
        assert desk.screen.where() is Where.CONVERSATION
        await desk.press("J")
        await desk.press("K")
        assert desk.screen.composer.box.text == "Gentile Maria"


async def test_an_empty_draft_is_not_kept():
    async with opened() as desk:
        await desk.press("r", "escape")
        assert desk.desk.writing.kept == {}
        assert not desk.screen.composer.display


async def test_a_note_is_no_message():
    async with opened() as desk:
        await desk.press("m", "'Chiamato il corriere'", "ctrl+s")
        assert desk.desk.sent == []
        assert desk.desk.work.did[-1] == ("noted", [1])
        assert "note · Anna" in desk.text()


async def test_recipients_and_subject_can_be_changed():
    async with opened() as desk:
        await desk.press("f")
        await desk.press("'magazzino@casaverde.example'", "tab", "'luca@casaverde.example'", "tab", "tab", "tab", "'Da spedire'", "ctrl+s")
        (sent,) = desk.desk.sent
        assert [a.address for a in sent.to] == ["magazzino@casaverde.example"]
        assert sent.subject.startswith("Fwd:")


async def test_a_reply_to_nobody_is_stopped_at_the_field():
    async with opened() as desk:
        await desk.press("c", "escape", "c", "tab", "tab", "tab", "tab", "'Hallo'", "ctrl+s")
        assert "Nobody to send to." in desk.lines()[-1]
        assert desk.screen.composer.fields.has_focus


async def test_a_discarded_draft_comes_back_by_undo():
    async with opened() as desk:
        await desk.press("r", "'Bozza'", "ctrl+x", "x")
        assert desk.desk.writing.kept == {}
        await desk.press("u")
        assert desk.screen.composer.box.text == "Bozza"


async def test_what_is_missing_stays_in_sight_under_a_long_preview():
    async with opened(size=(80, 20)) as desk:
        await desk.press("s")
        assert "1 value missing: gift_date — asked on enter" in desk.text()
        assert "…" in desk.text()


async def test_the_newest_message_is_in_sight_while_a_snippet_is_chosen():
    """An answer is chosen by what the customer wrote last, so the list must not lie over it."""
    fake = FakeDesk()
    asked = maria_thread()[-1]
    fake.threads[1] = (*(replace(asked, key=str(n), text=f"Domanda {n}") for n in range(30)), replace(asked, key="last", text="Dov'è?"))
    async with opened(fake, size=(120, 30)) as desk:
        desk.screen.open(1)
        await desk.pilot.pause()
        await desk.press("s")
        await desk.pilot.pause()
        above = "\n".join(desk.lines()).split("snippets")[0]
        assert "Dov'è?" in above
        await desk.press("esc")
        assert desk.screen.conversation.covered == 0
