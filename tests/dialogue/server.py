"""A server that follows a script: what the client must say, and what is said to it. Over a real socket, with TLS if wanted.

    with serve(say("* OK hello"), hear("{tag} NOOP"), say("{tag} OK done")) as server:
        ...

A line expected is a regular expression for the whole line; `{tag}` in it catches the command's tag, and stands for it in what
is said. When the block ends the script must have been played to its end, or that is the test's failure.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[["Conversation"], None]

PATIENCE = 10.0


class Unexpected(AssertionError):
    pass


class Conversation:
    """One connection of a client, as its script drives it."""

    def __init__(self, sock: socket.socket, gone: threading.Event) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.gone = gone
        self.tag = ""
        self.lines: list[str] = []
        self.raw = b""
        self._rest = b""
        self._inflater: zlib._Decompress | None = None
        self._deflater: zlib._Compress | None = None

    def send(self, data: bytes) -> None:
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise Unexpected(f"the client closed; so far it said {self.lines}")
        self.raw += data
        self._rest += self._inflater.decompress(data) if self._inflater else data

    def line(self) -> str:
        while b"\r\n" not in self._rest:
            self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        self.lines.append(line.decode("utf-8", "surrogateescape"))
        return self.lines[-1]

    def take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def pending(self) -> bytes:
        return self._rest

    def deflate(self) -> None:
        self._deflater = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -15)
        self._inflater = zlib.decompressobj(-15)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(PATIENCE)


def say(*lines: str | bytes, end: bytes = b"\r\n") -> Step:
    """Lines, all in one write."""

    def step(talk: Conversation) -> None:
        data = b"".join((one if isinstance(one, bytes) else one.replace("{tag}", talk.tag).encode()) + end for one in lines)
        talk.send(data)

    return step


def say_raw(data: bytes) -> Step:
    return lambda talk: talk.send(data.replace(b"{tag}", talk.tag.encode()))


def hear(pattern: str) -> Step:
    def step(talk: Conversation) -> None:
        line = talk.line()
        found = re.fullmatch(pattern.replace("{tag}", r"(?P<tag>[A-Z]+[0-9]+)"), line, re.DOTALL)
        if found is None:
            raise Unexpected(f"expected {pattern!r}, got {line!r}")
        if "tag" in found.groupdict():
            talk.tag = found["tag"]

    return step


def hear_bytes(expected: bytes) -> Step:
    def step(talk: Conversation) -> None:
        found = talk.take(len(expected))
        if found != expected:
            raise Unexpected(f"expected {expected!r}, got {found!r}")

    return step


def answer(pattern: str, *lines: str | bytes) -> Step:
    """Hear a command, say these lines and that it is OK."""
    return both(hear(pattern), say(*lines, "{tag} OK done"))


def both(*steps: Step) -> Step:
    def step(talk: Conversation) -> None:
        for one in steps:
            one(talk)

    return step


def start_tls(context: ssl.SSLContext) -> Step:
    return lambda talk: talk.start_tls(context)


def deflate(talk: Conversation) -> None:
    talk.deflate()


def close(talk: Conversation) -> None:
    talk.sock.close()


def reset(talk: Conversation) -> None:
    """RST instead of FIN."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.sock.close()


def until_gone(talk: Conversation) -> None:
    """Say and read nothing until the test is over: a half-open line."""
    talk.gone.wait(PATIENCE)


def drip(data: bytes, every: float = 0.02) -> Step:
    """The same bytes again and again, slowly, until the client is gone."""

    def step(talk: Conversation) -> None:
        try:
            while not talk.gone.wait(every):
                talk.send(data)
        except OSError:
            return

    return step


def until_closed(talk: Conversation) -> None:
    """Whatever the client still says, until it closes."""
    try:
        while True:
            talk.line()
    except (Unexpected, OSError):
        return


def goodbye(talk: Conversation) -> None:
    """LOGOUT, or QUIT."""
    line = talk.line()
    tag, _, verb = line.rpartition(" ")
    if verb.upper() == "LOGOUT":
        talk.send(b"* BYE see you\r\n" + tag.encode() + b" OK done\r\n")
    elif line.upper() == "QUIT":
        talk.send(b"221 bye\r\n")
    else:
        raise Unexpected(f"expected the end, got {line!r}")


class Server:
    """Plays one script for each connection, in turn."""

    def __init__(self, scripts: list[list[Step]], tls: ssl.SSLContext | None) -> None:
        self.talks: list[Conversation] = []
        self.failures: list[BaseException] = []
        self.gone = threading.Event()
        self._scripts, self._tls = scripts, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for script in self._scripts:
            try:
                sock, _ = self._listener.accept()
            except OSError as error:
                if not self.gone.is_set():
                    self.failures.append(error)
                return
            talk = Conversation(sock, self.gone)
            self.talks.append(talk)
            try:
                if self._tls is not None:
                    talk.start_tls(self._tls)
                for step in script:
                    step(talk)
            except (OSError, AssertionError) as error:
                self.failures.append(error)
            finally:
                talk.sock.close()

    def lines(self, connection: int = 0) -> list[str]:
        return self.talks[connection].lines

    def stop(self) -> None:
        self.gone.set()
        self._thread.join(PATIENCE + 2)
        self._listener.close()
        assert not self._thread.is_alive()


@contextmanager
def serve(*script: Step, then: tuple[Step, ...] = (), tls: ssl.SSLContext | None = None, strict: bool = True) -> Iterator[Server]:
    """A server for one connection, and one more if `then` is given."""
    server = Server([list(script), list(then)] if then else [list(script)], tls)
    try:
        yield server
    finally:
        server.stop()
    if strict and server.failures:
        raise server.failures[0]
