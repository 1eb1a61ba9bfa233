"""`agentdesk reply --at` and `agentdesk outbox NUMBER`: later, and decisions."""

from __future__ import annotations

import pytest

from agentdesk.domain.conversation import MessageState as S


@pytest.fixture
def maria(world) -> str:
    return next(c["id"] for c in world.run("list", "--json").json["conversations"] if c["subject"] == "Order 10245")


def written(world, maria, *options: str) -> int:
    outcome = world.run("reply", maria, "--text", "Gentile Maria", *options)
    assert outcome.status == 0, outcome.err
    return int(world.run("outbox", "--json").json["outbox"][-1]["id"])


def entry(world, number: int) -> dict:
    (found,) = world.run("outbox", str(number), "--json").json["outbox"]
    return found


def test_a_reply_for_later(world, maria) -> None:
    outcome = world.run("reply", maria, "--text", "Gentile Maria", "--at", "tomorrow 9:00")
    assert outcome.status == 0
    assert "goes out" in outcome.err
    number = world.run("outbox", "--json").json["outbox"][0]["id"]
    found = entry(world, number)
    assert (found["state"], found["goes_at"][11:16], found["refused"], found["waiting"], found["copy"]) == ("scheduled", "09:00", [], [], "")
    assert "goes out" in world.run("outbox").out
    assert world.run("outbox", str(number), "--at", "in 3 days").status == 0
    assert entry(world, number)["goes_at"] > found["goes_at"]
    assert world.run("outbox", str(number), "--take-back").status == 0
    assert world.run("outbox", "--json").json["outbox"] == []
    with world.desk() as desk:
        assert [draft.text for draft in desk.writing.drafts()] == ["Gentile Maria"]


def test_what_is_no_time_or_does_not_go_together(world, maria) -> None:
    assert world.run("reply", maria, "--text", "x", "--at", "soon").status == 2
    assert world.run("reply", maria, "--text", "x", "--at", "2h", "--wait").status == 2
    assert world.run("outbox", "--take-back").status == 2
    assert world.run("outbox", "77", "--take-back").status == 1
    assert world.run("outbox", "--json").json["outbox"] == []


def test_decisions_about_a_reply(world, maria) -> None:
    number = written(world, maria)
    assert world.run("outbox", str(number), "--arrived").status == 1, "nobody asked"
    with world.desk() as desk:
        desk.database.write(lambda tx: tx.execute("UPDATE outbox SET state = 'unknown', looked_at = 1"))
    assert world.run("outbox", str(number), "--arrived").status == 0
    with world.desk() as desk:
        assert desk.writing.state(number) is S.ACCEPTED
    assert world.run("outbox", str(number), "--keep-here").status == 0
    with world.desk() as desk:
        assert desk.writing.state(number) is S.FILED
