"""How many flights a mail costs, one connection for several, and what breaks in the middle of a flight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentdesk.channels import smtp_line
from agentdesk.channels.base import Attempt, Outcome
from agentdesk.channels.smtp import SmtpSender
from tests.dialogue.server import Conversation, Server, Step, Unexpected, close, goodbye, hear, reset, say, serve
from tests.dialogue.test_smtp_outcomes import DATA, DOT, MAIL, QUICK, TWO, config, content, envelope, hello

PATIENT = replace(QUICK, answer=5, command=5)


def flight(*patterns: str) -> Step:
    """Commands that must all be here before the first of them is answered: the client waits for none."""

    def step(talk: Conversation) -> None:
        for pattern in patterns:
            hear(pattern)(talk)

    return step


PIPELINED = (*hello("PIPELINING"),)
ONE = flight("MAIL FROM:<support@shop.example>", "RCPT TO:<maria@example.org>", "DATA")
BOTH = flight("MAIL FROM:<support@shop.example>", "RCPT TO:<maria@example.org>", "RCPT TO:<luca@example.org>", "DATA")
TAKEN = (say("250 ok", "250 ok", "354 go"), content, DOT, say("250 queued"))


def sender(server: Server, linger: float = 0.0) -> SmtpSender:
    return SmtpSender(config(server.port), "secret", timeouts=PATIENT, linger=linger)


def test_a_mail_costs_four_flights_and_the_farewell_is_not_waited_for() -> None:
    with serve(*PIPELINED, ONE, *TAKEN, hear("QUIT")) as server:
        out = sender(server)
        assert out.send(MAIL) == Attempt(Outcome.ACCEPTED, "250 queued")
    assert out.usage.round_trips == 4, "EHLO, AUTH, envelope with DATA, content with the dot"


def test_without_pipelining_it_costs_six() -> None:
    with serve(*hello(), *envelope(), *DATA, DOT, say("250 queued"), hear("QUIT")) as server:
        out = sender(server)
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
    assert out.usage.round_trips == 6


def test_the_next_mail_on_the_same_connection_costs_two() -> None:
    with serve(*PIPELINED, ONE, *TAKEN, BOTH, say("250 ok", "250 ok", "250 ok", "354 go"), content, DOT, say("250 again"), hear("QUIT")) as server:
        out = sender(server, linger=60)
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
        before = out.usage.round_trips
        assert out.send(TWO) == Attempt(Outcome.ACCEPTED, "250 again")
        assert out.usage.round_trips - before == 2
        assert out.let_go() > 0, "it is kept for a while"
        assert out.let_go(at_once=True) == 0


def test_a_refused_mail_leaves_the_connection_good_for_the_next() -> None:
    second = flight("RSET", "MAIL FROM:.*", "RCPT TO:.*", "DATA")
    with serve(*PIPELINED, ONE, say("250 ok", "550 no such user", "503 no recipients"), second, say("250 reset"), *TAKEN, hear("QUIT")) as server:
        out = sender(server, linger=60)
        assert out.send(MAIL).outcome is Outcome.REJECTED
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
        out.let_go(at_once=True)


LOST_MEANWHILE = {"closed": (close,), "reset": (reset,), "told": (say("421 4.4.2 idle for too long"), close)}


@pytest.mark.parametrize("end", LOST_MEANWHILE.values(), ids=LOST_MEANWHILE.keys())
def test_a_kept_connection_that_was_lost_meanwhile_is_replaced(end: tuple[Step, ...]) -> None:
    with serve(*PIPELINED, ONE, *TAKEN, *end, then=(*PIPELINED, ONE, *TAKEN, hear("QUIT"))) as server:
        out = sender(server, linger=60)
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
        out.let_go(at_once=True)
    assert [talk.lines.count(".") for talk in server.talks] == [1, 1]


def test_a_kept_connection_lost_after_the_dot_is_unknown_and_not_tried_again() -> None:
    with serve(*PIPELINED, ONE, *TAKEN, ONE, say("250 ok", "250 ok", "354 go"), content, DOT, reset) as server:
        out = sender(server, linger=60)
        assert out.send(MAIL).outcome is Outcome.ACCEPTED
        assert out.send(MAIL).outcome is Outcome.UNKNOWN
    assert len(server.talks) == 1


def test_content_for_nobody_is_not_sent() -> None:
    """RFC 2920, 3.1: a server may answer DATA with 354 although it refused every recipient."""

    def no_content(talk: Conversation) -> None:
        with pytest.raises((Unexpected, OSError)):
            talk.line()

    with serve(*PIPELINED, ONE, say("250 ok", "550 no such user", "354 go"), no_content) as server:
        out = sender(server, linger=60)
        assert out.send(MAIL) == Attempt(Outcome.REJECTED, "550 no such user", refused=("maria@example.org",))
        assert out.let_go() == 0, "the server waits for content: this connection is of no use any more"


IN_THE_FLIGHT: dict[str, tuple[tuple[Step, ...], str]] = {
    "closed at once": ((close,), "closed"),
    "closed after MAIL": ((say("250 ok"), close), "closed"),
    "421 to RCPT": ((say("250 ok", "421 4.7.0 too many messages"), close), "421 4.7.0"),
    "one refused, then closed": ((say("250 ok", "550 unknown"), close), "550"),
    "DATA refused for now": ((say("250 ok", "250 ok", "250 ok", "451 later"), goodbye), "451"),
    "sender refused for now": ((say("451 later", "503 what", "503 what", "503 what"), goodbye), "451"),
    "nonsense instead of 354": ((say("250 ok", "250 ok", "250 ok", "250 what"), goodbye), "250"),
}


@pytest.mark.parametrize(("script", "said"), IN_THE_FLIGHT.values(), ids=IN_THE_FLIGHT.keys())
def test_what_breaks_in_the_flight_before_the_content_is_deferred(script: tuple[Step, ...], said: str) -> None:
    with serve(*PIPELINED, BOTH, *script, strict=False) as server:
        outcome = sender(server).send(TWO)
    assert outcome.outcome is Outcome.DEFERRED
    assert said in outcome.detail
    assert "." not in server.lines()


def test_one_of_a_flight_is_refused_for_good_and_one_for_now() -> None:
    three = replace(TWO, bcc=(replace(TWO.to[0], address="boss@shop.example"),))
    commands = flight("MAIL FROM:.*", "RCPT TO:<maria.*", "RCPT TO:<luca.*", "RCPT TO:<boss.*", "DATA")
    with serve(*PIPELINED, commands, say("250 ok", "550 unknown", "452 4.2.2 mailbox full", "250 ok", "354 go"), content, DOT, say("250 queued"), hear("QUIT")) as server:
        outcome = sender(server).send(three)
    assert outcome == Attempt(Outcome.ACCEPTED, "250 queued", refused=("maria@example.org",), later=("luca@example.org",))
    assert outcome.pause == 0, "a full mailbox holds up nobody else"


def test_a_sleep_while_the_answer_is_awaited_ends_the_wait_and_says_so() -> None:
    """The laptop's lid was shut between the dot and the answer: the server has long hung up, and nobody told us."""
    slept = [0.0]

    def shut_the_lid(talk: Conversation) -> None:
        slept[0] = 4000.0
        talk.gone.wait(30)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smtp_line, "_SLICE", 0.05)
        patch.setattr(smtp_line, "_AFTER_SLEEP", 0.1)
        with serve(*PIPELINED, ONE, say("250 ok", "250 ok", "354 go"), content, DOT, shut_the_lid, strict=False) as server:
            out = SmtpSender(config(server.port), "secret", timeouts=replace(QUICK, command=5, answer=600), asleep=lambda: slept[0])
            outcome = out.send(MAIL)
    assert outcome.outcome is Outcome.UNKNOWN
    assert "slept" in outcome.detail
