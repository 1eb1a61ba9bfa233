"""A winmail.dat that was fetched because somebody wanted it: what is in it becomes attachments of the message, here at once."""

from __future__ import annotations

from agentdesk.domain.clean import clean_line, file_name
from agentdesk.mail import inner, tnef
from agentdesk.mail.parts import type_of
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx
from agentdesk.store.jobs import Job

_MOST = 64 << 20
"""Bytes of one that is opened; its reader goes through it once."""


def unpack(database: Database, blobs: Blobs, job: Job, content: bytes) -> None:
    """List the files of an attachment that is a winmail.dat; nothing for any other, or where they are listed already."""
    if job.kind != "part" or content[:4] != tnef.SIGNATURE or len(content) > _MOST:
        return
    files = [(file, blobs.put(file.content)) for file in tnef.read(content).files]

    def change(tx: Tx) -> None:
        row = tx.one("SELECT message, part FROM attachment WHERE id = ?", (job.data["attachment"],))
        if row is None or tx.one("SELECT 1 FROM attachment WHERE message = ? AND part GLOB ?", (row["message"], f"{row['part']}!*")):
            return
        for index, (file, digest) in enumerate(files):
            name = file_name(file.name, f"file-{index + 1}.bin")
            kind = clean_line(file.type)[:100] if "/" in file.type else type_of(name)
            tx.execute(
                "INSERT OR IGNORE INTO attachment (message, part, name, type, size, blob) VALUES (?, ?, ?, ?, ?, ?)",
                (row["message"], inner.address(row["part"], "tnef", "", index), name, kind, len(file.content), digest),
            )
        tx.touch("conversation", job.conversation)

    if files:
        database.write(change)
