"""The picker's ranking: what is typed first, and what the conversation says by itself."""

from datetime import date
from pathlib import Path

import pytest

from agentdesk import locale
from agentdesk.locale import say
from agentdesk.snippets import situation
from agentdesk.snippets.intents import intents_in
from agentdesk.snippets.model import Snippet, library
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.search import Hints, Hit, Searcher
from agentdesk.snippets.words import fold, words_of

PACKS = Path(__file__).parents[2] / "snippets"


@pytest.fixture(autouse=True)
def _english() -> None:
    locale.use("en")


def made(name: str, title: str, **changes: object) -> Snippet:
    values: dict[str, object] = {"pack": "test", "pack_title": "Test", "texts": {"it": "testo", "en": "text"}}
    return Snippet(name=name, title=title, **{**values, **changes})  # type: ignore[arg-type]


def searcher(*snippets: Snippet) -> Searcher:
    return Searcher(library(snippets, []))


def names(hits: list[Hit]) -> list[str]:
    return [hit.name.split("/")[1] for hit in hits]


SMALL = searcher(
    made("late", "Order late", shortcut="ol", tags=("shipping",), texts={"it": "il furgone è in ritardo", "de": "Verspätung"}),
    made("way", "Order on its way", shortcut="wismo", tags=("tracking",), intents=("where-is-my-order",)),
    made("label", "Return label", tags=("return",)),
    made("refund", "Refund started", shortcut="rf", intents=("refund",)),
    made("size", "Größe umtauschen", tags=("Umtausch",)),
    made("inv", "Invoice sent", intents=("invoice",)),
)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("wismo", "way"), ("wis", "way"), ("order late", "late"), ("late order", "late"), ("LATE", "late"), ("ord way", "way"),
        ("rtn lbl", "label"), ("refnd", "refund"), ("rfund", "refund"), ("retrun", "label"), ("invocie", "inv"), ("groesse", "size"),
        ("grosse", "size"), ("GRÖSSE", "size"), ("gro", "size"), ("rl", "label"), ("oiw", None), ("ooiw", "way"), ("trakcing", "way"),
        ("furgone", "late"), ("furg", "late"), ("urgone", "late"), ("qqqq", None), ("verspatung", "late"), ("order xyz", "way"), ("qqqq zzzz", None),
        ("fattura", "inv"), ("rimborso", "refund"), ("rmbrs", "refund"), ("rechnung", "inv"), ("label return xyz", "label"), ("!!", None),
    ],
)  # fmt: skip
def test_what_is_typed(query: str, first: str | None) -> None:
    found = names(SMALL.search(query)) if words_of(query) else []
    assert (found[0] if found else None) == first


def test_a_typo_is_looked_for_where_the_word_stands_nowhere() -> None:
    ranked = searcher(made("typo", "Rezo arrivato"), made("body", "Nothing", texts={"it": "il resto arriva"}))
    assert names(ranked.search("reso")) == ["typo"]
    ranked = searcher(made("typo", "Rezo arrivato"), made("exact", "Reso arrivato"))
    assert names(ranked.search("reso")) == ["exact"]


def test_exact_before_prefix_before_abbreviation_before_body() -> None:
    ranked = searcher(
        made("body", "Nothing", texts={"it": "il reso arriva"}),
        made("abbreviation", "Rimborso eseguito solo oggi", tags=("restitusso",)),
        made("prefix", "Resoconto arrivi"),
        made("exact", "Reso arrivato"),
        made("shortcut", "Altro", shortcut="reso"),
    )
    assert names(ranked.search("reso")) == ["shortcut", "exact", "prefix", "abbreviation", "body"]


def test_titles_before_tags() -> None:
    ranked = searcher(made("tag", "Something", tags=("invoice",)), made("title", "Invoice"))
    assert names(ranked.search("invoice")) == ["title", "tag"]


def test_every_language_of_a_body_is_searched() -> None:
    ranked = searcher(made("a", "A", texts={"it": "pacco smarrito", "de": "Paket verloren", "fr": "colis égaré"}))
    for query in ("smarrito", "verloren", "egare", "éga"):
        assert names(ranked.search(query)) == ["a"]


def test_names_and_variables_in_tags_of_the_template_are_no_words() -> None:
    ranked = searcher(made("a", "A", texts={"it": "{{ order.shipment.carrier }} {% if customer.phone %}x{% endif %}"}))
    assert ranked.search("shipment") == []
    assert ranked.search("endif") == []


def test_the_limit_and_a_full_list() -> None:
    assert len(SMALL.search("", limit=2)) == 2
    assert len(SMALL.search("", limit=0)) == 6
    assert names(SMALL.search("order", limit=1)) == names(SMALL.search("order", limit=0))[:1]


