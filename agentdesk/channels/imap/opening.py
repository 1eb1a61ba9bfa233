"""The beginning of a connection, before any library sees it: connect, TLS, the greeting.

With STARTTLS, whatever was said in plain text is forgotten: it was said by anybody on the line (RFC 9051, 6.2.1).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.imap import limits
from agentdesk.channels.imap.responses import Untagged
from agentdesk.channels.stream import Stream
from agentdesk.channels.tls import Tls, explained, is_loopback
from agentdesk.config import ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

_GREETING_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Opened:
    stream: Stream
    greeting: bytes
    early: bytes
    """What came together with the greeting."""
    preauth: bool
    """Logged in already."""
    trusted: bool
    """What the greeting says may be relied on."""


def open_stream(url: ServerUrl, tls: Tls, usage: Usage, *, connect: float, greeting: float) -> Opened:
    """A connection with its greeting read; seconds for each of the two steps.

    Raises:
        ChannelDown: with what is wrong.
    """
    if url.scheme == "imap" and not is_loopback(url.host):
        raise ChannelDown(say("channels.plain_refused", server=str(url)))
    with explained(url):
        stream = Stream.connect(url.host, url.port, deadline=time.monotonic() + connect, usage=usage)
        try:
            deadline = time.monotonic() + greeting
            if url.scheme == "imaps":
                stream.start_tls(tls, deadline=deadline)
            line, early = _line(stream, b"", deadline)
            if url.scheme == "imap+starttls":
                _start_tls(stream, line, early, tls, deadline)
                early = b""
            preauth = line.upper().startswith(b"* PREAUTH")
            if not preauth and not line.upper().startswith(b"* OK"):
                said = Untagged("BYE", (line[2:].partition(b" ")[2],))
                if pause := limits.at_the_door(said.code()[0], said.text.decode("utf-8", "replace")):
                    raise limits.down(url, said.text.decode("utf-8", "replace"), pause)
                raise ConnectionAbortedError(clean_line(line.decode("utf-8", "replace")))
        except BaseException:
            stream.close()
            raise
    return Opened(stream, line, early, preauth, trusted=url.scheme != "imap+starttls")


def _start_tls(stream: Stream, greeting: bytes, rest: bytes, tls: Tls, deadline: float) -> None:
    """STARTTLS. Untagged lines may come before its answer; anything after it is dropped unread."""
    if not greeting.upper().startswith(b"* OK"):
        raise ConnectionAbortedError(say("channels.no_starttls"))  # PREAUTH: a way to keep us from TLS
    stream.send(b"T STARTTLS\r\n", deadline)
    answer = b"*"
    while answer.startswith(b"*"):
        answer, rest = _line(stream, rest, deadline)
    if not answer.upper().startswith(b"T OK"):
        raise ConnectionAbortedError(say("channels.no_starttls"))
    stream.start_tls(tls, deadline=deadline)


def _line(stream: Stream, rest: bytes, deadline: float) -> tuple[bytes, bytes]:
    """The next line, and what came with it."""
    while b"\n" not in rest:
        data = stream.receive(deadline)
        if not data:
            raise ConnectionAbortedError(say("channels.closed_by_server"))
        rest += data
        if len(rest) > _GREETING_BYTES:
            raise ConnectionAbortedError(say("channels.without_measure"))
    line, _, rest = rest.partition(b"\n")
    return line.rstrip(b"\r"), rest
