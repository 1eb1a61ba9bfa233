"""The full-text index, after whatever happens to messages, holds exactly their words; and searching is safe."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Role
from agentdesk.domain.message import Address, Body
from agentdesk.store import fulltext, retention
from tests.desks import JAN, MARIA, NOON, SHOP, Mailbox, desk_config

WORDS = st.lists(st.sampled_from(["pacco", "rimborso", "È", "straße", "ordine", "10245", "a-b", "x" * 50, "日本", "\N{PARTY POPPER}"]), max_size=6)
STEP = st.tuples(
    st.sampled_from(["bring", "text", "again", "reply", "vanish", "forget"]), st.integers(0, 5), WORDS.map(" ".join)
)


def index(desk: Desk) -> list[tuple[str, str, int, int]]:
    """Every word with its column and document: what an index says."""
    return desk.database.write(
        lambda tx: (
            tx.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab(main, search, instance)"),
            [tuple(r) for r in tx.all("SELECT term, col, doc, offset FROM temp.words ORDER BY term, col, doc, offset")],
        )[1]
    )


def rebuilt(desk: Desk) -> list[tuple[str, str, int, int]]:
    """The same after forgetting the index and adding every message anew."""

    def change(tx) -> None:
        tx.execute("INSERT INTO search(search) VALUES ('delete-all')")
        for row in tx.all("SELECT row FROM message"):
            fulltext.add(tx, row["row"])

    desk.database.write(change)
    return index(desk)


@given(st.lists(STEP, max_size=12))
@settings(max_examples=40)
def test_the_index_is_what_it_would_be_if_it_were_made_anew(steps: list[tuple[str, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Desk.open(desk_config(Path(folder))) as desk:
        mailbox, places = Mailbox(desk), {}
        for kind, number, words in steps:
            if kind == "bring":
                references = (str(number - 1),) if number % 2 else ()
                places[number] = mailbox.bring(
                    str(number), words, subject=words or "subject", sender=MARIA if number % 3 else JAN, references=references,
                    with_text=number % 2 == 0, at=NOON + timedelta(minutes=number),
                )
            elif kind in ("text", "again") and number in places:
                mailbox.store.save_body(places[number], Body(words, quoted="> quoted"))
            elif kind == "reply":
                mailbox.bring(f"r{number}", words, sender=SHOP, to=(MARIA,), role=Role.SENT, references=(str(number),))
            elif kind == "vanish":
                mailbox.store.vanish("inbox", [number])
            elif kind == "forget":
                desk.database.write(lambda tx: tx.execute("UPDATE conversation SET status = 'closed'"))
                retention.forget(desk.database, 1)
                places.clear()
        desk.database.write(lambda tx: tx.execute("INSERT INTO search(search) VALUES ('integrity-check')"))
        assert index(desk) == rebuilt(desk)


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened).bring("a", "Il pacco è arrivato", subject="È ARRIVATO: Straße 5", sender=Address("Élise Ærø", "elise@post.example"))
        Mailbox(opened).bring("b", "Altro", subject="100% sicuro", sender=JAN)
        yield opened


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('subject:"è arrivato"', 1), ("subject:strasse", 1), ("from:élise", 1), ("from:ÆRØ", 1), ("subject:100%", 1), ("subject:%", 1),
        ("subject:_", 0), ("order:%", 0), ("from:'", 0), ("tag:\"' OR 1=1 --\"", 0), ('"a"" OR ""b"', 0), ("NEAR(a,b)", 0),
        ("sub*", 0), ("pacc*", 1), ("subject:*", 0), ("a:b", None), ("col:pacco", None), ("^pacco", 1), ("{pacco}", 1), ("pacco ?", 1),
        ("?", 2), ("-?", 2), ("assignee:\"'; DROP TABLE message; --\"", 0), ("channel:SUPPORT", 2), ("\udcff", 2), ("nul\0l", 0),
    ],
)  # fmt: skip
def test_nothing_typed_is_sql_or_a_pattern(desk: Desk, query: str, found: int | None) -> None:
    from agentdesk.errors import UsageError

    if found is None:
        with pytest.raises(UsageError):
            desk.queue.ids("all", query)
        return
    assert len(desk.queue.ids("all", query)) == found
    assert len(desk.queue.ids("all")) == 2


def test_customers_are_found_by_names_with_accents(desk: Desk) -> None:
    assert [c.name for c in desk.reading.lookup("élise").customers] == ["Élise Ærø"]
    assert desk.reading.lookup("%").customers == ()
    assert desk.reading.lookup("\udcff").customers == ()


@pytest.mark.parametrize("reference", ["%", "_", "\udcff", "' OR 1=1", "\0", "<>", "zz"])
def test_no_reference_finds_what_it_does_not_name(desk: Desk, reference: str) -> None:
    from agentdesk.errors import NotFound

    with pytest.raises(NotFound):
        desk.queue.find(reference)
