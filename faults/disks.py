"""A disk that fails, for a process of its own: the Nth write, or every one from there on until there is space again.

SQLite lets its system calls be replaced (`sqlite3_vfs.xSetSystemCall`); that is how its own tests make disks fail. Nothing is compiled and
nobody needs to be root. The files that Python writes itself (blobs) fail with them, by the same count.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agentdesk.store import blobs

_P = ctypes.c_void_p
_NAMES = "xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose xRandomness xSleep xCurrentTime xGetLastError xCurrentTimeInt64"
BACK = "space-is-back"
"""A file beside the desk that ends the fault."""
_kept: list[Any] = []
"""What SQLite calls must live as long as it."""


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("iVersion", ctypes.c_int), ("szOsFile", ctypes.c_int), ("mxPathname", ctypes.c_int), ("pNext", _P), ("zName", ctypes.c_char_p), ("pAppData", _P),
        *((name, _P) for name in _NAMES.split()),
        ("xSetSystemCall", ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_char_p, _P)), ("xGetSystemCall", ctypes.CFUNCTYPE(_P, _P, ctypes.c_char_p)),
    )  # fmt: skip


_CALLS = {
    b"pwrite": ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, _P, ctypes.c_size_t, ctypes.c_int64, use_errno=True),
    b"pwrite64": ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, _P, ctypes.c_size_t, ctypes.c_int64, use_errno=True),
    b"write": ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, _P, ctypes.c_size_t, use_errno=True),
    b"ftruncate": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True),
    b"fallocate": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64, use_errno=True),
}


def _library() -> Any:
    """The very library that `sqlite3` has loaded; None where it is part of the interpreter."""
    found = re.search(r"\S*/libsqlite3\S*", Path("/proc/self/maps").read_text(encoding="utf-8")) if Path("/proc/self/maps").exists() else None
    return ctypes.CDLL(found[0]) if found else None


def impossible() -> str:
    """Why no faults can be laid here; empty if they can."""
    library = _library()
    if library is None:
        return "SQLite is built into this Python, its system calls can't be replaced"
    return "" if library.sqlite3_libversion_number() == int("{}{:03}{:03}".format(*sqlite3.sqlite_version_info)) else "two versions of SQLite"


class Faults:
    """Decides for each write whether it fails."""

    def __init__(self, desk: Path, at: int, *, error: str, lasting: bool) -> None:
        self._back, self._log = desk / BACK, desk / "writes"
        self._at, self._lasting = at, lasting
        self.number = getattr(errno, error)
        self.count = self.failed = 0

    def fails(self) -> bool:
        self.count += 1
        if not self._at or self.count < self._at or (self.failed and not self._lasting):
            return False
        if self._lasting and self._back.exists():
            self._at = 0
            return False
        self.failed += 1
        self._log.write_text(f"{self.count} {self.failed}", encoding="ascii")
        return True


def lay(desk: Path, at: int, error: str = "ENOSPC", *, lasting: bool = True) -> None:
    """Let the writes of this process fail from the `at`th on, or that one alone; 0 only counts.

    Args:
        error: the name of an `errno`.
        lasting: until the file `BACK` appears beside the desk.
    """
    faults = Faults(desk, at, error=error, lasting=lasting)
    library = _library()
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None)
    address = ctypes.addressof(vfs.contents)
    for name, shape in _CALLS.items():
        pointer = vfs.contents.xGetSystemCall(address, name)
        if not pointer:
            continue
        call = shape(_failing(shape(pointer), faults))
        _kept.append(call)
        vfs.contents.xSetSystemCall(address, name, ctypes.cast(call, _P))
    _fail_in_python(faults)


def _failing(real: Callable[..., int], faults: Faults) -> Callable[..., int]:
    def call(*arguments: int) -> int:
        if faults.fails():
            ctypes.set_errno(faults.number)
            return -1
        return real(*arguments)

    return call


def _fail_in_python(faults: Faults) -> None:
    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if faults.fails():
                raise OSError(faults.number, os.strerror(faults.number))
            return real(*arguments, **options)

        return call

    blobs.os = SimpleNamespace(  # type: ignore[attr-defined, assignment]  # the module's own view of `os`
        **{name: getattr(os, name) for name in dir(os) if not name.startswith("__")} | {"open": failing(os.open), "fsync": failing(os.fsync)}
    )
