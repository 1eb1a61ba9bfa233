"""What is old leaves the store; what is unfinished stays."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentdesk.desk import Desk
from agentdesk.store import retention
from agentdesk.store.partials import Partials
from tests.desks import JAN, MARIA, Mailbox, desk_config


def test_old_closed_conversations_go_and_the_rest_stays(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with Desk.open(desk_config(tmp_path)) as desk:
        mailbox = Mailbox(desk)
        mailbox.bring("old", "una cosa vecchia", at=now - timedelta(days=40))
        mailbox.bring("open", "an old open thing", sender=JAN, subject="Open", at=now - timedelta(days=40))
        mailbox.bring("new", "una cosa nuova", subject="Nuova", at=now - timedelta(days=1))
        rows = {r.subject: r.row for r in desk.queue.rows(desk.queue.ids("all"))}
        desk.work.close([rows["Dov'è il mio ordine?"], rows["Nuova"]])
        draft = desk.writing.draft(rows["Nuova"])
        draft.text = "kept"
        desk.writing.save(draft)
        assert retention.forget(desk.database, 0) == 0
        assert retention.forget(desk.database, 30) == 1
        assert {r.subject for r in desk.queue.rows(desk.queue.ids("all"))} == {"Open", "Nuova"}
        assert len(desk.queue.ids("all", "vecchia")) == 0
        assert len(desk.queue.ids("all", "nuova")) == 1
        desk.database.write(lambda tx: tx.execute("INSERT INTO search (search) VALUES ('integrity-check')"))
        assert desk.reading.panel(rows["Nuova"]).customer.address == MARIA.address


def test_contents_that_nothing_refers_to_any_more_leave_the_disk(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path)) as desk:
        Mailbox(desk).bring("a", "Ciao")
        draft = desk.writing.save(desk.writing.draft(desk.queue.ids("all")[0]))
        file = tmp_path / "label.pdf"
        file.write_bytes(b"label")
        desk.writing.attach(draft.id, file)
        kept, new = desk.blobs.put(b"label"), desk.blobs.put(b"just arrived")
        old = desk.blobs.put(b"of a conversation that was forgotten")
        for blob in (tmp_path / "state" / "blobs").rglob("*"):
            if blob.is_file() and blob.name != new:
                os.utime(blob, (1, 1))
        assert retention.sweep(desk.database, desk.blobs, Partials(tmp_path / "state" / "blobs" / "partial")) == 1
        assert [desk.blobs.get(digest) is not None for digest in (kept, new, old)] == [True, True, False]
