"""What every team log must keep (`agentdesk.team.base.TeamLog`), on the one that a lone agent has."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.events import Event, Kind, Position
from agentdesk.domain.fold import fold
from agentdesk.engine import team
from agentdesk.store.team import LocalTeamLog
from agentdesk.team.base import EpochChanged, TeamLog
from tests.desks import Mailbox, desk_config

Opener = Callable[[], LocalTeamLog]


@pytest.fixture(params=["local"])
def opener(tmp_path: Path):
    """Opens the log; each call another connection, as from another process."""
    opened: list[LocalTeamLog] = []

    def open_one() -> LocalTeamLog:
        opened.append(LocalTeamLog(tmp_path / "team.db"))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def log(opener: Opener) -> TeamLog:
    return opener()


def event(kind: str = Kind.TAG, based_on: str = "", **data: object) -> Event:
    return Event(str(uuid.uuid4()), kind, "<a@x.example>", "anna@casaverde.example", data or {"add": ["vip"], "remove": []}, based_on)


def read(log: TeamLog, after: Position | None = None) -> list[Event]:
    return [entry.event for entry in log.since(after)]


def test_what_was_appended_comes_back_in_order_and_whole(log: TeamLog) -> None:
    made = [event(Kind.NOTE, text="è urgente \N{PARTY POPPER}\n"), event("of-a-later-version", anything=[1, {"a": None}]), event()]
    log.append(made[:2])
    log.append(made[2:])
    log.append([])
    assert read(log) == made
    places = [entry.position for entry in log.since(None)]
    assert places == sorted(places)
    assert len({place.epoch for place in places}) == 1


def test_from_a_position_only_what_came_after(log: TeamLog) -> None:
    made = [event() for _ in range(5)]
    log.append(made)
    places = [entry.position for entry in log.since(None)]
    assert read(log, places[2]) == made[3:]
    assert read(log, places[-1]) == []


def test_an_event_that_landed_twice_counts_once(log: TeamLog) -> None:
    first = event(Kind.CLAIM, owner="anna@casaverde.example")
    second = event(Kind.CLAIM, based_on=first.id, owner="luca@casaverde.example")
    log.append([first])
    log.append([first, second])  # the answer to the first append was lost
    state = fold([(entry.at, entry.event) for entry in log.since(None)])
    assert state.assignee == "luca@casaverde.example"


def test_of_two_who_claim_at_once_all_agree_on_one(opener: Opener) -> None:
    one, two = opener(), opener()
    one.append([event(Kind.CLAIM, owner="anna")])
    two.append([event(Kind.CLAIM, owner="luca")])
    assert {fold([(e.at, e.event) for e in log.since(None)]).assignee for log in (one, two, opener())} == {"anna"}


def test_a_reader_misses_nothing_while_several_write(opener: Opener) -> None:
    writers, each = 4, 25
    made = [[event() for _ in range(each)] for _ in range(writers)]

    def write(log: LocalTeamLog, events: list[Event]) -> None:
        for one in events:
            log.append([one])

    threads = [threading.Thread(target=write, args=(opener(), events)) for events in made]
    reader, seen, place = opener(), [], None
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(seen) < writers * each:
        for entry in reader.since(place):
            assert place is None or entry.position > place
            seen.append(entry.event.id)
            place = entry.position
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(one.id for events in made for one in events)


def test_a_position_of_another_log_is_refused(log: TeamLog) -> None:
    log.append([event()])
    with pytest.raises(EpochChanged):
        list(log.since(Position("another", 1)))


def test_a_position_beyond_the_end_means_that_an_older_copy_was_put_back(log: TeamLog) -> None:
    log.append([event()])
    (entry,) = log.since(None)
    with pytest.raises(EpochChanged):
        list(log.since(Position(entry.position.epoch, entry.position.seq + 1)))


def test_a_copy_is_whole_and_goes_on(opener: Opener, tmp_path: Path) -> None:
    log = opener()
    made = [event() for _ in range(3)]
    log.append(made)
    log.backup(tmp_path / "copy.db")
    log.append([event()])
    copy = LocalTeamLog(tmp_path / "copy.db")
    try:
        assert copy.epoch == log.epoch
        assert read(copy) == made
        copy.append([event()])
        assert len(read(copy)) == 4
    finally:
        copy.close()


# -- the store's side of it


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Ciao")
        yield opened


def pending(desk: Desk) -> int:
    return int(desk.database.value("SELECT count(*) FROM event WHERE seq = 0"))


def test_all_that_is_pending_is_carried_at_once(desk: Desk, log: TeamLog) -> None:
    row = desk.queue.ids("all")[0]
    for n in range(team.BATCH * 2 + 7):
        desk.work.tag([row], [f"t{n}"])
    team.drain(log, desk.database, desk.rules)
    assert pending(desk) == 0
    assert len(read(log)) == team.BATCH * 2 + 7


def test_a_claim_is_ours_once_the_log_has_it(desk: Desk, log: TeamLog) -> None:
    row = desk.queue.ids("all")[0]
    desk.work.claim([row])
    assert desk.queue.row(row).claiming
    team.drain(log, desk.database, desk.rules)
    assert not desk.queue.row(row).claiming


def test_a_crash_after_appending_changes_nothing(desk: Desk, log: TeamLog) -> None:
    row = desk.queue.ids("all")[0]
    desk.work.tag([row], ["vip"])
    from agentdesk.store import events

    log.append(events.pending(desk.database.reader()))
    team.drain(log, desk.database, desk.rules)
    assert len(read(log)) == 2
    assert (pending(desk), desk.queue.row(row).tags) == (0, ("vip",))
    team.drain(log, desk.database, desk.rules)
    assert len(read(log)) == 2


@pytest.mark.parametrize("older", [False, True])
def test_a_log_that_was_lost_or_put_back_is_filled_again(desk: Desk, opener: Opener, tmp_path: Path, older: bool) -> None:
    row = desk.queue.ids("all")[0]
    log = opener()
    desk.work.tag([row], ["first"])
    team.drain(log, desk.database, desk.rules)
    log.backup(tmp_path / "older.db")
    desk.work.tag([row], ["second"])
    desk.work.note([row], "una nota")
    team.drain(log, desk.database, desk.rules)
    again = LocalTeamLog(tmp_path / ("older.db" if older else "new.db"))
    try:
        desk.work.claim([row])
        team.drain(again, desk.database, desk.rules)
        assert pending(desk) == 0
        state = fold([(entry.at, entry.event) for entry in again.since(None)])
        assert (state.tags, state.assignee) == (frozenset({"first", "second"}), "anna@casaverde.example")
        assert desk.queue.row(row).tags == ("first", "second")
        team.drain(again, desk.database, desk.rules)
        assert pending(desk) == 0
    finally:
        again.close()


def test_events_that_come_before_their_mail_wait_for_it(desk: Desk, log: TeamLog) -> None:
    early = Event(str(uuid.uuid4()), Kind.TAG, "<later@x.example>", "luca@casaverde.example", {"add": ["vip"], "remove": []})
    log.append([early])
    team.drain(log, desk.database, desk.rules)
    Mailbox(desk).bring("later", "Eccomi", subject="Altro")
    assert len(desk.queue.ids("all", "tag:vip")) == 1


def test_one_mail_to_two_mailboxes_keeps_its_events_apart(desk: Desk, log: TeamLog) -> None:
    """Both conversations have the same first Message-ID."""
    from agentdesk.store.mail import StoredMail

    box = Mailbox(desk)
    box.store = StoredMail(desk.database, "info", desk.rules)
    box.bring("a", "Ciao")
    row = desk.database.value("SELECT row FROM conversation WHERE channel = 'info'")
    desk.work.claim([row])
    team.drain(log, desk.database, desk.rules)
    assert not desk.queue.row(row).claiming
    box.bring("b", "Ancora", references=("a",))
    box.bring("c", "E ancora", references=("a", "b"))
    assert desk.queue.row(row).messages == 3
