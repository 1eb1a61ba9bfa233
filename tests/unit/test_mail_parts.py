"""From the parts of a message to what a person reads."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from agentdesk import locale
from agentdesk.domain.message import Body
from agentdesk.mail import limits
from agentdesk.mail.body import read_body
from agentdesk.mail.parse import parse_message
from agentdesk.mail.parts import PartInfo, wanted_sections
from agentdesk.mail.structure import read_structure

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    locale.use("en")
    yield
    locale.use("en")


def part(kind: str, content: str | bytes = "x", *more: str) -> bytes:
    head = "\r\n".join((f"Content-Type: {kind}", *more))
    return head.encode() + b"\r\n\r\n" + (content.encode() if isinstance(content, str) else content)


def multi(subtype: str, *parts: bytes, boundary: str = "b") -> bytes:
    inner = b"".join(f"--{boundary}\r\n".encode() + one + b"\r\n" for one in parts)
    return part(f'multipart/{subtype}; boundary="{boundary}"', inner + f"--{boundary}--\r\n".encode())


def body(raw: bytes) -> Body:
    return parse_message(raw, received=AT)[1]


TEXT = part("text/plain; charset=utf-8", "Ciao è")
HTML = part("text/html; charset=utf-8", "<p>Ciao <b>è</b></p>")
PDF = part("application/pdf; name=a.pdf", base64.encodebytes(b"x" * 570), "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=a.pdf")
IMAGE = part("image/png", base64.encodebytes(b"x"), "Content-Transfer-Encoding: base64", "Content-ID: <logo>", "Content-Disposition: inline; filename=logo.png")


def test_sections_are_numbered_as_imap_does() -> None:
    structure = read_structure(multi("mixed", multi("alternative", TEXT, multi("related", HTML, IMAGE, boundary="r"), boundary="a"), PDF))
    assert [(one.section, one.type) for one in structure.parts] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "multipart/related"),
        ("1.2.1", "text/html"),
        ("1.2.2", "image/png"),
        ("2", "application/pdf"),
    ]
    assert structure.content("1.1") == "Ciao è".encode()
    assert [(one.section, one.type) for one in read_structure(TEXT).parts] == [("1", "text/plain")]


def test_of_two_forms_the_plain_one_is_read() -> None:
    read = body(multi("mixed", multi("alternative", TEXT, multi("related", HTML, IMAGE, boundary="r"), boundary="a"), PDF))
    assert (read.text, read.html) == ("Ciao è", False)
    assert [(one.part, one.name, one.type, one.inline, one.content_id) for one in read.attachments] == [
        ("1.2.2", "logo.png", "image/png", True, "logo"),
        ("2", "a.pdf", "application/pdf", False, ""),
    ]
    assert read.attachments[1].size == pytest.approx(570, abs=12)  # told by its encoded size


def test_html_is_read_where_the_plain_form_says_nothing() -> None:
    assert body(multi("alternative", part("text/plain", " \r\n"), HTML)).text == "Ciao è"
    assert body(multi("alternative", part("text/plain", "Your mail client does not support HTML messages"), HTML)).html
    assert body(HTML) == Body("Ciao è", html=True)


def test_an_answer_of_one_character_is_no_placeholder() -> None:
    read = body(multi("alternative", part("text/plain", "?"), HTML))
    assert (read.text, read.html) == ("?", False)


def test_texts_one_below_the_other_are_all_read() -> None:
    assert body(multi("mixed", TEXT, PDF, part("text/plain", "two"), HTML)).text == "Ciao è\n\ntwo\n\nCiao è"


def test_apple_s_html_around_a_picture() -> None:
    split = multi("mixed", part("text/html", "<p>one</p>"), IMAGE, part("text/html", "<p>two</p>"), boundary="m")
    assert body(multi("alternative", part("text/plain", "one two"), split)).text == "one two"
    assert body(multi("alternative", part("text/plain", ""), split)).text == "one\n\ntwo"


@pytest.mark.parametrize(
    "attachment",
    [
        part("text/plain; name=log.txt", "secret"),
        part("text/plain", "secret", "Content-Disposition: attachment"),
        part("text/html", "secret", "Content-Disposition: attachment; filename=invoice.html"),
        part("message/rfc822", "Subject: x\r\n\r\nsecret"),
        part("text/vcard", "secret"),
        part("application/octet-stream", "secret"),
    ],
)
def test_attachments_are_not_read(attachment: bytes) -> None:
    raw = multi("mixed", TEXT, attachment)
    read = body(raw)
    assert read.text == "Ciao è"
    assert [one.part for one in read.attachments] == ["2"]
    assert wanted_sections(read_structure(raw).parts) == ("1",)


def test_a_message_that_is_nothing_but_a_text_is_read_even_as_attachment() -> None:
    assert body(part("text/plain", "hello", "Content-Disposition: attachment; filename=x.txt")).text == "hello"


def test_attachments_always_have_a_name_that_is_no_path() -> None:
    read = body(
        multi(
            "mixed",
            TEXT,
            part("application/pdf", "x", 'Content-Disposition: attachment; filename="../../.ssh/authorized_keys"'),
            part("application/pdf"),
            part("image/png", "x", "Content-Disposition: attachment; filename*=utf-8''a%1B%5B2J%E2%80%AE.png"),
            part("application/x-strange"),
        )
    )
    assert [one.name for one in read.attachments] == ["authorized_keys", "application-3.pdf", "a_[2J.png", "application-5.bin"]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("base64", b"Q2lhbyDD\r\nqA=="),
        ("base64", b"Q2lhbyDDqA"),
        ("BASE64 ", b"!Q2lh\r\n--byDDqA==\r\n"),
        ("quoted-printable", b"Ciao =C3=\r\n=A8"),
        ("8bit", "Ciao è".encode()),
        ("x-unknown", "Ciao è".encode()),
        ("", "Ciao è".encode()),
    ],
)
def test_transfer_encodings(encoding: str, content: bytes) -> None:
    assert body(part("text/plain; charset=utf-8", content, f"Content-Transfer-Encoding: {encoding}")).text == "Ciao è"


def test_html_says_its_own_character_set() -> None:
    assert body(part("text/html", '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251"))).text == "Привет"


def test_flowed_text_is_put_together_again() -> None:
    text = "Una riga che \r\ncontinua.\r\n\r\n> citata che \r\n> continua\r\n>> altra\r\n-- \r\nAnna"
    read = body(part("text/plain; format=flowed", f"{text}"))
    assert read.text.startswith("Una riga che continua.")
    assert "> citata che continua\n>> altra" in read.text + read.quoted
    assert read.quoted.endswith("-- \nAnna")
    assert body(part("text/plain", "a \r\nb")).text == "a \nb"


INVITATION = """BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Rome:20261103T100000\r\nDTEND:20261103T103000Z
SUMMARY:Call\\, short\x1b[2J\r\nLOCATION:Via\r\n  Roma\r\nORGANIZER:mailto:x@y.example\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR"""


def test_an_invitation_is_readable() -> None:
    raw = multi("alternative", TEXT, HTML, part("text/calendar; method=REQUEST", INVITATION))
    assert body(raw).text == (
        "Ciao è\n\nInvitation: Call, short\ufffd[2J\nWhen: Tuesday 3 November 2026, 09:00–10:30 (UTC), repeated\nWhere: Via Roma\nFrom: x@y.example"
    )
    locale.use("it")
    assert "Invito: Call" in body(raw).text
    assert body(part("text/calendar", INVITATION.replace("REQUEST", "CANCEL"))).text.startswith("Annullato: Call")
    assert body(part("text/calendar", "no calendar")).text == "no calendar"


def test_a_delivery_report_is_readable() -> None:
    raw = multi(
        "report; report-type=delivery-status",
        part("text/plain", "It bounced."),
        part("message/delivery-status", "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1"),
        part("message/rfc822", "Subject: x\r\n\r\ny"),
    )
    read = body(raw)
    assert read.text == "Not delivered to a@b: there is no such address.\nIt is about: x\n\nIt bounced."
    assert "Status: 5.1.1" in read.quoted
    assert read.marks == ("report", "undelivered")
    assert [one.type for one in read.attachments] == ["message/rfc822"]


# A channel that does not tell the multiparts --------------------------------------------------------------------------


def test_without_multiparts_neighbours_are_taken_for_forms_of_one_text() -> None:
    parts = [PartInfo("1.1", "text/plain", size=500), PartInfo("1.2", "text/html", size=900), PartInfo("2", "application/pdf", name="a.pdf", size=10)]
    assert wanted_sections(parts) == ("1.1",)
    read = read_body(parts, {"1.1": b"plain", "1.2": b"<p>rich</p>"})
    assert (read.text, [one.part for one in read.attachments]) == ("plain", ["2"])


def test_a_tiny_plain_form_is_fetched_with_the_rich_one() -> None:
    parts = [PartInfo("", "multipart/alternative"), PartInfo("1", "text/plain", size=3), PartInfo("2", "text/html", size=900)]
    assert wanted_sections(parts) == ("1", "2")
    assert read_body(parts, {"1": b"\r\n", "2": b"<p>rich</p>"}).text == "rich"


def test_sections_that_did_not_come_are_passed_over() -> None:
    assert read_body([PartInfo("1", "text/plain", size=3)], {}) == Body("")


# Structures that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        part("multipart/mixed", "--x\r\n\r\nbody text here\r\n--x--"),
        part("multipart/mixed; boundary=zz", "body text here\r\n"),
        multi("mixed", part("text/plain", "body text here")).replace(b"--b--\r\n", b""),
        multi("mixed", part("text/plain", "body text here")) + b"--b\r\n\r\nepilogue",
        part("multipart/mixed; boundary=b", "--b\r\nbody text here\r\n\r\nbody text here\r\n--b--"),
        multi("mixed", part("multipart/mixed; boundary=bx", "--bx\r\n\r\nbody text here\r\n--bx--\r\n")),
        part(';;; charset="utf-8; =; text', "body text here"),
        b"\r\nbody text here",
        b"body: text here\r\n\r\nbody text here",
        part("multipart/mixed; boundary=" + "z" * 5_000, b"--" + b"z" * 5_000 + b"\r\n\r\nbody text here"),
        multi("mixed", part("text/plain", "body text here"), b"", b"\r\n"),
        multi("mixed", part("text/plain", "body text here")).replace(b"\r\n", b"\n"),
        multi("mixed", part("text/plain", "body text here")).replace(b"\r\n", b"\r"),
    ],
    ids=range(13),
)
def test_the_text_is_found_in_broken_structures(raw: bytes) -> None:
    assert "body text here" in body(raw).text
    assert body(raw).problem == ""


def nested(depth: int) -> bytes:
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (index, index) for index in range(depth))
    return opened + b"Content-Type: text/plain\r\n\r\ndeep\r\n" + b"".join(b"\r\n--b%d--\r\n" % index for index in reversed(range(depth)))


def test_depth_has_a_limit() -> None:
    assert body(nested(limits.DEPTH)).text == "deep"
    for depth in (limits.DEPTH + 1, 5_000):
        envelope, read = parse_message(b"Subject: deep\r\n" + nested(depth), received=AT)
        assert (envelope.subject, envelope.problem, read.problem) == ("deep", "too complex", "too complex")


def test_nested_messages_are_one_attachment() -> None:
    raw = b"".join(b"Subject: level %d\r\nContent-Type: message/rfc822\r\n\r\n" % index for index in range(2_000)) + b"core"
    read = body(raw)
    assert (len(read.attachments), read.problem) == (1, "")
    assert read.text == "\n\n".join(f"Enclosed message of ?: level {depth}" for depth in range(1, limits.INNER_DEPTH + 1))


@pytest.mark.timeout(30)
def test_the_number_of_parts_has_a_limit() -> None:
    envelope, read = parse_message(multi("mixed", *[b"\r\nx"] * 100_000), received=AT)
    assert (envelope.problem, read.problem) == ("too complex", "too complex")
    assert read.text.count("x") == limits.PARTS - 1
    assert body(multi("mixed", *[b"\r\nx"] * 900)).problem == ""
