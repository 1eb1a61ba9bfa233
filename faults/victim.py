"""Processes to be killed: `python -m faults.victim` forks one for each job, out of a process in which everything is imported.

Forking costs milliseconds where starting an interpreter costs half a second; the forking process has a single thread. Jobs come as
lines of JSON on stdin and are answered by a line each: how every process of the job ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from agentdesk.config import load
from agentdesk.engine import run as engine_run
from agentdesk.engine.engine import TICK, Engine
from agentdesk.errors import DeskError, Refused

Job = dict[str, Any]

STATE = "state"


class Victims:
    """The forking process, seen from outside."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parent.parent
        self._child = subprocess.Popen(
            [sys.executable, "-m", "faults.victim"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )

    def run(self, *jobs: Job) -> list[int]:
        """Run these at once until the last has ended: exit statuses, or minus the signal. A job has `run`, `desk` and options:

        `kill_at` the Nth point, `sending` count only points of sending, `kill_after` seconds, `patience` seconds until it counts as hung.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(jobs).encode() + b"\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError("the forking process is gone")
        return list(json.loads(answer))

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(30)
        self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


HUNG = 99
"""The status of a process that did not end in time."""


def _engine(job: Job) -> None:
    """The engine until everything is done that it can do alone."""
    desk = Path(job["desk"])
    engine_run.sync(load(desk, desk / STATE), {"support": "secret"}, once=True, progress=lambda _: None, stop=lambda: False)


def _lasting(job: Job) -> None:
    """The engine until everything is done and no channel is in trouble, however often it could not be written down meanwhile."""
    from faults.hooks import hurry

    hurry()
    desk = Path(job["desk"])
    engine = Engine(load(desk, desk / STATE), {"support": "secret"})
    assert engine.lock.take()
    while True:
        try:
            engine.start()
            break
        except DeskError:
            traceback.print_exc()
            time.sleep(0.1)
    while True:
        engine.tick()
        with contextlib.suppress(DeskError, sqlite3.Error):
            events = engine.database.value("SELECT count(*) FROM event WHERE seq = 0")
            if engine.up_to_date() and not (events or engine.unfinished() or engine.jobs_waiting() or engine.not_reached() or engine.database.full):
                break
        time.sleep(TICK)
    engine.stop()


def _serve(job: Job) -> None:
    """The engine until it is told to stop."""
    desk = Path(job["desk"])
    engine = Engine(load(desk, desk / STATE), {"support": "secret"})
    assert engine.lock.take()
    engine.start()
    while not (desk / "stop").exists():
        engine.tick()
        time.sleep(TICK)
    engine.stop()


def _turn(job: Job) -> None:
    """The engine of one window among several: waits until nobody else works, then does what is left."""
    desk = Path(job["desk"])
    config = load(desk, desk / STATE)
    while True:
        with contextlib.suppress(Refused):
            engine_run.sync(config, {"support": "secret"}, once=True, progress=lambda _: None, stop=lambda: False)
            return


def _clock(job: Job) -> None:
    from faults.clock import write

    write(Path(job["desk"]))


def _agent(job: Job) -> None:
    from faults.agent import work

    work(Path(job["desk"]), int(job["seed"]))


RUNS: dict[str, Callable[[Job], None]] = {"engine": _engine, "lasting": _lasting, "agent": _agent, "serve": _serve, "turn": _turn, "clock": _clock}


def _prepare(job: Job) -> None:
    from faults import clocks, disks
    from faults.hooks import Points, lay

    desk = Path(job["desk"])
    if "kill_at" in job:
        lay(Points(desk / "points", int(job["kill_at"]), sending=bool(job.get("sending"))))
    if "disk" in job:
        disks.lay(desk, **job["disk"])
    if "clock" in job:
        clocks.lay(Path(job["clock"]))


def _fork(job: Job) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        log = os.open(Path(job["desk"]) / "victim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(log, 2)
        _prepare(job)
        RUNS[job["run"]](job)
        status = 0
    except BaseException:  # noqa: BLE001 - a forked child ends here, whatever it is
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _attend(jobs: Sequence[Job]) -> list[int]:
    began = time.monotonic()
    alive = {_fork(job): (number, job) for number, job in enumerate(jobs)}
    ended = [0] * len(jobs)
    hung: set[int] = set()
    while alive:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            number, _ = alive.pop(pid)
            ended[number] = HUNG if number in hung else os.waitstatus_to_exitcode(status)
            continue
        age = time.monotonic() - began
        for pid, (number, job) in alive.items():
            if age > job.get("patience", 60):
                hung.add(number)
                os.kill(pid, signal.SIGKILL)
            elif age > job.get("kill_after", 1e9):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.003)
    return ended


def main() -> int:
    """Attend to jobs until stdin ends."""
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(_attend(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
