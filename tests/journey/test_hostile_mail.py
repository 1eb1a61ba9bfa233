"""Hostile mail from a real mailbox, through the real engine, to every view of the real screen in a terminal.

What reaches the terminal is taken apart byte by byte: only what a harmless desk writes too may be there.
"""

from __future__ import annotations

import imaplib
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from agentdesk.cli import main as command_line
from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.engine.run import sync
from tests.dialogue.pymap_server import USER, Pymap
from tests.journey import hostile_mail
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot, free_port
from tests.terminal import Terminal, key

pytestmark = pytest.mark.timeout(180)

SEQUENCE = re.compile(rb"\x1b(?:\[([0-?]*)([ -/]*)([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]|)")
DRAWING = re.compile(rb"\x1b\[[0-9;:]*m|\x1b\[[0-9]*(?:;[0-9]*)?H|\x1b\]2;(?:[0-9]+ chats? \xc2\xb7 )?(?:[0-9]+ late \xc2\xb7 )?Casa Verde\x1b\\")
OUR_DRAWING = re.compile(rb"\x1b\[[0-9]*[ABCDGX]|\x1b\[K|(?<=\x1b\[H)\x1b\[2J")
"""What our own driver draws with besides."""
SAFE_FORMAT = "\u200c\u200d"
"""Joiners, which stand between letters that join and in emoji."""

WATCH = """
import os, sys
_out = os.open(os.environ.get("WATCHED") or {!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def _hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.posix_spawn"):
        what = args[1] if event == "socket.connect" else args[:2]
        if event != "subprocess.Popen" and event != "socket.connect" or not str(what).startswith("/"):
            os.write(_out, f"{event} {what!r}\\n".encode("utf-8", "replace"))
sys.addaudithook(_hook)
"""
"""What a process does to the world outside, written down by the interpreter itself."""


