"""Sending a chat message: the outcome is known exactly or said to be unknown, and the text arrives as it was written."""

import time
from datetime import UTC, datetime

import httpx
import pytest
from chatwoot_server import TOKEN, Server, Store, stored_by_the_server
from hypothesis import given
from hypothesis import strategies as st

from agentdesk import locale
from agentdesk.channels.base import Outcome
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.channels.chatwoot.liquid import literal
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.domain.message import Address, Outgoing, OutgoingFile


@pytest.fixture(autouse=True)
def english():
    before = locale.language()
    locale.use("en")
    yield
    locale.use(before)


def reply(text="Buongiorno Maria", *files):
    anna = Address("Anna", "anna@casaverde.example")
    return Outgoing(
        "<1@x>",
        anna,
        (Address("Maria", "maria@mail.example"),),
        (),
        (),
        "",
        text,
        datetime(2026, 11, 20, tzinfo=UTC),
        files=files,
    )


@pytest.fixture
def server():
    server = Server()
    server.add_chat(3, "hello")
    return server


@pytest.fixture
def channel(server):
    store = Store()
    config = ChatChannelConfig("chat", "https://chat.example", 1, Secret("literal", TOKEN))
    channel = ChatwootChannel(config, TOKEN, store, poll=0.0, transport=server, looks=(0.0, 0.01))
    channel.open()
    while not channel.refresh():
        pass
    yield channel
    channel.close()


def test_accepted(channel, server):
    attempt = channel.send(reply("Dov'è? “Qui” — €5\nsubito 🎁"), "3")
    assert (attempt.outcome, attempt.detail) == (Outcome.ACCEPTED, "")
    assert attempt.remote_id == str(server.messages[3][-1]["id"])
    assert server.sent(3) == ["Dov'è? “Qui” — €5\nsubito 🎁"]
    assert server.messages[3][-1]["private"] is False


def test_with_files(channel, server):
    picture = OutgoingFile('étiquette "1".png', "image/png", b"\x89PNG\r\n\x00")
    attempt = channel.send(
        reply("Ecco {{ l'etichetta }}", picture, OutgoingFile("b.pdf", "application/pdf", b"%PDF")), "3"
    )
    assert attempt.outcome is Outcome.ACCEPTED
    message = server.messages[3][-1]
    assert message["content"] == "Ecco {{ l'etichetta }}"
    assert [(a["data_url"].rsplit("/", 1)[1], a["file_size"]) for a in message["attachments"]] == [
        ('étiquette "1".png', 7),
        ("b.pdf", 4),
    ]


def test_too_many_files_are_refused_before_anything_is_sent(channel, server):
    server.requests.clear()
    attempt = channel.send(reply("x", *[OutgoingFile("a", "text/plain", b"")] * 16), "3")
    assert attempt.outcome is Outcome.REJECTED
    assert server.requests == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Too many\x1b messages"}, "Too many"),
        ({"message": "Content is too long", "attributes": ["content"]}, "(content)"),
    ],
)
def test_refused_in_the_servers_words(channel, server, status, body, words):
    server.fail(httpx.Response(status, json=body), match="POST")
    attempt = channel.send(reply(), "3")
    assert attempt.outcome is Outcome.REJECTED
    assert words in attempt.detail
    assert "\x1b" not in attempt.detail


def test_a_chat_that_is_no_number_is_refused(channel):
    assert channel.send(reply(), "../../profile").outcome is Outcome.REJECTED
    assert channel.send(reply(), "").outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("Connection refused"), httpx.ConnectTimeout("timed out"), httpx.PoolTimeout("busy")]
)
def test_nothing_was_handed_over(channel, server, fault):
    server.fail(fault, match="POST")
    assert channel.send(reply(), "3").outcome is Outcome.DEFERRED
    assert server.sent(3) == []
    assert channel.send(reply(), "3").outcome is Outcome.ACCEPTED


def test_a_closed_channel_defers(channel):
    channel.close()
    assert channel.send(reply(), "3").outcome is Outcome.DEFERRED


@pytest.mark.parametrize("retry_after", ["2", "Fri, 20 Nov 2099 09:00:00 GMT", "soon", "nan", "-3"])
def test_a_pause_is_kept(channel, server, retry_after):
    server.fail(httpx.Response(429, text="Retry later", headers={"retry-after": retry_after}), match="POST")
    assert channel.send(reply(), "3").outcome is Outcome.DEFERRED
    server.requests.clear()
    assert channel.send(reply(), "3").outcome is Outcome.DEFERRED
    assert server.requests == []
    began = time.monotonic()
    channel.interrupt()
    channel.wait(60)
    assert time.monotonic() - began < 30


