"""The verbs, undo, views and search of a desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.conversation import Priority
from agentdesk.domain.mailbox import Role
from agentdesk.errors import NotFound, Refused, UsageError
from tests.desks import JAN, MARIA, NOON, Mailbox, desk_config


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        mailbox = Mailbox(opened)
        mailbox.bring("a", "Buonasera, il mio pacco non è arrivato.")
        mailbox.bring("j", "The wrong size came.", sender=JAN, subject="Wrong size", at=NOON + timedelta(minutes=30))
        yield opened


def row_of(desk: Desk, address: str):
    return next(r for r in desk.queue.rows(desk.queue.ids("all")) if r.customer_address == address)


def test_the_queue_shows_what_breaks_its_promise_first(desk: Desk) -> None:
    assert [r.customer_name for r in desk.queue.rows(desk.queue.ids("open"))] == ["Maria Rossi", "Jan de Vries"]
    assert desk.queue.next_urgent() == row_of(desk, MARIA.address).row


def test_claiming_takes_it_out_of_the_queue_of_nobodys(desk: Desk) -> None:
    maria = row_of(desk, MARIA.address).row
    desk.work.claim([maria])
    assert row_of(desk, MARIA.address).assignee == "anna@casaverde.example"
    assert row_of(desk, MARIA.address).claiming
    assert row_of(desk, MARIA.address).unread == 0
    assert desk.queue.next_urgent() == row_of(desk, JAN.address).row
    assert list(desk.queue.ids("mine")) == [maria]


@pytest.mark.parametrize(
    ("do", "view"),
    [
        (lambda w, r: w.claim(r), "mine"),
        (lambda w, r: w.close(r), "closed"),
        (lambda w, r: w.wait(r), "waiting"),
        (lambda w, r: w.snooze(r, datetime.now(UTC) + timedelta(hours=1)), "snoozed"),
        (lambda w, r: w.spam(r, True), "spam"),
    ],
)
def test_every_verb_can_be_undone(desk: Desk, do, view: str) -> None:
    before = row_of(desk, MARIA.address)
    do(desk.work, [before.row])
    assert list(desk.queue.ids(view)) == [before.row]
    assert desk.work.undo()
    assert row_of(desk, MARIA.address) == before


def test_tags_and_priority_undone_give_back_only_their_own(desk: Desk) -> None:
    row = row_of(desk, MARIA.address).row
    desk.work.tag([row], ["VIP", "gift box"])
    desk.work.tag([row], ["vip", "late"], ["gift-box"])
    desk.work.priority([row], Priority.URGENT)
    assert row_of(desk, MARIA.address).tags == ("late", "vip")
    desk.work.undo()
    assert row_of(desk, MARIA.address).priority == "normal"
    desk.work.undo()
    assert row_of(desk, MARIA.address).tags == ("gift-box", "vip")


def test_a_note_is_no_message(desk: Desk) -> None:
    row = row_of(desk, MARIA.address).row
    desk.work.note([row], "Corriere chiamato")
    item = desk.reading.thread(row)[-1]
    assert (item.direction, item.text, item.sender.name) == ("note", "Corriere chiamato", "Anna Bianchi")
    assert row_of(desk, MARIA.address).messages == 1
    desk.work.undo()
    assert [i.direction for i in desk.reading.thread(row)] == ["in"]


def test_bulk_is_one_step_of_undo(desk: Desk) -> None:
    rows = list(desk.queue.ids("open"))
    desk.work.close(rows)
    assert len(desk.queue.ids("closed")) == 2
    desk.work.undo()
    assert list(desk.queue.ids("open")) == rows


def test_nothing_to_undo_says_nothing(desk: Desk) -> None:
    assert desk.work.undo() is None


def test_spam_moves_to_junk_and_back(desk: Desk) -> None:
    row = row_of(desk, MARIA.address).row
    desk.work.spam([row], True)
    desk.work.undo()
    moves = [r["data"] for r in desk.database.all("SELECT data FROM job WHERE kind = 'move' ORDER BY id")]
    assert [Role.JUNK.value in moves[0], Role.INBOX.value in moves[1]] == [True, True]


def test_a_snooze_that_is_over_is_open_without_any_event(desk: Desk) -> None:
    row = row_of(desk, MARIA.address).row
    desk.work.snooze([row], datetime.now(UTC) + timedelta(hours=1))
    desk.database.write(lambda tx: tx.execute("UPDATE conversation SET snoozed_until = 1 WHERE row = ?", (row,)))
    assert row_of(desk, MARIA.address).status == "open"
    assert row in desk.queue.ids("open")
    assert desk.queue.counts().open == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pacco", [MARIA.address]),
        ("from:vries", [JAN.address]),
        ("is:late", [MARIA.address, JAN.address]),
        ("wrong -pacco", [JAN.address]),
        ("subject:wrong", [JAN.address]),
        ('"wrong size"', [JAN.address]),
        ("tag:nothing", []),
        ("before:2020-01-01", []),
        ("after:2026-11-20", [JAN.address, MARIA.address]),
        ("pac*", [MARIA.address]),
        ("assignee:none", [JAN.address, MARIA.address]),
        ("has:attachment", []),
        ("arrivata", []),
        ("100%_\\", []),
    ],
)
def test_search(desk: Desk, query: str, found: list[str]) -> None:
    rows = desk.queue.rows(desk.queue.ids("open", query))
    assert sorted(r.customer_address for r in rows) == sorted(found)


def test_a_query_that_cannot_be_read_says_so(desk: Desk) -> None:
    with pytest.raises(UsageError):
        desk.queue.ids("open", "is:nonsense")
    with pytest.raises(UsageError):
        desk.queue.ids("no-such-view")


def test_finding_one_conversation(desk: Desk) -> None:
    row = row_of(desk, MARIA.address)
    assert desk.queue.find(row.id) == row.row
    assert desk.queue.find("<a@x.example>") == row.row
    assert desk.queue.find("a@x.example") == row.row
    with pytest.raises(NotFound):
        desk.queue.find("zzzzzzzz")
    with pytest.raises(NotFound):
        desk.queue.find("")


def test_assigning_to_a_colleague_by_a_part_of_the_name(desk: Desk) -> None:
    row = row_of(desk, MARIA.address).row
    desk.work.assign([row], "luca")
    assert row_of(desk, MARIA.address).assignee == "luca@casaverde.example"
    with pytest.raises(Refused):
        desk.work.assign([row], "nobody-here")


def test_changes_name_what_changed(desk: Desk) -> None:
    changes = desk.changes()
    assert changes.poll() == frozenset()
    row = row_of(desk, MARIA.address).row
    desk.work.tag([row], ["vip"])
    assert ("conversation", row) in changes.poll()
    assert changes.poll() == frozenset()
    changes.close()
