"""The engine as a process of its own, against Dovecot and an SMTP server: news, quitting, crashes, two windows."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.domain.conversation import MessageState as S
from tests.servers.dovecot import Dovecot, free_port
from tests.servers.mailroom import client, put, search

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

MAIL = (
    b"From: Maria Rossi <maria@posta.example>\r\nTo: support@casaverde.example\r\nSubject: Dov'e il mio ordine?\r\n"
    b"Message-ID: <%s@posta.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBuongiorno, aspetto l'ordine 10245.\r\n"
)


class Sink:
    """Takes every message; `before_answer` runs after a message came whole and before it is acknowledged."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.before_answer: Callable[[], None] = lambda: None

    async def handle_DATA(self, _server, _session, envelope):
        self.messages.append(envelope.content)
        self.before_answer()
        return "250 taken"


@pytest.fixture
def sink():
    made = Sink()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    made.port = controller.port
    yield made
    controller.stop()


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.user()


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot, user: str, sink: Sink):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.toml").write_text(
        f"""
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
user = "{user}"
imap = "imap://127.0.0.1:{dovecot.plain}"
smtp = "smtp://127.0.0.1:{sink.port}"
password = "secret"
"""
    )
    with client(dovecot, user) as other:
        put(other, "INBOX", MAIL % b"a")
    config = load(folder, folder / "state")
    with Desk.open(replace(config, undo={"imap": timedelta(seconds=2)})) as opened:
        yield opened


@pytest.fixture
def engine(desk: Desk):
    made = EngineProcess(desk.config, {"support": "secret"})
    made.start()
    yield made
    made.stop("now")


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def first_text(desk: Desk) -> bool:
    ids = desk.queue.ids("all")
    return bool(ids) and desk.reading.thread(ids[0])[0].text is not None


def write_reply(desk: Desk, *, now: bool = False) -> int:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria, arriva domani."
    return desk.writing.send(desk.writing.save(draft), now=now)


def in_sent(dovecot: Dovecot, user: str) -> int:
    with client(dovecot, user) as other:
        return len(search(other, "Sent", "ALL"))


def ready(desk: Desk) -> bool:
    return any(c.state == "ready" for c in desk.reading.channels())


def test_new_mail_is_in_the_queue_within_a_second(desk: Desk, engine: EngineProcess, dovecot: Dovecot, user: str) -> None:
    until(lambda: first_text(desk) and ready(desk))
    with client(dovecot, user) as other:
        put(other, "INBOX", MAIL % b"b")
    began = time.monotonic()
    until(lambda: sum(r.messages for r in desk.queue.rows(desk.queue.ids("all"))) == 2)
    assert time.monotonic() - began < 5.0, "IDLE tells at once; the bench measures the second"


def test_flags_go_both_ways(desk: Desk, engine: EngineProcess, dovecot: Dovecot, user: str) -> None:
    until(lambda: first_text(desk) and ready(desk))
    row = desk.queue.ids("all")[0]
    desk.work.seen([row], True)

    def seen_there() -> bool:
        with client(dovecot, user) as other:
            return bool(search(other, "INBOX", "SEEN"))

    until(seen_there)
    with client(dovecot, user) as other:
        other.select("INBOX")
        other.uid("STORE", "1:*", "-FLAGS", "(\\Seen)")
    until(lambda: desk.queue.row(row).unread == 1)


def test_a_held_reply_goes_out_after_its_hold_once_and_is_filed_once(
    desk: Desk, engine: EngineProcess, sink: Sink, dovecot: Dovecot, user: str
) -> None:
    until(lambda: first_text(desk))
    sent = write_reply(desk)
    assert desk.writing.state(sent) is S.HELD
    until(lambda: desk.writing.state(sent) is S.FILED)
    assert len(sink.messages) == 1
    assert in_sent(dovecot, user) == 1


