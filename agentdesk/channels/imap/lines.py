"""Bytes from the network as the pieces imaplib2's parser takes: whole lines, and literals in large pieces.

It would cut everything at line ends, so a long list of short lines, four million of them, would take minutes; it stalls on what
its inflater holds back; and it begins to inflate wherever its threads happen to be (COMPRESS, RFC 4978).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

# Where imaplib2 takes what follows for a literal: it must be seen in the same places here. It would do so in words for people
# too, where there are none (`TEXT_ONLY`; RFC 3501, 7.1): they are handed to it with a blank at the end.
TEXT_ONLY = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH) .*\}\r\n", re.IGNORECASE)
_BEGINS_LITERAL = re.compile(rb"\* (?!(?i:OK|NO|BAD|BYE|PREAUTH) )(?:\d+ )?[A-Za-z-]+ .*\{(\d+)\}\r?\n")
_LITERAL = re.compile(rb".*\{(\d+)\}\r\n")
_INFLATE_BYTES = 1 << 20  # at a time: a few bytes of deflate can stand for a thousand times as many


class Lines:
    """One direction of one connection. `put` is given each piece in order."""

    def __init__(self, put: Callable[[bytes], None], limit: int) -> None:
        self.limit = limit
        """Bytes in a line at most; `OverflowError` beyond."""
        self.compress_tag = b""
        """The tag of a COMPRESS under way: right after the line that agrees to it, all is deflated."""
        self._put = put
        self._inflater: zlib._Decompress | None = None
        self._line = bytearray()
        self._literal = 0
        self._within = False

    def feed(self, data: bytes) -> None:
        """Take what came from the network.

        Raises:
            OverflowError: a line without end.
            zlib.error: what should be deflated is not.
        """
        for plain in self._inflated(data):
            self._cut(plain)

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        """All that `data` stands for, in pieces: nothing may wait in the inflater until the next byte comes."""
        if self._inflater is None:
            yield data
            return
        more = True
        while more:
            plain = self._inflater.decompress(data, _INFLATE_BYTES)
            yield plain
            data = self._inflater.unconsumed_tail
            more = bool(data) or len(plain) == _INFLATE_BYTES

    def _cut(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._literal:
                piece = data[at : at + self._literal]
                self._literal -= len(piece)
                at += len(piece)
                self._put(piece)
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or len(data)]
            if len(self._line) > self.limit:
                raise OverflowError
            if not end:
                return
            at = end
            line = bytes(self._line)
            self._line.clear()
            self._put(line)
            announced = (_LITERAL if self._within else _BEGINS_LITERAL).match(line)
            self._within = announced is not None
            self._literal = int(announced[1]) if announced else 0
            if self.compress_tag and line.upper().startswith(self.compress_tag + b" OK"):
                self.compress_tag = b""
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                if at < len(data):
                    self.feed(data[at:])
                return
