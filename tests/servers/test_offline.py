"""A day on the train, with a real Dovecot: everything is done without a line, and the server holds exactly the result, once."""

from __future__ import annotations

import email
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import pytest

from agentdesk.config import Link, load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.conversation import Priority
from agentdesk.store import traffic
from tests.servers.cable import Cable
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import client, put, search
from tests.servers.test_engine import Sink, sink, until

pytestmark = pytest.mark.servers
__all__ = ["sink"]

TOML = """
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
{desk}
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[team]
members = [{{ name = "Luca", email = "luca@casaverde.example" }}]
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
user = "{user}"
imap = "imap://127.0.0.1:{imap}"
smtp = "smtp://127.0.0.1:{smtp}"
password = "secret"
{more}
"""
MAIL = (
    "From: Maria Rossi <maria@posta.example>\r\nTo: support@casaverde.example\r\nSubject: {subject}\r\nMessage-ID: <{id}@posta.example>\r\n"
    "{threading}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
)


def mail(name: str, text: str = "Buongiorno.", answers: str = "") -> bytes:
    threading = f"In-Reply-To: <{answers}@posta.example>\r\nReferences: <{answers}@posta.example>\r\n" if answers else ""
    return MAIL.format(id=name, subject=f"Domanda {answers or name}", text=text, threading=threading).encode()


