"""All the mail of others through a real Dovecot: byte for byte, and read as its sources expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentdesk.desk import Desk
from tests.servers.corpus import MailDesk
from tests.servers.dovecot import Dovecot
from tests.servers.mail_of_others import bring_in

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

_HEAD = b"From: Anna <anna@customer.example>\r\nSubject: %d\r\nMessage-ID: <odd-%d@customer.example>\r\n"
ODD = (
    b"\r\nno final line feed", b"\r\nlone\rreturns\r\rand an end\r", b"\r\n8-bit \xff\xfe \x80\x9b31m \xe8\r\n", b"\r\nzero \x00\x00 bytes\r\n", b"", b"\r\n",
    b"X-Odd: \xff\xfe folded\r\n\t \r\n more\r\n\r\ntext\r\n", b"Content-Type: text/plain; charset=utf-16\r\n\r\n\xff\xfeh\x00i\x00\r\x00\n\x00",
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nlone\rreturn\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\x01\x80\xff\r--b--',
    b"\nline feeds\nalone\n", b"\r\n" + b"x" * 300_000,
)  # fmt: skip


def test_odd_bytes_are_kept_as_the_server_holds_them(dovecot: Dovecot, tmp_path: Path) -> None:
    """The server makes CRLF of a lone LF and 0x80 of NUL when it takes a message in, and loses a CR at its very end; all else is what was put there."""
    desk = MailDesk(tmp_path / "desk", dovecot)
    put = [_HEAD % (number, number) + one for number, one in enumerate(ODD)]
    desk.fill(put)
    assert desk.sync().channels["support"].state == "ready"
    with Desk.open(desk.config) as opened:
        rows = desk.rows(opened)
        for row in rows.values():
            opened.files.want_raw(row)
    assert desk.sync().channels["support"].state == "ready"
    with Desk.open(desk.config) as opened:
        compared = desk.compare(opened)
        assert compared.differences == []
        assert compared.headers == compared.raws == len(ODD)
        assert compared.sections >= len(ODD) - 2
        for uid, row in rows.items():
            held = put[uid - 1].replace(b"\x00", b"\x80").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").removesuffix(b"\r")
            assert opened.files.raw(row) == held


@pytest.mark.shared
def test_everything_is_kept_byte_for_byte_and_read_as_expected(
    dovecot: Dovecot, shared: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with bring_in(dovecot, tmp_path / "desk", shared) as found:
        kept = found.compared
        print(f"kept: {kept.headers} headers, {kept.sections} sections, {kept.raws} whole messages, {kept.bytes} bytes")
        print(f"subjects {found.subjects}; senders {found.senders}; texts {found.texts}; machines {found.machines}; people {found.people}")
        assert kept.differences == []
        assert kept.headers == kept.raws == found.kept > 1_000
        assert found.tracebacks == 0
        assert not [record for record in caplog.records if record.exc_info]
        assert found.subjects.share >= 0.98, found.subjects.wrong
        assert found.senders.share >= 0.97, found.senders.wrong
        assert found.texts.share >= 0.9, [file for file, _, _ in found.texts.wrong]
        assert not found.machines.wrong
        assert found.people.share >= 0.99, found.people.wrong