LOST = [
    httpx.ReadTimeout("timed out"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.WriteTimeout("timed out"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.Response(500, json={"error": "Internal"}),
    httpx.Response(502, text="<html>"),
    httpx.Response(503, text=""),
    httpx.Response(504, text=""),
    httpx.Response(200, text="<html>Welcome to our Wi-Fi"),
    httpx.Response(200, json={"ok": True}),
    httpx.Response(200, text=""),
]


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_an_answer_that_was_lost_is_looked_for_and_found(channel, server, fault):
    server.fail(fault, match="POST", after=True)
    attempt = channel.send(reply("Ecco {{ tutto }} `così`"), "3")
    assert attempt.outcome is Outcome.ACCEPTED
    assert attempt.remote_id == str(server.messages[3][-1]["id"])
    assert len(server.asked("POST")) == 1


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_what_is_not_found_is_unknown_and_never_repeated(channel, server, fault):
    server.fail(fault, match="POST")
    attempt = channel.send(reply(), "3")
    assert attempt.outcome is Outcome.UNKNOWN
    assert attempt.detail
    assert len(server.asked("POST")) == 1


def test_it_appears_late(channel, server):
    """The server was still busy when we looked first."""
    server.fail(httpx.ReadTimeout("timed out"), match="POST")
    server.fail(httpx.ReadError("reset"), match="GET.*messages", times=2)
    real, looks = server._answer, []

    def late(request):
        if request.method == "GET" and "/messages" in request.url.path:
            looks.append(1)
            if len(looks) == 1:
                server.agent_says(3, "Buongiorno Maria")
        return real(request)

    server._answer = late
    assert channel.send(reply(), "3").outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("found", ["other text", "colleague", "customer", "private", "old", "before"])
def test_what_is_not_this_message_is_not_taken_for_it(channel, server, found):
    text = reply().text
    match found:
        case "other text":
            server.agent_says(3, text + "!")
        case "colleague":
            server.agent_says(3, text, agent=1)
        case "customer":
            server.customer_says(3, text)
        case "private":
            server.agent_says(3, text, private=True)
        case "old":
            server.agent_says(3, text, created_at=int(server.clock.now()) - 3600)
        case "before":
            server.agent_says(3, text)
            channel.refresh()  # known before the attempt
    server.fail(httpx.ReadTimeout("timed out"), match="POST")
    assert channel.send(reply(), "3").outcome is Outcome.UNKNOWN


def test_a_text_the_server_changed_is_said(channel, server):
    server.fail(
        httpx.Response(200, json={"id": 9, "content": "else", "message_type": 1, "created_at": 1}), match="POST"
    )
    attempt = channel.send(reply(), "3")
    assert (attempt.outcome, attempt.remote_id) == (Outcome.ACCEPTED, "9")
    assert "another text" in attempt.detail


def test_half_a_character_does_not_stop_it(channel, server):
    assert channel.send(reply("a\ud83db"), "3").outcome is Outcome.ACCEPTED
    assert server.sent(3) == ["a?b"]


# -- the template engine on the other side ---------------------------------------------------------------------------------

TRAPS = [
    "{{ contact.email }}",
    "{{contact.name}} ha scritto",
    "{% if true %}x{% endif %}",
    "{%- comment -%} {{ x }} {%- endcomment -%}",
    "{{ 'a' | upcase }} {{",
    "{{{ x }}}",
    "{{{{ x",
    "{ {x} } {%%} %} }}",
    "`{{ x }}`",
    "`{% endraw %}{{ contact.email }}`",
    "a ` b {{ x }} ` c",
    "{`a`{",
    "{{`a`}}",
    "`{`{`{",
    "``{{``",
    "{% raw %}{{ x }}{% endraw %}",
    "{{ '%7B%7B' | url_decode }}",
    "100% {sicuro} + 50 %7B",
    "```\n{{ code }}\n```",
    "{{ contact.name",
    "{% unknown %}",
    "{",
    "`",
    "{%",
    "{{-x-}} -{{",
]


@pytest.mark.parametrize("text", TRAPS)
def test_traps_arrive_as_they_were_written(text):
    assert stored_by_the_server(literal(text)) == text


def test_the_trap_is_real():
    assert stored_by_the_server("Taglia {{ size }} per {{ contact.email }}") == "Taglia  per maria@mail.example"


@pytest.mark.parametrize(
    "text", ["Buongiorno, il pacco è partito.", "usa `CODICE` 10 % {di sconto}", "", "a } b }} c %}"]
)
def test_ordinary_text_is_sent_as_it_is(text):
    assert literal(text) == text


@given(
    st.text(alphabet=st.sampled_from("{{{%}`- '\"|x\\\n+%7Braw"), max_size=30)
    | st.lists(st.sampled_from([*TRAPS, "x", " "])).map("".join)
)
def test_any_text_arrives_as_it_was_written(text):
    assert stored_by_the_server(literal(text)) == text


@given(st.text(alphabet=st.sampled_from("{%}`x "), max_size=20))
def test_nothing_of_it_can_be_read_as_a_template(text):
    """Whatever the engine: outside of our own tags there is no brace in front of a brace, a percent sign or a back-tick."""
    sent = literal(text)
    if sent != text:
        own = sent.replace("{{ '", "\x00").replace("' | url_decode }}", "\x01")
        assert "{" not in own
        assert "`" not in own
