"""Open the embedded shop: a folder with desk.toml and orders.csv, and the servers as a child process.

`prepare` does not wait for the servers, except at the very first start, when they write the season. Their sockets listen
already, so whoever connects early waits a moment instead of failing.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

import platformdirs

from agentdesk import locale
from agentdesk.demo import access as access_
from agentdesk.demo import shop
from agentdesk.demo.access import Access
from agentdesk.errors import DeskError, Refused, UsageError
from agentdesk.locale import say

NEEDED = {"pymap": "pymap", "aiosmtpd": "aiosmtpd", "starlette": "starlette", "uvicorn": "uvicorn"}
FIRST_START_SECONDS = 90.0
CLOSE_SECONDS = 3.0


@dataclass(slots=True)
class Demo:
    """A running embedded shop."""

    folder: Path
    """The desk: pass it on as `--desk` would be."""
    access: Access
    process: subprocess.Popen[bytes] | None
    """None if the servers belong to another window."""
    lease: socket.socket | None = field(default=None, repr=False)
    """Keeps another window's servers alive for us."""
    ready: bool = False
    """Whether the servers were heard of."""

    @property
    def page(self) -> str:
        """The URL of the customer page."""
        return self.access.page

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def wait_ready(self, seconds: float = FIRST_START_SECONDS) -> None:
        """Until the servers answer.

        Raises:
            DeskError: they ended instead, or took too long.
        """
        if self.ready or self.process is None:
            return
        assert self.process.stdout is not None
        self.ready = "imap" in _line(self.process.stdout, seconds)
        if not self.ready:
            self.close()
            raise DeskError(say("demo.did_not_start", log=self.log))

    def close(self) -> None:
        """End the servers; they stay a moment longer if an engine is still sending, and end by themselves then."""
        if self.lease is not None:
            self.lease.close()
            self.lease = None
        process, self.process = self.process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        deadline = time.monotonic() + CLOSE_SECONDS
        while (line := _line(process.stdout, deadline - time.monotonic())) and "draining" not in line:
            pass
        process.stdout.close()
        if line:
            threading.Thread(target=process.wait, daemon=True).start()  # it ends alone; no zombie till then
        else:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def default_folder() -> Path:
    return Path(platformdirs.user_data_dir("agentdesk")) / "demo"


def prepare(folder: Path | None = None, *, reset: bool = False) -> Demo:
    """Start the servers (or join those of another window) and write the desk that belongs to them.

    Raises:
        UsageError: the demo's packages are not installed.
        Refused: the folder holds another desk, or `reset` while another window has the demo open.
        DeskError: the servers did not start.
    """
    folder = default_folder() if folder is None else folder.resolve()
    if (folder / "desk.toml").exists() and not access_.ports_file(folder).exists():
        raise Refused(say("demo.another_desk", folder=folder))  # somebody's own desk: nothing in it is touched
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UsageError(say("demo.extra", packages=", ".join(missing)))
    held = access_.lock(folder)
    if held is None:
        if reset:
            raise Refused(say("demo.running"))
        joined = _join(folder)
        if joined is not None:
            return joined
        held = access_.lock(folder, CLOSE_SECONDS)
        if held is None:
            raise Refused(say("demo.running"))
    try:
        first = not (folder / "journal.db").exists()
        if reset:
            shutil.rmtree(folder / "state", ignore_errors=True)
        access, listeners = access_.listen(folder)
    finally:
        held.close()  # the child takes the lock itself
    try:
        process = _spawn(folder, listeners.descriptors, reset=reset)
    finally:
        listeners.close()
    access_.write_private(folder / "desk.toml", desk_toml(access))
    demo = Demo(folder, access, process)
    if first or reset or not (folder / "orders.csv").exists():
        demo.wait_ready()
    return demo


def _spawn(folder: Path, descriptors: tuple[int, int, int], *, reset: bool) -> subprocess.Popen[bytes]:
    numbers = ",".join(str(number) for number in descriptors)
    command = [sys.executable, "-m", "agentdesk.demo.server", "--dir", str(folder), "--sockets", numbers]
    if reset:
        command.append("--reset")
    with open(folder / "server.err", "wb") as errors:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C in the terminal is for the desk
        )


def _join(folder: Path) -> Demo | None:
    """The servers of another window, kept alive by a connection of ours; None if they are just ending."""
    deadline = time.monotonic() + CLOSE_SECONDS
    while time.monotonic() < deadline:
        try:
            running = json.loads((folder / "server.json").read_text("utf-8"))
            lease = socket.create_connection((access_.HOST, int(running["imap"])), timeout=1.0)
        except (OSError, ValueError, KeyError):
            time.sleep(0.05)  # starting, or ending
            continue
        with contextlib.suppress(OSError):
            if lease.recv(4) == b"* OK":
                access = access_.load(folder)
                if not (folder / "desk.toml").exists():  # somebody started the servers alone
                    access_.write_private(folder / "desk.toml", desk_toml(access))
                return Demo(folder, access, None, lease, ready=True)
        lease.close()
    return None


def _line(stream: IO[bytes], seconds: float) -> str:
    """The next line a child prints; empty if it has ended or the time is over."""
    deadline = time.monotonic() + seconds
    line = bytearray()
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        byte = os.read(stream.fileno(), 1) if ready else b""
        if not byte:
            return ""
        line += byte
    return line.decode("utf-8", "replace")


def desk_toml(access: Access) -> str:
    """The demo's desk. It is written anew at each start; what you change belongs into desk.local.toml beside it."""
    language = _language()
    spoken = locale.words_of(language)
    tag = {"it": "it-IT", "en": "en-GB"}[language]
    signature = spoken["demo.signature"].format(name=shop.AGENT_NAME, shop=shop.NAME)
    q = _quoted
    return f"""\
# The demo's desk, written anew at each start of `agentdesk demo`. Changes of yours belong into desk.local.toml.
[desk]
name = {q(shop.NAME)}
locale = {q(tag)}
timezone = {q(shop.TIMEZONE)}
url = {q(shop.URL)}
link = "normal"

[agent]
name = {q(shop.AGENT_NAME)}
email = {q(shop.AGENT_EMAIL)}
signature = {q(signature)}

[[channels]]
name = "support"
kind = "imap"
address = {q(shop.SUPPORT)}
user = {q(shop.USER)}
imap = "imap://{access_.HOST}:{access.imap}"
smtp = "smtp://{access_.HOST}:{access.smtp}"
password = {q(access.password)}

[[channels]]
name = "chat"
kind = "chatwoot"
url = "http://{access_.HOST}:{access.http}"
account = {shop.ACCOUNT}
token = {q(access.token)}

[shop]
kind = "files"
orders = "orders.csv"

[snippets]
packs = ["starter"]

[promises]
imap = "24h"
chat = "5m"
chat_abandon = "15m"

[hours]
week = {{ mon-sat = "08:00-20:00", sun = "09:00-19:00" }}

[[views]]
name = {q(spoken["demo.view_vip"])}
query = "is:open tag:vip"
sort = "due"

[[views]]
name = {q(spoken["demo.view_files"])}
query = "is:open has:attachment"
sort = "newest"

[sending]
undo = {{ imap = "8s", chat = "0s" }}
aliases = [{", ".join(q(alias) for alias in shop.ALIASES)}]
"""


def _language() -> str:
    """The environment's language (POSIX: LC_ALL, then LC_MESSAGES, then LANG), if it is one of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            wanted = value.split("_")[0].split(".")[0].lower()
            return wanted if wanted in locale.LANGUAGES else "en"
    return "en"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
