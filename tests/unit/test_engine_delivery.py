"""Handing replies over at most once, with a sender and a mailbox that fail in every way they can."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.channels.base import Attempt, ChannelDown, Outcome, Trace
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.filing import Filing
from agentdesk.errors import LoginRefused
from agentdesk.store import outbox
from tests.desks import NOON, Mailbox, desk_config


class ScriptedSender:
    """Answers each attempt with the next outcome, or raises it; remembers what was handed over."""

    def __init__(self, *outcomes: Attempt | Exception) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[str] = []

    def send(self, outgoing, conversation):
        self.sent.append(outgoing.message_id)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class SentFolder:
    """A mailbox's Sent: what is in it, and failures to inject."""

    def __init__(self) -> None:
        self.filed: list[str] = []
        self.failures: list[Exception] = []
        self.trace = Trace.NONE
        self.files_sent_itself = False

    def is_filed(self, message_id):
        return message_id in self.filed

    def traces(self, message_id, since):
        return self.trace

    def file(self, content, sent_at):
        if self.failures:
            raise self.failures.pop(0)
        line = next(line for line in content.split(b"\r\n") if line.lower().startswith(b"message-id:"))
        self.filed.append(line.split(b":", 1)[1].strip().decode())


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


def write_reply(desk: Desk, **how) -> int:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria, arriva domani."
    return desk.writing.send(desk.writing.save(draft), now=True, **how)


def deliver(desk: Desk, sender: ScriptedSender) -> None:
    Delivery(desk.config, "support", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None).run_due()


def file(desk: Desk, folder: SentFolder) -> None:
    Filing("support", folder, desk.database, desk.blobs, desk.rules, ("Anna", "support@casaverde.example")).run_due()


def at_once(desk: Desk) -> None:
    """Let postponed steps be due now."""

    def change(tx):
        tx.execute("UPDATE outbox SET next_try_at = 1, hold_until = min(hold_until, 1) WHERE next_try_at > 0 OR hold_until > 0")
        tx.execute("UPDATE recipient SET next_try_at = 0")
        tx.execute("UPDATE channel SET out_until = 0")

    desk.database.write(change)


ACCEPTED = Attempt(Outcome.ACCEPTED, "250 ok")


def test_accepted_then_filed_once(desk: Desk) -> None:
    sent, sender, folder = write_reply(desk), ScriptedSender(ACCEPTED), SentFolder()
    deliver(desk, sender)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.ACCEPTED
    file(desk, folder)
    file(desk, folder)
    assert desk.writing.state(sent) is S.FILED
    assert len(sender.sent) == len(folder.filed) == 1
    assert sender.sent == folder.filed
    row = desk.queue.ids("all")[0]
    assert [i.direction for i in desk.reading.thread(row)] == ["in", "out"]
    assert desk.queue.row(row).status == "waiting"
    assert list(desk.queue.ids("all", "arriva")) == [row], "our own answer is found by its words"


def test_only_the_filing_repeats_when_filing_fails(desk: Desk) -> None:
    sent, sender, folder = write_reply(desk), ScriptedSender(ACCEPTED), SentFolder()
    deliver(desk, sender)
    folder.failures = [ChannelDown("no line")]
    with pytest.raises(ChannelDown):
        file(desk, folder)
    assert desk.writing.state(sent) is S.ACCEPTED
    at_once(desk)
    deliver(desk, sender)
    file(desk, folder)
    assert desk.writing.state(sent) is S.FILED
    assert len(sender.sent) == 1


def test_a_copy_that_is_there_already_is_not_made_again(desk: Desk) -> None:
    """The provider files sent mail itself, or the answer to APPEND was lost."""
    write_reply(desk)
    sender, folder = ScriptedSender(ACCEPTED), SentFolder()
    deliver(desk, sender)
    folder.filed = list(sender.sent)
    file(desk, folder)
    assert folder.filed == sender.sent


def test_nothing_handed_over_is_tried_again_later(desk: Desk) -> None:
    sent = write_reply(desk)
    sender = ScriptedSender(Attempt(Outcome.DEFERRED, "451 greylisted"), LoginRefused("no"), ACCEPTED)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.QUEUED
    deliver(desk, sender)
    assert len(sender.sent) == 1, "not before its time"
    for _ in range(2):
        at_once(desk)
        deliver(desk, sender)
    assert desk.writing.state(sent) is S.ACCEPTED
    assert len(set(sender.sent)) == 1, "every attempt carries the same Message-ID"


