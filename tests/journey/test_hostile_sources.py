"""Hostile files, servers and chats: what they say reaches the screen, the command line and the log as harmless text."""

from __future__ import annotations

import json
import socketserver
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agentdesk.cli import main as command_line
from tests.journey.hostile_mail import PAYLOADS
from tests.journey.test_hostile_mail import foreign, sequences
from tests.servers.dovecot import free_port
from tests.terminal import Terminal

pytestmark = pytest.mark.timeout(120)

NASTY = "".join(text for name, text in PAYLOADS.items() if name not in {"overtype", "lines", "heap"}) + "\x9b31m[/nope] {{ 7|times:7 }} =1+1"
TOKEN, PASSWORD = "tok-3b1f-secret-token", "pw-9c2e-secret-password"


def toml(text: str) -> str:
    """As a TOML string; every character that is no plain one as its escape."""
    return '"' + "".join(c if c.isalnum() or c in " [/]{}|:=+-" else f"\\U{ord(c):08X}" for c in text) + '"'


SHORTCUT, PLAIN = toml("a\x1b[2Jb"), toml("Hello " + "".join(char for char in NASTY if char not in "{}%"))


class Chat(BaseHTTPRequestHandler):
    """A chat server whose contacts, texts, labels, agents and files are all hostile; or one that only fails, with words."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *words: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.answer(422, {"message": NASTY, "error": NASTY})

    do_PATCH = do_POST

    def do_GET(self) -> None:
        if getattr(self.server, "fails", False):
            self.answer(500, {"error": NASTY})
            return
        path = self.path.partition("?")[0]
        sender = {"id": 7, "name": NASTY, "email": f"eve@{'x' * 10}.example", "phone_number": NASTY, "type": "contact"}
        said = {
            "id": 11, "content": f"Hi {NASTY}", "message_type": 0, "created_at": 1795000000, "sender": sender, "private": False,
            "attachments": [{"id": 1, "data_url": f"http://127.0.0.1/{'%1b%5b2J%c2%9b31m%e2%80%ae'}gpj.exe", "file_type": NASTY, "file_size": 10**30}],
        }  # fmt: skip
        chat = {
            "id": 3, "status": NASTY, "priority": NASTY, "labels": [NASTY, 5, None], "unread_count": 1, "can_reply": True,
            "meta": {"sender": sender, "channel": NASTY, "assignee": {"id": 2, "name": NASTY, "email": NASTY}},
            "messages": [said], "last_non_activity_message": said, "last_activity_at": 1795000000, "timestamp": 1795000000, "custom_attributes": {},
        }  # fmt: skip
        if path.endswith("/profile"):
            self.answer(200, {"id": 1, "name": NASTY, "email": "anna@casaverde.example", "accounts": [{"id": 1, "name": NASTY}]})
        elif path.endswith("/messages"):
            self.answer(200, {"meta": {}, "payload": [said]})
        elif path.endswith("/agents"):
            self.answer(200, [{"id": 1, "name": NASTY, "email": NASTY}])
        elif path.endswith(("/conversations", "/filter")):
            first = "page=1" in self.path or "page" not in self.path
            self.answer(200, {"data": {"meta": {"all_count": 1}, "payload": [chat] if first else []}})
        elif path.endswith("/labels"):
            self.answer(200, {"payload": [NASTY]})
        else:
            self.answer(404, {"error": NASTY})

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Imap(socketserver.StreamRequestHandler):
    """A mailbox that says no in the worst words, and repeats what it was told."""

    def handle(self) -> None:
        self.wfile.write(b"* OK " + NASTY.encode() + b"\r\n")
        for line in self.rfile:
            tag, _, command = line.strip().partition(b" ")
            if command.upper().startswith(b"CAPABILITY"):
                self.wfile.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN X\x1b[2J\r\n" + tag + b" OK done\r\n")
            else:
                self.wfile.write(tag + b" NO [ALERT] " + NASTY.encode() + b" you said " + command + b"\r\n")


class Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 " + NASTY.encode() + b"\r\n")
        for line in self.rfile:
            if line.upper().startswith(b"EHLO"):
                self.wfile.write(b"250-hello\r\n250 AUTH PLAIN\r\n")
            else:
                self.wfile.write(b"535-5.7.8 " + NASTY.encode() + b"\r\n535 5.7.8 you said " + line.strip() + b"\r\n")


class Lines(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    servers: list[Any] = []

    def start(server: Any) -> Any:
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def desk(tmp_path: Path, serve: Callable[..., Any]) -> Path:
    chat = serve(ThreadingHTTPServer(("127.0.0.1", 0), Chat))
    imap, smtp = serve(Lines(("127.0.0.1", 0), Imap)), serve(Lines(("127.0.0.1", 0), Smtp))
    folder = tmp_path / "desk"
    folder.mkdir()
    bad = toml(NASTY)
    (folder / "desk.toml").write_text(f"""
