"""Two windows and two engines on one desk: what both send goes out once, and whoever comes second is told."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.errors import Refused
from faults import desk as desks
from faults import posts
from faults.letters import letter
from faults.sink import Sink
from faults.victim import Victims

pytestmark = pytest.mark.timeout(300)
REPLIES = 6


def both_send(first: Desk, second: Desk, row: int) -> list[str]:
    """The same draft, open in both, sent at the same moment; what each was told."""
    draft = first.writing.draft(row)
    draft.text = f"Dear customer, reply to {row}."
    saved = first.writing.save(draft)
    twin = second.writing.draft(row)
    assert twin.message_id == saved.message_id
    start, told = threading.Barrier(2), []

    def send(desk: Desk, its: object) -> None:
        start.wait(30)
        try:
            desk.writing.send(its, now=True)
            told.append("sent")
        except Refused:
            told.append("refused")

    threads = [threading.Thread(target=send, args=pair) for pair in ((first, saved), (second, twin))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(told)


def test_a_draft_open_in_two_windows_goes_out_once_by_either_engine(tmp_path: Path) -> None:
    with posts.scripted() as post, Sink() as sink, Victims() as victims:
        folder = desks.make(tmp_path / "desk", post, sink)
        for number in range(REPLIES):
            post.put(letter(number))
        assert victims.run({"run": "engine", "desk": str(folder)}) == [0]
        with desks.opened(folder) as first, desks.opened(folder) as second:
            for row in first.queue.ids("all"):
                assert both_send(first, second, row) == ["refused", "sent"]
            out = [row["message_id"] for row in first.database.all("SELECT message_id FROM outbox")]
        assert len(out) == REPLIES
        # Two engines at once, again and again, the one that works being killed; then two that may finish
        for number in range(4):
            ended = victims.run(
                {"run": "turn", "desk": str(folder), "kill_at": 20 + 15 * number}, {"run": "turn", "desk": str(folder), "kill_after": 0.3 + 0.2 * number}
            )
            assert all(status <= 0 for status in ended), (folder / "victim.log").read_text()
        desks.no_pauses(folder)
        assert victims.run({"run": "turn", "desk": str(folder)}, {"run": "turn", "desk": str(folder)}) == [0, 0], (folder / "victim.log").read_text()
        delivered = Counter(one.message_id for one in sink.messages)
        for row in desks.rows(folder, "SELECT message_id, state FROM outbox"):
            times = delivered[row["message_id"]]
            assert (row["state"], times) in ((S.FILED, 1), (S.UNKNOWN, 0), (S.UNKNOWN, 1)), (row["message_id"], row["state"], times)
        assert max(post.sent().values()) == 1
