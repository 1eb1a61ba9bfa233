"""An httpx transport that counts what goes over the line, and lets no answer last or grow without end.

Counted are the bytes of HTTP itself: heads and bodies as they are transferred (compressed), above TLS. One request is one
round trip.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from agentdesk.channels.base import Usage

PATIENCE = "patience"
"""The extension of a request that says how many seconds its answer may take in all."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one answer, as transferred and as unpacked."""


class Counting(httpx.BaseTransport):
    """Wraps a transport.

    Args:
        inner: what really transfers.
        usage: counted up.
        patience: seconds for one request in all; a server that drips is not waited for. A request may bring its own (`PATIENCE`).
    """

    def __init__(self, inner: httpx.BaseTransport, usage: Usage, patience: float = 60.0) -> None:
        self._inner, self._usage, self._patience = inner, usage, patience
        self._lines: list[Any] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        seconds = request.extensions.get(PATIENCE, self._patience)
        deadline = time.monotonic() + seconds
        request.extensions = {**request.extensions, "trace": self._note}
        self._usage.round_trips += 1
        line = len(request.method) + 1 + len(request.url.raw_path) + 11  # " HTTP/1.1\r\n"
        self._usage.bytes_out += line + _head(request.headers)
        if isinstance(request.stream, httpx.SyncByteStream):
            request.stream = _Sent(request.stream, self._usage)
        # Of the head each byte that comes is progress to the library: one that drips would be waited for as long as it likes
        watch = threading.Timer(seconds, self._cut)
        watch.daemon = True
        watch.start()
        try:
            response = self._inner.handle_request(request)
        finally:
            watch.cancel()
        self._usage.bytes_in += 17 + _head(response.headers)  # "HTTP/1.1 200 OK\r\n"
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Received(response.stream, self._usage, deadline)
        return response

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Which lines there are; told by the transport while it connects."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._lines = [*self._lines[-3:], info["return_value"]]

    def _cut(self) -> None:
        """End the lines under whoever waits on them."""
        for line in self._lines:
            with contextlib.suppress(OSError, AttributeError):  # closed meanwhile
                socket.socket.shutdown(line.get_extra_info("socket"), socket.SHUT_RDWR)

    def close(self) -> None:
        self._inner.close()


class _Sent(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, usage: Usage) -> None:
        self._inner, self._usage = inner, usage

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            self._usage.bytes_out += len(chunk)
            yield chunk

    def close(self) -> None:
        self._inner.close()


class _Received(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, usage: Usage, deadline: float) -> None:
        self._inner, self._usage, self._deadline = inner, usage, deadline

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            self._usage.bytes_in += len(chunk)
            size += len(chunk)
            if size > LARGEST:
                raise httpx.ReadError("the answer is too large")
            if time.monotonic() > self._deadline:
                raise httpx.ReadTimeout("the answer takes too long")
            yield chunk

    def close(self) -> None:
        self._inner.close()


def _head(headers: httpx.Headers) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.raw) + 2
