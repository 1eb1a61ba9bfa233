"""The fold of team events: pure, total, and the same for everybody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentdesk.domain.conversation import ConversationState, Priority, Status
from agentdesk.domain.events import Event, Kind
from agentdesk.domain.fold import apply, fold, inverse, notes, standing

T0 = datetime(2026, 11, 20, 9, tzinfo=UTC)
ANNA, LUCA = "anna@casaverde.example", "luca@casaverde.example"


def event(number, kind, data=None, based_on="", actor=ANNA, v=1):
    return Event(f"e{number}", kind, "<root@x>", actor, data or {}, based_on, v)


def log(*events):
    return [(T0 + timedelta(minutes=n), e) for n, e in enumerate(events)]


def test_nothing_folds_to_the_default():
    assert fold([]) == ConversationState()


def test_first_claim_wins_the_second_on_the_same_base_loses():
    state = fold(
        log(event(1, Kind.CLAIM, {"owner": ANNA}), event(2, Kind.CLAIM, {"owner": LUCA}, actor=LUCA)),
    )
    assert (state.assignee, state.ownership_event, state.claiming) == (ANNA, "e1", False)


def test_assigning_needs_the_present_owner_to_have_been_seen():
    claim = event(1, Kind.CLAIM, {"owner": ANNA})
    stale = event(2, Kind.ASSIGN, {"owner": LUCA}, based_on="", actor=LUCA)
    seen = event(3, Kind.ASSIGN, {"owner": LUCA}, based_on="e1", actor=LUCA)
    assert fold(log(claim, stale)).assignee == ANNA
    assert fold(log(claim, stale, seen)).assignee == LUCA
    assert fold(log(claim, event(4, Kind.ASSIGN, {"owner": ""}, based_on="e1"))).assignee == ""


def test_a_rejected_event_stays_rejected_when_it_lands_again():
    lost = event(2, Kind.CLAIM, {"owner": LUCA}, based_on="e9", actor=LUCA)
    ninth = event(9, Kind.CLAIM, {"owner": ANNA})
    assert fold(log(lost, ninth, lost)).assignee == ANNA


def test_pending_ownership_is_claiming_until_confirmed():
    claim = event(1, Kind.CLAIM, {"owner": ANNA})
    assert fold([], log(claim)).claiming is True
    assert fold(log(claim), log(claim)).claiming is False
    lost = fold(log(event(2, Kind.CLAIM, {"owner": LUCA}, actor=LUCA)), log(claim))
    assert (lost.assignee, lost.claiming) == (LUCA, False)
    given_back = fold(log(claim), log(event(3, Kind.ASSIGN, {"owner": ""}, based_on="e1")))
    assert (given_back.assignee, given_back.claiming) == ("", False)


def test_status_snooze_and_reply():
    until = "2026-11-23T09:00:00+01:00"
    snoozed = fold(log(event(1, Kind.STATUS, {"status": "snoozed", "until": until})))
    assert snoozed.status is Status.SNOOZED
    assert snoozed.snoozed_until == datetime.fromisoformat(until)
    assert snoozed.status_at == T0
    again = fold(
        log(event(1, Kind.STATUS, {"status": "snoozed", "until": until}), event(2, Kind.STATUS, {"status": "open"}))
    )
    assert (again.status, again.snoozed_until) == (Status.OPEN, None)
    replied = fold(log(event(1, Kind.REPLIED, {"message_id": "<r@x>", "then": "waiting"})))
    assert replied.status is Status.WAITING
    assert fold(log(event(1, Kind.REPLIED, {"message_id": "<r@x>"}))).status_at is None
    replied = fold(log(event(1, Kind.REPLIED, {"message_id": "<r@x>", "then": "snoozed", "until": until})))
    assert replied.status is Status.SNOOZED


def test_plain_fields():
    state = fold(
        log(
            event(1, Kind.TAG, {"add": ["vip", "reso", " "]}),
            event(2, Kind.TAG, {"add": ["fragile"], "remove": ["reso"]}),
            event(3, Kind.PRIORITY, {"priority": "urgent"}),
            event(4, Kind.ORDER, {"number": "10245"}),
            event(5, Kind.SPAM, {"spam": True}),
            event(6, Kind.LANGUAGE, {"language": "de"}),
        )
    )
    assert state.tags == {"vip", "fragile"}
    assert (state.priority, state.order_number, state.spam, state.language) == (Priority.URGENT, "10245", True, "de")
    assert fold(log(event(4, Kind.ORDER, {"number": "1"}), event(5, Kind.ORDER, {"number": None}))).order_number is None


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.STATUS, {"status": "sleeping"}),
        (Kind.STATUS, {"status": ["open"]}),
        (Kind.STATUS, {"status": "snoozed"}),
        (Kind.STATUS, {"status": "snoozed", "until": "tomorrow"}),
        (Kind.STATUS, {"status": "snoozed", "until": "2026-11-23T09:00:00"}),
        (Kind.STATUS, {"status": "snoozed", "until": 7}),
        (Kind.REPLIED, {"then": None}),
        (Kind.CLAIM, {"owner": None}),
        (Kind.CLAIM, {"owner": " "}),
        (Kind.CLAIM, {}),
        (Kind.TAG, {"add": "vip"}),
        (Kind.TAG, {"add": [1]}),
        (Kind.TAG, {"remove": {"vip": 1}}),
        (Kind.PRIORITY, {"priority": {}}),
        (Kind.PRIORITY, {"priority": "huge"}),
        (Kind.ORDER, {}),
        (Kind.ORDER, {"number": 10245}),
        (Kind.SPAM, {"spam": "yes"}),
        (Kind.LANGUAGE, {"language": 3}),
        ("teleport", {"to": "mars"}),
    ],
)
def test_bad_data_and_unknown_kinds_change_nothing(kind, data):
    assert fold(log(event(1, kind, data))) == ConversationState()


def test_a_later_version_is_skipped():
    assert fold(log(event(1, Kind.CLAIM, {"owner": ANNA}, v=2))) == ConversationState()


def test_data_that_are_no_object_are_skipped():
    broken = Event("e1", Kind.TAG, "<root@x>", ANNA, ["vip"])
    assert fold(log(broken)) == ConversationState()
    assert notes(log(Event("e2", Kind.NOTE, "<root@x>", ANNA, None))) == ()


def test_notes_live_until_they_are_removed():
    written = event(1, Kind.NOTE, {"text": "Called, no answer"})
    second = event(2, Kind.NOTE, {"text": "Second"}, actor=LUCA)
    gone = event(3, Kind.NOTE_REMOVED, {"note": "e1"})
    alive = notes(log(written, written, event(5, Kind.NOTE, {"text": "  "})), log(second))
    assert [(n.id, n.actor, n.text, n.pending) for n in alive] == [
        ("e1", ANNA, "Called, no answer", False),
        ("e2", LUCA, "Second", True),
    ]
    assert alive[0].at == T0
    assert [n.id for n in notes(log(written, second), log(gone))] == ["e2"]
    assert [n.id for n in notes(log(gone, written, second))] == ["e2"]  # order after a repair


def test_standing_is_computed_from_time_and_answers():
    closed = fold(log(event(1, Kind.STATUS, {"status": "closed"})))
    assert standing(closed, T0) is Status.CLOSED
    assert standing(closed, T0, T0 - timedelta(hours=1)) is Status.CLOSED
    assert standing(closed, T0, T0 + timedelta(seconds=1)) is Status.OPEN
    until = T0 + timedelta(days=2)
    snoozed = fold(log(event(1, Kind.STATUS, {"status": "snoozed", "until": until.isoformat()})))
    assert standing(snoozed, until - timedelta(seconds=1)) is Status.SNOOZED
    assert standing(snoozed, until) is Status.OPEN


def test_what_the_author_had_seen_decides_whatever_the_clocks_say():
    waiting = fold(log(event(1, Kind.REPLIED, {"message_id": "<r@x>", "then": "waiting", "seen": "<m1@x>"})))
    assert standing(waiting, T0, T0 + timedelta(hours=1), "<m1@x>") is Status.WAITING
    assert standing(waiting, T0, T0 - timedelta(hours=1), "<m2@x>") is Status.OPEN
    back = inverse(event(2, Kind.STATUS, {"status": "closed", "seen": "<m2@x>"}), waiting)
    assert back.data == {"status": "waiting", "seen": "<m1@x>"}


def test_undoing_a_claim_loses_against_a_later_owner():
    claim = event(1, Kind.CLAIM, {"owner": ANNA})
    change = inverse(claim, ConversationState())
    assert (change.kind, change.data, change.based_on) == (Kind.ASSIGN, {"owner": ""}, "e1")
    undo = Event("u1", change.kind, "<root@x>", ANNA, change.data, change.based_on)
    assert fold(log(claim, undo)).assignee == ""
    taken = event(2, Kind.ASSIGN, {"owner": LUCA}, based_on="e1", actor=LUCA)
    assert fold(log(claim, taken, undo)).assignee == LUCA


def test_undo_of_what_changed_nothing_is_nothing():
    assert inverse(event(1, Kind.CLAIM, {"owner": ANNA}, based_on="e7"), ConversationState()) is None
    assert inverse(event(1, Kind.TAG, {"remove": ["vip"]}), ConversationState()) is None
    assert inverse(event(1, Kind.PRIORITY, {"priority": "normal"}), ConversationState()) is None
    assert inverse(event(1, "teleport"), ConversationState()) is None
    assert inverse(event(1, Kind.NOTE_REMOVED, {"note": "e0"}), ConversationState()) is None


def test_undo_of_notes():
    assert inverse(event(1, Kind.NOTE, {"text": "x"}), ConversationState()).data == {"note": "e1"}
    back = inverse(event(1, Kind.NOTE_REMOVED, {"note": "e0"}), ConversationState(), note="x")
    assert (back.kind, back.data) == (Kind.NOTE, {"text": "x"})


# -- properties ------------------------------------------------------------------------------------------------------------

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

_UNTIL = st.sampled_from(["2026-12-01T09:00:00+00:00", "nonsense", None])
_DATA = st.one_of(
    st.fixed_dictionaries({"owner": st.sampled_from(["", ANNA, LUCA])}),
    st.fixed_dictionaries({"status": st.sampled_from([*Status, "odd"]), "until": _UNTIL}),
    st.fixed_dictionaries({"then": st.sampled_from([*Status, "odd"]), "until": _UNTIL}),
    st.fixed_dictionaries({"add": st.lists(st.sampled_from("abc")), "remove": st.lists(st.sampled_from("abc"))}),
    st.fixed_dictionaries({"priority": st.sampled_from([*Priority, "odd"])}),
    st.fixed_dictionaries({"number": st.sampled_from(["", "1", None])}),
    st.fixed_dictionaries({"spam": st.booleans()}),
    st.fixed_dictionaries({"text": st.text(max_size=3)}),
    st.fixed_dictionaries({"note": st.sampled_from(["0", "1"])}),
    st.dictionaries(
        st.text(max_size=4), st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers()))
    ),
)


@st.composite
def histories(draw, most=14):
    """Events as many desks would write them: claims are based on any earlier event, or on nothing."""
    count = draw(st.integers(0, most))
    out = []
    for n in range(count):
        based_on = draw(st.sampled_from(["", *[e.id for e in out]]))
        kind = draw(st.sampled_from([*Kind, "teleport"]))
        out.append(
            Event(str(UUID(int=n)), kind, "<r@x>", draw(st.sampled_from([ANNA, LUCA])), draw(_DATA), based_on,
                  draw(st.sampled_from([1, 1, 1, 2])))
        )  # fmt: skip
    return out


@relaxed
@given(histories(), st.data())
def test_duplicates_and_lost_answers_change_nothing(events, data):
    """An append whose answer was lost is appended again, any time later."""
    once = log(*events)
    doubled = list(once)
    for _ in range(data.draw(st.integers(0, 6))):
        if not doubled:
            break
        at, again = data.draw(st.sampled_from(doubled))
        first = doubled.index((at, again))
        doubled.insert(data.draw(st.integers(first + 1, len(doubled))), (at + timedelta(days=1), again))
    assert fold(doubled) == fold(once)
    assert [n.id for n in notes(doubled)] == [n.id for n in notes(once)]


@relaxed
@given(histories(), st.integers(0, 14))
def test_readers_who_stand_at_different_places_agree_in_the_end(events, split):
    """Whatever a desk still held as pending while it read, the same confirmed order gives the same state."""
    whole = log(*events)
    assert fold(whole, whole[split:]) == fold(whole)
    assert fold(whole[:split] + whole[split:], []) == fold(whole)


@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=5))
def test_of_claims_on_the_same_base_exactly_one_wins(order, repeated):
    claims = [event(n, Kind.CLAIM, {"owner": f"a{n}@x"}) for n in order]
    again = [event(n, Kind.CLAIM, {"owner": f"a{n}@x"}) for n in repeated]
    state = fold(log(*claims, *again))
    assert state.assignee == f"a{order[0]}@x"
    assert state.ownership_event == f"e{order[0]}"


@relaxed
@given(histories())
def test_undo_gives_back_the_state_before(events):
    state = ConversationState()
    seen = set()
    for n, (at, e) in enumerate(log(*events)):
        if e.id in seen:
            continue
        seen.add(e.id)
        change, after = inverse(e, state), apply(state, at, e)
        if change is not None and e.kind not in (Kind.NOTE, Kind.NOTE_REMOVED):
            undo = Event(f"undo{n}", change.kind, e.target, e.actor, change.data, change.based_on)
            back = apply(after, at, undo)
            fields = ("status", "assignee", "tags", "priority", "snoozed_until", "order_number", "spam", "language")
            assert [getattr(back, f) for f in fields] == [getattr(state, f) for f in fields]
        elif change is None and e.kind not in (Kind.NOTE, Kind.NOTE_REMOVED):
            assert (after.status, after.assignee, after.tags) == (state.status, state.assignee, state.tags)
        state = after
