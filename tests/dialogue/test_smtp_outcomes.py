"""Every way a message can go, or not go, and what the sender says of it."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agentdesk.channels.base import Attempt, ChannelDown, Outcome
from agentdesk.channels.smtp import SmtpSender, SmtpTimeouts
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.message import Address, Outgoing
from agentdesk.errors import LoginRefused
from tests.dialogue.certificates import Authority
from tests.dialogue.server import (
    Conversation,
    Server,
    Step,
    close,
    drip,
    goodbye,
    hear,
    hear_bytes,
    reset,
    say,
    serve,
    start_tls,
    until_closed,
    until_gone,
)  # fmt: skip

QUICK = SmtpTimeouts(connect=2, command=0.4, content=2, answer=0.4, goodbye=0.1)

MAIL = Outgoing(
    message_id="<1@shop.example>",
    sender=Address("Casa Verde", "support@shop.example"),
    to=(Address("Maria", "maria@example.org"),),
    cc=(),
    bcc=(),
    subject="Your order",
    text="Good morning,\n.hidden dot\nbye",
    date=datetime(2026, 11, 1, tzinfo=UTC),
)
TWO = replace(MAIL, cc=(Address("", "luca@example.org"),))

LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0support\0secret").decode()


def config(port: int, scheme: str = "smtp", host: str = "127.0.0.1", authority: Authority | None = None) -> MailChannelConfig:
    return MailChannelConfig(
        name="support", address="support@shop.example", user="support", imap=ServerUrl("imap", "127.0.0.1", 1),
        smtp=ServerUrl(scheme, host, port), password=Secret("literal"), ca_file=authority.file if authority else None,
    )  # fmt: skip


def hello(*offers: str) -> tuple[Step, ...]:
    lines = [f"250-{offer}" for offer in offers]
    return say("220 ready"), hear(r"EHLO \[127\.0\.0\.1\]"), say("250-there", *lines, "250 AUTH PLAIN LOGIN"), hear(LOGIN), say("235 in")


def envelope(*recipients: str) -> tuple[Step, ...]:
    steps: list[Step] = [hear("MAIL FROM:<support@shop.example>"), say("250 ok")]
    for recipient in recipients or ("maria@example.org",):
        steps += [hear(f"RCPT TO:<{recipient}>"), say("250 ok")]
    return tuple(steps)


def content(talk: Conversation) -> None:
    """Up to the line before the dot."""
    while talk.line() != "bye":
        pass


DATA = (hear("DATA"), say("354 go"), content)
DOT = hear(r"\.")


def attempt(*script: Step, mail: Outgoing = MAIL, tls: ssl.SSLContext | None = None, strict: bool = True) -> tuple[Attempt, Server]:
    with serve(*script, tls=tls, strict=strict) as server:
        outcome = SmtpSender(config(server.port), "secret", timeouts=QUICK).send(mail)
    return outcome, server


def test_accepted_by_the_answer_to_the_dot() -> None:
    outcome, server = attempt(*hello(), *envelope(), *DATA, DOT, say("250 queued as 12"), goodbye)
    assert outcome == Attempt(Outcome.ACCEPTED, "250 queued as 12")
    lines = server.lines()
    assert "..hidden dot" in lines
    assert "Message-ID: <1@shop.example>" in lines


def test_nothing_in_the_content_can_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentdesk.channels import smtp

    monkeypatch.setattr(smtp, "compose", lambda _: b"a: b\r\n\r\n.\r\n.\nQUIT\r.\rRSET\r\n..\r\nbye")
    outcome, server = attempt(*hello(), *envelope(), *DATA, DOT, say("250 queued"), goodbye)
    assert outcome.outcome is Outcome.ACCEPTED
    assert server.lines()[5:-1] == ["a: b", "", "..", "..", "QUIT", "..", "RSET", "...", "bye", "."]


def test_an_answer_in_several_lines_is_one_answer() -> None:
    outcome, _ = attempt(*hello(), *envelope(), *DATA, DOT, say("250-queued", "250 as 12"), goodbye)
    assert outcome == Attempt(Outcome.ACCEPTED, "250 queued as 12")


def test_what_goes_wrong_with_quit_changes_nothing() -> None:
    outcome, _ = attempt(*hello(), *envelope(), *DATA, DOT, say("250 queued"), reset)
    assert outcome.outcome is Outcome.ACCEPTED


BEFORE_THE_DOT = {
    "greeting refused": (say("421 too busy"),),
    "greeting is no SMTP": (say("HTTP/1.1 400 Bad Request"),),
    "silence instead of a greeting": (until_gone,),
    "closed after greeting": (say("220 ready"), close),
    "greylisted sender": (*hello(), hear("MAIL FROM:.*"), say("451 later"), goodbye),
    "greylisted recipient": (*hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:.*"), say("450 later"), goodbye),
    "DATA refused for now": (*hello(), *envelope(), hear("DATA"), say("452 disk full"), goodbye),
    "DATA answered with nonsense": (*hello(), *envelope(), hear("DATA"), say("250 what"), goodbye),
    "closed at DATA": (*hello(), *envelope(), hear("DATA"), close),
    "closed instead of 354": (*hello(), *envelope(), hear("DATA"), reset),
    "silence at DATA": (*hello(), *envelope(), hear("DATA"), until_gone),
    "refused for now after the dot": (*hello(), *envelope(), *DATA, DOT, say("451 try again"), goodbye),
    "shutting down after the dot": (*hello(), *envelope(), *DATA, DOT, say("421 shutting down"), close),
}


@pytest.mark.parametrize("script", BEFORE_THE_DOT.values(), ids=BEFORE_THE_DOT.keys())
def test_deferred_where_nothing_was_handed_over(script: tuple[Step, ...]) -> None:
    outcome, _ = attempt(*script)
    assert outcome.outcome is Outcome.DEFERRED
    assert outcome.detail


def test_deferred_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = SmtpSender(config(port), "secret", timeouts=QUICK).send(MAIL)
    assert outcome.outcome is Outcome.DEFERRED
    assert str(port) in outcome.detail


def test_deferred_where_the_server_goes_before_the_dot_was_sent() -> None:
    """The content is bigger than what buffers hold, so the sender is still sending when the server goes."""
    big = replace(MAIL, text="line of text\n" * 500_000)
    outcome, _ = attempt(*hello(), *envelope(), hear("DATA"), say("354 go"), hear("Date: .*"), reset, mail=big)
    assert outcome.outcome is Outcome.DEFERRED


def test_an_answer_before_the_dot_is_heard() -> None:
    big = replace(MAIL, text="line of text\n" * 500_000)
    script = (*hello(), *envelope(), hear("DATA"), say("354 go"), hear("Date: .*"), say("552 too big"), until_closed)
    outcome, server = attempt(*script, mail=big)
    assert outcome == Attempt(Outcome.REJECTED, "552 too big")
    assert "." not in server.lines()


REFUSED = {
    "sender": (*hello(), hear("MAIL FROM:.*"), say("550 not you"), goodbye),
    "only recipient": (*hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:.*"), say("550 not here"), goodbye),
    "DATA": (*hello(), *envelope(), hear("DATA"), say("554 no"), goodbye),
    "content": (*hello(), *envelope(), *DATA, DOT, say("554 spam"), goodbye),
}


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED.keys())
def test_rejected_where_the_server_says_no_for_good(script: tuple[Step, ...]) -> None:
    outcome, _ = attempt(*script)
    assert outcome.outcome is Outcome.REJECTED
    assert outcome.detail.startswith("55")


AFTER_THE_DOT: dict[str, tuple[Step, ...]] = {
    "closed": (close,),
    "reset": (reset,),
    "silence": (until_gone,),
    "half an answer": (say("25", end=b""), close),
    "garbage": (say("what was that"),),
    "an intermediate answer": (say("354 go on"), goodbye),
    "dripping": (drip(b"250-still thinking\r\n"),),
}


@pytest.mark.parametrize("end", AFTER_THE_DOT.values(), ids=AFTER_THE_DOT.keys())
def test_unknown_where_the_dot_went_and_no_answer_came(end: tuple[Step, ...]) -> None:
    outcome, server = attempt(*hello(), *envelope(), *DATA, DOT, *end, strict=False)
    assert outcome.outcome is Outcome.UNKNOWN
    assert server.lines().count(".") == 1


def test_unknown_where_the_line_dies_at_the_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write of the dot itself fails: part of it may have gone."""
    from agentdesk.channels import smtp_login

    class Dying(smtp_login.Stream):
        def send(self, data: bytes, deadline: float | None = None) -> None:
            if data == b".\r\n":
                raise BrokenPipeError("gone")
            super().send(data, deadline)

    monkeypatch.setattr(smtp_login, "Stream", Dying)
    outcome, _ = attempt(*hello(), *envelope(), *DATA, until_closed)
    assert outcome.outcome is Outcome.UNKNOWN


