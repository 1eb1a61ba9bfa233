"""Logging in by access token and by certificate: every way a server may take it, refuse it, and explain why."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager

import pytest

from agentdesk.channels import sasl
from agentdesk.channels.base import ChannelDown, Outcome
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.smtp import SmtpSender
from agentdesk.errors import LoginRefused, SignInNeeded, Unreachable, UsageError
from tests.dialogue.certificates import Authority
from tests.dialogue.imap_scripts import QUICK, url
from tests.dialogue.server import Server, Step, close, hear, say, serve, until_closed
from tests.dialogue.test_smtp_outcomes import MAIL, config
from tests.dialogue.test_smtp_outcomes import QUICK as SMTP_QUICK


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def xoauth2(token: str, user: str = "user") -> str:
    return coded(f"user={user}\x01auth=Bearer {token}\x01\x01").replace("+", r"\+")


WHY = coded(json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}))
HOSTILE = coded(json.dumps({"status": "\x1b[2J\u202e401", "scope": ["x"], "error": "x" * 5000}))


class Given:
    """Two access tokens: one at hand, one to be had."""

    def __init__(self, first: str = "old", second: str | Exception = "new") -> None:
        self.first, self.second = first, second
        self.renewals: list[str] = []

    def current(self) -> str:
        return self.first

    def renewed(self, refused: str) -> str:
        self.renewals.append(refused)
        if isinstance(self.second, Exception):
            raise self.second
        return self.second


def greeting(*capabilities: str) -> Step:
    return say(f"* OK [CAPABILITY IMAP4rev1 {' '.join(capabilities)}] ready")


IN = say("{tag} OK [CAPABILITY IMAP4rev1 IDLE] in")


def opened(server: Server, tokens: Given, user: str = "user") -> Connection:
    line = Connection(url(server), timeouts=QUICK, tokens=tokens)
    line.open(user, "never sent")
    return line


@pytest.mark.parametrize(
    ("capabilities", "script"),
    [
        (("SASL-IR", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER", "AUTH=PLAIN"), (hear(f"{{tag}} AUTHENTICATE XOAUTH2 {xoauth2('old')}"), IN)),
        (("AUTH=XOAUTH2", "LOGINDISABLED"), (hear("{tag} AUTHENTICATE XOAUTH2"), say("+ "), hear(xoauth2("old")), IN)),
    ],
    ids=["at once", "after a plus"],
)
def test_xoauth2_where_it_is_offered(capabilities: tuple[str, ...], script: tuple[Step, ...]) -> None:
    with serve(greeting(*capabilities), *script, until_closed) as server:
        line = opened(server, Given())
        assert line.capabilities == {"IMAP4REV1", "IDLE"}
        line.close()


def test_oauthbearer_where_there_is_nothing_else() -> None:
    with serve(greeting("SASL-IR", "AUTH=OAUTHBEARER"), hear("{tag} AUTHENTICATE OAUTHBEARER .*"), IN, until_closed) as server:
        opened(server, Given(), "a,b=c").close()
        sent = base64.b64decode(server.lines()[0].rpartition(" ")[2]).decode()
        assert sent == f"n,a=a=2Cb=3Dc,\x01host=127.0.0.1\x01port={server.port}\x01auth=Bearer old\x01\x01"


def refusal(mechanism: str, token: str, consent: str, challenge: str = WHY) -> tuple[Step, ...]:
    return (
        greeting("SASL-IR", f"AUTH={mechanism}"), hear(f"{{tag}} AUTHENTICATE {mechanism} .*"), say(f"+ {challenge}"), hear(consent),
        say("{tag} NO [AUTHENTICATIONFAILED] no"),
    )  # fmt: skip


def test_a_refused_token_is_renewed_and_tried_once_more() -> None:
    tokens = Given()
    script = (greeting("SASL-IR", "AUTH=XOAUTH2"), hear(f"{{tag}} AUTHENTICATE XOAUTH2 {xoauth2('new')}"), IN, until_closed)
    with serve(*refusal("XOAUTH2", "old", ""), until_closed, then=script) as server:
        opened(server, tokens).close()
    assert tokens.renewals == ["old"]


@pytest.mark.parametrize(("mechanism", "consent"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
@pytest.mark.parametrize(
    ("challenge", "words"), [(WHY, r"400 Bearer https://mail.google.com/"), (HOSTILE, "401"), ("!!!", "no"), (coded("[1]"), "no"), ("", "no")],
    ids=["words", "hostile", "no base64", "a list", "nothing"],
)
def test_refused_twice_is_refused_with_the_servers_reason(mechanism: str, consent: str, challenge: str, words: str) -> None:
    tokens = Given()
    script = refusal(mechanism, "old", consent, challenge)
    with serve(*script, until_closed, then=(*script, until_closed)) as server, pytest.raises(LoginRefused, match=words) as caught:
        opened(server, tokens)
    assert tokens.renewals == ["old"]
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_server_that_challenges_without_end_is_left() -> None:
    endless = (greeting("SASL-IR", "AUTH=XOAUTH2"), hear("{tag} AUTHENTICATE .*"), say(*["+ " + WHY] * 50), hear(""))
    with serve(*endless, strict=False) as server, pytest.raises(ChannelDown):
        opened(server, Given())


def test_a_server_that_is_busy_is_not_a_refusal() -> None:
    tokens = Given()
    busy = (greeting("SASL-IR", "AUTH=XOAUTH2"), hear("{tag} AUTHENTICATE .*"), say("{tag} NO [UNAVAILABLE] later"), until_closed)
    with serve(*busy) as server, pytest.raises(ChannelDown, match="later"):
        opened(server, tokens)
    assert tokens.renewals == []


def test_a_server_without_tokens_gets_no_password_instead() -> None:
    with serve(greeting("SASL-IR", "AUTH=PLAIN"), until_closed) as server, pytest.raises(LoginRefused, match="takes no access tokens"):
        opened(server, Given())
    assert not any("AUTHENTICATE" in line or "LOGIN" in line for line in server.lines())


@pytest.mark.parametrize(("error", "kind"), [(SignInNeeded("sign in"), SignInNeeded), (Unreachable("away"), ChannelDown)])
def test_where_no_other_token_can_be_had(error: Exception, kind: type[Exception]) -> None:
    with serve(*refusal("XOAUTH2", "old", ""), until_closed) as server, pytest.raises(kind):
        opened(server, Given(second=error))


@pytest.mark.parametrize(("user", "token"), [("user", "a b"), ("user", "a\r\nb"), ("user", "ä"), ("user", ""), ("u\x01auth=Bearer x", "t"), ("", "t")])
def test_nothing_can_break_out_of_the_message(user: str, token: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        sasl.by_token({"XOAUTH2", "OAUTHBEARER"}, user, token, "h", 1)


def test_no_token_shows_in_a_representation() -> None:
    mechanism = sasl.by_token({"XOAUTH2"}, "user", "geheim", "h", 1)
    assert repr(mechanism) == "<XOAUTH2>"


def test_compression_begins_after_the_login_not_with_it() -> None:
    """A challenge would take the command behind it for its answer."""
    script = (
        greeting("SASL-IR", "AUTH=XOAUTH2", "COMPRESS=DEFLATE"), hear("{tag} AUTHENTICATE .*"),
        say("{tag} OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] in"), hear("{tag} COMPRESS DEFLATE"), say("{tag} NO not now"), until_closed,
    )  # fmt: skip
    with serve(*script) as server:
        opened(server, Given()).close()


# SMTP

Sending = Callable[..., AbstractContextManager[tuple[SmtpSender, Server]]]


@contextmanager
def sending(tokens: Given, *script: Step, then: tuple[Step, ...] = ()):  # type: ignore[no-untyped-def]
    with serve(*script, then=then) as server:
        yield SmtpSender(config(server.port), "never sent", timeouts=SMTP_QUICK, tokens=tokens), server


def hello(*ways: str) -> tuple[Step, ...]:
    return say("220 ready"), hear("EHLO .*"), say("250-there", f"250 AUTH {' '.join(ways)}")


def test_smtp_takes_a_token() -> None:
    script = (*hello("PLAIN", "XOAUTH2"), hear(f"AUTH XOAUTH2 {xoauth2('old', 'support')}"), say("235 in"), until_closed)
    with sending(Given(), *script) as (sender, _):
        sender.check()


@pytest.mark.parametrize(("mechanism", "consent"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_smtp_refuses_one_and_takes_the_next(mechanism: str, consent: str) -> None:
    no = (*hello(mechanism), hear(f"AUTH {mechanism} .*"), say(f"334 {WHY}"), hear(consent), say("535 5.7.8 no"), until_closed)
    yes = (*hello(mechanism), hear(f"AUTH {mechanism} .*"), say("235 in"), until_closed)
    tokens = Given()
    with sending(tokens, *no, then=yes) as (sender, _):
        sender.check()
    assert tokens.renewals == ["old"]


def test_smtp_refuses_both() -> None:
    no = (*hello("XOAUTH2"), hear("AUTH XOAUTH2 .*"), say(f"334 {WHY}"), hear(""), say("535 5.7.8 no"), until_closed)
    tokens = Given()
    with sending(tokens, *no, then=no) as (sender, _), pytest.raises(LoginRefused, match="400 Bearer"):
        sender.send(MAIL)
    assert tokens.renewals == ["old"]


def test_smtp_not_now_is_deferred() -> None:
    tokens = Given()
    script = (*hello("XOAUTH2"), hear("AUTH XOAUTH2 .*"), say("454 4.7.0 later"), until_closed)
    with sending(tokens, *script) as (sender, _):
        assert sender.send(MAIL).outcome is Outcome.DEFERRED
    assert tokens.renewals == []


def test_smtp_without_tokens_gets_no_password_instead() -> None:
    with sending(Given(), *hello("PLAIN", "LOGIN"), until_closed) as (sender, server), pytest.raises(LoginRefused, match="no access tokens"):
        sender.check()
    assert not any(line.startswith("AUTH") for line in server.lines())


@pytest.mark.parametrize("error", [Unreachable("away"), UsageError("not installed")])
def test_smtp_defers_while_no_token_can_be_had(error: Exception) -> None:
    with sending(Given(second=error), *hello("XOAUTH2"), hear("AUTH .*"), say(f"334 {WHY}"), hear(""), say("535 no"), close) as (sender, _):
        assert sender.send(MAIL).outcome is Outcome.DEFERRED


# Certificates


def test_smtp_with_a_certificate_says_external(tmp_path) -> None:  # type: ignore[no-untyped-def]
    import ssl

    from agentdesk.channels.tls import Identity

    authority = Authority(tmp_path)
    context = authority.server_context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    identity = Identity(*authority.certificate("support"))
    script = (*hello("PLAIN", "EXTERNAL"), hear(f"AUTH EXTERNAL {coded('support')}"), say("235 in"), until_closed)
    with serve(*script, tls=context) as server:
        SmtpSender(config(server.port, "smtps", "localhost", authority), "", timeouts=SMTP_QUICK, identity=identity).check()
    refused = (*hello("PLAIN", "EXTERNAL"), hear("AUTH EXTERNAL .*"), say("535 who?"), hear("AUTH PLAIN .*"), say("235 in"), until_closed)
    with serve(*refused, tls=context) as server:
        SmtpSender(config(server.port, "smtps", "localhost", authority), "pw", timeouts=SMTP_QUICK, identity=identity).check()
