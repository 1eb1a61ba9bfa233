"""Ways in which a server can be wrong: bytes changed in what it says, and answers made of a grammar of nonsense."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable

NUMBERS = (b"0", b"1", b"7", b"4294967295", b"4294967296", b"18446744073709551616", b"-1", b"00000000000000000012", b"1e9", b"")
LITERALS = (b"{2147483647}", b"{-1}", b"{4294967296}", b"{0}", b"{}", b"{99999999999999999999}", b"{3+}", b"~{9}", b"{7")
WORDS = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH", b"FETCH", b"EXISTS", b"EXPUNGE", b"RECENT", b"VANISHED", b"SEARCH", b"ESEARCH", b"STATUS", b"LIST", b"CAPABILITY")
FLAGS = (rb"\Seen", rb"\Deleted", b"a[b", b"", b"$x", b"\xff", rb"\*")
CODES = (
    b"[UIDVALIDITY 4294967296]", b"[UIDVALIDITY 0]", b"[UIDNEXT 4294967295]", b"[UIDNEXT -1]", b"[HIGHESTMODSEQ 99999999999999999999999]", b"[HIGHESTMODSEQ 1]",
    b"[CLOSED]", b"[NOMODSEQ]", b"[APPENDUID 1 2]", b"[COPYUID 1 1:99999999 2]", b"[CAPABILITY]", b"[CAPABILITY IMAP4rev1 COMPRESS=DEFLATE]", b"[ALERT", b"[]",
    b"[UNAVAILABLE]", b"[TRYCREATE]", b"[READ-ONLY]", b"[INUSE]",
)  # fmt: skip
DEEP = b"(" * 3000


def noise(draw: random.Random) -> bytes:
    """A line that nobody asked for."""
    number = draw.choice(NUMBERS)
    match draw.randrange(16):
        case 0:
            return b"* %b EXISTS\r\n" % number
        case 1:
            return b"* %b EXPUNGE\r\n" % number
        case 2:
            return b"* %b FETCH (UID %b FLAGS (%b))\r\n" % (draw.choice(NUMBERS), number, draw.choice(FLAGS))
        case 3:
            return b"* %b FETCH (FLAGS (%b)\r\n" % (number, draw.choice(FLAGS))
        case 4:
            return b"* VANISHED %b%b:%b\r\n" % (draw.choice((b"", b"(EARLIER) ")), number, draw.choice(NUMBERS))
        case 5:
            return b"* OK %b words\r\n" % draw.choice(CODES)
        case 6:
            return b"* NO %b words\r\n" % draw.choice(CODES)
        case 7:
            return b"* BYE going\r\n"
        case 8:
            return b"* SEARCH " + b" ".join(draw.choices(NUMBERS, k=6)) + b"\r\n"
        case 9:
            return b'* ESEARCH (TAG "x") UID ALL 1:%b\r\n' % number
        case 10:
            return b"* %b FETCH (UID %b BODY[HEADER.FIELDS (FROM)] %b\r\nX: y\r\n)\r\n" % (number, number, draw.choice(LITERALS))
        case 11:
            return b"* 1 FETCH (UID 1 BODYSTRUCTURE " + DEEP + b")\r\n"
        case 12:
            return draw.randbytes(draw.randrange(1, 60)) + b"\r\n"
        case 13:
            return b"* " + draw.choice(WORDS) + b"\r\n"
        case 14:
            return b'* LIST (\\Sent) "/" ' + draw.choice((b"Sent", b'"../../x"', b'"&&&"', b"{4}\r\nSent", b"NIL", b'"a\xffb"')) + b"\r\n"
        case _:
            return b'* STATUS "Sent" (MESSAGES %b UIDNEXT %b UIDVALIDITY 1)\r\n' % (number, draw.choice(NUMBERS))


def _bytes_changed(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(changed) + 1)
        match draw.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del changed[at : at + draw.randrange(1, 20)]
            case 2:
                changed[at:at] = draw.choice((b"\0", b"\r", b"\n", b"\r\n", b'"', b"(", b")", b"{", b"}", b"\\", b"\xff", b"*", b" "))
            case _:
                changed[at:at] = changed[max(0, at - 30) : at]
    return bytes(changed)


def _numbers_changed(data: bytes, draw: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    one = draw.choice(found)
    return data[: one.start()] + draw.choice(NUMBERS) + data[one.end() :]


def _literals_changed(data: bytes, draw: random.Random) -> bytes:
    found = list(re.finditer(rb"\{\d+\}", data))
    if not found:
        return _numbers_changed(data, draw)
    one = draw.choice(found)
    return data[: one.start()] + draw.choice(LITERALS) + data[one.end() :]


def _lines_changed(data: bytes, draw: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    match draw.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[draw.randrange(len(lines))])
        case 2:
            draw.shuffle(lines)
        case 3:
            lines[at] = re.sub(rb"^\S+", draw.choice((b"XXXX1", b"*", b"+", b"", b"A" * 300)), lines[at])
        case _:
            lines[at] = lines[at].rstrip(b"\r\n") + draw.choice((b"\n", b"\r", b"\r\r\n", b""))
    return b"".join(lines)


def _with_noise(data: bytes, draw: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(draw.randrange(1, 5)):
        lines.insert(draw.randrange(len(lines) + 1), noise(draw))
    return b"".join(lines)


def _answer_only(data: bytes, draw: random.Random) -> bytes:
    """Noise where the answer was; its last line, with the tag, stays."""
    lines = data.splitlines(keepends=True)
    said = b"".join(noise(draw) for _ in range(draw.randrange(6)))
    return said + re.sub(rb" (OK|NO|BAD) ", draw.choice((rb" OK ", rb" NO ", rb" BAD ", b" WHAT ")), lines[-1])


def _endless(data: bytes, draw: random.Random) -> bytes:
    """A line, or a literal, beyond every measure."""
    beyond = draw.choice((b"A", b"(", b"* ", b"\0", b"1 ")) * (700 * 1024)
    return draw.choice((beyond, b"* " + beyond, data[: len(data) // 2] + beyond, b"* 1 FETCH (UID 1 BODY[] {900000}\r\n" + beyond))


def _goodbye(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)] + b"\r\n* BYE enough\r\n"


SPOILERS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _bytes_changed, _bytes_changed, _numbers_changed, _literals_changed, _lines_changed, _with_noise, _with_noise, _answer_only, _goodbye,
)  # fmt: skip


def spoiled(data: bytes, draw: random.Random) -> bytes:
    """What is said instead of `data`."""
    if draw.random() < 0.01:
        return _endless(data, draw)
    return draw.choice(SPOILERS)(data, draw)


def greeting(draw: random.Random) -> bytes:
    """A first line that no server should say."""
    return draw.choice((
        b"* PREAUTH " + b"x" * (1 << 20), b"* PREAUTH [CAPABILITY IMAP4rev1] come in", b"* BYE not today", b"220 this is SMTP", b"\0" * 100, b"",
        b"* OK [CAPABILITY " + b"X " * 5000 + b"] hello", b"* OK " + draw.randbytes(200).replace(b"\n", b""), b"* PREAUTH", b"* OK",
    ))  # fmt: skip


def deflated(draw: random.Random) -> bytes:
    """What no inflater should be given: garbage, a stream that ends, or a few bytes for very many."""
    match draw.randrange(3):
        case 0:
            return draw.randbytes(draw.randrange(1, 200))
        case 1:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            return packer.compress(b"* OK and that was all\r\n") + packer.flush(zlib.Z_FINISH)
        case _:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            return packer.compress(draw.choice((b"A", b"\0", b"* 1 EXISTS\r\n")) * (3 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
