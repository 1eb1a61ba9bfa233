"""Files that stand within a text: uuencoded (POSIX `uuencode`, both forms) and yEnc (http://www.yenc.org/yenc-draft.1.3.txt).

Found in one pass. A file name in a block is a name to show, never a path to write to.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_uu
from collections.abc import Iterator
from dataclasses import dataclass

from agentdesk.mail import charset, limits
from agentdesk.mail.headers import base64_bytes

_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,300}?)[ \t]*\r?$", re.MULTILINE)
_YENC = re.compile(rb"^=ybegin (?:[a-z]{1,9}=\d{1,20} ){1,8}name=([^\r\n]{1,300}?)[ \t]*\r?$", re.MULTILINE)
_YENC_PART = re.compile(rb"=ypart [^\r\n]{0,300}\r?\n")
_YENC_END = re.compile(rb"^=yend[ \r\n]", re.MULTILINE)
_YENC_ESCAPE = re.compile(rb"=(.)", re.DOTALL)
_UNSHIFT = bytes((byte - 42) & 0xFF for byte in range(256))
_ENDS = frozenset({b"end", b"===="})
_ANY = re.compile(rb"^(?:begin|=ybegin) ?", re.MULTILINE)
_EMPTY = frozenset({b"`", b" ", b""})


@dataclass(frozen=True, slots=True)
class Block:
    """One file in a text, from `start` to `end` of its bytes."""

    name: str
    content: bytes
    start: int
    end: int


def blocks(data: bytes) -> list[Block]:
    """The files in a text, in their order. One that breaks off is taken as far as it goes."""
    found: list[Block] = []
    position = 0
    while len(found) < limits.INNER_FILES and (head := _ANY.search(data, position)):
        block = _uu(data, head.start()) or _yenc(data, head.start())
        position = block.end if block else head.end()
        if block:
            found.append(block)
    return found


def without(data: bytes, found: list[Block]) -> bytes:
    """The text around the files."""
    pieces, position = [], 0
    for block in found:
        pieces.append(data[position : block.start])
        position = block.end
    return b"".join((*pieces, data[position:]))


def _uu(data: bytes, start: int) -> Block | None:
    head = _BEGIN.match(data, start)
    if head is None:
        return None
    base64 = head[1] is not None
    pieces: list[bytes] = []
    end = head.end() + 1
    for line, after in _lines(data, end):
        if line in _ENDS:
            end = after
            break
        if base64:
            piece = base64_bytes(line) if len(line) <= 100 else b""
        else:
            piece = _uu_line(line)
        if not piece and line not in _EMPTY:
            break
        pieces.append(piece)
        end = after
    content = b"".join(pieces)
    return Block(_name(head[2]), content, start, min(end, len(data))) if content else None


def _uu_line(line: bytes) -> bytes:
    """The content of one line; nothing if it is none. Trailing spaces may have been lost, a check character may stand there."""
    if not line or len(line) > 90 or not 32 <= line[0] <= 96:
        return b""
    size = (line[0] - 32) & 63
    encoded = (size * 4 + 5) // 3
    if not size or not encoded - 7 <= len(line) <= encoded + 4:
        return b""
    try:
        return a2b_uu(line[: 1 + -(-size // 3) * 4])
    except Error:
        return b""


def _yenc(data: bytes, start: int) -> Block | None:
    head = _YENC.match(data, start)
    if head is None:
        return None
    begin = head.end() + 1
    part = _YENC_PART.match(data, begin)
    begin = part.end() if part else begin
    tail = _YENC_END.search(data, begin)
    stop = tail.start() if tail else len(data)
    line_end = data.find(b"\n", stop) if tail else -1
    plain = _YENC_ESCAPE.sub(lambda m: bytes(((m[1][0] - 64) & 0xFF,)), data[begin:stop].replace(b"\r", b"").replace(b"\n", b""))
    return Block(_name(head[1]), plain.translate(_UNSHIFT), start, line_end + 1 if line_end >= 0 else len(data))


def _lines(data: bytes, position: int) -> Iterator[tuple[bytes, int]]:
    """Lines without their ends, and where the next begins."""
    while position < len(data):
        stop = data.find(b"\n", position)
        stop = len(data) if stop < 0 else stop
        yield data[position:stop].rstrip(b"\r"), stop + 1
        position = stop + 1


def _name(raw: bytes) -> str:
    return charset.decode(raw).strip().strip('"')