@pytest.mark.parametrize("outcome", [Attempt(Outcome.UNKNOWN, "line lost"), OSError("line lost"), ValueError("a defect")])
def test_an_unknown_outcome_is_looked_for_and_never_repeated(desk: Desk, outcome) -> None:
    sent, sender, folder = write_reply(desk), ScriptedSender(outcome), SentFolder()
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.UNKNOWN
    row = desk.queue.ids("all")[0]
    assert (desk.queue.row(row).status, desk.queue.row(row).outbox) == ("open", "unknown")
    at_once(desk)
    file(desk, folder)
    at_once(desk)
    file(desk, folder)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.UNKNOWN
    assert len(sender.sent) == 1
    assert folder.filed == []


def test_an_unknown_outcome_found_in_sent_did_go_out(desk: Desk) -> None:
    sent, sender, folder = write_reply(desk), ScriptedSender(Attempt(Outcome.UNKNOWN)), SentFolder()
    deliver(desk, sender)
    folder.filed = list(sender.sent)
    file(desk, folder)
    assert desk.writing.state(sent) is S.FILED
    row = desk.queue.ids("all")[0]
    assert [i.direction for i in desk.reading.thread(row)] == ["in", "out"]


def test_a_rejected_reply_comes_back_to_the_agent(desk: Desk) -> None:
    sent, sender = write_reply(desk), ScriptedSender(Attempt(Outcome.REJECTED, "550 no such user"))
    deliver(desk, sender)
    fact = desk.writing.outbox()[0]
    assert (fact.state, fact.detail) == (S.REJECTED, "550 no such user")
    row = desk.queue.ids("open")[0]
    assert desk.writing.cancel(sent) == row
    assert desk.writing.draft(row).text == "Gentile Maria, arriva domani."


def test_a_reply_to_a_conversation_that_moved_on_is_a_conflict(desk: Desk) -> None:
    sent, sender = write_reply(desk), ScriptedSender(ACCEPTED)
    Mailbox(desk).bring("b", "È arrivato, grazie!", references=("a",), at=NOON + timedelta(minutes=1))
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.CONFLICT
    assert sender.sent == []
    desk.writing.send_anyway(sent)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.ACCEPTED


def test_our_own_earlier_reply_is_no_conflict(desk: Desk) -> None:
    sender = ScriptedSender(ACCEPTED, ACCEPTED)
    write_reply(desk, then="open")
    second = write_reply(desk, then="open")
    deliver(desk, sender)
    assert desk.writing.state(second) is S.ACCEPTED


def test_a_held_reply_waits_for_its_hold(desk: Desk) -> None:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria"
    sent = desk.writing.send(desk.writing.save(draft))
    sender = ScriptedSender(ACCEPTED)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.HELD
    at_once(desk)
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.ACCEPTED


def test_the_attempt_is_recorded_before_it_is_made(desk: Desk) -> None:
    sent = write_reply(desk)

    class Watching(ScriptedSender):
        def send(self, outgoing, conversation):
            row = desk.database.one("SELECT state, attempts FROM outbox WHERE id = ?", (sent,))
            assert (row["state"], row["attempts"]) == ("sending", 1)
            return super().send(outgoing, conversation)

    deliver(desk, Watching(ACCEPTED))
    assert desk.writing.state(sent) is S.ACCEPTED


def test_a_missing_attachment_is_refused_before_anything_is_handed_over(desk: Desk, tmp_path: Path) -> None:
    file_ = tmp_path / "a.txt"
    file_.write_text("x")
    draft = desk.writing.save(desk.writing.draft(desk.queue.ids("all")[0]))
    desk.writing.attach(draft.id, file_)
    draft = desk.writing.draft(draft.conversation)
    draft.text = "In allegato."
    sent = desk.writing.send(desk.writing.save(draft), now=True)
    for blob in (tmp_path / "state" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    sender = ScriptedSender()
    deliver(desk, sender)
    assert desk.writing.state(sent) is S.REJECTED
    assert sender.sent == []


def test_a_recovered_engine_sends_nothing_that_may_have_gone_out(desk: Desk) -> None:
    sent = write_reply(desk)
    desk.database.write(lambda tx: outbox.move(tx, sent, S.SENDING, expect=(S.QUEUED,)))
    desk.database.write(outbox.recover)
    sender = ScriptedSender()
    deliver(desk, sender)
    assert sender.sent == []
