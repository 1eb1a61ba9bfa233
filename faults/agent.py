"""An agent at work, in a process that may be killed: what was acknowledged to her is written down, one line each, after it was."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentdesk.desk import Desk
from agentdesk.domain.conversation import Priority
from agentdesk.errors import Refused
from faults.desk import opened

ACKNOWLEDGED = "acknowledged"
ACTIONS = 12


def work(folder: Path, seed: int) -> None:
    """Some actions on some conversations; the seed says which, and makes every text one of its own."""
    draw = random.Random(seed)
    log = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with opened(folder) as desk:
        for number in range(ACTIONS):
            every = desk.queue.ids("all")
            if not every:
                return
            said = _act(desk, draw.choice(every), draw, f"{seed}-{number}")
            if said:
                os.write(log, json.dumps(said).encode() + b"\n")


def _act(desk: Desk, row: int, draw: random.Random, mark: str) -> dict[str, object]:
    target = desk.database.value("SELECT target FROM conversation WHERE row = ?", (row,))
    match draw.choice(("note", "tag", "seen", "seen", "close", "draft", "draft", "send", "priority", "snooze")):
        case "note":
            desk.work.note([row], f"note {mark}")
            return {"note": f"note {mark}", "target": target}
        case "tag":
            desk.work.tag([row], add=[f"t{mark}"])
            return {"tag": f"t{mark}", "target": target}
        case "seen":
            seen = draw.random() < 0.5
            desk.work.seen([row], seen)
            return {"seen": seen, "target": target}
        case "close":
            desk.work.close([row])
            return {"closed": mark, "target": target}
        case "priority":
            desk.work.priority([row], draw.choice(list(Priority)))
            return {}
        case "snooze":
            desk.work.snooze([row], datetime.now(UTC) + timedelta(hours=1))
            return {}
        case "draft":
            draft = desk.writing.draft(row)
            draft.text = f"Dear customer, text {mark}"
            saved = desk.writing.save(draft)
            return {"draft": saved.id, "text": saved.text, "message_id": saved.message_id}
        case _:
            draft = desk.writing.draft(row)
            draft.text = f"Dear customer, sent {mark}"
            try:
                desk.writing.send(desk.writing.save(draft))
            except Refused:  # overtaken by what a window of an earlier life did
                return {}
            return {"sent": draft.message_id, "text": draft.text}