def test_some_recipients_refused_is_accepted_and_says_which() -> None:
    script = (
        *hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:<maria@example.org>"), say("250 ok"),
        hear("RCPT TO:<luca@example.org>"), say("550 unknown"), *DATA, DOT, say("250 queued"), goodbye,
    )  # fmt: skip
    outcome, _ = attempt(*script, mail=TWO)
    assert outcome == Attempt(Outcome.ACCEPTED, "250 queued", refused=("luca@example.org",))


def test_one_recipient_refused_for_now_waits_alone() -> None:
    """The other one gets the mail, and nobody is refused for what may be taken later."""
    script = (
        *hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:.*"), say("250 ok"), hear("RCPT TO:.*"), say("451 4.7.1 greylisted"),
        *DATA, DOT, say("250 queued"), goodbye,
    )  # fmt: skip
    outcome, _ = attempt(*script, mail=TWO)
    assert outcome == Attempt(Outcome.ACCEPTED, "250 queued", later=("luca@example.org",))
    assert outcome.answers == (("luca@example.org", "451 4.7.1 greylisted"),)


def test_an_attempt_for_some_names_only_these_to_the_server_and_everybody_in_the_headers() -> None:
    script = (*hello(), *envelope("luca@example.org"), *DATA, DOT, say("250 queued"), goodbye)
    outcome, server = attempt(*script, mail=replace(TWO, only=("luca@example.org",)))
    assert outcome.outcome is Outcome.ACCEPTED
    assert "To: Maria <maria@example.org>" in server.lines()
    assert "Cc: luca@example.org" in server.lines()


