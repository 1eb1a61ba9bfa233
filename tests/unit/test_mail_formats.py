"""Formats within mail: winmail.dat, uuencode, yEnc, S/MIME, PGP, reports, invitations."""

from __future__ import annotations

import base64
import binascii
import struct
import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk import locale
from agentdesk.domain.message import Body
from agentdesk.mail import calendar, inner, limits, pgp, reports, rtf, smime, tnef, uuencode
from agentdesk.mail.body import read_body
from agentdesk.mail.parts import PartInfo, wanted_items
from agentdesk.mail.structure import read_structure

ROME = ZoneInfo("Europe/Rome")


# winmail.dat ----------------------------------------------------------------------------------------------------------


def attribute(name: int, content: bytes) -> bytes:
    return struct.pack("<BII", 1, name, len(content)) + content + struct.pack("<H", sum(content) & 0xFFFF)


def prop(identity: int, kind: int, value: bytes) -> bytes:
    head = struct.pack("<HH", kind, identity)
    if kind == 3:
        return head + value
    return head + struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*some: bytes) -> bytes:
    return struct.pack("<I", len(some)) + b"".join(some)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def winmail(*attributes: bytes) -> bytes:
    return tnef.SIGNATURE + b"\x01\x00" + b"".join(attributes)


FILES = winmail(
    attribute(0x00069007, struct.pack("<II", 1252, 0)),
    attribute(0x0002800C, "Preis 10 € für Müller\0".encode("cp1252")),
    attribute(0x00069002, b"\0" * 14),
    attribute(0x00018010, b"SHORT~1.PDF\0"),
    attribute(0x0006800F, b"%PDF-1.4 content"),
    attribute(0x00069005, properties(prop(0x3707, 31, wide("Ein langer Name è.pdf")), prop(0x370E, 30, b"application/pdf\0"))),
    attribute(0x00069002, b"\0" * 14),
    attribute(0x00018010, b"..\\..\\evil.exe\0"),
    attribute(0x0006800F, b"MZ"),
)


def test_a_winmail_dat_is_opened() -> None:
    found = tnef.read(FILES)
    assert found.complete
    assert found.text == "Preis 10 € für Müller"
    assert [(file.name, file.type, file.content) for file in found.files] == [
        ("Ein langer Name è.pdf", "application/pdf", b"%PDF-1.4 content"), ("..\\..\\evil.exe", "", b"MZ"),
    ]  # fmt: skip


def test_its_files_are_listed_and_can_be_opened_and_its_text_is_shown_where_there_is_no_other() -> None:
    parts = [PartInfo("1", "application/ms-tnef", encoding="base64", name="winmail.dat", size=900)]
    source = {"1": base64.encodebytes(FILES)}
    body = read_body(parts, source)
    assert body.text == "Preis 10 € für Müller"
    assert body.marks == ("tnef",)
    assert [(file.name, file.type, file.inline) for file in body.attachments] == [
        ("winmail.dat", "application/ms-tnef", True), ("Ein langer Name è.pdf", "application/pdf", False), ("evil.exe", "application/octet-stream", False),
    ]  # fmt: skip
    assert [inner.content(file.part, source) for file in body.attachments[1:]] == [b"%PDF-1.4 content", b"MZ"]
    with_text = read_body([PartInfo("1", "text/plain"), PartInfo("2", "application/ms-tnef", encoding="base64")], {"1": b"Hello", "2": source["1"]})
    assert with_text.text == "Hello"
    assert len(with_text.attachments) == 3


def test_a_large_one_beside_a_text_is_an_attachment_until_somebody_wants_it() -> None:
    def wanted(size: int, *more: PartInfo) -> tuple[str, ...]:
        return wanted_items([*more, PartInfo("2", "application/ms-tnef", size=size)])

    text = PartInfo("1", "text/plain", size=10)
    assert wanted(64 * 1024, text) == ("1", "2")
    assert wanted(64 * 1024 + 1, text) == ("1",)
    assert wanted(3 << 20) == ("2<0.1048576>",)
    assert read_body([text, PartInfo("2", "application/ms-tnef", size=1 << 20)], {"1": b"x"}).marks == ("tnef",)


