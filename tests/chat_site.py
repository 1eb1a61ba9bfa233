"""The embedded shop's chat server on loopback, over a real line."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from agentdesk.demo.chat import Chats
from agentdesk.demo.chat_api import ChatApi
from agentdesk.demo.journal import Journal
from agentdesk.demo.season_types import Season

TOKEN = "demo-token"


@contextmanager
def chat_site(folder: Path, season: Season) -> Iterator[str]:
    """Its URL; the journal lies in `folder`."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    made: list[uvicorn.Server] = []

    def serve() -> None:
        journal = Journal.create(folder / "journal.db", season, seed=1, more=lambda draft: Chats(draft).fill(season))
        app = Starlette(routes=ChatApi(Chats(journal), TOKEN, address + "/").routes())
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        made.append(server)
        server.run(sockets=[listener])
        journal.close()

    thread = threading.Thread(target=serve)
    thread.start()
    deadline = time.monotonic() + 20
    while not (made and made[0].started) and thread.is_alive() and time.monotonic() < deadline:
        thread.join(0.01)
    assert made
    try:
        yield address
    finally:
        made[0].should_exit = True
        thread.join(20)
        listener.close()
