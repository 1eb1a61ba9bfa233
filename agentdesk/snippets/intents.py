"""What customers want, and the words by which one tells: in Italian, English, German and French.

A small table and no model: it only has to put the right handful of snippets on top, the agent chooses. Words are stems (a
customer's word counts if it begins with one), folded like everything that is compared; phrases are looked for in the whole text
and count double. A stem with a + names the thing itself ("rimbors+") and outweighs what merely goes with it ("quando arriva"); one
with a ~ stands in any polite mail. Intents that are not in the table are matched by their own words only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agentdesk.snippets.words import words_of

_STEMS = """
where-is-my-order: spediz spedit tracking+ tracci corriere consegn arriv pacco ordine parcel package deliver shipp
  courier dispatch arrive whereabouts paket liefer versand versend sendung zugestell bestellung colis livr suivi
  expedi commande transporteur wismo+
late-delivery: ritardo tard aspett attes late delay overdue wait verspat spat wart retard attend
delivered-not-received: vicin portineri neighbo nachbar voisin
lost-parcel: smarrit+ pers lost missing verloren verschwunden perdu
failed-delivery: assent citofon nobody redeliver abwesend klingel absent
pickup-point: ritiro punto locker giacenz pickup collect abhol packstation filiale relais retrait
returned-to-sender: mittente giacenz sender zuruckgeschickt absender expediteur
return: reso+ resi restitu+ rend ripens recesso+ return+ send zuruck retour rucksend ruckgab widerruf+ umtausch+ renvoy+
  renvoi+ rendre retract zuruckschick+
exchange: cambi sostitu scambi+ exchange+ swap tausch umtausch+ echang+
refund: rimbors+ accredit refund+ reimburs moneyback ruckerstatt+ erstatt+ gutschrift+ geld rembours+ credit
damaged: rott+ danneg+ difett ammacc graffi crep incrin spacc+ frantum broken+ damag+ crack smash shatter scratch dent
  faulty defect kaputt+ beschadig+ defekt zerbroch+ zerkratz gebroch bruch casse+ cass+ abim endommag+ defectu brise fele
  rayure fissur
faulty: difett funzion guast smess faulty defect work stopp defekt funktion kaputt+ panne fonctionn
guarantee: garanzi+ guarante warrant+ garantie+ gewahrleist
missing-item: manc mancan incomplet missing fehl unvollstand manqu
wrong-item: sbagliat errat divers wrong instead falsch verkehrt anstatt erreur mauvais
wrong-size: tagli+ misur grande piccol strett larg stret size fit small large tight loose grosse gross klein eng weit
  passt taille+ petit grand serre
invoice: fattur+ ricevut scontrin partita iva fiscale sdi invoice+ receipt vat bill rechnung+ beleg mwst ust
  facture+ recu tva
address-change: indirizz+ via civico recapit spostare address street moved adress anschrift strasse umgezogen umzug
  adresse rue demenag
coupon: coupon+ buono sconto+ codic+ promo+ voucher+ discount+ code gutschein+ rabatt+ reduction remise bon
complaint: reclam+ deluso delus vergogn+ scandal inaccett pessim arrabbiat avvocat assurd complain disappoint unaccept+
  terrible angry ridiculous awful worst lawyer beschwer+ enttausch unverschamt inakzept frech anwalt argerlich plainte
  decu decept inadmiss+ honte avocat
chasing: sollecit ancora risposta nessun reminder again answer reply remind erinner antwort nochmal relance reponse
cancel: annull+ cancell disdi+ disdett+ cancel+ stornier+ storno+ widerruf+ annul+ abbestell
order-change: modific aggiung cambi change add modify ander hinzufug erganz modifi ajout
payment: pagament pagat carta addebit+ bonific paypal rata pay charg card transfer klarna zahl bezahl abgebucht+ karte
  uberweis lastschrift paiement paye carte debit virement prelev
double-charge: doppi due twice double doppelt zweimal deux fois
availability: disponib+ esaurit+ riassort magazzin tornera available stock sold restock+ back verfugbar+ lieferbar+
  ausverkauft+ vorratig lager rupture epuise reassort
product-question: dimension misur material lava compost peso altezz product measure wash weight height mass waschen
  gewicht hohe pflege matier laver poids hauteur entretien
delivery-by-christmas: natal+ vigilia babbo christmas+ xmas+ weihnacht+ heiligabend nikolaus noel+
shipping-question: spediz spedite costi tempi estero shipping ship cost abroad versandkost lieferzeit ausland frais
  delai etranger