def test_the_forms_a_text_may_have_in_it() -> None:
    def text(*some: bytes) -> tnef.Tnef:
        return tnef.read(winmail(attribute(0x00069003, properties(*some))))

    assert text(prop(0x1000, 31, wide("Ciao è"))).text == "Ciao è"
    told = text(prop(0x3FDE, 3, struct.pack("<I", 65001)), prop(0x1013, 258, "<p>è</p>".encode()))
    assert (told.html.decode(told.html_charset), told.text) == ("<p>è</p>", "")
    plain = b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl x;}\\pard Caf\\'e9 \\u8364?10\\par two{\\*\\hidden no} \\b three\\b0}"
    raw = struct.pack("<IIII", len(plain) + 12, len(plain), 0x414C454D, 0) + plain
    assert text(prop(0x1009, 258, raw)).text == "Café €10\ntwo three"


def test_compressed_rtf_is_that_of_the_specification() -> None:
    """[MS-OXRTFCP], 3.2: the two examples."""
    simple = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
    assert rtf.decompress(simple) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.decompress(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@given(st.binary(max_size=400), st.integers(0, len(FILES)), st.integers(0, 60))
def test_no_winmail_dat_makes_it_raise(noise: bytes, at: int, gone: int) -> None:
    tnef.read(tnef.SIGNATURE + noise)
    found = tnef.read(FILES[:at] + noise + FILES[at + gone :])
    assert len(found.files) <= limits.INNER_FILES
    rtf.to_text(rtf.decompress(struct.pack("<IIII", 0, 1 << 30, 0x75465A4C, 0) + noise))
    rtf.to_text(noise).encode()
    tnef.read(winmail(attribute(0x00069003, noise), attribute(0x00069002, b""), attribute(0x00069005, noise)))


def test_it_ends_soon_whatever_it_is_told() -> None:
    start = time.process_time()
    many = struct.pack("<I", 0xFFFFFFFF)
    tnef.read(winmail(*[attribute(0x00069003, many + prop(0x1000, 0x101E, b"x"))] * 5_000))
    tnef.read(winmail(attribute(0x00069003, struct.pack("<I", 1) + struct.pack("<HHI", 0x101E, 0x1000, 0xFFFFFFFF) + struct.pack("<I", 0) * 100_000)))
    tnef.read(winmail(*[attribute(0x00069002, b""), attribute(0x0006800F, b"x")] * 5_000))
    rtf.to_text(b"{" * 300_000)
    rtf.to_text(b"\\u1?" * 100_000)
    assert time.process_time() - start < 20


# Files in texts -------------------------------------------------------------------------------------------------------


def uu(name: str, content: bytes, mode: str = "644") -> bytes:
    lines = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return f"begin {mode} {name}\n".encode() + lines + b"`\nend\n"


def yenc(name: str, content: bytes) -> bytes:
    out = bytearray()
    for byte in content:
        shifted = (byte + 42) & 0xFF
        out += bytes((61, (shifted + 64) & 0xFF)) if shifted in {0, 10, 13, 61} else bytes((shifted,))
    return f"=ybegin line=128 size={len(content)} name={name}\r\n".encode() + bytes(out) + f"\r\n=yend size={len(content)}\r\n".encode()


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["\n", "\r\n"]))
def test_what_was_encoded_is_found_again(content: bytes, end: str) -> None:
    data = b"Hello,\n" + uu("a.bin", content) + b"bye\n"
    data = data.replace(b"\n", end.encode())
    (block,) = uuencode.blocks(data)
    assert (block.name, block.content) == ("a.bin", content)
    assert uuencode.without(data, [block]).split() == [b"Hello,", b"bye"]
    (block,) = uuencode.blocks(b"x\r\n" + yenc("b c.bin", content) + b"bye")
    assert (block.name, block.content) == ("b c.bin", content)


def test_files_in_a_text_are_attachments() -> None:
    raw = b"See below.\n\n" + uu("../../.ssh/authorized_keys", b"a" * 100) + b"\nThanks\n" + uu("b.png", b"\x89PNG")
    body = read_body([PartInfo("1", "text/plain")], {"1": raw})
    assert body.text == "See below.\n\n\nThanks"
    assert body.marks == ("uuencode",)
    assert [(file.name, file.type, file.size) for file in body.attachments] == [("authorized_keys", "application/octet-stream", 100), ("b.png", "image/png", 4)]
    assert [inner.content(file.part, {"1": raw}) for file in body.attachments] == [b"a" * 100, b"\x89PNG"]
    quoted = read_body([PartInfo("1", "text/plain", encoding="quoted-printable")], {"1": raw.replace(b"=", b"=3D")})
    assert inner.content(quoted.attachments[0].part, {"1": raw.replace(b"=", b"=3D")}) == b"a" * 100
    base = b"begin-base64 644 a.txt\n" + base64.encodebytes(b"hello") + b"====\n"
    assert uuencode.blocks(base)[0].content == b"hello"


