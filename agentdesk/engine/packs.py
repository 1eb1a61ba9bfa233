"""Packs from git and from the web: fetched on a timer or when somebody asks, checked, and only then put into the place of the last ones.

What can't be fetched, is not what desk.toml says it must be, or holds no pack that can be read, changes nothing: the last good state stays,
and why is told. Everything is bounded in time and size. Each version lies in a folder of its own, to which `current` points.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agentdesk.channels.usage import Usage
from agentdesk.config import PackSource
from agentdesk.engine import pack_git, pack_web
from agentdesk.errors import DeskError, Refused
from agentdesk.locale import say
from agentdesk.paths import make_private
from agentdesk.snippets.pack import load_packs
from agentdesk.store import packs
from agentdesk.store.database import Database, now_millis

log = logging.getLogger(__name__)

RETRY = 300.0
"""Seconds after which what could not be fetched is tried again, if it is not due before."""
_HOPELESS = frozenset({"not-toml", "not-utf-8", "too-large", "unreadable", "missing"})
"""Faults of a file that would lose everything in it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a source holds now."""

    version: str
    files: Mapping[str, bytes]
    etag: str = ""


class Puller:
    """Of one desk's sources. `run_due` and `seconds_to_next` belong to one thread."""

    def __init__(self, sources: Sequence[PackSource], database: Database, usage: Usage, away: Callable[[], bool]) -> None:
        self._sources, self._db, self._usage, self._away = tuple(sources), database, usage, away
        self._ending = threading.Event()
        self.looked = False
        """Every source was tried once since the start."""

    def stop(self) -> None:
        """Whatever runs is broken off."""
        self._ending.set()

    def run_due(self) -> None:
        if self._away():
            return
        for source in self._sources:
            if not self._ending.is_set() and self._seconds(source) <= 0:
                self._run(source)
        self.looked = True

    def seconds_to_next(self, most: float) -> float:
        return most if self._away() else min((max(0.0, self._seconds(source)) for source in self._sources), default=most)

    def _seconds(self, source: PackSource) -> float:
        """Until it is due. A moment to come was written before the clock was set back."""
        known = packs.of(self._db, source.id)
        if known.wanted or not known.tried_at or known.tried_at > now_millis() + 1000:
            return 0.0
        every = min(source.every.total_seconds(), RETRY) if known.detail else source.every.total_seconds()
        return every - (now_millis() - known.tried_at) / 1000

    def _run(self, source: PackSource) -> None:
        known = packs.of(self._db, source.id)
        version = known.version if source.path.exists() else ""
        try:
            content = self._fetch(source, version, known.etag)
            if content is not None and content.version != version:
                install(source, content)
                log.info("packs of %s: %s", source.place, content.version)
        except (DeskError, OSError) as error:
            words = str(error) if isinstance(error, DeskError) else say("packs.no_room", reason=error.strerror or error)
            if not self._ending.is_set():  # broken off by us is no failure
                log.warning("packs of %s: %s", source.place, words)
                self._db.write(lambda tx: packs.fail(tx, source.id, words))
            return
        now = content or Content(known.version, {}, known.etag)
        self._db.write(lambda tx: packs.settle(tx, source.id, now.version, now.etag))

    def _fetch(self, source: PackSource, version: str, etag: str) -> Content | None:
        """What there is; None if it is still the same."""
        make_private(source.root)
        if source.kind == "git":
            commit, files = pack_git.fetch(source, version, self._usage, self._ending)
            return Content(commit, files) if files is not None else None
        if source.sha256 and version == source.sha256:  # nothing else can come of it
            return None
        answer = pack_web.fetch(source.place, etag if version and not source.sha256 else "", self._usage)
        if answer is None:
            return None
        found = hashlib.sha256(answer.body).hexdigest()
        if source.sha256 and found != source.sha256:
            raise Refused(say("packs.other_checksum", found=found[:16], wanted=source.sha256[:16]))
        name = PurePosixPath(answer.path).name
        return Content(found, {name if name.endswith(".toml") and not name.startswith(".") else "pack.toml": answer.body}, answer.etag)


def install(source: PackSource, content: Content) -> None:
    """Put these files into the place of the last ones, if they are packs.

    Raises:
        Refused: they are none, or one can't be read.
    """
    target = source.root / content.version[:40]
    part = Path(tempfile.mkdtemp(prefix="part-", dir=source.root))
    try:
        for name, body in content.files.items():
            file = part / name
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(body)
        _check(part / source.folder, part)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    before = _target(source)
    link = source.root / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(source.root / "current")
    for old in source.root.iterdir():  # a window may still be reading the last one
        if old.is_dir() and not old.is_symlink() and old.name not in {target.name, before, "git"}:
            shutil.rmtree(old, ignore_errors=True)


def _target(source: PackSource) -> str:
    try:
        return (source.root / "current").readlink().name
    except OSError:
        return ""


def _check(folder: Path, root: Path) -> None:
    if not folder.is_dir() or not any(folder.glob("*.toml")):
        raise Refused(say("packs.none", folder=folder.relative_to(root) if folder != root else "/"))
    for fault in load_packs([folder], check=False).faults:
        if fault.code in _HOPELESS and not fault.snippet:
            place = f"{Path(fault.file).name}:{fault.line}" if fault.line else Path(fault.file).name
            raise Refused(say("packs.broken", place=place, why=fault.message))


def forget_others(state: Path, sources: Sequence[PackSource]) -> None:
    """Delete what was fetched of sources that desk.toml does not name any more."""
    kept = {source.root for source in sources}
    with contextlib.suppress(OSError):
        for folder in (state / "packs").iterdir():
            if folder not in kept and time.time() - folder.stat().st_mtime > 1.0:
                shutil.rmtree(folder, ignore_errors=True)
