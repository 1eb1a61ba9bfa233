"""Attachments of chats: in pieces where the server can (Range, RFC 9110, 14), else whole.

Chatwoot itself redirects to wherever its files lie (its own disk, S3, a CDN): some of these answer a range, some don't. What a range
is of may change in between; `If-Range` then brings the whole new file instead.
"""

from __future__ import annotations

import re
import time
from typing import Protocol

import httpx

from agentdesk.channels.chatwoot.api import Api
from agentdesk.errors import Refused
from agentdesk.locale import say

LEAST, MOST = 16 << 10, 1 << 20
_FIRST = 64 << 10
_SECONDS = 2.0
"""What a piece should take at most."""
_PATIENCE = 3600.0
"""Seconds for one answer: it may be the whole file. One that says nothing for 20 s is given up before."""
_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)")


class Taker(Protocol):
    """Who takes the pieces."""

    def begin(self, mark: str, total: int, *, whole: bool) -> None:
        """It comes from the first byte on, again perhaps. `mark` says which version it is; `whole`: it can't be gone on with later."""

    def keep(self, piece: bytes, total: int) -> bool:
        """The next piece, and how many bytes there are in all as far as is known; False: no more for now."""


class Files:
    """Brings files in over one connection."""

    def __init__(self) -> None:
        self._size = _FIRST

    def bring(self, api: Api, url: str, start: int, mark: str, total: int, taker: Taker) -> bool:
        """All after `start` of the version `mark`, which had `total` bytes; True when the end has come.

        Raises:
            Refused: there is no such file, or it may not be fetched.
            ChannelDown: the line broke.
        """
        at, found = start, url
        while True:
            began = time.monotonic()
            headers = {"range": f"bytes={at}-{at + self._size - 1}"} | ({"if-range": mark} if at and mark else {})
            with api.file(found, headers, _PATIENCE) as response:
                if response.status_code == 200:
                    return _whole(response, taker)
                if response.status_code not in {206, 416}:
                    if found == url:
                        raise Refused(say("chat.no_file", status=response.status_code))
                    found = url  # a signed address has a short life
                    continue
                first, size = _range(response)
                if response.status_code == 416 and size == at:
                    if not at:
                        taker.begin("", 0, whole=False)
                    taker.keep(b"", at)
                    return True
                if first != at or (at and total and size not in {0, total}):
                    if not at:
                        raise Refused(say("chat.no_file", status=response.status_code))
                    at, mark, total = 0, "", 0  # it is another file by now
                    continue
                if not at:
                    mark, total = _mark(response), size
                    taker.begin(mark, total, whole=False)
                piece = response.read()[: self._size]
                found = str(response.url)
            self._pace(len(piece), time.monotonic() - began)
            at += len(piece)
            if not piece and at < size:
                raise Refused(say("chat.no_file", status=response.status_code))
            ended = at >= size if size else not piece
            more = taker.keep(piece, max(at, size))
            if ended:
                return True
            if not more:
                return False

    def _pace(self, size: int, seconds: float) -> None:
        if seconds > _SECONDS:
            self._size = max(LEAST, self._size // 2)
        elif size >= self._size and seconds < _SECONDS / 3:
            self._size = min(MOST, self._size * 2)


def _whole(response: httpx.Response, taker: Taker) -> bool:
    """The server sends all of it at once; stopping means to begin anew."""
    told = response.headers.get("content-length", "")
    total = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0
    taker.begin("", total, whole=True)
    here = 0
    for piece in response.iter_bytes(LEAST):
        here += len(piece)
        if not taker.keep(piece, max(here, total)):
            return False
    taker.keep(b"", here)
    return True


def _range(response: httpx.Response) -> tuple[int, int]:
    """Where the piece begins (-1: nowhere), and how many bytes there are in all (0: not told)."""
    found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if found is None:
        return -1, 0
    return int(found[1]) if found[1] else -1, int(found[3]) if found[3] != "*" else 0


def _mark(response: httpx.Response) -> str:
    """What tells this version from another: a strong ETag, else the time it was changed (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("etag", "")
    mark = tag if tag and not tag.startswith("W/") else response.headers.get("last-modified", "")
    return mark if mark.isascii() and mark.isprintable() and len(mark) <= 300 else ""