def test_an_empty_library() -> None:
    assert searcher().search("x") == []
    assert searcher().search("") == []


# -- what the conversation says


def test_use_counts_and_less_and_less() -> None:
    ranked = searcher(made("a", "A"), made("b", "B"), made("c", "C"))
    hits = ranked.search("", Hints(uses={"test/b": 14, "test/c": 2}))
    assert names(hits) == ["b", "c", "a"]
    assert hits[0].why == "used 14×"
    assert hits[0].score - hits[1].score < 14 / 2 * (hits[1].score - hits[2].score)


def test_use_does_not_beat_what_is_typed() -> None:
    hits = SMALL.search("label", Hints(uses={"test/way": 10_000, "test/late": 10_000}))
    assert names(hits)[0] == "label"


def test_the_order_state() -> None:
    ranked = searcher(made("prep", "Being prepared", tags=("processing",)), made("way", "On its way", tags=("in transit",)), made("there", "Delivered"))
    for status, first in (("shipped", "way"), ("In transit", "way"), ("processing", "prep"), ("spedito", "way"), ("completed", "there")):
        hits = ranked.search("", Hints(order_status=status, channel="imap"))
        assert names(hits)[0] == first
        assert "order" in hits[0].why
        assert hits[-1].score < 0


def test_without_an_order_what_needs_one_goes_down() -> None:
    ranked = searcher(
        made("needs", "Where", intents=("where-is-my-order",), texts={"it": "ordine {{ order.number }}"}),
        made("asks", "Where", intents=("where-is-my-order",), texts={"it": "{% if order.number %}{{ order.number }}{% endif %} che numero ha?"}),
    )
    words = "dov'è il mio pacco?"
    assert names(ranked.search("", Hints(words, order_status="", channel="imap"))) == ["asks", "needs"]
    assert "needs an order" in ranked.search("", Hints(words, order_status="", channel="imap"))[1].why
    assert names(ranked.search("", Hints(words, order_status=None, channel="imap")))[0] == "needs", "not known is not none"


def test_language() -> None:
    ranked = searcher(made("en", "Hello", texts={"en": "hello"}), made("de", "Hello", texts={"de": "hallo"}))
    hits = ranked.search("", Hints(language="de-AT"))
    assert names(hits) == ["de", "en"]
    assert hits[1].why == "not in de"


def test_expired_and_wrong_channel() -> None:
    ranked = searcher(
        made("old", "Christmas", valid_until=date(2026, 1, 6)),
        made("chat", "Christmas chat", channels=("chat",)),
        made("now", "By Christmas, delivery"),
    )
    hints = Hints(channel="imap", today=date(2026, 12, 1))
    assert names(ranked.search("", hints)) == ["now"]
    hits = ranked.search("christmas", hints)
    assert names(hits)[0] == "now"
    assert {hit.name: hit.refused for hit in hits} == {"test/now": "", "test/old": "expired on 2026-01-06", "test/chat": "only for chat"}
    assert hits[1].why.startswith(hits[1].refused)
    assert "chat" in names(ranked.search("", Hints(channel="chatwoot", today=date(2026, 12, 1))))


def test_the_customers_own_words() -> None:
    ranked = searcher(
        made("lamp", "Assembling the lamp Aurora", tags=("aurora",)),
        made("vase", "Care of the vase"),
        *[made(f"n{n}", f"Something {n}") for n in range(20)],
    )
    hits = ranked.search("", Hints("La lampada Aurora non si accende", language="it"))
    assert names(hits)[0] == "lamp"
    assert hits[0].why == "about: aurora"
    assert names(ranked.search("", Hints(("aurora", "accende"))))[0] == "lamp", "words do as well as a text"


