"""What is typed survives: a desk in a pty whose line drops in the middle of a sentence."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import sys
import time
from datetime import UTC, datetime

import pytest
from desks import Mailbox, desk_config

from agentdesk.desk import Desk
from agentdesk.tui.screens.desk import SAVE

CODE = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from desks import desk_config
from agentdesk.tui.app import DeskApp
from agentdesk.desk import Desk
with Desk.open(desk_config(Path({folder!r}))) as desk:
    DeskApp(desk, palette="dark").run(mouse=False)
"""


def read_until(terminal: int, wanted: bytes, seconds: float = 30.0) -> bytes:
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen:
        assert time.monotonic() < end, f"{wanted!r} never came; the last was {seen[-400:]!r}"
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
    return seen


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
def test_a_dropped_line_keeps_what_was_typed(tmp_path):
    with Desk.open(desk_config(tmp_path)) as desk:
        Mailbox(desk).bring("a", "Dov'è il mio pacco?", at=datetime.now(UTC))
    code = CODE.format(path=[p for p in sys.path if p], folder=str(tmp_path))
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="30")
        os.execv(sys.executable, [sys.executable, "-c", code])
    try:
        read_until(terminal, b"pacco")
        os.write(terminal, b"r")
        read_until(terminal, b"reply to")
        os.write(terminal, b"Gentile Maria, il suo")
        # Until the screen has drawn it and is quiet, but for less than the pause after which a draft is saved anyway.
        while select.select([terminal], [], [], SAVE / 2)[0]:
            os.read(terminal, 65536)
        os.kill(child, signal.SIGHUP)
        end = time.monotonic() + 20
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            assert time.monotonic() < end, "it did not end"
            with contextlib.suppress(OSError):
                if select.select([terminal], [], [], 0.05)[0]:
                    os.read(terminal, 65536)
    finally:
        os.close(terminal)
    with Desk.open(desk_config(tmp_path)) as desk:
        (draft,) = desk.writing.drafts()
        assert draft.text == "Gentile Maria, il suo"