customs: dogan+ dazi customs+ duty duties zoll+ douan+
gift-wrapping: regal confezion bigliett gift wrap card geschenk verpack gruss cadeau emballage
confirmation-missing: conferm confirm bestatig
thanks: grazi~ ringraz~ perfett~ gentiliss thank~ thx~ perfect~ great~ dank~ super~ toll~ merci~ parfait~ remerci~
greeting: ciao buongiorn salve hello hallo bonjour
unsubscribe: newsletter disiscriv cancellarmi unsubscribe subscription abmeld abbestell desabonn desinscri
privacy: privacy gdpr dati dsgvo datenschutz loschen rgpd donnees delete
account: account password login acced registr anmeld passwort konto compte connexion mot de passe
security: phishing+ truffa sospett scam suspicious fraud betrug verdachtig arnaque frauduleux
wholesale: ingross rivendi azienda preventiv wholesale resell business quote grosshandel wiederverkauf angebot firma
  revend devis entreprise
partnership: collabor influencer partner sponsor kooperation zusammenarbeit partenariat
"""
_PHRASES = """
where-is-my-order: dov e il mio | dove si trova | quando arriva | non e arrivat | non e ancora arrivat | a che punto |
  where is my | when will | not arrived | hasn t arrived | has not arrived | still waiting | wo ist mein | wo bleibt |
  wann kommt | noch nicht angekommen | nicht angekommen | ou est ma | ou est mon | ou en est | quand vais je recevoir
  | pas recu | pas encore recu | toujours pas
late-delivery: non e ancora arrivat | still waiting | doveva arrivare | should have arrived | hatte ankommen sollen |
  aurait du arriver
delivered-not-received: risulta consegnat | segnato come consegnat | ma non ho ricevut | marked as delivered | says
  delivered | als zugestellt | nicht erhalten | indique livre | marque livre | marque comme livre
lost-parcel: andato perso | is lost | ging verloren | ist weg
failed-delivery: non ero in casa | nessuno in casa | mancata consegna | missed delivery | nobody home | not at home |
  nicht zu hause | zustellversuch | avis de passage
pickup-point: punto di ritiro | pick up point | point relais
returned-to-sender: tornato al mittente | returned to sender | retour a l expediteur
return: mandare indietro | rimandare indietro | diritto di recesso | send back | send it back | give back | zuruck
  schicken | zuruckgeben
exchange: un altra taglia | another size | andere grosse | autre taille
refund: soldi indietro | indietro i soldi | i miei soldi | money back | my money | geld zuruck | mein geld | mon argent |
  dov e il mio rimborso | where is my refund | where is my money | wo ist mein geld | wo bleibt mein geld | wo bleibt die erstattung |
  wo bleibt die ruckerstattung | ou est mon rembours | ou en est mon rembours | ou en est le rembours
damaged: arrivato rotto | in pezzi | in pieces | in mille pezzi | en morceaux | in stucken
faulty: non funziona | ha smesso | does not work | doesn t work | stopped working | funktioniert nicht | ne fonctionne
guarantee: in garanzia | under warranty
missing-item: manca un | mancano | is missing | was missing | not in the box | es fehlt | fehlt | il manque
wrong-item: articolo sbagliato | invece di | wrong item | instead of | falscher artikel | falsche artikel | mauvais
  article | a la place
wrong-size: taglia sbagliata | troppo grande | troppo piccol | troppo stret | too small | too big | too large | too
  tight | doesn t fit | does not fit | zu klein | zu gross | zu eng | passt nicht | trop petit | trop grand | trop
  serre
invoice: partita iva | codice fiscale | vat number
address-change: cambiare indirizzo | indirizzo sbagliato | cambio indirizzo | wrong address | change the address |
  change my address | andere adresse | falsche adresse | lieferadresse | adresse de livraison | mauvaise adresse |
  changer l adresse
coupon: codice sconto | buono sconto | discount code | promo code | code promo
complaint: mai piu | never again | nie wieder | plus jamais | non e possibile | das ist doch | c est inadmissible
chasing: nessuna risposta | non ho ricevuto risposta | no reply | no answer | nobody answers | keine antwort | aucune
  reponse | sans reponse | pas de reponse
cancel: annullare l ordine | cancel my order | cancel the order | bestellung stornieren | annuler ma commande
order-change: modificare l ordine | aggiungere | change my order | add to my order | bestellung andern | modifier ma
  commande | ajouter
payment: addebitato due volte | pagamento rifiutato | charged twice | payment failed | declined | doppelt abgebucht |
  zahlung fehlgeschlagen | debite deux fois | paiement refuse
double-charge: due volte | charged twice | doppelt abgebucht | debite deux fois
availability: di nuovo disponibile | back in stock | in stock | sold out | wieder lieferbar | wieder verfugbar | de
  nouveau disponible | en stock
