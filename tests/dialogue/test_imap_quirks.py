"""Servers that need to be spoken to in their own way, and those that want to be left alone."""

# ruff: noqa: SIM117 - the server's block and what is done within it are two things

from __future__ import annotations

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import quirks
from agentdesk.channels.imap.commands import command
from agentdesk.channels.imap.quirks import Entry, Quirks
from tests.dialogue.imap_scripts import PLAIN_LOGIN, connected, greeting, logged_in
from tests.dialogue.server import Conversation, Step, answer, goodbye, hear, say, serve

NOOP = command("NOOP")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch):
    """Have this server known for something."""

    def remember(does: Quirks) -> None:
        monkeypatch.setattr(quirks, "TABLE", (Entry("this one", "2026-11-21", "a test, made up", does, capability="X-THIS"),))

    return remember


def test_a_command_goes_together_with_the_end_of_idle() -> None:
    """One flight, and what was said until then comes with its answer."""
    script = (
        *logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), idle_and_noop_in_one, goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        before = connection.usage.copy()
        (done,) = connection.run(NOOP)
        assert done.ok
        assert [response.number for response in done.of("EXISTS")] == [6]
        assert connection.usage.since(before).round_trips == 1
        assert not connection.idling


def idle_and_noop_in_one(talk: Conversation) -> None:
    tag = talk.tag
    assert talk.line() == "DONE"
    own, verb = talk.line().split(" ")
    assert verb == "NOOP"
    talk.send(f"* 6 EXISTS\r\n{tag} OK idle ended\r\n{own} OK noop\r\n".encode())


def test_done_alone(known) -> None:
    known(Quirks(done_alone=True))
    script = (*logged_in("IDLE", "X-THIS"), hear("{tag} IDLE"), say("+ idling"), hear("DONE"), nothing_more, say("{tag} OK done"), answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        assert connection.run(NOOP)[0].ok


def nothing_more(talk: Conversation) -> None:
    assert talk.pending() == b""


def test_one_by_one(known) -> None:
    known(Quirks(one_by_one=True))

    def alone(verb: str) -> Step:
        def step(talk: Conversation) -> None:
            hear(f"{{tag}} {verb}")(talk)
            nothing_more(talk)
            say(f"* {len(talk.lines)} EXISTS", "{tag} OK done")(talk)

        return step

    with serve(*logged_in("X-THIS"), alone("NOOP"), alone("CHECK"), alone("NOOP"), goodbye) as server, connected(server) as connection:
        answers = connection.run(NOOP, command("CHECK"), NOOP)
        assert [one.number for answer in answers for one in answer.of("EXISTS")] == [2, 3, 4]


def test_a_capability_that_is_not_kept_is_not_used(known) -> None:
    known(Quirks(without=frozenset({"QRESYNC"})))
    with serve(*logged_in("QRESYNC", "CONDSTORE", "X-THIS"), goodbye) as server, connected(server) as connection:
        assert "CONDSTORE" in connection.capabilities
        assert "QRESYNC" not in connection.capabilities


@pytest.mark.parametrize("said", ["OK thanks", "BAD invalid command"])
def test_a_server_that_wants_to_know_who_we_are(known, said: str) -> None:
    known(Quirks(identify=True))
    script = (*logged_in("X-THIS"), hear(r'{tag} ID \("name" "AgentDesk" .*\)'), say(f"{{tag}} {said}"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.alive


GMAIL = "{tag} NO [ALERT] Too many simultaneous connections. (Failure)"


@pytest.mark.parametrize(
    ("script", "pause"),
    [
        ((say("* BYE [UNAVAILABLE] try again later"),), 60),
        ((say("* BYE Maximum number of connections from user+IP exceeded"),), 120),
        ((greeting(), hear(PLAIN_LOGIN), say(GMAIL)), 120),
        ((greeting(), hear(PLAIN_LOGIN), say("{tag} NO [INUSE] mailbox is locked"), goodbye), 60),
        ((greeting(), hear(PLAIN_LOGIN), say("* BYE [LIMIT] too many logins")), 120),
    ],
)
def test_a_limit_at_the_door_is_no_refusal_of_the_password(script: tuple[Step, ...], pause: float) -> None:
    with serve(*script) as server, pytest.raises(ChannelDown, match="left alone") as caught:
        with connected(server):
            pass
    assert caught.value.pause == pause


@pytest.mark.parametrize(
    ("words", "pause"),
    [
        ("{tag} NO [OVERQUOTA] Account exceeded command or bandwidth limits.", 1800),
        ("{tag} BAD Request is throttled. Suggested Backoff Time: 89117 milliseconds", 89.117),
        ("* BYE [UNAVAILABLE] maintenance", 60),
        ("* BYE see you", 0),
    ],
)
def test_a_limit_in_the_middle_of_work(words: str, pause: float) -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), say(words), strict=False) as server, connected(server) as connection:
        with pytest.raises(ChannelDown) as caught:
            connection.run(NOOP)
    assert caught.value.pause == pause


def test_a_full_mailbox_is_no_limit() -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), say("{tag} NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"), goodbye) as server:
        with connected(server) as connection:
            assert connection.run(NOOP)[0].code()[0] == "OVERQUOTA"
