"""Work done while the line comes and goes ends where the same work ends on a line that holds."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentdesk.channels.base import Attempt, ChannelDown, Outcome, Trace
from agentdesk.desk import Desk
from agentdesk.domain.conversation import Priority
from agentdesk.engine import team
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.filing import Filing
from agentdesk.engine.service import MailJobs, Service
from agentdesk.store.team import LocalTeamLog
from tests.desks import Mailbox, desk_config
from tests.unit.test_engine_delivery import at_once

LUCA = "luca@casaverde.example"
CONVERSATIONS = ("a", "b", "c")
TOMORROW = datetime.now(UTC) + timedelta(days=1)
VERBS = {
    "claim": lambda desk, row: desk.work.claim([row]),
    "assign": lambda desk, row: desk.work.assign([row], LUCA),
    "release": lambda desk, row: desk.work.assign([row], ""),
    "close": lambda desk, row: desk.work.close([row]),
    "reopen": lambda desk, row: desk.work.reopen([row]),
    "wait": lambda desk, row: desk.work.wait([row]),
    "snooze": lambda desk, row: desk.work.snooze([row], TOMORROW),
    "tag": lambda desk, row: desk.work.tag([row], ["vip"]),
    "untag": lambda desk, row: desk.work.tag([row], [], ["vip"]),
    "note": lambda desk, row: desk.work.note([row], "Chiamato il corriere."),
    "urgent": lambda desk, row: desk.work.priority([row], Priority.URGENT),
    "spam": lambda desk, row: desk.work.spam([row], True),
    "no spam": lambda desk, row: desk.work.spam([row], False),
    "read": lambda desk, row: desk.work.seen([row], True),
    "unread": lambda desk, row: desk.work.seen([row], False),
    "undo": lambda desk, row: desk.work.undo(),
}


@dataclass
class Server:
    """A mailbox and a way out behind a line that is up for `left` more questions; None: for ever."""

    left: int | None = None
    seen: dict[int, bool] = field(default_factory=dict)
    folder: dict[int, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    filed: list[str] = field(default_factory=list)
    files_sent_itself = False

    def _ask(self) -> None:
        if self.left is not None:
            if self.left <= 0:
                raise ChannelDown("no line")
            self.left -= 1

    def _answer(self) -> None:
        """The line may go after the server did what it was asked."""
        if self.left == 0:
            raise ChannelDown("no line")

    def set_seen(self, message: int, *, seen: bool) -> None:
        self._ask()
        self.seen[message] = seen
        self._answer()

    def move(self, message: int, role: str) -> None:
        self._ask()
        self.folder[message] = role
        self._answer()

    def is_filed(self, message_id: str) -> bool:
        self._ask()
        return message_id in self.filed

    def traces(self, message_id: str, since: datetime) -> Trace:
        return Trace.NONE

    def file(self, content: bytes, sent_at: datetime) -> None:
        self._ask()
        line = next(line for line in content.split(b"\r\n") if line.lower().startswith(b"message-id:"))
        self.filed.append(line.split(b":", 1)[1].strip().decode())
        self._answer()

    def send(self, outgoing, conversation: str) -> Attempt:
        try:
            self._ask()
        except ChannelDown as error:
            return Attempt(Outcome.DEFERRED, str(error))
        self.sent.append(outgoing.text)
        return Attempt(Outcome.ACCEPTED, "250 ok")


class Workplace:
    """A desk, the engine's parts, and a server."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk.open(desk_config(folder, undo={"imap": timedelta(0), "chat": timedelta(0)}))
        self.server = Server()
        self.log = LocalTeamLog(folder / "state" / "team.db")
        for name in CONVERSATIONS:
            Mailbox(self.desk).bring(name, f"Domanda {name}", subject=name)
        desk = self.desk
        self.rows = {desk.queue.row(row).subject: row for row in desk.queue.ids("all")}
        self.service = Service("support", MailJobs(self.server), desk.database)
        self.delivery = Delivery(
            desk.config, "support", self.server, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None
        )
        self.filing = Filing("support", self.server, desk.database, desk.blobs, desk.rules, ("Anna", "support@casaverde.example"))

    def do(self, verb: str, name: str, number: int) -> None:
        if verb == "reply":
            draft = self.desk.writing.draft(self.rows[name])
            draft.text = f"Risposta {number}"
            self.desk.writing.send(self.desk.writing.save(draft))
        else:
            VERBS[verb](self.desk, self.rows[name])

    def would_take_back_a_reply(self) -> bool:
        steps = self.desk.database.value("SELECT steps FROM undo WHERE done = 0 ORDER BY id DESC LIMIT 1")
        return '"outbox"' in (steps or "")

    def work(self) -> None:
        """What the engine does when it is woken."""
        self.delivery.run_due()
        team.drain(self.log, self.desk.database, self.desk.rules)
        with suppress(ChannelDown):
            self.service.run_due()
            self.filing.run_due()

    def settle(self) -> None:
        self.server.left = None
        for _ in range(4):
            at_once(self.desk)
            self.desk.database.write(lambda tx: tx.execute("UPDATE job SET next_try_at = 0"))
            self.work()

    def state(self) -> dict[str, object]:
        """What the agent, the team and the server have in the end."""
        desk, found = self.desk, {}
        for name, row in self.rows.items():
            shown = desk.queue.row(row)
            found[name] = (shown.status, shown.assignee, sorted(shown.tags), shown.priority, shown.spam, shown.unread, shown.snoozed_until)
            found[name, "thread"] = [(str(i.direction), i.text) for i in desk.reading.thread(row) if str(i.direction) != "note"]
            found[name, "notes"] = [i.text for i in desk.reading.thread(row) if str(i.direction) == "note"]
        found["seen"] = {m: seen for m, seen in sorted(self.server.seen.items()) if seen}
        found["folder"] = {m: role for m, role in sorted(self.server.folder.items()) if role != "inbox"}
        found["sent"] = sorted(self.server.sent)
        found["filed"] = len(self.server.filed)
        found["waiting"] = [str(entry.state) for entry in desk.writing.outbox()]
        found["jobs"] = desk.database.value("SELECT count(*) FROM job")
        return found

    def close(self) -> None:
        self.log.close()
        self.desk.close()


STEP = st.tuples(
    st.sampled_from([*VERBS, "reply"]), st.sampled_from(CONVERSATIONS),
    st.one_of(st.none(), st.integers(0, 3)),  # how many questions the line stands before it goes; none: it holds
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@example([("reply", "a", 0), ("spam", "a", 0), ("undo", "a", 1), ("close", "b", 1), ("reply", "b", 2)])
@given(st.lists(STEP, min_size=1, max_size=12))
def test_a_line_that_comes_and_goes_changes_nothing(steps: list[tuple[str, str, int | None]]) -> None:
    ends = []
    for broken in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            place = Workplace(Path(folder))
            try:
                for number, (verb, name, stands) in enumerate(steps):
                    if verb == "undo" and place.would_take_back_a_reply():
                        continue  # one that went out can't be taken back, one that waits can: there the two part rightly
                    place.do(verb, name, number)
                    place.server.left = stands if broken else None
                    place.work()
                place.settle()
                ends.append(place.state())
            finally:
                place.close()
    assert ends[0] == ends[1]
