"""Attachments over a line that is cut, stalls, or loses its engine: whole in the end, and hardly a byte asked for twice."""

from __future__ import annotations

import base64
import contextlib
import os
import quopri
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.config import ServerUrl, load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.engine.fetching import Fetching, MailSource
from agentdesk.store import jobs
from agentdesk.store.blobs import Blobs
from agentdesk.store.mail import StoredMail
from agentdesk.store.partials import Partials
from tests.desks import desk_config
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import client, put

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
PIECE = re.compile(rb"BODY\.PEEK\[([0-9.]*)\]<(\d+)\.(\d+)>")


class Tap:
    """A line to a server: notes which pieces are asked for, and is cut after so many bytes of them, each connection anew."""

    def __init__(self, port: int, cuts: list[int] | None = None, at_cut: Callable[[], None] = lambda: None) -> None:
        self.cuts = cuts if cuts is not None else []
        self.asked: list[tuple[str, int, int]] = []
        """Section, first byte, how many."""
        self._at_cut, self._port = at_cut, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                armed = threading.Event()
                self._open += [here, there]
                for copy in (self._up, self._down):
                    self._threads.append(threading.Thread(target=copy, args=(here, there, armed), daemon=True))
                    self._threads[-1].start()

    def _up(self, here: socket.socket, there: socket.socket, armed: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                data = data.replace(b"COMPRESS DEFLATE", b"COMPRESS NOTHING")  # what passes is to be read here
                for section, first, size in PIECE.findall(data):
                    self.asked.append((section.decode(), int(first), int(size)))
                    armed.set()
                there.sendall(data)
        _shut(here, there)

    def _down(self, here: socket.socket, there: socket.socket, armed: threading.Event) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := there.recv(8192):
                data = data.replace(b"COMPRESS=DEFLATE", b"COMPRESS=NOTHING")
                if armed.is_set() and self.cuts and passed + len(data) >= self.cuts[0]:
                    here.sendall(data[: self.cuts.pop(0) - passed])
                    self._at_cut()
                    break
                passed += len(data) if armed.is_set() else 0
                here.sendall(data)
        _shut(here, there)

    def starts(self, section: str) -> list[int]:
        return [first for name, first, _ in self.asked if name == section]

    def close(self) -> None:
        _shut(self._listener, *self._open)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
        for sock in self._open:
            sock.close()


def _shut(*socks: socket.socket) -> None:
    for sock in socks:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def mail(*files: tuple[str, bytes], message_id: str = "files@example.org") -> bytes:
    """A message with attachments: transfer encoding and content as encoded."""
    parts = b"".join(
        f"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=file{number}.bin\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content + b"\r\n"
        for number, (encoding, content) in enumerate(files, 2)
    )  # fmt: skip
    return (
        b"From: Maria <maria@example.org>\r\nTo: support@shop.example\r\nSubject: files\r\nMessage-ID: <" + message_id.encode() + b">\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nHere they are.\r\n" + parts + b"--b--\r\n"
    )


def encoded(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


class Rig:
    """A desk, its mailbox and its fetches, without an engine around them."""

    def __init__(self, desk: Desk, channel: ImapChannel) -> None:
        self.desk, self.channel = desk, channel
        self.urgent, self.lost, self.slices = False, 0, 0
        state = desk.config.state
        self.fetching = Fetching(
            "support", MailSource(channel, desk.database), desk.database, Blobs(state / "blobs"), Partials(state / "blobs" / "partial"),
            needed=lambda: self.urgent, ending=lambda: False,
        )

    def begin(self) -> list[int]:
        """Bring the mail in; the attachments' numbers."""
        self.channel.open()
        self._sync()
        (row,) = self.desk.queue.ids("all")
        return [fact.id for fact in self.desk.files.facts(row)]

    def _sync(self) -> None:
        while not self.channel.refresh():
            pass
        self.desk.database.write(lambda tx: tx.execute("INSERT OR REPLACE INTO channel (name, kind, state) VALUES ('support', 'imap', 'ready')"))

    def until_done(self, most: int = 200) -> None:
        """As an engine does it: a slice, the news, a slice; after a lost line from the start. Pauses are left out."""
        for _ in range(most):
            if not jobs.waiting(self.desk.database, "support"):
                return
            self.desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
            try:
                self.fetching.run_slice()
                self.slices += 1
            except ChannelDown:
                self.lost += 1
                self.channel.open()
            self._sync()
        raise AssertionError("it never ends")


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.user()


@pytest.fixture
def tap(dovecot: Dovecot) -> Iterator[Tap]:
    made = Tap(dovecot.plain)
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path, dovecot: Dovecot, user: str, tap: Tap) -> Iterator[Rig]:
    settings = replace(dovecot.config(user, "imap", "127.0.0.1"), imap=ServerUrl("imap", "127.0.0.1", tap.port))
    with Desk.open(desk_config(tmp_path, channels=(settings,))) as desk:
        channel = ImapChannel(settings, "secret", StoredMail(desk.database, "support", desk.rules))
        yield Rig(desk, channel)
        channel.close()


def test_every_encoding_comes_as_it_was_attached(rig: Rig, dovecot: Dovecot, user: str) -> None:
    text = "Ordine;Località\r\n10245;Forlì = qui\r\n".encode()
    contents = [noise(70_000), text, text * 1200, noise(5_000).replace(b"\0", b"."), b""]
    binary = contents[3].replace(b"\r", b".").replace(b"\n", b".")
    contents[3] = binary
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(
            ("base64", encoded(contents[0])[:-2]), ("quoted-printable", quopri.encodestring(text)), ("8bit", contents[2]),
            ("binary", binary), ("base64", b""),
        ))  # fmt: skip
    files = rig.begin()
    assert len(files) == 5
    for file in files:
        rig.desk.files.want(file)
    assert [rig.desk.files.fetch(file).place for file in files] == [1, 2, 3, 4, 5]
    assert [rig.desk.files.fetch(file).state for file in files] == ["fetching", *["waiting"] * 4]
    rig.until_done()
    assert [rig.desk.files.content(file) for file in files] == contents
    assert [fact.size for fact in rig.desk.files.facts(rig.desk.queue.ids("all")[0])] == [len(content) for content in contents]
    assert not list((rig.desk.config.state / "blobs" / "partial").iterdir())


