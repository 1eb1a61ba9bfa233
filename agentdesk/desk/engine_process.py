"""The engine as a window sees it: a child process whose stdin it holds.

Lines of JSON go down the pipe: first the secrets (never argv, environment or database), then wake bytes, answers to questions,
and how to end. Closing the pipe without a word means what a lost terminal means: send what is on its way, then end.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from agentdesk.config import DeskConfig
from agentdesk.secrets import without_secrets

MOST_CRASHES = 3
MOST_LOG = 1_000_000
"""Bytes of engine.log; a longer one is put aside when an engine starts, the one before that goes."""
CALM_SECONDS = 60.0
"""An engine that ran this long before it died is not counted as crashing again and again."""


class EngineProcess:
    """Starts the engine, wakes it, starts it again when it dies, ends it."""

    def __init__(self, config: DeskConfig, secrets: Mapping[str, str]) -> None:
        self._config, self._secrets = config, dict(secrets)
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self.released: subprocess.Popen[bytes] | None = None
        """The engine that was told to end, and may still be sending."""
        self.crashes = 0
        """In a row; at `MOST_CRASHES` it is not started again by itself."""

    def start(self) -> None:
        log = self._config.state / "engine.log"
        self._config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists() and log.stat().st_size > MOST_LOG:
            log.replace(log.with_suffix(".log.1"))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "agentdesk.engine", str(self._config.folder), str(self._config.state)],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=descriptor, start_new_session=True,
                cwd=Path("/") if os.name == "posix" else None, env=without_secrets(self._config),
            )
        finally:
            os.close(descriptor)
        self._started = time.monotonic()
        self._say({"secrets": self._secrets})

    def watch(self) -> bool:
        """Start a dead engine again, up to `MOST_CRASHES` times in a row; False when it has given up."""
        if self._child is None or self._child.poll() is None:
            return True
        if time.monotonic() - self._started > CALM_SECONDS:
            self.crashes = 0
        if self.crashes >= MOST_CRASHES:
            return False
        self.crashes += 1
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self.start()
        except OSError:  # the state folder is gone, or no process can be made
            return False
        return True

    def wake(self) -> None:
        """There is something to do; only an accelerator, the engine looks by itself too."""
        self._say({})

    def secret(self, channel: str, value: str) -> None:
        """A password the agent typed when the engine asked."""
        self._secrets[channel] = value
        self._say({"secrets": {channel: value}})

    def stop(self, mode: str = "now", patience: float = 5.0) -> None:
        """End it. `now`: finish the running step; `background`: send what is on its way first, on its own."""
        child, self._child = self._child, None
        if child is None:
            return
        self.released = child
        assert child.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            child.stdin.write(json.dumps({"stop": mode}).encode() + b"\n")
            child.stdin.flush()
        with contextlib.suppress(OSError):
            child.stdin.close()
        if mode == "now":
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(patience)

    def _say(self, message: Mapping[str, object]) -> None:
        child = self._child
        if child is None or child.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):
            child.stdin.write(json.dumps(message).encode() + b"\n")
            child.stdin.flush()
