"""kill -9 of the engine at every point of sending: nothing is lost, nothing goes out twice."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.message import Address
from faults import desk as desks
from faults.figures import Figure
from faults.letters import letter
from faults.posts import Post
from faults.sink import Sink
from faults.victim import Victims

KINDS = ("plain", "file", "refused")
"""A short reply; one with a file of many writes; one of whose recipients one is refused."""
MOST = 400


def _write(folder: Path, kind: str) -> None:
    with desks.opened(folder) as desk:
        draft = desk.writing.draft(desk.queue.ids("all")[0])
        draft.text = "Dear customer, it arrives tomorrow."
        if kind == "refused":
            draft.cc = (Address("", "nobody@post9.example"),)
        draft = desk.writing.save(draft)
        if kind == "file":
            label = folder / "label.pdf"
            label.write_bytes(b"%PDF-" + bytes(range(256)) * 1200)
            desk.writing.attach(draft.id, label)
            draft = desk.writing.draft(desk.queue.ids("all")[0])
        desk.writing.send(draft)


def steps(post: Post, victims: Victims, kind: str = "plain", *, every: int = 1, first: int = 1) -> Figure:
    """Kill at the Nth point of sending for N = `first`, and every `every`th from there, until it passes."""
    figure = Figure(f"kills at every point of sending ({kind})")
    with Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made:
        sink.refuses = frozenset({"nobody@post9.example"})
        template = desks.make(Path(made) / "template", post, sink)
        post.put(letter(1, prefix=f"kill-{kind}-"))
        if victims.run({"run": "engine", "desk": str(template)}) != [0]:
            figure.failures.append("the first sync failed: " + (template / "victim.log").read_text())
            return figure.done()
        _write(template, kind)
        killed_at: list[str] = []
        for number in range(first, MOST, every):
            folder = desks.copied(template, Path(made) / "round")
            post.empty_sent()
            sink.messages.clear()
            status = victims.run({"run": "engine", "desk": str(folder), "kill_at": number, "sending": True})[0]
            figure.rounds += 1
            points = (folder / "points").read_text().splitlines()
            if status == 0:
                break
            killed_at.append(points[-1] if points else "")
            words = f"{kind}, point {number} ({points[-1] if points else status})"
            if status != -signal.SIGKILL:
                figure.failures.append(f"{words}: it ended with {status}: " + (folder / "victim.log").read_text()[-500:])
                continue
            figure.failures += [f"{words}: {fault}" for fault in _after(folder, post, sink, victims)]
        else:
            figure.failures.append("it never passes")
        figure.notes["killed"] = len(killed_at)
    return figure.done()


def _after(folder: Path, post: Post, sink: Sink, victims: Victims) -> Sequence[str]:
    """What is wrong after the next engine has done what it can."""
    faults = [found] if (found := desks.unsound(folder)) else []
    left = desks.rows(folder, "SELECT state, message_id FROM outbox")[0]
    handed_over = sink.times(left["message_id"])
    may_have_gone = left["state"] == S.SENDING
    desks.no_pauses(folder)
    if (status := victims.run({"run": "engine", "desk": str(folder)})[0]) != 0:
        faults.append(f"the next engine ended with {status}: " + (folder / "victim.log").read_text()[-500:])
        return faults
    row = desks.rows(folder, "SELECT state, looked_at FROM outbox")[0]
    times, filed = sink.times(left["message_id"]), post.sent()[left["message_id"]]
    if may_have_gone:
        if row["state"] != S.UNKNOWN or not row["looked_at"]:
            faults.append(f"it may have gone out and is {row['state']}")
        if times != handed_over:
            faults.append("it was sent again without anybody being asked")
        return faults + _decided(folder, post, sink, victims, left["message_id"], times)
    if row["state"] != S.FILED or times != 1 or filed != 1:
        faults.append(f"it was {left['state']} and is {row['state']}, {times} times delivered, {filed} times in Sent")
    return faults


def _decided(folder: Path, post: Post, sink: Sink, victims: Victims, message_id: str, times: int) -> list[str]:
    """The agent's turn: says that it has to go out where it has not; says that it has gone where it has."""
    with desks.opened(folder) as desk:
        row = desk.database.value("SELECT id FROM outbox")
        if times:
            desk.writing.mark_sent(row)
        else:
            desk.writing.send_anyway(row)
    status = victims.run({"run": "engine", "desk": str(folder)})[0]
    state = desks.rows(folder, "SELECT state FROM outbox")[0]["state"]
    delivered, filed = sink.times(message_id), post.sent()[message_id]
    if status or state != S.FILED or delivered != 1 or filed > 1:
        return [f"after the agent decided: status {status}, {state}, {delivered} times delivered, {filed} times in Sent"]
    return []