def test_a_line_cut_again_and_again(rig: Rig, tap: Tap, dovecot: Dovecot, user: str) -> None:
    """In the first piece, at a piece's end, in the middle, near the end: it goes on from the last piece that came."""
    content = noise(400_000)
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(content))))
    (file,) = rig.begin()
    rig.desk.files.want(file)
    tap.cuts = [1, 900, 40_000, 32_768 + 120, 100_000, 5, 150_000, 200_000]
    rig.until_done()
    assert rig.desk.files.content(file) == content
    assert rig.lost == 8
    starts = tap.starts("2")
    assert starts == sorted(starts), "never from further back than the piece that was on its way"
    assert len(set(starts)) > 3


def test_the_whole_message_over_a_line_that_is_cut(rig: Rig, tap: Tap, dovecot: Dovecot, user: str) -> None:
    raw = mail(("base64", encoded(noise(200_000))), ("8bit", b"second"))
    with client(dovecot, user) as other:
        put(other, "INBOX", raw)
    files = rig.begin()
    (message,) = [item.row for item in rig.desk.reading.thread(rig.desk.queue.ids("all")[0])]
    rig.desk.files.want_raw(message)
    tap.cuts = [50_000, 100_000]
    rig.until_done()
    assert rig.desk.files.raw(message) == raw
    assert tap.starts("") == sorted(tap.starts(""))
    before = len(tap.asked)
    for file in files:  # what is within it needs no line any more
        rig.desk.files.want(file)
    rig.until_done()
    assert [rig.desk.files.content(file) for file in files] == [noise(200_000), b"second"]
    assert len(tap.asked) == before


def test_something_urgent_goes_between_two_pieces(rig: Rig, tap: Tap, dovecot: Dovecot, user: str) -> None:
    content = noise(300_000)
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(content))))
    (file,) = rig.begin()
    rig.desk.files.want(file)
    rig.urgent = True
    rig.until_done()
    assert rig.desk.files.content(file) == content
    starts = tap.starts("2")
    assert rig.slices == len(starts) > 2, "one piece a slice"
    assert starts == sorted(set(starts)), "nothing twice"


def test_it_is_called_off_and_goes_on_another_day(rig: Rig, tap: Tap, dovecot: Dovecot, user: str) -> None:
    content = noise(300_000)
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(content))))
    (file,) = rig.begin()
    rig.desk.files.want(file)
    rig.urgent = True
    rig.fetching.run_slice()
    rig.fetching.run_slice()
    (fact,) = rig.desk.files.facts(rig.desk.queue.ids("all")[0])
    assert fact.fetch is not None
    assert 0 < fact.fetch.percent < 99
    assert rig.desk.files.stop(file)
    assert not rig.fetching.run_slice()
    (fact,) = rig.desk.files.facts(rig.desk.queue.ids("all")[0])
    assert (fact.fetch, fact.here, fact.fetched > 0) == (None, False, True)
    rig.desk.files.want(file)
    rig.until_done()
    assert rig.desk.files.content(file) == content
    assert tap.starts("2") == sorted(set(tap.starts("2")))