[desk]
name = {bad}
url = {bad}
locale = "en-GB"
timezone = "Europe/Rome"
[agent]
name = {bad}
email = "anna@casaverde.example"
signature = {bad}
[[channels]]
name = "chat"
kind = "chatwoot"
url = "http://127.0.0.1:{chat.server_port}"
account = 1
token = "{TOKEN}"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
user = "support"
imap = "imap://127.0.0.1:{imap.server_address[1]}"
smtp = "smtp://127.0.0.1:{smtp.server_address[1]}"
password = {{ env = "DESK_PW" }}
[shop]
kind = "files"
orders = "orders.csv"
[snippets]
packs = ["own.toml", "broken.toml"]
[team]
members = [{{ name = {bad}, email = "luca@casaverde.example" }}]
[[views]]
name = {bad}
query = "is:open"
""")
    row = ["10245", f"eve@{'x' * 10}.example", NASTY, NASTY, NASTY, "2026-11-01", "EUR", "89,90", NASTY, "=cmd|' /C calc'!A0", "2", "44,95"]
    quoted = ",".join('"' + cell.replace('"', '""').replace("\n", " ").replace("\r", " ").replace("\x00", "") + '"' for cell in row)
    (folder / "orders.csv").write_text(f"number,email,name,phone,status,placed_at,currency,total,item_name,sku,quantity,price\n{quoted}\n10300,x@x.example,,,,{NASTY[:0]}not a date,EUR,{'9' * 400},,,1e999,\n")
    (folder / "own.toml").write_text(f"""
[pack]
name = "own"
title = {bad}
languages = ["en"]
[[snippet]]
name = "nasty"
title = {bad}
shortcut = {SHORTCUT}
tags = [{bad}]
ask = [{{ name = "days", label = {bad}, default = {bad} }}]
[snippet.text]
en = {PLAIN}
""")
    (folder / "broken.toml").write_text(f"[pack]\nname = {bad}\n{bad} = {bad}\n")
    return folder


@pytest.fixture
def run(desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("DESK_PW", PASSWORD)

    def call(*words: str, status: tuple[int, ...] = (0,)) -> str:
        found = command_line([*words, "--desk", str(desk)])
        out, err = capsys.readouterr()
        assert found in status, (words, out, err)
        assert not foreign((out + err).replace("\n", "\r\n").encode("utf-8", "surrogatepass"), frozenset()), words
        assert PASSWORD not in out + err
        assert TOKEN not in out + err
        return out

    return call


def test_on_the_command_line_and_in_the_log(desk: Path, run: Callable[..., str]) -> None:
    run("doctor", status=(1,))
    run("doctor", "--json", status=(1,))
    run("sync", "--once", status=(3,))
    run("sync", "--once", "--json", status=(3,))
    chat = json.loads(run("list", "--json"))["conversations"][0]["id"]
    for words in (["list"], ["show", chat], ["show", chat, "--json"], ["views"], ["views", "--json"], ["lookup", "10245"], ["lookup", "eve", "--json"]):
        run(*words)
    run("snippets", "search", "nasty")
    run("snippets", "search", "nasty", "--json")
    run("snippets", "render", "own/nasty", "--conversation", chat, status=(0, 1))
    run("snippets", "lint", status=(0, 1))
    run("snippets", "lint", "--json", status=(0, 1))
    run("tag", chat, f"+{NASTY[:20]}", status=(0, 1, 2))
    run("note", chat, NASTY)
    run("show", chat)
    run("list", "--view", NASTY, status=(2,))
    run("show", NASTY, status=(1,))
    run("reply", chat, "--text", f"Hello {PAYLOADS['clear']}there", "--now")
    run("sync", "--once", status=(3,))
    run("outbox")
    run("outbox", "--json")
    run("keys")


@pytest.mark.parametrize("driver", ["stock", "cells"])
def test_on_the_screen_and_in_the_log(desk: Path, run: Callable[..., str], driver: str) -> None:
    run("sync", "--once", status=(3,))
    terminal = Terminal(
        [sys.executable, "-m", "agentdesk", "--desk", str(desk), "--driver", driver], columns=120, lines=36,
        environment={"LANG": "en_GB.UTF-8", "COLORTERM": "truecolor", "DESK_PW": PASSWORD},
    )  # fmt: skip
    try:
        terminal.sees("❯", "Hi", "enter open")
        if Path("/proc/self/environ").exists():
            # A child is its parent's copy, environment and all, until it has become the engine.
            terminal.until(lambda _: any("agentdesk.engine" in command_of(child) for child in children(terminal.pid)))
            for child in children(terminal.pid):
                if "agentdesk.engine" not in command_of(child):
                    continue
                seen = Path(f"/proc/{child}/environ").read_bytes() + Path(f"/proc/{child}/cmdline").read_bytes()
                assert PASSWORD.encode() not in seen
                assert TOKEN.encode() not in seen
        terminal.press("g", "g", "enter", "G", "d", "down", "ctrl+g", "s")
        terminal.type("nasty")
        terminal.press("down", "ctrl+g", "a", "ctrl+g", "v", "ctrl+g", "t", "ctrl+g", "o", "ctrl+g", "h", "p", "j", "p", "g", "b", "ctrl+g", "g", "?")
        terminal.press("ctrl+g", "O", "ctrl+g", "L")
        terminal.type("10245")
        terminal.press("down", "ctrl+g", "r")
        terminal.sees("reply to")
        terminal.type(f"\x1b[200~pasted {PAYLOADS['eight-bit']}{PAYLOADS['bidi']}\x1b[201~")
        terminal.sees("pasted")
        terminal.press("ctrl+s")
        terminal.press("ctrl+g", "O")
        terminal.press("ctrl+g", "q")
        terminal.press("enter")
        terminal.read(0.3)
        assert "Traceback" not in terminal.text
        raw = bytes(terminal.raw)
        known = frozenset(one for one in sequences(raw) if (one[-1:] in b"hluqpnRt" and one[1:2] == b"[") or one.startswith(b"\x1b]2;1 chat"))  # title, modes and questions of the screen itself
        assert not foreign(raw, known | TEXTUAL, driver)
    finally:
        terminal.close()
    log = (desk / "state" / "engine.log").read_bytes()
    assert not foreign(log.replace(b"\n", b"\r\n"), frozenset())
    run("backup", str(desk.parent / "backup.tgz"))
    with tarfile.open(desk.parent / "backup.tgz") as archive:
        kept = {one.name: (archive.extractfile(one) or pytest.fail(one.name)).read() for one in archive.getmembers() if one.isfile()}
    for name, content in {**kept, "engine.log": log}.items():
        assert PASSWORD.encode() not in content, name
        assert TOKEN.encode() not in content or name == "desk.toml", name
    for file in (desk / "state").rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file
            assert TOKEN.encode() not in file.read_bytes(), file
            assert file.stat().st_mode & 0o077 == 0, file


TEXTUAL = frozenset({b"\x1b]11;?\x1b\\", b"\x1b[c", b"\x1b]22;default\x07"})
"""What the screen asks the terminal at its start, and the shape of the pointer."""


def command_of(pid: int) -> str:
    """A process's command line; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_init_repeats_nothing_a_server_says(tmp_path: Path, desk: Path, run: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    text = (desk / "desk.toml").read_text()
    imap, smtp = (text.partition(f'{name} = "')[2].partition('"')[0] for name in ("imap", "smtp"))
    status = command_line([
        "init", "--yes", "--name", "Casa", "--agent", "Anna", "--address", "support@casaverde.example", "--user", "support", "--imap", imap,
        "--smtp", smtp, "--password-env", "DESK_PW", "--locale", "en-GB", "--timezone", "Europe/Rome", "--desk", str(tmp_path / "new"),
    ])  # fmt: skip
    out, err = capsys.readouterr()
    assert status in (1, 3)
    assert not foreign((out + err).replace("\n", "\r\n").encode(), frozenset())
    assert PASSWORD not in out + err


