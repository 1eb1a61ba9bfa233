"""Sending later, and what the outbox says and offers in each state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_desk import NOW, FakeDesk
from screens import opened

from agentdesk.domain.conversation import MessageState as S


async def written(desk) -> None:
    await desk.press("r", "'Buongiorno'")


async def test_a_reply_is_sent_later_in_words() -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await written(desk)
        await desk.press("ctrl+x", "l")
        assert "Tomorrow morning" in desk.text()
        await desk.press("'tomorrow 9am'", "enter")
        (entry,) = fake.sent
        assert (entry.state, entry.hold_until) == (S.SCHEDULED, (NOW + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0))
        assert "tomorrow 09:00" in desk.lines()[-1]
        await desk.press("O")
        assert "goes out tomorrow 09:00" in desk.text()
        await desk.press("enter", "down", "enter", "'in 2h'", "enter")
        assert fake.sent[0].hold_until == (NOW + timedelta(hours=2)).replace(second=0, microsecond=0)
        await desk.press("O", "enter", "enter")
        assert fake.sent == []
        assert "Buongiorno" in desk.screen.composer.box.text, "the very same draft"


async def test_no_moment_sends_nothing() -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await written(desk)
        await desk.press("ctrl+x", "l", "'soon'", "enter")
        assert fake.sent == []
        await desk.press("escape")
        assert "Buongiorno" in desk.screen.composer.box.text


async def test_quitting_says_that_some_are_to_go_later() -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await written(desk)
        await desk.press("ctrl+x", "l", "'tomorrow 9:00'", "enter", "ctrl+q")
        assert "1 reply is to go out later" in desk.text()
        assert "only while AgentDesk" in desk.text()
        assert desk.app.ending == "" or not desk.app._exit
        await desk.press("enter")
        assert desk.app._exit


STATES = {
    "unknown": ({"state": S.UNKNOWN}, ("may have arrived", "It arrived", "send it again", "as a draft")),
    "conflict": ({"state": S.CONFLICT}, ("went on before it was sent", "edit it", "anyway", "later")),
    "queued": ({"state": S.QUEUED, "detail": "421 slower", "next_try_at": NOW + timedelta(minutes=2)}, ("421 slower", "next try", "Try it now", "edit it")),
    "refused": (
        {"state": S.FILED, "refused": ("luca@x.example",), "look": True, "rest_detail": ("luca@x.example: 550 unknown",)},
        ("not to all", "Not delivered to luca@x.example", "550 unknown", "another address", "once more", "Leave it"),
    ),
    "waiting": ({"state": S.ACCEPTED, "waiting": ("luca@x.example",)}, ("Not yet delivered to luca@x.example", "who wait now", "Leave it")),
    "doubtful": ({"state": S.FILED, "doubtful": ("luca@x.example",), "look": True}, ("may have reached luca@x.example or not", "It arrived", "to them again")),
    "no copy": ({"state": S.ACCEPTED, "file_detail": "the folder Sent is full"}, ("sent, no copy", "Sent is full", "File the copy", "only here")),
}


@pytest.mark.parametrize(("changes", "words"), STATES.values(), ids=STATES.keys())
async def test_each_state_has_its_words_and_its_choices(changes, words) -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await written(desk)
        await desk.press("ctrl+s")
        fake.sent = [replace(fake.sent[0], **changes)]
        await desk.press("O")
        shown = " ".join(desk.text().split())
        await desk.press("enter")
        shown += " ".join(desk.text().split())
        for word in words:
            assert word in shown, word


async def test_writing_to_a_refused_recipient_anew() -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await written(desk)
        await desk.press("ctrl+s")
        fake.sent = [replace(fake.sent[0], state=S.FILED, refused=("luca@x.exmple",), look=True)]
        await desk.press("O", "enter", "enter")
        assert desk.screen.composer.draft.to[0].address == "luca@x.exmple"
        assert desk.screen.focused is desk.screen.composer.fields
        assert "put the address right" in desk.lines()[-1]


async def test_the_channels_say_why_nothing_goes_out_and_when_it_goes_on() -> None:
    fake = FakeDesk()
    fake.reading.states = (
        replace(fake.reading.states[0], out_detail="The server takes no more mail for now: 421 slower", out_until=NOW + timedelta(minutes=30)),
        *fake.reading.states[1:],
    )
    async with opened(fake) as desk:
        await desk.press("g", "b")
        shown = " ".join(desk.text().split())
        assert "Nothing goes out now, next try" in shown
        assert "421 slower" in shown
