"""Commands as they go on the wire. Text from outside gets in through `text` and `mailbox` only, so it can't become a command.

A command is made of words. A word of ours is written in the source; one that carries anybody else's text is a quoted string or
a literal (RFC 3501, 4.3), made here. CR, LF and NUL are refused in both, and once more when the command is put together.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import LiteralString, NewType

Word = NewType("Word", bytes)
"""Bytes that may stand in a command line."""

_QUOTABLE = re.compile(rb"[\x20-\x7e]{0,900}")  # RFC 7162, 4: a command line should stay well below 8,192 octets
_FLAG = re.compile(r"\\?[A-Za-z0-9$_:/@.+\-]+")
_SECTION = re.compile(r"[1-9][0-9]{0,4}(\.[1-9][0-9]{0,4}){0,60}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Literal:
    """A string given with its length."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A command without its tag. `repr` shows the verb only: the words may be a password."""

    verb: str
    words: tuple[Word | Literal, ...] = ()
    response: bytes | None = None
    """What is sent after the server's "+" (the password's turn in AUTHENTICATE)."""

    def __repr__(self) -> str:
        return f"<{self.verb}>"

    def segments(self, tag: bytes, *, nonsync: int) -> list[bytes]:
        """The bytes to send; between two of them the server must say "+".

        `nonsync`: up to this length a literal goes without waiting (LITERAL+, LITERAL-: RFC 7888).
        """
        segments: list[bytes] = []
        line = tag + b" " + self.verb.encode("ascii")
        for word in self.words:
            if isinstance(word, Literal):
                size = len(word.content)
                if size <= nonsync:
                    line += b" {%d+}\r\n" % size + word.content
                else:
                    segments.append(line + b" {%d}\r\n" % size)
                    line = word.content
            else:
                if _breaks(word):
                    raise ValueError("a line end in a command")
                line += b" " + word
        segments.append(line + b"\r\n")
        if self.response is not None:
            segments.append(self.response + b"\r\n")
        return segments


def command(verb: LiteralString, *words: Word | Literal) -> Command:
    return Command(verb, words)


def word(source: LiteralString) -> Word:
    """A word written in our own source."""
    return Word(source.encode("ascii"))


def text(value: str | bytes) -> Word | Literal:
    """Anybody's text as one string of the protocol.

    Raises:
        ValueError: it holds CR, LF or NUL, which no string we send needs.
    """
    raw = value.encode("utf-8") if isinstance(value, str) else value
    if _breaks(raw):
        raise ValueError("a line end or NUL in a string")
    if _QUOTABLE.fullmatch(raw):
        return Word(b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"')
    return Literal(raw)


def mailbox(name: str) -> Word | Literal:
    """A mailbox name, in modified UTF-7 (RFC 3501, 5.1.3)."""
    return text(encode_mailbox(name))


def flags(names: Iterable[str]) -> Word:
    """A list of flags.

    Raises:
        ValueError: one of them is not a flag.
    """
    wanted = list(names)
    for name in wanted:
        if not _FLAG.fullmatch(name):
            raise ValueError(f"not a flag: {name!r}")
    return Word(b"(" + " ".join(wanted).encode("ascii") + b")")


def number_set(numbers: Iterable[int]) -> Word:
    """UIDs or sequence numbers, runs joined: `1:3,7`.

    Raises:
        ValueError: there is none, or one is not a number of messages.
    """
    ordered = sorted(set(numbers))
    if not ordered or ordered[0] < 1 or ordered[-1] > 0xFFFFFFFF:
        raise ValueError("not a set of messages")
    runs: list[str] = []
    first = last = ordered[0]
    for number in [*ordered[1:], 0]:
        if number == last + 1:
            last = number
            continue
        runs.append(f"{first}:{last}" if last > first else f"{first}")
        first = last = number
    return Word(",".join(runs).encode("ascii"))


def number_range(low: int, high: int | None) -> Word:
    """`low:high`, or `low:*`.

    Raises:
        ValueError: it is none.
    """
    if not 0 < low <= 0xFFFFFFFF or (high is not None and not low <= high <= 0xFFFFFFFF):
        raise ValueError("not a range of messages")
    return Word(f"{low}:{'*' if high is None else high}".encode("ascii"))


def number(value: int) -> Word:
    return Word(b"%d" % value)


def section(part: str) -> str:
    """A part's address in a message, such as `2.1`.

    Raises:
        ValueError: it is something else.
    """
    if not _SECTION.fullmatch(part):
        raise ValueError(f"not a part: {part!r}")
    return part


def group(*words: Word) -> Word:
    return Word(b"(" + b" ".join(words) + b")")


def day(value: date) -> Word:
    return Word(f"{value.day}-{_MONTHS[value.month - 1]}-{value.year:04}".encode("ascii"))


def moment(value: datetime) -> Word:
    """A date-time for APPEND; a time without zone is taken as UTC."""
    at = value if value.tzinfo else value.replace(tzinfo=UTC)
    zone = f"{at:%z}"[:5]  # a zone of seconds, as the nineteenth century had, has no place here
    return Word(f'"{at.day:02}-{_MONTHS[at.month - 1]}-{at.year:04} {at:%H:%M:%S} {zone}"'.encode("ascii"))


def sasl_plain(user: str, password: str) -> bytes:
    """The answer of the PLAIN mechanism (RFC 4616), in base64. UTF-8 throughout.

    Raises:
        ValueError: NUL in it.
    """
    if "\0" in user or "\0" in password:
        raise ValueError("NUL in a name or password")
    return base64.b64encode(f"\0{user}\0{password}".encode())


def encode_mailbox(name: str) -> bytes:
    """Modified UTF-7."""
    out, shifted = bytearray(), ""

    def flush() -> None:
        nonlocal shifted
        if shifted:
            coded = base64.b64encode(shifted.encode("utf-16-be", "surrogatepass")).rstrip(b"=").replace(b"/", b",")
            out.extend(b"&" + coded + b"-")
            shifted = ""

    for character in name:
        if " " <= character <= "~":
            flush()
            out.extend(b"&-" if character == "&" else character.encode("ascii"))
        else:
            shifted += character
    flush()
    return bytes(out)


def decode_mailbox(raw: bytes) -> str | None:
    """The name behind modified UTF-7; None if it is malformed or has other spellings (then it can't be addressed again)."""
    out, rest = [], raw
    try:
        while rest:
            plain, shift, rest = rest.partition(b"&")
            out.append(plain.decode("ascii"))
            if not shift:
                break
            coded, _, rest = rest.partition(b"-")
            if not coded:
                out.append("&")
                continue
            padded = coded.replace(b",", b"/") + b"=" * (-len(coded) % 4)
            out.append(base64.b64decode(padded, validate=True).decode("utf-16-be"))
    except ValueError:
        return None
    name = "".join(out)
    return name if encode_mailbox(name) == raw else None


def _breaks(raw: bytes) -> bool:
    return b"\r" in raw or b"\n" in raw or b"\0" in raw
