"""The defects of imaplib2 (B1 to B9 and the sharp edges beside them), each with the dialogue that brings it out."""

# ruff: noqa: SIM117 - the server's block and what is done within it are two things

from __future__ import annotations

import base64
import io
import logging
import ssl
import sys
import threading
import time
from collections.abc import Callable

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.commands import command, mailbox, text, word
from agentdesk.channels.imap.connection import Connection
from agentdesk.config import ServerUrl
from agentdesk.errors import LoginRefused
from tests.dialogue.certificates import Authority
from tests.dialogue.imap_scripts import BASE, CALM, PLAIN_LOGIN, QUICK, connected, greeting, logged_in, patient, url
from tests.dialogue.server import (
    Conversation,
    Step,
    answer,
    close,
    deflate,
    drip,
    goodbye,
    hear,
    hear_bytes,
    reset,
    say,
    say_raw,
    serve,
    start_tls,
    until_closed,
    until_gone,
)  # fmt: skip

NOOP = command("NOOP")


# B1: COMPRESS


def big_answer(count: int) -> Step:
    rows = [f'* {number} FETCH (UID {number} PREVIEW "{"text " * 40}{number}")' for number in range(1, count + 1)]
    return answer(r"{tag} UID FETCH .*", *rows)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_b1_all_that_was_inflated_is_read(authority: Authority, *, secure: bool) -> None:
    """2 MB deflate to a few KB, which arrive at once: nothing more becomes readable, and nothing may wait for it."""
    script = (
        greeting("COMPRESS=DEFLATE"), hear(PLAIN_LOGIN), hear(r"{tag} COMPRESS DEFLATE"), answer_login_and_compress, deflate,
        big_answer(10_000), answer("{tag} NOOP"), goodbye,
    )  # fmt: skip
    tls = authority.server_context("localhost") if secure else None
    with serve(*script, tls=tls) as server:
        options = {"scheme": "imaps", "host": "localhost", "authority": authority} if secure else {}
        with connected(server, timeouts=patient(bytes=8 << 20), **options) as connection:
            assert connection.compressed
            answers = connection.run(command("UID FETCH", word("1:*"), word("(PREVIEW)")))
            assert len(list(answers[0].of("FETCH"))) == 10_000
            assert connection.run(NOOP)[0].ok
    assert connection.usage.bytes_in < 200_000


def answer_login_and_compress(talk: Conversation) -> None:
    login, compress = (line.split(" ")[0] for line in talk.lines[-2:])
    talk.send(f"{login} OK [CAPABILITY {BASE} COMPRESS=DEFLATE] in\r\n{compress} OK begin\r\n".encode())


