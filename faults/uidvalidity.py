"""UIDs that become others at the worst moments: what hangs on a message stays with it, and none is there twice."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from agentdesk.channels.base import ChannelDown
from agentdesk.desk import Desk
from agentdesk.store.mail import StoredMail
from faults import desk as desks
from faults.cuts import channel
from faults.figures import Figure
from faults.imaptalk import Talk
from faults.letters import Letter, letter, taken_in
from faults.mailbox import Mailbox
from faults.mailserver import FULL, MailServer
from faults.posts import ScriptedPost
from faults.sink import Sink

MESSAGES = 60
MOMENTS = ("idle", "fetching", "appending", "back")
RELINKED = 0.99


class Changing(MailServer):
    """Does something behind the back of a client, once it has answered so often."""

    answers_left = 0

    def __init__(self, mailbox: Mailbox, **options: Any) -> None:
        super().__init__(mailbox, offers=options.get("offers", FULL))
        self.then: Callable[[], None] = lambda: None
        self.drop = False

    def spoil(self, data: bytes, talk: Talk) -> bytes:
        if self.answers_left:
            self.answers_left -= 1
            if not self.answers_left:
                self.then()
                if self.drop:  # as Dovecot does, when a selected mailbox is not what it was
                    return data + b"* BYE the mailbox has changed\r\n"
        return data


def renumber(box: Mailbox, name: str, draw: random.Random) -> None:
    """As from a restored backup: another UIDVALIDITY, other UIDs, perhaps one message less and one more."""
    with box.changed:
        folder = box.folders[name]
        folder.renumber(folder.uidvalidity + draw.randrange(1, 1000), draw.choice((1, 1, 500)))
        box.changed.notify_all()


def changes(rounds: int, seed: int = 1) -> Figure:
    """One desk with notes, drafts, assignments and tags on many conversations, and UIDs that change in every round."""
    figure = Figure("UIDVALIDITY that changes")
    draw = random.Random(seed)
    post = ScriptedPost()
    with closing(post), Sink() as sink, tempfile.TemporaryDirectory(prefix="faults-") as made:
        box = post.mailbox
        for number in range(MESSAGES):
            box.put("INBOX", letter(number, with_id=False), flags=["\\Seen"] if number % 3 == 0 else [])
        folder = desks.make(Path(made) / "desk", post, sink)
        server = Changing(box)
        with closing(server), desks.opened(folder) as desk:
            desk.database.write(lambda tx: tx.execute("INSERT OR IGNORE INTO channel (name, kind) VALUES ('support', 'imap')"))
            bring(server, desk)
            marked = _mark(desk)
            before = _links(desk)
            for number in range(1, rounds + 1):
                figure.rounds += 1
                moment = draw.choice(MOMENTS)
                _disturb(server, desk, moment, draw, number)
                bring(server, desk)
                now = _links(desk)
                same = sum(now.get(subject) == row for subject, row in before.items()) / len(before)
                words = f"round {number}, {moment}"
                figure.expect(same >= RELINKED, f"{words}: {same:.1%} relinked")
                figure.expect(_mark_missing(desk, marked) == "", f"{words}: {_mark_missing(desk, marked)}")
                figure.failures += [f"{words}: {fault}" for fault in _places_wrong(desk, box)]
            twice = desk.database.value("SELECT count(*) FROM (SELECT subject FROM message GROUP BY channel, subject, direction HAVING count(*) > 1)")
            figure.expect(not twice, f"{twice} messages are there twice")
            figure.notes["relinked"] = f"{sum(_links(desk).get(s) == r for s, r in before.items())} of {len(before)}"
            figure.failures += [f"the server itself failed: {one!r}" for one in server.failures]
    return figure.done()


def bring(server: MailServer, desk: Desk) -> None:
    """By a connection that nothing happens to."""
    with closing(channel(server.port, StoredMail(desk.database, "support", desk.rules))) as one:
        one.open()
        for _ in range(200):
            if one.refresh():
                return
        raise AssertionError("it never ends")


def _disturb(server: Changing, desk: Desk, moment: str, draw: random.Random, number: int) -> None:
    box = server.mailbox
    server.drop = draw.random() < 0.5
    old = {name: (folder.uidvalidity, folder.uidnext, [one.uid for one in folder.messages]) for name, folder in box.folders.items()}

    def change() -> None:
        renumber(box, "INBOX", draw)
        if moment == "appending":
            renumber(box, "Sent", draw)

    def back() -> None:
        """A backup put back, then the mailbox as it was after all."""
        renumber(box, "INBOX", draw)
        with box.changed:
            folder = box.folders["INBOX"]
            folder.uidvalidity, folder.uidnext = old["INBOX"][0], old["INBOX"][1]
            for one, uid in zip(folder.messages, old["INBOX"][2], strict=True):
                one.uid = uid

    server.then = back if moment == "back" else change
    if moment == "fetching":
        renumber(box, "INBOX", draw)  # there is something to fetch
    with closing(channel(server.port, StoredMail(desk.database, "support", desk.rules))) as one:
        try:
            one.open()
            server.answers_left = draw.randrange(1, 9)
            for _ in range(30):
                if one.refresh():
                    break
            if moment == "appending":
                server.answers_left = draw.randrange(1, 3)
                sent = _reply(number)
                one.file(sent.raw, box.folders["INBOX"].messages[0].at)
            else:
                server.answers_left = 1
                one.wait(0.05)
            one.refresh()
        except ChannelDown:
            pass
        finally:
            server.answers_left = 0


def _reply(number: int) -> Letter:
    return taken_in(
        b"From: support@casaverde.example\r\nTo: maria@post1.example\r\nSubject: filed %d\r\nMessage-ID: <filed%d@casaverde.example>\r\n\r\nYes.\r\n" % (number, number)
    )


def _mark(desk: Desk) -> dict[int, str]:
    """Something of the agent's own on every conversation; which."""
    marked: dict[int, str] = {}
    for number, row in enumerate(sorted(desk.queue.ids("all"))):
        match number % 4:
            case 0:
                desk.work.note([row], f"note {number}")
            case 1:
                desk.work.assign([row], desk.config.agent_email)
            case 2:
                draft = desk.writing.draft(row)
                draft.text = f"draft {number}"
                desk.writing.save(draft)
            case _:
                desk.work.tag([row], add=[f"tag{number}"])
        marked[row] = ("note", "assigned", "draft", "tag")[number % 4] + f" {number}"
    return marked