class Place:
    """A desk whose lines can be cut, and a mailbox to look into from outside."""

    def __init__(self, folder: Path, dovecot: Dovecot, sink: Sink, *, desk: str = "", more: str = "") -> None:
        self.dovecot, self.user, self.sink = dovecot, dovecot.user(), sink
        self.cables = [Cable(dovecot.plain), Cable(sink.port)]
        folder.mkdir()
        (folder / "desk.toml").write_text(
            TOML.format(user=self.user, imap=self.cables[0].port, smtp=self.cables[1].port, desk=desk, more=more)
        )
        self.config = load(folder, folder / "state")
        self.desk = Desk.open(replace(self.config, undo={"imap": timedelta(0)}))
        self.engine: EngineProcess | None = None

    def bring(self, *mails: bytes, minutes_ago: int = 30) -> None:
        with client(self.dovecot, self.user) as other:
            for number, raw in enumerate(mails):
                put(other, "INBOX", raw, at=datetime.now(UTC) - timedelta(minutes=minutes_ago - number))

    def start(self) -> None:
        self.engine = EngineProcess(self.config, {"support": "secret"})
        self.engine.start()

    def state(self) -> str:
        return next((c.state for c in self.desk.reading.channels()), "")

    def row(self, name: str) -> int:
        return next(row for row in self.desk.queue.ids("all") if self.desk.queue.row(row).subject == f"Domanda {name}")

    def ids(self, folder: str, *criteria: str) -> set[str]:
        """Message-IDs in a folder, as another client sees them."""
        with client(self.dovecot, self.user) as other:
            found = search(other, folder, *(criteria or ("ALL",)))
            names = []
            for uid in found:
                head = other.uid("FETCH", str(uid), "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1][0][1]
                names.append(email.message_from_bytes(head)["Message-ID"])
            assert len(names) == len(set(names)), "twice"
            return set(names)

    def close(self) -> None:
        if self.engine is not None:
            self.engine.stop("now", 30)
        self.desk.close()
        for cable in self.cables:
            cable.stop()


@pytest.fixture
def place(tmp_path: Path, dovecot: Dovecot, sink: Sink):
    made: list[Place] = []

    def make(**more: str) -> Place:
        made.append(Place(tmp_path / "desk", dovecot, sink, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def chosen_offline(place: Place) -> Callable[[], None]:
    place.desk.usage.choose_link(Link.OFFLINE)
    until(lambda: place.state() == "offline")
    return lambda: place.desk.usage.choose_link(Link.AUTO)


def cut_off(place: Place) -> Callable[[], None]:
    for cable in place.cables:
        cable.cut()
    until(lambda: place.state() == "down")

    def back() -> None:
        for cable in place.cables:
            cable.mend()

    return back


def reply(desk: Desk, row: int, text: str, **how: object) -> int:
    draft = desk.writing.draft(row)
    draft.text = text
    return desk.writing.send(desk.writing.save(draft), **how)


@pytest.mark.parametrize("leave", [chosen_offline, cut_off])
def test_everything_is_done_offline_and_arrives_once(place, sink: Sink, tmp_path: Path, leave) -> None:
    train = place()
    train.bring(*(mail(name, f"Testo {name}") for name in "abcdefgh"))
    train.start()
    desk = train.desk
    until(lambda: train.state() == "ready" and len(desk.queue.ids("all")) == 8)
    until(lambda: all(desk.reading.thread(row)[0].text is not None for row in desk.queue.ids("all")))
    back = leave(train)

    # What is here is read; what is done shows at once
    a, b, c, d, e, f, g, h = (train.row(name) for name in "abcdefgh")
    assert desk.reading.thread(a)[0].text == "Testo a"
    assert list(desk.queue.ids("all", "Testo")) != []
    (tmp_path / "etichetta.pdf").write_bytes(b"%PDF etichetta")
    draft = desk.writing.save(desk.writing.draft(a))
    desk.writing.attach(draft.id, tmp_path / "etichetta.pdf")
    draft = desk.writing.draft(a)
    draft.text = "Gentile Maria, ecco l'etichetta."
    first = desk.writing.send(desk.writing.save(draft))
    assert desk.work.undo()
    (again,) = desk.writing.drafts()
    assert (again.text, [file.name for file in again.files], again.to) == (draft.text, ["etichetta.pdf"], draft.to)
    first = desk.writing.send(again, then="closed")
    later = reply(desk, b, "Gentile Maria, come promesso.", at=datetime.now(UTC) + timedelta(seconds=1))
    overtaken = reply(desk, g, "Gentile Maria, arriva domani.")
    desk.work.note([b], "Chiamato il corriere.")
    desk.work.tag([b], ["vip", "reso"])
    desk.work.tag([b], [], ["reso"])
    desk.work.assign([c], "luca@casaverde.example")
    desk.work.priority([c], Priority.URGENT)
    desk.work.claim([d])
    desk.work.snooze([d], datetime.now(UTC) + timedelta(days=1))
    desk.work.close([e])
    desk.work.reopen([e])
    desk.work.close([h])
    desk.work.undo()
    desk.work.spam([f], True)
    assert (desk.queue.row(d).status, desk.queue.row(f).spam, desk.queue.row(c).assignee) == ("snoozed", True, "luca@casaverde.example")
    waits = {entry.id: entry.waits for entry in desk.writing.outbox()}
    assert waits[first] in ({"offline"} if leave is chosen_offline else {"down", "unread"})  # now and then it tries to connect
    assert sink.messages == []
    train.bring(mail("g2", "Ho trovato il pacco!", answers="g"), minutes_ago=0)  # meanwhile, where there is a line

    back()
    until(lambda: train.state() == "ready")
    until(lambda: [desk.writing.state(one) for one in (first, later, overtaken)] == [S.FILED, S.FILED, S.CONFLICT])
    until(lambda: "<f@posta.example>" in train.ids("Junk"))
    until(lambda: train.ids("INBOX", "SEEN") >= {f"<{name}@posta.example>" for name in "abdeg"})
    until(lambda: desk.database.value("SELECT count(*) FROM job") == 0 and train.state() == "ready")

    sent = [email.message_from_bytes(raw, policy=policy.default) for raw in sink.messages]
    assert sorted(message.get_body().get_content().split(",")[1].strip()[:4] for message in sent) == ["come", "ecco"]
    with_file = next(message for message in sent if message.is_multipart())
    assert [part.get_filename() for part in with_file.iter_attachments()] == ["etichetta.pdf"]
    assert train.ids("Sent") == {message["Message-ID"] for message in sent}
    assert train.ids("INBOX") == {f"<{name}@posta.example>" for name in (*"abcdegh", "g2")}
    assert train.ids("Junk") == {"<f@posta.example>"}
    conflict = next(entry for entry in desk.writing.outbox() if entry.id == overtaken)
    assert [(new.message_id, new.sender.address) for new in conflict.newer] == [("<g2@posta.example>", "maria@posta.example")]
    assert desk.queue.row(g).status == "open", "it must not hide as answered"
    shown = {name: desk.queue.row(row) for name, row in zip("abcdefgh", (a, b, c, d, e, f, g, h), strict=True)}
    assert {name: row.status for name, row in shown.items()} == {
        "a": "closed", "b": "waiting", "c": "open", "d": "snoozed", "e": "open", "f": "open", "g": "open", "h": "open",
    }
    assert (shown["b"].tags, shown["c"].assignee, shown["c"].priority, shown["d"].assignee) == (
        ("vip",), "luca@casaverde.example", "urgent", "anna@casaverde.example",
    )
    assert [item.text for item in desk.reading.thread(b) if str(item.direction) == "note"] == ["Chiamato il corriere."]


def test_every_byte_is_counted_to_the_job_it_was_moved_for(place, sink: Sink) -> None:
    counted = place()
    counted.bring(mail("a"), mail("b"))
    counted.start()
    desk = counted.desk
    until(lambda: counted.state() == "ready" and len(desk.queue.ids("all")) == 2)
    sent = reply(desk, counted.row("a"), "Gentile Maria, arriva domani.")
    desk.work.spam([counted.row("b")], True)
    until(lambda: desk.writing.state(sent) is S.FILED and desk.database.value("SELECT count(*) FROM job") == 0)
    until(lambda: counted.state() == "ready")
    counted.engine.stop("now", 30)
    counted.engine.released.wait(30)
    counted.engine = None
    today = datetime.now(desk.config.timezone).date()
    moved = traffic.between(desk.database, today - timedelta(days=1), today)
    assert {m.job for m in moved} == {"connect", "list", "news", "texts", "actions", "sending", "filing"}
    total = desk.usage.report().total()
    assert total.bytes_out == sum(cable.up for cable in counted.cables)
    # A server's last words may come when we have hung up: nobody reads them
    assert 0 <= sum(cable.down for cable in counted.cables) - total.bytes_in <= 100
    assert 0 <= counted.cables[1].down - sum(m.bytes_in for m in moved if m.job == "sending") <= 100
    assert total.round_trips == sum(m.round_trips for m in moved) > 0


def test_a_thin_line_brings_what_comes_next_and_nothing_else(place) -> None:
    thin = place(desk='link = "thin"')
    thin.bring(*(mail(f"m{number:02}", "Testo") for number in range(12)))
    thin.start()
    desk = thin.desk
    until(lambda: thin.state() == "ready" and len(desk.queue.ids("all")) == 12)

    def with_text() -> list[str]:
        return sorted(desk.queue.row(row).subject for row in desk.queue.ids("all") if desk.reading.thread(row)[0].text is not None)

    head = sorted(desk.queue.row(row).subject for row in list(desk.queue.ids("open"))[:5])
    until(lambda: with_text() == head)
    assert desk.reading.channels()[0].link == "thin"
    # The first is answered with a draft in another, and the queue moves up: two more come, no more
    last = list(desk.queue.ids("open"))[-1]
    draft = desk.writing.draft(last)
    draft.text = "Gentile"
    desk.writing.save(draft)
    desk.work.close([next(iter(desk.queue.ids("open")))])
    wanted = sorted({*head, desk.queue.row(last).subject, desk.queue.row(list(desk.queue.ids("open"))[4]).subject})
    until(lambda: with_text() == wanted)
    until(lambda: thin.state() == "ready")
    assert len(wanted) == 7
    assert with_text() == wanted


def test_a_line_that_gets_slow_is_taken_as_thin_while_it_is_connected_and_back(place) -> None:
    moving = place()
    moving.bring(*(mail(f"m{number}") for number in range(3)))
    moving.start()
    desk = moving.desk
    until(lambda: moving.state() == "ready" and len(desk.queue.ids("all")) == 3)
    rows = list(desk.queue.ids("all"))

    def asks() -> None:
        """Something to do, so that there is something to measure."""
        seen = desk.queue.row(rows[0]).unread > 0
        desk.work.seen([rows[0]], seen)
        moving.engine.wake()
        until(lambda: desk.database.value("SELECT count(*) FROM job") == 0)

    def becomes(link: str) -> None:
        end = time.monotonic() + 90
        while desk.reading.channels()[0].link != link:
            assert time.monotonic() < end, desk.reading.channels()[0]
            asks()

    becomes("normal")
    moving.cables[0].delay = 0.4
    becomes("thin")
    fact = desk.reading.channels()[0]
    assert fact.round_trip_ms >= 400
    moving.cables[0].delay = 0.0
    becomes("normal")
