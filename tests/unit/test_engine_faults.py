"""What delivery does when something breaks between two of its steps, and what nobody may wait for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.channels.base import Attempt, ChannelDown, Outcome
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.mailbox import Role
from agentdesk.engine.delivery import LONGEST_PAUSE, Delivery
from agentdesk.engine.engine import Engine
from agentdesk.errors import DeskError, LoginRefused, Refused
from agentdesk.store import outbox
from agentdesk.store.database import now_millis
from tests.desks import MARIA, NOON, SHOP, Mailbox, desk_config
from tests.unit.test_engine_delivery import ACCEPTED, ScriptedSender, SentFolder, at_once, deliver, file, write_reply


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


@pytest.fixture
def row(desk: Desk) -> int:
    return desk.queue.ids("all")[0]


def way_out(desk: Desk, sender, channel: str = "support", refused=lambda _: None) -> Delivery:
    return Delivery(
        desk.config, channel, sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=refused
    )


def force(desk: Desk, sent: int, state: S, **values: object) -> None:
    sets = "".join(f", {name} = {value}" for name, value in values.items())
    desk.database.write(lambda tx: tx.execute(f"UPDATE outbox SET state = '{state}'{sets} WHERE id = ?", (sent,)))


def test_the_same_file_twice_goes_out_once_and_is_recorded(desk: Desk, row: int, tmp_path: Path) -> None:
    label = tmp_path / "label.pdf"
    label.write_bytes(b"%PDF")
    draft = desk.writing.save(desk.writing.draft(row))
    desk.writing.attach(draft.id, label)
    desk.writing.attach(draft.id, label)
    sent = write_reply(desk)
    deliver(desk, ScriptedSender(ACCEPTED))
    assert desk.writing.state(sent) is S.ACCEPTED
    assert [a.name for a in desk.reading.thread(row)[-1].attachments] == ["label.pdf", "label.pdf"]


class BrokenDisk:
    """A desk's database whose next writes after `count` more fail."""

    def __init__(self, desk: Desk, count: int) -> None:
        self._write, self.count = desk.database.write, count
        desk.database.write = self  # type: ignore[method-assign, assignment]

    def __call__(self, change):
        self.count -= 1
        if self.count == -1:
            raise DeskError("the disk is full")
        return self._write(change)


def test_an_outcome_that_could_not_be_written_down_is_written_later(desk: Desk) -> None:
    sent, sender = write_reply(desk), ScriptedSender(ACCEPTED)
    way = way_out(desk, sender)
    BrokenDisk(desk, 2)  # fence and begin pass; what the server answered does not
    with pytest.raises(DeskError):
        way.run_due()
    assert desk.writing.state(sent) is S.SENDING
    way.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED
    assert len(sender.sent) == 1


def test_a_reply_left_fenced_goes_out_in_the_next_run(desk: Desk) -> None:
    sent, sender = write_reply(desk), ScriptedSender(ACCEPTED)
    way = way_out(desk, sender)
    BrokenDisk(desk, 1)
    with pytest.raises(DeskError):
        way.run_due()
    assert (desk.writing.state(sent), sender.sent) == (S.FENCED, [])
    way.run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


@pytest.mark.parametrize("writes", range(4))
def test_wherever_an_engine_is_killed_nothing_goes_out_twice(desk: Desk, writes: int) -> None:
    """After each transaction of a delivery the engine dies, another one starts; the server accepts what it gets."""
    sent, sender, folder = write_reply(desk), ScriptedSender(ACCEPTED, ACCEPTED), SentFolder()
    BrokenDisk(desk, writes)
    try:
        way_out(desk, sender).run_due()
        file(desk, folder)
    except DeskError:
        pass
    desk.database.write(outbox.recover)
    at_once(desk)
    way_out(desk, sender).run_due()
    file(desk, folder)
    assert len(sender.sent) == 1
    assert len(folder.filed) <= 1
    assert desk.writing.state(sent) in (S.FILED, S.UNKNOWN)


def test_an_unfiled_copy_does_not_keep_the_next_reply_from_going_out(desk: Desk, row: int) -> None:
    """The mailbox is down, the way out is not: the hold of the next reply must end on time, and nobody may spin."""
    write_reply(desk)
    deliver(desk, ScriptedSender(ACCEPTED))
    way = way_out(desk, ScriptedSender())
    assert way.seconds_to_next(60.0) == 60.0
    draft = desk.writing.draft(row)
    draft.text = "Ancora una cosa."
    desk.writing.send(desk.writing.save(draft))
    assert 6.0 < way.seconds_to_next(60.0) <= 8.0


def test_a_queued_reply_is_due_at_once(desk: Desk) -> None:
    write_reply(desk)
    assert way_out(desk, ScriptedSender()).seconds_to_next(60.0) == 0.0


