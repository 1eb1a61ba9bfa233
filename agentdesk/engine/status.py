"""What the engine tells the screen about its channels: rows of the `channel` table, and what concerns the whole desk."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentdesk.channels.base import Usage
from agentdesk.config import ChannelConfig, Link
from agentdesk.store.database import Database, Tx


def tell(database: Database, faults: Sequence[str]) -> None:
    """What the agent should know of the desk as a whole; the window reads it as `Reading.engine_faults`."""

    def change(tx: Tx) -> None:
        tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('desk_faults', ?)", (json.dumps(list(faults)),))
        tx.touch("channel")

    database.write(change)


class ChannelStatus:
    """One channel's row."""

    def __init__(self, database: Database, config: ChannelConfig) -> None:
        self._db, self.name = database, config.name
        self._state = ""
        self._detail = ""
        self._used = Usage()
        self._link: Link | None = None

        def change(tx: Tx) -> None:
            tx.execute("INSERT OR IGNORE INTO channel (name, kind) VALUES (?, ?)", (config.name, config.kind))
            tx.execute("UPDATE channel SET bytes_in = 0, bytes_out = 0, round_trips = 0 WHERE name = ?", (config.name,))

        database.write(change)

    def set(self, state: str, detail: str = "") -> None:
        """new, connecting, syncing, ready, down, refused, offline; `detail` is for the agent."""
        if (state, detail) == (self._state, self._detail):
            return

        def change(tx: Tx) -> None:
            reached = ", reached_at = :now" if state in ("ready", "syncing") else ""
            tx.execute(
                f"UPDATE channel SET state = :state, detail = :detail{reached} WHERE name = :name",
                {"state": state, "detail": detail, "name": self.name, "now": tx.now},
            )
            tx.touch("channel")

        self._db.write(change)
        self._state, self._detail = state, detail

    def set_link(self, link: Link) -> None:
        """How wide the line is taken to be: normal or thin."""
        if link == self._link:
            return
        self._link = link

        def change(tx: Tx) -> None:
            tx.execute("UPDATE channel SET link = ? WHERE name = ?", (link.value, self.name))
            tx.touch("channel")

        self._db.write(change)

    @property
    def state(self) -> str:
        return self._state

    def count(self, usage: Usage) -> None:
        """Add what the connection used since the last call."""
        used = usage.since(self._used)
        if not (used.bytes_in or used.bytes_out or used.round_trips):
            return
        self._used = usage.copy()

        def change(tx: Tx) -> None:
            tx.execute(
                "UPDATE channel SET bytes_in = bytes_in + ?, bytes_out = bytes_out + ?, round_trips = round_trips + ? WHERE name = ?",
                (used.bytes_in, used.bytes_out, used.round_trips, self.name),
            )
            tx.touch("channel")

        self._db.write(change)