@pytest.mark.parametrize("text", [b"begin 644 of the year\nwe did this\n", b"begin 755\n", b"we begin 644 x\n#86)C\n", b"begin 644 x\n", b"=ybegin something\n", b"beginning\n"])
def test_prose_is_no_file(text: bytes) -> None:
    assert uuencode.blocks(text) == []


def test_a_file_that_breaks_off_is_taken_as_far_as_it_goes() -> None:
    data = uu("a", b"x" * 90).split(b"`")[0]
    assert uuencode.blocks(data)[0].content == b"x" * 90
    assert uuencode.blocks(data + b"and this is text again\n")[0].content == b"x" * 90


@given(st.binary(max_size=300))
def test_no_text_makes_it_raise(noise: bytes) -> None:
    data = b"begin 644 x\n" + noise + b"\n=ybegin line=1 name=y\n" + noise
    found = uuencode.blocks(data)
    assert len(uuencode.without(data, found)) <= len(data)
    inner.content("1!uu..0", {"1": noise})


@given(st.text(alphabet="0123456789.!tnefsmiu-base64", max_size=40), st.binary(max_size=50))
def test_no_address_leads_anywhere_else(part: str, content: bytes) -> None:
    inner.content(part, {"1": content, "": content})


# Signed and encrypted -------------------------------------------------------------------------------------------------


def der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = bytes((len(body),)) if len(body) < 128 else b"\x84" + len(body).to_bytes(4, "big")
    return bytes((tag,)) + size + body


DATA = der(0x06, bytes.fromhex("2a864886f70d010701"))
SIGNED_OID = der(0x06, bytes.fromhex("2a864886f70d010702"))


def signed(content: bytes, *, streamed: bool = False) -> bytes:
    """SignedData with a content inside, without any signer."""
    octets = der(0x04, content)
    if streamed:
        pieces = b"".join(der(0x04, content[at : at + 20]) for at in range(0, len(content), 20))
        octets = b"\x24\x80" + pieces + b"\0\0"
    inside = der(0x30, DATA, der(0xA0, octets))
    return der(0x30, SIGNED_OID, der(0xA0, der(0x30, der(0x02, b"\x01"), der(0x31, b""), inside)))


ENTITY = (
    b'Content-Type: multipart/mixed; boundary="i"\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\nSigned text\r\n--i\r\n'
    b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--i--\r\n"
)


@pytest.mark.parametrize("streamed", [False, True])
def test_signed_mail_is_shown_and_marked_as_not_checked(*, streamed: bool) -> None:
    parts = [PartInfo("1", "application/pkcs7-mime", encoding="base64", name="smime.p7m", size=700)]
    source = {"1": base64.encodebytes(signed(ENTITY, streamed=streamed))}
    body = read_body(parts, source)
    assert (body.text, body.marks) == ("Signed text", ("smime-signed",))
    assert [(file.name, file.inline) for file in body.attachments] == [("smime.p7m", True), ("a.pdf", False)]
    assert inner.content(body.attachments[1].part, source) == b"%PDF"


def test_of_signed_mail_that_was_not_fetched_whole_only_the_text_is_taken() -> None:
    whole = signed(ENTITY.replace(b"JVBERg==", b"JVBE" * 1000))
    secured = smime.read(whole[:300])
    assert (secured.kind, secured.complete) == ("signed", False)
    body = read_body([PartInfo("1", "application/pkcs7-mime", name="smime.p7m")], {"1": whole[:300]})
    assert body.text == "Signed text"
    assert [(file.name, file.inline) for file in body.attachments] == [("smime.p7m", False)]


def test_signed_within_signed_ends() -> None:
    entity = b"Content-Type: text/plain\r\n\r\ncore"
    for _ in range(20):
        entity = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(signed(entity))
    body = read_body([PartInfo("1", "application/pkcs7-mime", encoding="base64")], {"1": entity.partition(b"\r\n\r\n")[2]})
    assert body.marks == ("smime-signed",)


