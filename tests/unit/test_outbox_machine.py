"""The outbox as a machine that anything may happen to: servers of every mood, lost lines, crashes, two windows, clocks, customers who write again.

Whatever the order: nobody is handed a message twice unless the agent said so after it was unknown, no copy is filed twice, no text is lost.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agentdesk.channels.base import Attempt, ChannelDown, FolderFull, Outcome, Trace
from agentdesk.channels.smtp import recipients_of
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.message import Address
from agentdesk.engine import delivery as delivery_module
from agentdesk.engine import filing as filing_module
from agentdesk.engine import pacing as pacing_module
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.filing import Filing
from agentdesk.engine.pacing import Timetable
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.store import database as database_module
from agentdesk.store import outbox, recipients
from tests.desks import NOON, Mailbox, desk_config

PEOPLE = ("luca@post.example", "anne@post.example")
ENDS = (
    *["accepted"] * 5, *["lost after, delivered"] * 3, *["killed after"] * 3, "rejected", "deferred", "lost after, not delivered", "killed before", "limited", "no line",
    "login refused", "lost before", "a defect",
)  # fmt: skip
MOODS = ("fine", "answer lost", "full", "no line")
ENTRY_ACTIONS = ("cancel", "send_anyway", "mark_sent", "send_now", "reschedule", "file_now", "keep_here", "leave", "write_again")


class Killed(BaseException):
    """kill -9: nothing after it runs."""


class Server:
    """Takes mail as the plan says, and knows who has got what."""

    def __init__(self) -> None:
        self.handed: Counter[tuple[str, str]] = Counter()
        self.plan: list[tuple[str, tuple[str, ...]]] = []

    def send(self, outgoing, conversation: str) -> Attempt:
        everybody = outgoing.only or recipients_of(outgoing)
        end, moods = self.plan.pop(0) if self.plan else ("accepted", ())
        mood = dict(zip(everybody, moods, strict=False))
        refused = tuple(one for one in everybody if mood.get(one) == "refused")
        later = tuple(one for one in everybody if mood.get(one) == "later")
        taken = [one for one in everybody if one not in refused and one not in later]
        if end == "login refused":
            raise LoginRefused("535 no")
        if end == "a defect":
            raise ValueError("a defect")
        if end == "killed before":
            raise Killed
        if end == "no line":
            return Attempt(Outcome.DEFERRED, "nobody there", whole=True)
        if end == "limited":
            return Attempt(Outcome.DEFERRED, "421 slower", pause=120)
        if end == "deferred" or (not taken and later):
            return Attempt(Outcome.DEFERRED, "451 later", refused=refused)
        if end == "rejected" or not taken:
            return Attempt(Outcome.REJECTED, "550 no", refused=refused)
        if end == "lost before":
            return Attempt(Outcome.DEFERRED, "the line broke")
        if end != "lost after, not delivered":
            for one in taken:
                self.handed[outgoing.message_id, one] += 1
        if end == "killed after":
            raise Killed
        if end.startswith("lost after"):
            return Attempt(Outcome.UNKNOWN, "the line broke", refused=refused, later=later)
        return Attempt(Outcome.ACCEPTED, "250 ok", refused=refused, later=later)


class Sent:
    """The mailbox's Sent."""

    files_sent_itself = False

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()
        self.mood = "fine"
        self.trace = Trace.NONE

    def is_filed(self, message_id: str) -> bool:
        if self.mood == "no line":
            raise ChannelDown("no line")
        return self.copies[message_id] > 0

    def traces(self, message_id: str, since: datetime) -> Trace:
        return self.trace

    def file(self, content: bytes, sent_at: datetime) -> None:
        if self.mood == "full":
            raise FolderFull("full")
        line = next(one for one in content.split(b"\r\n") if one.lower().startswith(b"message-id:"))
        self.copies[line.split(b":", 1)[1].strip().decode()] += 1
        if self.mood == "answer lost":
            raise ChannelDown("after it was filed")