def test_b1_inflating_begins_right_after_the_answer() -> None:
    """What follows COMPRESS's OK in the same segment is deflated already; what precedes it is not."""

    def at_once(talk: Conversation) -> None:
        login, compress = (line.split(" ")[0] for line in talk.lines[-2:])
        plain = f"* OK [ALERT] hello\r\n{login} OK [CAPABILITY {BASE}] in\r\n{compress} OK begin\r\n".encode()
        talk.deflate()
        assert talk._deflater is not None
        import zlib

        deflated = talk._deflater.compress(b"* 5 EXISTS\r\n") + talk._deflater.flush(zlib.Z_SYNC_FLUSH)
        talk.sock.sendall(plain + deflated)

    script = (greeting("COMPRESS=DEFLATE"), hear(PLAIN_LOGIN), hear("{tag} COMPRESS DEFLATE"), at_once, answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        answer_ = connection.run(NOOP)[0]
        assert [response.number for response in answer_.of("EXISTS")] == [5]


def test_compress_refused_goes_on_without() -> None:
    def refuse(talk: Conversation) -> None:
        login, compress = (line.split(" ")[0] for line in talk.lines[-2:])
        talk.send(f"{login} OK [CAPABILITY {BASE}] in\r\n{compress} NO not today\r\n".encode())

    script = (greeting("COMPRESS=DEFLATE"), hear(PLAIN_LOGIN), hear("{tag} COMPRESS DEFLATE"), refuse, answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert not connection.compressed
        assert connection.run(NOOP)[0].ok


def test_compress_offered_after_login_only() -> None:
    script = (
        greeting(), hear(PLAIN_LOGIN), say(f"{{tag}} OK [CAPABILITY {BASE} COMPRESS=DEFLATE] in"), answer("{tag} COMPRESS DEFLATE"), deflate,
        answer("{tag} NOOP"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.compressed
        assert connection.run(NOOP)[0].ok


# B2: ENABLE


def test_b2_after_enable_the_next_command_goes_out() -> None:
    script = (*logged_in("ENABLE"), answer("{tag} ENABLE QRESYNC", "* ENABLED QRESYNC"), answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.run(command("ENABLE", word("QRESYNC")))[0].ok
        assert connection.run(NOOP)[0].ok


def test_b2_nothing_of_the_process_is_changed() -> None:
    """xatom would register ENABLE for the state of the first connection, for all of them."""
    import imaplib2.imaplib2 as library

    before = dict(library.Commands)
    script = (*logged_in("ENABLE"), answer("{tag} ENABLE QRESYNC"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        connection.run(command("ENABLE", word("QRESYNC")))
    assert library.Commands == before


# B3: time-outs on connect and handshake


def test_b3_a_handshake_that_does_not_come(authority: Authority) -> None:
    with serve(until_gone) as server:
        quick = QUICK.__class__(connect=60, greeting=0.3)
        connection = Connection(url(server, "imaps", "localhost"), ca_file=authority.file, timeouts=quick)
        began = time.monotonic()
        with pytest.raises(ChannelDown, match="does not answer"):
            connection.open("user", "secret")
        assert time.monotonic() - began < 30, "not as long as connecting may take"


def test_b3_a_greeting_that_does_not_come() -> None:
    with serve(until_gone) as server:
        quick = QUICK.__class__(connect=2, greeting=0.3)
        with pytest.raises(ChannelDown, match="does not answer"):
            Connection(url(server), timeouts=quick).open("user", "secret")


def test_b3_a_greeting_that_drips() -> None:
    with serve(drip(b"* OK wait and see ")) as server:
        quick = QUICK.__class__(connect=2, greeting=0.3)
        with pytest.raises(ChannelDown, match="does not answer"):
            Connection(url(server), timeouts=quick).open("user", "secret")


def test_b3_an_address_that_does_not_answer() -> None:
    """A full backlog: the kernel does not answer the connect."""
    import socket

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        try:
            began = time.monotonic()
            with pytest.raises(ChannelDown):
                Connection(ServerUrl("imap", "127.0.0.1", port), timeouts=QUICK.__class__(connect=0.4, greeting=0.4)).open("user", "x")
            assert time.monotonic() - began < 30, "the kernel would try for minutes"
        finally:
            for sock in waiting:
                sock.close()


def test_a_greeting_without_end() -> None:
    with serve(say_raw(b"* OK " + b"x" * 1_000_000), until_closed, strict=False) as server:
        with pytest.raises(ChannelDown, match="without measure"):
            Connection(url(server), timeouts=QUICK).open("user", "secret")


# B4: TLS


def test_b4_a_certificate_that_holds(authority: Authority) -> None:
    with serve(*logged_in(), goodbye, tls=authority.server_context("localhost")) as server:
        with connected(server, scheme="imaps", host="localhost", authority=authority) as connection:
            assert connection.alive


def test_b4_a_certificate_for_an_address(authority: Authority) -> None:
    with serve(*logged_in(), goodbye, tls=authority.server_context("127.0.0.1")) as server:
        with connected(server, scheme="imaps", host="127.0.0.1", authority=authority) as connection:
            assert connection.alive


BAD_CERTIFICATES: dict[str, Callable[[Authority], tuple[ssl.SSLContext, Authority | None]]] = {
    "of another host": lambda known: (known.server_context("evil.example"), known),
    "of an unknown authority": lambda known: (known.server_context("localhost"), None),
}


@pytest.mark.parametrize("bad", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_b4_a_certificate_that_does_not_hold(
    authority: Authority, scheme: str, bad: Callable[[Authority], tuple[ssl.SSLContext, Authority | None]]
) -> None:
    context, trusted = bad(authority)
    script = (greeting("STARTTLS"), hear("T STARTTLS"), say("T OK go"), start_tls(context)) if "start" in scheme else (until_closed,)
    with serve(*script, tls=None if "start" in scheme else context, strict=False) as server:
        with pytest.raises(ChannelDown, match="certificate"), connected(server, scheme=scheme, host="localhost", authority=trusted):
            pass
    assert not any("AUTH" in line or "LOGIN" in line for line in (server.talks[0].lines if server.talks else []))


def test_plain_text_to_another_machine_is_refused() -> None:
    with pytest.raises(ChannelDown, match="encryption"):
        Connection(ServerUrl("imap", "192.0.2.1", 143), timeouts=QUICK).open("user", "secret")


# B5: beyond ASCII


def test_b5_a_password_beyond_ascii() -> None:
    secret = base64.b64encode("\0andré\0pässwörd€".encode()).decode().replace("+", r"\+")
    script = (greeting(), hear(rf"{{tag}} AUTHENTICATE PLAIN {secret}"), say(f"{{tag}} OK [CAPABILITY {BASE}] in"), goodbye)
    with serve(*script) as server, connected(server, user="andré", password="pässwörd€") as connection:
        assert connection.alive


def test_b5_without_initial_response_the_password_waits_for_its_turn() -> None:
    script = (
        say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"), hear("{tag} AUTHENTICATE PLAIN"), say("+ "), hear("AHVzZXIAc2VjcmV0"),
        say("{tag} OK in"), answer("{tag} CAPABILITY", "* CAPABILITY IMAP4rev1"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.capabilities == {"IMAP4REV1"}


def test_b5_login_with_literals_where_there_is_no_plain() -> None:
    script = (
        say("* OK [CAPABILITY IMAP4rev1] ready"), hear(r'{tag} LOGIN "us\\"er" \{7\}'), say("+ go on"), hear_bytes("né\\wor".encode()),
        hear(""), say("{tag} OK [CAPABILITY IMAP4rev1] in"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server, user='us"er', password="né\\wor") as connection:
        assert connection.alive


def test_b5_mailbox_names_and_searches_beyond_ascii() -> None:
    script = (
        *logged_in("LITERAL+"), answer(r'{tag} STATUS "Entw&APw-rfe &- mehr" \(MESSAGES\)'),
        hear(r"{tag} UID SEARCH CHARSET UTF-8 SUBJECT \{4\+\}"), hear("für"), say("{tag} OK done"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.run(command("STATUS", mailbox("Entwürfe & mehr"), word("(MESSAGES)")))[0].ok
        assert connection.run(command("UID SEARCH CHARSET UTF-8 SUBJECT", text("für")))[0].ok


# B6: STARTTLS


def test_b6_starttls_with_untagged_lines_and_a_fresh_start(authority: Authority) -> None:
    """Untagged lines before the answer, and after it one that somebody on the line put there in plain text."""
    context = authority.server_context("localhost")
    script = (
        greeting("STARTTLS", "X-EVIL"), hear("T STARTTLS"), say("* OK just a moment", "* CAPABILITY X-EVIL", "T OK go", "* BYE from somebody on the line"),
        start_tls(context), answer("{tag} CAPABILITY", f"* CAPABILITY {BASE} LOGINOK"), hear(PLAIN_LOGIN), say("{tag} OK in"),
        answer("{tag} CAPABILITY", f"* CAPABILITY {BASE} AFTER"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server, scheme="imap+starttls", host="localhost", authority=authority) as connection:
        assert "AFTER" in connection.capabilities
        assert "X-EVIL" not in connection.capabilities


STRIPPED = {
    "not offered": (greeting(), hear("T STARTTLS"), say("T BAD unknown"), until_closed),
    "refused": (greeting("STARTTLS"), hear("T STARTTLS"), say("T NO not today"), until_closed),
    "logged in already": (say("* PREAUTH welcome"), until_closed),
}


@pytest.mark.parametrize("script", STRIPPED.values(), ids=STRIPPED.keys())
def test_b6_without_tls_there_is_no_login(authority: Authority, script: tuple[Step, ...]) -> None:
    with serve(*script, strict=False) as server:
        with pytest.raises(ChannelDown, match="STARTTLS"), connected(server, scheme="imap+starttls", host="localhost", authority=authority):
            pass
    assert server.lines() in ([], ["T STARTTLS"])


# B7: UTF8=ACCEPT is never enabled: see test_imap_session (APPEND)


# B8, B9: stderr


@pytest.mark.parametrize("end", [reset, close, until_gone], ids=["reset", "closed", "silence"])
def test_b8_nothing_is_written_to_stderr(capfd: pytest.CaptureFixture[str], end: Step) -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), end) as server:
        with pytest.raises(ChannelDown), connected(server, timeouts=QUICK if end is until_gone else CALM) as connection:
            connection.run(NOOP)
    assert capfd.readouterr() == ("", "")


def test_b9_a_replaced_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual puts an object of its own there; imaplib2 wants its log to be of the same type."""

    class Other:
        def write(self, _text: str) -> int:
            raise AssertionError("nobody may write here")

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stderr", Other())
    with serve(*logged_in(), hear("{tag} NOOP"), reset) as server:
        with pytest.raises(ChannelDown), connected(server) as connection:
            connection.run(NOOP)


def test_no_password_in_any_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    words = io.StringIO()
    monkeypatch.setattr(sys, "stderr", words)
    monkeypatch.setattr(sys, "stdout", words)
    caplog.set_level(logging.DEBUG)
    script = (say("* OK [CAPABILITY IMAP4rev1] ready"), hear(r'{tag} LOGIN "user" "hunter2"'), say('{tag} NO no, "hunter2" is wrong'), until_closed)
    with serve(*script, strict=False) as server:
        with pytest.raises(LoginRefused), connected(server, password="hunter2"):
            pass
    assert "hunter2" not in caplog.text + words.getvalue()
    assert "hunter2" not in repr(command("LOGIN", text("user"), text("hunter2")))


# The end of a connection


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (close, "closed"), (reset, "reset"), (say("* BYE shutting down for tonight"), "shutting down for tonight"), (until_gone, "in time"),
        (say_raw(b"* 1 FETCH (UID 1 BODY[] {100}\r\nhalf"), "in time"),
    ],
    ids=["closed", "reset", "bye", "half-open", "half a literal"],
)  # fmt: skip
def test_the_end_of_a_connection_is_noticed_and_explained(end: Step, why: str) -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), end, until_gone if end is not close and end is not reset else close) as server:
        with connected(server, timeouts=QUICK if why == "in time" else CALM) as connection:
            with pytest.raises(ChannelDown, match=why):
                connection.run(NOOP)
            assert not connection.alive
            with pytest.raises(ChannelDown):
                connection.run(NOOP)


def test_what_came_before_the_end_still_counts() -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), say("* 3 EXISTS", "{tag} OK done"), close) as server, connected(server) as connection:
        assert [one.number for one in connection.run(NOOP)[0].of("EXISTS")] == [3]


def test_a_dripping_server_does_not_hold_us() -> None:
    """One line each 20 ms: each would renew a time-out for lines."""
    with serve(*logged_in(), hear("{tag} NOOP"), drip(b"* 1 FETCH (FLAGS (\\Seen))\r\n")) as server:
        with connected(server, timeouts=patient(silence=30, seconds=0.5, rate=5000, most=3)) as connection:
            with pytest.raises(ChannelDown, match="in time"):
                connection.run(NOOP)


def test_a_long_answer_on_a_slow_line_may_take_its_time() -> None:
    """As long as bytes come at a rate, the total grows with them."""

    def slowly(talk: Conversation) -> None:
        line = b'* 1 FETCH (UID 1 PREVIEW "' + b"x" * 400 + b'")\r\n'
        for _ in range(50):
            talk.send(line)
            talk.gone.wait(0.02)
        talk.send(f"{talk.tag} OK done\r\n".encode())

    with serve(*logged_in(), hear("{tag} NOOP"), slowly, goodbye) as server:
        with connected(server, timeouts=patient(silence=30, seconds=0.3, rate=500)) as connection:
            assert connection.run(NOOP)[0].ok


def test_threads_end_with_the_connection() -> None:
    before = threading.active_count()
    for _ in range(3):
        with serve(*logged_in(), goodbye) as server, connected(server):
            pass
    with serve(*logged_in(), hear("{tag} NOOP"), reset) as server:
        with pytest.raises(ChannelDown), connected(server) as connection:
            connection.run(NOOP)
    assert threading.active_count() <= before


# Garbage


GARBAGE = {
    "a huge literal": b"* 1 FETCH (UID 1 BODY[] {2147483647}\r\nabc",
    "a larger one": b"* 1 FETCH (UID 1 BODY[] {4294967296}\r\nabc",
    "an endless line": b"* OK " + b"x" * (2 << 20),
    "endless responses": b"* 1 FETCH (FLAGS (\\Seen))\r\n" * 100_000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_an_answer_without_measure_ends_the_connection(data: bytes) -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), say_raw(data), until_closed, strict=False) as server:
        with connected(server) as connection, pytest.raises(ChannelDown, match=r"without measure|in time"):
            connection.run(NOOP)


HARMLESS = {
    "a negative literal": b"* 1 FETCH (UID 1 BODY[] {-1}\r\n",
    "NUL": b"* OK \0\0\0\r\n\0\r\n",
    "foreign tags": b"ZZZ99 OK yours\r\nA1 NO not yours\r\n",
    "a plus nobody waits for": b"+ go ahead\r\n",
    "bytes": bytes(range(256)) + b"\r\n",
    "words that look like a literal": b"* OK it is {500}\r\n* no {3}\r\n",
    "small letters": b"* 9 recent\r\n* ok [alert] hm\r\n",
    "bare line ends": b"* OK one\n* OK two\n\n\r\n",
}


@pytest.mark.parametrize("data", HARMLESS.values(), ids=HARMLESS.keys())
def test_garbage_between_responses_is_passed_over(data: bytes) -> None:
    script = (*logged_in(), hear("{tag} NOOP"), say_raw(data), say("* 3 EXISTS", "{tag} OK done"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert [one.number for one in connection.run(NOOP)[0].of("EXISTS")] == [3]


@pytest.mark.parametrize("line", [b"{tag} OK", b"{tag} ok done", b"{tag} NO", b"{tag} BAD"])
def test_answers_without_text_are_answers(line: bytes) -> None:
    script = (*logged_in(), hear("{tag} NOOP"), say_raw(line + b"\r\n"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.run(NOOP)[0].ok == (b"ok" in line.lower().replace(b"{tag}", b""))


# Flights


def test_commands_in_one_flight() -> None:
    script = (
        *logged_in(), hear("{tag} NOOP"), hear("{tag} CHECK"), hear("{tag} NOOP"), answer_all, goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        before = connection.usage.copy()
        answers = connection.run(NOOP, command("CHECK"), NOOP)
        assert [one.words for one in answers] == ["first", "second", "third"]
        assert [[one.number for one in each.of("EXISTS")] for each in answers] == [[1], [], [2]]
        assert connection.usage.since(before).round_trips == 1


def answer_all(talk: Conversation) -> None:
    tags = [line.split(" ")[0] for line in talk.lines[-3:]]
    talk.send(f"* 1 EXISTS\r\n{tags[0]} OK first\r\n{tags[1]} OK second\r\n* 2 EXISTS\r\n{tags[2]} OK third\r\n".encode())


def test_answers_out_of_order() -> None:
    def backwards(talk: Conversation) -> None:
        one, two = (line.split(" ")[0] for line in talk.lines[-2:])
        talk.send(f"{two} OK second\r\n{one} OK first\r\n".encode())

    with serve(*logged_in(), hear("{tag} NOOP"), hear("{tag} CHECK"), backwards, goodbye) as server, connected(server) as connection:
        assert [one.words for one in connection.run(NOOP, command("CHECK"))] == ["first", "second"]


def test_the_capabilities_of_greeting_and_login_are_used() -> None:
    """Three lines in all: nothing is asked that was told."""
    with serve(*logged_in("IDLE"), goodbye) as server, connected(server) as connection:
        assert "IDLE" in connection.capabilities
    assert len(server.lines()) == 2
    assert connection.usage.round_trips == 2


def test_bytes_are_counted_at_the_socket() -> None:
    with serve(*logged_in(), answer("{tag} NOOP"), goodbye) as server, connected(server) as connection:
        before = connection.usage.copy()
        connection.run(NOOP)
        used = connection.usage.since(before)
    assert used.bytes_out == len(server.lines()[1]) + 2
    assert used.bytes_in == len(server.lines()[1].split(" ")[0]) + len(" OK done\r\n")
    assert used.round_trips == 1


# Literals


def test_a_literal_waits_for_its_turn_even_if_other_things_are_said_first() -> None:
    """An untagged line before "+" is not a refusal (imaplib2 takes it for one)."""
    script = (*logged_in(), hear(r"{tag} CREATE \{4\}"), say("* 4 EXISTS", "+ go"), hear_bytes(b"\xc3\xa9ab"), hear(""), say("{tag} OK done"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.run(command("CREATE", text("éab")))[0].ok


def test_a_literal_that_is_refused_is_not_sent() -> None:
    script = (*logged_in(), hear(r"{tag} CREATE \{4\}"), say("{tag} NO [ALREADYEXISTS] there"), answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        assert connection.run(command("CREATE", text("éab")))[0].code()[0] == "ALREADYEXISTS"
        assert connection.run(NOOP)[0].ok


# Login


def test_a_refused_login() -> None:
    script = (greeting(), hear(PLAIN_LOGIN), say("{tag} NO [AUTHENTICATIONFAILED] wrong \x1b[31mpassword"), until_closed)
    with serve(*script, strict=False) as server, pytest.raises(LoginRefused) as refused, connected(server):
        pass
    assert "wrong" in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INUSE", "LIMIT"])
def test_a_login_refused_for_now_is_no_wrong_password(code: str) -> None:
    with serve(greeting(), hear(PLAIN_LOGIN), say(f"{{tag}} NO [{code}] later"), until_closed, strict=False) as server:
        with pytest.raises(ChannelDown, match="later"), connected(server):
            pass


def test_login_disabled() -> None:
    with serve(say("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready"), until_closed, strict=False) as server:
        with pytest.raises(ChannelDown, match="no login"), connected(server):
            pass
    assert not any("LOGIN " in line for line in server.lines())


@pytest.mark.parametrize("password", ["a\0b"])
def test_a_password_no_server_takes(password: str) -> None:
    with serve(greeting(), until_closed, strict=False) as server, pytest.raises(LoginRefused), connected(server, password=password):
        pass


def test_already_logged_in() -> None:
    with serve(say("* PREAUTH welcome"), answer("{tag} CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE"), goodbye) as server:
        with connected(server) as connection:
            assert "IDLE" in connection.capabilities


# IDLE


def test_idle_hears_at_once_and_another_thread_can_end_it() -> None:
    stop = threading.Event()
    script = (
        *logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), say("* OK still here", "* 5 EXISTS"), hear("DONE"), say("{tag} OK done"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        connection.listen(time.monotonic() + 5, stop.is_set)
        assert [one.kind for one in connection.heard()] == ["OK", "EXISTS"]
        threading.Timer(0.1, lambda: (stop.set(), connection.ring())).start()
        began = time.monotonic()
        connection.listen(time.monotonic() + 60, stop.is_set)
        assert time.monotonic() - began < 30
        assert connection.idling
        connection.end_idle()


def test_news_that_come_with_the_end_of_idle_are_kept() -> None:
    script = (
        *logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), hear("DONE"), say("* 6 EXISTS", "{tag} OK done"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        connection.end_idle()
        assert [one.number for one in connection.heard()] == [6]


def test_a_server_that_ends_idle_by_itself() -> None:
    begun = threading.Event()
    script = (
        *logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), lambda _: begun.wait(5) and None, say("* 7 EXISTS", "{tag} OK enough"),
        hear("{tag} IDLE"), say("+ idling"), hear("DONE"), say("{tag} OK done"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        begun.set()
        while not connection.idle_ended:
            connection.listen(time.monotonic() + 5, lambda: False)
        assert connection.idle()[0]
        assert [one.number for one in connection.heard()] == [7]
        connection.end_idle()


def test_a_server_that_ends_idle_at_once() -> None:
    script = (*logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling", "* 7 EXISTS", "{tag} OK enough"), answer("{tag} NOOP"), goodbye)
    with serve(*script) as server, connected(server) as connection:
        connection.idle()
        connection.listen(time.monotonic() + 5, lambda: False)
        heard = [one.number for one in connection.heard() if one.kind == "EXISTS"]
        heard += [one.number for one in connection.run(NOOP)[0].of("EXISTS")]
        assert heard == [7]


def test_idle_refused() -> None:
    with serve(*logged_in("IDLE"), hear("{tag} IDLE"), say("{tag} NO not here"), goodbye) as server, connected(server) as connection:
        assert not connection.idle()[0]


def test_a_line_that_dies_while_idling() -> None:
    with serve(*logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), reset) as server, connected(server) as connection:
        assert connection.idle()[0]
        with pytest.raises(ChannelDown):
            connection.listen(time.monotonic() + 5, lambda: False)


def test_a_command_ends_idle_first_and_nothing_said_meanwhile_is_lost() -> None:
    script = (
        *logged_in("IDLE"), hear("{tag} IDLE"), say("+ idling"), hear("DONE"), say("* 6 EXISTS", "{tag} OK done"), answer("{tag} NOOP"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, connected(server) as connection:
        assert connection.idle()[0]
        assert [one.number for one in connection.run(NOOP)[0].of("EXISTS")] == [6]


def test_opened_again_after_it_was_lost() -> None:
    with serve(*logged_in(), hear("{tag} NOOP"), reset, then=(*logged_in(), answer("{tag} NOOP"), goodbye)) as server:
        connection = Connection(url(server), timeouts=QUICK)
        connection.open("user", "secret")
        with pytest.raises(ChannelDown):
            connection.run(NOOP)
        connection.open("user", "secret")
        assert connection.run(NOOP)[0].ok
        connection.close()
