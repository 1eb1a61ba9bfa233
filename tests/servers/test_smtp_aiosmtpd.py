"""Handing mail over to a real SMTP server: aiosmtpd, with TLS from the first byte and with STARTTLS, and with a login."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from agentdesk.channels.base import ChannelDown, Outcome
from agentdesk.channels.smtp import SmtpSender
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.message import Address, Outgoing, OutgoingFile
from agentdesk.errors import LoginRefused
from tests.dialogue.certificates import Authority

MAIL = Outgoing(
    message_id="<1@shop.example>",
    sender=Address("Casa Verde", "support@shop.example"),
    to=(Address("María", "maria@example.org"),),
    cc=(Address("", "luca@example.org"),),
    bcc=(Address("", "boss@shop.example"),),
    subject="Il suo pacco è arrivato",
    text="Buongiorno,\n\n.\n..\n" + "è arrivato. " * 200 + "\nFrom here on\n",
    date=datetime(2026, 11, 1, tzinfo=UTC),
    files=(OutgoingFile("foto.png", "image/png", bytes(range(256)) * 1000),),
)


class Sink:
    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 queued"


@dataclass
class Server:
    sink: Sink
    config: MailChannelConfig


def login(_server: SMTP, _session: Any, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"support", "pässwörd€".encode())
    return AuthResult(success=known, handled=False)


class _Controller(Controller):
    def __init__(self, sink: Sink, **options: Any) -> None:
        super().__init__(sink, hostname="127.0.0.1", port=0, **options)
        self._made: list[SMTP] = []

    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # with TLS from the first byte it does not see that there is TLS
            self._made.append(super().factory())
        return self._made[-1]

    def stop(self, no_assert: bool = False) -> None:
        """End the connections, too: left to the garbage collector they would be told in the middle of some other test."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(20)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for protocol in self._made:
            for transport in (protocol.transport, protocol._original_transport):
                if transport is not None:
                    transport.abort()
        for _ in range(5):  # what that schedules, and what this schedules
            await asyncio.sleep(0)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=["smtps", "smtp+starttls"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Server]:
    sink = Sink()
    context: ssl.SSLContext = authority.server_context("localhost")
    options: dict[str, Any] = {"auth_required": True, "authenticator": login}
    if request.param == "smtps":
        controller = _Controller(sink, ssl_context=context, auth_require_tls=False, **options)
    else:
        controller = _Controller(sink, tls_context=context, require_starttls=True, **options)
    controller.start()
    yield Server(sink, config(request.param, controller.port, authority.file))
    controller.stop()


def config(scheme: str, port: int, ca_file: Path | None) -> MailChannelConfig:
    return MailChannelConfig(
        name="support", address="support@shop.example", user="support", imap=ServerUrl("imap", "127.0.0.1", 1),
        smtp=ServerUrl(scheme, "localhost", port), password=Secret("literal"), ca_file=ca_file,
    )  # fmt: skip


def test_a_message_arrives_as_it_was_written(server: Server) -> None:
    sender = SmtpSender(server.config, "pässwörd€")
    attempt = sender.send(MAIL)
    assert attempt.outcome is Outcome.ACCEPTED, attempt
    (envelope,) = server.sink.envelopes
    assert envelope.mail_from == "support@shop.example"
    assert envelope.rcpt_tos == ["maria@example.org", "luca@example.org", "boss@shop.example"]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=default)
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == MAIL.message_id
    assert "boss" not in envelope.content.decode()
    text, picture = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.text.rstrip("\n")
    assert picture.get_content() == MAIL.files[0].content
    assert sender.usage.bytes_out > len(envelope.content)
    assert sender.usage.round_trips > 5


def test_a_recipient_that_does_not_exist(server: Server) -> None:
    attempt = SmtpSender(server.config, "pässwörd€").send(replace(MAIL, cc=(Address("", "nobody@example.org"),)))
    assert attempt.outcome is Outcome.ACCEPTED
    assert attempt.refused == ("nobody@example.org",)


def test_a_wrong_password(server: Server) -> None:
    with pytest.raises(LoginRefused):
        SmtpSender(server.config, "wrong").check()
    assert not server.sink.envelopes


def test_check_sends_nothing(server: Server) -> None:
    SmtpSender(server.config, "pässwörd€").check()
    assert not server.sink.envelopes


def test_an_authority_nobody_knows(server: Server) -> None:
    with pytest.raises(ChannelDown, match="certificate"):
        SmtpSender(replace(server.config, ca_file=None), "pässwörd€").check()


def test_a_file_of_authorities_that_is_none(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ChannelDown, match="certificates"):
        SmtpSender(replace(server.config, ca_file=tmp_path / "missing.pem"), "pässwörd€").check()
