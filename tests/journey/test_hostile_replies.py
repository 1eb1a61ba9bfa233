"""Replies to hostile mail, handed to an SMTP server and read by another program: one message each, as the agent saw it.

The mailbox is behind a proxy that writes the conversation down, so that a command nobody gave is seen.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.clean import file_name
from agentdesk.store.blobs import save_new
from tests.dialogue.pymap_server import PASSWORD, USER
from tests.journey import hostile_mail
from tests.journey.test_hostile_mail import dovecot, nothing_outside, pymap, shop, sink
from tests.servers.dovecot import Dovecot

__all__ = ["dovecot", "pymap", "shop", "sink"]
pytestmark = pytest.mark.timeout(180)

ONCE = ("from", "to", "subject", "message-id", "date", "mime-version", "content-type")
ALLOWED = frozenset({*ONCE, "cc", "in-reply-to", "references", "content-transfer-encoding"})
VERBS = frozenset(
    ["CAPABILITY", "LOGIN", "AUTHENTICATE", "ENABLE", "ID", "NAMESPACE", "LIST", "LSUB", "SELECT", "EXAMINE", "FETCH", "SEARCH", "STORE", "APPEND", "IDLE", "NOOP", "LOGOUT", "CREATE", "SUBSCRIBE", "STATUS", "CLOSE", "UNSELECT", "COMPRESS", "MOVE", "COPY", "DONE"]
)


class Proxy:
    """Passes everything on, and keeps what each client said."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.said: list[bytearray] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            heard = bytearray()
            self.said.append(heard)
            threading.Thread(target=self._pump, args=(client, server, heard), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket, heard: bytearray | None) -> None:
        try:
            while data := one.recv(65536):
                if heard is not None:
                    heard += data
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def stop(self) -> None:
        self._listener.close()

    def commands(self) -> Iterator[bytes]:
        """Every command, its literals left out as a server would take them."""
        for heard in self.said:
            rest = bytes(heard)
            while rest:
                line, _, rest = rest.partition(b"\r\n")
                command = line
                while literal := re.search(rb"\{([0-9]+)\+?\}$", line):
                    size = int(literal[1])
                    rest = rest[size:]
                    line, _, rest = rest.partition(b"\r\n")
                    command += line
                yield command


