"""What the engine tells the screen about its channels: rows of the `channel` table, and what concerns the whole desk."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentdesk.config import ChannelConfig, Link
from agentdesk.engine.link import Measure
from agentdesk.store.database import Database, Tx
from agentdesk.store.mail import recount


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
        self._spared = ""

        def change(tx: Tx) -> None:
            tx.execute("INSERT OR IGNORE INTO channel (name, kind) VALUES (?, ?)", (config.name, config.kind))
            tx.execute(  # what an engine that is gone said is no news
                "UPDATE channel SET state = 'new', detail = '', bytes_in = 0, bytes_out = 0, round_trips = 0, link = '', round_trip_ms = 0, bytes_per_second = 0,"
                " spared = '' WHERE name = ?",
                (config.name,),
            )
            recount(tx, config.name)

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

    def set_link(self, link: Link, measure: Measure) -> None:
        """How wide the line is taken to be, and by which figures."""
        values = (link.value, round(measure.round_trip * 1000), round(measure.rate), self.name)

        def change(tx: Tx) -> None:
            tx.execute("UPDATE channel SET link = ?, round_trip_ms = ?, bytes_per_second = ? WHERE name = ?", values)
            tx.touch("channel")

        self._db.write(change)

    def set_spared(self, whose: str) -> None:
        """Whose ceiling for today is reached (desk, channel), or nobody's."""
        if whose == self._spared:
            return

        def change(tx: Tx) -> None:
            tx.execute("UPDATE channel SET spared = ? WHERE name = ?", (whose, self.name))
            tx.touch("channel")

        self._db.write(change)
        self._spared = whose

    @property
    def state(self) -> str:
        return self._state
