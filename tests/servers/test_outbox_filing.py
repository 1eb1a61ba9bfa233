"""What a real mailbox does for the outbox: a copy once, a full folder, providers that file themselves, and traces of what may have gone out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.channels.base import Attempt, FolderFull, Outcome, Trace
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.engine import filing as module
from agentdesk.engine.filing import Filing
from agentdesk.mail.compose import compose
from agentdesk.store.mail import StoredMail
from tests.desks import Mailbox, desk_config
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import client, put, search
from tests.unit.test_engine_delivery import ACCEPTED, ScriptedSender, at_once, deliver, write_reply

pytestmark = pytest.mark.servers
SENDER = ("Anna Bianchi", "support@casaverde.example")


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


class Room:
    """A desk's reply, and the mailbox it is filed in."""

    def __init__(self, desk: Desk, dovecot: Dovecot, user: str) -> None:
        self.desk, self.dovecot, self.user = desk, dovecot, user
        self.channel = ImapChannel(dovecot.config(user), "secret", StoredMail(desk.database, "mailbox", desk.rules), texts=False)
        self.channel.open()

    def run(self, sent_copy: str = "auto") -> None:
        at_once(self.desk)
        Filing("support", self.channel, self.desk.database, self.desk.blobs, self.desk.rules, SENDER, sent_copy).run_due()

    def fact(self, sent: int):
        return next(entry for entry in self.desk.writing.outbox() if entry.id == sent)

    def content(self, sent: int) -> bytes:
        out = self.desk.database.one("SELECT blob FROM outbox WHERE id = ?", (sent,))
        return self.desk.blobs.get(out["blob"])

    def in_sent(self, sent: int) -> int:
        with client(self.dovecot, self.user) as other:
            return len(search(other, "Sent", "HEADER", "Message-ID", self.fact(sent).message_id))

    def put(self, folder: str, raw: bytes) -> None:
        with client(self.dovecot, self.user) as other:
            put(other, folder, raw, at=datetime.now(UTC))


@pytest.fixture
def room(desk: Desk, dovecot: Dovecot):
    made = Room(desk, dovecot, dovecot.user())
    yield made
    made.channel.close()


def test_sent_is_full_and_gets_room_again(desk: Desk, dovecot: Dovecot) -> None:
    """It is out, said in words, tried slowly, and filed when there is room; never sent again."""
    user = dovecot.user("small")
    room = Room(desk, dovecot, user)
    room.put("INBOX", b"Subject: big\r\n\r\n" + b"x" * 62_000)
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria, " + "arriva domani. " * 400
    sent = desk.writing.send(desk.writing.save(draft), now=True)
    sender = ScriptedSender(ACCEPTED)
    deliver(desk, sender)
    room.run()
    fact = room.fact(sent)
    assert fact.state is S.ACCEPTED
    assert fact.file_detail == "Sent; the copy could not be filed: the folder Sent is full."
    assert fact.next_try_at is not None
    assert fact.next_try_at > datetime.now(UTC) + timedelta(seconds=40), "slowly"
    (shown,) = [item for item in desk.reading.thread(fact.conversation) if item.direction == "out"]
    assert shown.notices == (fact.file_detail,)
    with pytest.raises(FolderFull):
        room.channel.file(room.content(sent), datetime.now(UTC))
    with client(dovecot, user) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "\\Deleted")
        other.expunge()
    desk.writing.file_now(sent)
    room.run()
    assert (desk.writing.state(sent), room.in_sent(sent), len(sender.sent)) == (S.FILED, 1, 1)
    room.channel.close()


def test_a_copy_that_is_given_up_stays_here(desk: Desk, dovecot: Dovecot) -> None:
    room = Room(desk, dovecot, dovecot.user("small"))
    room.put("INBOX", b"Subject: big\r\n\r\n" + b"x" * 62_000)
    sent = write_reply(desk)
    deliver(desk, ScriptedSender(ACCEPTED))
    desk.database.write(lambda tx: tx.execute("UPDATE outbox SET blob = ?", (desk.blobs.put(b"Message-ID: <x@y>\r\n\r\n" + b"y" * 8000),)))
    room.run()
    assert room.fact(sent).file_detail
    desk.writing.keep_here(sent)
    room.run()
    assert desk.writing.state(sent) is S.FILED
    assert "this desk only" in room.fact(sent).detail
    room.channel.close()


def accepted(room: Room) -> int:
    sent = write_reply(room.desk)
    deliver(room.desk, ScriptedSender(ACCEPTED))
    return sent


