"""Drafts, sending, undo of sending, and what stops a reply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.desk.addresses import parse_addresses, show_addresses, valid_address
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.message import Address
from agentdesk.errors import Refused
from agentdesk.store import jobs, outbox
from tests.desks import MARIA, NOON, SHOP, Mailbox, desk_config


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?", cc=(Address("", "zia@posta.example"), SHOP))
        yield opened


@pytest.fixture
def row(desk: Desk) -> int:
    return desk.queue.ids("all")[0]


def test_a_reply_goes_to_the_sender_with_subject_and_quote(desk: Desk, row: int) -> None:
    draft = desk.writing.draft(row)
    assert draft.to == (MARIA,)
    assert draft.cc == ()
    assert draft.subject == "Re: Dov'è il mio ordine?"
    assert "> Dov'è il mio ordine?" in draft.quoted
    everybody = desk.writing.draft(row, all=True)
    assert [a.address for a in everybody.cc] == ["zia@posta.example"]


def test_a_draft_is_on_disk_and_found_again(desk: Desk, row: int, tmp_path: Path) -> None:
    draft = desk.writing.draft(row)
    draft.text, draft.cursor = "Gentile Maria,", 14
    desk.writing.save(draft)
    with Desk.open(desk_config(tmp_path)) as other:
        again = other.writing.draft(row)
    assert (again.id, again.text, again.cursor, again.message_id) == (draft.id, "Gentile Maria,", 14, draft.message_id)
    assert desk.queue.row(row).has_draft


def test_a_reply_begun_to_one_becomes_a_reply_to_all(desk: Desk, row: int) -> None:
    draft = desk.writing.draft(row)
    draft.text = "Gentile Maria,"
    desk.writing.save(draft)
    again = desk.writing.draft(row, all=True)
    assert (again.id, again.text) == (draft.id, "Gentile Maria,")
    assert [a.address for a in again.cc] == ["zia@posta.example"]
    desk.writing.save(again)
    assert len(desk.writing.draft(row, all=True).cc) == 1


def test_a_draft_belongs_to_its_conversation(desk: Desk, row: int) -> None:
    """Text typed for one customer must never be offered for another."""
    Mailbox(desk).bring("b", "Hello", sender=Address("", "other@post.example"), subject="Hello", at=NOON + timedelta(hours=1))
    draft = desk.writing.draft(row)
    draft.text = "for Maria"
    desk.writing.save(draft)
    other = next(r for r in desk.queue.ids("all") if r != row)
    assert desk.writing.draft(other).text == ""


def send(desk: Desk, row: int, **how) -> int:
    draft = desk.writing.draft(row)
    draft.text = "Gentile Maria, arriva domani."
    return desk.writing.send(desk.writing.save(draft), **how)


def test_sending_holds_answers_and_can_be_undone(desk: Desk, row: int) -> None:
    before = desk.queue.row(row)
    sent = send(desk, row)
    assert desk.writing.state(sent) is MessageState.HELD
    after = desk.queue.row(row)
    assert (after.status, after.outbox, after.assignee, after.unread) == ("waiting", "held", "anna@casaverde.example", 0)
    assert desk.queue.next_urgent() is None
    assert desk.reading.thread(row)[-1].state == "held"
    assert desk.work.undo()
    again = desk.queue.row(row)
    assert (again.status, again.outbox, again.assignee, again.unread) == (before.status, "", "", 1)
    assert desk.writing.draft(row).text == "Gentile Maria, arriva domani."
    assert desk.writing.draft(row).to == (MARIA,)


@pytest.mark.parametrize(
    ("actions", "how", "status"),
    [
        ({"snooze": "3d"}, {}, "snoozed"),
        ({"close": True}, {}, "closed"),
        ({"snooze": "3d", "close": True}, {}, "closed"),
        ({"snooze": "3d"}, {"then": "open"}, "open"),  # what the agent chose wins
    ],
)
def test_what_a_snippet_does_on_sending(desk: Desk, row: int, actions, how, status: str) -> None:
    draft = desk.writing.draft(row)
    draft.text, draft.actions = "Gentile Maria, arriva domani.", actions
    desk.writing.send(desk.writing.save(draft), **how)
    after = desk.queue.row(row)
    assert after.status == status
    if status == "snoozed":
        assert timedelta(days=3, minutes=-5) < after.snoozed_until - datetime.now(UTC) <= timedelta(days=3)
    assert desk.work.undo()
    assert desk.queue.row(row).status == "open"


def test_taking_back_from_the_outbox_does_what_undo_does(desk: Desk, row: int) -> None:
    sent = send(desk, row)
    assert desk.writing.cancel(sent) == row
    assert desk.queue.row(row).status == "open"
    assert desk.writing.draft(row).text == "Gentile Maria, arriva domani."
    assert desk.work.undo() is None


def test_undo_is_too_late_once_it_is_being_handed_over(desk: Desk, row: int) -> None:
    sent = send(desk, row)
    desk.database.write(lambda tx: outbox.move(tx, sent, MessageState.SENDING, expect=(MessageState.HELD,)))
    assert desk.writing.cancel(sent) is None
    assert "too late" in (desk.work.undo() or "")
    assert desk.writing.state(sent) is MessageState.SENDING


def test_a_crash_while_sending_is_unknown_and_never_queued_again(desk: Desk, row: int) -> None:
    sent = send(desk, row, now=True)
    desk.database.write(lambda tx: outbox.move(tx, sent, MessageState.SENDING, expect=(MessageState.QUEUED,)))
    assert desk.database.write(outbox.recover) == 1
    assert desk.writing.state(sent) is MessageState.UNKNOWN
    desk.writing.mark_sent(sent)
    assert desk.writing.state(sent) is MessageState.ACCEPTED
    with pytest.raises(Refused):
        desk.writing.send_anyway(sent)


def test_references_and_in_reply_to_are_frozen_with_it(desk: Desk, row: int) -> None:
    sent = send(desk, row)
    stored = desk.database.one("SELECT in_reply_to, reference_list FROM outbox WHERE id = ?", (sent,))
    assert stored["in_reply_to"] == "<a@x.example>"
    assert stored["reference_list"] == '["<a@x.example>"]'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: setattr(d, "text", "  \n"), "empty"),
        (lambda d: setattr(d, "text", "Il suo ordine ⟨order.number⟩"), "order.number"),
        (lambda d: setattr(d, "text", "Hello {{ customer.name }}"), "customer.name"),
        (lambda d: setattr(d, "to", ()), "To"),
        (lambda d: setattr(d, "to", (Address("", "not an address"),)), "not an address"),
        (lambda d: setattr(d, "to", (Address("", "x@y.example\r\nBcc: z@y.example"),)), "not a mail address"),
        (lambda d: setattr(d, "to", (SHOP,)), "our own"),
    ],
)
def test_what_stops_a_reply_is_said_and_the_draft_stays(desk: Desk, row: int, change, words: str) -> None:
    draft = desk.writing.draft(row)
    draft.text = "Gentile Maria"
    change(draft)
    desk.writing.save(draft)
    with pytest.raises(Refused, match=words):
        desk.writing.send(draft)
    assert desk.writing.drafts()
    assert desk.writing.outbox() == ()


def test_attachments_come_along_and_come_back(desk: Desk, row: int, tmp_path: Path) -> None:
    file = tmp_path / "label.pdf"
    file.write_bytes(b"%PDF-1.4 label")
    draft = desk.writing.save(desk.writing.draft(row))
    desk.writing.attach(draft.id, file)
    file.unlink()  # the desk has its own copy
    draft = desk.writing.draft(row)
    draft.text = "In allegato."
    sent = desk.writing.send(desk.writing.save(draft))
    assert desk.reading.thread(row)[-1].attachments[0].name == "label.pdf"
    desk.writing.cancel(sent)
    assert [f.name for f in desk.writing.draft(row).files] == ["label.pdf"]
    with pytest.raises(Refused):
        desk.writing.attach(draft.id, tmp_path / "missing.pdf")


def test_a_new_mail_begins_a_conversation(desk: Desk) -> None:
    draft = desk.writing.new("Magazzino <magazzino@logistica.example>")
    draft.subject, draft.text = "Pacco 10245", "Potete controllare?"
    sent = desk.writing.send(desk.writing.save(draft))
    fact = desk.writing.outbox()[-1]
    assert fact.id == sent
    assert desk.queue.row(fact.conversation).subject == "Pacco 10245"


def test_forwarding_carries_the_text(desk: Desk, row: int) -> None:
    draft = desk.writing.forward(row)
    assert draft.subject == "Fwd: Dov'è il mio ordine?"
    assert "Dov'è il mio ordine?" in draft.quoted
    assert draft.to == ()


def test_addresses_typed_by_an_agent() -> None:
    assert parse_addresses("Anna <a@b.it>; c@d.it,") == (Address("Anna", "a@b.it"), Address("", "c@d.it"))
    assert parse_addresses("a@b.it c@d.it\ne@f.it") == tuple(Address("", a) for a in ("a@b.it", "c@d.it", "e@f.it"))
    assert parse_addresses("luca, c@d.it") == (Address("", "luca"), Address("", "c@d.it"))
    assert parse_addresses("Anna <a@b.it") == (Address("Anna", "a@b.it"),)
    for text in ('"Rossi, Maria" <m@b.it>, c@d.it', "Rossi, Maria <m@b.it>, c@d.it"):
        people = parse_addresses(text)
        assert people == (Address("Rossi, Maria", "m@b.it"), Address("", "c@d.it"))
        assert parse_addresses(show_addresses(people)) == people
    assert not any(map(valid_address, ["", "a", "a@", "@b", "a b@c.it", "a@b@c", "a@b..it", "a@.it", "a\n@b.it", "<a@b.it>"]))
    assert valid_address("maria.rossi+x@posta.example")


def test_a_draft_opened_again_has_seen_what_came_meanwhile(desk: Desk, row: int) -> None:
    draft = desk.writing.draft(row)
    draft.text = "Gentile Maria,"
    desk.writing.save(draft)
    newest = Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(minutes=1))
    assert desk.writing.draft(row).base == newest


def test_what_a_channel_refused_for_good_is_told(desk: Desk, row: int) -> None:
    desk.work.seen([row], True)
    job = jobs.due(desk.database, "support")[0]
    jobs.failed(desk.database, job, "[NOPERM] read-only mailbox")
    assert desk.reading.engine_faults() == ("support refused to mark a message: [NOPERM] read-only mailbox",)
    jobs.forget_failed(desk.database, days=-1)
    assert desk.reading.engine_faults() == ()