def test_another_uidvalidity_begins_anew(rig: Rig, tap: Tap, dovecot: Dovecot, user: str) -> None:
    """The same Message-ID, as long as before, and another content: nothing of the old one gets into it."""
    old, new = noise(300_000, 1), noise(300_000, 2)
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(old))))
    (file,) = rig.begin()
    rig.desk.files.want(file)
    tap.cuts = [120_000]
    rig.urgent = True  # one piece a slice
    with pytest.raises(ChannelDown):
        all(rig.fetching.run_slice() for _ in range(100))
    rig.urgent = False
    dovecot.forget_uids(user, "INBOX")
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(new))))
    rig.channel.open()
    rig.until_done()
    assert rig.desk.files.content(file) == new
    starts = tap.starts("2")
    assert starts.count(0) == 2


def test_a_message_that_went_while_it_was_fetched_is_told(rig: Rig, dovecot: Dovecot, user: str) -> None:
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(noise(300_000)))))
    (file,) = rig.begin()
    rig.desk.files.want(file)
    rig.urgent = True
    rig.fetching.run_slice()
    with client(dovecot, user) as other:
        other.select("INBOX")
        other.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        other.expunge()
    rig.until_done()
    fetch = rig.desk.files.fetch(file)
    assert fetch is not None
    assert (fetch.state, "no longer" in fetch.reason) == ("failed", True)
    assert rig.desk.files.content(file) is None


# -- the engine as a process


@pytest.fixture
def desk(tmp_path: Path, user: str, tap: Tap) -> Iterator[Desk]:
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
imap = "imap://127.0.0.1:{tap.port}"
smtp = "smtp://127.0.0.1:1"
password = "secret"
"""
    )
    with Desk.open(load(folder, folder / "state")) as opened:
        yield opened


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_an_engine_killed_in_the_middle(desk: Desk, tap: Tap, dovecot: Dovecot, user: str) -> None:
    content = noise(1_500_000)
    with client(dovecot, user) as other:
        put(other, "INBOX", mail(("base64", encoded(content))))
    engine = EngineProcess(desk.config, {"support": "secret"})
    engine.start()
    until(lambda: desk.queue.ids("all") and desk.files.facts(desk.queue.ids("all")[0]))
    (file,) = desk.files.facts(desk.queue.ids("all")[0])
    killed: list[int] = []

    def kill() -> None:
        killed.append(engine._child.pid)
        os.kill(engine._child.pid, signal.SIGKILL)

    tap._at_cut = kill
    tap.cuts = [700_000]
    desk.files.want(file.id)
    engine.wake()
    until(lambda: killed)
    engine._child.wait(20)
    asked = len(tap.starts("2"))
    assert not desk.files.here(file.id)
    assert engine.watch()  # what the screen does ten times a second
    until(lambda: desk.files.here(file.id))
    engine.stop("now")
    assert desk.files.content(file.id) == content
    starts = tap.starts("2")
    assert len(starts) > asked
    assert starts[asked] == starts[asked - 1], "it goes on with the piece that was on its way"
    assert starts == sorted(starts)


def test_the_command_line_fetches_what_is_not_here(desk: Desk, tap: Tap, dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """Over a line that breaks, with an engine of its own; the whole message goes to stdout byte for byte."""
    contents = [noise(200_000), b"second"]
    raw = mail(("base64", encoded(contents[0])), ("8bit", contents[1]))
    with client(dovecot, user) as other:
        put(other, "INBOX", raw)

    def run(*argv: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "agentdesk", *argv, "--desk", str(desk.config.folder)], cwd=ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    run("sync", "--once")
    (row,) = desk.queue.rows(desk.queue.ids("all"))
    tap.cuts = [60_000]
    done = run("attachment", row.id, "--all", "--save", str(tmp_path / "out"))
    assert not tap.cuts
    names = [Path(line).name for line in done.stdout.decode().splitlines()]
    assert names == ["file2.bin", "file3.bin"]
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == contents
    assert run("raw", "<files@example.org>", "--save", "-").stdout == raw
    assert desk.database.value("SELECT count(*) FROM job") == 0
