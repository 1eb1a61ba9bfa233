"""What leaves the screen: the clipboard, a browser, the agent's own editor, and the desk put to sleep."""

from __future__ import annotations

import base64
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fake_desk import NOW, FakeDesk, config, item, panel
from screens import opened

from agentdesk.domain.message import Direction
from agentdesk.tui import outside
from agentdesk.tui.driver.driver import _KNOWN
from tests.terminal import Terminal

EDITOR = """#!/bin/sh
# What an editor does: reads the file it is given, and writes it.
cp "$1" {folder}/before.txt
printf 'Gentile Maria,\\nscritto altrove.\\033[31m\\n' > "$1"
exit {status}
"""


@pytest.mark.parametrize(
    ("keys", "copied"),
    [(("y", "o"), "10245"), (("y", "t"), "https://gls.example/t/GL883120"), (("y", "a"), "maria.rossi@posta.example"), (("y", "y", "down", "down", "enter"), "GL883120")],
)
async def test_copied_by_key(keys: tuple[str, ...], copied: str) -> None:
    async with opened() as desk:
        await desk.press(*keys)
        assert desk.app.clipboard == copied
        assert "copied" in desk.lines()[-1]


async def test_nothing_to_copy_is_said() -> None:
    fake = FakeDesk()
    fake.panels[1] = panel(orders=(), about=None)
    async with opened(fake) as desk:
        await desk.press("y", "o")
        assert "no order number" in desk.lines()[-1]
        assert desk.app.clipboard == ""


async def test_links_are_listed_by_who_they_lead_to_and_copied_where_no_browser_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeDesk()
    fake.threads[1] = (item("1", Direction.IN, NOW, "Look: https://shop.example/a?b=1. And https://xn--pple-43d.com/x and file:///etc/passwd javascript:alert(1)"),)
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    async with opened(fake) as desk:
        await desk.press("b")
        text = desk.text()
        assert "gls.example · t/GL883120" in text
        assert "shop.example · a?b=1" in text
        assert "a?b=1. " not in next(line for line in desk.lines() if "shop.example · " in line), "the full stop is the sentence's"
        assert "passwd" not in "\n".join(line for line in desk.lines() if " · " in line)
        await desk.press("down", "enter")
        assert desk.app.clipboard == "https://shop.example/a?b=1"
        assert "own browser" in desk.lines()[-1]


async def test_a_link_is_opened_by_the_systems_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = tmp_path / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {tmp_path}/opened\nmv {tmp_path}/opened {tmp_path}/done\n')
    opener.chmod(0o755)
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with opened() as desk:
        await desk.press("b", "enter")
        await desk.until((tmp_path / "done").exists)
        assert (tmp_path / "done").read_text() == "https://gls.example/t/GL883120|"
        assert "opened gls.example" in desk.lines()[-1]


@pytest.mark.parametrize(("names", "remote"), [({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":10"}, True), ({"DISPLAY": ":0"}, False), ({"WAYLAND_DISPLAY": "wayland-0"}, False)])
def test_whose_desk_a_program_would_open_on(names: dict[str, str], remote: bool) -> None:
    assert outside.is_remote(names) is remote


def test_an_editor_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor -f")
    with pytest.raises(outside.Refused, match=r"VISUAL names no-such-editor"):
        outside.editor()


@pytest.mark.parametrize("status", [0, 3])
def test_the_file_an_editor_gets_is_private_and_stays_if_it_ends_badly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    program = tmp_path / "ed"
    program.write_text(EDITOR.format(folder=tmp_path, status=status))
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(program))
    desk = replace(config(tmp_path), state=tmp_path / "state")
    if status:
        with pytest.raises(outside.Refused, match="ended with 3"):
            outside.edited(desk, "Gentile")
        (kept,) = (tmp_path / "state" / "editing").iterdir()
        assert kept.stat().st_mode & 0o077 == 0
    else:
        assert outside.edited(desk, "Gentile") == "Gentile Maria,\nscritto altrove.\x1b[31m"
        assert list((tmp_path / "state" / "editing").iterdir()) == []
    assert (tmp_path / "before.txt").read_text() == "Gentile\n"


@pytest.fixture
def terminal(tmp_path: Path):
    """The real screen in a terminal, on a desk with one letter in it."""
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "desk.toml").write_text(
        '[desk]\nname = "Casa"\nlocale = "en-GB"\nlink = "offline"\n[agent]\nname = "Anna"\nemail = "anna@casaverde.example"\n'
        '[[channels]]\nname = "support"\nkind = "imap"\naddress = "support@casaverde.example"\nimap = "imap://127.0.0.1:1"\n'
        'smtp = "smtp://127.0.0.1:1"\npassword = "secret"\n'
    )
    editor = tmp_path / "ed"
    editor.write_text(EDITOR.format(folder=tmp_path, status=0))
    editor.chmod(0o755)
    made = Terminal(
        [sys.executable, "-m", "agentdesk", "--desk", str(desk)], columns=100, lines=24,
        environment={**os.environ, "LANG": "en_GB.UTF-8", "VISUAL": str(editor), "PYTHONPATH": os.pathsep.join(sys.path), "SHELL": "/bin/sh"},
    )  # fmt: skip
    yield made
    made.close()


def test_the_reply_goes_to_the_editor_and_back(terminal: Terminal, tmp_path: Path) -> None:
    terminal.sees("Casa")
    terminal.press("c", "tab", "tab", "tab", "tab")
    terminal.type("Prima")
    terminal.sees("Prima")
    terminal.press("ctrl+x", "ctrl+e")
    terminal.sees("scritto altrove.", "Casa")
    assert (tmp_path / "before.txt").read_text() == "Prima\n"
    assert b"\x1b[31m" not in terminal.raw, "what comes back passes the gate"


def test_the_desk_sleeps_and_comes_back(terminal: Terminal) -> None:
    terminal.sees("Casa")
    terminal.press("y", "y")  # says that there is nothing
    os.kill(terminal.pid, 0)
    terminal.type("\x1a")
    pid, status = os.waitpid(terminal.pid, os.WUNTRACED)
    assert (pid, os.WIFSTOPPED(status)) == (terminal.pid, True)
    while terminal.read(0.2):
        pass
    assert b"\x1b[?1049l" in terminal.raw, "the shell's own screen is back"
    seen = len(terminal.raw)
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.until(lambda _: b"Casa" in terminal.raw[seen:])


def test_the_clipboard_is_the_terminals() -> None:
    """OSC 52 goes through our own driver."""
    assert _KNOWN.fullmatch(f"\x1b]52;c;{base64.b64encode('è'.encode()).decode()}\a")
