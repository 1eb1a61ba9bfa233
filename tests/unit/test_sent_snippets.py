"""Every canned text that is put into a reply is recorded, and what became of it until the reply went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.desk.facts import Draft
from agentdesk.snippets.edits import Edit, edits
from agentdesk.snippets.pack import load_packs
from agentdesk.store import retention
from agentdesk.store.threads import merge
from tests.desks import MARIA, Mailbox, desk_config

PACK = """
[pack]
name = "shop"
languages = ["it"]
[pack.policy]
returns_days = 30
other = 5

[[snippet]]
name = "late"
shortcut = "late"
actions = { tags = ["late"] }
[snippet.text]
it = "Gentile cliente, il pacco arriva in ritardo di qualche giorno e ci dispiace molto per questo."

[[snippet]]
name = "returns"
actions = { tags = ["returns"] }
[snippet.text]
it = "Il reso si può chiedere entro {{ policy.returns_days }} giorni dalla consegna del pacco."
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    pack = tmp_path / "shop.toml"
    pack.write_text(PACK, "utf-8")
    with Desk.open(desk_config(tmp_path, packs=(pack,))) as opened:
        Mailbox(opened).bring("1", "Buongiorno, dov'è il mio ordine?")
        yield opened


def written(desk: Desk, *names: str) -> Draft:
    row = desk.queue.ids("all")[0]
    draft = desk.writing.draft(row)
    for name in names:
        filled = desk.answers.fill(name, row, "it")
        desk.answers.inserted(draft, filled)
        draft.text += filled.text + "\n\n"
    return draft


def recorded(desk: Desk) -> list[dict[str, object]]:
    return [dict(row) for row in desk.database.all("SELECT * FROM sent_snippet ORDER BY id")]


def test_a_sent_text_is_recorded_with_pack_name_language_and_version(desk: Desk) -> None:
    row = desk.writing.send(written(desk, "late"))
    (found,) = recorded(desk)
    library = desk.answers.library
    assert found["name"] == "shop/late"
    assert found["language"] == "it"
    assert found["version"] == library.find("shop/late").version
    assert found["outbox"] == row
    assert found["conversation"] == desk.queue.ids("all")[0]
    assert found["similarity"] == 1.0
    assert json.loads(str(found["changes"])) == []


def test_two_texts_in_one_reply_are_told_apart_and_their_actions_add_up(desk: Desk) -> None:
    draft = written(desk, "late", "returns")
    draft.text = draft.text.replace("30 giorni", "14 giorni")
    assert draft.actions == {"tags": ["late", "returns"]}
    desk.writing.send(draft)
    late, returns = recorded(desk)
    assert late["similarity"] == 1.0
    assert 0.8 < float(str(returns["similarity"])) < 1
    assert json.loads(str(returns["changes"])) == [["30", "14"]]


def test_taking_a_reply_back_takes_the_record_back_and_sending_again_makes_it_anew(desk: Desk) -> None:
    draft = written(desk, "late")
    row = desk.writing.send(draft)
    desk.writing.cancel(row)
    assert recorded(desk) == []
    again = desk.writing.draft(desk.queue.ids("all")[0])
    assert again.snippets == draft.snippets
    again.text = "Tutt'altro."
    desk.writing.send(again)
    (found,) = recorded(desk)
    assert found["similarity"] == 0.0


def test_a_draft_carries_its_insertions_over_a_restart(desk: Desk) -> None:
    draft = desk.writing.save(written(desk, "late"))
    assert desk.writing.draft(draft.conversation).snippets == draft.snippets


def test_drafts_of_earlier_versions_name_their_snippets_only(desk: Desk) -> None:
    draft = desk.writing.save(written(desk))
    desk.database.write(lambda tx: tx.execute("UPDATE draft SET snippets = '[\"shop/late\"]', text = 'x'"))
    assert [one.name for one in desk.writing.draft(draft.conversation).snippets] == ["shop/late"]


def test_a_text_put_in_twice_and_left_once_counts_once(desk: Desk) -> None:
    draft = written(desk, "late", "late")
    draft.text = desk.answers.fill("late", draft.conversation, "it").text
    desk.writing.send(draft)
    (found,) = recorded(desk)
    assert found["similarity"] == 1.0


def test_threads_that_turn_out_to_be_one_keep_their_records_and_forgetting_keeps_the_count_alone(desk: Desk) -> None:
    Mailbox(desk).bring("2", "Altro", sender=replace(MARIA, address="m@x.example"))
    first, second = sorted(desk.queue.ids("all"))
    draft = written(desk, "late")
    draft.text = draft.text.replace("qualche giorno", "due settimane")
    desk.writing.send(draft)
    desk.database.write(lambda tx: merge(tx, first, second))
    assert recorded(desk)[0]["conversation"] == first
    old = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
    desk.database.write(lambda tx: tx.execute("UPDATE conversation SET last_at = ?, status = 'closed'", (old,)))
    desk.database.write(lambda tx: tx.execute("UPDATE outbox SET state = 'filed'"))
    assert retention.forget(desk.database, 30)
    (found,) = recorded(desk)
    assert (found["name"], found["conversation"], found["outbox"], found["changes"]) == ("shop/late", 0, 0, "[]")
    assert 0 < float(str(found["similarity"])) < 1


def version_of(folder: Path, text: str, name: str = "shop/returns") -> str:
    file = folder / "v.toml"
    file.write_text(text, "utf-8")
    return load_packs([file]).find(name).version


def test_a_version_is_of_what_the_customer_is_told(tmp_path: Path) -> None:
    first = version_of(tmp_path, PACK)
    assert version_of(tmp_path, PACK) == first
    assert version_of(tmp_path, PACK.replace("returns_days = 30", "returns_days = 14")) != first, "a value the text uses"
    assert version_of(tmp_path, PACK.replace("other = 5", "other = 6")) == first, "a value it does not use"
    assert version_of(tmp_path, PACK.replace("Il reso", "Un reso")) != first
    assert version_of(tmp_path, PACK.replace('name = "returns"', 'name = "returns"\ntitle = "Resi"')) == first


TEXT = "Il reso si può chiedere entro trenta giorni dalla consegna del pacco, con il modulo allegato."


@pytest.mark.parametrize(
    ("sent", "how", "changes"),
    [
        (TEXT, "as-is", ()),
        (f"Gentile Maria,\n\n{TEXT}\n\nSaluti", "as-is", ()),
        (TEXT.replace(" entro ", "\nentro  "), "as-is", ()),
        (TEXT.replace("trenta", "14"), "edited", (("trenta", "14"),)),
        (TEXT.replace(" del pacco,", ","), "edited", (("consegna del pacco,", "consegna,"),)),
        (TEXT.replace("reso", "reso gratuito"), "edited", (("", "gratuito"),)),
        ("Nessun problema.", "removed", ((TEXT, ""),)),
        ("", "removed", ((TEXT, ""),)),
    ],
)
def test_how_a_text_was_edited(sent: str, how: str, changes: tuple[tuple[str, str], ...]) -> None:
    (found,) = edits([TEXT], sent)
    assert found.how == how
    assert found.changes == changes


def test_words_that_happen_to_stand_elsewhere_are_no_part_of_the_text() -> None:
    far = "Il " + " ".join(f"parola{n}" for n in range(40)) + " " + TEXT.replace("trenta", "14")
    (found,) = edits([TEXT], far)
    assert found.similarity > 0.8


def test_nothing_put_in_is_nothing_changed() -> None:
    assert edits([], "x") == []
    assert edits([""], "x") == [Edit(1.0)]
