"""Fetches against servers that tell lengths wrongly or break off, a full disk, and a chat: what came is kept, and goes on."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from imaplib import IMAP4
from pathlib import Path

import httpx
import pytest
from chatwoot_server import TOKEN, Server, Store

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.desk import Desk
from agentdesk.domain.message import Attachment, Body
from agentdesk.engine import fetching as module
from agentdesk.engine.fetching import ChatSource, Fetching, MailSource, Source
from agentdesk.errors import Refused
from agentdesk.store import jobs, partials
from agentdesk.store.blobs import Blobs
from agentdesk.store.mail import StoredMail
from agentdesk.store.partials import Partials
from tests.desks import Mailbox, desk_config
from tests.dialogue.pymap_server import PASSWORD, USER, Pymap

CONTENT = random.Random(7).randbytes(120_000)
ENCODED = base64.encodebytes(CONTENT).replace(b"\n", b"\r\n")
MAIL = (
    b"From: Maria <maria@example.org>\r\nTo: support@shop.example\r\nSubject: files\r\nMessage-ID: <f@example.org>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHere.\r\n--b\r\nContent-Type: image/png\r\n"
    b"Content-Disposition: attachment; filename=foto.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + ENCODED + b"--b--\r\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        yield opened


def fetching_of(desk: Desk, source: Source, channel: str = "support", needed: Callable[[], bool] = lambda: False) -> Fetching:
    blobs = desk.config.state / "blobs"
    return Fetching(
        channel, source, desk.database, Blobs(blobs), Partials(blobs / "partial"), needed=needed, ending=lambda: False
    )


# -- a server that counts wrongly


def test_a_length_told_wrongly(desk: Desk) -> None:
    """pymap counts a line end too many, and the part of one stands for all: each piece is a slice of its own here."""
    server = Pymap()
    asked: list[int] = []
    channel = ImapChannel(server.config(), PASSWORD, StoredMail(desk.database, "support", desk.rules))
    try:
        with IMAP4("127.0.0.1", server.port) as other:
            other.login(USER, PASSWORD)
            other.append("INBOX", "", None, MAIL)
        channel.open()
        while not channel.refresh():
            pass
        source = MailSource(channel, desk.database)
        whole = channel.fetch_part
        channel.fetch_part = lambda message, part, start, keep: (asked.append(start), whole(message, part, start, keep))[1]
        fetching = fetching_of(desk, source, needed=lambda: True)
        (fact,) = desk.files.facts(desk.queue.ids("all")[0])
        desk.files.want(fact.id)
        while fetching.run_slice():
            pass
        assert desk.files.content(fact.id) == CONTENT
        assert asked == sorted(set(asked))
        assert len(asked) > 1
    finally:
        channel.close()
        server.stop()


# -- a mailbox in memory


class Files:
    """A mailbox that has one part, in pieces of 1,000 bytes."""

    def __init__(self, content: bytes = ENCODED) -> None:
        self.content, self.asked = content, list[int]()
        self.lose_after = 1_000_000
        self.refuse = ""
        self.given = 0
        self.before: Callable[[], object] = lambda: None
        """Runs before each piece."""

    def fetch_part(self, _message: int, _part: str, start: int, keep: Callable[[bytes, int], bool]) -> None:
        self.asked.append(start)
        if self.refuse:
            raise Refused(self.refuse)
        while True:
            if self.lose_after <= 0:
                raise ChannelDown("the line broke")
            piece = self.content[start : start + 1000]
            self.lose_after -= 1
            start += len(piece)
            self.given += 1
            self.before()
            if not keep(piece, len(self.content)) or start >= len(self.content):
                return

    def transfer_encoding(self, _message: int, _part: str) -> str:
        return "base64"


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def attachment(desk: Desk) -> int:
    mailbox = Mailbox(desk)
    row = mailbox.bring("f", "Here.", with_text=False)
    mailbox.store.save_body(row, Body("Here.", attachments=(Attachment("2", "foto.png", "image/png", len(CONTENT)),)))
    (fact,) = desk.files.facts(desk.queue.ids("all")[0])
    desk.files.want(fact.id)
    return fact.id


def mail_of(desk: Desk, files: Files) -> Fetching:
    return fetching_of(desk, MailSource(files, desk.database))  # type: ignore[arg-type]  # as much of a mailbox as is asked for


def test_a_full_disk_is_told_and_it_goes_on(desk: Desk, files: Files, attachment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fetching = mail_of(desk, files)
    real, room = partials.os.pwrite, [5]

    def nearly_full(file: int, data: bytes, at: int) -> int:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        return real(file, data, at)

    monkeypatch.setattr(partials.os, "pwrite", nearly_full)
    assert not fetching.run_slice(), "nothing can be done at once"
    fetch = desk.files.fetch(attachment)
    assert fetch is not None
    assert (fetch.state, fetch.fetched) == ("paused", 4000)
    assert "disk is full" in fetch.reason
    assert any("disk is full" in fault for fault in desk.reading.engine_faults())
    assert 0 < fetching.seconds_to_next(100.0) <= module.PAUSE
    monkeypatch.setattr(partials.os, "pwrite", real)
    desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
    fetching.run_slice()
    assert desk.files.content(attachment) == CONTENT
    assert files.asked == [0, 4000]
    assert desk.reading.engine_faults() == ()
    desk.database.write(lambda tx: tx.execute("UPDATE attachment SET blob = ''"))
    (fact,) = desk.files.facts(desk.queue.ids("all")[0])
    assert fact.seconds is not None, "as fast as the last time, as far as one knows"


def test_without_room_nothing_is_asked_for(desk: Desk, files: Files, attachment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partials, "MARGIN", 1 << 62)
    mail_of(desk, files).run_slice()
    assert files.asked == []
    fetch = desk.files.fetch(attachment)
    assert fetch is not None
    assert (fetch.state, "room" in fetch.reason) == ("paused", True)


def test_a_line_that_breaks_on_it_each_time_is_not_cut_for_ever(desk: Desk, files: Files, attachment: int) -> None:
    files.lose_after = 0
    fetching = mail_of(desk, files)
    for _ in range(jobs.MAX_ATTEMPTS):
        desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
        with pytest.raises(ChannelDown):
            fetching.run_slice()
    assert not fetching.run_slice()
    fetch = desk.files.fetch(attachment)
    assert fetch is not None
    assert (fetch.state, fetch.reason) == ("failed", "the line broke")
    files.lose_after = 1_000_000
    desk.files.want(attachment)
    fetching.run_slice()
    assert desk.files.content(attachment) == CONTENT


def test_a_line_that_breaks_often_is_no_reason_to_give_up_while_something_comes(desk: Desk, files: Files, attachment: int) -> None:
    fetching = mail_of(desk, files)
    for _ in range(3 * jobs.MAX_ATTEMPTS):
        files.lose_after = 2
        with pytest.raises(ChannelDown):
            fetching.run_slice()
    files.lose_after = 1_000_000
    fetching.run_slice()
    assert desk.files.content(attachment) == CONTENT
    assert files.asked == [2000 * n for n in range(3 * jobs.MAX_ATTEMPTS + 1)]


def test_what_is_called_off_ends_with_the_piece_that_is_on_its_way(desk: Desk, files: Files, attachment: int) -> None:
    files.before = lambda: files.given == 3 and desk.files.stop(attachment)
    assert not mail_of(desk, files).run_slice()
    assert files.given == 3
    (fact,) = desk.files.facts(desk.queue.ids("all")[0])
    assert (fact.fetch, fact.here) == (None, False)
    files.before = lambda: None
    desk.files.want(attachment)
    mail_of(desk, files).run_slice()
    assert files.asked == [0, 3000]
    assert desk.files.content(attachment) == CONTENT


def test_an_engine_that_ends_lets_go_of_it(desk: Desk, files: Files, attachment: int) -> None:
    blobs = desk.config.state / "blobs"
    source = MailSource(files, desk.database)  # type: ignore[arg-type]  # as much of a mailbox as is asked for
    fetching = Fetching(
        "support", source, desk.database, Blobs(blobs), Partials(blobs / "partial"), needed=lambda: False, ending=lambda: True
    )
    fetching.run_slice()
    assert files.given == 1
    mail_of(desk, files).run_slice()
    assert files.asked == [0, 1000]


def test_a_refusal_is_shown_with_its_reason(desk: Desk, files: Files, attachment: int) -> None:
    files.refuse = "[NOPERM] not for you"
    assert desk.files.facts(desk.queue.ids("all")[0])[0].seconds is None, "nothing was ever measured"
    mail_of(desk, files).run_slice()
    fetch = desk.files.fetch(attachment)
    assert fetch is not None
    assert (fetch.state, fetch.reason) == ("failed", "[NOPERM] not for you")


def test_of_the_same_length_elsewhere_it_goes_on_and_otherwise_not(desk: Desk, files: Files, attachment: int) -> None:
    """Moved to another folder it is the same message; a copy of another length is not."""
    fetching = mail_of(desk, files)

    def move(uid: int) -> None:
        desk.database.write(lambda tx: tx.execute("UPDATE place SET uid = ?", (uid,)))

    files.lose_after = 10
    with pytest.raises(ChannelDown):
        fetching.run_slice()
    move(50)
    files.lose_after = 10
    with pytest.raises(ChannelDown):
        fetching.run_slice()
    move(51)
    other = bytes(reversed(CONTENT)) + b"longer"
    files.content, files.lose_after = base64.encodebytes(other), 1_000_000
    fetching.run_slice()
    assert desk.files.content(attachment) == other
    assert files.asked == [0, 10_000, 20_000, 0]


def test_one_after_another_in_the_order_they_were_asked_for(desk: Desk, files: Files, attachment: int) -> None:
    mailbox = Mailbox(desk)
    row = mailbox.bring("g", "More.", with_text=False, references=("f",))
    more = tuple(Attachment(str(n), f"{n}.png", "image/png", 10) for n in (2, 3))
    mailbox.store.save_body(row, Body("More.", attachments=more))
    _, second, third = (fact.id for fact in desk.files.facts(desk.queue.ids("all")[0]))
    desk.files.want(third)
    desk.files.want(second)
    desk.files.want(third)  # asked for again it stays where it is
    assert [desk.files.fetch(n).place for n in (attachment, third, second)] == [1, 2, 3]
    arrived = []
    fetching = mail_of(desk, files)
    while jobs.waiting(desk.database, "support"):
        fetching.run_slice()
        arrived += [n for n in (attachment, second, third) if desk.files.here(n) and n not in arrived]
    assert arrived == [attachment, third, second]


# -- a chat


def test_an_attachment_of_a_chat_goes_on_after_the_line_broke(desk: Desk) -> None:
    server, asked, left = Server(), list[str](), [90_000]

    def storage(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["range"])
        first, last = (int(number) for number in request.headers["range"].removeprefix("bytes=").split("-"))
        piece = CONTENT[first : last + 1]
        left[0] -= len(piece)
        if left[0] < 0:
            left[0] = 1_000_000
            raise httpx.ReadError("reset")
        place = f"bytes {first}-{first + len(piece) - 1}/{len(CONTENT)}"
        return httpx.Response(206, headers={"content-range": place, "etag": '"1"'}, content=piece)

    config = ChatChannelConfig("chat", "https://chat.example", 1, Secret("literal", TOKEN))
    channel = ChatwootChannel(config, TOKEN, Store(), transport=server, looks=(0.0,))
    channel.open()
    server.handle_request = storage
    row = Mailbox(desk).bring("c", "Here.")
    desk.database.write(lambda tx: tx.execute("UPDATE message SET channel = 'chat'"))
    number = desk.database.write(
        lambda tx: tx.insert(
            "INSERT INTO attachment (message, part, name, type, size) VALUES (?, 'https://chat.example/k', 'a.png', 'image/png', 1)", (row,)
        )
    )
    desk.files.want(number)
    fetching = fetching_of(desk, ChatSource(channel), "chat")
    with pytest.raises(ChannelDown):
        fetching.run_slice()
    while fetching.run_slice():
        pass
    assert desk.files.content(number) == CONTENT
    assert asked[0].startswith("bytes=0-")
    assert sum(one.startswith("bytes=0-") for one in asked) == 1
    assert len(asked) >= 3
    channel.close()