def test_encrypted_mail_says_so() -> None:
    enveloped = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010703")), der(0xA0, b"\x30\x00"))
    assert read_body([PartInfo("1", "application/x-pkcs7-mime")], {"1": enveloped}).marks == ("smime-encrypted",)
    parts = [PartInfo("", "multipart/encrypted"), PartInfo("1", "application/pgp-encrypted"), PartInfo("2", "application/octet-stream", name="encrypted.asc")]
    body = read_body(parts, {})
    assert (body.marks, body.text) == (("pgp-encrypted",), "")
    assert [(file.name, file.inline) for file in body.attachments] == [("encrypted.asc", False)]


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 20))
def test_no_signed_mail_makes_it_raise(noise: bytes, at: int, gone: int) -> None:
    whole = signed(ENTITY)
    smime.read(noise)
    smime.read(whole[:at] + noise + whole[at + gone :])
    smime.read(b"\x30\x80" * 100 + noise)


def test_signatures_apart_are_marked_and_nobody_has_to_open_them() -> None:
    for kind, mark in (("application/pgp-signature", "pgp-signed"), ("application/pkcs7-signature", "smime-signed"), ("application/x-pkcs7-signature", "smime-signed")):
        body = read_body([PartInfo("", "multipart/signed"), PartInfo("1", "text/plain"), PartInfo("2", kind)], {"1": b"Hello"})
        assert (body.text, body.marks) == ("Hello", (mark,))
        assert all(file.inline for file in body.attachments)


CLEAR = """Before
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Hello,
- -- a line of dashes
- From here
-----BEGIN PGP SIGNATURE-----

iQEz
-----END PGP SIGNATURE-----
After"""


def test_text_signed_in_clear_is_shown_without_its_armor() -> None:
    assert pgp.read(CLEAR) == pgp.Read("Before\nHello,\n-- a line of dashes\nFrom here\nAfter", "", ("pgp-signed",))
    body = read_body([PartInfo("1", "text/plain")], {"1": CLEAR.encode()})
    assert body.marks == ("pgp-signed",)
    assert "BEGIN" not in body.text + body.quoted


def test_what_is_encrypted_in_a_text_is_folded_away() -> None:
    text = "Hi\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\nBye"
    body = read_body([PartInfo("1", "text/plain")], {"1": text.encode()})
    assert (body.text, body.marks) == ("Hi\nBye", ("pgp-encrypted",))
    assert "hQEMA" in body.quoted
    assert pgp.read("-----BEGIN PGP MESSAGE-----\nnever ends").text == ""
    assert pgp.read("I wrote -----BEGIN PGP MESSAGE----- today").marks == ()


@given(st.lists(st.sampled_from([*CLEAR.split("\n"), "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"]), max_size=30))
def test_armor_in_any_order_is_read(lines: list[str]) -> None:
    read = pgp.read("\n".join(lines))
    assert len(read.text) + len(read.armored) <= len("\n".join(lines)) + 1


# Reports --------------------------------------------------------------------------------------------------------------


def status(action: str, code: str, words: str = "") -> bytes:
    said = f"\r\nDiagnostic-Code: smtp; {words}" if words else ""
    return f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; anna@b.example\r\nAction: {action}\r\nStatus: {code}{said}\r\n".encode()


@pytest.mark.parametrize(
    ("action", "code", "words", "told"),
    [
        ("failed", "5.1.1", "", "Not delivered to anna@b.example: there is no such address."),
        ("failed", "5.2.2", "", "Not delivered to anna@b.example: the mailbox is full."),
        ("failed", "5.0.0", "552 5.3.4 too big", "Not delivered to anna@b.example: the message is too large."),
        ("failed", "5.0.0", "550 User unknown", "Not delivered to anna@b.example: there is no such address."),
        ("failed (bounced)", "5.7.1", "", "Not delivered to anna@b.example: the server refuses it."),
        ("failed", "", "", "Not delivered to anna@b.example: no reason is given."),
        ("delayed", "4.4.1", "", "Not delivered to anna@b.example yet, the server goes on trying: the server can't be reached."),
        ("delivered", "2.0.0", "", "Delivered to anna@b.example."),
        ("relayed", "2.0.0", "", "Handed on for anna@b.example; there will be no more reports."),
        ("expanded", "2.0.0", "", "Delivered to the list anna@b.example."),
    ],
)
def test_a_delivery_status_in_words(action: str, code: str, words: str, told: str) -> None:
    report = reports.read(reports.STATUS, status(action, code, words))
    assert report.lines[0] == told
    assert report.failed == action.startswith("failed")
    if words:
        assert report.lines[1] == f"The server says: {words}"


REPORT = [PartInfo("", "multipart/report"), PartInfo("1", "text/plain"), PartInfo("2", "message/delivery-status"), PartInfo("3", "message/rfc822", size=90_000)]


