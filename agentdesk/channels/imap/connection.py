"""The one class over imaplib2, and the mending of it.

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
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import imaplib2
import imaplib2.imaplib2 as _library

from agentdesk.channels import sasl
from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.imap.commands import Command, Word, command, sasl_plain, text
from agentdesk.channels.imap.lines import TEXT_ONLY, Lines
from agentdesk.channels.imap.opening import open_stream
from agentdesk.channels.imap.quirks import Quirks
from agentdesk.channels.imap.responses import Answer, Untagged
from agentdesk.channels.sasl import Mechanism, TokenRefused, Tokens
from agentdesk.channels.stream import Stream
from agentdesk.channels.tls import Identity
from agentdesk.config import ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused
from agentdesk.locale import say


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a command may take and how much it may bring, whatever the server does."""

    silence: float = 30.0
    """Seconds without one byte, while an answer is due."""
    seconds: float = 60.0
    """Seconds in all, and one more for each `rate` bytes that come."""
    rate: int = 500
    most: float = 600.0
    """Seconds in all, however fast it comes."""
    bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    connect: float = 10.0
    greeting: float = 20.0
    goodbye: float = 2.0
    command: Patience = field(default_factory=Patience)


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


class _Pending:
    """A command whose answer is due."""

    def __init__(self, tag: bytes) -> None:
        self.tag = tag
        self.answer: Answer | None = None

    def abort(self, _type: object, _reason: object) -> None:
        """Called by imaplib2 when the connection ends; the waiting thread looks at `_Wire.over` instead."""

    deliver = abort


class _Flight:
    """Bytes for imaplib2's writer: one or more commands that leave together."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def abort(self, _type: object, _reason: object) -> None:
        """The writer ends, and with it the connection."""


class _Greeted:
    """Stands for imaplib2's wait for the greeting, which was read before its threads began."""

    def get_response(self, _format: str) -> tuple[bool, bytes]:
        return True, b""


class _Wire(imaplib2.IMAP4):  # type: ignore[misc]  # imaplib2 has no types
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
        self.lines = Lines(lambda piece: self.inq.put(piece), Patience().bytes)  # noqa: PLW0108 - its queue comes later
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
        self.kept += sum(map(len, piece)) if isinstance(piece, tuple) else len(piece)
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
            pending: _Pending | None = self.tagged_commands.pop(name, None)
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

    # For the channel's thread.

    def register(self) -> _Pending:
        """A tag of its own for a command."""
        with self.bell:
            pending = _Pending(self.tagpre + b"%d" % self.tagnum)
            self.tagnum += 1
            self.tagged_commands[pending.tag] = pending
            return pending

    def may_go_on(self, pending: _Pending, turn: int) -> bool:
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