def test_all_refused_for_now_or_for_good_sends_nothing() -> None:
    script = (
        *hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:.*"), say("550 unknown"), hear("RCPT TO:.*"), say("451 later"), goodbye,
    )  # fmt: skip
    outcome, server = attempt(*script, mail=TWO)
    assert (outcome.outcome, outcome.refused) == (Outcome.DEFERRED, ("maria@example.org",))
    assert "DATA" not in server.lines()


def test_an_unknown_outcome_says_for_whom() -> None:
    script = (
        *hello(), hear("MAIL FROM:.*"), say("250 ok"), hear("RCPT TO:.*"), say("250 ok"), hear("RCPT TO:.*"), say("451 later"), *DATA, DOT, reset,
    )  # fmt: skip
    outcome, _ = attempt(*script, mail=TWO)
    assert (outcome.outcome, outcome.later) == (Outcome.UNKNOWN, ("luca@example.org",))


def test_a_recipient_named_twice_and_a_blind_one() -> None:
    mail = replace(TWO, bcc=(Address("", "Maria@example.org"), Address("", "boss@shop.example")))
    script = (*hello(), *envelope("maria@example.org", "luca@example.org", "boss@shop.example"), *DATA, DOT, say("250 ok"), goodbye)
    outcome, server = attempt(*script, mail=mail)
    assert outcome.outcome is Outcome.ACCEPTED
    assert not any("boss" in line for line in server.lines() if not line.startswith("RCPT"))


@pytest.mark.parametrize("code", ["535 5.7.8 wrong", "534 no", "530 no"])
def test_a_refused_login_is_raised(code: str) -> None:
    script = (say("220 ready"), hear("EHLO .*"), say("250-there", "250 AUTH PLAIN"), hear(LOGIN), say(code), until_closed)
    with serve(*script) as server, pytest.raises(LoginRefused) as refused:
        SmtpSender(config(server.port), "secret", timeouts=QUICK).send(MAIL)
    assert code[4:] in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_login_refused_for_now_is_deferred() -> None:
    outcome, _ = attempt(say("220 ready"), hear("EHLO .*"), say("250-there", "250 AUTH PLAIN"), hear(LOGIN), say("454 later"), until_closed)
    assert outcome.outcome is Outcome.DEFERRED


def test_auth_login_and_a_password_that_is_not_ascii() -> None:
    script = (
        say("220 ready"), hear("EHLO .*"), say("250-there", "250 AUTH LOGIN"), hear("AUTH LOGIN"), say("334 VXNlcm5hbWU6"), hear("c3VwcG9ydA=="),
        say("334 UGFzc3dvcmQ6"), hear(base64.b64encode("pässwörd".encode()).decode().replace("+", r"\+")), say("235 in"), goodbye,
    )  # fmt: skip
    with serve(*script) as server:
        SmtpSender(config(server.port), "pässwörd", timeouts=QUICK).check()


def test_a_server_without_ehlo() -> None:
    script = (say("220 ready"), hear("EHLO .*"), say("502 what"), hear("HELO .*"), say("250 hi"), *envelope(), *DATA, DOT, say("250 ok"), goodbye)
    assert attempt(*script)[0].outcome is Outcome.ACCEPTED


def test_the_size_is_announced() -> None:
    script = (*hello("SIZE 1000"), hear(r"MAIL FROM:<support@shop.example> SIZE=\d+"), say("552 too big"), goodbye)
    assert attempt(*script)[0] == Attempt(Outcome.REJECTED, "552 too big")


