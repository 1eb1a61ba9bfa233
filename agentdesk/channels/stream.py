"""A TCP connection, with TLS or without, in which every wait ends and every byte is counted.

The socket is non-blocking underneath. That gives each wait a deadline (a server that drips cannot hold us by sending one byte
a second), and lets one thread receive while another sends: OpenSSL allows one call at a time on a connection, and a lock held
across a blocking read would keep the writer out.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time

from agentdesk.channels.base import Usage
from agentdesk.channels.tls import Tls

_CHUNK = 65536


class Stream:
    """One connection. `receive` belongs to one thread and `send` to one; `shutdown` to any."""

    def __init__(self, sock: socket.socket, host: str, usage: Usage) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._host = host
        self._lock = threading.Lock()
        self._closed = False
        self._answered = True
        self._tls: Tls | None = None
        self.usage = usage
        self.heard_at = time.monotonic()
        """When the last byte came in."""

    @classmethod
    def connect(cls, host: str, port: int, *, deadline: float, usage: Usage) -> Stream:
        """The first address that answers before the deadline (a `time.monotonic()`).

        Raises:
            OSError: none does; `TimeoutError` when the time is over.
        """
        failure: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_left(deadline))
                sock.connect(address)
                _keep_alive(sock)
            except OSError as error:
                failure = error
                sock.close()
            else:
                return cls(sock, host, usage)
        raise failure or OSError(f"no address of {host}")

    def start_tls(self, tls: Tls, *, deadline: float) -> None:
        """Shake hands; the certificate must be valid and be this host's.

        Raises:
            ssl.SSLError: it is not, or the other side does not speak TLS.
            OSError: the line broke, or the time is over.
        """
        sock = tls.wrap(self._sock, self._host)
        self._sock, self._tls = sock, tls
        try:
            self._shake(sock, deadline)
        except BaseException:
            tls.forget()
            self._tls = None
            raise
        tls.shaken(sock)

    def _shake(self, sock: ssl.SSLSocket, deadline: float) -> None:
        while True:
            try:
                sock.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._await(select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                self._await(select.POLLOUT, deadline)

    def receive(self, deadline: float | None = None) -> bytes:
        """What has come in, at least one byte; empty when the other side has closed.

        Raises:
            OSError: the line broke; `TimeoutError` at the deadline.
        """
        while True:
            with self._lock:
                try:
                    data = self._sock.recv(_CHUNK)
                except (ssl.SSLWantReadError, BlockingIOError):
                    awaited = select.POLLIN
                except ssl.SSLWantWriteError:
                    awaited = select.POLLOUT
                except ValueError as error:  # the TLS layer went in `shutdown` while we were about to read
                    raise ConnectionAbortedError(str(error)) from error
                else:
                    self.heard_at = time.monotonic()
                    self.usage.came(len(data))
                    self._answered = True
                    return data
            self._await(awaited, deadline)

    def receive_now(self) -> bytes | None:
        """What is here already; empty when the other side has closed, None if there is nothing.

        Raises:
            OSError: the line broke.
        """
        with self._lock:
            try:
                data = self._sock.recv(_CHUNK)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return None  # asking the socket would not do: a TLS record may hold nothing for us
        self.usage.came(len(data))
        self._answered = True
        return data

    def local_name(self) -> str:
        """This end as an address literal (RFC 5321, 4.1.3): our name is nobody's business."""
        address = str(self._sock.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def send(self, data: bytes, deadline: float | None = None) -> None:
        """All of it.

        Raises:
            OSError: the line broke, and part of it may have gone; `TimeoutError` at the deadline, likewise.
        """
        if self._answered:
            self.usage.asked()
            self._answered = False
        rest = memoryview(data)
        while rest:
            with self._lock:
                try:
                    sent = self._sock.send(rest)
                except (ssl.SSLWantWriteError, BlockingIOError):
                    awaited = select.POLLOUT
                except ssl.SSLWantReadError:
                    awaited = select.POLLIN
                except ValueError as error:
                    raise ConnectionAbortedError(str(error)) from error
                else:
                    self.usage.went(sent)
                    rest = rest[sent:]
                    continue
            self._await(awaited, deadline)

    def _await(self, events: int, deadline: float | None) -> None:
        poll = select.poll()
        try:
            poll.register(self._sock, events)
        except ValueError as error:
            raise ConnectionAbortedError(str(error)) from error
        if not poll.poll(None if deadline is None else _left(deadline) * 1000):
            raise TimeoutError("the time is over")
        if self._closed:
            raise ConnectionAbortedError("closed here")

    def shutdown(self) -> None:
        """End it in both directions; wakes the threads that wait in it."""
        with self._lock:
            self._closed = True
            # Of the plain socket on purpose: `SSLSocket.shutdown` drops the TLS layer, and a reader would then take
            # what is still in flight for plain text.
            with contextlib.suppress(OSError):  # it had ended already
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self.shutdown()
        if self._tls is not None and isinstance(self._sock, ssl.SSLSocket):
            with self._lock:
                self._tls.remember(self._sock)
            self._tls = None
        self._sock.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left


def _keep_alive(sock: socket.socket) -> None:
    """Find out within minutes that the other side is gone, also while nothing is said (IDLE)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
