"""What was fetched is kept as it came; reports of returned mail find the conversation they are about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Arrival, Role
from agentdesk.domain.message import Address, Attachment, Body, Envelope
from agentdesk.engine.unpacking import unpack
from agentdesk.store import originals, retention
from agentdesk.store.jobs import Job
from tests.desks import MARIA, NOON, SHOP, Mailbox, desk_config
from tests.unit.test_mail_formats import FILES

HOSTILE = [
    b"", b"\x00", b"\x00" * 5_000, bytes(range(256)) * 20, b"lone\rreturns\r\rhere", b"no final line feed", b"\r\n\r\n", b"\n\n", b"x" * 300_000,
    b"\xff\xfe\x00\xd8", "è€😀".encode("utf-16"), b"\x1b[2J\x9b31m", b") UID 3 BODY[1] {4}\r\nevil",
]  # fmt: skip
DAEMON = Address("Mail Delivery System", "MAILER-DAEMON@mx.example")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        yield opened


@pytest.fixture
def mailbox(desk: Desk) -> Mailbox:
    return Mailbox(desk)


def test_what_was_fetched_is_kept_byte_for_byte(desk: Desk, mailbox: Mailbox) -> None:
    envelope = Envelope("<a@x.example>", "Hello", MARIA, NOON)
    header = b"From: Maria\r\nX: \xff\x00\r\n\r\n"
    mailbox.store.add(mailbox.folder(Role.INBOX), [Arrival(1, frozenset(), envelope, header)])
    row = int(desk.database.value("SELECT row FROM message"))
    sections = {f"1.{number}": content for number, content in enumerate(HOSTILE, 1)}
    before = int(desk.database.value("SELECT count(*) FROM source"))
    mailbox.store.save_bodies({row: Body("Hello", marks=("report",))}, {row: sections})
    assert originals.of_message(desk.database, row) == {originals.HEADER: header, **sections}
    assert before == 1
    mailbox.store.keep(row, "1.1", b"again")
    assert originals.of_message(desk.database, row)["1.1"] == b"again"
    assert desk.reading.thread(desk.queue.ids("all")[0])[0].marks == ("report",)
    large = desk.database.value("SELECT length(content) FROM source WHERE section = '1.9'")
    assert large < 3_000, "it is compressed"


def test_it_goes_with_its_conversation(desk: Desk, mailbox: Mailbox) -> None:
    row = mailbox.bring("old", "Ciao", at=datetime.now(UTC) - timedelta(days=40))
    mailbox.store.keep(row, "1", b"Ciao")
    desk.work.close([desk.queue.ids("all")[0]])
    assert retention.forget(desk.database, 30) == 1
    assert desk.database.value("SELECT count(*) FROM source") == 0


def test_whole_messages_are_kept_byte_for_byte_too(desk: Desk) -> None:
    for content in HOSTILE:
        assert desk.blobs.get(desk.blobs.put(content)) == content


def test_a_file_within_a_text_is_here_with_it(desk: Desk, mailbox: Mailbox, tmp_path: Path) -> None:
    row = mailbox.bring("a", "See", with_text=False)
    raw = b"See\nbegin 644 ../evil.sh\n#86)C\n`\nend\n"
    body = Body("See", attachments=(Attachment("1!uu..0", "evil.sh", "application/octet-stream", 3), Attachment("2", "b.pdf", "application/pdf", 9)))
    mailbox.store.save_body(row, body, {"1": raw})
    inside, outside = desk.files.facts(desk.queue.ids("all")[0])
    assert (inside.here, outside.here) == (True, False)
    desk.files.want(inside.id)
    assert desk.database.value("SELECT count(*) FROM job") == 0, "nobody has to fetch it"
    saved = desk.files.save(inside.id, tmp_path / "saved")
    assert (saved.parent, saved.name, saved.read_bytes()) == (tmp_path / "saved", "evil.sh", b"abc")
    desk.files.want(outside.id)
    assert desk.database.value("SELECT count(*) FROM job") == 1


# Returned mail --------------------------------------------------------------------------------------------------------


def test_a_report_that_came_within_the_second_of_what_it_is_about_comes_after_it(desk: Desk, answered: Mailbox) -> None:
    (ours,) = desk.queue.ids("all")
    bounce(answered, minutes=5)
    assert [item.text for item in desk.reading.thread(ours)][-1] == "Not delivered."
    assert desk.queue.rows([ours])[0].status == "open"


def bounce(mailbox: Mailbox, about: str = "<out@x.example>", *, marks: tuple[str, ...] = ("report", "undelivered"), minutes: int = 10, name: str = "b") -> int:
    row = mailbox.bring(name, "", sender=DAEMON, subject="Undelivered Mail Returned to Sender", at=NOON + timedelta(minutes=minutes), automatic=True, with_text=False)
    mailbox.store.save_body(row, Body("Not delivered.", marks=marks, original=about))
    return row


@pytest.fixture
def answered(mailbox: Mailbox) -> Mailbox:
    mailbox.bring("a", "Dov'è?")
    mailbox.bring("out", "Arriva domani.", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), at=NOON + timedelta(minutes=5))
    return mailbox


def test_a_returned_answer_comes_back_to_its_conversation_and_opens_it(desk: Desk, answered: Mailbox) -> None:
    (ours,) = desk.queue.ids("all")
    assert desk.queue.rows([ours])[0].status == "waiting"
    bounce(answered)
    assert list(desk.queue.ids("all")) == [ours]
    row = desk.queue.rows([ours])[0]
    assert (row.status, row.customer_address, row.subject) == ("open", MARIA.address, "Dov'è il mio ordine?")
    assert [item.text for item in desk.reading.thread(ours)] == ["Dov'è?", "Arriva domani.", "Not delivered."]
    draft = desk.writing.draft(ours)
    assert [one.address for one in draft.to] == [MARIA.address], "nobody answers a machine"
    desk.work.close([ours])
    assert desk.queue.rows([ours])[0].status == "closed"
    bounce(answered, name="c", minutes=20)
    assert desk.queue.rows([ours])[0].status == "open", "a second one calls again"


def test_the_conversation_it_made_at_first_leads_there(desk: Desk, answered: Mailbox) -> None:
    (ours,) = desk.queue.ids("all")
    row = answered.bring("b", "", sender=DAEMON, subject="Returned", at=NOON + timedelta(minutes=9), automatic=True, with_text=False)
    made = next(one for one in desk.queue.rows(desk.queue.ids("all")) if one.row != ours)
    answered.store.save_body(row, Body("x", marks=("report",), original="<out@x.example>"))
    assert [item.text for item in desk.reading.thread(made.row)][-1] == "x"
    assert desk.queue.find(made.id) == ours


def test_a_report_that_needs_nobody_leaves_the_conversation_waiting(desk: Desk, answered: Mailbox) -> None:
    (ours,) = desk.queue.ids("all")
    bounce(answered, marks=("report",))
    assert list(desk.queue.ids("all")) == [ours]
    assert desk.queue.rows([ours])[0].status == "waiting"


@pytest.mark.parametrize("about", ["<a@x.example>", "<unknown@x.example>", ""])
def test_what_is_about_no_mail_of_ours_stays_where_it_came(desk: Desk, answered: Mailbox, about: str) -> None:
    bounce(answered, about)
    assert len(desk.queue.ids("all")) == 2


def test_a_person_who_names_our_mail_is_moved_nowhere(desk: Desk, answered: Mailbox) -> None:
    row = answered.bring("p", "", sender=Address("Eve", "eve@x.example"), subject="Hi", with_text=False)
    answered.store.save_body(row, Body("Message-ID: <out@x.example>", original="<out@x.example>"))
    assert len(desk.queue.ids("all")) == 2


def test_where_somebody_worked_on_it_it_stays(desk: Desk, answered: Mailbox) -> None:
    row = answered.bring("b", "", sender=DAEMON, subject="Returned", at=NOON + timedelta(minutes=9), automatic=True, with_text=False)
    made = next(one for one in desk.queue.rows(desk.queue.ids("all")) if one.subject == "Returned")
    desk.work.close([made.row])
    answered.store.save_body(row, Body("x", marks=("report",), original="<out@x.example>"))
    assert len(desk.queue.ids("all")) == 2


def test_a_winmail_dat_that_was_wanted_is_unpacked(desk: Desk, mailbox: Mailbox) -> None:
    row = mailbox.bring("a", "See", with_text=False)
    mailbox.store.save_body(row, Body("See", attachments=(Attachment("2", "winmail.dat", "application/ms-tnef", len(FILES)),)))
    (packed,) = desk.files.facts(desk.queue.ids("all")[0])
    job = Job(1, "support", "part", row, desk.queue.ids("all")[0], {"attachment": packed.id, "part": "2"}, 0)
    for _ in range(2):
        unpack(desk.database, desk.blobs, job, FILES)
    facts = desk.files.facts(desk.queue.ids("all")[0])
    assert [(fact.name, fact.here) for fact in facts] == [("winmail.dat", False), ("Ein langer Name è.pdf", True), ("evil.exe", True)]
    assert [desk.files.content(fact.id) for fact in facts[1:]] == [b"%PDF-1.4 content", b"MZ"]
    unpack(desk.database, desk.blobs, job, b"PK\x03\x04 something else")
    assert len(desk.files.facts(desk.queue.ids("all")[0])) == 3
