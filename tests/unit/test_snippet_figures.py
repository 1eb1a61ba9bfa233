"""Who got a text, how texts fare, and what is answered by hand: from what was recorded when replies were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain import when
from agentdesk.domain.conversation import MessageState
from tests.desks import JAN, MARIA, Mailbox, desk_config

PACK = """
[pack]
name = "shop"
languages = ["it"]
[[snippet]]
name = "where"
intents = ["where-is-my-order"]
[snippet.text]
it = "Gentile cliente, il pacco è in viaggio e arriva entro tre giorni da oggi."
"""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    pack = tmp_path / "shop.toml"
    pack.write_text(PACK, "utf-8")
    with Desk.open(desk_config(tmp_path, packs=(pack,))) as opened:
        yield opened


def answer(desk: Desk, row: int, text: str = "", *, edit: tuple[str, str] = ("", "")) -> int:
    """Send the snippet, or a text by hand, and have it accepted; returns the outbox row."""
    draft = desk.writing.draft(row)
    if text:
        draft.text = text
    else:
        filled = desk.answers.fill("where", row, "it")
        desk.answers.inserted(draft, filled)
        draft.text = filled.text.replace(*edit) if edit[0] else filled.text
    sent = desk.writing.send(draft)
    desk.database.write(lambda tx: tx.execute("UPDATE outbox SET state = ? WHERE id = ?", (MessageState.FILED, sent)))
    return sent


def of(desk: Desk, message: int) -> int:
    return int(desk.database.value("SELECT conversation FROM message WHERE row = ?", (message,)))


def now(minutes: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def test_who_got_a_text_with_version_and_edit(desk: Desk) -> None:
    mailbox = Mailbox(desk)
    first = of(desk, mailbox.bring("1", "Dov'è il mio pacco?", at=now(-60)))
    second = of(desk, mailbox.bring("2", "Wo ist mein Paket?", sender=JAN, at=now(-50)))
    answer(desk, first)
    answer(desk, second, edit=("tre giorni", "due settimane"))
    sent = desk.records.sent("where")
    assert [one.to[0].address for one in sent] == [MARIA.address, JAN.address]
    assert [one.edited for one in sent] == ["as-is", "edited"]
    assert sent[1].changes == (("tre giorni", "due settimane"),)
    assert {one.version for one in sent} == {desk.answers.library.find("where").version}
    assert [one.conversation for one in sent] == [desk.queue.row(first).id, desk.queue.row(second).id]
    assert desk.records.sent("shop/where", now(-1)) == sent
    assert desk.records.sent("shop/where", now(1)) == ()
    assert desk.records.sent("other/where") == ()


def test_every_version_lists_exactly_its_own(desk: Desk, tmp_path: Path) -> None:
    """Fifty replies over three versions of a text."""
    mailbox = Mailbox(desk)
    expected: dict[str, list[str]] = {}
    for number in range(50):
        days = ("tre", "quattro", "cinque")[number % 3]
        (tmp_path / "shop.toml").write_text(PACK.replace("tre giorni", f"{days} giorni"), "utf-8")
        desk.answers.reload()
        row = of(desk, mailbox.bring(f"m{number}", "Dov'è il mio pacco?", at=now(-60), sender=type(MARIA)("", f"c{number}@x.example")))
        answer(desk, row)
        expected.setdefault(desk.answers.library.find("where").version, []).append(f"c{number}@x.example")
    found: dict[str, list[str]] = {}
    for one in desk.records.sent("where"):
        found.setdefault(one.version, []).append(one.to[0].address)
    assert found == expected
    assert len(found) == 3


def test_how_a_text_fares(desk: Desk) -> None:
    mailbox = Mailbox(desk)
    rows = [of(desk, mailbox.bring(f"{n}", "Dov'è il mio pacco?", at=now(-60), sender=type(MARIA)("", f"c{n}@x.example"))) for n in range(3)]
    answer(desk, rows[0])
    answer(desk, rows[1], edit=("tre giorni", "due settimane"))
    answer(desk, rows[2], text="Tutto a mano.")
    mailbox.bring("again", "Dov'è il mio pacco? Non arriva la spedizione.", at=now(30), sender=type(MARIA)("", "c0@x.example"), subject="Altro")
    mailbox.bring("thanks", "Grazie mille!", at=now(30), sender=type(MARIA)("", "c1@x.example"), subject="Grazie")
    figures = desk.records.figures(LONG_AGO)
    (fare,) = figures.fares
    assert (fare.name, fare.used, fare.edited, fare.removed, fare.asked_again) == ("shop/where", 2, 1, 0, 1)
    assert fare.changes == (("tre giorni", "due settimane", 1),)
    assert 0.8 < fare.similarity < 1
    assert (figures.replies, figures.by_hand) == (3, 1)
    assert desk.records.figures(LONG_AGO, again_days=0).fares[0].asked_again == 0
    assert desk.records.figures(now(1)).fares == ()


def test_what_is_answered_by_hand_names_the_intents_without_a_snippet_first(desk: Desk) -> None:
    mailbox = Mailbox(desk)
    for n, text in enumerate(["Vorrei la fattura del mio acquisto, grazie", "Dov'è il mio pacco?", "Dov'è il mio pacco?"]):
        row = of(desk, mailbox.bring(f"{n}", text, at=now(-60), sender=type(MARIA)("", f"c{n}@x.example"), subject="Domanda"))
        answer(desk, row, text="A mano.")
    wishes = desk.records.figures(LONG_AGO).wishes
    assert [(w.intent, w.by_hand, w.snippets) for w in wishes] == [("invoice", 1, 0), ("where-is-my-order", 2, 1)]


def test_a_reply_taken_back_and_one_that_waits_are_told_apart(desk: Desk) -> None:
    row = of(desk, Mailbox(desk).bring("1", "Dov'è il mio pacco?", at=now(-60)))
    draft = desk.writing.draft(row)
    filled = desk.answers.fill("where", row, "it")
    desk.answers.inserted(draft, filled)
    draft.text = filled.text
    sent = desk.writing.send(draft)
    assert [one.state for one in desk.records.sent("where")] == ["held"]
    desk.writing.cancel(sent)
    assert desk.records.sent("where") == ()


@pytest.mark.parametrize(
    ("text", "ago"),
    [("7d", timedelta(days=7)), ("2w", timedelta(weeks=2)), ("12h", timedelta(hours=12)), ("2026-11-20", timedelta(hours=12)), ("never", None),
     ("2027-01-01", None), ("", None)],
)  # fmt: skip
def test_since(text: str, ago: timedelta | None) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert when.since(text, noon) == (None if ago is None else noon - ago)