class OutboxMachine(RuleBasedStateMachine):
    texts: Bundle[str] = Bundle("texts")

    @initialize()
    def open(self) -> None:
        self.steady, self.shift, self.began = 0.0, 0, database_module.now_millis()
        self.patches = pytest.MonkeyPatch()
        for module in (database_module, delivery_module, filing_module, pacing_module):
            self.patches.setattr(module, "now_millis", self.shown)
        self.folder = tempfile.TemporaryDirectory()
        config = desk_config(Path(self.folder.name))
        self.windows = [Desk.open(config), Desk.open(config)]
        for window in self.windows:  # what a killed machine leaves is another test's business
            window.database._writer.execute("PRAGMA synchronous = OFF")
        self.desk = self.windows[0]
        self.mail = Mailbox(self.desk)
        self.mail.bring("a", "Dov'è il mio ordine?")
        self.server, self.sent = Server(), Sent()
        self.words: Counter[tuple[str, str]] = Counter()
        """How often the agent said: once more, for whom it was unknown of."""
        self.written: set[str] = set()
        self.arrivals = 0
        self.start()

    def teardown(self) -> None:
        if hasattr(self, "windows"):
            for window in self.windows:
                window.close()
            self.folder.cleanup()
            self.patches.undo()

    def shown(self) -> int:
        return self.began + int(self.steady * 1000) + self.shift

    def start(self) -> None:
        """An engine: first what a dead one left."""
        self.desk.database.write(outbox.recover)
        self.way = Delivery(
            self.desk.config, "support", self.server, self.desk.database, self.desk.blobs, self.desk.rules, accepted=lambda: None,
            refused=lambda _: None, timetable=Timetable(lambda: self.steady, self.shown),
        )  # fmt: skip
        self.filing = Filing("support", self.sent, self.desk.database, self.desk.blobs, self.desk.rules, ("Anna", "support@casaverde.example"))

    @property
    def row(self) -> int:
        return self.desk.queue.ids("all")[0]

    # -- what the agent does

    @rule(more=st.integers(0, 2), how=st.sampled_from(("now", "now", "now", "held", "later")), window=st.integers(0, 1))
    def write(self, more: int, how: str, window: int) -> None:
        desk = self.windows[window]
        drafts = [d for d in desk.writing.drafts() if d.kind == "reply"]
        draft = drafts[0] if drafts else desk.writing.draft(self.row)
        if not draft.text:
            draft.text = f"Testo {len(self.written)}"
            draft.cc = tuple(Address("", one) for one in PEOPLE[:more])
        self.written.add(draft.text)
        at = datetime.fromtimestamp(max(self.shown() / 1000, datetime.now(UTC).timestamp()), UTC) + timedelta(hours=2) if how == "later" else None
        with suppress(DeskError):
            desk.writing.send(desk.writing.save(draft), then="open", now=how == "now", at=at)

    @rule(window=st.integers(0, 1))
    def undo(self, window: int) -> None:
        self.windows[window].work.undo()

    @rule(what=st.sampled_from(ENTRY_ACTIONS), which=st.integers(0, 5), window=st.integers(0, 1))
    def decide(self, what: str, which: int, window: int) -> None:
        desk = self.windows[window]
        entries = desk.writing.outbox()
        if not entries:
            return
        entry = entries[which % len(entries)]
        unknown = [one.address for one in recipients.of(desk.database.reader(), entry.id) if one.state == "unknown"]
        try:
            if what == "reschedule":
                desk.writing.reschedule(entry.id, datetime.fromtimestamp(self.shown() / 1000, UTC) + timedelta(days=4000))
            else:
                getattr(desk.writing, what)(entry.id)
        except DeskError:
            return
        if what == "send_anyway":
            self.words.update((entry.message_id, address) for address in unknown)

    @rule(what=st.sampled_from(("send_anyway", "send_anyway", "mark_sent", "cancel", "leave")), end=st.sampled_from(ENDS))
    def decide_about_trouble(self, what: str, end: str) -> None:
        """The first reply that needs the agent gets a decision, and the engine acts on it."""
        for which, entry in enumerate(self.desk.writing.outbox()):
            if entry.needs_agent:
                self.decide(what, which, 0)
                self.hand_over([(end, ("ok", "ok", "ok"))], later=True)
                return

    # -- what happens

    @rule(
        ends=st.lists(st.tuples(st.sampled_from(ENDS), st.tuples(*[st.sampled_from(("ok", "ok", "refused", "later"))] * 3)), min_size=1, max_size=3),
        later=st.booleans(),
    )
    def hand_over(self, ends: list[tuple[str, tuple[str, ...]]], later: bool) -> None:
        """`later`: when every pause is over."""
        if later:
            self.steady += 8000.0
        self.server.plan = list(ends)
        try:
            self.way.run_due()
        except Killed:
            self.start()
        self.server.plan = []

    @rule(
        attempts=st.lists(st.tuples(st.sampled_from(ENDS), st.tuples(*[st.sampled_from(("ok", "ok", "later"))] * 3)), min_size=3, max_size=3),
        filing=st.sampled_from(MOODS), window=st.integers(0, 1),
    )
    def write_and_hand_over(self, attempts: list[tuple[str, tuple[str, ...]]], filing: str, window: int) -> None:
        """The usual way, as often as it takes."""
        self.write(2, "now", window)
        for attempt in attempts:
            self.hand_over([attempt], later=True)
            self.file(filing, Trace.NONE)

    @rule(mood=st.sampled_from(MOODS), trace=st.sampled_from((Trace.NONE, Trace.NONE, Trace.REPORT)))
    def file(self, mood: str, trace: Trace) -> None:
        """Twice, with all pauses over."""
        self.sent.trace = trace
        for self.sent.mood in (mood, "fine" if mood == "answer lost" else mood):  # what may have been done is not done again
            self.steady += 4000.0
            with suppress(ChannelDown):
                self.filing.run_due()

    @rule(seconds=st.sampled_from((1.0, 9.0, 130.0, 4000.0, 8000.0)))
    def wait(self, seconds: float) -> None:
        self.steady += seconds

    @rule(seconds=st.sampled_from((-86_400, -600, 600, 86_400)))
    def set_the_clock(self, seconds: int) -> None:
        self.shift += seconds * 1000

    @rule()
    def restart(self) -> None:
        self.start()

    @rule()
    def customer_writes(self) -> None:
        self.arrivals += 1
        self.mail.bring(f"more{self.arrivals}", "Ancora io", references=("a",), at=NOON + timedelta(minutes=self.arrivals))

    # -- what must be so at any time

    @invariant()
    def nobody_gets_it_twice_unasked(self) -> None:
        for (message_id, address), times in getattr(self, "server", Server()).handed.items():
            assert times <= 1 + self.words[message_id, address], (address, times)

    @invariant()
    def no_copy_is_filed_twice(self) -> None:
        assert all(times <= 1 for times in (self.sent.copies.values() if hasattr(self, "sent") else ()))

    @invariant()
    def no_text_is_lost(self) -> None:
        if hasattr(self, "desk"):
            kept = {row["text"] for row in self.desk.database.all("SELECT text FROM draft UNION SELECT text FROM outbox")}
            assert self.written <= kept, self.written - kept

    @invariant()
    def what_went_out_says_so(self) -> None:
        """Nothing that somebody has stands as a draft under the same Message-ID, or as never tried."""
        if not hasattr(self, "desk"):
            return
        states = {row["message_id"]: row["state"] for row in self.desk.database.all("SELECT message_id, state FROM outbox")}
        drafts = {row["message_id"] for row in self.desk.database.all("SELECT message_id FROM draft")}
        for message_id, _ in self.server.handed:
            assert message_id not in drafts
            assert states.get(message_id) not in {S.HELD, S.SCHEDULED, S.CONFLICT} or self.words, message_id


def test_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(OutboxMachine, settings=settings(max_examples=150, stateful_step_count=20))
