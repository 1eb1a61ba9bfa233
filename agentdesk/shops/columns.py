"""The columns of an order file, and the names under which shops export them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

COLUMNS = (
    "number", "email", "name", "phone", "status", "placed_at", "currency", "total", "item_name", "sku", "quantity", "price",
    "carrier", "tracking_number", "tracking_url", "shipped_at", "eta", "refunded", "language",
)  # fmt: skip

# Names in Italian, English, German and French, and those of the usual exports; written as `_fold` makes them. Where two
# columns of a file mean the same, the one that stands earlier in this table wins.
_SYNONYMS: dict[str, str] = {
    "number": """number, order number, order no, order nr, order id, order, orderid, ordernumber, id ordine, numero ordine, n ordine,
        nr ordine, numero d ordine, ordine, numero, bestellnummer, bestellnr, auftragsnummer, bestellung, numero de commande,
        n commande, commande, reference, riferimento, referenz, increment id, id""",
    "email": """email, e mail, mail, customer email, billing email, email cliente, indirizzo email, email address, kunden email, e mail adresse,
        email client, courriel, adresse e mail, adresse email""",
    "name": """name, customer name, customer, full name, billing name, buyer name, nome, nome cliente, cliente, nominativo, intestatario,
        nome e cognome, kunde, kundenname, nom, nom du client, client, shipping name""",
    "phone": """phone, phone number, telephone, mobile, billing phone, telefono, cellulare, tel, telefon, telefonnummer, handy, telephone client,
        portable, shipping phone""",
    "status": """status, order status, state, stato, stato ordine, stato dell ordine, bestellstatus, auftragsstatus, zustand, statut,
        statut de la commande, etat, fulfillment status, financial status""",
    "placed_at": """placed at, placed, order date, date, created at, created, date created, purchase date, data, data ordine, data dell ordine,
        data acquisto, bestelldatum, auftragsdatum, datum, date de commande, date commande, paid at""",
    "currency": "currency, currency code, valuta, divisa, wahrung, waehrung, devise, monnaie",
    "total": """total, order total, grand total, total price, amount, totale, totale ordine, importo, importo totale, gesamt, gesamtbetrag, summe,
        betrag, montant, montant total""",
    "item_name": """item name, item, product, product name, lineitem name, title, articolo, prodotto, nome prodotto, descrizione, artikel,
        artikelname, produkt, bezeichnung, article, produit, nom du produit, designation""",
    "sku": "sku, item sku, product code, lineitem sku, codice articolo, codice prodotto, artikelnummer, artikelnr, reference produit, code article",
    "quantity": "quantity, qty, item quantity, lineitem quantity, quantita, qta, pezzi, menge, anzahl, stuck, quantite, qte",
    "price": """price, unit price, item price, lineitem price, prezzo, prezzo unitario, preis, einzelpreis, stuckpreis, prix,
        prix unitaire""",
    "carrier": "carrier, shipping company, courier, corriere, vettore, spedizioniere, versanddienst, versanddienstleister, transporteur",
    "tracking_number": """tracking number, tracking, tracking no, tracking code, tracking id, numero tracking, codice tracking, numero di tracking,
        numero spedizione, lettera di vettura, sendungsnummer, trackingnummer, paketnummer, numero de suivi, n suivi, suivi""",
    "tracking_url": """tracking url, tracking link, url tracking, link tracking, link di tracciamento, sendungsverfolgung, trackinglink,
        lien de suivi, url de suivi""",
    "shipped_at": """shipped at, shipped, ship date, shipping date, date shipped, fulfilled at, data spedizione, spedito il, versanddatum,
        versendet am, date d expedition, expedie le""",
    "eta": """eta, expected, expected delivery, estimated delivery, delivery date, consegna prevista, data consegna, data consegna prevista,
        liefertermin, lieferdatum, voraussichtliche lieferung, livraison prevue, date de livraison""",
    "refunded": """refunded, refund, refunded amount, refund amount, refund total, rimborsato, rimborso, importo rimborsato, erstattet,
        erstattung, rembourse, remboursement, montant rembourse""",
    "language": "language, lang, locale, customer locale, lingua, sprache, langue",
}  # fmt: skip

_RANKED: dict[str, tuple[str, int]] = {
    name.strip(): (column, rank)
    for column, names in _SYNONYMS.items()
    for rank, name in enumerate(" ".join(names.split()).split(","))
}


# What the fields of nested objects mean there, where it differs from the table above.
_NESTED: dict[str, dict[str, str]] = {
    "items": {"name": "item_name", "nome": "item_name", "nom": "item_name", "number": "sku", "total": "", "amount": "quantity"},
    "shipments": {
        "number": "tracking_number", "numero": "tracking_number", "code": "tracking_number", "name": "carrier", "provider": "carrier",
        "url": "tracking_url", "link": "tracking_url", "date": "shipped_at", "created at": "shipped_at",
        "estimated delivery": "eta",
    },
    "refunds": {
        "total": "refunded", "amount": "refunded", "importo": "refunded", "totale": "refunded", "betrag": "refunded", "montant": "refunded",
        "at": "at", "date": "at", "created at": "at", "data": "at", "datum": "at",
    },
}  # fmt: skip


def nested_column(kind: str, name: str) -> str:
    """The column a field of a nested item, shipment or refund stands for, or empty."""
    folded = _fold(name)
    return _NESTED[kind].get(folded, _RANKED.get(folded, ("", 0))[0])


def column_of(name: str) -> str:
    """The column a name stands for, or empty."""
    return _RANKED.get(_fold(name), ("", 0))[0]


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Which column stands where. Each is taken once: under its own name before a synonym, the earlier before the later.

    Shopify's export calls the order's number "Name"; it is known by its "Lineitem name".
    """
    folded = [_fold(name) for name in header]
    if (
        "lineitem name" in folded
        and "name" in folded
        and not any(column_of(name) == "number" for name in header if _fold(name) != "id")
    ):
        folded[folded.index("name")] = "number"
    best: dict[str, tuple[int, int]] = {}
    for place, name in enumerate(folded):
        column, rank = _RANKED.get(name, ("", 0))
        if column and (column not in best or rank < best[column][0]):
            best[column] = (rank, place)
    return {column: place for column, (_, place) in best.items()}


def named(values: Mapping[str, object]) -> dict[str, object]:
    """The same for one object: column -> value."""
    names = [name for name in values if isinstance(name, str)]
    return {column: values[names[place]] for column, place in columns_of(names).items()}


def _fold(name: str) -> str:
    """Letters' case, accents and punctuation do not matter in a column's name."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip())
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())