class Sink:
    """A strict server: what is no proper message is refused."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append((list(envelope.rcpt_tos), envelope.original_content or envelope.content))
        return "250 taken"


@pytest.fixture
def sink() -> Iterator[Any]:
    made = Sink()
    controller = Controller(made, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    yield made, controller.port
    controller.stop()


DESK = """
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
imap = "imap://127.0.0.1:{imap}"
smtp = "smtp://127.0.0.1:{smtp}"
password = "secret"
[promises]
imap = "1h"
[sending]
undo = {{ imap = "0s" }}
"""


class Shop:
    """One desk on one mailbox, its program and what that did."""

    def __init__(self, folder: Path, user: str, imap: int, smtp: int) -> None:
        self.folder, self.state = folder, folder / "state"
        folder.mkdir()
        (folder / "desk.toml").write_text(DESK.format(user=user, imap=imap, smtp=smtp))
        self.state.mkdir()
        (self.state / "notices").write_text("none")
        self.user, self.imap, self.ports = user, imap, {imap, smtp}
        self.config = load(folder, self.state)
        (folder / "watch").mkdir()
        self.watched = folder / "watched.txt"
        (folder / "watch" / "sitecustomize.py").write_text(WATCH.replace("{!r}", repr(str(self.watched))))
        self.terminals: list[Terminal] = []

    def fill(self, messages: list[bytes]) -> None:
        other = imaplib.IMAP4("127.0.0.1", self.imap)
        other.login(self.user, "secret")
        for raw in messages:
            # Not other.append(), which rewrites line ends
            other.literal = raw
            status, said = other._simple_command("APPEND", "INBOX")
            assert status == "OK", said
        other.logout()

    def sync(self) -> Any:
        return sync(self.config, {"support": "secret"}, once=True, progress=lambda _: None, stop=lambda: False)

    def open(self, columns: int = 140, lines: int = 40, driver: str = "stock") -> Terminal:
        """By the stock driver, which lets through what it is given: the gate must be enough alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "NO_COLOR"))}
        paths = os.pathsep.join([str(self.folder / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])])
        terminal = Terminal(
            [sys.executable, "-m", "agentdesk", "--desk", str(self.folder), "--driver", driver], columns=columns, lines=lines,
            environment=kept | {"LANG": "en_GB.UTF-8", "COLORTERM": "truecolor", "PYTHONPATH": paths, "WATCHED": str(self.watched)},
        )  # fmt: skip
        self.terminals.append(terminal)
        return terminal

    def order(self) -> list[int]:
        with Desk.open(self.config) as desk:
            return list(desk.queue.ids("open"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    made: list[Shop] = []

    def make(user: str, imap: int, smtp: int, name: str = "desk") -> Shop:
        made.append(Shop(tmp_path / name, user, imap, smtp))
        return made[-1]

    yield make
    for one in made:
        for terminal in one.terminals:
            terminal.close()


@pytest.fixture
def pymap() -> Iterator[Callable[[], Pymap]]:
    servers: list[Pymap] = []

    def start() -> Pymap:
        servers.append(Pymap())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    missing = dovecot_server.available()
    if missing:
        pytest.skip(missing)
    server = Dovecot()
    yield server
    server.stop()


def foreign(raw: bytes, harmless: frozenset[bytes], driver: str = "stock") -> list[str]:
    """What stands in the output that is neither text, nor drawing, nor something a harmless desk writes too."""
    if driver == "cells":
        raw = OUR_DRAWING.sub(b"", raw).replace(b"\b", b"")
    found = [
        repr(match[0]) for match in SEQUENCE.finditer(raw) if not DRAWING.fullmatch(match[0]) and match[0] not in harmless
    ]
    text = SEQUENCE.sub(b"", raw).decode("utf-8")
    for char in sorted(set(text) - set("\r\n" + SAFE_FORMAT)):
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            at = text.index(char)
            found.append(f"U+{ord(char):04X} in {text[max(0, at - 30) : at + 10]!r}")
    return found


def sequences(raw: bytes) -> frozenset[bytes]:
    return frozenset(match[0] for match in SEQUENCE.finditer(raw))


def plain_desk(shop: Callable[..., Shop], user: str, imap: int, smtp: int, driver: str = "stock") -> frozenset[bytes]:
    """What the screen writes besides text when nothing is wrong with the mail: the same walk over harmless messages."""
    desk = shop(user, imap, smtp, "harmless")
    desk.fill([
        hostile_mail.mail(1, subject="Order 1001", body="Hello,\r\n\r\nwhere is it?\r\n\r\n> before\r\n> that\r\n"),
        hostile_mail.mixed(2, [hostile_mail.TEXT, hostile_mail.attached('filename="a.txt"'), hostile_mail.attached('filename="b.txt"')]),
    ])  # fmt: skip
    desk.sync()
    terminal = desk.open(driver=driver)
    terminal.sees("Open 2")
    walk(terminal, desk, lambda _: None)
    views(terminal)
    terminal.press("q")
    assert terminal.ended() == 0
    return sequences(bytes(terminal.raw))


def walk(terminal: Terminal, shop: Shop, each: Callable[[str], None]) -> None:
    """Open every conversation, unfold what is quoted, look at its end and at its attachments."""
    with Desk.open(shop.config) as desk:
        rows = desk.queue.rows(shop.order())
        files = {row.row: sum(len(item.attachments) for item in desk.reading.thread(row.row)) for row in rows}
    terminal.press("g", "g", "enter")
    for number, row in enumerate(rows):
        keys = [*("J" if number else ""), ">", "G", *(("d", "down", "ctrl+g") if files[row.row] else ())]
        terminal.type("".join(key(name) for name in keys))
        beginning = row.subject[:20].strip()
        if beginning.isascii() and beginning:
            terminal.until(lambda text, beginning=beginning: beginning in text)
        while terminal.read(0.03):
            pass
        each(row.id)
    terminal.press("esc")


def views(terminal: Terminal) -> None:
    """Everything else that shows what customers wrote."""
    terminal.press("g", "g", "enter", "R")
    terminal.sees("reply to")
    terminal.press("ctrl+r", "esc", "esc", "s")
    terminal.sees("snippets")
    terminal.press("down", "esc", "h", "esc", "p", "j", "p", "esc", "f")
    terminal.press("esc", "esc", ":", "esc", "O", "esc", "L")
    terminal.type("customer")
    terminal.press("down", "enter", "esc", "esc", "/")
    terminal.type("customer")
    terminal.press("down", "enter", "esc", "esc", "esc", "g", "a", "G", "g", "o", "v", "esc", "g", "b", "esc", "?", "esc")


def on_the_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """list and show, as text and as JSON, of every conversation; what they print is looked at."""

    def run(*words: str) -> str:
        status = command_line([*words, "--desk", str(shop.folder)])
        out, err = capsys.readouterr()
        assert status == 0 or words[0] == "lookup", (words, err)
        bad = {char for char in out + err if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - set("\n" + SAFE_FORMAT)
        assert not bad, (words, bad)
        return out

    run("list", "--limit", "0")
    found = json.loads(run("list", "--view", "all", "--limit", "0", "--json"))
    shown = {}
    for conversation in found["conversations"]:
        run("show", conversation["id"], "--local")
        shown[conversation["id"]] = json.loads(run("show", conversation["id"], "--local", "--json"))
    run("outbox")
    run("lookup", "customer")
    return shown


def nothing_outside(shop: Shop) -> None:
    """No connection but to the mailbox, no name asked for, no program started but the engine and what reads large mail."""
    for line in shop.watched.read_text().splitlines():
        event, _, what = line.partition(" ")
        if event == "subprocess.Popen":
            assert "agentdesk.engine" in what or "agentdesk.mail.worker" in what, line
        elif event == "socket.connect":
            assert any(f"'127.0.0.1', {port})" in what for port in shop.ports), line
        else:
            assert event == "socket.getaddrinfo", line
            assert "127.0.0.1" in what or "localhost" in what, line


def looked_through(
    desk: Shop, messages: list[bytes], harmless: frozenset[bytes], capsys: pytest.CaptureFixture[str], patience: int = 0,
    driver: str = "stock",
) -> dict[str, Any]:
    desk.fill(messages)
    report = desk.sync()
    for _ in range(patience):  # a server may break off at a message: it is passed over after a while, and the others come
        if report.channels["support"].state != "ready":
            report = desk.sync()
    assert report.channels["support"].state == "ready", report
    assert report.channels["support"].messages == len(messages), "every message is listed"
    shown = on_the_command_line(desk, capsys)
    absent = [item["message_id"] for one in shown.values() for item in one["thread"] if item["text"] is None and not item["problem"]]
    assert absent == [], "each has its text, or says why it can't be shown"
    terminal = desk.open(driver=driver)
    terminal.until(lambda text: re.search(r"Open \d", text) and "●" in text, 60)
    seen = [0]

    def each(conversation: str) -> None:
        assert "Traceback" not in terminal.text, terminal.text
        found = foreign(bytes(terminal.raw[seen[0] :]), harmless, driver)
        assert not found, (conversation, shown[conversation]["subject"], found)
        seen[0] = len(terminal.raw)

    walk(terminal, desk, each)
    views(terminal)
    assert not foreign(bytes(terminal.raw[seen[0] :]), harmless, driver)
    terminal.press("q")
    assert terminal.ended() == 0, terminal.text
    assert not foreign(bytes(terminal.raw), harmless, driver)
    nothing_outside(desk)
    log = (desk.state / "engine.log").read_text(errors="surrogateescape")
    assert "Traceback" not in log, log
    return shown


@pytest.mark.parametrize("driver", ["stock", "cells"])
def test_our_own(
    pymap: Callable[[], Pymap], shop: Callable[..., Shop], sink: Any, capsys: pytest.CaptureFixture[str], driver: str
) -> None:
    taken, port = sink
    harmless = plain_desk(shop, USER, pymap().port, port, driver)
    messages = hostile_mail.messages()
    looked_through(shop(USER, pymap().port, port), messages, harmless, capsys, patience=9, driver=driver)
    assert taken.messages == [], "looking sends nothing"


@pytest.mark.servers
def test_our_own_from_dovecot(dovecot: Dovecot, shop: Callable[..., Shop], sink: Any, capsys: pytest.CaptureFixture[str]) -> None:
    taken, port = sink
    harmless = plain_desk(shop, dovecot.user(), dovecot.plain, port)
    looked_through(shop(dovecot.user(), dovecot.plain, port), hostile_mail.messages(), harmless, capsys)
    assert taken.messages == []


@pytest.mark.shared
@pytest.mark.servers
def test_the_generated_ones(
    dovecot: Dovecot, shop: Callable[..., Shop], sink: Any, capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path
) -> None:
    taken, port = sink
    harmless = plain_desk(shop, dovecot.user(), dovecot.plain, port)
    made = tmp_path / "made"
    subprocess.run([sys.executable, str(shared / "tools" / "hostile_gen.py"), str(made), "--small"], check=True, capture_output=True)
    messages = [raw for file in sorted(made.glob("*.eml")) if (raw := file.read_bytes())]  # an empty one Dovecot refuses
    assert len(messages) > 200
    looked_through(shop(dovecot.user(), dovecot.plain, port), messages, harmless, capsys)
    assert taken.messages == []


@pytest.mark.shared
@pytest.mark.servers
@pytest.mark.timeout(900)
def test_the_mail_of_others(
    dovecot: Dovecot, shop: Callable[..., Shop], sink: Any, capsys: pytest.CaptureFixture[str], shared: Path
) -> None:
    """Everything in the corpus is brought in, listed and shown; what the screen shows of it is walked through by pages."""
    taken, port = sink
    harmless = plain_desk(shop, dovecot.user(), dovecot.plain, port)
    desk = shop(dovecot.user(), dovecot.plain, port)
    files = [one for one in sorted((shared / "mail").glob("*/*")) if one.suffix not in {".json", ".md"} and "expected" not in one.name]
    messages = [raw for file in files if (raw := file.read_bytes())]
    desk.fill(messages)
    report = desk.sync()
    assert report.channels["support"].state == "ready", report
    with Desk.open(desk.config) as opened:
        assert opened.database.value("SELECT count(*) FROM place") == len(messages), "each of them is here"
        assert opened.database.value("SELECT count(*) FROM message WHERE text IS NULL AND problem = ''") == 0
    on_the_command_line(desk, capsys)
    terminal = desk.open()
    terminal.until(lambda text: re.search(r"Open \d", text) and "●" in text, 60)
    terminal.press("g", "a")
    with Desk.open(desk.config) as opened:
        pages = len(opened.queue.ids("all")) // 14
    for _ in range(pages):
        terminal.press("pgdn")
    terminal.press("enter", *["J", ">"] * 40, "q")
    assert terminal.ended() == 0, terminal.text
    assert not foreign(bytes(terminal.raw), harmless)
    assert taken.messages == []
    nothing_outside(desk)
