"""A conversation with an SMTP server: commands out, one by one or many in a flight (RFC 2920), replies in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agentdesk.channels.stream import Stream
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

_LINE_BYTES = 8192
_REPLY_LINES = 200
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_SLICE = 5.0
"""Seconds between two looks at whether the machine has slept."""
_AFTER_SLEEP = 30.0
"""Seconds an answer may still take after that: the server has had its time, and mostly has given the connection up."""


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """Seconds in all for each step, however the server drips."""

    connect: float = 10.0
    command: float = 60.0
    content: float = 600.0
    """For sending the content, and one more for each 1,000 bytes."""
    answer: float = 600.0
    """For the answer to the dot: RFC 5321, 4.5.3.2.6 wants ten minutes, because giving up early makes doubles."""
    goodbye: float = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    text: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300

    @property
    def final(self) -> bool:
        """No for good, not "try again later"."""
        return self.code >= 500

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463) it begins with, or empty."""
        found = _ENHANCED.match(self.text)
        return found[0] if found else ""

    @property
    def detail(self) -> str:
        return f"{self.code} {self.text}".strip()


class Broken(Exception):  # noqa: N818 - it names a state
    """The line broke, the time is over, or what came is no SMTP. `replies`: what came of a flight before that."""

    def __init__(self, reason: str, replies: Sequence[Reply] = ()) -> None:
        super().__init__(reason)
        self.replies = tuple(replies)


def suspended() -> float:
    """Seconds the machine has slept since it was started; 0 where the system does not tell (all but Linux)."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if boot is None else time.clock_gettime(boot) - time.clock_gettime(time.CLOCK_MONOTONIC)


@dataclass(slots=True)
class Line:
    """What a connection offers, and what has been said on it."""

    stream: Stream
    timeouts: SmtpTimeouts
    rest: bytes = b""
    offers: dict[str, str] = field(default_factory=dict)
    asleep: Callable[[], float] = suspended
    slept: bool = False
    """The machine slept while an answer was awaited."""
    begun: bool = False
    """A transaction was begun and not ended by an accepted message: RSET goes before the next."""
    over: bool = False
    """Nothing more can be sent on it."""

    def say(self, command: str) -> Reply:
        """A command and its reply."""
        deadline = time.monotonic() + self.timeouts.command
        self._tell([command], deadline)
        return self.reply(deadline)

    def flight(self, commands: Sequence[str]) -> list[Reply]:
        """Commands in one write, and a reply to each.

        Raises:
            Broken: with the replies that did come.
        """
        deadline = time.monotonic() + self.timeouts.command
        self._tell(commands, deadline)
        replies: list[Reply] = []
        for _ in commands:
            try:
                replies.append(self.reply(deadline))
            except Broken as error:
                raise Broken(str(error), replies) from error
        return replies

    def _tell(self, commands: Sequence[str], deadline: float) -> None:
        """What a caller puts in was validated; this is the last look."""
        for command in commands:
            if "\r" in command or "\n" in command or "\0" in command:
                raise ValueError("a line end in a command")
        try:
            self.stream.send("".join(f"{command}\r\n" for command in commands).encode("utf-8"), deadline)
        except OSError as error:
            self.over = True
            raise Broken(reason_of(error)) from error

    def reply(self, deadline: float, slept_before: float | None = None) -> Reply:
        """`slept_before`: what `asleep` said when the question was asked, where that was long before."""
        texts: list[str] = []
        code = b""
        slept = self.asleep() if slept_before is None else slept_before
        while True:
            found = _REPLY_LINE.fullmatch(self._line(deadline, slept))
            if found is None or len(texts) > _REPLY_LINES or (code and found[1] != code):  # one code a reply: RFC 5321, 4.2.1
                self.over = True
                raise Broken(say("channels.no_smtp"))
            code = found[1]
            texts.append(clean_line((found[3] or b"").decode("utf-8", "replace")))
            if found[2] != b"-":
                reply = Reply(int(found[1]), "\n".join(texts))
                self.over = self.over or reply.code == 421  # RFC 5321, 3.8: the server closes after it
                return reply

    def _line(self, deadline: float, slept: float) -> bytes:
        awake = deadline
        while b"\n" not in self.rest:
            if len(self.rest) > _LINE_BYTES:
                self.over = True
                raise Broken(say("channels.no_smtp"))
            try:
                data = self.stream.receive(min(deadline, awake, time.monotonic() + _SLICE))
            except TimeoutError as error:
                if awake == deadline and self.asleep() - slept > _AFTER_SLEEP:
                    self.slept, awake = True, time.monotonic() + _AFTER_SLEEP
                if time.monotonic() < min(deadline, awake):
                    continue
                self.over = True
                raise Broken(reason_of(error)) from error
            except OSError as error:
                self.slept, self.over = self.slept or self.asleep() - slept > _AFTER_SLEEP, True
                raise Broken(reason_of(error)) from error
            if not data:
                self.slept, self.over = self.slept or self.asleep() - slept > _AFTER_SLEEP, True
                raise Broken(say("channels.closed_by_server"))
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def spoke_early(self) -> bool:
        """Whether the server has said something, or gone, while it should be listening."""
        if not self.rest:
            try:
                data = self.stream.receive_now()
            except OSError as error:
                self.over = True
                raise Broken(reason_of(error)) from error
            if data == b"":
                self.over = True
                raise Broken(say("channels.closed_by_server"))
            self.rest = data or b""
        return bool(self.rest)

    def bye(self) -> None:
        """Politely, and whatever becomes of it: the outcome is known by now, and nobody waits for the answer."""
        usage = self.stream.usage
        before = usage.round_trips
        try:
            if not self.over:
                self.stream.send(b"QUIT\r\n", time.monotonic() + self.timeouts.goodbye)
        except OSError:
            pass
        finally:
            usage.round_trips = before
            self.over = True
            self.stream.close()


def reason_of(error: OSError) -> str:
    return say("channels.timeout") if isinstance(error, TimeoutError) else clean_line(error.strerror or str(error))