def sync(desk: Any, status: tuple[int, ...] = (0,)) -> None:
    """By the program itself, which is watched."""
    paths = os.pathsep.join([str(desk.folder / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "agentdesk", "sync", "--once", "--desk", str(desk.folder)], capture_output=True, text=True, timeout=150,
        env=os.environ | {"PYTHONPATH": paths, "WATCHED": str(desk.watched)}, check=False,
    )  # fmt: skip
    assert done.returncode in status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def answer_all(desk: Any) -> dict[str, list[str]]:
    """A reply to everybody in every conversation; Message-ID -> recipients."""
    expected = {}
    with Desk.open(desk.config) as opened:
        for row in opened.queue.ids("all"):
            draft = opened.writing.draft(row, all=True)
            draft.text = "Thank you.\n.\n..\nFrom here on\n" + "word " * 400
            if not draft.to and not draft.cc:
                assert opened.writing.check(draft)
                continue
            if opened.writing.check(draft):
                draft.cc = tuple(one for one in draft.cc if re.fullmatch(r"[\w.+-]+@[\w.-]+", one.address))[:50]
            if opened.writing.check(draft):
                continue
            opened.writing.send(draft, now=True, anyway=True)  # a subject may hold a card number
            expected[draft.message_id] = [one.address for one in (*draft.to, *draft.cc)]
    return expected


def as_it_should_be(rcpt: list[str], raw: bytes, expected: dict[str, list[str]]) -> str:
    """Check one message on the wire; its Message-ID."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw), "every line ends in CRLF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii() or not all(one.rpartition("@")[0].isascii() for one in rcpt), "raw UTF-8 only for an address that needs it"
    names = [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert set(names) <= ALLOWED, names
    assert len(names) == len(set(names)), "no field twice"
    assert set(ONCE) <= set(names)
    message = message_from_bytes(raw, policy=policy.compat32 if raw.isascii() else policy.SMTPUTF8)
    assert message.get_content_type() == "text/plain"
    identity = str(message["Message-ID"])
    assert identity in expected
    named = {address.lower() for _, address in getaddresses([str(message["To"]), str(message.get("Cc", ""))]) if address}
    wanted = {local.lower() + at + domain.lower().encode("idna").decode() for local, at, domain in (one.rpartition("@") for one in expected[identity])}
    assert {one.lower() for one in rcpt} == wanted, "it goes to whom the agent saw"
    assert named == wanted
    assert str(message["From"]) == "Anna Bianchi <support@casaverde.example>"
    assert len(str(message.get("References", "")).split()) <= 100
    text = message.get_payload(decode=True)
    assert text.startswith(b"Thank you.\r\n.\r\n..\r\nFrom here on\r\n")
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text), "no control is passed on in what is quoted"
    assert "\x9b" not in text.decode("utf-8")
    assert body
    return identity


def replied(desk: Any, taken: Any, least: int) -> None:
    expected = answer_all(desk)
    assert len(expected) >= least
    sync(desk)
    found = [as_it_should_be(rcpt, raw, expected) for rcpt, raw in taken.messages]
    assert sorted(found) == sorted(expected), "each once"
    nothing_outside(desk)


def test_replies_to_our_own(pymap: Callable[[], Any], shop: Callable[..., Any], sink: Any) -> None:
    taken, port = sink
    proxy = Proxy(pymap().port)
    try:
        desk = shop(USER, proxy.port, port)
        messages = [raw for raw in hostile_mail.messages() if b"b299" not in raw and raw.count(b"--cut") < 100]
        desk.fill(messages)
        sync(desk)
        replied(desk, taken, 30)
        login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())  # the second line of AUTHENTICATE
        commands = [command for command in proxy.commands() if command not in (b"DONE", login)]
        verbs = {(words[2] if words[1].upper() == b"UID" else words[1]).upper().decode() for command in commands if len(words := command.split()) > 1}
        assert verbs <= VERBS, verbs
        assert not any(b"Deleted" in command or b"EXPUNGE" in command.upper() for command in commands)
        tags = [command.split()[0] for command in commands]
        assert not [tag for tag in tags if not re.fullmatch(rb"[A-Z]+[0-9]+", tag)], "nothing but commands of ours"
    finally:
        proxy.stop()


@pytest.mark.shared
@pytest.mark.servers
def test_replies_to_the_generated_ones(dovecot: Dovecot, shop: Callable[..., Any], sink: Any, shared: Path, tmp_path: Path) -> None:
    taken, port = sink
    made = tmp_path / "made"
    subprocess.run([sys.executable, str(shared / "tools" / "hostile_gen.py"), str(made), "--small"], check=True, capture_output=True)
    desk = shop(dovecot.user(), dovecot.plain, port)
    desk.fill([raw for file in sorted(made.glob("*.eml")) if (raw := file.read_bytes())])
    sync(desk)
    replied(desk, taken, 100)


# -- files


@pytest.mark.parametrize("name", [*hostile_mail.FILE_NAMES, *hostile_mail.PAYLOADS.values()])
def test_a_saved_file_is_a_new_one_in_its_folder(tmp_path: Path, name: str) -> None:
    folder, victim = tmp_path / "Downloads", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("mine")
    for target in (victim, tmp_path / "not there yet", tmp_path):
        trap = folder / file_name(name, "attachment")
        trap.unlink(missing_ok=True)
        trap.symlink_to(target)
        saved = save_new(folder, name, b"theirs")
        assert saved.parent == folder
        assert not saved.is_symlink()
        assert saved.read_bytes() == b"theirs"
        assert saved.stat().st_mode & 0o177 == 0
        assert len(saved.name.encode()) <= 255
        saved.unlink()
    assert victim.read_text() == "mine"
    assert {one.name for one in tmp_path.iterdir()} == {"Downloads", "victim"}


def test_a_file_that_could_not_even_be_begun_costs_nobody_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "a.txt"
    mine.write_text("mine")

    def none_left(*_: Any) -> int:
        raise OSError(24, "too many open files")  # comes before the system looks whether the file is there

    monkeypatch.setattr(os, "open", none_left)
    with pytest.raises(OSError, match="too many"):
        save_new(tmp_path, "a.txt", b"theirs")
    assert mine.read_text() == "mine"


OPENED = ["photo.jpg", "invoice.PDF", "a b; reboot.png", "-rf.pdf", "$(id).txt"]
NOT_OPENED = ["x.desktop", "x.sh", "x.exe", "x.html", "x.svg", "x.jar", "x.js", "x", "", ".desktop", "photo.jpg.exe", "photo\u202egpj.exe", "x.pdf.lnk", "x.url"]


def test_without_an_opener_nothing_is_saved_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was fetched first, and no key is behind it."""
    from agentdesk.tui import outside
    from agentdesk.tui.actions import attachments

    told: list[str] = []
    monkeypatch.setattr(outside.shutil, "which", lambda _: None)
    files = SimpleNamespace(save=lambda _, folder: save_new(folder, "a.png", b"x"))
    screen = SimpleNamespace(desk=SimpleNamespace(config=SimpleNamespace(state=tmp_path, channels=()), files=files), tell=lambda words, *_: told.append(words))
    attachments.open_outside(screen, SimpleNamespace(id=1, name="a.png", type="image/png"))  # type: ignore[arg-type]
    assert len(told) == 1
    assert "save it instead" in told[0]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*OPENED, *NOT_OPENED])
def test_what_is_opened_is_looked_at_and_never_run(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentdesk.tui import outside
    from agentdesk.tui.actions import attachments

    started: list[tuple[Any, dict[str, Any]]] = []
    told: list[str] = []

    def popen(command: Any, **options: Any) -> Any:
        started.append((command, options))
        return SimpleNamespace(wait=lambda: 0)

    monkeypatch.setattr(outside.shutil, "which", lambda opener: f"/usr/bin/{opener}")
    monkeypatch.setattr(outside.subprocess, "Popen", popen)
    screen = SimpleNamespace(
        desk=SimpleNamespace(
            config=SimpleNamespace(state=tmp_path, channels=()),
            files=SimpleNamespace(save=lambda _, folder: save_new(folder, name, b"x")),
        ),
        tell=lambda words, *_: told.append(words),
    )  # fmt: skip
    attachments.open_outside(screen, SimpleNamespace(id=1, name=name, type="image/jpeg"))  # type: ignore[arg-type]
    assert len(told) == 1
    if name in NOT_OPENED:
        assert not started
        assert not any(tmp_path.iterdir())
        return
    ((command, options),) = started
    assert isinstance(command, list)
    assert len(command) == 2
    assert Path(command[1]).is_absolute()
    assert Path(command[1]).parent == tmp_path / "opened"
    assert not options.get("shell")
    assert options["start_new_session"]
