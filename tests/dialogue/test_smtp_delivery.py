"""The way out of a channel against an SMTP server that is one (aiosmtpd): who gets what, how often, and what the agent is told."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from agentdesk.channels.smtp import SmtpSender, SmtpTimeouts
from agentdesk.config import MailChannelConfig, ServerUrl
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.message import Address
from agentdesk.engine.delivery import Delivery
from agentdesk.store.database import now_millis
from tests.desks import Mailbox, desk_config
from tests.dialogue.certificates import Authority
from tests.unit.test_engine_delivery import at_once

MARIA, LUCA, ANNE = "maria.rossi@posta.example", "luca@post.example", "anne@post.example"


class Post:
    """Takes mail as each address's list of answers says (250 when it is used up); remembers who got what."""

    def __init__(self) -> None:
        self.rcpt: dict[str, list[str]] = {}
        self.data: list[str] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.got: list[tuple[str, str]] = []
        """(recipient, Message-ID), one for each hand-over."""
        self.connections = 0

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]) -> str:
        answer = self.rcpt.get(address, []).pop(0) if self.rcpt.get(address) else "250 ok"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        answer = self.data.pop(0) if self.data else "250 2.0.0 queued"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            line = next(one for one in envelope.content.split(b"\r\n") if one.lower().startswith(b"message-id:"))
            self.got += [(one, line.split(b":", 1)[1].strip().decode()) for one in envelope.rcpt_tos]
        self.before_answer()
        return answer

    def recipients(self) -> list[str]:
        return [one for one, _ in self.got]


