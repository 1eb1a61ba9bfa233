"""No text can become a command: whatever is put into one comes out at the other end as one string, or is refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.channels.imap.commands import (
    Literal,
    command,
    day,
    decode_mailbox,
    encode_mailbox,
    flags,
    group,
    mailbox,
    moment,
    number_range,
    number_set,
    sasl_plain,
    section,
    text,
    word,
)  # fmt: skip
from agentdesk.channels.imap.responses import among, numbers

HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet='"\\{}()[]%* \r\n\0&-+~AéЖ😀\x7f\x80\ud800'),
    st.sampled_from(['"', "\\", '\\"', "{3}", "{3+}\r\nabc", '" LOGOUT "', "a\r\nA2 DELETE INBOX", "NIL", "", "&", "&-", "\x00", "é" * 2000]),
)


class Reader:
    """A server's reading of commands, written from the grammar (RFC 3501, 9) and not from our code."""

    def __init__(self, wire: bytes) -> None:
        self.wire, self.at = wire, 0

    def commands(self) -> list[list[bytes]]:
        found = []
        while self.at < len(self.wire):
            found.append(self.command())
        return found

    def command(self) -> list[bytes]:
        words = []
        while True:
            words.append(self.word())
            if self.wire.startswith(b"\r\n", self.at):
                self.at += 2
                return words
            assert self.wire[self.at : self.at + 1] == b" ", self.wire[self.at :]
            self.at += 1

    def word(self) -> bytes:
        rest = self.wire[self.at :]
        if rest.startswith(b'"'):
            quoted = re.match(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"', rest)
            assert quoted is not None, rest
            self.at += quoted.end()
            return re.sub(rb"\\(.)", rb"\1", quoted[1])
        if literal := re.match(rb"\{(\d+)(\+?)\}\r\n", rest):
            begin = self.at + literal.end()
            self.at = begin + int(literal[1])
            content = self.wire[begin : self.at]
            assert b"\0" not in content
            return content
        atom = re.match(rb'[^\x00-\x1f\x7f-\xff (){"%]+', rest)
        assert atom is not None, rest
        self.at += atom.end()
        return atom[0]


def wire(segments: list[bytes]) -> bytes:
    return b"".join(segments)


@given(HOSTILE, HOSTILE, st.sampled_from([-1, 4096, 1 << 31]))
def test_every_text_is_one_string(one: str, two: str, nonsync: int) -> None:
    try:
        made = command("LOGIN", text(one), text(two))
    except ValueError:
        assert any(re.search("[\r\n\0\ud800-\udfff]", value) for value in (one, two))
        return
    segments = made.segments(b"A1", nonsync=nonsync)
    assert Reader(wire(segments)).commands() == [[b"A1", b"LOGIN", one.encode(), two.encode()]]
    if nonsync > 4096:
        assert len(segments) == 1
    for segment in segments[:-1]:
        assert re.search(rb" \{\d+\}\r\n\Z", segment), "a literal that must be waited for ends its segment"


@given(HOSTILE)
def test_every_mailbox_name_is_one_string_and_comes_back(name: str) -> None:
    try:
        made = command("SELECT", mailbox(name))
    except ValueError:
        return
    ((_, _, raw),) = Reader(wire(made.segments(b"A1", nonsync=-1))).commands()
    assert raw.isascii()
    assert decode_mailbox(raw) == (name if not re.search("[\ud800-\udfff]", name) else None)


@given(st.binary())
def test_names_that_can_not_be_said_again_are_no_names(raw: bytes) -> None:
    name = decode_mailbox(raw)
    assert name is None or encode_mailbox(name) == raw


@given(st.binary())
def test_bytes_too(raw: bytes) -> None:
    try:
        made = command("SEARCH", text(raw))
    except ValueError:
        assert re.search(b"[\r\n\0]", raw)
        return
    assert Reader(wire(made.segments(b"A1", nonsync=-1))).commands() == [[b"A1", b"SEARCH", raw]]


@given(st.text(), st.text())
def test_sasl_is_one_word_of_base64(user: str, password: str) -> None:
    try:
        assert re.fullmatch(rb"[A-Za-z0-9+/=]+", sasl_plain(user, password))
    except ValueError:
        assert re.search("[\0\ud800-\udfff]", user + password)


@pytest.mark.parametrize("bad", ["\\Seen)", "a b", "", "a\r\nb", "(", 'a"b', "é", "a]b", "{1}"])
def test_flags_are_flags(bad: str) -> None:
    with pytest.raises(ValueError):
        flags([bad])


def test_flags_together() -> None:
    assert flags(["\\Seen", "$Junk"]) == b"(\\Seen $Junk)"


@pytest.mark.parametrize("bad", ["", "0", "1.", ".1", "1.0", "1]", "1 2", "TEXT", "1.MIME", "1\r\n", "9" * 9, "-1"])
def test_parts_are_numbers(bad: str) -> None:
    with pytest.raises(ValueError):
        section(bad)


def test_a_part() -> None:
    assert section("2.1.10") == "2.1.10"


def test_a_line_end_in_a_word_of_our_own_is_a_defect() -> None:
    with pytest.raises(ValueError):
        command("NOOP", word("a\r\nb")).segments(b"A1", nonsync=-1)


@given(st.sets(st.integers(1, 0xFFFFFFFF), min_size=1, max_size=50), st.sets(st.integers(1, 300), max_size=50))
def test_sets_of_messages(chosen: set[int], close: set[int]) -> None:
    every = chosen | close
    assert among(numbers(number_set(every)), sorted(every | {5, 77})) == sorted(every & (every | {5, 77}))


@pytest.mark.parametrize("bad", [[], [0], [-1], [1 << 32]])
def test_no_set(bad: list[int]) -> None:
    with pytest.raises(ValueError):
        number_set(bad)


def test_runs_are_joined() -> None:
    assert number_set([5, 1, 2, 3, 9, 10]) == b"1:3,5,9:10"
    assert number_range(5, None) == b"5:*"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 3, 9, 8, 5, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))), b'"09-Mar-2026 08:05:01 -0330"'),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), b'"31-Dec-2026 23:59:59 +0000"'),
        (datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=49, seconds=56))), b'"01-Jan-1890 00:00:00 +0049"'),
    ],
)
def test_moments(at: datetime, said: bytes) -> None:
    assert moment(at) == said


def test_days_are_english_whatever_the_locale() -> None:
    assert day(date(2026, 5, 1)) == b"1-May-2026"


def test_a_password_is_in_no_representation() -> None:
    assert "hunter2" not in repr(command("LOGIN", text("user"), text("hunter2")))


def test_groups() -> None:
    assert group(word("UID"), word("FLAGS")) == b"(UID FLAGS)"
    assert text("x" * 901) == Literal(b"x" * 901)
