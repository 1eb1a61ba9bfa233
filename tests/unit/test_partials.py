"""What has come of an attachment so far: in a private file, true after a crash, nothing half written when the disk is full."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from agentdesk.store import partials as module
from agentdesk.store.partials import NotKept, Partials


@pytest.fixture
def partials(tmp_path: Path) -> Partials:
    return Partials(tmp_path / "blobs" / "partial")


def test_pieces_are_kept_with_what_they_are_of(partials: Partials, tmp_path: Path) -> None:
    with partials.open("a1") as partial:
        assert (partial.origin, partial.size, partial.content()) == ({}, 0, b"")
        partial.begin({"places": [["INBOX", 7, 1]]})
        partial.append(b"first\n")
        partial.append(b"\x00second")
    with partials.open("a1") as partial:
        assert (partial.origin, partial.size) == ({"places": [["INBOX", 7, 1]]}, 13)
        assert partial.content() == b"first\n\x00second"
        partial.begin({"places": []})
        assert (partial.size, partial.content()) == (0, b"")
        partial.append(b"anew")
        partial.sync()
        assert partial.content() == b"anew"
    path = tmp_path / "blobs" / "partial" / "a1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert partials.sizes() == {"a1": path.stat().st_size}


@pytest.mark.parametrize("left", [b"", b'{"places": [', b"\n", b"[1]\nabc", b"{}\nabc", b"\x00" * 5000, b"x" * 200_000])
def test_what_a_crash_left_of_a_beginning_is_nothing(partials: Partials, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "blobs" / "partial").mkdir(parents=True)
    (tmp_path / "blobs" / "partial" / "a1").write_bytes(left)
    with partials.open("a1") as partial:
        assert (partial.origin, partial.size, partial.content()) == ({}, 0, b"")
        partial.begin({"n": 1})
        partial.append(b"abc")
    with partials.open("a1") as partial:
        assert (partial.origin, partial.content()) == ({"n": 1}, b"abc")


def test_a_piece_is_written_whole_or_not_at_all(partials: Partials, monkeypatch: pytest.MonkeyPatch) -> None:
    with partials.open("a1") as partial:
        partial.begin({"n": 1})
        partial.append(b"kept")
        real, room = os.pwrite, [3]

        def nearly_full(file: int, data: memoryview, at: int) -> int:
            if not room[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken, room[0] = min(len(data), room[0]), 0
            return real(file, data[:taken], at)

        monkeypatch.setattr(os, "pwrite", nearly_full)
        with pytest.raises(NotKept, match="full"):
            partial.append(b"too much")
        assert (partial.size, partial.content()) == (4, b"kept")
        monkeypatch.setattr(os, "pwrite", real)
        partial.append(b" on")
        assert partial.content() == b"kept on"


def test_a_disk_that_fails_is_told_apart_from_a_full_one(partials: Partials, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with partials.open("a1") as partial:
        monkeypatch.setattr(os, "pwrite", broken)
        with pytest.raises(NotKept, match="Input/output error"):
            partial.begin({"n": 1})
        assert (partial.origin, partial.size) == ({}, 0)


def test_room_is_looked_for_before_anything_is_asked(partials: Partials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(total=100, used=0, free=module.MARGIN + 5_000_000))
    partials.open("a1").close()
    partials.require(5_000_000)
    with pytest.raises(NotKept, match="21 MB"):
        partials.require(5_000_001)


def test_no_link_is_followed(partials: Partials, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "partial").mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "blobs" / "partial" / "a1").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotKept):
        partials.open("a1")
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


def test_yesterdays_beginnings_go_unless_somebody_waits(partials: Partials, tmp_path: Path) -> None:
    for name in ("a1", "a2", "a3"):
        with partials.open(name) as partial:
            partial.begin({"n": 1})
        if name != "a3":
            os.utime(tmp_path / "blobs" / "partial" / name, (1, 1))
    assert partials.sweep({"a1"}) == 1
    assert set(partials.sizes()) == {"a1", "a3"}
