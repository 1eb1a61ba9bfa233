"""Waiting for the engine from the command line: one is started if none runs, and ended when what was waited for has happened."""

from __future__ import annotations

import time
from collections.abc import Callable

from agentdesk.cli.output import talk
from agentdesk.config import Link
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.desk.facts import OutboxFact
from agentdesk.domain.conversation import MessageState
from agentdesk.errors import Unreachable
from agentdesk.locale import say
from agentdesk.secrets import fetch_all

TEXT_PATIENCE = 60.0
"""Seconds for the texts of one conversation."""
SEND_PATIENCE = 300.0
PACKS_PATIENCE = 150.0
POLL = 0.1
DONE = frozenset({MessageState.ACCEPTED, MessageState.FILED})
NEEDS_AGENT = frozenset({MessageState.REJECTED, MessageState.UNKNOWN, MessageState.CONFLICT})
LOST = frozenset({"down", "refused", "offline"})
UNREACHABLE = Unreachable.exit_status


def _until(desk: Desk, ready: Callable[[], bool], hopeless: Callable[[], bool], patience: float, ending: str) -> bool:
    """Run an engine (it waits while another holds the desk) until `ready`; False if it is hopeless or takes too long.

    Both are looked at after each change; `hopeless` only once the channels' states are those of a running engine.
    """
    if ready():
        return True
    changes = desk.changes()
    engine = EngineProcess(desk.config, fetch_all(desk.config))
    engine.start()
    end = time.monotonic() + patience
    done = tried = False
    try:
        while not done and time.monotonic() < end and engine.watch():
            topics = {topic for topic, _ in changes.poll()}
            tried = tried or "channel" in topics
            if topics:
                done = ready()
                if not done and tried and hopeless():
                    break
            if not done:
                time.sleep(POLL)
        return done or ready()
    finally:
        engine.stop(ending if done else "now")
        changes.close()


def bring_texts(desk: Desk, conversation: int) -> int:
    """Ask for the texts of a conversation that are not here and wait; exit status 3 if they did not come."""

    def missing() -> list[int]:
        return [item.row for item in desk.reading.thread(conversation) if item.row and item.text is None and not item.problem]

    for message in missing():
        desk.reading.want_text(message)
    name = desk.queue.rows([conversation])[0].channel

    def lost() -> bool:
        return any(channel.name == name and channel.state in LOST for channel in desk.reading.channels())

    if _until(desk, lambda: not missing(), lost, TEXT_PATIENCE, "now"):
        return 0
    talk(say("cli.texts_not_here"))
    say_channels(desk)
    return UNREACHABLE


def bring_packs(desk: Desk) -> bool:
    """Have the packs fetched that come from elsewhere, and wait; False if that was not done in time."""
    if not desk.packs.pull():
        return True
    if desk.usage.link() is Link.OFFLINE:
        talk(say("packs.asked_offline"))
        return False

    def settled() -> bool:
        return not any(source.wanted for source in desk.packs.sources())

    return _until(desk, settled, lambda: False, PACKS_PATIENCE, "now")


def send_and_wait(desk: Desk, outbox_id: int) -> int:
    """Until a reply is accepted: 0; it needs the agent: 1; no server was reached: 3, and it stays in the outbox."""

    def entry() -> OutboxFact | None:
        return next((each for each in desk.writing.outbox() if each.id == outbox_id), None)

    def settled() -> bool:
        found = entry()
        return found is None or found.state in DONE | NEEDS_AGENT

    def deferred() -> bool:
        """It was tried in vain, or is not tried because the mailbox can't be looked through before."""
        found = entry()
        lost = found is not None and any(c.name == found.channel and c.state in LOST for c in desk.reading.channels())
        return found is not None and found.state is MessageState.QUEUED and (found.attempts > 0 or lost)

    # In the background it ends by itself when the copy is filed, too.
    _until(desk, settled, deferred, SEND_PATIENCE, "background")
    found = entry()
    if found is None or found.state in DONE:
        talk(say("cli.reply_accepted"))
        return 0
    talk(say("cli.reply_state", state=found.state.value, detail=found.detail or "-"))
    if found.state in NEEDS_AGENT:
        return 1
    say_channels(desk)
    return UNREACHABLE


def say_channels(desk: Desk) -> None:
    for channel in desk.reading.channels():
        if channel.state in LOST:
            talk(f"{channel.name}: {channel.detail or channel.state}")