def test_hints_that_change_are_not_mixed_up() -> None:
    assert names(SMALL.search("", Hints("mi serve la fattura")))[0] == "inv"
    assert names(SMALL.search("", Hints("vorrei il rimborso")))[0] == "refund"
    assert names(SMALL.search("", Hints("mi serve la fattura")))[0] == "inv"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Buongiorno, dov'è il mio pacco? Non è ancora arrivato", "where-is-my-order"), ("Where is my parcel? The tracking has not moved", "where-is-my-order"),
        ("Wo bleibt meine Bestellung? Laut Sendungsverfolgung unterwegs", "where-is-my-order"), ("Où est mon colis ? Toujours pas reçu", "where-is-my-order"),
        ("vorrei fare il reso di una lampada", "return"), ("I would like to return the jacket", "return"), ("Ich möchte den Pullover zurückschicken", "return"),
        ("je voudrais renvoyer la veste", "return"), ("quando arriva il rimborso?", "refund"), ("I want my money back", "refund"),
        ("Wann bekomme ich mein Geld zurück? Die Erstattung fehlt", "refund"), ("remboursement pas effectué, je veux mon argent", "refund"),
        ("il vaso è arrivato rotto", "damaged"), ("the vase arrived broken, in pieces", "damaged"), ("die Vase ist kaputt, völlig zerbrochen", "damaged"),
        ("le vase est arrivé cassé", "damaged"), ("la taglia è troppo piccola", "wrong-size"), ("too small, do you have a bigger size", "wrong-size"),
        ("leider zu klein, die Größe passt nicht", "wrong-size"), ("trop petit, je veux une autre taille", "wrong-size"),
        ("mi serve la fattura con partita IVA", "invoice"), ("Bitte senden Sie mir eine Rechnung", "invoice"), ("j'ai besoin d'une facture", "invoice"),
        ("ho sbagliato indirizzo, potete cambiare indirizzo?", "address-change"), ("Please change the address", "address-change"),
        ("il codice sconto non va", "coupon"), ("der Gutschein funktioniert nicht", "coupon"), ("vorrei annullare l'ordine", "cancel"),
        ("please cancel my order", "cancel"), ("Bestellung stornieren", "cancel"), ("annuler ma commande", "cancel"),
        ("il pagamento con carta è stato rifiutato", "payment"), ("my card was charged", "payment"), ("quando torna disponibile?", "availability"),
        ("wann wieder lieferbar?", "availability"), ("grazie mille, gentilissimi", "thanks"), ("Vielen Dank!", "thanks"), ("è una vergogna, siete pessimi", "complaint"),
        ("This is unacceptable, I am very disappointed", "complaint"),
    ],
)  # fmt: skip
def test_what_customers_want(text: str, intent: str) -> None:
    found = intents_in(text)
    assert found
    assert found[intent] == max(found.values()), found


def test_folding() -> None:
    assert fold("GRÖßE È l’Éclair") == "grosse e l’eclair"
    assert words_of("dov'è l_ordine #10245?") == ["dov", "e", "l", "ordine", "10245"]


# -- the shipped packs


@pytest.fixture(scope="module")
def shipped() -> Searcher:
    return Searcher(load_packs([PACKS], check=False))


@pytest.mark.parametrize(
    ("text", "language", "status", "channel", "first"),
    [
        ("Dov'è il mio ordine? Non è ancora arrivato", "it", "shipped", "imap", "shipping/order-shipped"),
        ("Where is my order?", "en", "processing", "imap", "shipping/wismo-processing"),
        ("Wo ist mein Paket?", "de", "shipped", "chatwoot", "chat/chat-shipped"),
        ("mi serve la fattura", "it", "delivered", "imap", "refunds-payments/invoice-"),
        ("Die Vase ist zerbrochen angekommen", "de", "delivered", "imap", "complaints/damaged-"),
        ("Grazie mille!", "it", "delivered", "imap", "general/thanks"),
        ("le code promo ne marche pas", "fr", None, "imap", "refunds-payments/coupon-"),
        ("please cancel my order", "en", "shipped", "imap", "orders/cancel-too-late"),
        ("please cancel my order", "en", "processing", "imap", "orders/cancel-done"),
    ],
)
def test_the_empty_query_finds_the_right_shipped_snippet(
    shipped: Searcher, text: str, language: str, status: str | None, channel: str, first: str
) -> None:
    hits = shipped.search("", Hints(text, language, status, channel), 3)
    assert hits[0].name.startswith(first), [hit.name for hit in hits]
    assert hits[0].why


@pytest.mark.parametrize("query", ["wismo", "wismpo", "where order", "return label", "rimborso", "fattura", "größe", "adresse", "ord rit"])
def test_every_beginning_of_a_query_is_answered(shipped: Searcher, query: str) -> None:
    for end in range(1, len(query) + 1):
        for hit in shipped.search(query[:end], limit=8):
            assert hit.title
            assert len(hit.why) <= 60
    assert shipped.search(query)


def test_every_state_of_an_order_has_its_word_in_a_reason() -> None:
    for state in set(situation.STATES.values()):
        assert say(f"snippets.status_{state}")


def test_a_newsletter_code_that_fails_is_about_the_code() -> None:
    """Who signed up for the newsletter and got a code that fails does not want to leave it."""
    text = "Il codice BENVENUTO10 non va. Buongiorno, mi sono iscritta alla newsletter per avere il 10% e il codice viene accettato ma il totale non cambia."
    shipped = load_packs([Path(__file__).parents[2] / "snippets"])
    hits = Searcher(shipped).search("", Hints(words=tuple(words_of(text)), language="it", order_status="processing", channel="imap"))
    assert "coupon" in shipped.snippets[hits[0].name].intents
