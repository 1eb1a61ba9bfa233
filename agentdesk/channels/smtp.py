"""Handing mail over (RFC 5321, RFC 6409), with an exact answer to one question: may it have been sent, and to whom?

A message costs as few flights as the server allows: EHLO, AUTH, then sender, recipients and DATA together (RFC 2920), then the content with
the dot behind it. A second one on the same connection costs two.

The content and the dot that ends it are two writes. Until the dot is on its way nothing was handed over, whatever breaks;
from its first byte on the outcome is unknown until the server answers, and only its answer decides.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agentdesk.channels.base import Attempt, ChannelDown, Outcome, Usage
from agentdesk.channels.sasl import Tokens
from agentdesk.channels.smtp_limits import for_now, pause_for
from agentdesk.channels.smtp_line import Broken, Line, Reply, SmtpTimeouts, reason_of, suspended
from agentdesk.channels.smtp_login import Limited, Opener
from agentdesk.channels.tls import Identity
from agentdesk.config import MailChannelConfig
from agentdesk.domain.clean import clean_line
from agentdesk.domain.message import Outgoing
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.compose import addr_spec, compose

__all__ = ["SmtpSender", "SmtpTimeouts", "recipients_of"]

LINGER = 20.0
"""Seconds a connection is kept for the next reply: an agent who sends three in a row logs in once."""

_DOT_AT_START = re.compile(rb"^\.", re.MULTILINE)
_LONE_BREAK = re.compile(rb"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass(slots=True)
class _Envelope:
    """What the server said to sender, recipients and DATA."""

    mail: Reply
    recipients: dict[str, Reply]
    data: Reply | None
    broken: str = ""

    @property
    def taken(self) -> list[str]:
        return [one for one, reply in self.recipients.items() if reply.good]

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(one for one, reply in self.recipients.items() if not reply.good and not for_now(reply))

    @property
    def later(self) -> tuple[str, ...]:
        return tuple(one for one, reply in self.recipients.items() if for_now(reply))

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        return tuple((one, clean_line(reply.detail)) for one, reply in self.recipients.items() if not reply.good)

    @property
    def pause(self) -> float:
        """The longest that one of the answers asks for."""
        asked = [pause_for(reply, of_recipient=True) for reply in self.recipients.values()]
        asked += [pause_for(reply) for reply in (self.mail, self.data) if reply is not None]
        return max(asked, default=0.0)


class SmtpSender:
    """The way out of a mailbox. Used by one thread."""

    def __init__(
        self, config: MailChannelConfig, password: str, *, timeouts: SmtpTimeouts | None = None, tokens: Tokens | None = None,
        identity: Identity | None = None, linger: float = 0.0, asleep: Callable[[], float] = suspended,
    ) -> None:
        """`tokens`: log in by these instead of the password; `identity`: our certificate; `linger`: seconds a connection is kept for
        the next message; `asleep`: how long the machine has slept so far."""
        self._config = config
        self._timeouts = timeouts or SmtpTimeouts()
        self._linger, self._asleep = linger, asleep
        self.usage = Usage()
        self._opener = Opener(config, password, self.usage, self._timeouts, tokens, identity)
        self._kept: Line | None = None
        self._kept_since = 0.0

    def check(self) -> None:
        """Connect and log in, and send nothing.

        Raises:
            ChannelDown: no connection, no TLS, not the server's day.
            LoginRefused: it does not take the name or the password.
        """
        self._opener.open().bye()

    def set_secret(self, secret: str) -> None:
        """The password to use from the next connection on."""
        self._opener.password = secret

    def let_go(self, *, at_once: bool = False) -> float:
        """Close what has been idle long enough; seconds until the next look, 0 if nothing is open."""
        if self._kept is None:
            return 0.0
        left = self._kept_since + self._linger - time.monotonic()
        if left > 0 and not at_once:
            return left
        line, self._kept = self._kept, None
        line.bye()
        return 0.0

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
        kept = self._take_kept()
        if kept is not None and (settled := self._over(kept, sender, recipients, content)) is not None:
            return settled
        # No connection was open, or it was lost before anything was handed over.
        try:
            line = self._opener.open()
        except Limited as error:
            return Attempt(Outcome.DEFERRED, str(error), pause=error.pause, whole=True)
        except ChannelDown as error:
            return Attempt(Outcome.DEFERRED, str(error), whole=True)
        line.asleep = self._asleep
        attempt = self._over(line, sender, recipients, content, fresh=True)
        assert attempt is not None
        return attempt

    def _take_kept(self) -> Line | None:
        """The connection of the last message, if the server has kept it too."""
        line, self._kept = self._kept, None
        if line is None:
            return None
        try:
            if time.monotonic() - self._kept_since < 3 * self._linger and not line.spoke_early():
                return line
        except Broken:
            pass
        line.over = True  # "421 idle for too long", or gone: there is nobody to take leave of
        line.bye()
        return None

    def _over(self, line: Line, sender: str, recipients: list[str], content: bytes, *, fresh: bool = False) -> Attempt | None:
        """One message on a connection; None where a kept one proved to be lost and nothing was handed over."""
        keep, attempt = False, None
        try:
            attempt = self._hand_over(line, sender, recipients, content)
            keep = self._linger > 0 and not line.over and attempt.outcome is not Outcome.UNKNOWN
        except Broken as error:
            attempt = self._deferred(str(error)) if fresh else None
        finally:
            if keep:
                self._kept, self._kept_since = line, time.monotonic()
            else:
                line.bye()
        return attempt

    # The message.

    def _hand_over(self, line: Line, sender: str, recipients: list[str], content: bytes) -> Attempt:
        """Raises `Broken` only while nothing was handed over."""
        stop, options = self._options(line, sender, recipients, content)
        if stop is not None:
            return stop
        envelope = self._announce(line, f"MAIL FROM:<{sender}>{options}", recipients)
        ended = self._ended(line, envelope)
        if ended is None:
            ended = self._content(line, content)
        if ended is not None:
            return ended
        known = {"refused": envelope.refused, "later": envelope.later, "answers": envelope.answers, "pause": envelope.pause}
        reply, reason = self._dot(line)
        if reply is None:
            words = "channels.slept_unknown" if line.slept else "channels.unknown_outcome"
            return Attempt(Outcome.UNKNOWN, say(words, server=str(self._config.smtp), reason=reason), **known)  # type: ignore[arg-type]  # of these types
        if reply.good:
            line.begun = False
            return Attempt(Outcome.ACCEPTED, clean_line(reply.detail), **known)  # type: ignore[arg-type]  # see above
        return self._judged(reply, envelope)

    @staticmethod
    def _dot(line: Line) -> tuple[Reply | None, str]:
        """The end of the content, and the answer to it; from the dot on, only a reply says what became of it."""
        try:
            deadline, slept = time.monotonic() + line.timeouts.answer, line.asleep()
            line.stream.send(b".\r\n", deadline)
            reply = line.reply(deadline, slept)
        except (Broken, OSError) as error:
            line.over = True
            return None, reason_of(error) if isinstance(error, OSError) else str(error)
        if 300 <= reply.code < 400 or (reply.good and reply.code != 250):
            # RFC 5321, 4.3.2: 250 takes it; "221 closing" or "220 ready" answers something else
            line.over = True
            return None, clean_line(reply.detail)
        return reply, ""

    @staticmethod
    def _options(line: Line, sender: str, recipients: list[str], content: bytes) -> tuple[Attempt | None, str]:
        """What stands behind the sender's address, or why it can't be sent by this server."""
        international = not (sender.isascii() and all(one.isascii() for one in recipients) and content.isascii())
        if international and "SMTPUTF8" not in line.offers:
            address = next((one for one in (sender, *recipients) if not one.isascii()), sender)
            return Attempt(Outcome.REJECTED, say("channels.no_smtputf8", address=address)), ""
        options = f" SIZE={len(content)}" if "SIZE" in line.offers else ""
        return None, options + (" BODY=8BITMIME SMTPUTF8" if international else "")

    def _announce(self, line: Line, mail: str, recipients: list[str]) -> _Envelope:
        """Sender, recipients and DATA: in one flight where the server can, else one by one and no further than makes sense."""
        reset = ["RSET"] if line.begun else []
        line.begun = True
        named = [f"RCPT TO:<{one}>" for one in recipients]
        if "PIPELINING" in line.offers:
            try:
                replies = line.flight([*reset, mail, *named, "DATA"])[len(reset) :]
            except Broken as error:
                return self._broken_off(recipients, error, len(reset))
            return _Envelope(replies[0], dict(zip(recipients, replies[1:-1], strict=True)), replies[-1])
        for command in reset:
            line.say(command)
        found = _Envelope(line.say(mail), {}, None)
        if found.mail.good:
            for one, command in zip(recipients, named, strict=True):
                found.recipients[one] = line.say(command)
                if line.over:  # 421: it hangs up
                    found.broken = found.recipients[one].detail
                    return found
            if found.taken:
                found.data = line.say("DATA")
        return found

    @staticmethod
    def _broken_off(recipients: list[str], error: Broken, before: int) -> _Envelope:
        """A flight that came back in part. A server that hangs up mostly says why; then that counts."""
        replies = error.replies[before:]
        bad = next((reply for reply in replies if not reply.good and reply.code != 354), None)
        if bad is None:
            raise error
        return _Envelope(replies[0], dict(zip(recipients, replies[1:], strict=False)), None, broken=bad.detail)

    def _ended(self, line: Line, envelope: _Envelope) -> Attempt | None:
        """What became of it, if it ends before the content."""
        data = envelope.data
        if envelope.mail.good and envelope.taken and data is not None and data.code == 354:
            return None
        if data is not None and data.code == 354:
            line.over = True  # the server waits for the content of a message that goes to nobody: it gets none
        if not envelope.mail.good:
            return self._judged(envelope.mail)
        if envelope.broken:
            return self._deferred(envelope.broken, envelope)
        if envelope.taken and data is not None:
            return self._judged(data, envelope) if not data.good else self._deferred(data.detail, envelope)
        first = next(iter(envelope.answers), ("", ""))[1]
        if envelope.later:
            said = next((words for one, words in envelope.answers if one in envelope.later), first)
            return self._deferred(said, envelope)
        return Attempt(Outcome.REJECTED, first, refused=envelope.refused, answers=envelope.answers)

    def _content(self, line: Line, content: bytes) -> Attempt | None:
        """Everything but the dot; an attempt if the server breaks off meanwhile."""
        deadline = time.monotonic() + self._timeouts.content + len(content) / 1000
        try:
            line.stream.send(_stuffed(content), deadline)
        except OSError as error:
            line.over = True
            if not line.spoke_early():
                raise Broken(reason_of(error)) from error
        if not line.spoke_early():
            return None
        reply = line.reply(time.monotonic() + self._timeouts.goodbye)  # too big, shutting down: said before the dot
        line.over = True
        return self._deferred(reply.detail) if reply.good else self._judged(reply)

    def _judged(self, reply: Reply, envelope: _Envelope | None = None) -> Attempt:
        """A "no" to all of it, for good or for now."""
        if for_now(reply):
            return self._deferred(reply.detail, envelope, pause=pause_for(reply))
        return Attempt(Outcome.REJECTED, clean_line(reply.detail))

    def _deferred(self, reason: str, envelope: _Envelope | None = None, pause: float = 0.0) -> Attempt:
        words = say("channels.not_handed_over", server=str(self._config.smtp), reason=clean_line(reason))
        if envelope is None:
            return Attempt(Outcome.DEFERRED, words, pause=pause)
        return Attempt(
            Outcome.DEFERRED, words, refused=envelope.refused, answers=envelope.answers, pause=max(pause, envelope.pause)
        )


def recipients_of(outgoing: Outgoing) -> tuple[str, ...]:
    """Everybody a message goes to, as the server is told them, each once.

    Raises:
        Refused: one of them is no address.
    """
    return tuple(_envelope(outgoing)[1])


def _envelope(outgoing: Outgoing) -> tuple[str, list[str]]:
    """Sender and recipients as they stand in commands, each recipient once; of an attempt for some, only these.

    Raises:
        Refused: one of them is no address.
    """
    every = (outgoing.sender, *outgoing.to, *outgoing.cc, *outgoing.bcc)
    specs = list(map(addr_spec, (address.address for address in every)))
    for spec in specs:
        if _UNSAFE.search(spec) or len(spec.encode("utf-8", "replace")) > 254:  # RFC 5321, 4.5.3.1.3
            raise Refused(say("channels.bad_address", address=clean_line(spec)[:80]))
    chosen = set(outgoing.only)
    return specs[0], [one for one in _once(specs[1:]) if not chosen or one in chosen]


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
