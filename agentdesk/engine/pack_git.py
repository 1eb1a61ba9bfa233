"""A git repository, as far as packs need it: the newest commit of a branch and the files in it, without a work tree.

git is asked for one commit without history, no tags, no submodules. Nothing of the repository is run (no hooks, no filters, no
configuration but ours) and nothing in it is followed: files are read from an archive, links and devices are left out. It never asks
for a password; what needs one is reached by ssh and a key.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from agentdesk.channels.usage import Usage
from agentdesk.config import PackSource
from agentdesk.domain.clean import clean_line
from agentdesk.errors import Refused, Unreachable
from agentdesk.locale import say

SECONDS = 60.0
"""For one exchange, or one archive."""
MOST_BYTES = 64 << 20
"""Of the repository as it is kept here, and of the files in it."""
MOST_FILES = 5000
_STEP = 0.05
_OWN = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "fetch.recurseSubmodules=no", "credential.helper=",
    "protocol.version=2", "http.followRedirects=initial", "http.lowSpeedLimit=100", "http.lowSpeedTime=30", "init.defaultBranch=main",
    "fetch.unpackLimit=1",
)  # fmt: skip
_PASSED_ON = ("PATH", "HOME", "USER", "SSH_AUTH_SOCK", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PACKET = re.compile(r" packet: +[\w-]+([<>]) (.*)")
_REF = "refs/packs/current"


def fetch(source: PackSource, known: str, usage: Usage, ending: threading.Event) -> tuple[str, Mapping[str, bytes] | None]:
    """The newest commit, and its files; None in their place if it is the known one.

    Raises:
        Unreachable: the repository can't be reached, or there is no such branch.
        Refused: it is too large, or there is no git here.
    """
    program = shutil.which("git")
    if program is None:
        raise Refused(say("packs.no_git"))
    git = _Git(program, source.root / "git", usage, ending)
    commit = git.newest(source.place, source.branch)
    return commit, None if commit == known else git.files(commit)


class _Git:
    def __init__(self, program: str, repository: Path, usage: Usage, ending: threading.Event) -> None:
        self._program, self._repository, self._usage, self._ending = program, repository, usage, ending

    def newest(self, place: str, branch: str) -> str:
        if _size(self._repository) > MOST_BYTES:  # what was fetched over the years: begin anew
            shutil.rmtree(self._repository, ignore_errors=True)
        if not (self._repository / "HEAD").exists():
            shutil.rmtree(self._repository, ignore_errors=True)
            self._run("init", "--quiet", "--bare", "--template=", str(self._repository))
        local = place.startswith(("/", "file:"))
        with tempfile.TemporaryDirectory(prefix="agentdesk-git-") as folder:
            trace = Path(folder) / "packets"
            try:
                before = self._packed()
                self._run(
                    "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--", place,
                    f"+{branch or 'HEAD'}:{_REF}", trace=trace,
                )  # fmt: skip
            finally:
                if not local:
                    self._count(trace)
            if not local:
                self._usage.bytes_in += max(0, self._packed() - before)
        return self._run("rev-parse", "--verify", f"{_REF}^{{commit}}").strip()

    def files(self, commit: str) -> dict[str, bytes]:
        raw = self._run_bytes("archive", "--format=tar", commit)
        files: dict[str, bytes] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
                for member in archive:
                    name = PurePosixPath(member.name)
                    if not member.isreg() or name.is_absolute() or ".." in name.parts:
                        continue
                    stream = archive.extractfile(member)
                    if stream is None or len(files) >= MOST_FILES:
                        raise Refused(say("packs.too_large", limit=MOST_BYTES >> 20, files=MOST_FILES))
                    files[str(name)] = stream.read()
        except (tarfile.TarError, EOFError) as error:
            raise Refused(say("packs.git_said", words=clean_line(str(error))[:200])) from error
        return files

    # -- the program

    def _packed(self) -> int:
        """Bytes of objects as they came over the line (`fetch.unpackLimit` keeps them so)."""
        return sum(file.stat().st_size for file in (self._repository / "objects" / "pack").glob("*.pack"))

    def _run(self, *arguments: str, trace: Path | None = None) -> str:
        return self._run_bytes(*arguments, trace=trace).decode("utf-8", "replace")

    def _run_bytes(self, *arguments: str, trace: Path | None = None) -> bytes:
        """Run git to its end, or until it takes too long, too much room, or nobody waits any more; what it says on stdout."""
        settings = [word for one in _OWN for word in ("-c", one)]
        place = [] if arguments[0] == "init" else [f"--git-dir={self._repository}"]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(  # noqa: S603 - the program is git, the words are ours or checked by config.packs
                [self._program, *settings, *place, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env=self._environment(trace), cwd=self._repository.parent, start_new_session=True,
            )  # fmt: skip
            try:
                self._wait(child, output.fileno())
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # a transport it left behind, too
                child.wait()
            if child.returncode:
                errors.seek(0)
                raise Unreachable(say("packs.git_said", words=_words(errors.read(1 << 20))))
            output.seek(0)
            return output.read(MOST_BYTES + 1)

    def _wait(self, child: subprocess.Popen[bytes], output: int) -> None:
        end, looks = time.monotonic() + SECONDS, 0
        while child.poll() is None:
            looks += 1
            if self._ending.wait(_STEP) or time.monotonic() > end:
                raise Unreachable(say("packs.too_slow", seconds=int(SECONDS)))
            large = os.fstat(output).st_size > MOST_BYTES or (looks % 10 == 0 and _size(self._repository) > MOST_BYTES)
            if large:
                raise Refused(say("packs.too_large", limit=MOST_BYTES >> 20, files=MOST_FILES))
        if os.fstat(output).st_size > MOST_BYTES:
            raise Refused(say("packs.too_large", limit=MOST_BYTES >> 20, files=MOST_FILES))

    @staticmethod
    def _environment(trace: Path | None) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = {
            "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "never",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file", "GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0",
        }  # fmt: skip
        return passed | own | ({"GIT_TRACE_PACKET": str(trace)} if trace is not None else {})

    def _count(self, trace: Path) -> None:
        """The packets of its protocol, by git's own record; what is around them (HTTP, ssh, TLS) is not in it."""
        sent = received = turns = 0
        asking = False
        for line in _lines(trace):
            packet = _PACKET.search(line)
            if packet is None:
                continue
            size = len(packet[2].encode()) + 4
            if packet[1] == ">":
                sent += size
                turns += not asking
            else:
                received += size
            asking = packet[1] == ">"
        self._usage.bytes_out += sent
        self._usage.bytes_in += received
        self._usage.round_trips += max(1, turns)


def _lines(file: Path) -> Iterator[str]:
    with contextlib.suppress(OSError), file.open("r", encoding="utf-8", errors="replace") as stream:
        yield from (line.rstrip("\n") for line in stream)


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(base, name).lstat().st_size
    return total


def _words(said: bytes) -> str:
    """What git says of its trouble, in a line."""
    lines = [clean_line(line) for line in re.split(r"[\r\n]+", said.decode("utf-8", "replace"))]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))] or [line for line in lines if line.strip()]
    return (" ".join(told[:2]) or "git")[:300]
