"""Running embedded shops for tests."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import demo_sample

from agentdesk.demo import launch, server, shop
from agentdesk.demo.launch import Demo
from agentdesk.demo.season_types import Season

T = TypeVar("T")


def until(ask: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return answer


def fill(folder: Path, season: Season | None = None) -> None:
    folder.mkdir(exist_ok=True)
    server.fill_journal(folder / "journal.db", season or demo_sample.season(), seed=1).close()


def started(folder: Path) -> Demo:
    demo = launch.prepare(folder)
    demo.wait_ready(30)
    return demo


@contextmanager
def imap(demo: Demo) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", demo.access.imap, timeout=10)
    try:
        client.login(shop.USER, demo.access.password)
        yield client
    finally:
        try:
            client.logout()
        except (OSError, imaplib.IMAP4.error):
            client.shutdown()


def gone(demo: Demo, pid: int) -> bool:
    """Whether the child has ended (it may be a zombie until it is waited for)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def is_clean(folder: Path) -> None:
    """Nothing was complained about."""
    errors = (folder / "server.err").read_text("utf-8")
    assert errors == ""
    log = (folder / "server.log").read_text("utf-8")
    assert "Traceback" not in log, log
    assert "Warning" not in log, log
