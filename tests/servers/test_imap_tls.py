"""TLS sessions are taken up again, and never by anybody they do not hold for."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.smtp import SmtpSender
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from tests.dialogue.certificates import Authority
from tests.dialogue.server import goodbye, hear, say, serve, until_closed
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_a_session_is_taken_up_again(dovecot: Dovecot, scheme: str) -> None:
    config = dovecot.config(dovecot.user(), scheme)
    connection = Connection(config.imap, ca_file=config.ca_file)
    taken_up = []
    for _ in range(3):
        connection.open(config.user, "secret")
        taken_up.append(connection.tls.resumed)
        connection.close()
    assert taken_up == [False, True, True]


def test_another_authority_ends_it(dovecot: Dovecot, tmp_path: Path) -> None:
    """Whom to trust has changed while we ran: the session of before proves nothing any more."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(dovecot.authority.file.read_bytes())
    config = dovecot.config(dovecot.user())
    connection = Connection(config.imap, ca_file=ca_file)
    connection.open(config.user, "secret")
    connection.close()
    (tmp_path / "other").mkdir()
    ca_file.write_bytes(Authority(tmp_path / "other").file.read_bytes())
    with pytest.raises(ChannelDown, match="certificate"):
        connection.open(config.user, "secret")
    ca_file.write_bytes(dovecot.authority.file.read_bytes() + b"\n")
    connection.open(config.user, "secret")
    assert not connection.tls.resumed
    connection.close()


def test_a_server_that_does_not_know_the_session_is_checked_anew(dovecot: Dovecot, tmp_path: Path) -> None:
    """Somebody else on the same port: no session helps past the certificate."""
    config = dovecot.config(dovecot.user())
    connection = Connection(config.imap, ca_file=config.ca_file)
    connection.open(config.user, "secret")
    connection.close()
    stranger = Authority(tmp_path).server_context("localhost")
    with serve(until_closed, tls=stranger, strict=False) as server:
        connection.url = ServerUrl("imaps", "localhost", server.port)
        with pytest.raises(ChannelDown, match="certificate"):
            connection.open(config.user, "secret")


def test_smtp_takes_its_session_up_again_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    script = (say("220 hello"), hear("EHLO .*"), say("250-there", "250 AUTH PLAIN"), hear("AUTH PLAIN .*"), say("235 in"), goodbye)
    with serve(*script, then=script, tls=authority.server_context("localhost")) as server:
        config = MailChannelConfig(
            name="support", address="support@shop.example", user="user", imap=ServerUrl("imap", "127.0.0.1", 1),
            smtp=ServerUrl("smtps", "localhost", server.port), password=Secret("literal"), ca_file=authority.file,
        )  # fmt: skip
        sender = SmtpSender(config, "secret")
        taken_up = []
        for _ in range(2):
            sender.check()
            taken_up.append(sender._opener._tls.resumed)
    assert taken_up == [False, True]
