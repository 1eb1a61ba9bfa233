"""Servers on loopback for packs: a file with its ETag, and git over HTTP as a hosting service speaks it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PACK = """\
[pack]
name = "{pack}"
languages = ["en"]
[[snippet]]
name = "hello"
title = "Hello"
[snippet.text]
en = "{text}"
"""


def pack(text: str, name: str = "shop") -> str:
    return PACK.format(text=text, pack=name)


class Site:
    """What one path gives, and what was asked of it."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.location = ""
        self.asked: list[str] = []
        """The If-None-Match of every request."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/packs/shop.toml"

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:8]}"'


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def web() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("If-None-Match", "")
            site.asked.append(wanted)
            status = 304 if site.status == 200 and wanted == site.etag else site.status
            self.send_response(status)
            body = site.body if status == 200 else b""
            if site.location and status in (301, 302):
                self.send_header("Location", site.location)
            if status == 200:
                self.send_header("ETag", site.etag)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with _served(Handler) as port:
        site.port = port
        yield site


@contextmanager
def git_over_http(root: Path) -> Iterator[int]:
    """Every repository in `root`; read only."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            environment = os.environ | {
                "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }  # fmt: skip
            done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=False, timeout=60)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            lines = [line.partition(": ") for line in head.decode().split("\r\n")]
            fields = {name: value for name, _, value in lines}
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with _served(Handler) as port:
        yield port


class Repository:
    """A repository to fetch from, with nobody's configuration."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        who = {"GIT_AUTHOR_NAME": "Luca", "GIT_AUTHOR_EMAIL": "luca@casaverde.example", "GIT_COMMITTER_NAME": "Luca",
               "GIT_COMMITTER_EMAIL": "luca@casaverde.example", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=os.environ | who, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "packs")
        return self.git("rev-parse", "HEAD")
