"""What the embedded shop's customers write, and how its chat reads requests."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.demo import mail_program
from agentdesk.demo.chat import ANNA, Chat, Contact
from agentdesk.demo.chat_requests import read_multipart
from agentdesk.demo.liquid_trap import rendered

AT = datetime(2025, 12, 15, 10, 30, tzinfo=UTC)
CONTACT = Contact(1, "s", None, "maria rossi", "m@x.example", None, "it", 0.0, 0.0)
CHAT = Chat(7, "u", 1, "open", None, None, (), None, 0.0, 0.0, 0.0, None, None, 0.0, 0.0, 0.0)


def write(**fields: object) -> bytes:
    given_fields = {
        "name": "Zoë Ö",
        "address": "zoe@x.example",
        "subject": "Größe",
        "text": "Hallo\n",
        "at": AT,
    } | fields
    return mail_program.write(**given_fields)


def test_a_letter_is_plain_ascii_on_the_wire() -> None:
    raw = write()
    assert raw.isascii()
    message = message_from_bytes(raw, policy=default)
    assert (str(message["From"]), message["Subject"]) == ("Zoë Ö <zoe@x.example>", "Größe")
    assert message["In-Reply-To"] is None


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [("Lampe", "Re: Lampe"), ("Re: Lampe", "Re: Lampe"), ("AW: Lampe", "AW: Lampe"), ("", "Re: ")],
)
def test_the_subject_of_an_answer(subject: str, wanted: str) -> None:
    assert mail_program.answer_subject(subject) == wanted


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", "Il giorno lun 15 dic 2025 alle ore 11:30 Casa Verde <s@c.example> ha scritto:"),
        ("en", "On Mon 15 Dec 2025 at 11:30, Casa Verde <s@c.example> wrote:"),
        ("de", "um 11:30 schrieb Casa Verde <s@c.example>:"),
        ("fr", "à 11:30, Casa Verde <s@c.example> a écrit :"),
        ("xx", "wrote:"),
    ],
)
def test_the_line_above_a_quote(language: str, words: str) -> None:
    ours = b"From: Casa Verde <s@c.example>\r\nDate: Mon, 15 Dec 2025 11:30:00 +0100\r\nMessage-ID: <1@c.example>\r\n\r\nHi\r\n"
    raw = write(answers=ours, language=language)
    text = mail_program.text_of(raw).replace("\r\n", "\n")
    assert words in text
    assert text.endswith("\n> Hi\n")


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_header_can_be_smuggled_in(subject: str, text: str) -> None:
    clean = "".join(c for c in subject if not 0xD800 <= ord(c) < 0xE000)
    body = "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000)
    message = message_from_bytes(write(subject=clean + "\r\nBcc: evil@x.example", text=body), policy=default)
    assert message["Bcc"] is None
    assert len(message.get_all("Subject")) == 1


@given(st.binary(max_size=300), st.text(alphabet='abc é"\r\n', max_size=60).map(lambda t: t.encode()))
def test_multipart_gives_back_what_was_put_in(content: bytes, text: bytes) -> None:
    boundary = "b0undary-of-the-test"
    if boundary.encode() in content:
        return
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\n'.encode() + text +
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="attachments[]"; filename="a/b.png"\r\n'
        "Content-Type: image/png\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    )  # fmt: skip
    fields, files = read_multipart(body, boundary)
    assert fields == {"content": text.decode()}
    assert [(file.name, file.type, file.content) for file in files] == [("b.png", "image/png", content)]


@pytest.mark.parametrize("body", [b"", b"--x", b"--x--", b"--x\r\n\r\n--x--", b"nothing"])
def test_broken_multipart_is_empty(body: bytes) -> None:
    assert read_multipart(body, "x") == ({}, [])


@given(st.text())
def test_any_text_can_be_sent_through_the_liquid_trap(text: str) -> None:
    assert isinstance(rendered(text, CONTACT, CHAT, ANNA, []), str)


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_text_without_braces_comes_out_as_it_went_in(text: str) -> None:
    assert rendered(text, CONTACT, CHAT, ANNA, []) == text


def test_an_endless_loop_ends() -> None:
    source = "{% for i in (1..1000000000) %}{% for j in (1..1000000000) %}x{% endfor %}{% endfor %}"
    assert rendered(source, CONTACT, CHAT, ANNA, []) == source


def test_names_as_the_drops_give_them() -> None:
    assert rendered("{{ contact.name }}|{{ contact.first_name }}", CONTACT, CHAT, ANNA, []) == "Maria Rossi|Maria"
    single = Contact(1, "s", None, "mcdonald", None, None, "", 0.0, 0.0)
    assert rendered("{{ contact.name }}|{{ contact.first_name }}|", single, CHAT, ANNA, []) == "Mcdonald||"
