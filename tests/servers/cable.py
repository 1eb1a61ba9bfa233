"""A line that can be cut, joined again, and counted: TCP passed on to a server on this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Cable:
    """While it is cut nobody gets through, and who was talking is cut off; `delay` seconds pass before each answer."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cut = False
        self.delay = 0.0
        self.up = self.down = 0
        """Bytes that went to the server, and came from it."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        with self._lock:
            self._cut = True
            ends, self._ends = self._ends, []
        for end in ends:
            _end(end)

    def mend(self) -> None:
        self._cut = False

    def stop(self) -> None:
        _end(self._listener)
        self._thread.join(30)
        self.cut()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._cut:
                _end(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                _end(client)
                continue
            with self._lock:
                self._ends += [client, server]
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if up:
                    self.up += len(data)
                else:
                    self.down += len(data)
                    if self.delay:
                        time.sleep(self.delay)  # the line itself is slow; nothing waits for it
                other.sendall(data)
        _end(one)
        _end(other)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
