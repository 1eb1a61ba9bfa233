"""The check before sending, on the screen: what is wrong is said and marked, and one key sends it all the same."""

from __future__ import annotations

from fake_desk import FakeDesk
from screens import opened


async def test_what_is_wrong_is_said_and_marked_and_nothing_is_sent():
    fake = FakeDesk()
    async with opened(fake, size=(80, 24)) as desk:
        await desk.press("r", "'Ordine 99999 in viaggio'", "ctrl+s")
        assert fake.sent == []
        assert "order 99999 belongs to Eva Neri: take it out · ctrl+x ! sends it anyway" in desk.lines()[-1]
        assert desk.screen.composer.box.selected_text == "99999"
        await desk.press("ctrl+s")
        assert fake.sent == [], "the same key again is no answer"


async def test_one_key_sends_it_all_the_same_as_it_was_meant():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Ordine 99999'", "ctrl+x", "e", "ctrl+x", "!")
        assert [one.text for one in fake.sent] == ["Ordine 99999"]
        assert fake.writing.thens[-1][0] == "closed"


async def test_what_was_changed_is_looked_at_again():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Ordine 99999'", "ctrl+s", "end", "' e 99999'", "ctrl+x", "!")
        assert fake.sent == []
        assert "the check found nothing here" in desk.lines()[-1]
        await desk.press("ctrl+s")
        assert fake.sent == []
        await desk.press("ctrl+x", "!")
        assert len(fake.sent) == 1


async def test_a_snooze_goes_on_where_it_was_stopped():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Ordine 99999'", "ctrl+x", "z")
        assert "99999 belongs" in desk.lines()[-1]
        await desk.press("ctrl+x", "!", "enter")
        assert len(fake.sent) == 1
        assert fake.writing.thens[-1][0] == "snoozed"


async def test_nothing_is_waved_through_unseen():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Ordine 99999 e 88888'", "ctrl+s")
        assert "1 of 2: order 99999" in desk.lines()[-1]
        await desk.press("ctrl+x", "!")
        assert fake.sent == []
        assert "order 88888 belongs to Eva Neri: take it out · ctrl+x ! sends it anyway" in desk.lines()[-1]
        assert desk.screen.composer.box.selected_text == "88888"
        await desk.press("ctrl+x", "!")
        assert len(fake.sent) == 1


async def test_the_same_text_to_somebody_else_is_looked_at_again():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Ordine 99999'", "ctrl+x", "z")
        await desk.press("ctrl+x", "!", "esc")
        draft = desk.screen.composer.draft
        assert desk.screen.doubts.cleared(desk.screen.composer.take())
        draft.cc = draft.to
        assert not desk.screen.doubts.cleared(draft)
