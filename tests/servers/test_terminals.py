"""Real terminals show the same picture whichever driver drew it: tmux, and xterm under Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tui"))  # the desk in memory and the recorder of frames
from fake_desk import FakeDesk
from pictures import fill, recorded, seen
from screens import opened

from tests.terminal import Terminal

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

COLUMNS, LINES = 100, 30
BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l"
SHOWN = "drawn to the end"
KEYS = ("j", "j", "n", "s", "'ris'", "enter", "'Grazie 漢字 ok'", "escape", "escape", "k", "/", "'rossi'", "escape", "pagedown", "k")


def needs(*programs: str) -> None:
    for name in programs:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")


def until(ask: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


@pytest.fixture
async def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """What each driver sends for the same keys, as files. The last line of the screen then says that all of it was taken in."""
    with recorded(monkeypatch, COLUMNS, LINES) as pair:
        async with opened(FakeDesk(60), size=(COLUMNS, LINES)) as desk:
            ours = []
            for key in KEYS:
                await desk.press(key)
                ours.append(pair.send())
    files = {}
    for name, sequences in (("stock", pair.stock_sent), ("ours", ours)):
        files[name] = tmp_path / name
        files[name].write_text(f"{BEGIN}{''.join(sequences)}\x1b[{LINES};1H\x1b[m\x1b[K{SHOWN}")
    assert files["ours"].stat().st_size < files["stock"].stat().st_size / 4
    return files


def in_tmux(file: Path) -> list[list[tuple[object, ...]]]:
    """What can be seen of each cell on the terminal that tmux draws on."""
    settings = file.with_suffix(".conf")
    settings.write_text('set -g status off\nset -g default-terminal "tmux-256color"\nset -as terminal-overrides ",*:Tc"\n')
    tmux = ["tmux", "-L", f"agentdesk-{os.getpid()}-{file.name}", "-f", str(settings)]
    outer = Terminal(
        [*tmux, "new-session", f"stty -echo -opost; cat {file}; exec sleep 600"], columns=COLUMNS, lines=LINES,
        environment=os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"},
    )  # fmt: skip
    try:
        fill(outer.screen)
        outer.sees(SHOWN)
        return [seen(outer.screen, y) for y in range(LINES)]
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
        outer.close()


def test_tmux_shows_the_same(sessions: dict[str, Path]) -> None:
    needs("tmux")
    assert in_tmux(sessions["ours"]) == in_tmux(sessions["stock"])


@pytest.fixture
def display() -> Iterator[str]:
    needs("Xvfb", "xterm", "xwd")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"], pass_fds=(write,), stderr=subprocess.DEVNULL
    )
    os.close(write)
    try:
        with os.fdopen(read) as chosen:
            yield f":{chosen.readline().strip()}"
    finally:
        server.terminate()
        server.wait(30)


def in_xterm(file: Path, display: str) -> bytes:
    environment = os.environ | {"DISPLAY": display, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = file.with_suffix(".done")
    font = "-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso10646-1"
    # The terminal answers where the cursor is only after it has drawn everything before the question
    script = f'stty raw -echo; cat {file}; printf "\\033[6n"; dd bs=1 count=4 of=/dev/null 2>/dev/null; touch {done}; exec sleep 600'
    window = ["xterm", "-u8", "-geometry", f"{COLUMNS}x{LINES}+0+0", "-fn", font, "+sb", "-b", "0", "-bw", "0"]
    with subprocess.Popen([*window, "-e", "sh", "-c", script], env=environment, stderr=subprocess.DEVNULL) as terminal:
        try:
            until(done.exists)
            before = b""
            while True:  # what was drawn may still be on its way to the screen
                picture = subprocess.run(["xwd", "-root", "-silent"], env=environment, check=True, capture_output=True).stdout
                if picture == before:
                    return picture
                before = picture
                time.sleep(0.3)
        finally:
            terminal.kill()


def test_xterm_shows_the_same(sessions: dict[str, Path], display: str) -> None:
    stock = in_xterm(sessions["stock"], display)
    ours = in_xterm(sessions["ours"], display)
    assert len(set(ours)) > 8, "something is drawn"
    assert ours == stock