def _mark_missing(desk: Desk, marked: dict[int, str]) -> str:
    for row, what in marked.items():
        kind, _, number = what.partition(" ")
        items = desk.reading.thread(row)
        known = desk.queue.row(row)
        here = known is not None and {
            "note": any(item.text == f"note {number}" for item in items),
            "assigned": known.assignee == desk.config.agent_email,
            "draft": bool(desk.database.value("SELECT 1 FROM draft WHERE conversation = ? AND text = ?", (row, f"draft {number}"))),
            "tag": f"tag{number}" in known.tags,
        }[kind]
        if not here:
            return f"the {what} of conversation {row} is gone"
    return ""


def _links(desk: Desk) -> dict[str, int]:
    """Subject -> row, of the customers' messages that lie somewhere."""
    return {
        row["subject"]: row["row"]
        for row in desk.database.all("SELECT m.subject, m.row FROM message m JOIN place p ON p.message = m.row WHERE p.folder = 'INBOX' AND NOT m.gone")
    }


def _places_wrong(desk: Desk, box: Mailbox) -> list[str]:
    with box.lock:
        there = {(folder.name, one.uid) for folder in box.folders.values() for one in folder.messages}
    here = {(row["folder"], row["uid"]) for row in desk.database.all("SELECT folder, uid FROM place")}
    return [] if here == there else [f"places {sorted(there - here)[:3]} are missing, {sorted(here - there)[:3]} are too many"]