class _Server(Controller):
    def __init__(self, post: Post, context: ssl.SSLContext | None, port: int = 0) -> None:
        super().__init__(post, hostname="127.0.0.1", port=port, ssl_context=context)
        self._post = post
        self._made: list[SMTP] = []

    def factory(self) -> SMTP:
        self._post.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # with TLS from the first byte it does not see that there is TLS
            self._made.append(super().factory())
        return self._made[-1]

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(20)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for protocol in self._made:
            if protocol.transport is not None:
                protocol.transport.abort()
        for _ in range(5):
            await asyncio.sleep(0)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(post: Post, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[int]:
    server = _Server(post, context, port)
    server.start()
    post.connections = 0  # it has tried itself
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Dov'è il mio ordine?")
        yield opened


class WayOut:
    """A desk's delivery by one server."""

    def __init__(self, desk: Desk, port: int, scheme: str = "smtp", authority: Authority | None = None, linger: float = 0.0, **options: Any) -> None:
        known = desk.config.channel("support")
        assert isinstance(known, MailChannelConfig)
        host = "127.0.0.1" if scheme == "smtp" else "localhost"
        config = replace(known, smtp=ServerUrl(scheme, host, port), ca_file=authority.file if authority else None)
        self.desk = desk
        self.sender = SmtpSender(config, "pw", timeouts=SmtpTimeouts(connect=20, command=20, answer=20), linger=linger)
        self.delivery = Delivery(
            desk.config, "support", self.sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None, **options
        )

    def run(self) -> None:
        at_once(self.desk)
        self.delivery.run_due()


def write(desk: Desk, *more: str) -> int:
    draft = desk.writing.draft(desk.queue.ids("all")[0])
    draft.text = "Gentile Maria, arriva domani."
    draft.cc = tuple(Address("", one) for one in more)
    return desk.writing.send(desk.writing.save(draft), now=True)


def fact(desk: Desk, sent: int):
    return next(entry for entry in desk.writing.outbox() if entry.id == sent)


def test_who_is_refused_for_now_gets_an_attempt_of_their_own_with_the_same_message(desk: Desk, post: Post) -> None:
    post.rcpt[LUCA] = ["451 4.7.1 greylisted", "451 4.7.1 greylisted"]
    sent = write(desk, LUCA, ANNE)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.run()
        assert desk.writing.state(sent) is S.ACCEPTED
        assert post.recipients() == [MARIA, ANNE]
        entry = fact(desk, sent)
        assert (entry.waiting, entry.refused, entry.look) == ((LUCA,), (), False)
        assert entry.rest_detail == (f"{LUCA}: 451 4.7.1 greylisted",)
        row = desk.queue.ids("all")[0]
        (shown,) = [item for item in desk.reading.thread(row) if item.direction == "out"]
        assert shown.notices == (f"Not yet delivered to {LUCA}: the server asked to try again later.",)
        way.delivery.run_due()
        assert post.recipients() == [MARIA, ANNE], "not before its time"
        way.run()
        way.run()
        assert post.recipients() == [MARIA, ANNE, LUCA]
        way.run()
    assert len(set(post.got)) == len(post.got) == 3, "nobody twice"
    assert len({message_id for _, message_id in post.got}) == 1
    assert fact(desk, sent).waiting == ()


def test_who_is_refused_is_kept_shown_and_can_be_written_to_elsewhere(desk: Desk, post: Post) -> None:
    post.rcpt[LUCA] = ["550 5.1.1 no such user"]
    sent = write(desk, LUCA)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.run()
        row = desk.queue.ids("all")[0]
        entry = fact(desk, sent)
        assert (entry.state, entry.refused, entry.look, entry.needs_agent) == (S.ACCEPTED, (LUCA,), True, True)
        assert desk.database.value("SELECT refused FROM outbox") == f'["{LUCA}"]'
        assert (desk.queue.row(row).status, desk.queue.row(row).outbox) == ("open", "refused")
        assert desk.queue.counts().trouble == 1
        (shown,) = [item for item in desk.reading.thread(row) if item.direction == "out"]
        assert (shown.look, shown.notices) == (True, (f"Not delivered to {LUCA}: the server refuses this address.",))
        draft = desk.writing.write_again(sent)
        assert [a.address for a in draft.to] == [LUCA]
        assert (draft.text, draft.cc, draft.message_id != entry.message_id) == ("Gentile Maria, arriva domani.", (), True)
        assert not fact(desk, sent).look
        assert desk.queue.counts().trouble == 0
        way.run()
        assert post.recipients() == [MARIA]


def test_once_more_to_who_refused_goes_to_nobody_else(desk: Desk, post: Post) -> None:
    post.rcpt[LUCA] = ["550 5.1.1 no such user"]
    sent = write(desk, LUCA)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.run()
        desk.writing.send_anyway(sent)
        way.run()
    assert post.recipients() == [MARIA, LUCA]
    assert (fact(desk, sent).refused, fact(desk, sent).look) == ((), False)


def test_the_line_breaks_in_the_attempt_for_the_rest(desk: Desk, post: Post) -> None:
    """Who has it keeps it; of the other one it is unknown, and only the agent sends it again."""
    post.rcpt[LUCA] = ["451 later"]
    sent = write(desk, LUCA)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.run()
        server_gone = RuntimeError("gone")

        class Breaking(SmtpSender):
            def send(self, outgoing, conversation=""):
                super().send(outgoing, conversation)
                raise server_gone

        way.delivery._sender = Breaking(way.sender._config, "pw", timeouts=way.sender._timeouts)
        way.run()
        entry = fact(desk, sent)
        assert (entry.state, entry.doubtful, entry.look) == (S.ACCEPTED, (LUCA,), True)
        way.delivery._sender = way.sender
        way.run()
        way.run()
        assert post.recipients() == [MARIA, LUCA]
        desk.writing.mark_sent(sent)
        assert not fact(desk, sent).needs_agent
        way.run()
    assert post.recipients() == [MARIA, LUCA]


def test_all_refused_for_now_is_tried_again_as_a_whole(desk: Desk, post: Post) -> None:
    post.rcpt |= {MARIA: ["450 later"], LUCA: ["550 no such user"]}
    sent = write(desk, LUCA)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.run()
        assert (desk.writing.state(sent), post.got) == (S.QUEUED, [])
        assert fact(desk, sent).refused == (LUCA,)
        way.run()
        assert desk.writing.state(sent) is S.ACCEPTED
    assert post.recipients() == [MARIA]
    assert fact(desk, sent).look, "and the agent hears of the other one"


def test_taken_back_with_one_refused_it_is_the_whole_draft_again(desk: Desk, post: Post) -> None:
    post.rcpt |= {MARIA: ["450 later"], LUCA: ["550 no such user"]}
    sent = write(desk, LUCA)
    with serving(post) as port:
        WayOut(desk, port).run()
    row = desk.writing.cancel(sent)
    draft = desk.writing.draft(row)
    assert [a.address for a in (*draft.to, *draft.cc)] == [MARIA, LUCA]
    assert desk.database.value("SELECT count(*) FROM recipient") == 0


LIMITS = ["450 4.7.1 Error: too many messages", "452 4.7.0 sending rate limit exceeded", "550 5.4.5 Daily user sending limit exceeded"]


@pytest.mark.parametrize("words", LIMITS)
def test_a_limit_holds_up_everything_and_says_until_when(desk: Desk, post: Post, words: str) -> None:
    post.data = [words]
    first, second = write(desk), write(desk)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.delivery.run_due()
        assert (post.connections, post.got) == (1, []), "the next message does not hammer"
        for sent in (first, second):
            entry = fact(desk, sent)
            assert entry.state is S.QUEUED
            assert words[4:9] in entry.detail
            assert entry.next_try_at is not None
        assert way.delivery.seconds_to_next(1e6) > 60
        way.delivery.run_due()
        assert post.connections == 1
        at_once(desk)
        way.delivery.run_due()
    assert len(post.got) == 2
    assert desk.database.value("SELECT out_detail FROM channel WHERE name = 'support'") == ""


def test_our_own_limit(desk: Desk, post: Post, tmp_path: Path) -> None:
    desk.config = replace(desk.config, per_minute=2)
    sent = [write(desk) for _ in range(3)]
    with serving(post) as port:
        way = WayOut(desk, port)
        way.delivery.run_due()
        way.delivery.run_due()
    assert len(post.got) == 2
    assert "2 replies a minute" in fact(desk, sent[2]).detail
    assert 0 < way.delivery.seconds_to_next(1e6) <= 60


def test_three_replies_in_a_row_are_one_connection(desk: Desk, post: Post) -> None:
    for _ in range(3):
        write(desk)
    with serving(post) as port:
        way = WayOut(desk, port, linger=60)
        way.delivery.run_due()
        assert (len(post.got), post.connections) == (3, 1)
        assert way.delivery.seconds_to_next(1000) <= 60, "it is closed in time"
        way.sender.let_go(at_once=True)


def test_a_certificate_that_changes_while_it_runs(desk: Desk, post: Post, tmp_path: Path, authority: Authority) -> None:
    """Renewed by the same authority: nothing to say. By another: nothing is sent, in clear words, until it is put right."""
    folder = tmp_path / "other"
    folder.mkdir()
    stranger = Authority(folder)
    with serving(post, authority.server_context("localhost")) as port:
        way = WayOut(desk, port, "smtps", authority)
        write(desk)
        way.run()
    with serving(post, authority.server_context("localhost"), port):
        write(desk)
        way.run()
    assert len(post.got) == 2
    with serving(post, stranger.server_context("localhost"), port):
        sent = write(desk)
        way.run()
        entry = fact(desk, sent)
        assert entry.state is S.QUEUED
        assert "certificate does not hold" in entry.detail
        assert "certificate" in desk.database.value("SELECT out_detail FROM channel WHERE name = 'support'")
        assert entry.next_try_at is not None
        assert len(post.got) == 2
    with serving(post, authority.server_context("localhost"), port):
        way.run()
    assert desk.writing.state(sent) is S.ACCEPTED
    assert len(post.got) == 3
    assert desk.database.value("SELECT out_detail FROM channel WHERE name = 'support'") == ""


@pytest.mark.parametrize("leap", [-3 * 3_600_000, 3 * 3_600_000, 10 * 365 * 86_400_000])
def test_a_clock_that_jumps_while_an_attempt_runs_changes_nothing(desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch, leap: int) -> None:
    from agentdesk.engine import delivery, pacing
    from agentdesk.store import database

    shift = [0]

    def shown() -> int:
        return now_millis() + shift[0]

    for module in (delivery, pacing, database):
        monkeypatch.setattr(module, "now_millis", shown)
    post.rcpt[LUCA] = ["451 later"]
    post.before_answer = lambda: shift.__setitem__(0, leap)
    sent = write(desk, LUCA)
    with serving(post) as port:
        way = WayOut(desk, port)
        way.delivery.run_due()
        assert desk.writing.state(sent) is S.ACCEPTED
        way.delivery.run_due()
        way.run()
        way.run()
    assert post.recipients() == [MARIA, LUCA]
