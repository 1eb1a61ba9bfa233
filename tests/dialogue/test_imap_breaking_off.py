"""A message on which the server itself breaks off must not keep the others from coming."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.desk import Desk
from agentdesk.engine.service import MailJobs, Service
from agentdesk.store import jobs
from agentdesk.store.mail import MOST_TRIES, StoredMail
from tests.desks import desk_config
from tests.dialogue.pymap_server import PASSWORD, USER, Pymap

LEVELS = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(300))


def mail(number: int, rest: str = "Content-Type: text/plain\r\n\r\nHello\r\n") -> bytes:
    return f"From: Maria <maria@example.org>\r\nSubject: {number}\r\nMessage-ID: <m{number}@example.org>\r\nMIME-Version: 1.0\r\n{rest}".encode()


@pytest.fixture
def server() -> Iterator[Pymap]:
    server = Pymap()
    other = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
    other.login(USER, PASSWORD)
    for number in range(5):
        # pymap describes parts by recursion, which ends here
        assert other.append("INBOX", "", None, mail(number, LEVELS + "\r\nx\r\n") if number == 3 else mail(number))[0] == "OK"
    other.logout()
    yield server
    server.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        opened.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('support', 'imap')"))
        yield opened


@pytest.fixture
def channel(server: Pymap, desk: Desk) -> Iterator[ImapChannel]:
    channel = ImapChannel(server.config(), PASSWORD, StoredMail(desk.database, "support", desk.rules))
    yield channel
    channel.close()


def rounds(channel: ImapChannel) -> int:
    """Bring in what there is; how often the line broke meanwhile."""
    broke = 0
    while True:
        channel.open()
        try:
            while not channel.refresh():
                pass
            return broke
        except ChannelDown:
            broke += 1
            assert broke < 10, "it never ends"


def test_the_others_come(channel: ImapChannel, desk: Desk) -> None:
    assert rounds(channel) == MOST_TRIES, "for its text; for its row the line is taken up again at once"
    found = {r["subject"]: (r["text"], r["problem"]) for r in desk.database.all("SELECT subject, text, problem FROM message")}
    assert found.pop("3") == (None, "unreadable")
    assert set(found.values()) == {("Hello", "")}
    assert rounds(channel) == 0, "it is not asked for again"


def test_one_that_was_there_when_the_line_broke_is_not_blamed(channel: ImapChannel, desk: Desk) -> None:
    store = StoredMail(desk.database, "support", desk.rules)
    channel.texts = False
    rounds(channel)
    every = [wanted.message for wanted in store.without_text(10)]
    for _ in range(MOST_TRIES - 1):
        store.texts_failed(every)
    assert all(wanted.alone for wanted in store.without_text(10))
    channel.texts = True
    rounds(channel)
    assert desk.database.value("SELECT count(*) FROM message WHERE text IS NULL") == 1


def test_opening_it_cuts_the_line_a_few_times_and_not_for_ever(channel: ImapChannel, desk: Desk, tmp_path: Path) -> None:
    rounds(channel)
    message = desk.database.value("SELECT row FROM message WHERE text IS NULL")
    desk.reading.want_text(message)
    service = Service("support", MailJobs(channel), desk.database)
    for _ in range(jobs.MAX_ATTEMPTS):
        channel.open()
        desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
        with pytest.raises(ChannelDown):
            service.run_due()
    channel.open()
    desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
    service.run_due()
    assert not jobs.waiting(desk.database, "support")
    assert "closed the connection" in desk.database.value("SELECT problem FROM message WHERE row = ?", (message,))
