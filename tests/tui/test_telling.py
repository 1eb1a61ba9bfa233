"""What the screen says about itself: the line below, help, keys that do nothing here, words that have had their time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, item, panel
from screens import FakeEngine, opened

from agentdesk.commands import Where
from agentdesk.desk.facts import ChannelFact, Question
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.message import Direction
from agentdesk.tui.widgets.footer import STANDS


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_help_is_always_in_sight(width):
    async with opened(size=(width, 24)) as desk:
        assert "? help" in desk.lines()[-1]
        await desk.press("e")
        assert "? help" in desk.lines()[-1] or width == 60
        assert "u undo" in desk.lines()[-1]


async def test_undo_is_offered_only_where_its_key_works():
    async with opened() as desk:
        await desk.press("i")
        assert "u undo" in desk.lines()[-1]
        await desk.press("r")
        assert "u undo" not in desk.lines()[-1]
        await desk.press("escape", "s")
        assert "u undo" not in desk.lines()[-1]
        await desk.press("escape")
        assert "u undo" in desk.lines()[-1]


async def test_what_changed_nothing_offers_no_undo():
    async with opened() as desk:
        await desk.press("i")
        desk.app.run_command("language.choose", 0, "de")
        await desk.pilot.pause()
        assert "undo" not in desk.lines()[-1], "it would take back something older"


async def test_undo_brings_the_conversation_back_into_sight():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("j", "j", "e")
        assert desk.screen.queue.current == 4
        await desk.press("j", "j", "u")
        assert fake.rows[3].status == "open"
        assert desk.screen.queue.current == 3
        assert desk.screen.current == 3


async def test_a_draft_thrown_away_is_not_what_undo_means_after_another_verb():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Weg'", "ctrl+x", "x", "t", "'vip'", "enter")
        assert "vip" in fake.rows[1].tags
        await desk.press("u")
        assert "vip" not in fake.rows[1].tags
        assert desk.screen.composer.draft is None


async def test_words_go_with_what_they_were_about():
    async with opened() as desk:
        await desk.press("g", "?")
        assert "nothing is asked" in desk.lines()[-1]
        await desk.press("enter")
        assert "nothing is asked" in desk.lines()[-1], "not before they can be read"
        desk.screen.footer.said_at -= STANDS + 1
        await desk.press("escape")
        assert "nothing is asked" not in desk.lines()[-1]


async def test_a_key_that_does_nothing_here_says_so():
    async with opened() as desk:
        await desk.press("enter", "x")
        assert "x (mark) works in the queue" in desk.lines()[-1]
        await desk.press("#")
        assert "# does nothing here · ? shows the keys" in desk.lines()[-1]
        await desk.press("r", "'x#'")
        assert desk.screen.composer.box.text == "x#"


async def test_help_tells_somebody_new_how_one_works():
    async with opened(size=(120, 36)) as desk:
        await desk.press("?")
        text = desk.text()
        assert "n opens the most urgent conversation nobody has, and takes it." in text
        assert "-12\u00a0m is 12 minutes late" in text
        assert "▌  n          Open the most urgent conversation nobody has, and take it" in text
        assert desk.screen.panel.display is False, "it takes the room it needs"
        await desk.press("'snooz'")
        assert "▌  z " in desk.text()
        await desk.press("enter")
        assert "In an hour" in desk.text()
        await desk.press("escape")
        assert desk.screen.panel.display
        await desk.press("r", "f1")
        assert "ctrl+t or :: puts in a snippet" in desk.text()


async def test_bytes_moved_are_no_reason_to_repaint():
    fake = FakeDesk()
    fake.reading.states = (ChannelFact("support", "imap", "ready", "", 0, 0, 2000, 100, 3, NOW, today_in=2000),)
    async with opened(fake) as desk:
        drawn: list[int] = []
        original = desk.screen.topline.draw
        desk.screen.topline.draw = lambda y, width: drawn.append(y) or original(y, width)
        fake.reading.states = (replace(fake.reading.states[0], today_in=9000, round_trips=9),)
        desk.screen.refresh_lines(wait=True)
        await desk.pilot.pause()
        assert drawn == []
        desk.screen.tick()
        await desk.pilot.pause()
        assert "↓9.0 kB" in desk.lines()[0]


@pytest.mark.parametrize(("size", "alone"), [((60, 20), True), ((80, 24), False)])
async def test_a_list_to_choose_from_has_room(size, alone):
    async with opened(size=size) as desk:
        await desk.press("p", "s")
        assert desk.screen.panel.display is not alone
        assert "preview" in desk.text()
        await desk.press("escape")
        assert desk.screen.where() is Where.PANEL
        assert desk.screen.panel.display


async def test_what_stands_beside_a_choice_is_cut_and_not_dropped():
    fake = FakeDesk()
    fake.panels[1] = panel()
    async with opened(fake, size=(80, 24)) as desk:
        await desk.press("o")
        line = next(line for line in desk.lines() if "#10245  " in line)
        assert "in transit" in line


async def test_what_is_wrong_with_a_channel_is_read_whole():
    fake = FakeDesk()
    why = "imap://mail.casaverde.example:993: nobody listens there. Check the port in desk.toml, or try again later."
    fake.reading.states = (ChannelFact("support", "imap", "down", why, 0, 0, 0, 0, 0, None),)
    async with opened(fake, size=(80, 24)) as desk:
        await desk.press("g", "b")
        assert "support · can't be reached" in desk.text()
        assert "".join(why.split()) in "".join(desk.text().replace("│", "").split())
        fake.reading.states = (replace(fake.reading.states[0], state="ready", detail=""),)
        fake.changed.add(("channel", 0))
        await desk.until(lambda: "support · up to date" in desk.text())


async def test_a_question_is_read_whole():
    fake = FakeDesk()
    fake.reading.asked = (Question(4, "password", "support: imap://mail.casaverde.example:993 refuses the login of support@casaverde.example.", "support"),)
    async with opened(fake, engine=FakeEngine(), size=(80, 24)) as desk:
        await desk.press("g", "?")
        assert "support@casaverde.example." in desk.text()


async def test_the_outbox_changes_while_one_looks_at_it():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("s", "down", "enter", "ctrl+s", "O")
        assert "held 8 s" in desk.text()
        fake.writing._set(1, MessageState.REJECTED)
        fake.changed.add(("outbox", 1))
        await desk.until(lambda: "The server refused it" in desk.text())


async def test_a_full_disk_is_in_sight_until_there_is_space_again():
    fake = FakeDesk()
    async with opened(fake) as desk:
        fake.reading.full = "The disk is full."
        fake.changed.add(("channel", 0))
        await desk.until(lambda: "nothing can be saved" in desk.lines()[0] and "The disk is full." in desk.lines()[-1])
        fake.reading.full = ""
        fake.changed.add(("channel", 0))
        await desk.until(lambda: "nothing can be saved" not in desk.lines()[0] and "can be saved again" in desk.lines()[-1])


async def test_the_way_to_decide_stands_beside_a_reply_in_trouble():
    fake = FakeDesk()
    fake.threads[1] = (item("3", Direction.OUT, NOW, "Gentile Maria", state="conflict"),)
    async with opened(fake) as desk:
        assert "conflict – look · O" in desk.text()


async def test_a_time_that_is_none_says_what_is():
    async with opened() as desk:
        await desk.press("z", "'yesterday'")
        assert "That is no time to come" in desk.text()


async def test_what_stands_above_the_first_entry_can_be_read_on_a_small_screen():
    async with opened(size=(40, 12)) as desk:
        await desk.press("?")
        assert "n opens the most urgent" not in desk.text()
        await desk.press(*["up"] * 30)
        assert "n opens the most urgent" in desk.text()
        await desk.press("down", "up")
        assert "▌  n" in desk.text()


async def test_a_chat_that_begins_to_wait_rings_and_stands_in_the_title(monkeypatch):
    fake = FakeDesk()
    async with opened(fake) as desk:
        sent = []
        monkeypatch.setattr(desk.app._driver, "write", sent.append)
        waiting = desk.app.desk.queue.counts().chats_waiting
        counts = fake.queue.counts
        monkeypatch.setattr(fake.queue, "counts", lambda: replace(counts(), chats_waiting=waiting + 1))
        fake.changed.add(("list", 0))
        await desk.until(lambda: "\a" in sent)
        assert f"{waiting + 1} chats wait" in desk.lines()[-1]
        assert any(one.startswith(f"\x1b]2;{waiting + 1} chats · ") for one in sent)
        desk.app.app_focus = False
        desk.app.notify_of("a chat waits")
        assert any("Casa Verde" in one and "a chat waits" in one for one in sent)
        desk.app.run_command("notices", 0, "none")
        sent.clear()
        desk.app.notify_of("a chat waits")
        assert sent == []
