"""The disk is full, or writing fails, from the Nth write on: the stores stay sound, it is told, and work goes on by itself."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from agentdesk.domain.conversation import MessageState as S
from agentdesk.store.trouble import trouble_of
from faults import desk as desks
from faults.disks import BACK
from faults.figures import Figure
from faults.letters import letter
from faults.posts import Post
from faults.sink import Sink
from faults.victim import HUNG, STATE, Victims

MOST = 1000
PATIENCE = 60.0


def writes(
    post: Post, victims: Victims, error: str = "ENOSPC", *, lasting: bool = True, every: int = 1, first: int = 1
) -> Figure:
    """Writes fail from the Nth on (or that one alone), for N = `first` and every `every`th from there, until none is hit any more."""
    figure = Figure(f"{error} at the Nth write{', until there is space' if lasting else ', once'}")
    told = 0
    with Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made:
        template = desks.make(Path(made) / "template", post, sink)
        mark = f"disk-{error}-{lasting}-"
        for number in range(3):
            post.put(letter(number, prefix=mark))
        if victims.run({"run": "engine", "desk": str(template)}) != [0]:
            figure.failures.append("the first sync failed: " + (template / "victim.log").read_text())
            return figure.done()
        with desks.opened(template) as desk:
            row = desk.queue.ids("all")[0]
            draft = desk.writing.draft(row)
            draft.text = "Dear customer, it arrives tomorrow."
            desk.writing.send(draft)
            desk.work.note([row], "a note")
            desk.work.seen([row], seen=True)
        post.put(letter(3, prefix=mark))
        for number in range(first, MOST, every):
            folder = desks.copied(template, Path(made) / "round")
            post.empty_sent()
            sink.messages.clear()
            watch = _Watch(folder)
            status = victims.run({
                "run": "lasting", "desk": str(folder), "patience": PATIENCE, "disk": {"at": number, "error": error, "lasting": lasting},
            })[0]  # fmt: skip
            watch.end()
            figure.rounds += 1
            told += bool(watch.told)
            where = f"write {number}"
            if status:
                words = "hung" if status == HUNG else f"ended with {status}"
                figure.failures.append(f"{where}: the engine {words}: " + (folder / "victim.log").read_text()[-1500:])
                continue
            figure.failures += [f"{where}: {fault}" for fault in _after(folder, post, sink, mark)]
            if not watch.failed:
                break
            if watch.gave_back and not watch.told:
                figure.failures.append(f"{where}: nobody was told")
        else:
            figure.failures.append("it never passes")
        figure.notes["told"] = told
    return figure.done()


class _Watch:
    """Looks for the first write that fails, then for its being told, and gives the space back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.failed, self.told, self.gave_back = False, "", False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        state, end = self._folder / STATE, 0.0
        while not self._over.wait(0.01):
            if not self.failed and (self._folder / "writes").exists():
                self.failed, end = True, time.monotonic() + PATIENCE / 3
            if self.failed:
                self.told = self.told or trouble_of(state)
                if self.told or time.monotonic() > end:
                    (self._folder / BACK).touch()
                    self.gave_back = True
                    return

    def end(self) -> None:
        self._over.set()
        self._thread.join(10)
        self.failed = self.failed or (self._folder / "writes").exists()


def _after(folder: Path, post: Post, sink: Sink, mark: str) -> list[str]:
    if found := desks.unsound(folder):
        return [found]
    faults: list[str] = []
    out = desks.rows(folder, "SELECT state, message_id FROM outbox")[0]
    delivered, filed = sink.times(out["message_id"]), post.sent()[out["message_id"]]
    if out["state"] != S.FILED or delivered != 1 or filed != 1:
        faults.append(f"the reply is {out['state']}, delivered {delivered} times, {filed} times in Sent")
    if waiting := desks.rows(folder, "SELECT count(*) AS n FROM event WHERE seq = 0")[0]["n"]:
        faults.append(f"{waiting} events never reached the team log")
    if waiting := desks.rows(folder, "SELECT count(*) AS n FROM job")[0]["n"]:
        faults.append(f"{waiting} jobs were not done")
    here = desks.rows(folder, "SELECT count(*) AS n FROM message WHERE direction = 'in' AND message_id LIKE ? AND text IS NOT NULL", f"<{mark}%")[0]["n"]
    if here != 4:
        faults.append(f"{here} of 4 mails are here")
    if words := trouble_of(folder / STATE):
        faults.append(f"it still says: {words}")
    return faults
