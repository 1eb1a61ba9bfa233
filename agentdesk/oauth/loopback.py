"""The page on this machine that a browser comes back to (RFC 8252, 7.3).

Whoever else is on this machine, and any page in the browser, can call it: what does not carry our `state` is turned away and changes
nothing. The first answer that does counts; the page shows nothing of what it was called with.
"""

from __future__ import annotations

import contextlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from agentdesk.locale import say

_SILENCE = 5.0
"""Seconds a caller may take to say what it wants; others wait behind it."""
_LONGEST = 32 * 1024


def answer_in(address: str, state: str) -> str | None:
    """The query of a redirect, if it answers our question; None for anything else."""
    try:
        query = urlsplit(address).query
        given = parse_qs(query, max_num_fields=30)
    except ValueError:
        return None
    states = given.get("state", [])
    ours = len(states) == 1 and hmac.compare_digest(states[0].encode("utf-8", "surrogatepass"), state.encode())
    return query if ours and ("code" in given or "error" in given) else None


class Loopback:
    """Listens until closed. `query` is what came back, once `came` is set."""

    def __init__(self, state: str, host: str = "127.0.0.1") -> None:
        """Raises `OSError` where nothing can listen on this machine's own address."""
        self.came = threading.Event()
        self.query = ""
        self.strangers = 0
        """Calls that were turned away."""
        self._state = state
        self._server = _Server(("127.0.0.1", 0), _Page)
        self._server.loopback = self
        self.address = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="oauth-loopback", daemon=True)
        self._thread.start()

    def take(self, path: str) -> tuple[int, str]:
        """What a caller said; the status and the words for them."""
        query = answer_in(path, self._state) if path.startswith("/?") else None
        if query is None:
            self.strangers += 1
            return 400, say("oauth.page_stranger")
        if self.came.is_set():
            return 200, say("oauth.page_again")
        self.query = query
        self.came.set()
        return 200, say("oauth.page_done")

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(_SILENCE * 2)
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(HTTPServer):
    loopback: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that breaks off is nobody's news, least of all on a terminal in use."""


class _Page(BaseHTTPRequestHandler):
    timeout = _SILENCE
    server: _Server

    def do_GET(self) -> None:
        status, words = (400, say("oauth.page_stranger"))
        if len(self.path) <= _LONGEST and self._is_for_us():
            status, words = self.server.loopback.take(self.path)
        body = f'<!doctype html><meta charset="utf-8"><title>AgentDesk</title><p>{words}</p>'.encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", "default-src 'none'")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

    def _is_for_us(self) -> bool:
        """Not by a name that somebody made point here (DNS rebinding)."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        return host in {"127.0.0.1", "localhost"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """The address of a call holds the code; it is written nowhere."""
