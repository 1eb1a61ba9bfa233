"""From nothing to a connection that is logged in: TCP, TLS, EHLO, AUTH (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import base64
import time
from functools import partial

from agentdesk.channels import sasl
from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.sasl import Mechanism, TokenRefused, Tokens
from agentdesk.channels.smtp_limits import pause_for
from agentdesk.channels.smtp_line import Broken, Line, Reply, SmtpTimeouts
from agentdesk.channels.stream import Stream
from agentdesk.channels.tls import Identity, Tls, explained, is_loopback
from agentdesk.config import MailChannelConfig
from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused
from agentdesk.locale import say


class Limited(ChannelDown):
    """The server wants to be left alone for a while."""

    def __init__(self, words: str, pause: float) -> None:
        super().__init__(words)
        self.pause = pause


class Opener:
    """Opens connections to one server."""

    def __init__(
        self, config: MailChannelConfig, password: str, usage: Usage, timeouts: SmtpTimeouts, tokens: Tokens | None, identity: Identity | None
    ) -> None:
        self._config, self.password, self._usage, self._timeouts = config, password, usage, timeouts
        self._tokens, self._identity = tokens, identity
        self._tls = Tls(config.ca_file, identity)

    def open(self) -> Line:
        """Connect and log in. An access token that is refused is renewed and tried once more, never again.

        Raises:
            ChannelDown: no connection, no TLS, not the server's day.
            LoginRefused: it does not take the name or the password.
        """
        if self._tokens is None:
            return self._begin("")
        token = sasl.asked(self._tokens.current)
        try:
            return self._begin(token)
        except TokenRefused:
            return self._begin(sasl.asked(partial(self._tokens.renewed, token)))

    def _begin(self, token: str) -> Line:
        url = self._config.smtp
        if url.scheme == "smtp" and not is_loopback(url.host):
            raise ChannelDown(say("channels.plain_refused", server=str(url)))
        with explained(url):
            stream = Stream.connect(url.host, url.port, deadline=time.monotonic() + self._timeouts.connect, usage=self._usage)
        line = Line(stream, self._timeouts)
        try:
            deadline = time.monotonic() + self._timeouts.command
            if url.scheme == "smtps":
                with explained(url):
                    stream.start_tls(self._tls, deadline=deadline)
            self._expect(line.reply(deadline))
            self._greet(line)
            if url.scheme == "smtp+starttls":
                self._start_tls(line)
            self._login(line, token)
        except Broken as error:
            stream.close()
            raise self._down(str(error)) from error
        except BaseException:
            stream.close()
            raise
        return line

    def _expect(self, reply: Reply) -> None:
        if reply.good:
            return
        pause = pause_for(reply)
        if pause:
            raise Limited(str(self._down(reply.detail)), pause)
        raise self._down(reply.detail)

    def _down(self, reason: str) -> ChannelDown:
        return ChannelDown(say("channels.lost", server=str(self._config.smtp), reason=clean_line(reason)))

    def _greet(self, line: Line) -> None:
        reply = line.say(f"EHLO {line.stream.local_name()}")
        line.offers = {}
        if not reply.good:
            self._expect(line.say(f"HELO {line.stream.local_name()}"))
            return
        for words in reply.text.split("\n")[1:]:
            name, _, value = words.partition(" ")
            line.offers[name.upper()] = value

    def _start_tls(self, line: Line) -> None:
        if "STARTTLS" not in line.offers:
            raise self._down(say("channels.no_starttls"))
        self._expect(line.say("STARTTLS"))
        line.rest = b""  # what came with it in plain text was said by anybody
        with explained(self._config.smtp):
            deadline = time.monotonic() + self._timeouts.command
            line.stream.start_tls(self._tls, deadline=deadline)
        self._greet(line)

    def _login(self, line: Line, token: str) -> None:
        server, user = str(self._config.smtp), self._config.user
        ways = line.offers.get("AUTH", "").upper().split()
        if self._tokens is not None:
            self._login_by_token(line, ways, token)
            return
        if self._identity is not None and "EXTERNAL" in ways:
            reply, _ = self._authenticate(line, sasl.by_certificate(user))
            if reply.good:
                return
            if not self.password:
                raise LoginRefused(say("channels.login_refused", server=server, user=user, detail=clean_line(reply.detail)))
        if "\0" in user or "\0" in self.password:
            raise LoginRefused(say("channels.login_unusable", server=server, user=clean_line(user)))
        if "PLAIN" in ways:
            reply = line.say(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{self.password}')}")
        elif "LOGIN" in ways:
            reply = line.say("AUTH LOGIN")
            for words in (user, self.password):
                if reply.code == 334:
                    reply = line.say(_base64(words))
        elif not line.offers.get("AUTH") and is_loopback(self._config.smtp.host):
            return  # a relay on this machine knows us by that
        else:
            raise LoginRefused(say("channels.no_auth", server=server))
        if reply.final and not pause_for(reply):
            raise LoginRefused(say("channels.login_refused", server=server, user=user, detail=clean_line(reply.detail)))
        self._expect(reply)

    def _login_by_token(self, line: Line, ways: list[str], token: str) -> None:
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

    def _authenticate(self, line: Line, mechanism: Mechanism) -> tuple[Reply, str]:
        """AUTH with the first message at once (RFC 4954, 4), and why a server that refuses says it does.

        With a long token the line passes the 512 octets of RFC 5321; RFC 4954, 4 allows 12,288.
        """
        reply = line.say(f"AUTH {mechanism.name} {mechanism.first.decode('ascii')}")
        why = ""
        if reply.code == 334:
            why = sasl.why(reply.text.strip().encode("utf-8"))
            reply = line.say(mechanism.consent.decode("ascii"))
        return reply, why


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
