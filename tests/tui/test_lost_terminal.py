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
from fake_desk import FakeDesk, config
from screens import opened

from agentdesk.desk import Desk
from agentdesk.tui.app import DeskApp
from agentdesk.tui.screens.drafts import SAVE

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


async def test_a_defect_keeps_what_was_typed_and_shows_no_customer(tmp_path):
    fake = FakeDesk(settings=config(tmp_path))
    fake.config.state.mkdir(mode=0o700)

    async def session() -> None:
        async with opened(fake) as desk:
            await desk.press("r", "'Gentile Maria'")
            apps.append(desk.app)
            desk.app.call_later(lambda: 1 / 0)
            await desk.pilot.pause(0.5)

    apps: list[DeskApp] = []
    with pytest.raises(ZeroDivisionError):
        await session()
    assert [draft.text for draft in fake.writing.drafts()] == ["Gentile Maria"]
    (app,) = apps
    said = "".join(map(str, app._exit_renderables))
    written = (tmp_path / "state" / "defect.txt").read_text("utf-8")
    assert "ZeroDivisionError" in written
    assert "Maria" not in written + said
    assert (tmp_path / "state" / "defect.txt").stat().st_mode & 0o777 == 0o600
    assert app.return_code == 1