product-question: vorrei sapere se | mi sa dire | quanto misura | can you tell me | how big | wie gross ist | konnen
  sie mir sagen | pouvez vous me dire | quelle est la
delivery-by-christmas: entro natale | per natale | in tempo per | by christmas | before christmas | in time for | bis
  weihnachten | vor weihnachten | avant noel | pour noel
shipping-question: costi di spedizione | quanto costa la spedizione | shipping cost | do you ship | versandkosten |
  liefern sie | frais de port | livrez vous
gift-wrapping: confezione regalo | gift wrap | als geschenk | papier cadeau | paquet cadeau
confirmation-missing: non ho ricevuto la conferma | nessuna conferma | no confirmation | keine bestatigung | pas de
  confirmation | pas recu de confirmation
unsubscribe: non voglio piu ricevere | stop sending | mailing list
privacy: miei dati | my data | meine daten | mes donnees | cancellare i dati
account: non riesco ad accedere | can t log in | cannot log in | mot de passe
"""
_ALIASES = {
    "refund-request": "refund",
    "refund-status": "refund",
    "payment-problem": "payment",
    "out-of-stock": "availability",
    "order-question": "where-is-my-order",
    "tracking": "where-is-my-order",
    "shipping": "where-is-my-order",
    "size": "wrong-size",
    "discount": "coupon",
    "address": "address-change",
}
_STRONG, _POLITE = 3.5, 0.6
_SURE = 2.0
"""From here on a subject says what it is about."""
_PARTIAL = 0.75
"""An intent known only by another one's words counts a little less than that one itself."""


@lru_cache(maxsize=2)
def _table(text: str) -> dict[str, str]:
    """`intent: words`, a line each; lines that begin with a blank go on."""
    table: dict[str, str] = {}
    for line in text.replace("\n ", " ").strip().splitlines():
        intent, _, words = line.partition(":")
        table[intent] = " ".join(words.split())
    return table


@lru_cache(maxsize=1)
def _stems() -> dict[str, list[tuple[str, str, float]]]:
    """First letter -> (stem, intent, what it counts)."""
    found: dict[str, list[tuple[str, str, float]]] = {}
    for intent, stems in _table(_STEMS).items():
        for written in dict.fromkeys(stems.split()):
            stem = written.rstrip("+~")
            counts = 1.0 if stem == written else _STRONG if written.endswith("+") else _POLITE
            found.setdefault(stem[0], []).append((stem, intent, counts))
    return found


@lru_cache(maxsize=1)
def _phrases() -> list[tuple[str, str]]:
    return [(f" {phrase.strip()}", intent) for intent, phrases in _table(_PHRASES).items() for phrase in phrases.split("|")]


def known(intent: str) -> str:
    """The intent of the table that says by which words this one is told; empty if none does."""
    return intent if intent in _table(_STEMS) else _ALIASES.get(intent, "")


def weight(intent: str) -> float:
    return 1.0 if intent in _table(_STEMS) else _PARTIAL


def intents_in(text: str, subject: str = "") -> dict[str, float]:
    """How much a customer's text speaks of each intent, the strongest being 1.

    A subject says in a few words what a long text is about, so it counts as much as all of that; less where it says little ("order 10245").
    """
    scores = _spoken(words_of(text))
    most = max(scores.values(), default=0.0)
    said = _spoken(words_of(subject))
    surest = max(said.values(), default=0.0)
    if surest:
        counts = (most or 1.0) * min(1.0, surest / _SURE)
        for intent, score in said.items():
            scores[intent] = scores.get(intent, 0.0) + counts * score / surest
        most = max(scores.values())
    return {intent: score / max(most, 1.0) for intent, score in scores.items()}


def _spoken(words: Sequence[str]) -> dict[str, float]:
    scores: dict[str, float] = {}
    stems = _stems()
    for word in dict.fromkeys(words):
        for stem, intent, counts in stems.get(word[0], ()):
            # A short stem is taken for a whole word or nearly: "via" is a street, "viaggio" is not.
            if word.startswith(stem) and (len(stem) >= 4 or len(word) <= len(stem) + 1):
                scores[intent] = scores.get(intent, 0.0) + counts
    joined = f" {' '.join(words)}"
    said = [(phrase, intent) for phrase, intent in _phrases() if phrase in joined]
    for phrase, intent in said:
        # Of "where is my" and "where is my refund" only the longer was meant.
        if not any(phrase in longer for longer, _ in said if len(longer) > len(phrase)):
            scores[intent] = scores.get(intent, 0.0) + 2.0
    return scores
