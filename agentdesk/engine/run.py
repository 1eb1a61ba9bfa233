"""The engine without a screen: `agentdesk sync`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from agentdesk.config import DeskConfig
from agentdesk.engine.engine import TICK, Engine
from agentdesk.errors import Refused
from agentdesk.locale import say

LOCK_PATIENCE = 3.0
ONCE_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What one channel brought in, and what it cost."""

    state: str
    conversations: int
    messages: int
    bytes_in: int
    bytes_out: int
    round_trips: int
    seconds: float
    detail: str = ""
    jobs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Bytes and round trips by what they were for."""


@dataclass(frozen=True, slots=True)
class Report:
    """How things stand: `channels` by name, `outbox` a count by message state, `unreached` the channels that stay behind."""

    channels: Mapping[str, ChannelReport]
    outbox: Mapping[str, int]
    unreached: Collection[str] = ()

    @property
    def exit_status(self) -> int:
        """3 if a channel was not reached or takes no replies, 1 if a reply needs the agent, else 0."""
        if self.unreached or self.outbox.get("queued"):
            return 3
        return 1 if any(self.outbox.get(state) for state in ("unknown", "conflict", "rejected")) else 0


def sync(
    config: DeskConfig, secrets: Mapping[str, str], *, once: bool, progress: Callable[[Report], None], stop: Callable[[], bool]
) -> Report:
    """Work until `stop` says so, or with `once` until everything is here and nothing is left that can be done alone.

    `once` waits out undo holds. `progress` is called about once a second.

    Raises:
        Refused: another engine works on this desk.
    """
    engine = Engine(config, secrets)
    give_up = time.monotonic() + LOCK_PATIENCE
    while not engine.lock.take():
        if time.monotonic() > give_up:
            raise Refused(say("engine.busy"))
        time.sleep(TICK)
    began = time.monotonic()
    engine.start()
    try:
        last_said = 0.0
        while not stop() and time.monotonic() - began < (ONCE_PATIENCE if once else float("inf")):
            engine.tick()
            now = time.monotonic()
            if now - last_said >= 1.0:
                last_said = now
                progress(_report(engine, now - began))
            if once and _done(engine):
                break
            time.sleep(TICK)
        return _report(engine, time.monotonic() - began)
    finally:
        engine.stop()


def _done(engine: Engine) -> bool:
    failed = engine.not_reached()
    if failed:  # what can't be reached is not waited for, once everybody else is done
        return engine.up_to_date(failed) and not engine.unfinished(failed)
    return engine.up_to_date() and not engine.unfinished() and not engine.jobs_waiting()


def _report(engine: Engine, seconds: float) -> Report:
    """A channel that brought in everything is `ready`, also if news of this moment has set it to work again."""
    used = engine.used()
    database, unreached, channels = engine.database, engine.unreached(), {}
    for row in database.all("SELECT * FROM channel"):
        name = row["name"]
        if name not in {c.name for c in engine.config.channels}:
            continue
        state = "ready" if row["state"] == "syncing" and name not in unreached else row["state"]
        counts = database.one(
            "SELECT (SELECT count(*) FROM conversation WHERE channel = ?1 AND merged_into = 0) AS conversations,"
            " (SELECT count(*) FROM message WHERE channel = ?1) AS messages",
            (name,),
        )
        channels[name] = ChannelReport(
            state, counts["conversations"], counts["messages"], row["bytes_in"], row["bytes_out"], row["round_trips"],
            round(seconds, 3), row["detail"], used[name],
        )
    outbox = {r["state"]: r["n"] for r in database.all("SELECT state, count(*) AS n FROM outbox GROUP BY state")}
    return Report(channels, outbox, unreached)