def test_a_clock_that_is_set_back_holds_nothing_for_hours(desk: Desk) -> None:
    sent = write_reply(desk)
    hour = 3_600_000
    force(desk, sent, S.HELD, created_at=now_millis() + hour, hold_until=now_millis() + hour + 8_000)
    deliver(desk, ScriptedSender())
    assert desk.writing.state(sent) is S.HELD, "the time for undo is not cut short"
    assert 7.0 < way_out(desk, ScriptedSender()).seconds_to_next(60.0) <= 8.0
    force(desk, sent, S.QUEUED, next_try_at=now_millis() + hour + 60_000, tried_at=now_millis() + hour)
    deliver(desk, ScriptedSender(ACCEPTED))
    assert desk.writing.state(sent) is S.ACCEPTED


def test_what_is_scheduled_waits_for_its_moment(desk: Desk) -> None:
    sent = write_reply(desk)
    force(desk, sent, S.SCHEDULED, hold_until=now_millis() + 24 * 3_600_000)
    deliver(desk, ScriptedSender())
    assert desk.writing.state(sent) is S.SCHEDULED


def test_a_password_that_only_the_way_out_refuses_is_asked_for_and_not_hammered(desk: Desk) -> None:
    asked: list[str] = []
    sent = write_reply(desk)
    way_out(desk, ScriptedSender(LoginRefused("535 no")), refused=asked.append).run_due()
    assert (desk.writing.state(sent), asked) == (S.QUEUED, ["535 no"])
    fact = desk.writing.outbox()[0]
    assert fact.next_try_at is not None
    assert fact.next_try_at.timestamp() * 1000 > now_millis() + LONGEST_PAUSE * 1000 / 2


def test_a_full_sent_folder_is_no_reason_to_stop_syncing(desk: Desk) -> None:
    sent, folder = write_reply(desk), SentFolder()
    deliver(desk, ScriptedSender(ACCEPTED))
    folder.failures = [Refused("over quota")]
    file(desk, folder)
    fact = desk.writing.outbox()[0]
    assert fact.state is S.ACCEPTED
    assert "over quota" in fact.file_detail
    at_once(desk)
    file(desk, folder)
    assert desk.writing.state(sent) is S.FILED


def test_an_unknown_reply_whose_copy_comes_in_later_did_go_out(desk: Desk, row: int) -> None:
    """Providers that file sent mail themselves may need a while."""
    sent, sender = write_reply(desk), ScriptedSender(Attempt(Outcome.UNKNOWN))
    deliver(desk, sender)
    file(desk, SentFolder())
    out = desk.database.one("SELECT message_id, subject FROM outbox WHERE id = ?", (sent,))
    Mailbox(desk).bring(
        out["message_id"], "Gentile Maria", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), subject=out["subject"]
    )
    assert desk.writing.state(sent) is S.FILED
    with pytest.raises(Refused):
        desk.writing.send_anyway(sent)


def test_a_forward_is_not_overtaken_by_the_customer(desk: Desk, row: int) -> None:
    draft = desk.writing.forward(row)
    draft.to = (MARIA,)
    sent = desk.writing.send(desk.writing.save(draft), now=True)
    Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(minutes=1))
    deliver(desk, ScriptedSender(ACCEPTED))
    assert desk.writing.state(sent) is S.ACCEPTED


def test_an_answer_waits_until_the_mailbox_was_looked_through(desk: Desk, row: int) -> None:
    """Back from the train: what the customer wrote meanwhile must be here before anything goes out, forwards excepted."""
    sent = write_reply(desk)
    forward = desk.writing.forward(row)
    forward.to = (MARIA,)
    forwarded = desk.writing.send(desk.writing.save(forward), now=True)
    fresh, sender = [False], ScriptedSender(ACCEPTED, ACCEPTED, ACCEPTED)
    way = Delivery(
        desk.config, "support", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None,
        fresh=lambda: fresh[0],
    )
    way.run_due()
    assert (desk.writing.state(sent), desk.writing.state(forwarded)) == (S.QUEUED, S.ACCEPTED)
    assert way.seconds_to_next(60.0) > 0, "nobody spins meanwhile"
    Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(minutes=1))
    fresh[0] = True
    way.run_due()
    assert desk.writing.state(sent) is S.CONFLICT
    assert len(sender.sent) == 1


def test_two_replies_of_a_conversation_go_out_in_their_order(desk: Desk) -> None:
    first, second = write_reply(desk), write_reply(desk)
    sender = ScriptedSender(Attempt(Outcome.DEFERRED, "try later"), ACCEPTED, ACCEPTED)
    way = way_out(desk, sender)
    way.run_due()
    way.run_due()
    assert (desk.writing.state(first), desk.writing.state(second), len(sender.sent)) == (S.QUEUED, S.QUEUED, 1)
    assert way.seconds_to_next(60.0) > 0, "nobody spins meanwhile"
    at_once(desk)
    way.run_due()
    assert (desk.writing.state(first), desk.writing.state(second)) == (S.ACCEPTED, S.ACCEPTED)
    assert sender.sent[0] == sender.sent[1] != sender.sent[2]


