"""Each limit of `mail.limits`: below and at it everything is read, above it the message is listed as too complex, or cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentdesk.domain.message import Body, Envelope
from agentdesk.mail import limits
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.headers import message_ids, parse_parameters
from agentdesk.mail.parse import parse_header, parse_message

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOO_COMPLEX = (limits.TOO_COMPLEX, limits.TOO_COMPLEX)
READ = ("", "")


def problems(raw: bytes) -> tuple[str, str]:
    envelope, body = parse_message(raw, received=AT)
    return envelope.problem, body.problem


def header(size: int) -> bytes:
    """A header block of so many bytes, its blank line not counted, in fields of a thousand."""
    block = b"Subject: the beginning\r\n"
    line = b"X-Filler: " + b"y" * 988 + b"\r\n"
    while len(block) + len(line) <= size - 20:
        block += line
    return block + b"X: " + b"z" * (size - len(block) - 5) + b"\r\n"


@pytest.mark.parametrize(("more", "problem"), [(-1, ""), (0, ""), (1, limits.TOO_COMPLEX)])
def test_the_header_block(more: int, problem: str) -> None:
    block = header(limits.HEADER_BYTES + more)
    assert len(block) == limits.HEADER_BYTES + more
    envelope = parse_header(block, received=AT)
    assert (envelope.problem, envelope.subject) == (problem, "the beginning")


@pytest.mark.parametrize(("more", "problem"), [(-1, ""), (0, ""), (1, limits.TOO_COMPLEX)])
@pytest.mark.parametrize("folded", [False, True])
def test_one_field(*, more: int, problem: str, folded: bool) -> None:
    """Counted with its name, its continuation lines without their ends."""
    lines = [b"X: " + b"y" * 997] + [b" " + b"y" * 999] * 63 if folded else [b"X: " + b"y" * 997 + b"y" * 63_000]
    size = sum(map(len, lines))
    lines[-1] += b"y" * (limits.FIELD_BYTES + more - size)
    block = b"Subject: the beginning\r\n" + b"\r\n".join(lines) + b"\r\nFrom: a@b.example\r\n"
    envelope = parse_header(block, received=AT)
    assert (envelope.problem, envelope.subject, envelope.sender.address) == (problem, "the beginning", "a@b.example")


@pytest.mark.parametrize(("count", "problem"), [(limits.FIELDS - 1, ""), (limits.FIELDS, ""), (limits.FIELDS + 1, limits.TOO_COMPLEX)])
def test_the_number_of_fields(count: int, problem: str) -> None:
    envelope = parse_header(b"Subject: the beginning\r\n" + b"X: y\r\n" * (count - 1), received=AT)
    assert (envelope.problem, envelope.subject) == (problem, "the beginning")


@pytest.mark.parametrize("name", ["To", "Cc", "Reply-To"])
@pytest.mark.parametrize(("count", "problem"), [(limits.ADDRESSES - 1, ""), (limits.ADDRESSES, ""), (limits.ADDRESSES + 1, limits.TOO_COMPLEX)])
def test_the_number_of_addresses(name: str, count: int, problem: str) -> None:
    people = ", ".join(f"p{number}@b.example" for number in range(count))
    envelope = parse_header(f"From: a@b.example\r\n{name}: {people}\r\n".encode(), received=AT)
    assert envelope.problem == problem
    found = {"To": envelope.to, "Cc": envelope.cc, "Reply-To": envelope.reply_to}[name]
    assert len(found) == min(count, limits.ADDRESSES)


def test_a_sender_field_is_looked_at_no_further() -> None:
    assert len(parse_addresses("a@b.example," * (limits.ADDRESSES + 5))[0]) == limits.ADDRESSES


def nested(depth: int) -> bytes:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(depth))
    return f"Subject: x\r\n{head}Content-Type: text/plain\r\n\r\ncore\r\n".encode()


@pytest.mark.parametrize(("depth", "expected"), [(limits.DEPTH - 1, READ), (limits.DEPTH, READ), (limits.DEPTH + 1, TOO_COMPLEX)])
def test_nesting(depth: int, expected: tuple[str, str]) -> None:
    raw = nested(depth)
    assert problems(raw) == expected
    assert "core" in parse_message(raw, received=AT)[1].text


def many(count: int) -> bytes:
    """A message of so many parts, the multipart counted."""
    parts = b"".join(b"--b\r\n\r\npart %d\r\n" % number for number in range(count - 1))
    return b'Subject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"


@pytest.mark.parametrize(("count", "expected"), [(limits.PARTS - 1, READ), (limits.PARTS, READ), (limits.PARTS + 1, TOO_COMPLEX)])
def test_the_number_of_parts(count: int, expected: tuple[str, str]) -> None:
    assert problems(many(count)) == expected
    assert parse_message(many(count), received=AT)[1].text.count("part") == min(count, limits.PARTS) - 1


@pytest.mark.parametrize("count", [limits.PARAMETERS - 1, limits.PARAMETERS, limits.PARAMETERS + 1])
def test_the_number_of_parameters(count: int) -> None:
    kind, found = parse_parameters("text/plain" + "".join(f"; p{number}=x" for number in range(count)))
    assert (kind, len(found)) == ("text/plain", min(count, limits.PARAMETERS))


@pytest.mark.parametrize("count", [limits.REFERENCES - 1, limits.REFERENCES, limits.REFERENCES + 1])
def test_the_number_of_references(count: int) -> None:
    found = message_ids(" ".join(f"<{number}@x>" for number in range(count)))
    assert len(found) == min(count, limits.REFERENCES)
    assert (found[0], found[-1]) == ("<0@x>", f"<{count - 1}@x>")


@pytest.mark.parametrize("count", [limits.NAME_CHARACTERS - 1, limits.NAME_CHARACTERS, limits.NAME_CHARACTERS + 1])
def test_names_and_subjects_are_cut(count: int) -> None:
    envelope: Envelope = parse_header(f'From: "{"n" * count}" <a@b.example>\r\nSubject: {"s" * (count + 1500)}\r\n'.encode(), received=AT)
    assert len(envelope.sender.name) == min(count, limits.NAME_CHARACTERS)
    assert len(envelope.subject) == min(count + 1500, limits.SUBJECT_CHARACTERS)
    assert envelope.problem == ""


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_the_length_of_a_text(more: int) -> None:
    body: Body = parse_message(b"Subject: x\r\n\r\n" + b"y" * (limits.TEXT_BYTES + more), received=AT)[1]
    assert body.text.count("y") == limits.TEXT_BYTES + min(more, 0)
    assert ("goes on" in body.text) == (more > 0)
    assert body.problem == ""
