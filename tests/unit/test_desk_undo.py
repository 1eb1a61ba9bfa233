"""Undo and drafts where they are hard: computed states, two windows, merged threads, folders."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState, Priority
from agentdesk.domain.mailbox import Role
from agentdesk.engine.delivery import outgoing_of
from agentdesk.errors import Refused
from tests.desks import JAN, MARIA, NOON, SHOP, Mailbox, desk_config


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path, signature="Anna\nCasa Verde")) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


@pytest.fixture
def row(desk: Desk) -> int:
    return desk.queue.ids("all")[0]


def write(desk: Desk, row: int, text: str = "Gentile Maria"):
    draft = desk.writing.draft(row)
    draft.text = text
    return desk.writing.save(draft)


def test_a_conversation_the_customer_reopened_goes_back_to_open(desk: Desk, row: int) -> None:
    """Closed, answered by the customer, closed again: the events say closed both times, the screen did not."""
    desk.work.close([row])
    Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(hours=1))
    before = desk.queue.row(row)
    assert before.status == "open"
    desk.work.close([row])
    desk.work.undo()
    assert desk.queue.row(row) == before


def test_undoing_the_second_reply_of_a_thread_opens_it_again(desk: Desk, row: int) -> None:
    desk.writing.send(write(desk, row), now=True)
    Mailbox(desk).bring("b", "Ancora io", references=("a",), at=NOON + timedelta(hours=1))
    desk.writing.send(write(desk, row, "Di nuovo"))
    assert desk.queue.row(row).status == "waiting"
    desk.work.undo()
    assert desk.queue.row(row).status == "open"
    assert desk.writing.draft(row).text == "Di nuovo"


def test_reopening_what_waits_by_itself_can_be_undone(desk: Desk, row: int) -> None:
    Mailbox(desk).bring("o", "Risposto dal telefono", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), at=NOON + timedelta(hours=1))
    desk.work.tag([row], ["vip"])
    desk.work.reopen([row])
    assert desk.queue.row(row).status == "open"
    desk.work.undo()
    assert desk.queue.row(row).status == "waiting"
    assert desk.queue.row(row).tags == ("vip",)


def test_not_spam_is_undone_where_the_folder_said_spam(desk: Desk) -> None:
    Mailbox(desk).bring("s", "WIN", sender=JAN, role=Role.JUNK)
    junk = desk.queue.ids("spam")[0]
    desk.work.spam([junk], False)
    assert not desk.queue.row(junk).spam
    desk.work.undo()
    assert desk.queue.row(junk).spam


def moves(desk: Desk) -> list[tuple[int, str]]:
    found = desk.database.all("SELECT message, data FROM job WHERE kind = 'move' ORDER BY id")
    return [(r["message"], json.loads(r["data"])["role"]) for r in found]


def test_undoing_spam_puts_each_message_back_where_it_was(desk: Desk, row: int) -> None:
    first = desk.database.value("SELECT row FROM message")
    archived = Mailbox(desk).bring("b", "Prima", role=Role.ARCHIVE, references=("a",))
    desk.work.spam([row], True)
    desk.work.undo()
    assert sorted(moves(desk)) == sorted([(first, "junk"), (archived, "junk"), (first, "inbox"), (archived, "archive")])


def test_closing_moves_nothing_that_lies_in_the_archive(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path, on_close="archive")) as desk:
        Mailbox(desk).bring("a", "Ciao", role=Role.ARCHIVE)
        row = desk.queue.ids("all")[0]
        desk.work.reopen([row])
        desk.work.close([row])
        assert moves(desk) == []


def test_a_reply_taken_back_is_the_draft_it_was_and_signed_once(desk: Desk, row: int) -> None:
    """The signature is added to what goes out, and not to what comes back."""
    sent = desk.writing.send(write(desk, row))
    desk.work.undo()
    draft = desk.writing.draft(row)
    assert draft.text == "Gentile Maria"
    sent = desk.writing.send(draft)
    out = desk.database.one("SELECT * FROM outbox WHERE id = ?", (sent,))
    text = outgoing_of(out, SHOP, ()).text
    assert text.startswith("Gentile Maria\n\n-- \nAnna\nCasa Verde\n\n")
    assert text.count("-- \n") == 1


def test_a_draft_begun_meanwhile_survives_an_undo_and_can_be_saved(desk: Desk, row: int) -> None:
    desk.writing.send(write(desk, row, "prima"))
    second = write(desk, row, "seconda")
    desk.work.undo()
    desk.writing.save(second)  # the composer is still open
    assert sorted(d.text for d in desk.writing.drafts()) == ["prima", "seconda"]
    assert {d.conversation for d in desk.writing.drafts()} == {row}


def test_two_windows_write_over_nothing(desk: Desk, row: int, tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path)) as other:
        one, two = desk.writing.draft(row), other.writing.draft(row)
        one.text, two.text = "from the first window", "from the second window"
        desk.writing.save(one)
        other.writing.save(two)
    assert sorted(d.text for d in desk.writing.drafts()) == ["from the first window", "from the second window"]


def test_a_draft_sent_from_one_window_is_not_sent_by_the_other_unasked(desk: Desk, row: int, tmp_path: Path) -> None:
    draft = write(desk, row)
    with Desk.open(desk_config(tmp_path)) as other:
        stale = other.writing.draft(row)
        desk.writing.send(draft)
        with pytest.raises(Refused, match="already"):
            other.writing.send(stale)
        assert len(desk.writing.outbox()) == 1
        assert [d.text for d in other.writing.drafts()] == ["Gentile Maria"]
        other.writing.send(stale)
    assert len(desk.writing.outbox()) == 2


def merge(desk: Desk) -> tuple[int, int]:
    """Two conversations of which a third mail says that they are one: (the one that stays, the other)."""
    mailbox = Mailbox(desk)
    kept = desk.queue.ids("all")[0]
    mailbox.bring("c", "terza, ordine 10300", subject="altro 10300", references=("b",), sender=JAN, at=NOON + timedelta(hours=2))
    gone = next(r for r in desk.queue.ids("all") if r != kept)
    return kept, gone


def join(desk: Desk) -> None:
    Mailbox(desk).bring("b", "seconda", references=("a",), at=NOON + timedelta(hours=1))


def test_what_was_done_and_written_in_a_merged_conversation_goes_on_in_the_other(desk: Desk) -> None:
    kept, gone = merge(desk)
    desk.work.tag([gone], ["vip"])
    mine = write(desk, kept, "to Maria")
    write(desk, gone, "to Jan")
    stale = desk.writing.draft(gone)
    join(desk)
    assert desk.queue.row(kept).tags == ("vip",)
    assert sorted((d.text, d.conversation) for d in desk.writing.drafts()) == [("to Jan", kept), ("to Maria", kept)]
    assert "10300" in desk.database.value("SELECT order_mentioned FROM conversation WHERE row = ?", (kept,))
    assert desk.queue.row(kept).subject == "Dov'è il mio ordine?"
    # a window that has not heard of it yet
    desk.work.priority([gone], Priority.HIGH)
    assert desk.queue.row(kept).priority == "high"
    assert len(desk.reading.thread(gone)) == 3
    stale.text = "to Jan, changed"
    sent = desk.writing.send(desk.writing.save(stale))
    assert desk.writing.outbox()[0].conversation == kept
    desk.writing.cancel(sent)
    desk.work.undo()
    desk.work.undo()
    assert (desk.queue.row(kept).priority, desk.queue.row(kept).tags) == ("normal", ())
    assert mine.id in {d.id for d in desk.writing.drafts()}


def test_undo_of_something_forgotten_meanwhile_is_no_obstacle(desk: Desk, row: int) -> None:
    Mailbox(desk).bring("j", "Wrong size", sender=JAN, subject="Wrong size")
    other = next(r for r in desk.queue.ids("all") if r != row)
    desk.work.tag([row], ["vip"])
    desk.work.tag([other], ["vip"])
    for table in ("tag", "event", "alias", "place", "message"):
        column = "message IN (SELECT row FROM message WHERE conversation = ?)" if table == "place" else "conversation = ?"
        desk.database.write(lambda tx, t=table, c=column: tx.execute(f"DELETE FROM {t} WHERE {c}", (other,)))
    desk.database.write(lambda tx: tx.execute("DELETE FROM conversation WHERE row = ?", (other,)))
    desk.work.undo()
    desk.work.undo()
    assert desk.queue.row(row).tags == ()


def test_a_new_mail_may_have_its_only_recipient_in_bcc(desk: Desk) -> None:
    draft = desk.writing.new()
    draft.bcc, draft.subject, draft.text = (JAN,), "Pacco", "Ciao"
    sent = desk.writing.send(desk.writing.save(draft))
    assert desk.writing.state(sent) is MessageState.HELD


def test_what_a_snippet_does_is_done_when_it_is_sent(desk: Desk, row: int) -> None:
    draft = write(desk, row)
    draft.actions = {"tags": ["Shipping"], "priority": "high", "assign": "luca"}
    before = desk.queue.row(row)
    desk.writing.send(draft)
    after = desk.queue.row(row)
    assert (after.tags, after.priority, after.assignee) == (("shipping",), "high", "luca@casaverde.example")
    desk.work.undo()
    assert desk.queue.row(row).assignee == before.assignee
    assert desk.queue.row(row).tags == ()


def test_a_snooze_that_is_over_can_be_closed_and_comes_back(desk: Desk, row: int) -> None:
    desk.work.snooze([row], datetime.now(UTC) + timedelta(hours=1))
    desk.work.close([row])
    desk.work.undo()
    assert desk.queue.row(row).status == "snoozed"


def test_what_undo_would_take_back_is_known_before(desk: Desk, row: int) -> None:
    assert desk.work.undoable() is None
    desk.work.tag([row], add=["vip"])
    first = desk.work.undoable()
    assert first is not None
    assert first.rows == (row,)
    desk.work.assign([row], "")
    assert desk.work.undoable() == first, "nobody had it: nothing was done"
    desk.writing.send(write(desk, row))
    sent = desk.work.undoable()
    assert sent is not None
    assert sent.id > first.id
    assert sent.rows == (row,)
    desk.work.undo()
    assert desk.work.undoable() == first
