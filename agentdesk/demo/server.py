"""The embedded shop's servers: one process, one loop, IMAP, SMTP and HTTP on 127.0.0.1.

    python -m agentdesk.demo.server --dir DIR [--seed N] [--reset]

Prints one JSON line with ports and secrets when everything answers, logs to DIR/server.log, and lives as long as somebody holds
its standard input open. When that ends while a mail client is still connected (an engine that sends what was held when
its desk was closed) it prints {"draining": true}, stays until nobody has been connected for a moment, and ends then.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import io
import logging
import logging.handlers
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn

from agentdesk.demo import access as access_
from agentdesk.demo import shop
from agentdesk.demo.access import Access, Listeners
from agentdesk.demo.chat import Chats
from agentdesk.demo.chat_api import ChatApi
from agentdesk.demo.customer_page import CustomerPage, application
from agentdesk.demo.journal import Journal
from agentdesk.demo.mailbox import Mailbox
from agentdesk.demo.season_types import Season
from agentdesk.demo.smtp import Submission
from agentdesk.demo.world import World

_log = logging.getLogger("agentdesk.demo")

SEED = 1
QUIET_SECONDS = 1.0
"""How long nobody must have been connected before a server without a desk ends: time enough for a reconnect."""
LOCK_SECONDS = 10.0


class _HttpServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own handlers."""
        yield


class Servers:
    """Everything that listens, over one journal."""

    def __init__(self, journal: Journal, access: Access, listeners: Listeners) -> None:
        self.mailbox = Mailbox(journal, shop.USER, access.password)
        self.world = World(journal, self.mailbox)
        self.chats = Chats(journal, self.world.reached)
        self.world.chats = self.chats
        self._listeners = listeners
        self._submission = Submission(self.world, shop.USER, access.password)
        page = CustomerPage(journal, self.chats, self.world)
        app = application([*ChatApi(self.chats, access.token, access.page).routes(), *page.routes()])
        self._http = _HttpServer(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=1,
            )
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.mailbox.start(self._listeners.imap)
        await self._submission.start(self._listeners.smtp)
        self._tasks = [
            asyncio.create_task(self._http.serve(sockets=[self._listeners.http])),
            asyncio.create_task(self.world.run()),
        ]
        while not self._http.started:
            if self._tasks[0].done():
                await self._tasks[0]
                raise RuntimeError("the HTTP server did not start")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._tasks[1].cancel()
        self._http.should_exit = True
        await self._submission.stop()
        await self.mailbox.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listeners.close()


def open_journal(folder: Path, *, seed: int, reset: bool) -> Journal:
    """The kept journal, or at first (and after `reset`) a new one with a season that ends now."""
    path = folder / "journal.db"
    validity = int(time.time())
    if path.exists():
        old = Journal(path)
        if not reset:
            return old
        validity = max(validity, 1 + max(f.uid_validity for f in old.folders()))
        old.close()
    from agentdesk.demo.season import generate  # noqa: PLC0415 - only the first start needs the generator

    return fill_journal(path, generate(seed, datetime.now(ZoneInfo(shop.TIMEZONE))), seed=seed, uid_validity=validity)


def fill_journal(path: Path, season: Season, *, seed: int, uid_validity: int | None = None) -> Journal:
    """A new journal with the whole season in it; orders.csv is written beside it."""
    (path.parent / "orders.csv").unlink(missing_ok=True)
    journal = Journal.create(
        path, season, seed=seed, uid_validity=uid_validity, more=lambda draft: Chats(draft).fill(season)
    )
    write_orders(journal, path.parent / "orders.csv")
    return journal


def write_orders(journal: Journal, path: Path) -> None:
    """The shop's orders as the desk reads them (`docs/configuration.md`, order files)."""
    rows = journal.orders()
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    access_.write_private(path, text.getvalue())


async def run(folder: Path, access: Access, listeners: Listeners, *, seed: int, reset: bool) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    ended, killed = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, killed.set)
    threading.Thread(target=_watch_stdin, args=(loop, ended), daemon=True).start()
    journal = open_journal(folder, seed=seed, reset=reset)
    if not (folder / "orders.csv").exists():
        write_orders(journal, folder / "orders.csv")
    servers = Servers(journal, access, listeners)
    await servers.start()
    state = folder / "server.json"
    access_.write_private(state, access.ready_line())
    _say(access.ready_line())
    _log.info("ready: IMAP %d, SMTP %d, HTTP %d", access.imap, access.smtp, access.http)
    try:
        await _first(ended.wait(), killed.wait())
        if servers.mailbox.clients and not killed.is_set():
            _say('{"draining": true}')
            _log.info("no desk any more, but somebody is connected")
            await _first(servers.mailbox.quiet_for(QUIET_SECONDS), killed.wait())
    finally:
        state.unlink(missing_ok=True)
        await servers.stop()
        journal.close()
        _log.info("ended")


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Until one of them is over."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _watch_stdin(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """A thread, because not everything that can be a standard input can be polled."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop may be gone by now
        loop.call_soon_threadsafe(ended.set)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        print(line, flush=True)  # noqa: T201 - the line the parent waits for


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="agentdesk.demo.server", description="The embedded shop's servers.")
    parser.add_argument("--dir", type=Path, required=True, help="the folder of journal, ports and log")
    parser.add_argument("--seed", type=int, default=SEED, help="which season a new journal is filled with")
    parser.add_argument("--reset", action="store_true", help="begin anew")
    parser.add_argument("--sockets", default="", help="descriptors of the listening sockets (IMAP,SMTP,HTTP)")
    given = parser.parse_args(argv)
    folder: Path = given.dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(folder / "server.log", maxBytes=1 << 20, backupCount=1)
    logging.basicConfig(handlers=[handler], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd: every command, and its own deprecations
    logging.captureWarnings(capture=True)
    held = access_.lock(folder, LOCK_SECONDS)
    if held is None:
        _log.error("another server works in %s", folder)
        return 1
    with held:
        if given.sockets:
            listeners, access = Listeners.inherited(given.sockets), access_.load(folder)
        else:
            access, listeners = access_.listen(folder)
        try:
            asyncio.run(run(folder, access, listeners, seed=given.seed, reset=given.reset))
        except Exception:  # noqa: BLE001 - the log is the only place where it can be read
            _log.exception("the servers ended badly")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
