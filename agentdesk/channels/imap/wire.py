"""The one class over imaplib2, and the mending of it. Only `connection` knows it.

imaplib2 3.6 matches tags, puts literals together and keeps its threads; everything else here is ours, because of its defects:

- COMPRESS stalls on what it leaves uninflated, and inflates from the wrong byte when commands are pipelined: `Lines` inflates
  all it has, and begins exactly after the line that agrees to it.
- `enable()` never frees a lock, `xatom` changes a table of the whole process: commands do not go through its methods at all.
- No time-out on connect and handshake, one per line afterwards: `Stream` and `Patience` bound every wait.
- TLS is not verified, the host name never is; STARTTLS dies of an untagged line: both happen in `opening`, before imaplib2
  sees the connection, and what was said in plain text before TLS is forgotten.
- Text that is not ASCII poisons the connection, nothing is quoted: commands are made in `commands`, as bytes.
- UTF8=ACCEPT would break its APPEND: never enabled.
- It logs to `sys.stderr`, wants an object of that type, and at debug level 1 logs the password: it has no log here.
- An untagged line before "+" counts as the refusal of a literal: "+" is ours.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from types import SimpleNamespace
from typing import Any

import imaplib2
import imaplib2.imaplib2 as _library

from agentdesk.channels.imap.lines import TEXT_ONLY, Lines
from agentdesk.channels.imap.patience import Patience
from agentdesk.channels.imap.responses import Answer, Untagged
from agentdesk.channels.stream import Stream
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

_AHEAD = 256
"""Pieces that wait for the handler thread at most."""
_EACH = 64
"""What a response takes besides its bytes, so that millions of short ones are without measure, too."""


class _Thread(threading.Thread):
    """The names of methods that imaplib2 still uses and Python has deprecated."""

    def setDaemon(self, daemonic: bool) -> None:  # noqa: N802 - the name imaplib2 calls
        self.daemon = daemonic

    def setName(self, name: str) -> None:  # noqa: N802 - likewise
        self.name = name


# imaplib2 calls setDaemon, setName and currentThread, deprecated since Python 3.10. It is handed its own view of `threading`;
# a filter on warnings would hold for the whole process and be lost in each test.
_library.threading = SimpleNamespace(
    Thread=_Thread, Event=threading.Event, Lock=threading.Lock, currentThread=threading.current_thread
)


class Pending:
    """A command whose answer is due."""

    def __init__(self, tag: bytes) -> None:
        self.tag = tag
        self.answer: Answer | None = None

    def abort(self, _type: object, _reason: object) -> None:
        """Called by imaplib2 when the connection ends; the waiting thread looks at `Wire.over` instead."""

    deliver = abort


class Flight:
    """Bytes for imaplib2's writer: one or more commands that leave together."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def abort(self, _type: object, _reason: object) -> None:
        """The writer ends, and with it the connection."""


class _Greeted:
    """Stands for imaplib2's wait for the greeting, which was read before its threads began."""

    def get_response(self, _format: str) -> tuple[bool, bytes]:
        return True, b""