def test_a_provider_that_files_early_gets_no_copy_of_ours(room: Room) -> None:
    sent = accepted(room)
    room.put("Sent", room.content(sent))
    room.run("server")
    assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.FILED, 1)


def test_a_provider_that_files_late_is_waited_for(room: Room) -> None:
    sent = accepted(room)
    for _ in range(3):
        room.run("server")
        assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.ACCEPTED, 0)
        assert not room.fact(sent).file_detail, "nothing is said while there is patience"
    room.put("Sent", room.content(sent))
    room.run("server")
    assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.FILED, 1)


def test_a_provider_that_never_files_is_told_of_and_the_agent_decides(room: Room) -> None:
    sent = accepted(room)
    room.run("server")
    room.desk.database.write(lambda tx: tx.execute("UPDATE outbox SET accepted_at = accepted_at - ?", (module.COPY_PATIENCE,)))
    room.run("server")
    assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.ACCEPTED, 0)
    assert "by itself" in room.fact(sent).file_detail
    room.desk.writing.file_now(sent)
    room.run("server")
    assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.FILED, 1)


def test_a_copy_that_came_after_the_agent_was_told_is_noticed(room: Room) -> None:
    sent = accepted(room)
    room.desk.database.write(lambda tx: tx.execute("UPDATE outbox SET accepted_at = accepted_at - ?", (module.COPY_PATIENCE,)))
    room.run("server")
    room.put("Sent", room.content(sent))
    room.run("server")
    assert (room.desk.writing.state(sent), room.in_sent(sent)) == (S.FILED, 1)


def unknown(room: Room) -> tuple[int, str]:
    sent = write_reply(room.desk)
    deliver(room.desk, ScriptedSender(Attempt(Outcome.UNKNOWN, "the line broke")))
    return sent, room.fact(sent).message_id


def report(message_id: str) -> bytes:
    return (
        "From: Mail Delivery Subsystem <MAILER-DAEMON@mail.example>\r\nTo: support@casaverde.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <report@mail.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: Re\r\n\r\n--b--\r\n"
    ).encode()


def answer(message_id: str) -> bytes:
    return (
        "From: Maria <maria@posta.example>\r\nTo: support@casaverde.example\r\nSubject: Re: Re\r\nMessage-ID: <answer@posta.example>\r\n"
        f"In-Reply-To: {message_id}\r\nReferences: {message_id}\r\n\r\nGrazie!\r\n"
    ).encode()


FOUND = {
    "a copy in the inbox": ("INBOX", "copy", S.FILED),
    "an answer in the archive": ("Archive", "answer", S.FILED),
    "a report in the inbox": ("INBOX", "report", S.UNKNOWN),
    "a report in junk": ("Junk", "report", S.UNKNOWN),
}


@pytest.mark.parametrize(("folder", "what", "state"), FOUND.values(), ids=FOUND.keys())
def test_traces_of_what_may_have_gone_out(room: Room, folder: str, what: str, state: S) -> None:
    sent, message_id = unknown(room)
    if what == "copy":
        from agentdesk.domain.message import Address
        from agentdesk.engine.delivery import outgoing_of

        out = room.desk.database.one("SELECT * FROM outbox WHERE id = ?", (sent,))
        room.put(folder, compose(outgoing_of(out, Address("", SENDER[1]), ())))
    else:
        room.put(folder, report(message_id) if what == "report" else answer(message_id))
    assert room.channel.traces(message_id, datetime.now(UTC)) == Trace(what)
    room.run()
    room.run()
    assert room.desk.writing.state(sent) is state
    assert room.in_sent(sent) == (1 if state is S.FILED else 0), "what did go out gets its copy"
    if what == "report":
        assert "report" in room.fact(sent).detail.lower()


def test_nothing_is_found_and_the_agent_is_asked_why_in_words(room: Room) -> None:
    sent, message_id = unknown(room)
    assert room.channel.traces(message_id, datetime.now(UTC)) is Trace.NONE
    room.run()
    fact = room.fact(sent)
    assert fact.state is S.UNKNOWN
    assert fact.detail.startswith("the line broke")
    assert "Neither Sent nor the rest" in fact.detail
    # It may reach Sent late: looked for again, and settled without anybody being asked twice.
    room.desk.database.write(lambda tx: tx.execute("UPDATE outbox SET next_try_at = 1"))
    content = b"Message-ID: " + message_id.encode() + b"\r\nSubject: Re\r\n\r\nlate\r\n"
    room.put("Sent", content)
    room.run()
    assert room.desk.writing.state(sent) is S.FILED
