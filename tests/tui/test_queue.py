"""The queue: order, marks, verbs, views, search; and that it is as quick with 100,000 as with 1,000."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from fake_desk import FakeDesk, config, row
from screens import opened

from agentdesk.tui.screens.listing import FOLLOW


async def test_it_does_not_reorder_under_the_cursor():
    async with opened(FakeDesk(60)) as desk:
        await desk.press("j", "j")
        assert desk.screen.queue.current == 3
        fake = desk.desk
        for number in (101, 102):
            fake.rows[number] = row(number, customer_name=f"Nuovo {number}")
        fake.order = [101, 102, *fake.order]
        fake.changed.add(("list", 0))
        before = desk.screen.queue.ids[:]
        await desk.until(lambda: "2 new" in desk.text())
        assert desk.screen.queue.ids == before
        assert "Nuovo" not in desk.text()
        line = next(n for n, text in enumerate(desk.lines()) if "Familie Köhler" in text)
        await desk.press(".")
        assert desk.screen.queue.current == 3
        assert desk.screen.queue.ids[0] == 101
        assert "Familie Köhler" in desk.lines()[line], "the row under the cursor stays where it was"


async def test_the_new_order_is_taken_when_the_cursor_moves():
    async with opened() as desk:
        fake = desk.desk
        await desk.press("escape")
        fake.order.reverse()
        fake.changed.add(("list", 0))
        await desk.until(lambda: "order has changed" in desk.text())
        assert desk.screen.queue.current == 1
        await desk.press("k")
        assert desk.screen.queue.ids[0] == 14
        assert desk.screen.queue.current == 2


async def test_before_the_first_key_the_list_is_simply_in_order():
    async with opened() as desk:
        fake = desk.desk
        fake.order.reverse()
        fake.changed.add(("list", 0))
        await desk.until(lambda: desk.screen.queue.ids[0] == 14)
        await desk.until(lambda: desk.screen.current == 14)
        await desk.press("escape")
        fake.order.reverse()
        fake.changed.add(("list", 0))
        await desk.until(lambda: "order has changed" in desk.text())
        assert desk.screen.queue.ids[0] == 14


async def test_the_conversation_follows_only_when_the_cursor_rests():
    async with opened() as desk:
        await desk.press("j", "j", "j")
        assert desk.screen.current == 1
        await desk.until(lambda: desk.screen.current == 4, FOLLOW + 5)


async def test_counts_before_keys():
    async with opened() as desk:
        await desk.press("5", "j")
        assert desk.screen.queue.cursor == 5
        await desk.press("2", "k")
        assert desk.screen.queue.cursor == 3
        await desk.press("g", "g")
        assert desk.screen.queue.cursor == 0
        await desk.press("G")
        assert desk.screen.queue.cursor == 13


async def test_a_verb_acts_on_every_marked_conversation():
    async with opened() as desk:
        await desk.press("x", "x", "x")
        assert "3 marked" in desk.text()
        await desk.press("e")
        assert desk.desk.work.did == [("closed", [1, 2, 3])]
        assert desk.screen.queue.ids[0] == 4
        assert "closed 3 · u undo" in desk.lines()[-1]
        await desk.press("u")
        assert desk.screen.queue.ids[0] == 1


async def test_a_verb_acts_on_what_is_under_the_cursor_even_before_it_was_shown():
    async with opened() as desk:
        await desk.press("j", "e")
        assert desk.desk.work.did == [("closed", [2])]


async def test_views_by_sequence():
    async with opened() as desk:
        await desk.press("g")
        assert "m mine" in desk.lines()[-1], "what may follow is shown"
        await desk.press("m")
        assert desk.screen.listing.view.key == "mine"
        assert list(desk.screen.queue.ids) == [11]
        await desk.press("g", "s")
        assert "This view is empty." in desk.text()


async def test_search_is_live_and_its_errors_are_words():
    async with opened() as desk:
        await desk.press("/", "'ricci'")
        assert list(desk.screen.queue.ids) == [12]
        await desk.press("enter")
        assert desk.screen.current == 12
        await desk.press("escape")
        assert len(desk.screen.queue.ids) == 14
        await desk.press("/", "'bad:x'")
        assert "bad: is no operator" in desk.text().replace("\n", " ") or "bad: is no" in desk.text()
        await desk.press("escape")
        assert len(desk.screen.queue.ids) == 14


async def test_snooze_tag_assign_priority():
    async with opened() as desk:
        await desk.press("z", "'domani 14:00'", "enter")
        assert desk.desk.rows[1].snoozed_until.hour == 14
        await desk.press("t", "'reso'", "enter")
        assert desk.desk.work.did[-1] == ("tag", [2], ["reso"], [])
        await desk.press("a", "'luca'", "enter")
        assert desk.desk.rows[2].assignee == "luca@casaverde.example"
        await desk.press("P", "'high'", "enter")
        assert desk.desk.rows[2].priority == "high"


async def test_an_empty_desk_says_how_to_begin():
    settings = replace(config(), channels=())
    async with opened(FakeDesk(0, settings)) as desk:
        assert "agentdesk init" in desk.text()
        await desk.press("j", "k", "enter", "e", "r", "s", "n", "z", "a", "o", "h", "d", ">", "x", "G", "g", "g")
        assert "Late 0" in desk.lines()[0]


async def test_an_empty_queue_says_that_mail_is_coming_until_it_is_known_that_none_waits():
    fake = FakeDesk(0)
    ready, fake.reading.states = fake.reading.states, ()
    async with opened(fake) as desk:
        assert "The first messages are coming in." in desk.text(), "the engine is only starting"
        fake.reading.states = ready
        desk.screen.changed(frozenset({("channel", 0)}))
        await desk.until(lambda: "Nothing waits here." in desk.text())


@pytest.mark.parametrize("count", [1_000, 100_000])
async def test_it_reads_a_page_and_no_more(count):
    """The rows read at the start and for a move are the same few pages whatever the length."""

    class Many(dict):
        def __contains__(self, key):
            return 1 <= key <= count

        def __getitem__(self, key):
            return super().__getitem__(key) if super().__contains__(key) else row(key)

        get = __getitem__

    fake = FakeDesk(1)
    fake.rows = Many()
    numbers = array("q", range(1, count + 1))
    fake.queue.ids = lambda *_, limit=0: numbers[: limit or None]
    fake.queue.counts = FakeDesk(1).queue.counts
    async with opened(fake) as desk:
        at_start = fake.queue.reads
        assert at_start < 8
        await desk.until(lambda: len(desk.screen.queue.ids) == count)
        await desk.press("G")
        assert desk.screen.queue.current == count
        await desk.press("pagedown", "pageup")
        assert fake.queue.reads - at_start < 8
