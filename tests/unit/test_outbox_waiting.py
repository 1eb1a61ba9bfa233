"""What waits says why; what was overtaken says by whom; a channel that is no more keeps no reply for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.cli.shapes import Shapes
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.engine import Engine
from agentdesk.engine.pacing import Timetable
from agentdesk.store.database import now_millis
from tests.desks import NOON, Mailbox, desk_config
from tests.unit.test_engine_delivery import ACCEPTED, ScriptedSender, deliver, write_reply


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


def channel_is(desk: Desk, state: str) -> None:
    desk.database.write(lambda tx: tx.execute("UPDATE channel SET state = ? WHERE name = 'support'", (state,)))


@pytest.mark.parametrize(
    ("state", "waits"), [("offline", "offline"), ("down", "down"), ("refused", "refused"), ("connecting", "unread"), ("ready", "")]
)
def test_a_queued_reply_says_why_it_waits(desk: Desk, state: str, waits: str) -> None:
    write_reply(desk)
    channel_is(desk, state)
    (fact,) = desk.writing.outbox()
    assert (fact.state, fact.waits) == (S.QUEUED, waits)
    assert Shapes(desk.config.timezone).outbox(fact)["waits_for"] == waits


def test_away_from_the_line_a_hold_ends_and_nothing_is_handed_over(desk: Desk) -> None:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria"
    sent = desk.writing.send(desk.writing.save(draft))
    channel_is(desk, "offline")
    away, seconds, sender = [True], [0.0], ScriptedSender(ACCEPTED)
    way = Delivery(
        desk.config, "support", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None,
        timetable=Timetable(clock=lambda: seconds[0]), away=lambda: away[0],
    )
    way.run_due()
    assert 0 < way.seconds_to_next(60.0) <= 8.0
    (fact,) = desk.writing.outbox()
    assert (fact.state, fact.waits) == (S.HELD, "")
    seconds[0] = 9.0
    way.run_due()
    (fact,) = desk.writing.outbox()
    assert (fact.state, fact.waits, sender.sent) == (S.QUEUED, "offline", [])
    assert way.seconds_to_next(60.0) == 60.0, "nothing is to be done until the line is back"
    away[0] = False
    way.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_hold_that_is_over_is_not_shown_as_one(desk: Desk) -> None:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria"
    sent = desk.writing.send(desk.writing.save(draft))
    desk.database.write(lambda tx: tx.execute("UPDATE outbox SET hold_until = created_at + 1 WHERE id = ?", (sent,)))
    channel_is(desk, "down")
    until = desk.database.value("SELECT hold_until FROM outbox")
    while now_millis() <= until:
        pass
    (fact,) = desk.writing.outbox()
    assert (fact.state, fact.hold_until, fact.waits, fact.can_be_taken_back) == (S.QUEUED, None, "down", True)


def test_a_reply_that_was_overtaken_shows_by_what(desk: Desk) -> None:
    write_reply(desk)
    mailbox = Mailbox(desk)
    mailbox.bring("b", "Ho trovato il pacco, grazie!", references=("a",), at=NOON + timedelta(minutes=5))
    mailbox.bring("c", "PS: via Roma 3", references=("b",), at=NOON + timedelta(minutes=6))
    deliver(desk, ScriptedSender())
    (fact,) = desk.writing.outbox()
    assert fact.state is S.CONFLICT
    assert [new.text for new in fact.newer] == ["Ho trovato il pacco, grazie!", "PS: via Roma 3"]
    shape = Shapes(desk.config.timezone).outbox(fact)
    assert [(new["from"], new["message_id"], new["direction"]) for new in shape["newer"]] == [
        ("Maria Rossi <maria.rossi@posta.example>", "<b@x.example>", "in"), ("Maria Rossi <maria.rossi@posta.example>", "<c@x.example>", "in"),
    ]
    item = desk.reading.thread(desk.queue.ids("all")[0])[-1]
    assert item.state == "conflict"
    assert "Maria Rossi 20/11 13:05, Maria Rossi 20/11 13:06" in item.detail


def test_replies_of_a_channel_that_is_no_more_are_told_and_taken_back(desk: Desk) -> None:
    sent = write_reply(desk)
    without = replace(desk.config, channels=tuple(c for c in desk.config.channels if c.name != "support"))
    with Desk.open(without) as later:
        (fact,) = later.writing.outbox()
        assert (fact.state, fact.waits, fact.can_be_taken_back) == (S.QUEUED, "no_channel", True)
        engine = Engine(without, {})
        engine.database = later.database
        engine._tell_faults()
        (fault,) = later.reading.engine_faults()
        assert "“support”" in fault
        row = later.writing.cancel(sent)
        assert row
        (draft,) = later.writing.drafts()
        assert (draft.text, draft.conversation) == ("Gentile Maria, arriva domani.", row)
        assert later.writing.check(draft), "it can't be sent on a channel that is no more, and says so"
        assert later.reading.thread(row)
        engine._tell_faults()
        assert later.reading.engine_faults() == ()
