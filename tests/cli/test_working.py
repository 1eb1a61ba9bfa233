"""The verbs and replies from the command line."""

import io
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agentdesk.cli.verbs import moment
from agentdesk.errors import UsageError
from agentdesk.store.outbox import whole_text

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=ROME)


@pytest.fixture
def maria(world):
    return next(c["id"] for c in world.run("list", "--json").json["conversations"] if c["subject"] == "Order 10245")


def state(world, identity):
    return world.run("show", identity, "--local", "--json").json


def test_verbs_do_what_they_say(world, maria):
    for argv in (("claim", maria), ("tag", maria, "VIP", "damaged"), ("tag", maria, "--remove", "damaged"), ("note", maria, "Called GLS")):
        outcome = world.run(*argv)
        assert (outcome.status, outcome.out) == (0, ""), argv
        assert outcome.err
    shown = state(world, maria)
    assert (shown["assignee"], shown["tags"]) == ("anna@casaverde.example", ["vip"])
    assert [item["text"] for item in shown["thread"] if item["direction"] == "note"] == ["Called GLS"]
    assert world.ids("--view", "VIP") == [maria]
    assert world.run("assign", maria, "luca").status == 0
    assert state(world, maria)["assignee"] == "luca@casaverde.example"
    assert world.run("assign", maria, "nobody").status == 0
    assert state(world, maria)["assignee"] == ""
    assert world.run("assign", maria, "giovanna").status == 1


def test_close_reopen_snooze_take_several(world):
    ids = world.ids()
    assert world.run("close", *ids).status == 0
    assert world.ids() == []
    assert set(world.ids("--view", "closed")) == set(ids)
    assert world.run("reopen", ids[0]).status == 0
    assert world.run("snooze", ids[0], "2h").status == 0
    shown = state(world, ids[0])
    assert shown["status"] == "snoozed"
    left = datetime.fromisoformat(shown["snoozed_until"]) - datetime.now(UTC)
    assert timedelta(minutes=110) < left <= timedelta(hours=2)
    assert world.run("snooze", ids[0], "2020-01-01").status == 2


def test_one_wrong_id_changes_nothing(world):
    ids = world.ids()
    assert world.run("close", ids[0], "zzzzzzzz").status == 1
    assert world.ids() == ids


def test_a_note_from_stdin_and_an_empty_one(world, maria, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("càffè \x1b[31m\n".encode())))
    assert world.run("note", maria, "-").status == 0
    (note,) = [item["text"] for item in state(world, maria)["thread"] if item["direction"] == "note"]
    assert note.startswith("càffè")
    assert "\x1b" not in note
    assert world.run("note", maria, "  ").status == 2
    assert world.run("tag", maria).status == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("3d", NOW + timedelta(days=3)),
        ("16:00", NOW.replace(hour=16, minute=0)),
        ("14:00", NOW.replace(hour=14, minute=0) + timedelta(days=1)),
        ("2026-12-01", datetime(2026, 12, 1, 9, tzinfo=ROME)),
        ("2026-12-01 14:30", datetime(2026, 12, 1, 14, 30, tzinfo=ROME)),
        ("2026-12-01T14:30:00+00:00", datetime(2026, 12, 1, 14, 30, tzinfo=UTC)),
        ("2026-12-01T14:30", datetime(2026, 12, 1, 14, 30, tzinfo=ROME)),
        ("domani alle 14:30", datetime(2026, 11, 21, 14, 30, tzinfo=ROME)),
        ("fri", datetime(2026, 11, 27, 9, tzinfo=ROME)),
    ],
)
def test_moments(text, expected):
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["soon", "25:00", "", "2026-13-01", "-1h", "2026-11-19", "2026-11-19T10:00:00Z"])
def test_what_is_no_moment(text):
    with pytest.raises(UsageError):
        moment(text, NOW)


def test_a_reply_goes_into_the_outbox_held(world, maria):
    outcome = world.run("reply", maria, "--text", "Dear Maria,\nit is on its way.")
    assert (outcome.status, outcome.out) == (0, "")
    (entry,) = world.run("outbox", "--json").json["outbox"]
    assert (entry["state"], entry["conversation"], entry["subject"]) == ("held", maria, "Re: Order 10245")
    assert entry["to"] == ["Maria Rossi <maria.rossi@posta.example>"]
    assert datetime.fromisoformat(entry["hold_until"]) > datetime.now(UTC)
    assert state(world, maria)["status"] == "waiting"


def test_now_skips_the_hold(world, maria):
    assert world.run("reply", maria, "--text", "Hello", "--now").status == 0
    assert world.run("outbox", "--json").json["outbox"][0]["state"] == "queued"


