"""Messages whose row came first and the rest of whose header comes with the next flight.

Until it is here nobody vouches for the sender and a machine's mail counts as a person's; both are put right in one transaction.
A crash in between leaves the mark, so the rest is asked for again.
"""

from __future__ import annotations

import zlib

from agentdesk.domain.mailbox import Finished
from agentdesk.domain.message import Direction, Verified
from agentdesk.store import cautions, originals
from agentdesk.store.database import Database, Tx
from agentdesk.store.rules import Rules


def waiting(database: Database, channel: str, limit: int) -> list[tuple[int, bytes]]:
    """(message, what is here of its header), newest first."""
    rows = database.all(
        "SELECT m.row, s.content FROM message m JOIN source s ON s.message = m.row AND s.section = ?"
        " WHERE m.lean != 0 AND m.channel = ? AND m.gone = 0 ORDER BY m.at DESC LIMIT ?",
        (originals.HEADER, channel, limit),
    )
    return [(row["row"], zlib.decompress(row["content"])) for row in rows]


def finish(tx: Tx, message: int, whole: Finished, rules: Rules) -> int:
    """Returns its conversation, to be refreshed; 0 if there is no such message any more."""
    known = tx.one("SELECT conversation, direction, from_address, text FROM message WHERE row = ?", (message,))
    if known is None:
        return 0
    envelope = whole.envelope
    theirs = known["from_address"].strip().lower() == envelope.sender.identity
    # Else our own contact form sent it in a customer's name: whoever vouches for the form does not vouch for them
    verified = envelope.verified if theirs else Verified.NONE
    tx.execute(
        "UPDATE message SET lean = 0, automatic = ?1, verified = ?2, problem = CASE problem WHEN '' THEN ?3 ELSE problem END WHERE row = ?4",
        (envelope.automatic, verified, envelope.problem, message),
    )
    if whole.header:
        originals.keep(tx, message, originals.HEADER, whole.header)
    if whole.structure:
        originals.keep(tx, message, originals.STRUCTURE, whole.structure)
    if theirs and known["direction"] == Direction.IN and known["text"] is None:
        found = cautions.at_arrival(tx, known["conversation"], envelope, rules)
        tx.execute("UPDATE message SET cautions = ? WHERE row = ?", (found, message))
    return int(known["conversation"])
