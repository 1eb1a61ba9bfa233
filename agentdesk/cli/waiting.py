"""Waiting for the engine from the command line: one is started if none runs, and ended when what was waited for has happened."""

from __future__ import annotations

import time
from collections.abc import Callable

from agentdesk.cli.output import talk
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.domain.conversation import MessageState
from agentdesk.errors import Unreachable
from agentdesk.locale import say
from agentdesk.secrets import fetch_all

TEXT_PATIENCE = 60.0
"""Seconds for the texts of one conversation."""
SEND_PATIENCE = 300.0
POLL = 0.1
DONE = frozenset({MessageState.ACCEPTED, MessageState.FILED})
NEEDS_AGENT = frozenset({MessageState.REJECTED, MessageState.UNKNOWN, MessageState.CONFLICT})
UNREACHABLE = Unreachable.exit_status


def _until(desk: Desk, ready: Callable[[], bool], patience: float, ending: str) -> bool:
    """Run an engine (it waits while another holds the desk) until `ready`, looked at after each change; False if it took too long."""
    if ready():
        return True
    changes = desk.changes()
    engine = EngineProcess(desk.config, fetch_all(desk.config))
    engine.start()
    end = time.monotonic() + patience
    try:
        while time.monotonic() < end:
            if changes.poll() and ready():
                return True
            if not engine.watch():
                return ready()
            if any(channel.state == "refused" for channel in desk.reading.channels()):
                return ready()
            time.sleep(POLL)
        return ready()
    finally:
        engine.stop(ending)
        changes.close()


def bring_texts(desk: Desk, conversation: int) -> int:
    """Ask for the texts of a conversation that are not here and wait; exit status 3 if they did not come."""

    def missing() -> list[int]:
        return [item.row for item in desk.reading.thread(conversation) if item.row and item.text is None and not item.problem]

    for message in missing():
        desk.reading.want_text(message)
    if _until(desk, lambda: not missing(), TEXT_PATIENCE, "now"):
        return 0
    talk(say("cli.texts_not_here"))
    _say_channels(desk)
    return UNREACHABLE


def send_and_wait(desk: Desk, outbox_id: int) -> int:
    """Until a reply is accepted: 0; it needs the agent: 1; no server was reached: 3."""
    # In the background it ends by itself when the copy is filed, too.
    _until(desk, lambda: desk.writing.state(outbox_id) in DONE | NEEDS_AGENT | {None}, SEND_PATIENCE, "background")
    entry = next((entry for entry in desk.writing.outbox() if entry.id == outbox_id), None)
    if entry is None or entry.state in DONE:
        talk(say("cli.reply_accepted"))
        return 0
    talk(say("cli.reply_state", state=entry.state.value, detail=entry.detail or "-"))
    if entry.state in NEEDS_AGENT:
        return 1
    _say_channels(desk)
    return UNREACHABLE


def _say_channels(desk: Desk) -> None:
    for channel in desk.reading.channels():
        if channel.state in {"down", "refused"}:
            talk(f"{channel.name}: {channel.detail or channel.state}")
