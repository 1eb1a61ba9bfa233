"""A terminal for tests: a program in a pty, its screen as pyte sees it, keys as a person types them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

KEYS = {
    "enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "backspace": "\x7f", "space": " ",
    "pgdn": "\x1b[6~", "pgup": "\x1b[5~",
}  # fmt: skip


NUMBER_OF_PTY = 0x80045430
"""TIOCGPTN of Linux, which the module `termios` does not name."""


def key(name: str) -> str:
    if name.startswith("ctrl+"):
        return chr(ord(name[5].upper()) & 31)
    return KEYS.get(name, name)


class Terminal:
    """Runs a command at a size, with `environment` as its whole environment. `close` kills it if it has not ended."""

    def __init__(self, command: Sequence[str], *, columns: int = 140, lines: int = 40, environment: Mapping[str, str] | None = None) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.status: int | None = None
        self.raw = bytearray()
        """Every byte the program wrote to the terminal."""
        own = dict(os.environ if environment is None else environment) | {"TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES"):  # they would be believed before the terminal is asked
            own.pop(name, None)
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))  # before anybody asks
        self.pid = os.fork()
        if self.pid == 0:  # the child
            try:
                os.close(self._master)
                os.login_tty(terminal)
                os.execvpe(command[0], list(command), own)
            finally:
                os._exit(127)
        os.close(terminal)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what came; False if nothing did."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def press(self, *keys: str) -> None:
        """Keys one after the other, as fast as the program takes them in."""
        for name in keys:
            os.write(self._master, key(name).encode())
            self._await_taken()
            # A program tells a lone escape from the beginning of a sequence by the pause after it.
            while self.read(0.25 if name == "esc" else 0.03):
                pass

    def _await_taken(self, seconds: float = 30.0) -> None:
        """Until the program has read what was typed: on a busy machine that may be long after it was written."""
        end = time.monotonic() + seconds
        while self._unread() and self.alive():
            self.read(0.01)
            assert time.monotonic() < end, f"keys are not read:\n{self.text}"

    def _unread(self) -> int:
        """Bytes that wait in the terminal for the program."""
        number = struct.unpack("i", fcntl.ioctl(self._master, NUMBER_OF_PTY, b"\0" * 4))[0]
        try:
            terminal = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
        except OSError:  # the program has hung up
            return 0
        try:
            return int(struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, b"\0" * 4))[0])
        finally:
            os.close(terminal)

    def alive(self) -> bool:
        """Whether the program still runs."""
        if self.status is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, condition: Callable[[str], object], seconds: float = 30.0) -> str:
        """Read until the screen's text fulfils something; fails with the screen."""
        end = time.monotonic() + seconds
        while not condition(self.text):
            self.read()
            assert time.monotonic() < end, f"not on the screen in {seconds} s:\n{self.text}"
        return self.text

    def sees(self, *words: str, seconds: float = 30.0) -> str:
        return self.until(lambda text: all(word in text for word in words), seconds)

    def ended(self, seconds: float = 30.0) -> int:
        """Wait for its end; the exit status."""
        end = time.monotonic() + seconds
        while self.alive():
            self.read(0.02)
            assert time.monotonic() < end, f"still running:\n{self.text}"
        assert self.status is not None
        return self.status

    def close(self) -> None:
        if self.status is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self._master)
