"""What a person wrote now, and the rest."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.message import Address
from agentdesk.domain.reply import forward_text, quote
from agentdesk.mail.quotes import split

OWN = "Buongiorno,\n\ndov'è il mio ordine 10245?\nGrazie, Anna"

# What stands under the answer in the programs and languages our customers use.
TAILS = {
    "gmail it": "Il giorno mar 3 nov 2026 alle ore 09:05 Bottega Rossi <aiuto@bottega.example>\nha scritto:\n\n> Gentile Anna,\n> ecco\n",
    "gmail it unquoted": "Il giorno mar 3 nov 2026 alle ore 09:05 Bottega Rossi <aiuto@bottega.example> ha scritto:\n\nGentile Anna,\necco",
    "gmail en": "On Tue, Nov 3, 2026 at 9:05 AM Bottega Rossi <aiuto@bottega.example> wrote:\n\n> Dear Anna,\n>\n> here",
    "gmail en wrapped": "On Tue, Nov 3, 2026 at 9:05 AM Bottega Rossi Calzature e Borse <\naiuto@bottega.example> wrote:\n\n> Dear Anna",
    "gmail de": "Am Di., 3. Nov. 2026 um 09:05 Uhr schrieb Bottega Rossi <\naiuto@bottega.example>:\n\n> Liebe Anna",
    "gmail fr": "Le mar. 3 nov. 2026 à 09:05, Bottega Rossi <aiuto@bottega.example> a\nécrit :\n\n> Chère Anna",
    "gmail es": "El mar, 3 nov 2026 a las 9:05, Bottega Rossi (<aiuto@bottega.example>)\nescribió:\n\n> Estimada Anna",
    "gmail nl": "Op di 3 nov 2026 om 09:05 schreef Bottega Rossi <aiuto@bottega.example>:\n\n> Beste Anna",
    "gmail pt": "Em ter., 3 de nov. de 2026 às 09:05, Bottega Rossi <aiuto@bottega.example>\nescreveu:\n\n> Cara Anna",
    "gmail old": "2026/11/3 Bottega Rossi <aiuto@bottega.example>\n\n> Gentile Anna",
    "apple it": "Il giorno 3 nov 2026, alle ore 09:05, Bottega Rossi <aiuto@bottega.example> ha scritto:\n\n> Gentile Anna",
    "apple en": "> On 3 Nov 2026, at 09:05, Bottega Rossi <aiuto@bottega.example> wrote:\n> \n> Dear Anna",
    "apple de": "Am 03.11.2026 um 09:05 schrieb Bottega Rossi <aiuto@bottega.example>:\n\n> Liebe Anna",
    "thunderbird it": "Il 03/11/26 09:05, Bottega Rossi ha scritto:\n> Gentile Anna",
    "thunderbird de": "Am 03.11.26 um 09:05 schrieb Bottega Rossi:\n> Liebe Anna",
    "outlook it": "Da: Bottega Rossi <aiuto@bottega.example>\nInviato: martedì 3 novembre 2026 09:05\nA: Anna\nOggetto: Ordine\n\nGentile Anna",
    "outlook it rule": "________________________________\nDa: Bottega Rossi\nInviato: martedì 3 novembre 2026\nA: Anna\nOggetto: Ordine\n\nGentile",
    "outlook en": "From: Bottega Rossi [mailto:aiuto@bottega.example]\nSent: 03 November 2026 09:05\nTo: Anna\nSubject: RE: Order\n\nDear Anna",
    "outlook de": "Von: Bottega Rossi <aiuto@bottega.example>\nGesendet: Dienstag, 3. November 2026 09:05\nAn: Anna\nBetreff: AW: Bestellung\n\nLiebe",
    "outlook fr": "De : Bottega Rossi <aiuto@bottega.example>\nEnvoyé : mardi 3 novembre 2026 09:05\nÀ : Anna\nObjet : RE: Commande\n\nChère",
    "outlook es": "De: Bottega Rossi\nEnviado: martes, 3 de noviembre de 2026\nPara: Anna\nAsunto: RE: Pedido\n\nEstimada",
    "outlook bold": "*Da:* Bottega Rossi <aiuto@bottega.example>\n*Inviato:* martedì\n*A:* Anna\n*Oggetto:* Ordine\n\nGentile",
    "outlook old": "-----Messaggio originale-----\nDa: Bottega Rossi\nInviato: martedì\nA: Anna\nOggetto: Ordine\n\nGentile",
    "original en": "-----Original Message-----\nFrom: Bottega Rossi",
    "original de": "-------- Ursprüngliche Nachricht --------\nVon: Bottega Rossi",
    "original fr": "----- Message d'origine -----\nDe : Bottega",
    "original es": "----- Mensaje original -----\nDe: Bottega",
    "samsung": "-------- Messaggio originale --------\nDa: Bottega Rossi <aiuto@bottega.example>\nData: 03/11/26 09:05 (GMT+01:00)",
    "gmx": 'Gesendet: Dienstag, 3. November 2026 um 09:05 Uhr\nVon: "Bottega Rossi" <aiuto@bottega.example>\nAn: anna@customer.example\nBetreff: x\nLiebe',
    "orange": 'Message du : 03/11/2026 09:05\nDe : "Bottega" <aiuto@bottega.example>\nA : anna@customer.example\nSujet : x\n\nChère',
    "zoho": "---- On Tue, 03 Nov 2026 09:05:00 +0100 Bottega Rossi<aiuto@bottega.example> wrote ----\n\nDear Anna",
    "yandex": '03.11.2026, 09:05, "Bottega Rossi" <aiuto@bottega.example>:\n\nDear Anna',
    "forwarded gmail": "---------- Forwarded message ---------\nDa: Bottega Rossi <aiuto@bottega.example>\nDate: mar 3 nov\n",
    "forwarded apple": "Inizio messaggio inoltrato:\n\nDa: Bottega Rossi <aiuto@bottega.example>\nOggetto: x\n",
    "signature": "-- \nAnna Bianchi\nVia Roma 1\n+39 055 123456",
    "bare signature": "--\nAnna Bianchi",
    "iphone it": "Inviato da iPhone",
    "iphone en": "Sent from my iPhone",
    "iphone de": "Von meinem iPhone gesendet",
    "iphone fr": "Envoyé de mon iPhone",
    "iphone es": "Enviado desde mi iPhone",
    "outlook mobile": "Scarica Outlook per Android<https://aka.ms/AAb9ysg>",
    "yahoo it": "Inviato da Yahoo Mail su Android",
    "libero": "Inviato da Libero Mail per Android",
    "iphone and quote": "Inviato da iPhone\n\n> Il giorno 3 nov 2026, alle ore 09:05, Bottega <a@b.example> ha scritto:\n> \n> Gentile Anna",
    "list": "_______________________________________________\nclienti mailing list\nclienti@lists.example\nhttps://lists.example/clienti",
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS.keys())
def test_only_what_was_written_now_is_visible(tail: str) -> None:
    visible, hidden = split(f"{OWN}\n\n{tail}")
    assert visible == OWN
    assert hidden == tail.strip("\n")


@pytest.mark.parametrize("language", ["it", "en", "de", "fr"])
def test_our_own_quotations_are_recognised(language: str) -> None:
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
    ours = quote("Gentile Anna,\n\necco", Address("Bottega", "aiuto@bottega.example"), at, language)
    assert split(f"{OWN}\n\n{ours}") == (OWN, ours)
    forwarded = forward_text("Gentile Anna", Address("Bottega", "aiuto@bottega.example"), at, "x", (), language)
    assert split(f"{OWN}\n\n{forwarded}") == (OWN, forwarded)


def test_an_answer_below_the_quotation() -> None:
    text = "Il giorno mar 3 nov 2026 alle ore 09:05 Bottega <a@b.example> ha scritto:\n> Ha ricevuto?\n> Saluti\n\nSì, grazie."
    visible, hidden = split(text)
    assert visible == "Sì, grazie."
    assert hidden.startswith("Il giorno")
    assert hidden.endswith("> Saluti")


def test_answers_between_the_lines_keep_what_they_answer() -> None:
    text = "On Tue, Nov 3, 2026 at 9:05 AM B <a@b.example> wrote:\n> Colour?\nBlue.\n> Size?\nXL.\n> Regards"
    assert split(text) == ("> Colour?\nBlue.\n> Size?\nXL.", "On Tue, Nov 3, 2026 at 9:05 AM B <a@b.example> wrote:\n> Regards")


@pytest.mark.parametrize(
    "text",
    [
        "Da: Milano\nA: Roma\nData: 12/11\nquanto costa la spedizione?",
        "Il 12/11 il corriere mi ha scritto:\nconsegna domani\nma non è venuto nessuno.",
        "Sent from my desk, is much easier than my mobile phone.",
        "Ho scritto ieri: nessuna risposta.",
        "Prezzo -- 20 euro -- va bene?\n- uno\n- due",
        "a\n\n----------\n\nb",
        "On Monday I ordered:\nshoes",
        "Data: 3/11\nOrdine: 10245",
        "Mi hanno scritto questo: è normale?\nGrazie",
        "x > y\nse a > b allora",
    ],
)
def test_what_only_looks_like_a_quotation_stays(text: str) -> None:
    assert split(text) == (text, "")


@pytest.mark.parametrize("text", ["> tutto citato\n> davvero", "-- \nAnna", "-----Original Message-----\nFrom: x", "Inviato da iPhone", "> a\n--\n"])
def test_a_message_is_never_left_empty(text: str) -> None:
    assert split(text) == (text.strip("\n"), "")


@pytest.mark.parametrize("answer", ["👍", "?", "OK", "1", "!!"])
def test_the_shortest_answers_are_answers(answer: str) -> None:
    assert split(f"{answer}\n\n> Va bene?")[0] == answer


PIECES = st.sampled_from(
    [
        "Buongiorno", "grazie", "", "", "> citato", ">> due", ">", "-- ", "--", "Inviato da iPhone", "ᐧ", "________________________________",
        "Il giorno mar 3 nov 2026 alle ore 09:05 B <a@b.example> ha scritto:", "On Tue, Nov 3, 2026 at 9:05 AM B <", "a@b.example> wrote:",
        "Da: Anna <a@b.example>", "Inviato: martedì", "A: Bo", "Oggetto: x", "-----Original Message-----", "Begin forwarded message:", "-----",
        "http://x.example", "2026/11/3 B <a@b.example>", "👍", "scritto:", ":", "   ",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25))
def test_nothing_is_ever_lost(lines: list[str]) -> None:
    visible, hidden = split("\n".join(lines))
    assert sorted(line for line in lines if line.strip()) == sorted(line for line in [*visible.split("\n"), *hidden.split("\n")] if line.strip())
    if any(line.strip() for line in lines):
        assert visible.strip()


HOSTILE = {
    "levels": "top\n" + "\n".join(">" * (index % 500 + 1) + " q" for index in range(10_000)),
    "asides": "\n".join(["> q\nSent from my iPhone"] * 10_000),
    "rules": "\n".join(["-" * 40] * 20_000),
    "divider": "\n".join(["--" + " " * 300 + "a-" * 140] * 5_000),
    "on on on": "On " * 50_000 + "wrote",
    "wrote": "\n".join(["On On On On 10:20 a@b wrote:" * 10] * 5_000),
    "fields": "\n".join(["From: x@y"] * 20_000),
    "signatures": "\n".join(["--\n\n\n"] * 20_000),
    "colons": "x:\n" * 50_000,
    "mobile": "\n".join(["Von meinem " + "x" * 500] * 5_000),
    "spaces": "a\n" + " " * 1_000_000 + "x",
    "one line": "word " * 1_000_000,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(text: str) -> None:
    """Twice as much takes about twice as long, on a machine of any speed; what grows with the square takes four times."""
    assert split(text)[0]
    assert _seconds(text) < 1 + 3 * _seconds(text[: len(text) // 2])


def test_ten_thousand_quoted_lines_take_no_time() -> None:
    """The time grows no faster than the text."""
    quoted = "> quoted line of an older mail\n"
    few, many = (min(_seconds("Grazie\n\n" + quoted * lines) for _ in range(5)) for lines in (2_500, 10_000))
    assert many < 8 * few + 0.05


def _seconds(text: str) -> float:
    start = time.process_time()
    split(text)
    return time.process_time() - start
