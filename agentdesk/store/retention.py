"""Forgetting: conversations older than the desk keeps them leave the local store. The servers' copies are not touched.

What is unfinished is never forgotten: an open conversation, a draft, a reply on its way.
"""

from __future__ import annotations

from agentdesk.store import fetches, fulltext, originals, sent_snippets
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx
from agentdesk.store.partials import Partials

DAY = 24 * 3600 * 1000
BATCH = 20
QUIET = 60
"""Days without mail that are nothing unusual."""


def forget(database: Database, days: int) -> int:
    """Drop conversations whose last message is older than `days` (0: keep everything); returns how many."""
    if days <= 0:
        return 0
    gone = 0
    while found := database.write(lambda tx: _some(tx, days)):
        gone += found
    return gone


def sweep(database: Database, blobs: Blobs, partials: Partials) -> int:
    """Delete the contents that nothing refers to any more, and the beginnings of those nobody waits for; returns how many."""
    used = {
        row[0]
        for row in database.all(
            "SELECT blob FROM attachment UNION SELECT blob FROM draft_file UNION SELECT blob FROM outbox"
            " UNION SELECT value FROM meta WHERE key GLOB 'raw:*'"
        )
    }
    gone = blobs.sweep(used) + partials.sweep(fetches.names(database))
    left = {name for name in partials.sizes() if name.startswith(fetches.ATTACHMENT)}
    begun = database.all("SELECT id FROM attachment WHERE fetched > 0 AND blob = ''")
    lost = [row["id"] for row in begun if fetches.attachment_name(row["id"]) not in left]
    if lost:
        database.write(lambda tx: tx.db.executemany("UPDATE attachment SET fetched = 0 WHERE id = ?", [(each,) for each in lost]))
    return gone


def _today(tx: Tx) -> int:
    """Now, as far as the servers' dates bear it out: a clock that is years ahead must not empty the desk."""
    newest = tx.one("SELECT max(last_in_at) AS at FROM conversation")["at"]
    return min(tx.now, newest + QUIET * DAY) if newest else tx.now


def _some(tx: Tx, days: int) -> int:
    rows = [
        r["row"]
        for r in tx.all(
            "SELECT row FROM conversation c WHERE last_at > 0 AND last_at < ? AND merged_into = 0 AND status IN ('closed', 'waiting')"
            " AND NOT EXISTS (SELECT 1 FROM draft d WHERE d.conversation = c.row)"
            " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.row AND o.state != 'filed') LIMIT ?",
            (_today(tx) - days * DAY, BATCH),
        )
    ]
    for row in rows:
        _drop(tx, row)
    if rows:
        tx.touch("list")
    return len(rows)


def _drop(tx: Tx, row: int) -> None:
    for message in tx.all("SELECT row FROM message WHERE conversation = ?", (row,)):
        fulltext.remove(tx, message["row"])
        tx.execute("DELETE FROM attachment WHERE message = ?", (message["row"],))
        originals.forget(tx, message["row"])
        tx.execute("DELETE FROM place WHERE message = ?", (message["row"],))
        tx.execute("DELETE FROM meta WHERE key = ?", (f"raw:{message['row']}",))
    tx.execute("DELETE FROM draft_file WHERE outbox IN (SELECT id FROM outbox WHERE conversation = ?)", (row,))
    sent_snippets.forget(tx, row)
    for table in ("outbox", "job", "tag", "alias"):
        tx.execute(f"DELETE FROM {table} WHERE conversation = ?", (row,))
    # Their events stay in the team log; here they become orphans and would be found again with the mail.
    tx.execute("UPDATE event SET conversation = 0 WHERE conversation = ?", (row,))
    tx.execute("DELETE FROM message WHERE conversation = ?", (row,))
    tx.execute("DELETE FROM conversation WHERE row = ? OR merged_into = ?", (row, row))
    tx.touch("conversation", row)
