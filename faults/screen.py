"""The screen while the engine hangs: on a line that fell silent, or stopped altogether. Keys are answered as ever."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from textual import events

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.tui.app import DeskApp
from faults import desk as desks
from faults.figures import Figure
from faults.letters import letter
from faults.links import Link, Stalled
from faults.posts import ScriptedPost
from faults.sink import Sink
from faults.victim import STATE, Victims

CONVERSATIONS = 40
PATIENCE = 60.0


def keys(presses: int, *, within: float = 0.1) -> Figure:
    """Move through the queue, half of the time with the engine waiting for a silent server, half with it stopped.

    Args:
        within: seconds a key may take at most.
    """
    figure = Figure("keys while the engine hangs")
    post = ScriptedPost()
    with closing(post), Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made, Victims() as victims:
        for number in range(CONVERSATIONS):
            post.put(letter(number))
        folder = desks.make(Path(made) / "desk", post, sink)
        if victims.run({"run": "engine", "desk": str(folder)}) != [0]:
            figure.failures.append("the first sync failed: " + (folder / "victim.log").read_text())
            return figure.done()
        # From now on every connection falls silent in the middle of what it says first
        post.server.links = partial(Stalled, down=700)
        post.put(letter(CONVERSATIONS))
        took = asyncio.run(_run(folder, post, presses))
    figure.rounds = len(took)
    if took:
        ordered = sorted(took)
        figure.notes["median, ms"] = f"{statistics.median(ordered) * 1000:.1f}"
        figure.notes["99 of 100 within, ms"] = f"{ordered[int(len(ordered) * 0.99) - 1] * 1000:.1f}"
        figure.expect(ordered[-1] <= within, f"a key took {ordered[-1] * 1000:.0f} ms")
        figure.notes["longest, ms"] = f"{ordered[-1] * 1000:.1f}"
    return figure.done()


async def _run(folder: Path, post: ScriptedPost, presses: int) -> list[float]:
    config = load(folder, folder / STATE)
    engine = EngineProcess(config, {"support": "secret"})
    took: list[float] = []
    with Desk.open(config) as desk:
        app = DeskApp(desk, engine)
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause()
            await _until(lambda: len(app.desk_screen.queue.ids) >= CONVERSATIONS, "the list is shown")
            await _until(lambda: _hangs(post.server.last), "the engine waits for a silent server")
            for half in range(2):
                if half:
                    os.kill(_pid(folder), signal.SIGSTOP)
                try:
                    for number in range(presses // 2):
                        key = "j" if number % 30 < 15 else "k"
                        took.append(await _press(app, key))
                        await pilot.pause()
                finally:
                    if half:
                        os.kill(_pid(folder), signal.SIGCONT)
    engine.stop("now")
    return took


async def _press(app: DeskApp, key: str) -> float:
    """Seconds until the queue's cursor has moved and is about to be drawn."""
    before = app.desk_screen.queue.cursor
    began = time.perf_counter()
    app.post_message(events.Key(key, key))
    await _until(lambda: app.desk_screen.queue.cursor != before, f"{key} is answered", pause=0.0)
    return time.perf_counter() - began


def _hangs(link: Link | None) -> bool:
    return isinstance(link, Stalled) and link.stalled.is_set()


def _pid(folder: Path) -> int:
    return int((folder / STATE / "engine.lock").read_text())


async def _until(condition: Callable[[], bool], words: str, pause: float = 0.02) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"it never came about that {words}")
        await asyncio.sleep(pause)
