"""A thin line: what crosses it is counted, and takes as long as it would on 64 kbit/s with 300 ms.

A first-in-first-out link each way, shared by all connections: a piece waits until the link is free, then travels half a round trip. A
piece is what fits a packet, with 40 bytes of IP and TCP header in its time but not in the counts, which are payload. Without a
rate and a delay it only counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

from bench.wire import Crossed

PACKET = 1448
HEADER = 40
QUEUED = 1 << 16
"""Bytes on their way a connection and direction, after which the sender waits."""


class _Link:
    def __init__(self, rate: int) -> None:
        self._rate, self._free = rate, 0.0

    def due(self, size: int, now: float) -> float:
        """When a piece that is handed over now has left."""
        if not self._rate:
            return now
        self._free = max(self._free, now) + (size + HEADER) * 8 / self._rate
        return self._free


class ShapedLine:
    """Listens on a loopback port and carries every connection to `target` and back. `rate` in bit/s each way, `delay` seconds a round trip."""

    def __init__(self, target: int, *, rate: int = 0, delay: float = 0.0) -> None:
        self._target, self._rate, self._delay = target, rate, delay
        self._down = self._up = self._trips = 0
        self.moved_at = 0.0
        """When the last byte crossed (`time.perf_counter`)."""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def crossed(self) -> Crossed:
        return Crossed(self._down, self._up, self._trips)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self) -> None:
        self._upwards, self._downwards = _Link(self._rate), _Link(self._rate)
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._delay)  # the handshake
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far, to_far = await asyncio.open_connection("127.0.0.1", self._target)
            spoke = [True]
            for writer in (to_near, to_far):
                writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.gather(
                self._pump(near, to_far, self._upwards, spoke, up=True), self._pump(far, to_near, self._downwards, spoke, up=False)
            )
            to_far.close()
        to_near.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, link: _Link, spoke: list[bool], *, up: bool) -> None:
        """`spoke`: whether the server said something since we did, shared by the two directions of a connection."""
        queued: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        room = asyncio.Semaphore(max(1, QUEUED // PACKET))

        async def deliver() -> None:
            while True:
                due, piece = await queued.get()
                if not piece:
                    with contextlib.suppress(OSError):
                        sink.write_eof()
                    return
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                self.moved_at = time.perf_counter()
                if not up:
                    self._down += len(piece)
                    spoke[0] = True
                with contextlib.suppress(OSError):
                    sink.write(piece)
                    await sink.drain()
                room.release()

        delivering = asyncio.ensure_future(deliver())
        while True:
            piece = b""
            with contextlib.suppress(OSError):
                piece = await source.read(PACKET if self._rate else QUEUED)
            now = time.perf_counter()
            if piece and up:
                self._up += len(piece)
                self._trips += spoke[0]
                spoke[0] = False
                self.moved_at = now
            await room.acquire()
            queued.put_nowait((link.due(len(piece), now) + self._delay / 2, piece))
            if not piece:
                break
        await delivering
