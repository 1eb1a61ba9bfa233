"""Handing mail over (RFC 5321, RFC 6409), with an exact answer to one question: may it have been sent?

The content and the dot that ends it are two writes. Until the dot is on its way nothing was handed over, whatever breaks;
from its first byte on the outcome is unknown until the server answers, and only its answer decides.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from agentdesk.channels import sasl
from agentdesk.channels.base import Attempt, ChannelDown, Outcome, Usage
from agentdesk.channels.sasl import Mechanism, TokenRefused, Tokens
from agentdesk.channels.stream import Stream
from agentdesk.channels.tls import Identity, client_context, explained, is_loopback
from agentdesk.config import MailChannelConfig
from agentdesk.domain.clean import clean_line
from agentdesk.domain.message import Outgoing
from agentdesk.errors import LoginRefused, Refused
from agentdesk.locale import say
from agentdesk.mail.compose import addr_spec, compose

_LINE_BYTES = 8192
_REPLY_LINES = 200
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_DOT_AT_START = re.compile(rb"^\.", re.MULTILINE)
_LONE_BREAK = re.compile(rb"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>]")


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
class _Reply:
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
    def detail(self) -> str:
        return f"{self.code} {self.text}".strip()


class _Broken(Exception):  # noqa: N818 - it names a state
    """The line broke, the time is over, or what came is no SMTP."""


@dataclass(slots=True)
class _Line:
    """A conversation with a server: commands out, replies in."""

    stream: Stream
    timeouts: SmtpTimeouts
    rest: bytes = b""
    offers: dict[str, str] = field(default_factory=dict)

    def say(self, command: str) -> _Reply:
        """A command and its reply. What a caller puts in was validated; this is the last look."""
        if "\r" in command or "\n" in command or "\0" in command:
            raise ValueError("a line end in a command")
        deadline = time.monotonic() + self.timeouts.command
        try:
            self.stream.send(command.encode("utf-8") + b"\r\n", deadline)
        except OSError as error:
            raise _Broken(_reason(error)) from error
        return self.reply(deadline)

    def reply(self, deadline: float) -> _Reply:
        texts: list[str] = []
        while True:
            found = _REPLY_LINE.fullmatch(self._line(deadline))
            if found is None or len(texts) > _REPLY_LINES:
                raise _Broken(say("channels.no_smtp"))
            texts.append(clean_line((found[3] or b"").decode("utf-8", "replace")))
            if found[2] != b"-":
                return _Reply(int(found[1]), "\n".join(texts))

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self.rest:
            if len(self.rest) > _LINE_BYTES:
                raise _Broken(say("channels.no_smtp"))
            try:
                data = self.stream.receive(deadline)
            except OSError as error:
                raise _Broken(_reason(error)) from error
            if not data:
                raise _Broken(say("channels.closed_by_server"))
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def spoke_early(self) -> bool:
        """Whether the server has said something, or gone, while it should be listening."""
        if not self.rest:
            try:
                data = self.stream.receive_now()
            except OSError as error:
                raise _Broken(_reason(error)) from error
            if data == b"":
                raise _Broken(say("channels.closed_by_server"))
            self.rest = data or b""
        return bool(self.rest)


class SmtpSender:
    """The way out of a mailbox. A connection for each message: a desk sends few, and idle ones are cut by servers anyway."""

    def __init__(
        self, config: MailChannelConfig, password: str, *, timeouts: SmtpTimeouts | None = None, tokens: Tokens | None = None,
        identity: Identity | None = None,
    ) -> None:
        """`tokens`: log in by these instead of the password; `identity`: our certificate."""
        self._config = config
        self._password = password
        self._timeouts = timeouts or SmtpTimeouts()
        self._tokens, self._identity = tokens, identity
        self.usage = Usage()

    def check(self) -> None:
        """Connect and log in, and send nothing.

        Raises:
            ChannelDown: no connection, no TLS, not the server's day.
            LoginRefused: it does not take the name or the password.
        """
        line = self._open()
        self._quit(line)

    def set_secret(self, secret: str) -> None:
        """The password to use from the next connection on."""
        self._password = secret

    def send(self, outgoing: Outgoing, conversation: str = "") -> Attempt:
        """One attempt.

        Raises:
            LoginRefused: the server does not take the name or the password; nothing was handed over.
        """
        del conversation
        try:
            sender, recipients = _envelope(outgoing)
            content = compose(outgoing)
        except Refused as error:
            return Attempt(Outcome.REJECTED, str(error))
        if not recipients:
            return Attempt(Outcome.REJECTED, say("channels.no_recipient"))
        try:
            line = self._open()
        except ChannelDown as error:
            return Attempt(Outcome.DEFERRED, str(error))
        try:
            return self._hand_over(line, sender, recipients, content)
        finally:
            self._quit(line)

    # Beginning and end.

    def _open(self) -> _Line:
        """Connect and log in. An access token that is refused is renewed and tried once more, never again."""
        if self._tokens is None:
            return self._begin("")
        token = sasl.asked(self._tokens.current)
        try:
            return self._begin(token)
        except TokenRefused:
            return self._begin(sasl.asked(partial(self._tokens.renewed, token)))

    def _begin(self, token: str) -> _Line:
        url = self._config.smtp
        if url.scheme == "smtp" and not is_loopback(url.host):
            raise ChannelDown(say("channels.plain_refused", server=str(url)))
        with explained(url):
            stream = Stream.connect(
                url.host, url.port, deadline=time.monotonic() + self._timeouts.connect, usage=self.usage
            )
        line = _Line(stream, self._timeouts)
        try:
            deadline = time.monotonic() + self._timeouts.command
            if url.scheme == "smtps":
                with explained(url):
                    stream.start_tls(client_context(self._config.ca_file, self._identity), deadline=deadline)
            self._expect(line.reply(deadline))
            self._greet(line)
            if url.scheme == "smtp+starttls":
                self._start_tls(line)
            self._login(line, token)
        except _Broken as error:
            stream.close()
            raise self._down(str(error)) from error
        except BaseException:
            stream.close()
            raise
        return line

    def _expect(self, reply: _Reply) -> None:
        if not reply.good:
            raise self._down(reply.detail)

    def _down(self, reason: str) -> ChannelDown:
        return ChannelDown(say("channels.lost", server=str(self._config.smtp), reason=clean_line(reason)))

    def _greet(self, line: _Line) -> None:
        reply = line.say(f"EHLO {line.stream.local_name()}")
        if not reply.good:
            self._expect(line.say(f"HELO {line.stream.local_name()}"))
            line.offers = {}
            return
        line.offers = {}
        for words in reply.text.split("\n")[1:]:
            name, _, value = words.partition(" ")
            line.offers[name.upper()] = value

    def _start_tls(self, line: _Line) -> None:
        if "STARTTLS" not in line.offers:
            raise self._down(say("channels.no_starttls"))
        self._expect(line.say("STARTTLS"))
        line.rest = b""  # what came with it in plain text was said by anybody
        with explained(self._config.smtp):
            deadline = time.monotonic() + self._timeouts.command
            line.stream.start_tls(client_context(self._config.ca_file, self._identity), deadline=deadline)
        self._greet(line)

    def _login(self, line: _Line, token: str) -> None:
        server, user = str(self._config.smtp), self._config.user
        ways = line.offers.get("AUTH", "").upper().split()
        if self._tokens is not None:
            self._login_by_token(line, ways, token)
            return
        if self._identity is not None and "EXTERNAL" in ways:
            reply, _ = self._authenticate(line, sasl.by_certificate(user))
            if reply.good:
                return
            if not self._password:
                raise LoginRefused(say("channels.login_refused", server=server, user=user, detail=clean_line(reply.detail)))
        if "\0" in user or "\0" in self._password:
            raise LoginRefused(say("channels.login_unusable", server=server, user=clean_line(user)))
        if "PLAIN" in ways:
            reply = line.say(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{self._password}')}")
        elif "LOGIN" in ways:
            reply = line.say("AUTH LOGIN")
            for words in (user, self._password):
                if reply.code == 334:
                    reply = line.say(_base64(words))
        elif not line.offers.get("AUTH") and is_loopback(self._config.smtp.host):
            return  # a relay on this machine knows us by that
        else:
            raise LoginRefused(say("channels.no_auth", server=server))
        if reply.final:
            raise LoginRefused(say("channels.login_refused", server=server, user=user, detail=clean_line(reply.detail)))
        self._expect(reply)

    def _login_by_token(self, line: _Line, ways: list[str], token: str) -> None:
        server, user = str(self._config.smtp), self._config.user
        try:
            mechanism = sasl.by_token(ways, user, token, self._config.smtp.host, self._config.smtp.port)
        except ValueError as error:
            raise LoginRefused(say("channels.login_unusable", server=server, user=clean_line(user))) from error
        if mechanism is None:
            raise LoginRefused(say("channels.no_oauth", server=server))
        reply, why = self._authenticate(line, mechanism)
        if reply.final:
            detail = clean_line(f"{reply.detail} ({why})" if why else reply.detail)
            raise TokenRefused(say("channels.login_refused", server=server, user=user, detail=detail))
        self._expect(reply)

    def _authenticate(self, line: _Line, mechanism: Mechanism) -> tuple[_Reply, str]:
        """AUTH with the first message at once (RFC 4954, 4), and why a server that refuses says it does.

        With a long token the line passes the 512 octets of RFC 5321; RFC 4954, 4 allows 12,288.
        """
        reply = line.say(f"AUTH {mechanism.name} {mechanism.first.decode('ascii')}")
        why = ""
        if reply.code == 334:
            why = sasl.why(reply.text.strip().encode("utf-8"))
            reply = line.say(mechanism.consent.decode("ascii"))
        return reply, why

    def _quit(self, line: _Line) -> None:
        """Politely, and whatever becomes of it: the outcome is known by now."""
        try:
            deadline = time.monotonic() + self._timeouts.goodbye
            line.stream.send(b"QUIT\r\n", deadline)
            line.reply(deadline)
        except (_Broken, OSError):
            pass
        finally:
            line.stream.close()

    # The message.

    def _hand_over(self, line: _Line, sender: str, recipients: list[str], content: bytes) -> Attempt:
        refused: list[str] = []
        try:
            attempt = self._announce(line, sender, recipients, content, refused)
            if attempt is None:
                attempt = self._content(line, content)
        except _Broken as error:
            return self._deferred(str(error))
        if attempt is not None:
            return attempt
        reply: _Reply | None = None
        try:
            deadline = time.monotonic() + self._timeouts.answer
            line.stream.send(b".\r\n", deadline)
            reply = line.reply(deadline)
        except (_Broken, OSError):
            pass  # from the dot on, only a reply says what became of it
        if reply is None or 300 <= reply.code < 400:
            return Attempt(Outcome.UNKNOWN, say("channels.unknown_outcome", server=str(self._config.smtp)))
        return self._judged(reply, tuple(refused))

    def _announce(
        self, line: _Line, sender: str, recipients: list[str], content: bytes, refused: list[str]
    ) -> Attempt | None:
        """Envelope and DATA; an attempt if it ends here."""
        international = not (sender.isascii() and all(one.isascii() for one in recipients) and content.isascii())
        if international and "SMTPUTF8" not in line.offers:
            address = next((one for one in (sender, *recipients) if not one.isascii()), sender)
            return Attempt(Outcome.REJECTED, say("channels.no_smtputf8", address=address))
        options = f" SIZE={len(content)}" if "SIZE" in line.offers else ""
        if international:
            options += " BODY=8BITMIME SMTPUTF8"
        reply = line.say(f"MAIL FROM:<{sender}>{options}")
        if not reply.good:
            return self._judged(reply)
        last: _Reply | None = None
        for recipient in recipients:
            reply = line.say(f"RCPT TO:<{recipient}>")
            if reply.final:
                refused.append(recipient)
                last = reply
            elif not reply.good:
                # Later it may take all of them. Sent to some now, the others would need a message of their own.
                return self._judged(reply)
        if len(refused) == len(recipients) and last is not None:
            return Attempt(Outcome.REJECTED, clean_line(last.detail), refused=tuple(refused))
        reply = line.say("DATA")
        if reply.code != 354:
            return self._judged(reply) if not reply.good else self._deferred(reply.detail)
        return None

    def _content(self, line: _Line, content: bytes) -> Attempt | None:
        """Everything but the dot; an attempt if the server breaks off meanwhile."""
        deadline = time.monotonic() + self._timeouts.content + len(content) / 1000
        try:
            line.stream.send(_stuffed(content), deadline)
        except OSError as error:
            if not line.spoke_early():
                raise _Broken(_reason(error)) from error
        if not line.spoke_early():
            return None
        reply = line.reply(time.monotonic() + self._timeouts.goodbye)  # too big, shutting down: said before the dot
        return self._deferred(reply.detail) if reply.good else self._judged(reply)

    def _judged(self, reply: _Reply, refused: tuple[str, ...] = ()) -> Attempt:
        detail = clean_line(reply.detail)
        if reply.good:
            return Attempt(Outcome.ACCEPTED, detail, refused=refused)
        return Attempt(Outcome.REJECTED, detail) if reply.final else self._deferred(detail)

    def _deferred(self, reason: str) -> Attempt:
        words = say("channels.not_handed_over", server=str(self._config.smtp), reason=clean_line(reason))
        return Attempt(Outcome.DEFERRED, words)


def _envelope(outgoing: Outgoing) -> tuple[str, list[str]]:
    """Sender and recipients as they stand in commands, each recipient once.

    Raises:
        Refused: one of them is no address.
    """
    every = (outgoing.sender, *outgoing.to, *outgoing.cc, *outgoing.bcc)
    specs = list(map(addr_spec, (address.address for address in every)))
    for spec in specs:
        if _UNSAFE.search(spec) or len(spec.encode("utf-8", "replace")) > 254:  # RFC 5321, 4.5.3.1.3
            raise Refused(say("channels.bad_address", address=clean_line(spec)[:80]))
    return specs[0], list(_once(specs[1:]))


def _once(specs: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for spec in specs:
        if spec.lower() not in seen:
            seen.add(spec.lower())
            yield spec


def _stuffed(content: bytes) -> bytes:
    """CRLF line ends, dots at the start of lines doubled, a line end at the end (RFC 5321, 4.5.2)."""
    lines = _LONE_BREAK.sub(b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _DOT_AT_START.sub(b"..", lines)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _reason(error: OSError) -> str:
    return say("channels.timeout") if isinstance(error, TimeoutError) else clean_line(error.strerror or str(error))
