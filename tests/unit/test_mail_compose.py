"""What goes out: exactly the fields that are meant, whatever the values hold."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.clean import clean, clean_line
from agentdesk.domain.message import Address, Outgoing, OutgoingFile
from agentdesk.errors import Refused
from agentdesk.mail.compose import addr_spec, compose, new_message_id
from agentdesk.mail.headers import parse_fields
from agentdesk.mail.parse import parse_message

AT = datetime(2026, 11, 21, 21, 5, tzinfo=timezone(timedelta(hours=1)))
SHOP = Address("Bottega Rossi", "aiuto@bottega.example")
ANNA = Address("Anna Müller", "anna@customer.example")
ALLOWED = {"date", "from", "to", "cc", "subject", "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding"}


def outgoing(**changes: object) -> Outgoing:
    values: dict[str, object] = {
        "message_id": "<0123abcd@bottega.example>",
        "sender": SHOP,
        "to": (ANNA,),
        "cc": (),
        "bcc": (),
        "subject": "Re: Ordine 10245",
        "text": "Buongiorno,\n\nil pacco è partito.\n",
        "date": AT,
    }
    return Outgoing(**(values | changes))  # type: ignore[arg-type]


def header(raw: bytes) -> list[tuple[str, bytes]]:
    return parse_fields(raw.partition(b"\r\n\r\n")[0]).items


def lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def assert_well_formed(raw: bytes) -> None:
    names = [name for name, _ in header(raw)]
    for once in ("date", "from", "to", "subject", "message-id", "mime-version", "content-type"):
        assert names.count(once) == 1
    assert len(names) == len(set(names))
    assert set(names) <= ALLOWED
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 320


def test_a_reply_as_others_read_it() -> None:
    raw = compose(
        outgoing(
            cc=(Address("", "boss@bottega.example"), Address("Käthe, Chefin", "k@müller.example")),
            bcc=(Address("", "secret@bottega.example"),),
            subject="Re: Größe – 👟 zu klein",
            in_reply_to="<q@customer.example>",
            references=("<root@customer.example>", "<q@customer.example>"),
            files=(
                OutgoingFile("Rücksendeschein für die Bestellung 10245 – bitte ausdrucken.pdf", "application/pdf", b"%PDF\r\n\x00" * 40),
                OutgoingFile("note.txt", "text/plain", b"hello"),
            ),
        )
    )
    assert_well_formed(raw)
    assert b"secret" not in raw
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == "Re: Größe – 👟 zu klein"
    assert [(one.display_name, one.addr_spec) for one in read["Cc"].addresses] == [
        ("", "boss@bottega.example"),
        ("Käthe, Chefin", "k@xn--mller-kva.example"),
    ]
    assert read["To"].addresses[0].display_name == "Anna Müller"
    assert read["In-Reply-To"] == "<q@customer.example>"
    assert read["References"].split() == ["<root@customer.example>", "<q@customer.example>"]
    assert read["Date"].datetime == AT
    assert read["Message-ID"] == "<0123abcd@bottega.example>"
    assert lines(read.get_body().get_content()) == "Buongiorno,\n\nil pacco è partito.\n"
    pdf, note = read.iter_attachments()
    assert pdf.get_filename() == "Rücksendeschein für die Bestellung 10245 – bitte ausdrucken.pdf"
    assert pdf.get_content() == b"%PDF\r\n\x00" * 40
    assert pdf.get_content_type() == "application/pdf"
    assert (note.get_filename(), note.get_payload(decode=True)) == ("note.txt", b"hello")
    assert not read.defects


def test_it_is_the_same_every_time() -> None:
    message = outgoing(files=(OutgoingFile("a.txt", "text/plain", b"x"),))
    assert compose(message) == compose(message)


def test_plain_ascii_goes_as_it_is_and_the_rest_encoded() -> None:
    plain = compose(outgoing(text="Hello\n\nbye"))
    assert plain.endswith(b"charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n\r\nbye\r\n")
    assert b"quoted-printable" in compose(outgoing(text="Così"))
    assert b"quoted-printable" in compose(outgoing(text="word " * 60))
    assert b"Content-Transfer-Encoding: base64" in compose(outgoing(text="お問い合わせありがとうございます。" * 10))
    assert b"\r\nFrom " not in compose(outgoing(text="From here\nFrom there\n è"))


def test_without_visible_recipients_there_is_still_one_to() -> None:
    raw = compose(outgoing(to=(), bcc=(ANNA,)))
    assert_well_formed(raw)
    assert dict(header(raw))["to"] == b"undisclosed-recipients:;"


def test_references_stay_finite_and_keep_the_root_and_the_newest() -> None:
    ids = tuple(f"<{index}{'x' * 60}@customer.example>" for index in range(2_000))
    raw = compose(outgoing(references=ids, in_reply_to=ids[-1]))
    assert_well_formed(raw)
    kept = dict(header(raw))["references"].decode().split()
    assert len(kept) <= 30
    assert (kept[0], kept[-1]) == (ids[0], ids[-1])


def test_ids_that_are_none_are_left_out() -> None:
    raw = compose(outgoing(in_reply_to="<a@b>\r\nBcc: v@evil.example", references=("<a b@c>", "x", "<ok@b>", "<ü@b>", "<a@b>\n")))
    assert_well_formed(raw)
    assert b"in-reply-to" not in [name.encode() for name, _ in header(raw)]
    assert dict(header(raw))["references"] == b"<ok@b>"


@pytest.mark.parametrize("bad", ["", "anna", "@b.example", "a@", "a@b\r\nBcc: c@d", "a b@c.example", "a@b c.example", "<a@b>", "a@b,c@d", "a@b>", "\ufffd@b.example", "a@" + "b" * 400])
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(Refused):
        compose(outgoing(to=(Address("x", bad),)))


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("anna@customer.example", "anna@customer.example"),
        ("a+b.c@customer.example", "a+b.c@customer.example"),
        ('"x y"@customer.example', '"x y"@customer.example'),
        ("k@müller.example", "k@xn--mller-kva.example"),
        ("jürgen@customer.example", "jürgen@customer.example"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    ],
)
def test_addresses_as_they_go_over_the_wire(given: str, written: str) -> None:
    assert addr_spec(given) == written


@pytest.mark.parametrize("bad", ["", "a@b", "<a@b", "<a@b>\r\nX: y", "<a\x00@b>", "<ü@b>"])
def test_a_message_id_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(Refused):
        compose(outgoing(message_id=bad))


def test_new_message_ids() -> None:
    assert re.fullmatch(r"<[0-9a-f]{32}@bottega\.example>", new_message_id("bottega.example"))
    assert new_message_id("bottega.example") != new_message_id("bottega.example")
    assert new_message_id("aiuto@müller.example").endswith("@xn--mller-kva.example>")
    assert new_message_id("evil\r\nBcc: x").endswith("@agentdesk.invalid>")
    compose(outgoing(message_id=new_message_id("")))


def test_types_that_would_change_the_structure_become_plain_bytes() -> None:
    for kind in ("multipart/mixed", "message/rfc822", "text/plain\r\nX: y", "x", ""):
        raw = compose(outgoing(files=(OutgoingFile("a.bin", kind, b"x"),)))
        assert b"Content-Type: application/octet-stream;" in raw
        assert b"\r\nX: y" not in raw


LINES = st.text(st.one_of(st.characters(), st.sampled_from('\r\n\x00:<>",;()@=?_ \t\x0b\u2028\x85')), max_size=60)


@given(name=LINES, subject=LINES, reference=LINES, file=LINES, kind=LINES, text=LINES)
def test_no_value_makes_a_field(name: str, subject: str, reference: str, file: str, kind: str, text: str) -> None:
    raw = compose(
        outgoing(
            sender=Address(name, SHOP.address),
            to=(Address(name, ANNA.address), Address(subject, "b@c.example")),
            subject=subject,
            in_reply_to=reference,
            references=(reference, f"<{reference}>"),
            text=text,
            files=(OutgoingFile(file, kind, text.encode(errors="replace")),),
        )
    )
    assert_well_formed(raw)
    envelope, body = parse_message(raw, received=datetime(2026, 1, 1, tzinfo=UTC))
    assert envelope.problem == ""
    assert envelope.subject == clean_line(subject)
    assert [one.address for one in envelope.to] == [ANNA.address, "b@c.example"]
    assert envelope.sender.address == SHOP.address
    assert len(body.attachments) == 1
    assert len(email.message_from_bytes(raw).get_payload()) == 2


@given(st.text(st.one_of(st.characters(), st.sampled_from("\n =.F")), max_size=300))
def test_the_text_arrives_as_it_was_written(text: str) -> None:
    raw = compose(outgoing(text=text))
    assert_well_formed(raw)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert lines(read.get_content()) == clean(text).strip("\n") + "\n"


@given(st.text(min_size=1, max_size=120))
def test_names_arrive_as_they_were_written(name: str) -> None:
    shown = clean_line(name)
    raw = compose(outgoing(to=(Address(name, ANNA.address),)))
    assert_well_formed(raw)
    envelope, _ = parse_message(raw, received=AT)
    assert envelope.to[0].address == ANNA.address
    assert envelope.to[0].name.strip("'\" ") == shown.strip("'\" ")
