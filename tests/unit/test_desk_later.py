"""Taking back: the very same draft, of a reply held, scheduled or unknown, of a note, of what was thrown away; also after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agentdesk.channels.base import Attempt, Outcome
from agentdesk.desk import Desk
from agentdesk.desk.facts import Draft
from agentdesk.domain import when
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.insertion import Insertion
from agentdesk.domain.message import Address
from agentdesk.errors import Refused
from tests.desks import JAN, NOON, Mailbox, desk_config
from tests.unit.test_engine_delivery import ScriptedSender, deliver

ROME = ZoneInfo("Europe/Rome")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path, signature="Anna")) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


@pytest.fixture
def row(desk: Desk) -> int:
    return desk.queue.ids("all")[0]


def rich(desk: Desk, row: int, folder: Path) -> Draft:
    """A draft with everything one can have."""
    file = folder / "label.pdf"
    file.write_bytes(b"%PDF")
    draft = desk.writing.save(desk.writing.draft(row))
    desk.writing.attach(draft.id, file)
    draft = desk.writing.draft(row)
    draft.text, draft.cursor, draft.language = "Gentile Maria,\narriva domani.", 7, "it"
    draft.cc, draft.bcc = (JAN,), (Address("Capo", "capo@casaverde.example"),)
    draft.subject, draft.snippets, draft.actions = "Re: altro", (Insertion("shipping/late", text="arriva domani."),), {"tags": ["shipping"], "priority": "high"}
    return desk.writing.save(draft)


def same(one: Draft, other: Draft) -> bool:
    """But for the number in the store, and the files' numbers."""
    assert [(f.name, f.size) for f in one.files] == [(f.name, f.size) for f in other.files]
    return replace(one, id=0, files=()) == replace(other, id=0, files=())


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize("at", [None, "later"])
@pytest.mark.parametrize("restart", [False, True])
def test_undo_gives_the_very_same_draft_and_takes_its_actions_back_in_one_step(
    desk: Desk, row: int, tmp_path: Path, at: str | None, restart: bool
) -> None:
    draft, before = rich(desk, row, tmp_path), desk.queue.row(row)
    before_draft = replace(draft)
    desk.writing.send(draft, at=later() if at else None)
    assert desk.queue.row(row).tags == ("shipping",)
    assert desk.writing.drafts() == ()
    if restart:
        desk.close()
        desk = Desk.open(desk.config)
    assert desk.work.undo() is not None
    (again,) = desk.writing.drafts()
    assert same(again, before_draft)
    assert desk.queue.row(row) == replace(before, has_draft=True, unread=desk.queue.row(row).unread)
    assert desk.writing.outbox() == ()
    if restart:
        desk.close()


def test_an_unknown_reply_taken_back_is_a_letter_of_its_own(desk: Desk, row: int, tmp_path: Path) -> None:
    draft = rich(desk, row, tmp_path)
    before, old = replace(draft), draft.message_id
    sent = desk.writing.send(draft, now=True)
    deliver(desk, ScriptedSender(Attempt(Outcome.UNKNOWN, "the line broke")))
    assert desk.writing.state(sent) is S.UNKNOWN
    desk.writing.cancel(sent)
    (again,) = desk.writing.drafts()
    assert again.message_id not in {"", old}
    assert same(replace(again, message_id=old), before)
    # It did arrive after all, and is answered: the answer still finds its conversation.
    Mailbox(desk).bring("x", "Grazie!", references=(old,), at=NOON + timedelta(hours=1))
    assert len(desk.queue.ids("all")) == 1


def test_a_note_taken_back_is_being_written_again(desk: Desk, row: int) -> None:
    desk.work.note([row], "  Chiamare BRT lunedì ", 8)
    assert [item.text for item in desk.reading.thread(row) if item.direction == "note"] == ["Chiamare BRT lunedì"]
    assert desk.work.undoable().rows == (row,)
    desk.work.undo()
    assert not [item for item in desk.reading.thread(row) if item.direction == "note"]
    (draft,) = desk.writing.drafts()
    assert (draft.kind, draft.text, draft.cursor, draft.conversation) == ("note", "  Chiamare BRT lunedì ", 8, row)


def test_a_note_on_two_comes_back_in_both(desk: Desk, row: int) -> None:
    Mailbox(desk).bring("j", "Wrong size", sender=JAN, subject="Wrong size")
    rows = list(desk.queue.ids("all"))
    desk.work.note(rows, "sciopero corrieri")
    desk.work.undo()
    assert sorted(d.conversation for d in desk.writing.drafts()) == sorted(rows)


def test_what_was_thrown_away_comes_back_with_its_files(desk: Desk, row: int, tmp_path: Path) -> None:
    draft = rich(desk, row, tmp_path)
    before = replace(draft)
    desk.writing.discard(draft.id)
    assert desk.writing.drafts() == ()
    desk.writing.restore(draft)
    (again,) = desk.writing.drafts()
    assert same(again, before)


def test_what_goes_later_is_shown_with_its_time_and_can_be_retimed(desk: Desk, row: int) -> None:
    draft = desk.writing.draft(row)
    draft.text = "Domani."
    at = later()
    sent = desk.writing.send(desk.writing.save(draft), at=at)
    shown = desk.queue.row(row)
    assert (shown.outbox, abs(shown.outbox_at - at) < timedelta(seconds=1), shown.status) == ("scheduled", True, "waiting")
    (item,) = [one for one in desk.reading.thread(row) if one.outbox_id]
    assert abs(item.goes_at - at) < timedelta(seconds=1)
    assert desk.writing.unsent() == 0, "quitting need not wait for it"
    desk.writing.reschedule(sent, at + timedelta(hours=1))
    assert abs(desk.writing.outbox()[0].hold_until - at) >= timedelta(minutes=59)
    with pytest.raises(Refused):
        desk.writing.reschedule(sent, datetime.now(UTC) - timedelta(hours=1))
    desk.writing.send_now(sent)
    assert desk.writing.state(sent) is S.QUEUED


@pytest.mark.parametrize(
    ("words", "now", "at"),
    [
        ("tomorrow 9am", "2026-11-20T15:00+01:00", "2026-11-21T09:00+01:00"),
        ("domani 9:00", "2026-03-28T15:00+01:00", "2026-03-29T09:00+02:00"),
        ("mon 8:30", "2026-11-20T15:00+01:00", "2026-11-23T08:30+01:00"),
        ("tomorrow 12:30 pm", "2026-11-20T15:00+01:00", "2026-11-21T12:30+01:00"),
        ("in 2h", "2026-03-29T01:30+01:00", "2026-03-29T04:30+02:00"),
        ("2h", "2026-10-25T02:30+02:00", "2026-10-25T03:30+01:00"),
        ("1d", "2026-03-28T09:00+01:00", "2026-03-29T09:00+02:00"),
        ("2:30", "2026-03-29T00:30+01:00", "2026-03-29T03:30+02:00"),
    ],
)
def test_moments_are_real_ones_also_where_the_clock_is_moved(words: str, now: str, at: str) -> None:
    found = when.parse(words, datetime.fromisoformat(now).astimezone(ROME))
    assert found is not None
    assert found.astimezone(UTC) == datetime.fromisoformat(at).astimezone(UTC)
