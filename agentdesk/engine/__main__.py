"""`python -m agentdesk.engine FOLDER STATE`: the engine as a child of a window (`desk.engine_process`).

stdin carries lines of JSON: {"secrets": {channel: value}}, {} to wake, {"stop": "now" | "background"}. Its end without a word
means a lost terminal: what is on its way is sent first, for at most ten minutes.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from agentdesk.config import load
from agentdesk.domain.clean import clean
from agentdesk.engine.engine import DRAIN_SECONDS, PAUSE_AFTER_FAULT, TICK, Engine
from agentdesk.errors import DeskError, Refused

log = logging.getLogger("agentdesk.engine")


class _Clean(logging.Formatter):
    """What servers and senders say reaches the log, too, and somebody's terminal from there."""

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


def main(argv: list[str]) -> int:
    """Wait for the lock, work until told to end."""
    folder, state = Path(argv[1]), Path(argv[2])
    for name in ("SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.nice(10)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Clean("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    sys.excepthook = lambda kind, error, trace: log.critical("ended by a defect", exc_info=(kind, error, trace))
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every poll
    messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(messages,), daemon=True).start()
    first = messages.get()
    ending = first.get("stop", "")
    engine = Engine(load(folder, state), first.get("secrets", {}))
    signal.signal(signal.SIGTERM, lambda *_: messages.put({"stop": "now"}))
    while not ending and not engine.lock.take():
        ending = _listen(engine, messages, 0.25, started=False)
    if ending and not engine.lock.take():
        return 0
    started, ending = _start(engine, messages, ending)
    if not started:
        engine.lock.release()
        return 0
    log.info("working on %s", state)
    give_up = time.monotonic() + DRAIN_SECONDS
    while ending != "now":
        engine.tick()
        if ending == "background" and (time.monotonic() > give_up or not engine.unfinished()):
            break
        if (said := _listen(engine, messages, TICK, started=True)):
            ending = said
            give_up = time.monotonic() + DRAIN_SECONDS
    engine.stop()
    log.info("ended")
    return 0


def _start(engine: Engine, messages: queue.SimpleQueue[dict[str, Any]], ending: str) -> tuple[bool, str]:
    """Start; where nothing can be written, again and again: there may be space at any moment. Whether it did, and how to end."""
    while True:
        try:
            engine.start()
        except Refused:
            raise
        except DeskError as error:
            log.error("can't begin: %s", error)
        else:
            return True, ending
        if ending or (ending := _listen(engine, messages, PAUSE_AFTER_FAULT, started=False)):
            return False, ending


def _read(messages: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Every line of stdin; at its end, what a lost terminal means."""
    for line in sys.stdin.buffer:
        try:
            messages.put(json.loads(line))
        except ValueError:
            log.warning("an unreadable line on stdin")
    messages.put({"stop": "background"})


def _listen(engine: Engine, messages: queue.SimpleQueue[dict[str, Any]], seconds: float, *, started: bool) -> str:
    """Act on one message, if one comes in time; how to end, or empty."""
    try:
        message = messages.get(timeout=seconds)
    except queue.Empty:
        return ""
    if "stop" in message:
        return str(message["stop"])
    for name, value in message.get("secrets", {}).items():
        engine.set_secret(name, value)
    if started and not message:
        engine.wake()
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv))
