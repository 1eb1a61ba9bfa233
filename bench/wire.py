"""A line between the desk and its server that counts what crosses it: payload bytes each way, and round trips.

Measured here and not by the desk, so that its own counting is checked, too. A round trip is a burst of ours after the server said
something.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crossed:
    down: int = 0
    up: int = 0
    trips: int = 0

    def since(self, earlier: Crossed) -> Crossed:
        return Crossed(self.down - earlier.down, self.up - earlier.up, self.trips - earlier.trips)


class Line:
    """Listens on a loopback port and carries every connection to `target` and back."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._down = self._up = self._trips = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def crossed(self) -> Crossed:
        return Crossed(self._down, self._up, self._trips)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready, self._listener:
            ready.register(self._listener, selectors.EVENT_READ)
            other: dict[socket.socket, socket.socket] = {}
            ours: set[socket.socket] = set()
            spoke: dict[socket.socket, bool] = {}
            while not self._closing.is_set():
                for key, _ in ready.select(0.1):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    if source is self._listener:
                        desk, _address = source.accept()
                        server = socket.create_connection(("127.0.0.1", self._target))
                        other[desk], other[server] = server, desk
                        ours.add(desk)
                        for one in (desk, server):
                            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                            ready.register(one, selectors.EVENT_READ)
                        continue
                    if source not in other:  # closed a moment ago, by its other half
                        continue
                    data = b""
                    with contextlib.suppress(OSError):
                        data = source.recv(1 << 18)
                    if data:
                        self._count(source in ours, source if source in ours else other[source], len(data), spoke)
                        with contextlib.suppress(OSError):
                            other[source].sendall(data)
                        continue
                    for one in (source, other[source]):
                        ready.unregister(one)
                        other.pop(one)
                        one.close()

    def _count(self, up: bool, desk: socket.socket, size: int, spoke: dict[socket.socket, bool]) -> None:
        if up:
            self._up += size
            if spoke.get(desk, True):
                self._trips += 1
            spoke[desk] = False
        else:
            self._down += size
            spoke[desk] = True