def test_a_report_says_what_it_is_about_and_leads_there() -> None:
    assert wanted_items(REPORT) == ("1", "2", "3<0.16384>")
    source = {"1": b"Sorry.", "2": status("failed", "5.1.1"), "3": b"Message-ID: <out-1@shop.example>\r\nSubject: =?utf-8?Q?Ordine_=C3=A8?=\r\n\r\nhidden"}
    body = read_body(REPORT, source)
    assert body.text == "Not delivered to anna@b.example: there is no such address.\nIt is about: Ordine è\n\nSorry."
    assert body.original == "<out-1@shop.example>"
    assert body.marks == ("report", "undelivered")
    locale.use("it")
    assert read_body(REPORT, source).text.startswith("Non consegnato a anna@b.example: l'indirizzo non esiste.\nRiguarda: Ordine è")


def test_other_reports_in_words() -> None:
    seen = b"Final-Recipient: rfc822; a@b.example\r\nOriginal-Message-ID: <out-1@x>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    assert reports.read(reports.READ, seen) == reports.Report(("a@b.example has opened the message.",), original="<out-1@x>")
    assert reports.read(reports.READ, seen.replace(b"displayed", b"deleted/error")).lines[0].endswith("without opening it.")
    spam = b"Feedback-Type: abuse\r\nOriginal-Rcpt-To: <a@b.example>\r\n"
    assert reports.read(reports.COMPLAINT, spam).lines == ("a@b.example has reported the message as unwanted.",)
    assert reports.read(reports.COMPLAINT, b"").lines == ("A recipient has reported the message as unwanted.",)


def test_an_old_report_names_its_original_in_the_text() -> None:
    text = b"I could not deliver.\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <out-1@shop.example>\nSubject: x\n"
    assert read_body([PartInfo("1", "text/plain")], {"1": text}).original == "<out-1@shop.example>"


def test_a_report_for_thousands_has_an_end() -> None:
    body = read_body(REPORT, {"2": status("failed", "5.1.1") * 5_000})
    assert body.text.count("Not delivered") <= limits.REPORT_RECIPIENTS


@given(st.binary(max_size=300))
def test_no_report_makes_it_raise(noise: bytes) -> None:
    for kind in reports.KINDS:
        reports.read(kind, noise)
        reports.read(kind, b"Action: failed\nFinal-Recipient: x\nStatus: " + noise)
    reports.about(noise)


# Invitations ----------------------------------------------------------------------------------------------------------


def event(*lines: str, method: str = "REQUEST") -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (("DTSTART:20261103T090000Z", "DTEND:20261103T093000Z"), "Tuesday 3 November 2026, 10:00–10:30 (Europe/Rome)"),
        (("DTSTART;TZID=Europe/London:20260703T090000", "DURATION:PT1H30M"), "Friday 3 July 2026, 10:00–11:30 (Europe/Rome)"),
        (("DTSTART;TZID=W. Europe Standard Time:20261103T090000",), "Tuesday 3 November 2026, 09:00 (Europe/Rome)"),
        (("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Rome:20261103T090000",), "Tuesday 3 November 2026, 09:00 (Europe/Rome)"),
        (("DTSTART;TZID=My Office:20261103T090000",), "Tuesday 3 November 2026, 09:00 (My Office)"),
        (("DTSTART:20261103T090000",), "Tuesday 3 November 2026, 09:00 (local time)"),
        (("DTSTART:20261103T230000Z", "DTEND:20261104T010000Z"), "Wednesday 4 November 2026, 00:00–02:00 (Europe/Rome)"),
        (("DTSTART:20261103T200000Z", "DTEND:20261104T010000Z"), "Tuesday 3 November 2026, 21:00 – Wednesday 4 November 2026, 02:00 (Europe/Rome)"),
        (("DTSTART;VALUE=DATE:20261103", "DTEND;VALUE=DATE:20261104"), "Tuesday 3 November 2026"),
        (("DTSTART;VALUE=DATE:20261103", "DTEND;VALUE=DATE:20261106"), "Tuesday 3 November 2026 – Thursday 5 November 2026"),
    ],
)
def test_when_an_invitation_is_for(lines: tuple[str, ...], when: str) -> None:
    assert calendar.to_text(event("SUMMARY:x", *lines), ROME) == f"Invitation: x\nWhen: {when}"