def test_an_answer_that_goes_out_in_any_case_does_not_wait_for_the_mailbox(desk: Desk) -> None:
    sent, sender = write_reply(desk), ScriptedSender(ACCEPTED)
    Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(minutes=1))
    way_out(desk, sender).run_due()
    assert desk.writing.state(sent) is S.CONFLICT
    desk.writing.send_anyway(sent)
    Delivery(
        desk.config, "support", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None,
        fresh=lambda: False,
    ).run_due()
    assert desk.writing.state(sent) is S.ACCEPTED


def test_two_mails_of_one_second_are_told_apart(desk: Desk, row: int) -> None:
    """A server's dates have seconds: a customer's second mail in the same one must not go under."""
    sent = write_reply(desk)
    desk.work.close([row])
    Mailbox(desk).bring("b", "PS: via Roma 3", references=("a",), at=NOON)
    assert desk.queue.row(row).status == "open"
    deliver(desk, ScriptedSender())
    assert desk.writing.state(sent) is S.CONFLICT


def test_an_answer_that_names_only_our_message_finds_its_thread(desk: Desk, row: int) -> None:
    """Before the copy in Sent was synced."""
    sent = write_reply(desk)
    deliver(desk, ScriptedSender(ACCEPTED))
    message_id = desk.database.value("SELECT message_id FROM outbox WHERE id = ?", (sent,))
    Mailbox(desk).bring("b", "Grazie", references=(message_id,), at=NOON + timedelta(days=2))
    assert list(desk.queue.ids("all")) == [row]


# -- the engine's end


@pytest.fixture
def engine(desk: Desk):
    """An engine without threads: as it stands after its start."""
    made = Engine(desk.config, {})
    made.database = desk.database
    return made


def test_nobody_waits_for_a_channel_that_is_not_there(desk: Desk, engine: Engine) -> None:
    """Offline, or taken out of desk.toml."""
    write_reply(desk)
    desk.work.seen(desk.queue.ids("all"), False)
    assert engine.unfinished() == 0
    assert engine.jobs_waiting() == 0


def test_nobody_waits_for_ever_for_a_chat_of_unknown_outcome_or_a_full_sent(desk: Desk, engine: Engine) -> None:
    sent = write_reply(desk)
    engine._workers = {"support": None, "chat": None}  # type: ignore[dict-item]
    assert engine.unfinished() == 1
    force(desk, sent, S.ACCEPTED, file_attempts=4)
    assert engine.unfinished() == 0
    desk.database.write(lambda tx: tx.execute("UPDATE outbox SET channel = 'chat', state = 'queued', next_try_at = 0"))
    way_out(desk, ScriptedSender(Attempt(Outcome.UNKNOWN)), "chat").run_due()
    assert desk.writing.state(sent) is S.UNKNOWN
    assert engine.unfinished() == 0


def test_a_way_out_that_fails_again_and_again_counts_as_not_reached(desk: Desk) -> None:
    write_reply(desk)
    way = way_out(desk, ScriptedSender(*[Attempt(Outcome.DEFERRED)] * 3, ACCEPTED))
    failed = []
    for _ in range(4):
        at_once(desk)
        way.run_due()
        failed.append(way.failed)
    assert failed == [False, False, True, False]


def test_a_waiting_engine_keeps_a_password_for_when_it_takes_over(desk: Desk) -> None:
    waiting = Engine(desk.config, {})
    waiting.set_secret("support", "new")
    assert waiting._secrets["support"] == "new"


def test_a_fault_while_looking_around_does_not_end_the_engine(desk: Desk, engine: Engine, monkeypatch) -> None:
    engine._next_look = 0.0

    def full() -> None:
        raise DeskError("the disk is full")

    monkeypatch.setattr(engine, "_look", full)
    engine.tick()
    monkeypatch.setattr(engine, "_look", lambda: pytest.fail("looked again at once"))
    engine.tick()


def test_a_line_lost_while_looking_leaves_the_reply_to_be_looked_for(desk: Desk) -> None:
    sent = write_reply(desk)
    deliver(desk, ScriptedSender(Attempt(Outcome.UNKNOWN)))

    class Lost(SentFolder):
        def is_filed(self, message_id):
            raise ChannelDown("no line")

    with pytest.raises(ChannelDown):
        file(desk, Lost())
    assert desk.database.value("SELECT looked_at FROM outbox WHERE id = ?", (sent,)) == 0