class Connection:
    """One connection to an IMAP server, logged in. It belongs to one thread; only `ring` may be called from another.

    Raises, from every method: `ChannelDown` when the connection is gone or broken; it can't be used any more then.
    """

    compresses = True
    """Whether to ask for compression where it is offered."""

    def __init__(
        self, url: ServerUrl, *, ca_file: Path | None = None, usage: Usage | None = None, timeouts: Timeouts | None = None,
        tokens: Tokens | None = None, identity: Identity | None = None,
    ) -> None:
        """`tokens`: log in by these instead of the password; `identity`: our certificate."""
        self.url = url
        self.usage = usage if usage is not None else Usage()
        self.timeouts = timeouts or Timeouts()
        self.capabilities: frozenset[str] = frozenset()
        self.quirks = Quirks()
        self.compressed = False
        self._ca_file, self._tokens, self._identity = ca_file, tokens, identity
        self._wire: _Wire | None = None
        self._idle: _Pending | None = None

    # Beginning and end.

    def open(self, user: str, password: str) -> None:
        """Connect, TLS, log in, compress.

        An access token that is refused is renewed and tried once more, never again.

        Raises:
            LoginRefused: the server does not accept the name, the password or the token.
        """
        self.close()
        if self._tokens is None:
            self._begin(user, password, "")
            return
        token = sasl.asked(self._tokens.current)
        try:
            self._begin(user, password, token)
        except TokenRefused:
            self.close()
            self._begin(user, password, sasl.asked(partial(self._tokens.renewed, token)))

    def _begin(self, user: str, password: str, token: str) -> None:
        preauth = self._connect()
        if preauth:
            self._ask_capabilities()
        else:
            self._login(user, password, token)

    def _connect(self) -> bool:
        """Whether we are logged in already."""
        opened = open_stream(
            self.url, self._ca_file, self.usage, connect=self.timeouts.connect, greeting=self.timeouts.greeting, identity=self._identity
        )
        try:
            self._wire = _Wire(opened.stream, opened.early, preauth=opened.preauth)
        except BaseException:
            opened.stream.close()
            raise
        self.quirks = Quirks.of(opened.greeting)
        self.capabilities = _capabilities_in(opened.greeting) if opened.trusted else frozenset()
        self.compressed = False
        return opened.preauth

    def _login(self, user: str, password: str, token: str) -> None:
        if not self.capabilities:
            self._ask_capabilities()
        if self._tokens is not None:
            self._login_by_token(user, token)
            return
        if self._identity is not None and "AUTH=EXTERNAL" in self.capabilities:
            answer, _ = self._authenticate(sasl.by_certificate(user))
            if answer.status == "OK":
                self._logged_in(answer)
                return
            if not password:
                raise self._refused(answer, user)
        if "LOGINDISABLED" in self.capabilities:
            raise self._down(say("channels.login_disabled"))
        try:
            login = self._login_command(user, password)
        except ValueError as error:
            raise LoginRefused(say("channels.login_unusable", server=str(self.url), user=clean_line(user))) from error
        if self.compresses and (self.quirks.compresses or "COMPRESS=DEFLATE" in self.capabilities):
            # One flight for both. Nothing else may be under way with COMPRESS: where compression begins would be a guess.
            answer, compress = self.run(login, command("COMPRESS DEFLATE"))
            self._compress(compress)
        else:
            answer, compress = self.run(login)[0], None
        if answer.status != "OK":
            raise self._refused(answer, user)
        self._logged_in(answer, compress)

    def _logged_in(self, answer: Answer, compress: Answer | None = None) -> None:
        self.capabilities = answer.capabilities() or frozenset()
        if not self.capabilities:
            self._ask_capabilities()
        if self.compresses and compress is None and "COMPRESS=DEFLATE" in self.capabilities:
            self._compress(self.run(command("COMPRESS DEFLATE"))[0])

    def _refused(self, answer: Answer, user: str, why: str = "", *, token: bool = False) -> LoginRefused | ChannelDown:
        detail = f"{answer.words} ({why})" if why else answer.words
        self.close()
        if answer.code()[0] in ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"):  # RFC 5530, 3
            return ChannelDown(say("channels.busy", server=str(self.url), detail=detail))
        words = say("channels.login_refused", server=str(self.url), user=clean_line(user), detail=detail)
        return TokenRefused(words) if token else LoginRefused(words)

    def _login_by_token(self, user: str, token: str) -> None:
        offered = {name.removeprefix("AUTH=") for name in self.capabilities if name.startswith("AUTH=")}
        try:
            mechanism = sasl.by_token(offered, user, token, self.url.host, self.url.port)
        except ValueError as error:
            raise LoginRefused(say("channels.login_unusable", server=str(self.url), user=clean_line(user))) from error
        if mechanism is None:
            self.close()
            raise LoginRefused(say("channels.no_oauth", server=str(self.url)))
        answer, why = self._authenticate(mechanism)
        if answer.status != "OK":
            raise self._refused(answer, user, why, token=True)
        self._logged_in(answer)

    def _authenticate(self, mechanism: Mechanism) -> tuple[Answer, str]:
        """AUTHENTICATE (RFC 9051, 6.2.2; the first message at once: RFC 4959), and why a server that refuses says it does.

        Alone on the line: were it refused, the next command would be taken for the answer to its challenge.
        """
        wire, patience = self._need(), self.timeouts.command
        pending = wire.register()
        messages = [mechanism.first, mechanism.consent]
        line = pending.tag + b" AUTHENTICATE " + mechanism.name.encode("ascii")
        if "SASL-IR" in self.capabilities:
            line += b" " + messages.pop(0)
        why = ""
        while True:
            with wire.bell:
                turn = wire.continued
            wire.ouq.put(_Flight(line + b"\r\n"))
            if not messages:
                break
            self._await(partial(wire.may_go_on, pending, turn), patience)
            if pending.answer is not None:
                break
            line = messages.pop(0)
            why = sasl.why(wire.challenge)
        self._await(lambda: pending.answer is not None, patience)
        assert pending.answer is not None
        return pending.answer, why

    def _login_command(self, user: str, password: str) -> Command:
        """AUTHENTICATE PLAIN wherever it is offered, for it is UTF-8; LOGIN is ASCII by its standard."""
        if "AUTH=PLAIN" not in self.capabilities:
            return command("LOGIN", text(user), text(password))
        secret = sasl_plain(user, password)
        if "SASL-IR" in self.capabilities:
            return command("AUTHENTICATE PLAIN", Word(secret))
        return Command("AUTHENTICATE PLAIN", (), secret)

    def _compress(self, answer: Answer) -> None:
        if answer.status == "OK" and self._wire is not None:
            self._wire.start_compressing()
            self.compressed = True

    def _ask_capabilities(self) -> None:
        answer = self.run(command("CAPABILITY"))[0]
        self.capabilities = answer.capabilities() or frozenset()

    def close(self) -> None:
        """LOGOUT if the line still stands, and end the threads."""
        wire, self._wire = self._wire, None
        idle, self._idle = self._idle, None
        if wire is None:
            return
        if not wire.over:
            pending = wire.register()
            wire.ouq.put(_Flight((b"DONE\r\n" if idle else b"") + pending.tag + b" LOGOUT\r\n"))
            with wire.bell:
                wire.bell.wait_for(lambda: pending.answer is not None or wire.over, self.timeouts.goodbye)
        wire.stop(say("channels.closed_here"))

    @property
    def alive(self) -> bool:
        return self._wire is not None and not self._wire.over

    # Commands.

    def run(self, *commands: Command, patience: Patience | None = None) -> list[Answer]:
        """Commands in one flight, and the answer to each. Untagged responses belong to the answer that follows them.

        Two commands may go together if the second does not depend on what the first answers (RFC 3501, 5.5).
        """
        wire = self._need()
        tail = self._end_idle()
        patience = patience or self.timeouts.command
        wire.lines.limit = patience.bytes
        pending = [wire.register() for _ in commands]
        flight = b""
        for one, waiting in zip(commands, pending, strict=True):
            if one.verb == "COMPRESS DEFLATE":
                wire.lines.compress_tag = waiting.tag
            first, *later = one.segments(waiting.tag, nonsync=self._nonsync())
            flight += first
            for segment in later:
                with wire.bell:
                    turn = wire.continued
                wire.ouq.put(_Flight(flight))
                flight = b""
                self._await(partial(wire.may_go_on, waiting, turn), patience)
                if waiting.answer is not None:
                    break  # refused before its literal
                flight = segment
        if flight:
            wire.ouq.put(_Flight(flight))
        self._await(lambda: all(waiting.answer is not None for waiting in pending), patience)
        wire.lines.compress_tag = b""
        answers = [waiting.answer for waiting in pending if waiting.answer is not None]
        if tail:
            answers[0] = Answer(answers[0].status, answers[0].text, tail + answers[0].untagged)
        return answers

    def _nonsync(self) -> int:
        if "LITERAL+" in self.capabilities:
            return 1 << 31
        return 4096 if "LITERAL-" in self.capabilities else -1

    def _await(self, done: Callable[[], bool], patience: Patience) -> None:
        wire = self._need()
        started, before = time.monotonic(), self.usage.bytes_in
        with wire.bell:
            while not done():
                if wire.over:
                    break
                received = self.usage.bytes_in - before
                limit = min(
                    started + min(patience.most, patience.seconds + received / patience.rate),
                    max(started, wire.stream.heard_at) + patience.silence,
                )
                left = limit - time.monotonic()
                if left <= 0:
                    wire.over = say("channels.timeout")
                    break
                wire.bell.wait(min(left, 1.0))
            else:
                return
        raise self._down(wire.over)

    # IDLE (RFC 2177).

    @property
    def idling(self) -> bool:
        """Whether the server is listening to nothing but DONE; it may have ended that by itself."""
        return self._idle is not None and self._idle.answer is None

    @property
    def idle_ended(self) -> bool:
        """Whether the server ended IDLE by itself."""
        return self._idle is not None and self._idle.answer is not None

    def idle(self) -> bool:
        """Begin to listen; False if the server would not."""
        if self.idling:
            return True
        self.end_idle()
        wire = self._need()
        pending = wire.register()
        with wire.bell:
            turn = wire.continued
        wire.ouq.put(_Flight(pending.tag + b" IDLE\r\n"))
        self._await(partial(wire.may_go_on, pending, turn), self.timeouts.command)
        self._idle = pending
        if pending.answer is not None:
            self.end_idle()
            return False
        return True

    def listen(self, until: float, stop: Callable[[], bool]) -> None:
        """While idling: until something is said that matters, `stop()` (see `ring`), or the time (`time.monotonic()`)."""
        wire = self._need()
        with wire.bell:
            while not wire.over and not stop() and (left := until - time.monotonic()) > 0:
                if any(response.kind != "OK" for response in wire.untagged):
                    return
                if self._idle is not None and self._idle.answer is not None:
                    return  # the server ended it
                wire.bell.wait(left)
            over = wire.over
        if over:
            raise self._down(over)

    def ring(self) -> None:
        """Let `listen` look at its `stop` again; from any thread."""
        wire = self._wire
        if wire is not None:
            with wire.bell:
                wire.bell.notify_all()

    def heard(self) -> tuple[Untagged, ...]:
        """What has been said so far without being asked; taken once. Usually while idling."""
        wire = self._need()
        with wire.bell:
            taken, wire.untagged, wire.kept = tuple(wire.untagged), [], 0
            return taken

    def end_idle(self) -> None:
        """Have it end; what was said with that is kept for `heard`."""
        tail = self._end_idle()
        wire = self._wire
        if tail and wire is not None:
            with wire.bell:
                wire.untagged[:0] = tail

    def _end_idle(self) -> tuple[Untagged, ...]:
        pending, self._idle = self._idle, None
        if pending is None:
            return ()
        wire = self._need()
        if pending.answer is None:
            wire.ouq.put(_Flight(b"DONE\r\n"))
            self._await(lambda: pending.answer is not None, self.timeouts.command)
        return () if pending.answer is None else pending.answer.untagged

    def _need(self) -> _Wire:
        if self._wire is None:
            raise ChannelDown(say("channels.closed_here"))
        return self._wire

    def _down(self, reason: str) -> ChannelDown:
        """The connection is of no use any more: end it, and say why."""
        wire, self._wire = self._wire, None
        self._idle = None
        if wire is not None:
            wire.stop(reason)
            reason = wire.bye or reason
        return ChannelDown(say("channels.lost", server=str(self.url), reason=clean_line(reason)))


def _capabilities_in(greeting: bytes) -> frozenset[str]:
    return Answer("OK", greeting.split(b" ", 2)[-1], ()).capabilities() or frozenset()
