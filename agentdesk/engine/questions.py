"""What the engine wants from the agent: rows of the table `question`, which the screen shows. Answers come down the pipe, never through the store."""

from __future__ import annotations

from agentdesk.store.database import Tx


def forget_all(tx: Tx) -> None:
    """Those of an engine that is gone."""
    tx.execute("DELETE FROM question")
    tx.touch("question")


def ask(tx: Tx, kind: str, channel: str, text: str) -> None:
    """One question a channel. `password`: to be typed; `login`: to be done with `agentdesk login`."""
    if tx.one("SELECT 1 FROM question WHERE kind = ? AND data = ? AND text = ?", (kind, channel, text)) is not None:
        return  # asked already; a new number would close the form that is being filled in
    tx.execute("DELETE FROM question WHERE data = ?", (channel,))
    tx.execute("INSERT INTO question (kind, text, data, asked_at) VALUES (?, ?, ?, ?)", (kind, text, channel, tx.now))
    tx.touch("question")


def answered(tx: Tx, channel: str) -> None:
    """The channel goes on; what waits to be sent on it is tried at once."""
    tx.execute("DELETE FROM question WHERE data = ?", (channel,))
    tx.execute("UPDATE outbox SET next_try_at = 0 WHERE channel = ? AND state = 'queued'", (channel,))
    tx.execute("UPDATE channel SET out_detail = '', out_until = 0 WHERE name = ?", (channel,))
    tx.touch("question")