def test_a_dry_run_prints_the_message_and_sends_nothing(world, maria):
    outcome = world.run("reply", maria, "--text", "Dear Maria,\nil pacco è partito.", "--dry-run")
    assert outcome.status == 0
    head, _, body = outcome.out.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert fields["To"] == "Maria Rossi <maria.rossi@posta.example>"
    assert fields["From"] == "Anna Bianchi <support@casaverde.example>"
    assert fields["Subject"] == "Re: Order 10245"
    assert fields["In-Reply-To"] == "<m2@x.example>"
    assert fields["References"] == "<m1@x.example> <m2@x.example>"
    assert body.startswith("Dear Maria,\nil pacco è partito.\n\n--\nAnna, Casa Verde\n")
    assert "> Any news?" in body
    assert world.run("outbox", "--json").json["outbox"] == []
    assert state(world, maria)["status"] == "open"
    with world.desk() as desk:
        assert desk.writing.drafts() == ()


def test_the_text_of_a_dry_run_is_what_send_puts_into_the_outbox(world, maria):
    printed = world.run("reply", maria, "--text", "Hello", "--dry-run").out
    world.run("reply", maria, "--text", "Hello")
    with world.desk() as desk:
        row = desk.database.one("SELECT text, signature, quoted, in_reply_to, reference_list FROM outbox")
    assert whole_text(row["text"], row["signature"], row["quoted"]).replace("-- \n", "--\n").strip() in printed
    assert f"In-Reply-To: {row['in_reply_to']}" in printed


def test_what_an_agent_has_begun_is_neither_overwritten_nor_sent(world, maria):
    with world.desk() as desk:
        draft = desk.writing.draft(desk.queue.find(maria))
        draft.text = "Half a sent"
        desk.writing.save(draft)
    outcome = world.run("reply", maria, "--text", "Something else")
    assert outcome.status == 1
    assert "begun" in outcome.err
    with world.desk() as desk:
        assert [draft.text for draft in desk.writing.drafts()] == ["Half a sent"]
        assert desk.writing.outbox() == ()


@pytest.mark.parametrize("text", ["Dear ⟨customer.first_name⟩", "Dear {{ customer.name }}", " \n "])
def test_open_places_and_empty_texts_are_not_sent(world, maria, text):
    assert world.run("reply", maria, "--text", text).status in {1, 2}
    assert world.run("outbox", "--json").json["outbox"] == []


def test_reply_needs_exactly_one_text(world, maria):
    assert world.run("reply", maria).status == 2
    assert world.run("reply", maria, "--text", "a", "--snippet", "b").status == 2


def test_wait_says_that_no_server_was_reached_and_keeps_the_reply(world, maria):
    outcome = world.run("reply", maria, "--text", "Hello", "--now", "--wait")
    assert outcome.status == 3
    assert "127.0.0.1" in outcome.err
    (entry,) = world.run("outbox", "--json").json["outbox"]
    assert (entry["state"], entry["conversation"]) == ("queued", maria)


def test_a_text_that_can_not_be_fetched_is_exit_3_with_the_rest_shown(world):
    later = next(c["id"] for c in world.run("list", "--json").json["conversations"] if c["subject"] == "Later")
    outcome = world.run("show", later, "--json")
    assert outcome.status == 3
    assert outcome.json["thread"][0]["text"] is None
    assert "127.0.0.1" in outcome.err


def test_a_macro_is_looked_at_run_and_taken_back(world):
    ids = world.ids()
    listed = world.run("macro", "--json").json["macros"]
    assert {"name": "macros/settled", "title": "Settled: close", "actions": {"tags": ["settled"], "close": True}} in listed
    assert "macros/settled" in world.run("macro").out
    looked = world.run("macro", "settled", *ids, "--dry-run")
    assert (looked.status, looked.out.count("closed, +settled")) == (0, len(ids))
    assert world.ids() == ids
    done = world.run("macro", "settled", *ids, "--json")
    assert (done.status, done.json["done"], {change["id"] for change in done.json["changes"]}) == (0, True, set(ids))
    assert world.ids() == []
    assert set(world.ids("--view", "closed")) == set(ids)
    again = world.run("macro", "settled", ids[0], "--dry-run")
    assert "like that already" in again.out


def test_a_macro_that_is_not_one_says_which_there_are(world):
    ids = world.ids()
    assert "macros/settled" in world.run("macro", "setled", ids[0]).err
    assert world.run("macro", "settled").status == 2
    assert world.run("reply", ids[0], "--snippet", "settled").status == 2
    assert world.ids() == ids