def test_a_chat_that_only_fails(desk: Path, run: Callable[..., str], serve: Callable[..., Any]) -> None:
    failing = ThreadingHTTPServer(("127.0.0.1", free_port()), Chat)
    failing.fails = True  # type: ignore[attr-defined]
    serve(failing)
    file = desk / "desk.toml"
    old = file.read_text().partition('url = "http://127.0.0.1:')[2].partition('"')[0]
    file.write_text(file.read_text().replace(f"127.0.0.1:{old}", f"127.0.0.1:{failing.server_port}"))
    run("sync", "--once", status=(3,))
    run("doctor", status=(1,))


def test_a_defect_of_the_screen_prints_no_values(tmp_path: Path) -> None:
    """What a crash leaves on the terminal is a traceback without the values around it."""
    (tmp_path / "crash.py").write_text(
        "import sys\nfrom agentdesk.tui.app import DeskApp\n"
        "def crash(self):\n    secret = 'pw-in-a-local'\n    raise ValueError('\\x1b]0;pwned\\x07 ' + chr(0x9b))\n"
        "DeskApp._settle = crash\nfrom agentdesk.__main__ import main\nsys.argv[1:] = ['--desk', sys.argv[1]]\nsys.exit(main())\n"
    )
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "desk.toml").write_text('[desk]\nname = "Casa"\n[agent]\nname = "Anna"\nemail = "anna@casaverde.example"\n')
    terminal = Terminal([sys.executable, str(tmp_path / "crash.py"), str(desk)], columns=120, lines=36, environment={"PYTHONPATH": str(Path.cwd())})
    try:
        assert terminal.ended() != 0
        while terminal.read(0.1):
            pass
        assert b"ValueError" in terminal.raw
        assert b"defect.txt" in terminal.raw
        assert not foreign(bytes(terminal.raw), sequences(bytes(terminal.raw).partition(b"ValueError")[0]))
        written = (desk / "state" / "defect.txt").read_bytes()
        assert b"in crash" in written
        assert not foreign(written.replace(b"\n", b"\r\n"), frozenset())
        assert b"pw-in-a-local" not in terminal.raw
    finally:
        terminal.close()
