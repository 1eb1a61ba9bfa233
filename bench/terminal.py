"""A terminal for programs to be measured on: a pty, the answers a terminal gives, and the time each byte came.

While the program runs its output is only kept; what the screen looked like, and since when, is found out afterwards. So the measuring
takes no processor time from the program, nor makes it wait for a reader.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from bench.processes import children, cpu_seconds

COLUMNS, ROWS = 120, 40
_ANSWERS: tuple[tuple[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]], ...] = (
    (re.compile(rb"\x1b\[\?(\d+)\$p"), lambda match: b"\x1b[?%s;%d$y" % (match[1], 2 if match[1] == b"2026" else 0)),
    (re.compile(rb"\x1b\[0?c"), lambda _: b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[>0?c"), lambda _: b"\x1b[>1;10;0c"),
    (re.compile(rb"\x1b\[6n"), lambda _: b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[\?u"), lambda _: b"\x1b[?0u"),
    (re.compile(rb"\x1b\](1[01]);\?(?:\x07|\x1b\\)"), lambda match: b"\x1b]%s;rgb:0000/0000/0000\x1b\\" % match[1]),
)
# What pyte would take for text: private modes of newer terminals
_NOT_FOR_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]")


class Terminal:
    """A program on a terminal of 120 by 40, or another size."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (COLUMNS, ROWS)) -> None:
        self._columns, self._rows = size
        self.chunks: list[tuple[float, float, bytes]] = []
        """When it came, the processor time the program had used by then, and the bytes."""
        self._tail = b""
        kept = {name: value for name, value in environment.items() if name not in ("COLORTERM", "COLORFGBG", "LC_ALL", "NO_COLOR")}
        self.began = time.perf_counter()
        self.pid, self.pty = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", self._rows, self._columns, 0, 0))
            os.execvpe(command[0], list(command), kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8"})
        fcntl.ioctl(self.pty, termios.TIOCSWINSZ, struct.pack("HHHH", self._rows, self._columns, 0, 0))

    def read(self, quiet: float, most: float = 20.0) -> int:
        """Until nothing has come for `quiet` seconds; how many bytes came."""
        count, end = 0, time.perf_counter() + most
        while time.perf_counter() < end:
            if not select.select([self.pty], [], [], quiet)[0]:
                break
            try:
                data = os.read(self.pty, 1 << 16)
            except OSError:
                break
            if not data:
                break
            self.chunks.append((time.perf_counter(), cpu_seconds(self.pid), data))
            count += len(data)
            self._answer(data)
        return count

    def _answer(self, data: bytes) -> None:
        seen = self._tail + data
        for question, answer in _ANSWERS:
            for match in question.finditer(seen):
                if match.end() > len(self._tail):
                    os.write(self.pty, answer(match))
        self._tail = seen[-24:] if b"\x1b" in seen[-24:] else b""

    def press(self, keys: str, quiet: float, most: float = 20.0) -> int:
        """Bytes that come back."""
        os.write(self.pty, keys.encode())
        return self.read(quiet, most)

    def await_start(self, quiet: float) -> int:
        """The first output, however long it takes, and what follows it."""
        select.select([self.pty], [], [], 60)
        return self.read(quiet)

    def shown(self, text: str) -> tuple[float, float]:
        """Seconds from the program's start until `text` stood on the screen, and the processor time it had used by then.

        Raises:
            LookupError: it never did; the message shows the last screen.
        """
        screen = pyte.Screen(self._columns, self._rows)
        stream = pyte.ByteStream(screen)
        for at, used, data in self.chunks:
            stream.feed(_NOT_FOR_PYTE.sub(b"", data))
            if text in "\n".join(screen.display):
                return at - self.began, used
        raise LookupError(f"{text!r} never came; the last screen:\n" + "\n".join(line.rstrip() for line in screen.display))

    def close(self) -> None:
        """Hang up, and wait for the program and what it started."""
        started = []
        with contextlib.suppress(OSError):
            started = children(self.pid)
        for number in (signal.SIGHUP, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                self.read(0.02, 0.02)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.pty)
                    _await_end(started)
                    return
        os.close(self.pty)


def _await_end(pids: Sequence[int]) -> None:
    end = time.monotonic() + 10
    for pid in pids:
        while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
            time.sleep(0.02)
