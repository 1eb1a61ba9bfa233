"""Guessing the language of short support mails."""

import pytest

from agentdesk.domain.language import guess

SAID = {
    "it": [
        "Buongiorno, ho ordinato due settimane fa e non ho ancora ricevuto nulla. Potete dirmi dov'è il pacco?",
        "Salve, vorrei restituire le scarpe perché la taglia è sbagliata.",
        "Il codice sconto non funziona, mi dice sempre non valido",
        "Avrei bisogno della fattura per l'ordine 10245, grazie mille",
        "Scusate ma è la terza volta che scrivo, nessuno mi risponde!",
        "pacco arrivato rotto, che devo fare? allego foto del vaso",
        "Confermo, l'indirizzo corretto è via Garibaldi 12 Milano. Cordiali saluti, Maria Rossi",
    ],
    "en": [
        "Hi, where is my order? It has been two weeks and I still have nothing.",
        "Hello, the jumper is too small, can I exchange it for a medium?",
        "The discount code doesn't work at checkout, please help",
        "Parcel arrived broken. Photos attached. What now please?",
        "Could you change the delivery address to 12 High Street, London?",
        "Please send me an invoice for my order 10245 as soon as you can",
        "Thanks, that worked perfectly. Great service, have a lovely weekend!",
    ],
    "de": [
        "Guten Tag, wo bleibt meine Bestellung? Ich warte seit zwei Wochen.",
        "Hallo, die Hose ist leider zu klein, kann ich sie umtauschen?",
        "Der Gutscheincode funktioniert nicht, bitte um Hilfe",
        "Das Paket kam beschädigt an, siehe Fotos im Anhang",
        "Bitte schicken Sie mir eine Rechnung für die Bestellung 10245",
        "Könnten Sie die Lieferadresse ändern? Hauptstr. 5, München",
    ],
    "fr": [
        "Bonjour, où est ma commande ? Cela fait deux semaines que j'attends.",
        "Bonjour, le pull est trop petit, puis-je l'échanger ?",
        "Le code promo ne fonctionne pas, pouvez-vous m'aider ?",
        "Colis arrivé cassé, voir photos jointes, que dois-je faire",
        "Merci de m'envoyer une facture pour la commande 10245",
        "Pourriez-vous changer l'adresse de livraison svp ?",
    ],
}
SILENT = [
    "Ok",
    "Grazie",
    "#10245",
    "Hola, dónde está mi pedido? Hace dos semanas que espero y no he recibido nada",
    "Hallo, waar is mijn bestelling? Ik wacht al twee weken op het pakket",
    "Olá, onde está a minha encomenda? Ainda não recebi nada até hoje",
    "Mario Rossi, Via Garibaldi 12, Milano, Lombardia, 333 1234567, Italia",
    "こんにちは、注文した商品はまだ届いていません。確認していただけますか。よろしくお願いします。本当に長い文章です。",
]


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in SAID.items() for text in texts])
def test_short_mails(language, text):
    assert guess(text) == language


@pytest.mark.parametrize("text", SILENT)
def test_silent_where_it_cannot_know(text):
    assert guess(text) == ""


def test_links_numbers_and_addresses_say_nothing():
    assert guess("https://the.shop.example/the/order/and/the/parcel " * 5 + "anna@the.example 10245") == ""


def test_typographic_apostrophes():
    assert guess("Dov’è il pacco? L’ho ordinato un mese fa e non c’è ancora traccia") == "it"


def test_a_long_mail_is_read_in_no_time():
    assert guess("Where is my order? I have been waiting for two weeks. " * 20_000) == "en"
