"""Cutting what comes from the network: the same pieces however the network cuts it."""

from __future__ import annotations

import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.channels.imap.lines import Lines

STREAM = (
    b"* OK [CAPABILITY IMAP4rev1] ready {5}\r\n"  # words for people: no literal
    b"* 5 FETCH (UID 7 BODY[1] {11}\r\nline\nline\n\n BODY[2] {0}\r\n BODY[3] {3}\r\n{9} FLAGS ())\r\n"
    b"+ idling {7}\r\n"
    b"A1 OK done {7}\r\n"
    b"* 6 FETCH (FLAGS ())\r\n"
)
PIECES = [
    b"* OK [CAPABILITY IMAP4rev1] ready {5}\r\n",
    b"* 5 FETCH (UID 7 BODY[1] {11}\r\n", b"line\nline\n\n", b" BODY[2] {0}\r\n", b" BODY[3] {3}\r\n", b"{9}", b" FLAGS ())\r\n",
    b"+ idling {7}\r\n", b"A1 OK done {7}\r\n", b"* 6 FETCH (FLAGS ())\r\n",
]  # fmt: skip


def cut(chunks: list[bytes], tag: bytes = b"", limit: int = 1 << 20) -> list[bytes]:
    found: list[bytes] = []
    lines = Lines(found.append, limit)
    lines.compress_tag = tag
    for chunk in chunks:
        lines.feed(chunk)
    return found


def test_lines_and_literals() -> None:
    assert cut([STREAM]) == PIECES


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_however_it_is_cut(places: list[int]) -> None:
    edges = [0, *sorted(places), len(STREAM)]
    found = cut([STREAM[a:b] for a, b in itertools.pairwise(edges)])
    assert b"".join(found) == STREAM
    assert [piece for piece in found if piece.endswith(b"\r\n") and piece[:1] in b"*+A"] == [p for p in PIECES if p[:1] in b"*+A"]


@given(st.integers(0, 10_000), st.booleans())
def test_deflated_from_the_right_byte_on(place: int, extra: bool) -> None:
    deflater = zlib.compressobj(wbits=-15)
    deflated = deflater.compress(STREAM * 50) + deflater.flush(zlib.Z_SYNC_FLUSH)
    plain = (b"* 3 EXISTS\r\n" if extra else b"") + b"A7 OK begin\r\n"
    whole = plain + deflated
    place %= len(whole)
    assert b"".join(cut([whole[:place], whole[place:]], tag=b"A7")) == plain + STREAM * 50


def test_a_bomb_comes_in_pieces() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(b"* 1 FETCH (X {50000000}\r\n" + bytes(50_000_000)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    found = cut([b"A7 OK begin\r\n", bomb], tag=b"A7")
    assert max(map(len, found)) <= 1 << 20
    assert sum(map(len, found[2:])) == 50_000_000


def test_a_line_without_end() -> None:
    with pytest.raises(OverflowError):
        cut([b"* OK " + b"x" * 600, b"x" * 600], limit=1000)
