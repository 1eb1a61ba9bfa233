"""Driving the screen in tests: an open desk, what stands on it as text, waiting for a condition."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fake_desk import NOW, FakeDesk

from agentdesk.locale import use
from agentdesk.tui.app import DeskApp


class Opened:
    """An open desk in a test."""

    def __init__(self, app: DeskApp, desk: Any, pilot: Any) -> None:
        self.app, self.desk, self.pilot = app, desk, pilot
        self.screen = app.desk_screen

    async def press(self, *keys: str) -> None:
        """Keys; a text in quotes is typed letter by letter."""
        for key in keys:
            await self.pilot.press(*(key[1:-1] if len(key) > 2 and key[0] == key[-1] == "'" else [key]))
        await self.pilot.pause()

    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())

    async def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"never came true; the screen:\n{self.text()}"
            await asyncio.sleep(0.01)
            await self.pilot.pause()


class FakeEngine:
    def __init__(self) -> None:
        self.wakes = 0
        self.secrets: list[tuple[str, str]] = []
        self.alive = True

    def start(self) -> None: ...

    def wake(self) -> None:
        self.wakes += 1

    def watch(self) -> bool:
        return self.alive

    def secret(self, channel: str, value: str) -> None:
        self.secrets.append((channel, value))

    def stop(self, mode: str) -> None: ...


@asynccontextmanager
async def opened(desk: Any = None, *, size: tuple[int, int] = (140, 36), locale: str = "en", **options: Any) -> AsyncIterator[Opened]:
    use(locale)
    desk = desk if desk is not None else FakeDesk()
    options.setdefault("palette", "dark")
    options.setdefault("clock", lambda: NOW)
    app = DeskApp(desk, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Opened(app, desk, pilot)
    use("en")