def test_addresses_beyond_ascii_where_offered_and_where_not() -> None:
    mail = replace(MAIL, to=(Address("", "märia@exämple.org"),))
    script = (
        *hello("SMTPUTF8", "8BITMIME"), hear("MAIL FROM:<support@shop.example> BODY=8BITMIME SMTPUTF8"), say("250 ok"),
        hear("RCPT TO:<märia@xn--exmple-cua.org>"), say("250 ok"), *DATA, DOT, say("250 ok"), goodbye,
    )  # fmt: skip
    assert attempt(*script, mail=mail)[0].outcome is Outcome.ACCEPTED
    outcome, _ = attempt(*hello(), goodbye, mail=mail)
    assert outcome.outcome is Outcome.REJECTED
    assert "märia" in outcome.detail


@pytest.mark.parametrize(
    "address",
    ["a@example.org>\r\nRCPT TO:<b@example.org", "a b@example.org", "nobody", "a@b\nDATA", "a@example.org\0", "<a@example.org>", "a@" + "x" * 300],
)
def test_what_is_no_address_never_reaches_the_server(address: str) -> None:
    outcome = SmtpSender(config(1), "secret", timeouts=QUICK).send(replace(MAIL, to=(Address("", address),)))
    assert outcome.outcome is Outcome.REJECTED


def test_no_recipient() -> None:
    assert SmtpSender(config(1), "secret", timeouts=QUICK).send(replace(MAIL, to=())).outcome is Outcome.REJECTED


def test_plain_text_is_for_this_machine_only() -> None:
    outcome = SmtpSender(config(25, host="192.0.2.1"), "secret", timeouts=QUICK).send(MAIL)
    assert outcome.outcome is Outcome.DEFERRED
    assert "192.0.2.1" in outcome.detail


# TLS


def secured(port: int, scheme: str, authority: Authority | None, host: str = "localhost") -> SmtpSender:
    return SmtpSender(config(port, scheme, host, authority), "secret", timeouts=replace(QUICK, command=2))


def test_smtps(authority: Authority) -> None:
    with serve(*hello(), goodbye, tls=authority.server_context("localhost")) as server:
        secured(server.port, "smtps", authority).check()


def test_starttls_forgets_what_was_said_before(authority: Authority) -> None:
    """Somebody on the line put an answer after "220 go": in plain text, before TLS."""
    context = authority.server_context("localhost")
    script = (
        say("220 ready"), hear("EHLO .*"), say("250-AUTH PLAIN", "250 STARTTLS"), hear("STARTTLS"), say("220 go", "250 injected"),
        start_tls(context), hear("EHLO .*"), say("250-there", "250 AUTH PLAIN"), hear(LOGIN), say("235 in"), goodbye,
    )  # fmt: skip
    with serve(*script) as server:
        secured(server.port, "smtp+starttls", authority).check()


def test_without_starttls_no_password_is_sent(authority: Authority) -> None:
    script = (say("220 ready"), hear("EHLO .*"), say("250-there", "250 AUTH PLAIN"), until_closed)
    with serve(*script) as server, pytest.raises(ChannelDown):
        secured(server.port, "smtp+starttls", authority).check()
    assert len(server.lines()) == 1


WRONG: dict[str, Callable[[Authority], tuple[ssl.SSLContext, Authority | None]]] = {
    "another host's certificate": lambda known: (known.server_context("elsewhere.example"), known),
    "an unknown authority": lambda known: (known.server_context("localhost"), None),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_does_not_hold(
    authority: Authority, scheme: str, case: Callable[[Authority], tuple[ssl.SSLContext, Authority | None]]
) -> None:
    context, trusted = case(authority)
    starttls = (say("220 ready"), hear("EHLO .*"), say("250-there", "250 STARTTLS"), hear("STARTTLS"), say("220 go"), start_tls(context))
    script = starttls if scheme == "smtp+starttls" else (until_closed,)
    with serve(*script, tls=context if scheme == "smtps" else None, strict=False) as server:
        outcome = secured(server.port, scheme, trusted).send(MAIL)
    assert outcome.outcome is Outcome.DEFERRED
    assert "certificate" in outcome.detail


def test_a_dripping_server_does_not_hold_us() -> None:
    with serve(drip(b"220-welcome\r\n")) as server, pytest.raises(ChannelDown):
        SmtpSender(config(server.port), "secret", timeouts=QUICK).check()


def test_hear_bytes_of_the_content_end_with_the_dot_alone() -> None:
    """The dot is written by itself, after all of the content."""
    script = (*hello(), *envelope(), hear("DATA"), say("354 go"), content, hear_bytes(b".\r\n"), say("250 ok"), goodbye)
    assert attempt(*script)[0].outcome is Outcome.ACCEPTED