@pytest.mark.parametrize(
    ("method", "line", "told"),
    [
        ("REQUEST", "", "Invitation: x"), ("PUBLISH", "", "Event: x"), ("CANCEL", "", "Cancelled: x"), ("REQUEST", "STATUS:CANCELLED", "Cancelled: x"),
        ("REPLY", 'ATTENDEE;PARTSTAT=ACCEPTED;CN="Rossi; Anna":mailto:a@b.example', "Rossi; Anna <a@b.example> accepts: x"),
        ("REPLY", "ATTENDEE;PARTSTAT=DECLINED:MAILTO:a@b.example", "a@b.example declines: x"),
        ("REPLY", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@b.example", "a@b.example may come: x"),
        ("COUNTER", "ATTENDEE:mailto:a@b.example", "a@b.example proposes another time: x"),
    ],
)  # fmt: skip
def test_what_an_invitation_is(method: str, line: str, told: str) -> None:
    assert calendar.to_text(event("SUMMARY:x", *([line] if line else []), method=method)).split("\n")[0] == told


def test_the_rest_of_an_invitation() -> None:
    lines = ("SUMMARY:Pick-up\\, re", " turns", "LOCATION:Via Roma 1\\; Milano", 'ORGANIZER;CN="Anna Rossi":mailto:a@b.example', "DTSTART:20261103T090000Z",
             "RRULE:FREQ=WEEKLY", "BEGIN:VALARM", "SUMMARY:alarm", "END:VALARM")  # fmt: skip
    locale.use("it")
    assert calendar.to_text(event(*lines), ROME) == (
        "Invito: Pick-up, returns\nQuando: martedì 3 novembre 2026, 10:00 (Europe/Rome), si ripete\nDove: Via Roma 1; Milano\nDa: Anna Rossi <a@b.example>"
    )


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["DTSTART:99999999T999999Z", "DTSTART;TZID=../../etc/passwd:20261103T090000", "DURATION:P9999D", "DTEND:00000000", "ORGANIZER", ":", ";=:", 'A;B="', "BEGIN:VEVENT", "END:VEVENT"]), max_size=12), st.text(max_size=60))
def test_no_invitation_makes_it_raise(lines: list[str], noise: str) -> None:
    calendar.to_text(event("SUMMARY:x", *lines, noise), ROME)
    calendar.to_text(event("DTSTART:99991231T235959Z", f"DURATION:{noise}", "DURATION:P9999D"), ROME)


# Flowed text and cut text ---------------------------------------------------------------------------------------------


def flowed(text: str, *, delsp: bool = False) -> str:
    return read_body([PartInfo("1", "text/plain", flowed=True, delsp=delsp)], {"1": text.encode()}).text


def test_flowed_paragraphs_are_put_together() -> None:
    assert flowed("one \r\ntwo\r\n three \r\nfour") == "one two\nthree four"
    assert flowed("日本 \r\n語", delsp=True) == "日本語"
    assert flowed("日本 \r\n語") == "日本 語"


def test_a_long_text_is_cut_where_it_says_so_and_takes_no_longer_than_it_should() -> None:
    start = time.process_time()
    for line in (b"short line\r\n", b"a \r\n"):
        raw = line * (limits.TEXT_BYTES // len(line) + 1)
        body = read_body([PartInfo("1", "text/plain", flowed=line == b"a \r\n")], {"1": raw})
        assert (body.text + body.quoted).endswith("[The text goes on. The whole message can be saved.]")
    exact = read_body([PartInfo("1", "text/plain")], {"1": b"x" * limits.TEXT_BYTES})
    assert len(exact.text) == limits.TEXT_BYTES
    assert time.process_time() - start < 20


def test_beyond_what_is_looked_at_a_text_goes_on_as_it_stood() -> None:
    reply = "My answer.\n\nOn Mon, 2 Nov 2026 at 10:00, Anna <a@b.example> wrote:\n"
    body = read_body([PartInfo("1", "text/plain")], {"1": (reply + "> quoted line\n" * 30_000 + "> the end\n").encode()})
    assert body.text == "My answer."
    assert body.quoted.endswith("> the end")
    long = read_body([PartInfo("1", "text/plain")], {"1": b"a sentence.\n" * 30_000 + b"the end\n"})
    assert (long.text.endswith("the end"), long.quoted) == (True, "")
    assert long.text.count("\n") == 30_000


def test_everything_of_a_message_passed_on_without_a_word_is_read() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\nFrom: Anna <a@b.example>\r\nSubject: Where?\r\n\r\nWhere is my order?\r\n"
    structure = read_structure(raw)
    body: Body = read_body(structure.parts, {"1": structure.content("1")})
    assert body.text == "Enclosed message of Anna <a@b.example>: Where?\n\nWhere is my order?"
    assert len(body.attachments) == 1

