"""Who gets a mail, and what became of each: written before an attempt and after it, so that nobody is handed it twice.

    waiting -> trying -> accepted | refused | unknown          refused for now: waiting again

A row of the outbox that was accepted may have recipients that wait: the server took it for the others, and these get an attempt of
their own, with the same message and the same Message-ID.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentdesk.locale import say
from agentdesk.store.database import Database, Tx

LONGEST_PAUSE = 2 * 3600_000
# A pause that ends later than any can be, or was written by a clock that shows less now, was written before the clock was set back.
_DUE_AT = "CASE WHEN r.next_try_at > :now + :longest OR r.tried_at > :now + 1000 THEN 0 ELSE r.next_try_at END"
_WAITING = (
    "FROM recipient r JOIN outbox o ON o.id = r.outbox WHERE r.state = 'waiting' AND o.state IN ('accepted', 'filed') AND o.channel = :channel"
)


@dataclass(frozen=True, slots=True)
class Recipient:
    address: str
    state: str  # waiting | trying | accepted | refused | unknown
    detail: str
    attempts: int
    next_try_at: int


def of(db: Tx | sqlite3.Connection, row: int) -> list[Recipient]:
    """Those of one reply; none before its first attempt."""
    found = db.execute("SELECT * FROM recipient WHERE outbox = ? ORDER BY address", (row,)).fetchall()
    return [Recipient(r["address"], r["state"], r["detail"], r["attempts"], r["next_try_at"]) for r in found]


def begin(tx: Tx, row: int, addresses: Iterable[str] = (), *, due: bool = False) -> tuple[str, ...]:
    """Record an attempt for everybody who waits (`due`: whose pause is over), before it is made; those it is for."""
    for address in addresses:
        tx.execute("INSERT OR IGNORE INTO recipient (outbox, address) VALUES (?, ?)", (row, address))
    now = {"row": row, "now": tx.now, "longest": LONGEST_PAUSE}
    when = f" AND {_DUE_AT} <= :now" if due else ""
    chosen = tx.all(f"SELECT address FROM recipient r WHERE outbox = :row AND state = 'waiting'{when}", now)
    for one in chosen:
        tx.execute(
            "UPDATE recipient SET state = 'trying', attempts = attempts + 1, tried_at = ? WHERE outbox = ? AND address = ?",
            (tx.now, row, one["address"]),
        )
    return tuple(one["address"] for one in chosen)


def settle(tx: Tx, row: int, state: str, *, refused: Collection[str] = (), later: Collection[str] = (), answers: Mapping[str, str] | None = None,
           detail: str = "", next_try_at: int = 0) -> None:  # fmt: skip
    """What became of an attempt: `state` for those it was for, besides those refused and those refused for now."""
    said = answers or {}
    for one in tx.all("SELECT address FROM recipient WHERE outbox = ? AND state = 'trying'", (row,)):
        address = one["address"]
        became = "refused" if address in refused else "waiting" if address in later else state
        tx.execute(
            "UPDATE recipient SET state = ?, detail = ?, next_try_at = ? WHERE outbox = ? AND address = ?",
            (became, said.get(address, "" if became == "accepted" else detail), next_try_at if became == "waiting" else 0, row, address),
        )
    _count_refused(tx, row)


def _count_refused(tx: Tx, row: int) -> None:
    names = [r["address"] for r in tx.all("SELECT address FROM recipient WHERE outbox = ? AND state = 'refused' ORDER BY address", (row,))]
    tx.execute("UPDATE outbox SET refused = ? WHERE id = ?", (json.dumps(names, ensure_ascii=False), row))


def recover(tx: Tx, channel: str) -> int:
    """Whoever was being tried when the engine died may have it or not. Returns how many replies that were out had such a one."""
    rows = tx.all(
        "SELECT DISTINCT o.id, o.state FROM recipient r JOIN outbox o ON o.id = r.outbox WHERE r.state = 'trying' AND ? IN ('', o.channel)",
        (channel,),
    )
    out = 0
    for row in rows:
        tried = "unknown" if row["state"] in {"unknown", "accepted", "filed"} else "waiting"
        settle(tx, row["id"], tried, detail=say("store.ended_while_sending"))
        if row["state"] in {"accepted", "filed"}:
            out += 1
            look(tx, row["id"])
    return out


def look(tx: Tx, row: int) -> None:
    """The agent is to look at what became of some recipients of a reply that went out."""
    tx.execute("UPDATE outbox SET look = 1 WHERE id = ?", (row,))
    conversation = tx.one("SELECT conversation FROM outbox WHERE id = ?", (row,))["conversation"]
    tx.touch("outbox", row)
    tx.touch("list")
    if conversation:
        tx.touch("conversation", conversation)


def arrived(tx: Tx, row: int) -> None:
    """It is known that it did go out: for everybody it was unknown of."""
    tx.execute("UPDATE recipient SET state = 'accepted', detail = '' WHERE outbox = ? AND state IN ('unknown', 'trying')", (row,))
    _count_refused(tx, row)


def again(tx: Tx, row: int, states: Sequence[str]) -> None:
    """The agent said: once more, for those who refused it or may not have it."""
    marks = ", ".join(f"'{state}'" for state in states)
    tx.execute(f"UPDATE recipient SET state = 'waiting', next_try_at = 0 WHERE outbox = ? AND state IN ({marks})", (row,))
    _count_refused(tx, row)


def again_now(tx: Tx, row: int) -> None:
    """The whole reply waits, and with it its pause: no recipient has one of their own."""
    tx.execute("UPDATE recipient SET next_try_at = 0 WHERE outbox = ? AND state = 'waiting'", (row,))


def give_up(tx: Tx, row: int) -> None:
    """The agent said: not for those who wait."""
    tx.execute("UPDATE recipient SET state = 'refused', detail = ? WHERE outbox = ? AND state = 'waiting'", (say("store.given_up"), row))
    _count_refused(tx, row)


def due(db: Database, channel: str, now: int) -> list[int]:
    """Replies that are out and have recipients whose next attempt can be made now."""
    rows = db.all(f"SELECT DISTINCT o.id {_WAITING} AND {_DUE_AT} <= :now ORDER BY o.id", {"channel": channel, "now": now, "longest": LONGEST_PAUSE})
    return [row["id"] for row in rows]


def seconds_to_next(db: Database, channel: str, now: int, most: float) -> float:
    """How long none of them is due, at most `most`."""
    moment = db.value(f"SELECT min({_DUE_AT}) {_WAITING}", {"channel": channel, "now": now, "longest": LONGEST_PAUSE})
    return most if moment is None else max(0.0, min(most, (moment - now) / 1000))
