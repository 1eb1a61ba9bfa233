"""What is wrong with a reply before it goes out: found by what it is, and nothing else said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.customer import email_identity, phone_identity
from agentdesk.domain.names import name_key, names_in
from agentdesk.domain.promised import promise
from agentdesk.domain.slips import Facts, Owner, slips
from agentdesk.domain.tokens import code_key, phone_keys, tokens

EVA = frozenset(one for one in (email_identity("eva.neri@posta.example"), phone_identity("+39 351 555 0101")) if one)
PAOLO = frozenset(one for one in (email_identity("p.deluca@libera.example"),) if one)
THINGS = {
    "order": {"10112": Owner("Eva Neri", EVA, "10112"), "10125": Owner("Paolo De Luca", PAOLO, "10125")},
    "tracking": {"MG775501928": Owner("Paolo De Luca", PAOLO, "10125")},
    "mail": {"p.deluca@libera.example": Owner("Paolo De Luca", PAOLO)},
    "phone": {"393515550101": Owner("Eva Neri", EVA)},
    "name": {name_key("Paolo De Luca"): Owner("Paolo De Luca", PAOLO), name_key("Eva Neri"): Owner("Eva Neri", EVA)},
}


def owners(kind: str, keys: Sequence[str]) -> Mapping[str, Sequence[Owner]]:
    return {key: [THINGS[kind][key]] for key in keys if key in THINGS[kind]}


def kinds(text: str, subject: str = "", **changes: object) -> list[str]:
    facts = Facts(**{"theirs": EVA, "called": ("Eva Neri",), "owners": owners, "languages": frozenset({"it"}), **changes})  # type: ignore[arg-type]
    found = slips(text, facts, subject)
    assert all(text[one.start : one.end] == one.what for one in found if one.end and one.kind not in {"card", "expired"})
    return [one.kind for one in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("il suo ordine 10112 è partito", []),
        ("il suo ordine #10125 è partito", ["order"]),
        ("il 10125 e il 10112", ["order"]),
        ("il suo ordine n. 10 125 è partito", ["order"]),
        ("il suo ordine n. 10 112 è partito", []),
        ("i colori eva, neri e blu", []),
        ("> ordine 10125\nil suo 10112", ["order"]),
        ("> In allegato trova l'etichetta\nil suo 10112", []),
        ("codice MG 775 501 928", ["tracking"]),
        ("https://tracking.gls.example/mg775501928?lang=it", ["tracking"]),
        ("scritto a P.DeLuca@libera.example", ["mail"]),
        ("la chiamiamo al 351 555 0101", []),
        ("Gentile signor De Luca Paolo,", ["name"]),
        ("Gentile Eva Neri,", []),
        ("Paolo la richiama domani", []),
        ("la carta 4111 1111 1111 1111 non va", ["card"]),
        ("finisce con •••• 1111", []),
        ("In allegato trova l'etichetta", ["attachment"]),
        ("Non serve nessun allegato", []),
        ("Hello Eva, your parcel left our warehouse yesterday and will arrive on Thursday", ["language"]),
        ("Thanks!", []),
    ],
)
def test_what_is_found(text: str, found: list[str]) -> None:
    assert kinds(text) == found


def test_whose_it_is_is_said_and_the_card_is_not() -> None:
    (order, card) = slips("ordine 10125, carta 4111111111111111", Facts(theirs=EVA, owners=owners))
    assert (order.whose, order.what) == ("Paolo De Luca", "10125")
    assert "4111111111" not in card.what


def test_what_the_customer_wrote_themselves_is_no_leak() -> None:
    assert kinds("non trovo l'ordine 10125", wrote="il mio ordine 10125 dov'è?") == []
    assert kinds("spediamo a Paolo De Luca", wrote="è un regalo per paolo de luca") == []


def test_a_line_is_a_quotation_where_the_conversation_has_it() -> None:
    quoted = "> l'ordine   10125 di Paolo De Luca\nnon lo vediamo"
    assert kinds(quoted, said="l'ordine 10125 di Paolo De Luca") == []
    assert kinds(quoted, said="Buongiorno,\n> l'ordine 10125\n> di Paolo De Luca è partito") == []
    assert kinds(quoted, said="tutt'altro") == ["order", "name"]


def test_people_of_the_house_may_read_everything() -> None:
    assert kinds("guarda il 10125 di Paolo De Luca", within=True) == []


def test_an_attachment_that_is_there_is_promised_rightly() -> None:
    assert kinds("In allegato trova l'etichetta", files=1) == []


def test_a_number_in_the_subject_counts() -> None:
    assert kinds("la richiamo", subject="Re: ordine 10125") == ["order"]


def test_a_note_that_was_quoted_in_is_found_and_one_word_of_it_is_not() -> None:
    note = "La cliente è molto arrabbiata, offrire al massimo 10 euro"
    assert kinds(f"Gentile Eva, {note}", notes=(note,)) == ["note"]
    assert kinds("offrire 10 euro", notes=(note,)) == []
    assert kinds(f"Gentile Eva, {note}", notes=(note,), said=note) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jürgen Müller", "MUELLER, Jurgen"), ("Chiara D'Angelo", "Chiara D’Angelo"), ("Sabine Großmann", "grossmann sabine"), ("Dott. Niccolò Ferrari", "Niccolo Ferrari")],
)
def test_one_person_written_two_ways(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize("name", ["Maria", "info@shop.example", "", "Via 12", "A. B."])
def test_no_full_name(name: str) -> None:
    assert name_key(name) == ""


def test_an_elision_is_no_part_of_a_name() -> None:
    assert name_key("Antoine Garnier") in {key for _, _, key in names_in("Le colis est au nom d'Antoine Garnier.")}
    assert name_key("Via Roma") not in {key for _, _, key in names_in("in via Paolo Rossi 3")}


@pytest.mark.parametrize("text", ["ti mando in allegato la fattura", "I have attached the label", "anbei die Rechnung", "vous trouverez ci-joint le bon"])
def test_promises(text: str) -> None:
    assert promise(text) is not None


@pytest.mark.parametrize("text", ["ci mandi una foto in allegato", "please attach a photo", "senden Sie uns ein Foto im Anhang", "merci pour la photo jointe"])
def test_no_promises(text: str) -> None:
    assert promise(text) is None


def test_a_number_is_known_with_and_without_its_country() -> None:
    assert set(phone_keys("+44 7700 900201")) & set(phone_keys("07700 900201"))


@given(st.text(max_size=300))
def test_any_text_is_taken_and_places_are_within_it(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert all(token.keys)
    slips(text, Facts(theirs=EVA, owners=owners, notes=(text,), wrote=text))


@given(st.text("ABC 123-.\u200b", max_size=40))
def test_a_code_is_compared_without_what_parts_it(code: str) -> None:
    assert code_key(code_key(code)) == code_key(code)


def test_the_set_that_measures_is_the_one_that_was_written_before() -> None:
    folder = Path(__file__).parents[2] / "bench" / "leaks"
    digest, _, name = (folder / "frozen.sha256").read_text().strip().partition("  ")
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