class Wire(imaplib2.IMAP4):  # type: ignore[misc]  # imaplib2 has no types
    """imaplib2 with its input, output, waiting and logging replaced. Only `Connection` knows it.

    Everything behind `bell` is written by imaplib2's handler thread and read by the channel's.
    """

    compressor: Any

    def __init__(self, stream: Stream, early: bytes, *, preauth: bool) -> None:
        self.stream = stream
        self.bell = threading.Condition()
        self.over = ""
        """Why the connection ended; empty while it lives."""
        self.bye = ""
        self.reason = ""
        self.untagged: list[Untagged] = []
        self.continued = 0
        self.challenge = b""
        """What stood behind the last "+"."""
        self.lines = Lines(self._hand_over, Patience().bytes)
        self._early = early
        self._preauth = preauth
        self._pieces: list[bytes | tuple[bytes, bytes]] = []
        self._kind = ""
        self.kept = 0
        super().__init__(host="", port=0)

    # What imaplib2 would do itself while it is being made.

    def open(self, host: str | None = None, port: int | None = None) -> None:
        self.host, self.port = host, port
        self.untagged_responses = [["PREAUTH" if self._preauth else "OK", [b""]]]
        # What imaplib2 would not know: a response in small letters, an answer without text
        self.small = re.compile(rb"(?:\*|%b\d+)(?: \d+)? [A-Za-z-]*[a-z][A-Za-z-]*(?= |\r\n)" % re.escape(self.tagpre))
        self.bare = re.compile(rb"%b\d+ (?:OK|NO|BAD)\r\n" % re.escape(self.tagpre))

    def _get_capabilities(self) -> None:
        self.capabilities = ("IMAP4REV1",)

    def _request_push(self, tag: bytes | None = None, name: str | None = None, **_options: Any) -> Any:
        del tag, name
        return _Greeted()

    def _init_debug(self, *_options: Any) -> None:
        self.debug = -1

    def _log(self, _level: int, _line: str) -> None: ...

    def _mesg(self, *_words: Any) -> None: ...

    def _print_log(self) -> None: ...

    def _dump_ur(self, _level: int) -> None: ...

    # Threads.

    def _reader(self) -> None:
        self.inq.maxsize = _AHEAD
        try:
            data = self._early or self.stream.receive()
            while data:
                self.lines.feed(data)
                data = self.stream.receive()
        except (OSError, zlib.error) as error:
            self.reason = self.reason or str(error)
        except OverflowError:
            self.reason = say("channels.without_measure")
        self.inq.put((self.abort, ""))  # the handler ends the connection after what came before

    def _hand_over(self, piece: bytes) -> None:
        """To the handler thread, no faster than it takes them: a few bytes of deflate can stand for millions of lines."""
        if self.over:
            raise ConnectionAbortedError(self.over)
        self.inq.put(piece)

    def _handler(self) -> None:
        try:
            super()._handler()
        finally:
            self._end(self.bye or self.reason)

    def send(self, data: bytes) -> None:
        if self.compressor is not None:
            data = self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
        try:
            self.stream.send(data, time.monotonic() + Patience().most)
        except OSError as error:
            self.reason = self.reason or str(error)
            raise

    def start_compressing(self) -> None:
        """What we send; what comes in has been inflated since the answer was read."""
        self.compressor = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)

    # Responses.

    def _put_response(self, resp: bytes) -> None:
        begins = not self._expecting_data and self._literal_expected is None
        if begins:
            if not resp.endswith(b"\r\n"):
                resp = resp.rstrip(b"\n") + b"\r\n"
            if resp.startswith(b"+"):
                with self.bell:
                    self.challenge = resp[1:].strip()
                    self.continued += 1
                    self.bell.notify_all()
                return
            if small := self.small.match(resp):
                resp = small[0].upper() + resp[small.end() :]
            if self.bare.fullmatch(resp) or TEXT_ONLY.fullmatch(resp):
                resp = resp[:-2] + b" \r\n"
            self._pieces, self._kind = [], "" if resp.startswith(b"* ") else "-"
        super()._put_response(resp)
        if self._expecting_data_len > self.lines.limit:
            self._refuse(say("channels.without_measure"))
        if self._pieces and self._literal_expected is None:
            with self.bell:
                self.untagged.append(Untagged(self._kind, tuple(self._pieces)))
                self._pieces = []
                self.bell.notify_all()

    def _append_untagged(self, typ: str, dat: Any) -> None:
        if not self._kind:
            self._kind = typ
        elif self._kind != typ:
            return  # the response code, which imaplib2 reports once more as a response of its own
        piece = b"" if dat is None else dat
        self.kept += _EACH + (sum(map(len, piece)) if isinstance(piece, tuple) else len(piece))
        if self.kept > self.lines.limit:
            self._refuse(say("channels.without_measure"))
        if typ == "BYE":
            self.bye = clean_line(bytes(dat or b"").decode("utf-8", "replace")) or say("channels.closed_by_server")
        self._pieces.append(piece)

    def _refuse(self, reason: str) -> None:
        """End it from within the handler thread (imaplib2 hides what is raised there)."""
        self.reason = reason
        raise ConnectionAbortedError(reason)

    def _request_pop(self, name: Any, data: Any) -> None:
        with self.bell:
            pending: Pending | None = self.tagged_commands.pop(name, None)
            if pending is not None:
                status, (words,) = data
                pending.answer = Answer(status, bytes(words).strip(), tuple(self.untagged))
                self.untagged = []
                self.kept = 0
            self.bell.notify_all()

    def _end(self, reason: str) -> None:
        with self.bell:
            self.over = self.over or reason or say("channels.closed_by_server")
            self.bell.notify_all()
        with self.inq.not_full:  # nobody waits for room any more
            self.inq.maxsize = 1 << 30
            self.inq.not_full.notify_all()

    # For the channel's thread.

    def register(self) -> Pending:
        """A tag of its own for a command."""
        with self.bell:
            pending = Pending(self.tagpre + b"%d" % self.tagnum)
            self.tagnum += 1
            self.tagged_commands[pending.tag] = pending
            return pending

    def may_go_on(self, pending: Pending, turn: int) -> bool:
        """Whether the server has said "+" since `turn`, or has answered already."""
        return pending.answer is not None or self.continued > turn

    def stop(self, reason: str) -> None:
        """End the connection and its threads."""
        self._end(reason)
        self.Terminate = True
        self.stream.shutdown()
        self.ouq.put(None)
        self.inq.put(None)
        for thread in (self.wrth, self.rdth, self.inth):
            thread.join(10.0)
        self.stream.close()
