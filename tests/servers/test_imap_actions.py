"""What is done with single messages, on Dovecot, seen from another client."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from agentdesk.channels.imap import pieces
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.connection import Connection
from agentdesk.domain.mailbox import Role
from agentdesk.errors import LoginRefused, Refused
from tests.contract.memory_store import MemoryStore
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import (
    MODES,
    START,
    Masked,
    client,
    fill,
    masked,
    message,
    part_of,
    put,
    raw_of,
    search,
    sync,
)

pytestmark = pytest.mark.servers


class Desk:
    def __init__(self, server: Dovecot, hide: frozenset[str] = frozenset(), kind: str = "mdbox") -> None:
        self.server, self.user, self.store = server, server.user(kind), MemoryStore()
        self.channel = masked(server, self.user, self.store, hide, texts=False)

    def begin(self) -> Masked:
        self.channel.open()
        sync(self.channel)
        return self.channel


@pytest.fixture(params=MODES.values(), ids=MODES.keys())
def desk(dovecot: Dovecot, request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(dovecot, request.param)
    yield desk
    desk.channel.close()


@pytest.fixture
def one(dovecot: Dovecot) -> Iterator[Desk]:
    desk = Desk(dovecot)
    yield desk
    desk.channel.close()


FILE = base64.encodebytes(bytes(range(256)) * 40).replace(b"\n", b"\r\n")
MIXED = (
    b"From: Maria <maria@example.org>\r\nTo: support@shop.example\r\nSubject: damaged\r\nMessage-ID: <mixed@example.org>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
    b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Il pacco =E8 rotto.\r\n\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>Il pacco &egrave; rotto.</p>\r\n--inner--\r\n--outer\r\n"
    b"Content-Type: image/png\r\nContent-Disposition: attachment;\r\n filename*=utf-8''pacco%20%C3%A8%20rotto.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + FILE + b"--outer\r\n"
    b"Content-Type: message/rfc822\r\n\r\nFrom: a@example.org\r\nSubject: inner\r\n\r\ninner text\r\n--outer--\r\n"
)


def test_a_text_without_its_attachments(desk: Desk) -> None:
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", MIXED)
    channel = desk.begin()
    row = desk.store.row("<mixed@example.org>")
    before = channel.usage.copy()
    channel.fetch_text(row)
    assert channel.usage.since(before).bytes_in < 2_500
    assert channel.usage.since(before).round_trips <= 2
    body = desk.store.rows[row].body
    assert body is not None
    assert body.text == "Il pacco è rotto."
    assert [(a.part, a.name, a.type) for a in body.attachments] == [
        ("2", "pacco è rotto.png", "image/png"), ("3", body.attachments[1].name, "message/rfc822"),
    ]  # fmt: skip


def test_a_part_is_decoded_and_raw_is_every_byte(desk: Desk) -> None:
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", MIXED)
    channel = desk.begin()
    row = desk.store.row("<mixed@example.org>")
    assert part_of(channel, row, "2") == bytes(range(256)) * 40
    assert part_of(channel, row, "3").startswith(b"From: a@example.org\r\nSubject: inner")
    assert part_of(channel, row, "1.1") == "Il pacco è rotto.\r\n".encode("iso-8859-1")
    assert raw_of(channel, row) == MIXED
    for part in ("9", "0", "1]", "1 BODY[]", "", "TEXT"):
        with pytest.raises(Refused):
            part_of(channel, row, part)


def test_a_part_goes_on_where_it_was_left(desk: Desk) -> None:
    """In pieces of the size the line takes, from any byte on, until the one who keeps them has enough."""
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", MIXED)
        put(other, "INBOX", MIXED.replace(b"mixed@", b"large@").replace(FILE, FILE * 40))
    channel = desk.begin()
    row = desk.store.row("<large@example.org>")
    expected = (FILE * 40)[:-2]  # the last line end is the boundary's
    here: list[bytes] = []
    totals: set[int] = set()

    def until_interrupted(piece: bytes, total: int) -> bool:
        here.append(piece)
        totals.add(total)
        return False

    while sum(map(len, here)) not in totals:
        before = channel.usage.copy()
        channel.fetch_part(row, "2", sum(map(len, here)), until_interrupted)
        assert channel.usage.since(before).round_trips == 1
        assert 0 < len(here[-1]) <= pieces.MOST
    assert len(here) > 3
    assert totals == {len(expected)}
    assert b"".join(here) == expected
    assert channel.transfer_encoding(row, "2") == "base64"
    raw: list[bytes] = []
    channel.fetch_raw(desk.store.row("<mixed@example.org>"), 100, lambda piece, _total: raw.append(piece) is None)
    assert b"".join(raw) == MIXED[100:]


def test_a_message_of_one_part(one: Desk) -> None:
    fill(one.server, one.user, "INBOX", range(1, 2))
    channel = one.begin()
    row = one.store.row("<m1@example.org>")
    channel.fetch_text(row)
    body = one.store.rows[row].body
    assert body is not None
    assert body.text.startswith("Good morning")
    assert part_of(channel, row, "1").startswith(b"Good morning")


def test_a_text_without_end_is_cut(one: Desk) -> None:
    big = message(1, body="word " * 100_000 + "\r\n").replace(b"word word", b"word\r\nword")
    with client(one.server, one.user) as other:
        put(other, "INBOX", big)
        put(other, "INBOX", message(2, body="x\r\n" * 4_000_000))
    channel = one.begin()
    channel.texts = True
    sync(channel)
    assert all(row.body is not None and row.body.text for row in one.store.rows.values())


def test_move_and_back(desk: Desk) -> None:
    fill(desk.server, desk.user, "INBOX", range(1, 6))
    channel = desk.begin()
    row = desk.store.row("<m3@example.org>")
    with client(desk.server, desk.user) as other:
        channel.move(row, "archive")
        assert set(desk.store.where("<m3@example.org>")) == {"Archive"}
        assert search(other, "INBOX", "UNDELETED") == [1, 2, 4, 5]
        assert len(search(other, "Archive", "ALL")) == 1
        channel.move(row, "junk")
        channel.move(row, Role.INBOX)
        assert set(desk.store.where("<m3@example.org>")) == {"INBOX"}
        assert search(other, "Archive", "UNDELETED") == search(other, "Junk", "UNDELETED") == []
        assert len(search(other, "INBOX", "UNDELETED")) == 5
    channel.move(row, "inbox")
    assert channel.refresh() or sync(channel)


def test_without_uidplus_only_our_message_is_expunged(dovecot: Dovecot) -> None:
    """A plain EXPUNGE would take what somebody else marked."""
    desk = Desk(dovecot, MODES["plain"])
    fill(dovecot, desk.user, "INBOX", range(1, 4))
    channel = desk.begin()
    with client(dovecot, desk.user) as other, closing(channel):
        other.select("INBOX")
        other.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        channel.move(desk.store.row("<m2@example.org>"), "archive")
        assert search(other, "INBOX", "ALL") == [1, 2, 3]
        assert search(other, "INBOX", "DELETED") == [1, 2]
        assert len(search(other, "Archive", "ALL")) == 1


def test_a_filed_copy_is_there_once_and_found(desk: Desk) -> None:
    channel = desk.begin()
    sent_at = datetime(2026, 11, 20, 18, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    assert not channel.is_filed("<m7@example.org>")
    channel.file(message(7), sent_at)
    assert channel.is_filed("<m7@example.org>")
    assert channel.is_filed("m7@example.org")
    assert not channel.is_filed("<m77@example.org>")
    sync(channel)
    assert desk.store.where("<m7@example.org>") == {"Sent": frozenset({"\\Seen"})}
    assert desk.store.rows[desk.store.row("<m7@example.org>")].envelope.at == sent_at
    with client(desk.server, desk.user) as other:
        assert search(other, "Sent", "SEEN") == [1]
        assert raw_of(channel, desk.store.row("<m7@example.org>")) == message(7)


def test_a_copy_among_many_is_found_by_search(one: Desk) -> None:
    fill(one.server, one.user, "Sent", range(1, 30))
    channel = one.begin()
    assert channel.is_filed("<m3@example.org>")
    assert not channel.is_filed("<m333@example.org>")


@pytest.mark.parametrize(
    "hostile", ['<a"b@x>', "<a\\@x>", "<a@x>\r\nA1 DELETE INBOX", '") DELETED (HEADER X "', "<\u00e9@x>", "<" + "x" * 5000 + "@x>", "<a{3}@x>", ""]
)
def test_a_message_id_is_never_a_command(one: Desk, hostile: str) -> None:
    fill(one.server, one.user, "Sent", range(1, 3))
    channel = one.begin()
    assert channel.is_filed(hostile) in (True, False)
    with client(one.server, one.user) as other:
        assert search(other, "Sent", "ALL") == [1, 2]
        assert search(other, "INBOX", "ALL") == []


def test_missing_folders_are_made_when_they_are_needed(dovecot: Dovecot) -> None:
    desk = Desk(dovecot, kind="bare")
    fill(dovecot, desk.user, "INBOX", range(1, 3))
    channel = desk.begin()
    with client(dovecot, desk.user) as other, closing(channel):
        assert len(other.list()[1]) == 1
        assert not channel.is_filed("<m9@example.org>")
        channel.file(message(9), START)
        channel.move(desk.store.row("<m1@example.org>"), "archive")
        sync(channel)
        assert set(desk.store.where("<m1@example.org>")) == {"Archive"}
        assert set(desk.store.where("<m9@example.org>")) == {"Sent"}
        assert len(other.list()[1]) == len(other.lsub()[1]) + 1 == 3


def test_folders_by_name_in_other_languages(dovecot: Dovecot) -> None:
    desk = Desk(dovecot, frozenset({"SPECIAL-USE"}), kind="bare")
    for name in ("Gesendete Objekte", "Entwürfe & mehr", "Archiv", "Unerwünscht", "Alt/Sent"):
        dovecot.doveadm("mailbox", "create", "-u", desk.user, name)
    channel = desk.begin()
    channel.file(message(1), START)
    sync(channel)
    channel.close()
    names = {state.role: state.name for state in desk.store.folders()}
    assert names == {Role.INBOX: "INBOX", Role.SENT: "Gesendete Objekte", Role.ARCHIVE: "Archiv", Role.JUNK: "Unerwünscht"}
    assert set(desk.store.where("<m1@example.org>")) == {"Gesendete Objekte"}


def test_a_folder_that_went_is_made_again(one: Desk) -> None:
    """TRYCREATE: Sent was there when we looked, and is not there when we file."""
    channel = one.begin()
    one.server.doveadm("mailbox", "rename", "-u", one.user, "Sent", "Old")
    channel.file(message(1), START)
    assert channel.is_filed("<m1@example.org>")


def test_a_message_that_is_gone(desk: Desk) -> None:
    fill(desk.server, desk.user, "INBOX", range(1, 4))
    channel = desk.begin()
    row = desk.store.row("<m2@example.org>")
    with client(desk.server, desk.user) as other:
        other.select("INBOX")
        other.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        other.expunge()
    channel._need().session.noop()
    for action in (channel.fetch_text, partial(raw_of, channel)):
        with pytest.raises(Refused, match="no longer"):
            action(row)
    sync(channel)
    with pytest.raises(Refused, match="no longer"):
        channel.move(row, "archive")
    assert desk.store.where("<m2@example.org>") == {}


def test_texts_of_what_went_meanwhile_do_not_hold_up_the_others(desk: Desk) -> None:
    fill(desk.server, desk.user, "INBOX", range(1, 6))
    channel = desk.begin()
    with client(desk.server, desk.user) as other:
        other.select("INBOX")
        other.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
        other.expunge()
    channel.texts = True
    sync(channel)  # in one flight: Dovecot may still have the text of what has just gone
    texts = {number for number in range(1, 6) if desk.store.rows[desk.store.row(f"<m{number}@example.org>")].body}
    assert texts >= {1, 3, 4, 5}


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls", "imap"])
def test_every_way_in(dovecot: Dovecot, scheme: str) -> None:
    user = dovecot.user("beyond")
    config = dovecot.config(user, scheme, "127.0.0.1" if scheme == "imap" else "localhost")
    connection = Connection(config.imap, ca_file=config.ca_file)
    with closing(connection):
        connection.open(user, "pässwörd€")
        assert connection.compressed
        assert "QRESYNC" in connection.capabilities
        assert connection.usage.round_trips <= (4 if "starttls" in scheme else 2)
    with pytest.raises(LoginRefused), closing(connection):
        connection.open(user, "wrong")


def test_login_by_literal(dovecot: Dovecot) -> None:
    """LOGIN where AUTHENTICATE PLAIN is not offered, with a password that is not ASCII."""
    user = dovecot.user("beyond")
    config = dovecot.config(user)

    class WithoutPlain(Connection):
        def _connect(self) -> bool:
            preauth = super()._connect()
            self.capabilities -= {"AUTH=PLAIN"}
            return preauth

    connection = WithoutPlain(config.imap, ca_file=config.ca_file)
    with closing(connection):
        connection.open(user, "pässwörd€")
        assert connection.alive


def test_sent_mail_is_brought_in_with_its_role(one: Desk) -> None:
    fill(one.server, one.user, "Sent", range(1, 4))
    one.begin()
    assert one.store.states["Sent"].role is Role.SENT


def test_nothing_is_marked_as_read_by_reading(one: Desk) -> None:
    fill(one.server, one.user, "INBOX", range(1, 4))
    channel = one.begin()
    channel.texts = True
    sync(channel)
    raw_of(channel, 1)
    part_of(channel, 1, "1")
    with client(one.server, one.user) as other:
        assert search(other, "INBOX", "UNSEEN") == [1, 2, 3]


def test_dates_without_zone_are_utc(one: Desk) -> None:
    channel = one.begin()
    channel.file(message(1), datetime(2026, 11, 20, 18, 30, tzinfo=UTC).replace(tzinfo=None))
    sync(channel)
    assert one.store.rows[one.store.row("<m1@example.org>")].envelope.at == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


def test_a_second_engine_on_the_same_mailbox(dovecot: Dovecot) -> None:
    """Two channels over one mailbox see each other's work."""
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 4))
    first, second = MemoryStore(), MemoryStore()
    with closing(ImapChannel(dovecot.config(user), "secret", first)) as one, closing(
        ImapChannel(dovecot.config(user), "secret", second, look_around=0.0)
    ) as two:
        one.open()
        two.open()
        sync(one)
        sync(two)
        one.set_seen(first.row("<m1@example.org>"), seen=True)
        one.move(first.row("<m2@example.org>"), "archive")
        two.wait(5)
        two._need().session.noop()
        sync(two)
        sync(one)
        assert first.snapshot() == second.snapshot()
