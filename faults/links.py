"""A server's end of a TCP connection, as it should be or with a fault in it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import NoReturn

FAR = 1 << 40


class Over(Exception):  # noqa: N818 - it names a state
    """The connection is at its end."""


class Link:
    """A line without faults. Counts what went each way."""

    patience = 30.0

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self.sock, self.closing = sock, closing
        self.sent = self.received = 0
        sock.settimeout(self.patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Over from error
        self.sent += len(data)

    def receive(self, most: int = 65536) -> bytes:
        try:
            data = self.sock.recv(most)
        except OSError as error:
            raise Over from error
        if not data:
            raise Over
        self.received += len(data)
        return data

    def waiting(self) -> bool:
        """Whether the client has said something, or gone."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) is not None
        except BlockingIOError:
            return False
        except OSError as error:
            raise Over from error
        finally:
            self.sock.settimeout(self.patience)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Cut(Link):
    """Ends after so many bytes in one of the directions; by RST where `hard`."""

    def __init__(self, sock: socket.socket, closing: threading.Event, *, down: int = FAR, up: int = FAR, hard: bool = False) -> None:
        super().__init__(sock, closing)
        self._down, self._up, self._hard = down, up, hard

    def send(self, data: bytes) -> None:
        room = self._down - self.sent
        super().send(data[:room])
        if len(data) >= room:
            self._end()

    def receive(self, most: int = 65536) -> bytes:
        room = self._up - self.received
        if room <= 0:
            self._end()
        return super().receive(min(most, room))

    def _end(self) -> NoReturn:
        if self._hard:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        raise Over


class Stalled(Link):
    """Falls silent after so many bytes and keeps the connection: a half-open line."""

    def __init__(self, sock: socket.socket, closing: threading.Event, *, down: int) -> None:
        super().__init__(sock, closing)
        self._down = down
        self.stalled = threading.Event()

    def send(self, data: bytes) -> None:
        room = self._down - self.sent
        super().send(data[:room])
        if len(data) >= room:
            self.stalled.set()
            end = time.monotonic() + self.patience
            while not self.closing.is_set() and time.monotonic() < end and not self._client_gone():
                self.closing.wait(0.05)
            raise Over

    def _client_gone(self) -> bool:
        """What it still says is swallowed, as by a network that is down."""
        self.sock.setblocking(False)
        try:
            return not self.sock.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Dripping(Link):
    """From so many bytes on, one byte at a time with a pause: each wait of a client hears something, and nothing is ever whole."""

    def __init__(self, sock: socket.socket, closing: threading.Event, *, down: int, pause: float) -> None:
        super().__init__(sock, closing)
        self._down, self._pause = down, pause

    def send(self, data: bytes) -> None:
        room = max(0, self._down - self.sent)
        super().send(data[:room])
        for at in range(room, len(data)):
            if self.closing.wait(self._pause):
                raise Over
            super().send(data[at : at + 1])