def test_quitting_with_a_reply_held_sends_it_in_the_background(desk: Desk, sink: Sink, dovecot: Dovecot, user: str) -> None:
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: first_text(desk))
    sent = write_reply(desk)
    engine.stop("background")
    assert desk.writing.state(sent) is S.HELD
    until(lambda: desk.writing.state(sent) is S.FILED)
    assert len(sink.messages) == 1
    assert engine.released.wait(20) == 0


def test_a_lost_terminal_means_in_the_background(desk: Desk, sink: Sink) -> None:
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: first_text(desk))
    sent = write_reply(desk)
    engine._child.stdin.close()
    until(lambda: desk.writing.state(sent) is S.FILED)
    assert engine._child.wait(20) == 0


def test_quitting_and_keeping_sends_nothing_until_the_next_start(desk: Desk, sink: Sink) -> None:
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: first_text(desk))
    sent = write_reply(desk)
    engine.stop("now")
    assert engine.released.wait(20) == 0
    assert engine_is_gone(desk)
    assert desk.writing.state(sent) is S.HELD
    assert desk.writing.unsent() == 1
    assert sink.messages == []
    again = EngineProcess(desk.config, {"support": "secret"})
    again.start()
    until(lambda: desk.writing.state(sent) is S.FILED)
    again.stop("now")
    assert len(sink.messages) == 1


def engine_pid(desk: Desk) -> int:
    text = (desk.config.state / "engine.lock").read_text()
    return int(text) if text else 0


def engine_is_gone(desk: Desk) -> bool:
    from agentdesk.store.lock import DeskLock

    lock = DeskLock(desk.config.state)
    free = lock.take()
    lock.release()
    return free


def test_killed_after_the_server_took_it_the_reply_is_not_sent_again(desk: Desk, sink: Sink, dovecot: Dovecot, user: str) -> None:
    """The worst moment: the server has the message, the engine dies before it can know."""
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: first_text(desk))
    sink.before_answer = lambda: os.kill(engine._child.pid, signal.SIGKILL)
    sent = write_reply(desk, now=True)
    until(lambda: sink.messages)
    engine._child.wait(20)
    assert desk.writing.state(sent) is S.SENDING
    sink.before_answer = lambda: None
    assert engine.watch()  # what the screen does ten times a second
    until(lambda: desk.writing.state(sent) is S.UNKNOWN and desk.database.value("SELECT looked_at FROM outbox WHERE id = ?", (sent,)))
    assert len(sink.messages) == 1
    assert in_sent(dovecot, user) == 0
    engine.stop("now")


def test_two_windows_have_one_engine_and_the_second_takes_over(desk: Desk, sink: Sink) -> None:
    first, second = (EngineProcess(desk.config, {"support": "secret"}) for _ in range(2))
    first.start()
    until(lambda: first_text(desk))
    second.start()
    assert engine_pid(desk) == first._child.pid
    first._child.kill()
    first._child.wait(20)
    until(lambda: engine_pid(desk) == second._child.pid)
    sent = write_reply(desk, now=True)
    until(lambda: desk.writing.state(sent) is S.FILED)
    second.stop("now")
    first.stop("now")
    assert len(sink.messages) == 1


def test_a_wrong_password_is_asked_for_and_given_through_the_pipe(desk: Desk) -> None:
    engine = EngineProcess(desk.config, {"support": "wrong"})
    engine.start()
    until(lambda: desk.reading.questions())
    question = desk.reading.questions()[0]
    assert (question.kind, question.channel) == ("password", "support")
    engine.secret("support", "secret")
    until(lambda: first_text(desk))
    assert desk.reading.questions() == ()
    engine.stop("now")
    stored = b"".join(p.read_bytes() for p in desk.config.state.rglob("*") if p.is_file() and p.suffix in (".db", ".log", ".db-wal"))
    assert b"secret" not in stored


def test_the_engine_leaves_no_thread_hanging_when_told_to_end(desk: Desk) -> None:
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: first_text(desk) and ready(desk))
    child = engine._child
    began = time.monotonic()
    engine.stop("now", patience=20)
    assert child.poll() == 0
    assert time.monotonic() - began < 10
