"""One thread a channel: it owns the connection, keeps it up, and serves the store's wishes between two steps of syncing."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from agentdesk.channels.base import Channel, ChannelDown, Job
from agentdesk.engine.status import ChannelStatus
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.locale import say

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 60.0
LONGEST_WAIT = 60.0
CALM_SECONDS = 30.0
PAUSE_AFTER_DEFECT = 5.0


class Steering(Protocol):
    """Says what a channel brings in by itself, by what is known of its line."""

    def begin(self) -> None:
        """Just before connecting."""

    def opened(self) -> None:
        """Logged in."""

    def look(self, *, done: bool) -> bool:
        """After each step; True if there may be more to bring in than there was. `done`: all there was is here."""


class ChannelWorker(threading.Thread):
    """Connects with backoff, syncs, waits for news; `wake` makes it look at its jobs at once.

    Args:
        serve: takes every step that is due now (jobs, filing, chat replies); may raise `ChannelDown`.
        fetch: brings in some of what takes long (attachments), after all else; True if there is more to bring in at once.
        looked: called when what happened since the connection was made is known, before anything is brought in ahead.
        seconds_to_next: when `serve` has something to do by itself.
        refused: called once when the server refuses the password.
    """

    def __init__(
        self, channel: Channel, status: ChannelStatus, serve: Callable[[], None], seconds_to_next: Callable[[float], float],
        refused: Callable[[str], None],
        steering: Steering | None = None,
        fetch: Callable[[], bool] = lambda: False,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name=f"channel-{channel.name}", daemon=True)
        self.channel, self.status = channel, status
        self._serve, self._seconds_to_next, self._refused = serve, seconds_to_next, refused
        self._steering, self._fetch, self._looked = steering, fetch, looked
        self._offline = threading.Event()
        self._doubted = threading.Event()
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._renewed = threading.Event()
        self.rounds = 0
        """How often everything there is was brought in since the start."""
        self.reached = False
        self.failed = False
        """The last attempt to connect failed (until the next one succeeds); set after its reason was written."""
        self.fresh = False
        """What happened before the connection was made is known here, and what happens is heard."""

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()
        self.channel.interrupt()

    def renew(self) -> None:
        """The password changed: try again at once."""
        self._renewed.set()
        self.wake()

    def go(self, *, online: bool) -> None:
        """Connect, or stay away from the line until told otherwise."""
        if online is not self._offline.is_set():
            return
        if online:
            self._offline.clear()
        else:
            self._offline.set()
        self._doubted.set()
        self.wake()

    @property
    def offline(self) -> bool:
        return self._offline.is_set()

    def doubt(self) -> None:
        """The computer slept, or the clock was set: see at once whether the connection still stands, and make it anew if not."""
        self._doubted.set()
        self.channel.doubt()
        self.wake()

    def stop(self) -> None:
        """End after the step that is running."""
        self._ending.set()
        self.wake()

    @property
    def leaving(self) -> bool:
        """The line is wanted no more: the engine ends, or the agent went offline."""
        return self._ending.is_set() or self.offline

    def run(self) -> None:
        attempts = 0
        while not self._ending.is_set():
            if self.offline:
                self._stay_away()
                attempts = 0
                continue
            connected_at = time.monotonic()
            try:
                self._doubted.clear()
                self._connect()
                connected_at = time.monotonic()
                self._stay()
            except LoginRefused as error:
                self._fail("refused", str(error))
                self._pause(300.0, until=self._renewed)
                self._renewed.clear()
            except ChannelDown as error:
                self._fail("down", str(error))
                attempts = 1 if time.monotonic() - connected_at > CALM_SECONDS and self.reached else attempts + 1
                if error.pause:  # it wants to be left alone: no wish of ours ends that, only a new password
                    self._pause(error.pause, until=self._renewed)
                    continue
                if self._doubted.is_set():  # it died in our sleep: that is no reason to wait
                    attempts = 0
                    continue
                self._pause(min(LONGEST_BACKOFF, 2.0 ** min(attempts, 6)) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            except DeskError as error:  # the disk is full, the store is closed
                self._fail("down", str(error))
                self._pause(10.0)
            except Exception as error:
                log.exception("channel %s", self.channel.name)
                self._fail("down", say("engine.defect", error=f"{type(error).__name__}: {error}"))
                attempts += 1
                self._pause(min(LONGEST_BACKOFF, 2.0 ** min(attempts, 6)))
            finally:
                self.fresh = False
                self._close()

    def _stay_away(self) -> None:
        """Offline: everything is written down, nothing is moved."""
        self.failed = False
        self._say_offline()
        while not self._ending.is_set() and self.offline:
            self._wake.wait()
            self._wake.clear()

    def _say_offline(self) -> None:
        try:
            self.status.set("offline", say("engine.offline"))
        except Exception:
            log.exception("channel %s is offline", self.channel.name)

    def _connect(self) -> None:
        self.status.set("connecting")
        if self._steering is not None:
            self._steering.begin()
        with self.channel.usage.doing(Job.CONNECT):
            self.channel.open()
        if self._steering is not None:
            self._steering.opened()
        self.reached, self.failed = True, False

    def _fail(self, state: str, words: str) -> None:
        """Say so. Where even that can't be written down the thread lives on: the next round says it."""
        self.fresh = False  # at once: no answer may go out while this waits to try again
        try:
            self.status.set(state, words)
            if state == "refused":
                self._refused(words)
        except Exception:
            log.exception("channel %s is %s: %s", self.channel.name, state, words)
        self.failed = True

    def _stay(self) -> None:
        self.status.set("syncing")
        while not self._ending.is_set() and not self.offline:
            self._wake.clear()
            self._serve()
            done = self.channel.refresh()
            self._doubted.clear()
            if not self.fresh and self.channel.looked:
                self.fresh = True
                self._looked()
            if self._steering is not None and self._steering.look(done=done):
                done = False  # what is brought in by itself may be more now
            if done:
                self.rounds += 1
                self.status.set("ready")
            more = self._fetch()
            if done:
                if not more and not self._wake.is_set() and not self._ending.is_set():
                    self.channel.wait(self._seconds_to_next(LONGEST_WAIT))
            else:
                self.status.set("syncing")

    def _pause(self, seconds: float, until: threading.Event | None = None) -> None:
        end = time.monotonic() + seconds
        self._wake.clear()
        while not self._ending.is_set() and not self._doubted.is_set() and (left := end - time.monotonic()) > 0:
            if until is not None:
                if until.wait(min(left, 0.5)):
                    return
            elif self._wake.wait(min(left, 0.5)):
                self._wake.clear()
                if left < seconds - 1.0:  # a wish is a reason to try again, but not to hammer a server that is down
                    return

    def _close(self) -> None:
        try:
            self.channel.close()
        except Exception:
            log.exception("closing %s", self.channel.name)


class Repeating(threading.Thread):
    """A thread that takes due steps whenever it is woken or the next one is due (handing mail over to SMTP)."""

    def __init__(self, name: str, serve: Callable[[], None], seconds_to_next: Callable[[float], float]) -> None:
        super().__init__(name=name, daemon=True)
        self._serve, self._seconds_to_next = serve, seconds_to_next
        self._ending = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._ending.set()
        self._wake.set()

    def run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            try:
                self._serve()
                pause = self._seconds_to_next(LONGEST_WAIT)
            except Exception:
                log.exception("%s", self.name)
                pause = PAUSE_AFTER_DEFECT
            self._wake.wait(max(0.01, pause))
