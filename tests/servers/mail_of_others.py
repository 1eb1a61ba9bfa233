"""All of ../shared/mail in a desk on a Dovecot: kept byte for byte, and read as its sources expect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentdesk.desk import Desk
from tests import mail_figures
from tests.mail_figures import Tally
from tests.servers.corpus import Compared, MailDesk
from tests.servers.dovecot import Dovecot


@dataclass
class Found:
    messages: int
    kept: int
    """Of several with the same Message-ID, sender and subject, one is."""
    tracebacks: int
    compared: Compared
    subjects: Tally
    senders: Tally
    texts: Tally
    machines: Tally
    people: Tally


@contextmanager
def bring_in(server: Dovecot, folder: Path, shared: Path) -> Iterator[Found]:
    """Bring all in, whole messages too, and look."""
    desk = MailDesk(folder, server)
    # Fixtures of one project share a Message-ID, so one of them is kept: the last, which the newest window brings in first
    paths = sorted((path for path in mail_figures.messages(shared) if path.stat().st_size), key=lambda path: "auto_reply" in path.name)
    desk.fill([path.read_bytes() for path in paths])
    assert desk.sync().channels["support"].state == "ready"
    with Desk.open(desk.config) as opened:
        rows = desk.rows(opened)
        assert len(rows) == len(paths)
        for row in sorted(set(rows.values())):
            opened.files.want_raw(row)
    assert desk.sync().channels["support"].state == "ready"
    log = folder / "state" / "engine.log"
    with Desk.open(desk.config) as opened:
        uids = {path: number for number, path in enumerate(paths, 1)}

        def read(path: Path) -> mail_figures.Read:
            m = opened.database.one("SELECT * FROM message WHERE row = ?", (rows[uids[path]],))
            return mail_figures.Read(m["subject"], m["from_name"], m["from_address"], f"{m['text']}\n{m['quoted']}", bool(m["automatic"]))

        yield Found(
            len(paths), len(set(rows.values())), log.read_text("utf-8", "replace").count("Traceback") if log.exists() else 0, desk.compare(opened),
            mail_figures.subjects(shared, read), mail_figures.senders(shared, read), mail_figures.texts(shared, read),
            mail_figures.machines(shared, read), mail_figures.people(shared, read),
        )  # fmt: skip
