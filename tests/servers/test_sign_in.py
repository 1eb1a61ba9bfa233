"""Logging in without a password: real Dovecot with XOAUTH2, OAUTHBEARER and client certificates."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from agentdesk.channels import validity
from agentdesk.channels.base import ChannelDown, Outcome
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.smtp import SmtpSender
from agentdesk.channels.tls import Identity
from agentdesk.cli import checks
from agentdesk.config import ClientCertificate, DeskConfig, MailChannelConfig, OAuth, Secret
from agentdesk.engine.engine import Engine
from agentdesk.errors import LoginRefused, SignInNeeded
from agentdesk.oauth.tokens import AccessTokens, tokens_of
from agentdesk.secrets import CLIENT
from tests.desks import desk_config
from tests.dialogue.certificates import Authority
from tests.oauth_server import CLIENT as CLIENT_ID
from tests.oauth_server import SECRET, OAuthServer, oauth_server
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot
from tests.servers.test_smtp_aiosmtpd import MAIL, Sink, _Controller
from tests.servers.test_smtp_aiosmtpd import config as smtp_config

pytestmark = pytest.mark.servers

NO_PENALTY = "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n"
"""A refused login makes Dovecot slower to anybody from that address."""
DEADLINE = 60


def running(extra: Callable[[Path], str]) -> Iterator[Dovecot]:
    missing = dovecot_server.available()
    if missing:
        if os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    server = Dovecot(extra)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def provider() -> Iterator[OAuthServer]:
    with oauth_server() as server:
        yield server


def introspecting(provider: OAuthServer, mechanisms: str) -> Callable[[Path], str]:
    def extra(folder: Path) -> str:
        file = folder / "oauth2.conf"
        file.write_text(
            f"introspection_mode = post\nintrospection_url = {provider.base}/introspect\nforce_introspection = yes\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        file.chmod(0o644)
        passdb = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {file}\n}}\n"
        return f"auth_mechanisms = {mechanisms}\n{passdb}{NO_PENALTY}"

    return extra


@pytest.fixture(scope="module", params=["plain xoauth2 oauthbearer", "plain oauthbearer"], ids=["xoauth2", "oauthbearer"])
def mailroom(request: pytest.FixtureRequest, provider: OAuthServer) -> Iterator[Dovecot]:
    yield from running(introspecting(provider, request.param))


class Place:
    """Where the refresh token is kept: a command to read and one to write, as for `pass`."""

    def __init__(self, folder: Path, token: str) -> None:
        self.file = folder / "token"
        self.file.write_text(token)
        self.secret = Secret("command", f"cat {self.file}", store=f"cat > {self.file}.new && mv {self.file}.new {self.file}")

    @property
    def token(self) -> str:
        return self.file.read_text().strip()


def mailbox(dovecot: Dovecot, provider: OAuthServer, place: Place) -> MailChannelConfig:
    provider.user = dovecot.user()
    oauth = OAuth("custom", CLIENT_ID, Secret("literal", SECRET), token_url=f"{provider.base}/token", scope="mail")
    return replace(dovecot.config(provider.user), oauth=oauth, password=place.secret)


def tokens(config: MailChannelConfig, folder: Path, place: Place) -> AccessTokens:
    made = tokens_of(config, folder, {"support": place.token, "support" + CLIENT: SECRET}, pytest.fail)
    assert made is not None
    return made


def connection(config: MailChannelConfig, dovecot: Dovecot, given: AccessTokens) -> Connection:
    return Connection(config.imap, ca_file=dovecot.authority.file, tokens=given)


def test_an_access_token_opens_the_mailbox_and_is_renewed_when_refused(mailroom: Dovecot, provider: OAuthServer, tmp_path: Path) -> None:
    place = Place(tmp_path, provider.sign_in())
    config = mailbox(mailroom, provider, place)
    given = tokens(config, tmp_path, place)
    first = place.token
    line = connection(config, mailroom, given)
    line.open(config.user, "")
    assert line.alive
    assert "IDLE" in line.capabilities
    line.close()
    second = place.token
    assert second not in {first, ""}, "the provider changed the refresh token; the new one is kept"
    asked = len(provider.asked)
    line.open(config.user, "")
    line.close()
    assert len(provider.asked) == asked, "a good access token is used again"
    provider.forget_access()
    line.open(config.user, "")
    line.close()
    assert len(provider.asked) == asked + 1
    assert place.token not in {first, second}


def test_a_token_the_server_never_takes_is_renewed_once_and_the_reason_is_told(
    mailroom: Dovecot, provider: OAuthServer, tmp_path: Path
) -> None:
    place = Place(tmp_path, provider.sign_in())
    config = mailbox(mailroom, provider, place)
    asked = len(provider.asked)
    provider.user = "somebody-else"
    with pytest.raises(LoginRefused, match=r"401|invalid_token|Authentication failed"):
        connection(config, mailroom, tokens(config, tmp_path, place)).open(config.user, "")
    assert len(provider.asked) == asked + 2


def test_a_revoked_sign_in_is_a_question_not_a_loop(mailroom: Dovecot, provider: OAuthServer, tmp_path: Path) -> None:
    place = Place(tmp_path, provider.sign_in())
    config = mailbox(mailroom, provider, place)
    provider.revoke()
    asked = len(provider.asked)
    with pytest.raises(SignInNeeded, match="revoked") as caught:
        connection(config, mailroom, tokens(config, tmp_path, place)).open(config.user, "")
    assert str(caught.value).isprintable()
    assert len(provider.asked) == asked + 1


def until(condition: Callable[[], object], engine: Engine) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        engine.tick()
        assert time.monotonic() < end, [tuple(row) for row in engine.database.all("SELECT name, state, detail FROM channel")]
        time.sleep(0.02)


def test_the_engine_asks_for_a_sign_in_and_goes_on_when_there_is_one(mailroom: Dovecot, provider: OAuthServer, tmp_path: Path) -> None:
    """Revoked before it starts; `agentdesk login` puts a new token into its place and says so."""
    place = Place(tmp_path, "gone")
    config: DeskConfig = desk_config(tmp_path, channels=(mailbox(mailroom, provider, place),))
    config.state.mkdir(mode=0o700)
    engine = Engine(config, {"support": "gone", "support" + CLIENT: SECRET})
    assert engine.lock.take()
    engine.start()
    try:
        until(lambda: engine.database.one("SELECT 1 FROM question WHERE kind = 'login' AND data = 'support'"), engine)
        assert engine.database.value("SELECT state FROM channel") == "refused"
        place.file.write_text(provider.sign_in())
        engine.database.write(lambda tx: tx.touch("login"))
        until(lambda: engine.database.value("SELECT state FROM channel") == "ready", engine)
        assert engine.database.one("SELECT 1 FROM question") is None
        assert place.token in provider.refresh_tokens
        secret = place.token
        dump = "\n".join(engine.database.reader().iterdump())
        assert secret not in dump
        assert not any(token in dump for token in provider.access_tokens)
        until(lambda: engine.database.value("SELECT sum(bytes_in) FROM traffic WHERE job = 'oauth'"), engine)
        out, trips = engine.database.one("SELECT sum(bytes_out), sum(round_trips) FROM traffic WHERE job = 'oauth'")
        assert trips == 2  # the revoked one, and the new one
        assert 2 * 250 < out < 2 * 600
    finally:
        engine.stop()


def test_doctor_gets_an_access_token_and_uses_it(mailroom: Dovecot, provider: OAuthServer, tmp_path: Path) -> None:
    place = Place(tmp_path, provider.sign_in())
    config = mailbox(mailroom, provider, place)
    found = {check.name: check for check in checks.mailbox(config, {"support": place.token, "support" + CLIENT: SECRET}, tmp_path)}
    assert found["sign-in"].state == found["imap"].state == found["clock"].state == checks.OK
    assert "59 minutes" in found["sign-in"].detail
    assert place.token in provider.refresh_tokens


# Client certificates


@pytest.fixture(scope="module")
def locked() -> Iterator[Dovecot]:
    """TLS only with a certificate of our authority; who it is for is who logs in."""

    def extra(folder: Path) -> str:
        return (
            f"ssl_ca = <{folder}/ca.pem\nssl_verify_client_cert = yes\nauth_ssl_require_client_cert = yes\nssl_require_crl = no\n"
            "auth_ssl_username_from_cert = yes\nauth_mechanisms = plain external\n"
            f"passdb {{\n  driver = static\n  mechanisms = external\n  args = nopassword\n}}\n{NO_PENALTY}"
        )

    yield from running(extra)


def certified(dovecot: Dovecot, passphrase: str = "") -> tuple[str, Identity]:
    user = dovecot.user()
    certificate, key = dovecot.authority.certificate(user, passphrase=passphrase)
    return user, Identity(certificate, key, passphrase)


@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_certificate_opens_the_mailbox_without_a_password(locked: Dovecot, passphrase: str) -> None:
    user, identity = certified(locked, passphrase)
    line = Connection(locked.config(user).imap, ca_file=locked.authority.file, identity=identity)
    line.open(user, "")
    assert line.alive
    line.close()


def test_certificate_and_key_in_one_file_and_starttls(locked: Dovecot, tmp_path: Path) -> None:
    user, identity = certified(locked)
    both = tmp_path / "both.pem"
    assert identity.key is not None
    both.write_bytes(identity.key.read_bytes() + identity.certificate.read_bytes())
    line = Connection(locked.config(user, "imap+starttls").imap, ca_file=locked.authority.file, identity=Identity(both))
    line.open(user, "")
    line.close()
    assert 0 < (validity.ends(both) - datetime.now(UTC)).days < 3


def test_without_a_certificate_nobody_gets_in(locked: Dovecot) -> None:
    user = locked.user()
    with pytest.raises((LoginRefused, ChannelDown)):
        Connection(locked.config(user).imap, ca_file=locked.authority.file).open(user, "secret")


def test_the_certificate_of_another_mailbox_opens_only_that_one(locked: Dovecot) -> None:
    _, identity = certified(locked)
    other = locked.user()
    with pytest.raises(LoginRefused):
        Connection(locked.config(other).imap, ca_file=locked.authority.file, identity=identity).open(other, "")


def test_a_wrong_passphrase_is_told_and_nothing_asks_for_one_on_the_terminal(locked: Dovecot) -> None:
    user, identity = certified(locked, "right")
    for given in ("wrong", ""):
        line = Connection(locked.config(user).imap, ca_file=locked.authority.file, identity=replace(identity, passphrase=given))
        with pytest.raises(ChannelDown, match="client certificate"):
            line.open(user, "")


def test_doctor_tells_the_days_a_client_certificate_has_left(locked: Dovecot, tmp_path: Path) -> None:
    user, identity = certified(locked)
    config = replace(
        locked.config(user), password=Secret("none"), certificate=ClientCertificate(identity.certificate, identity.key)
    )
    found = {check.name: check for check in checks.mailbox(config, {"support": ""}, tmp_path)}
    assert (found["imap"].state, found["client-certificate"].state) == (checks.OK, checks.WARNING)
    assert "valid for 1 day" in found["client-certificate"].detail


# SMTP: aiosmtpd with the mechanism as Google and Microsoft speak it


class TokenSink(Sink):
    """Takes mail of whoever shows an access token the provider gave."""

    def __init__(self, provider: OAuthServer) -> None:
        super().__init__()
        self.provider = provider
        self.explained: list[bytes] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        said = dict(part.split("=", 1) for part in base64.b64decode(args[1]).decode().strip("\x01").split("\x01"))
        if self.provider.access_tokens.get(said["auth"].removeprefix("Bearer ")) == said["user"]:
            return AuthResult(success=True)
        challenge = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}').decode()
        await server.push(f"334 {challenge}")
        self.explained.append(await server._reader.readline())
        return AuthResult(success=False, handled=False)


@pytest.fixture
def way_out(provider: OAuthServer, tmp_path: Path) -> Iterator[tuple[TokenSink, MailChannelConfig]]:
    authority = Authority(tmp_path)
    sink = TokenSink(provider)
    controller = _Controller(
        sink, ssl_context=authority.server_context("localhost"), auth_require_tls=False, auth_required=True,
        auth_exclude_mechanism=["LOGIN", "PLAIN"],
    )  # fmt: skip
    controller.start()
    yield sink, smtp_config("smtps", controller.port, authority.file)
    controller.stop()


def test_mail_goes_out_by_token_and_a_refused_one_is_renewed(
    way_out: tuple[TokenSink, MailChannelConfig], provider: OAuthServer, tmp_path: Path
) -> None:
    sink, config = way_out
    provider.user = config.user
    place = Place(tmp_path, provider.sign_in())
    oauth = OAuth("custom", CLIENT_ID, Secret("literal", SECRET), token_url=f"{provider.base}/token", scope="mail")
    config = replace(config, oauth=oauth, password=place.secret)
    given = tokens(config, tmp_path, place)
    sender = SmtpSender(config, "", tokens=given)
    assert sender.send(MAIL).outcome is Outcome.ACCEPTED
    provider.forget_access()
    assert SmtpSender(config, "", tokens=given).send(replace(MAIL, message_id="<2@shop.example>")).outcome is Outcome.ACCEPTED
    assert len(sink.envelopes) == 2
    assert sink.explained == [b"\r\n"], "the reason was heard out, with an empty line"
    provider.revoke()
    with pytest.raises(SignInNeeded):
        SmtpSender(config, "", tokens=given).send(MAIL)
    assert len(sink.envelopes) == 2
