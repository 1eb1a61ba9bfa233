"""Random kills of engine and window during mixed work: the stores stay sound, what was acknowledged stays done, nothing goes out twice."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from agentdesk.domain.conversation import MessageState as S
from faults import desk as desks
from faults.agent import ACKNOWLEDGED
from faults.figures import Figure
from faults.letters import letter
from faults.posts import Post
from faults.sink import Sink
from faults.victim import HUNG, Victims

SETTLED = (S.FILED, S.CONFLICT)


def random_kills(post: Post, victims: Victims, rounds: int, seed: int = 1) -> Figure:
    """Each round an engine and an agent work at once; one of them or both are killed, the engine at a random point or moment."""
    figure = Figure("random kills during mixed work")
    draw = random.Random(seed)
    with Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made:
        folder = desks.make(Path(made) / "desk", post, sink)
        put = 3
        for number in range(put):
            post.put(letter(number, prefix="mixed-"))
        if victims.run({"run": "engine", "desk": str(folder)}) != [0]:
            figure.failures.append("the first sync failed: " + (folder / "victim.log").read_text())
            return figure.done()
        killed = 0
        for number in range(1, rounds + 1):
            if draw.random() < 0.4:
                answers = f"<mixed-{draw.randrange(put)}@post.example>" if draw.random() < 0.3 else ""
                post.put(letter(put, prefix="mixed-", answers=answers))
                put += 1
            engine: dict[str, Any] = {"run": "engine", "desk": str(folder)}
            if draw.random() < 0.6:
                engine["kill_at"] = draw.randrange(1, 120)
            engine["kill_after"] = draw.uniform(0.02, 0.6)
            agent: dict[str, Any] = {"run": "agent", "desk": str(folder), "seed": seed * 1_000_000 + number}
            if draw.random() < 0.5:
                agent["kill_after"] = draw.uniform(0.02, 0.3)
            ended = victims.run(engine, agent)
            figure.rounds += 1
            killed += sum(status < 0 for status in ended)
            if any(status > 0 for status in ended):
                figure.failures.append(f"round {number}: ended with {ended}: " + (folder / "victim.log").read_text()[-800:])
            if found := desks.unsound(folder):
                figure.failures.append(f"round {number}: {found}")
            if number % 20 == 0:
                _decide(folder, sink)
        figure.notes["killed"] = killed
        figure.failures += _settled(folder, post, sink, victims)
        figure.notes["sent"] = len(sink.messages)
        figure.failures += _kept(folder, post, sink, put, figure)
    return figure.done()


def _decide(folder: Path, sink: Sink) -> None:
    """The agent looks through what is of unknown outcome and knows what the customer got."""
    with desks.opened(folder) as desk:
        for row in desk.database.all("SELECT id, message_id FROM outbox WHERE state = 'unknown' AND looked_at > 0"):
            if sink.times(row["message_id"]):
                desk.writing.mark_sent(row["id"])
            else:
                desk.writing.send_anyway(row["id"])


def _settled(folder: Path, post: Post, sink: Sink, victims: Victims) -> list[str]:
    """Engines that nobody kills finish the work; twice, because the agent decides in between."""
    del post
    for _ in range(3):
        desks.no_pauses(folder)
        status = victims.run({"run": "engine", "desk": str(folder), "patience": 120})[0]
        if status:
            return [f"the last engine {'hung' if status == HUNG else f'ended with {status}'}: " + (folder / "victim.log").read_text()[-800:]]
        _decide(folder, sink)
    return []


def _kept(folder: Path, post: Post, sink: Sink, put: int, figure: Figure) -> list[str]:
    faults: list[str] = []
    said = [json.loads(line) for line in (folder / ACKNOWLEDGED).read_text().splitlines()] if (folder / ACKNOWLEDGED).exists() else []
    figure.notes["acknowledged"] = len(said)
    delivered = Counter(one.message_id for one in sink.messages)
    faults += [f"{message_id} was delivered {times} times" for message_id, times in delivered.items() if times > 1]
    filed = post.sent()
    faults += [f"{message_id} lies in Sent {times} times" for message_id, times in filed.items() if times > 1]
    with desks.opened(folder) as desk:
        db = desk.database
        out = {row["message_id"]: row["state"] for row in db.all("SELECT message_id, state FROM outbox")}
        for message_id, state in out.items():
            if state not in SETTLED:
                faults.append(f"{message_id} is still {state}")
            if (state == S.FILED) != (delivered[message_id] == 1) or (state == S.FILED) != (filed[message_id] == 1):
                faults.append(f"{message_id} is {state}, delivered {delivered[message_id]} times, {filed[message_id]} times in Sent")
        notes = Counter(row["note"] for row in db.all("SELECT json_extract(data, '$.text') AS note FROM event WHERE kind = 'note'"))
        tags = {row["tag"] for row in db.all("SELECT tag FROM tag")}
        drafts = {row["message_id"]: row["text"] for row in db.all("SELECT message_id, text FROM draft")}
        for one in said:
            if "note" in one and notes[one["note"]] != 1:
                faults.append(f"{one['note']} is there {notes[one['note']]} times")
            if "tag" in one and one["tag"] not in tags:
                faults.append(f"the tag {one['tag']} is gone")
            if "sent" in one and one["sent"] not in out:
                faults.append(f"the reply {one['text']} is gone")
        last = {one["message_id"]: one["text"] for one in said if "draft" in one}
        for message_id, text in last.items():
            if message_id not in out and (message_id not in drafts or _when(drafts[message_id]) < _when(text)):
                faults.append(f"the draft {text!r} is gone; there is {drafts.get(message_id)!r}")
        if waiting := db.value("SELECT count(*) FROM event WHERE seq = 0"):
            faults.append(f"{waiting} events never reached the team log")
        known = Counter(row["message_id"] for row in db.all("SELECT message_id FROM message WHERE direction = 'in' AND message_id LIKE '<mixed-%'"))
        expected = {f"<mixed-{number}@post.example>" for number in range(put)}
        if set(known) != expected or any(times != 1 for times in known.values()):
            faults.append(f"of {len(expected)} mails {len(expected - set(known))} are missing, {sum(times > 1 for times in known.values())} double")
        seen = {row["message_id"] for row in db.all("SELECT message_id FROM message WHERE direction = 'in' AND seen")}
        if seen != post.seen():
            faults.append(f"seen here and there differ: {sorted(seen ^ post.seen())[:5]}")
    return faults


def _when(text: str) -> tuple[int, int]:
    """Round and number in what an agent wrote: a later text may stand where an earlier one was acknowledged."""
    seed, number = text.rpartition(" ")[2].split("-")
    return int(seed), int(number)
