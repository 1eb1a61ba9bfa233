"""Envelopes, from whole messages and from what an IMAP server gives of their headers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.message import Address, Body, Verified
from agentdesk.mail import limits
from agentdesk.mail.parse import HEADER_FIELDS, parse_header, parse_message, preview_of

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)

MESSAGE = """Return-Path: <anna@customer.example>
Authentication-Results: mx.bottega.example; dkim=pass header.d=customer.example
From: =?utf-8?Q?M=C3=BCller=2C_Anna?= <Anna@customer.example>
Reply-To: office@customer.example
To: Bottega <aiuto@bottega.example>, aiuto@BOTTEGA.example
Cc: bo@other.example
Subject: =?utf-8?B?RG92J8OoIGlsIG1pbyBvcmRpbmU/?=
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <q@customer.example>
In-Reply-To: <p@bottega.example>
References: <root@customer.example>
 <p@bottega.example>
X-Spam-Flag: YES
Content-Type: text/plain; charset=utf-8

Dov'è? <https://track.example/xyz>

--{space}
Anna
""".replace("{space}", " ").replace("\n", "\r\n").encode()


def test_an_envelope() -> None:
    envelope, body = parse_message(MESSAGE, received=AT)
    assert envelope.message_id == "<q@customer.example>"
    assert envelope.subject == "Dov'è il mio ordine?"
    assert envelope.sender == Address("Müller, Anna", "Anna@customer.example")
    assert envelope.at == AT
    assert envelope.to == (Address("Bottega", "aiuto@bottega.example"),)
    assert envelope.cc == (Address("", "bo@other.example"),)
    assert envelope.reply_to == (Address("", "office@customer.example"),)
    assert envelope.in_reply_to == "<p@bottega.example>"
    assert envelope.references == ("<root@customer.example>", "<p@bottega.example>")
    assert envelope.preview == "Dov'è?"
    assert envelope.size == len(MESSAGE)
    assert (envelope.automatic, envelope.verified, envelope.problem, envelope.provider_spam) == (False, Verified.PASS, "", True)
    assert body == Body("Dov'è? <https://track.example/xyz>", "-- \nAnna")


def test_the_fields_a_channel_asks_for_are_all_that_is_read() -> None:
    kept = []
    for line in MESSAGE.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        asked = line.partition(b":")[0].decode().upper() in HEADER_FIELDS
        if asked or (line.startswith(b" ") and kept):
            kept.append(line)
    block = b"\r\n".join(kept) + b"\r\n\r\n"
    assert b"Date:" not in block
    whole, _ = parse_message(MESSAGE, received=AT)
    assert parse_header(block, received=AT, size=len(MESSAGE), preview="Dov'è?") == whole


def test_raw_utf_8_headers() -> None:
    block = "From: Müller Anna <anna@customer.example>\r\nSubject: Größe – così\r\n\r\n".encode()
    envelope = parse_header(block, received=AT, size=7, preview="a\r\n\x1b[2Jb")
    assert envelope.sender == Address("Müller Anna", "anna@customer.example")
    assert envelope.subject == "Größe – così"
    assert envelope.preview == "a \ufffd[2Jb"
    assert envelope.size == 7


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        (b"From: a@b.example, c@d.example", Address("", "a@b.example")),
        (b"From: Anna <>\r\nReply-To: a@b.example", Address("Anna", "a@b.example")),
        (b"From: Undisclosed:;\r\nSender: Bo <c@d.example>", Address("Bo", "c@d.example")),
        (b"Return-Path: <a@b.example>", Address("", "a@b.example")),
        (b"From: MAILER-DAEMON", Address("", "MAILER-DAEMON")),
        (b"Subject: x", Address("", "")),
        (b"From: a@b.example\r\nFrom: c@d.example", Address("", "a@b.example")),
    ],
)
def test_who_wrote(header: bytes, sender: Address) -> None:
    assert parse_header(header + b"\r\n\r\n", received=AT).sender == sender


def test_controls_in_headers_become_text() -> None:
    envelope = parse_header(
        b"From: =?utf-8?Q?Anna=0D=0ABcc:_v@evil.example?= <a@b.example>\r\nSubject: a\x00b \x1b[2J\r\nMessage-ID: <a@b>\x00\r<c@d>\r\n", received=AT
    )
    assert envelope.sender == Address("Anna Bcc: v@evil.example", "a@b.example")
    assert envelope.subject == "a\ufffdb \ufffd[2J"
    assert envelope.message_id == "<a@b>"


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"A" * 1_000_000,
        b"Subject: x\r\n" + b"X-H: v\r\n" * 100_000,
        b"Subject: x\r\nTo: " + b", ".join(b'"User %d" <u%d@b.example>' % (index, index) for index in range(10_000)),
        b"Subject: x\r\nX-Y: " + b"a\r\n " * 200_000,
    ],
    ids=["field", "fields", "addresses", "block"],
)
def test_what_is_too_complex_is_still_listed(header: bytes) -> None:
    envelope, body = parse_message(b"From: a@b.example\r\n" + header + b"\r\n\r\nhello", received=AT)
    assert envelope.problem == "too complex"
    assert envelope.sender.address == "a@b.example"
    assert 0 < len(envelope.subject) <= limits.SUBJECT_CHARACTERS
    assert body.text == "hello"


def test_a_preview_is_short_and_without_targets() -> None:
    assert preview_of("Vedi qui <https://x.example/abc> e\n\nqui") == "Vedi qui e qui"
    assert len(preview_of("word " * 1_000)) <= 200


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\r\nonly a body\r\n", b"From: a@b.example\r\nSubject: x", b"\x00" * 100, b"From x\r\n"])
def test_hardly_a_message(raw: bytes) -> None:
    envelope, body = parse_message(raw, received=AT)
    assert (envelope.problem, body.problem) == ("", "")
    assert envelope.at == AT


PIECES = st.sampled_from(
    [b"From: a@b\r\n", b"Subject: x\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"--b", b"--b\r\n", b"--b--\r\n", b"--c\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n",
     b"Content-Type: multipart/alternative; boundary=c\r\n", b"Content-Type: text/html\r\n", b"Content-Type: message/rfc822\r\n", b"Content-Type: text/calendar\r\n",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"text", b"=", b"=C3", b"<p>", b"\xff\xfe", b"\x00", b" ", b"> q\r\n",
     b"Content-Disposition: attachment; filename*0*=utf-8''a\r\n", b"charset=gb2312", b"BEGIN:VEVENT\nSUMMARY:x\n", b"format=flowed"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=500), st.lists(PIECES, max_size=40).map(b"".join)))
def test_nothing_makes_it_raise(raw: bytes) -> None:
    envelope, body = parse_message(raw, received=AT)
    assert envelope.problem in {"", "too complex"}
    assert body.problem in {"", "too complex"}
    assert parse_header(raw, received=AT).problem in {"", "too complex"}


def test_a_defect_of_ours_still_lists_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError

    monkeypatch.setattr("agentdesk.mail.parse.read_body", broken)
    envelope, body = parse_message(MESSAGE, received=AT)
    assert (envelope.subject, body.problem) == ("Dov'è il mio ordine?", "unreadable")
    monkeypatch.setattr("agentdesk.mail.parse.parse_fields", broken)
    envelope, body = parse_message(MESSAGE, received=AT)
    assert (envelope.problem, envelope.at) == ("unreadable", AT)
