"""One connection to a server: commands in flights, their answers, and listening (IDLE)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agentdesk.channels import sasl
from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.imap import limits, quirks
from agentdesk.channels.imap.commands import Command, Word, command
from agentdesk.channels.imap.login import log_in
from agentdesk.channels.imap.opening import open_stream
from agentdesk.channels.imap.patience import Patience, Timeouts
from agentdesk.channels.imap.responses import Answer, Untagged
from agentdesk.channels.imap.wire import Flight, Pending, Wire
from agentdesk.channels.sasl import Mechanism, TokenRefused, Tokens
from agentdesk.channels.tls import Identity, Tls
from agentdesk.config import ServerUrl
from agentdesk.locale import say

_QUIET_SECONDS, _ROWS_SECONDS = 0.05, 0.5
"""Between two rows that are pushed together, and for all of them at most."""
PROBE = 10.0
"""Seconds for a server that may be gone to be heard."""


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
        self.quirks = quirks.Quirks()
        self.greeting = b""
        self.compressed = False
        self.tls = Tls(ca_file, identity)
        self._tokens, self._certified = tokens, identity is not None
        self._wire: Wire | None = None
        self._doubted_at = 0.0
        self._idle: Pending | None = None

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
            self.ask_capabilities()
            self.believe()
        else:
            log_in(self, user, password, tokens=self._tokens is not None, token=token, certified=self._certified)

    def _connect(self) -> bool:
        """Whether we are logged in already."""
        opened = open_stream(self.url, self.tls, self.usage, connect=self.timeouts.connect, greeting=self.timeouts.greeting)
        try:
            self._wire = Wire(opened.stream, opened.early, preauth=opened.preauth)
        except BaseException:
            opened.stream.close()
            raise
        self.quirks = quirks.of(self.url.host, opened.greeting)
        self.greeting = opened.greeting
        self.capabilities = capabilities_in(opened.greeting) if opened.trusted else frozenset()
        self.compressed = False
        return opened.preauth

    def authenticate(self, mechanism: Mechanism) -> tuple[Answer, str]:
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
            wire.ouq.put(Flight(line + b"\r\n"))
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

    def compress(self, answer: Answer) -> None:
        """Take the answer to COMPRESS DEFLATE: if the server agreed, what we send is compressed from now on."""
        if answer.status == "OK" and self._wire is not None:
            self._wire.start_compressing()
            self.compressed = True

    def ask_capabilities(self) -> None:
        """Where the server did not tell them by itself."""
        answer = self.run(command("CAPABILITY"))[0]
        self.capabilities = answer.capabilities() or frozenset()

    def believe(self) -> None:
        """Logged in: what the server says it can do, without what is known to be otherwise."""
        self.quirks = quirks.of(self.url.host, self.greeting, self.capabilities)
        self.capabilities -= self.quirks.without
        if self.quirks.identify:
            name = Word(b'("name" "AgentDesk" "vendor" "AgentDesk")')
            self.run(command("ID", name))  # whatever it answers: some answer BAD, and go on

    def close(self) -> None:
        """LOGOUT if the line still stands, and end the threads."""
        wire, self._wire = self._wire, None
        idle, self._idle = self._idle, None
        if wire is None:
            return
        if not wire.over:
            pending = wire.register()
            wire.ouq.put(Flight((b"DONE\r\n" if idle else b"") + pending.tag + b" LOGOUT\r\n"))
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
        if self.quirks.one_by_one and len(commands) > 1:
            return [answer for one in commands for answer in self.run(one, patience=patience)]
        wire = self._need()
        idle = None if self.quirks.one_by_one or self.quirks.done_alone or not self.idling else self._idle
        tail: tuple[Untagged, ...] = ()
        if idle is None:
            tail = self._end_idle()
        self._idle = None
        patience = patience or self.timeouts.command
        wire.lines.limit = patience.bytes
        pending = [wire.register() for _ in commands]
        flight = b"" if idle is None else b"DONE\r\n"
        for one, waiting in zip(commands, pending, strict=True):
            if one.verb == "COMPRESS DEFLATE":
                wire.lines.compress_tag = waiting.tag
            first, *later = one.segments(waiting.tag, nonsync=self._nonsync())
            flight += first
            for segment in later:
                with wire.bell:
                    turn = wire.continued
                wire.ouq.put(Flight(flight))
                flight = b""
                self._await(partial(wire.may_go_on, waiting, turn), patience)
                if waiting.answer is not None:
                    break  # refused before its literal
                flight = segment
        if flight:
            wire.ouq.put(Flight(flight))
        due = pending if idle is None else [idle, *pending]
        self._await(lambda: all(waiting.answer is not None for waiting in due), patience)
        wire.lines.compress_tag = b""
        answers = [waiting.answer for waiting in pending if waiting.answer is not None]
        if idle is not None and idle.answer is not None:
            tail = idle.answer.untagged
        if tail:
            answers[0] = Answer(answers[0].status, answers[0].text, tail + answers[0].untagged)
        for answer in answers:
            if answer.status != "OK" and limits.by_words(answer.words):
                raise self.down(answer.words)
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
                if wire.stream.heard_at < self._doubted_at:
                    limit = min(limit, self._doubted_at + PROBE)
                left = limit - time.monotonic()
                if left <= 0:
                    wire.over = say("channels.timeout")
                    break
                wire.bell.wait(min(left, 1.0))
            else:
                return
        raise self.down(wire.over)

    # IDLE (RFC 2177).

    @property
    def idling(self) -> bool:
        """Whether the server is listening to nothing but DONE; it may have ended that by itself."""
        return self._idle is not None and self._idle.answer is None

    @property
    def idle_ended(self) -> bool:
        """Whether the server ended IDLE by itself."""
        return self._idle is not None and self._idle.answer is not None

    def idle(self, *before: Command) -> tuple[bool, list[Answer]]:
        """Begin to listen, or begin anew; False if the server would not.

        `before`: commands without literals, in the same flight; their answers are returned, too.
        """
        old = self._idle if self.idling and not self.quirks.one_by_one and not self.quirks.done_alone else None
        if old is None:
            self.end_idle()
        self._idle = None
        answers = []
        if before and self.quirks.one_by_one:
            answers, before = self.run(*before), ()
        wire = self._need()
        first = [wire.register() for _ in before]
        pending = wire.register()
        lines = [one.segments(waiting.tag, nonsync=-1)[0] for one, waiting in zip(before, first, strict=True)]
        with wire.bell:
            turn = wire.continued
        wire.ouq.put(Flight((b"" if old is None else b"DONE\r\n") + b"".join(lines) + pending.tag + b" IDLE\r\n"))
        due = first if old is None else [old, *first]
        self._await(lambda: wire.may_go_on(pending, turn) and all(one.answer for one in due), self.timeouts.command)
        if old is not None and old.answer is not None:
            with wire.bell:
                wire.untagged[:0] = old.answer.untagged
        answers += [one.answer for one in first if one.answer is not None]
        self._idle = pending
        if pending.answer is not None:
            self.end_idle()
            return False, answers
        return True, answers

    def listen(self, until: float, stop: Callable[[], bool], *, pushed: bool = False) -> None:
        """While idling: until something is said that matters, `stop()` (see `ring`), or the time (`time.monotonic()`).

        `pushed`: after the news itself come its rows; they are waited for as long as one follows the other."""
        wire = self._need()
        with wire.bell:
            while not wire.over and not stop() and (left := until - time.monotonic()) > 0:
                if any(response.kind != "OK" for response in wire.untagged):
                    said, latest = 0, time.monotonic() + _ROWS_SECONDS
                    while pushed and len(wire.untagged) > said and time.monotonic() < latest and not wire.over:
                        said = len(wire.untagged)
                        wire.bell.wait(_QUIET_SECONDS)
                    return
                if self._idle is not None and self._idle.answer is not None:
                    return  # the server ended it
                wire.bell.wait(left)
            over = wire.over
        if over:
            raise self.down(over)

    def doubt(self) -> None:
        """From now on the server must be heard within `PROBE` seconds while something is asked; from any thread."""
        self._doubted_at = time.monotonic()
        self.ring()

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
            wire.ouq.put(Flight(b"DONE\r\n"))
            self._await(lambda: pending.answer is not None, self.timeouts.command)
        return () if pending.answer is None else pending.answer.untagged

    def _need(self) -> Wire:
        if self._wire is None:
            raise ChannelDown(say("channels.closed_here"))
        return self._wire

    def down(self, reason: str) -> ChannelDown:
        """The connection is of no use any more: end it, and say why. It may be that the server wants to be left alone."""
        wire, self._wire = self._wire, None
        self._idle = None
        said = Untagged("BYE", (b"",))
        if wire is not None:
            wire.stop(reason)
            reason = wire.bye or reason
            said = Untagged("BYE", (wire.bye.encode("utf-8", "replace"),))
        return limits.down(self.url, reason, limits.at_the_door(said.code()[0], reason) if said.text else limits.by_words(reason))


def capabilities_in(greeting: bytes) -> frozenset[str]:
    return Answer("OK", greeting.split(b" ", 2)[-1], ()).capabilities() or frozenset()
