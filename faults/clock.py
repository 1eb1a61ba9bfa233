"""A clock that jumps by ten years, hours or seconds while replies are held, scheduled and sent: none goes out twice, none too early."""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentdesk.domain.conversation import MessageState as S
from agentdesk.engine.pacing import steady
from faults import desk as desks
from faults.clocks import Offset
from faults.figures import Figure
from faults.letters import letter
from faults.posts import Post
from faults.sink import Sink, Taken
from faults.victim import Victims

YEAR = 365.25 * 24 * 3600
JUMPS = (10 * YEAR, -10 * YEAR, 3600.0, -3600.0, 24 * 3600.0, -1.5, 400.0)
"""Ten years either way; summer time beginning and ending; a day; a clock put right."""
HOLD = 1.0
SAID = "said"
STOP = "stop"
PATIENCE = 30.0


def write(folder: Path) -> None:
    """The window's side, by the clock that jumps: a held reply, one for tomorrow, a snooze; then writes down when the hold began."""
    with desks.opened(folder) as desk:
        first, second, third = sorted(desk.queue.ids("all"))[:3]
        tomorrow = desk.writing.draft(second)
        tomorrow.text = "Dear customer, tomorrow."
        desk.writing.send(desk.writing.save(tomorrow), at=datetime.fromtimestamp(time.time(), UTC) + timedelta(days=1))
        desk.work.snooze([third], datetime.fromtimestamp(time.time(), UTC) + timedelta(days=1))
        held = desk.writing.draft(first)
        held.text = "Dear customer, now."
        began = steady()
        desk.writing.send(desk.writing.save(held))
        (folder / SAID).write_text(json.dumps({"held": held.message_id, "tomorrow": tomorrow.message_id, "began": began}), encoding="utf-8")


def jumps(post: Post, victims: Victims, rounds: int, seed: int = 1) -> Figure:
    """In each round the clock jumps once or several times, before and while things wait."""
    figure = Figure("a clock that jumps")
    draw = random.Random(seed)
    with Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made:
        template = desks.make(Path(made) / "template", post, sink, undo=f"{HOLD:g}s")
        for number in range(3):
            post.put(letter(number, prefix="clock-"))
        if victims.run({"run": "engine", "desk": str(template)}) != [0]:
            figure.failures.append("the first sync failed: " + (template / "victim.log").read_text())
            return figure.done()
        for number in range(1, rounds + 1):
            folder = desks.copied(template, Path(made) / "round")
            post.empty_sent()
            sink.messages.clear()
            figure.rounds += 1
            figure.failures += [f"round {number}: {fault}" for fault in _round(folder, post, sink, victims, draw)]
    return figure.done()


def _round(folder: Path, post: Post, sink: Sink, victims: Victims, draw: random.Random) -> list[str]:
    path = folder / "clock"
    offset = Offset(path)
    delivered: dict[str, list[float]] = {}

    def note(taken: Taken) -> None:
        delivered.setdefault(taken.message_id, []).append(steady())

    sink.before_answer = note
    ended: list[int] = []
    common = {"desk": str(folder), "clock": str(path), "patience": PATIENCE + 10}
    thread = threading.Thread(target=lambda: ended.extend(victims.run({"run": "serve", **common}, {"run": "clock", **common})))
    thread.start()
    end = time.monotonic() + PATIENCE
    while not (folder / SAID).exists() and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    # The engine looks ten times a second; what jumps before it has seen a hold is the same as a clock that was wrong all along
    time.sleep(0.4)
    moves = [draw.choice(JUMPS) for _ in range(draw.randrange(1, 4))]
    for move in moves:
        offset.set(offset.get() + move)
        time.sleep(draw.uniform(0.0, 0.3))
    while not delivered and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)
    (folder / STOP).touch()
    thread.join(PATIENCE + 20)
    faults = [] if ended == [0, 0] else [f"ended with {ended}: " + (folder / "victim.log").read_text()[-800:]]
    if not (folder / SAID).exists():
        return faults
    said = json.loads((folder / SAID).read_text())
    status = victims.run({"run": "engine", **common})[0]
    faults += [f"the next engine ended with {status}: " + (folder / "victim.log").read_text()[-800:]] if status else []
    when = delivered.get(said["held"], [])
    if len(when) != 1:
        faults.append(f"moves {moves}: what was held was delivered {len(when)} times")
    elif when[0] - said["began"] < HOLD - 0.01:
        faults.append(f"moves {moves}: what was held went out after {when[0] - said['began']:.2f} s")
    if said["tomorrow"] in delivered:
        faults.append(f"moves {moves}: what was for tomorrow went out")
    states = {row["message_id"]: row["state"] for row in desks.rows(folder, "SELECT message_id, state FROM outbox")}
    if states.get(said["held"]) != S.FILED or states.get(said["tomorrow"]) not in (S.SCHEDULED, S.CONFLICT):
        faults.append(f"moves {moves}: held is {states.get(said['held'])}, scheduled is {states.get(said['tomorrow'])}")
    if (filed := post.sent()[said["held"]]) != 1:
        faults.append(f"moves {moves}: it lies in Sent {filed} times")
    return faults
