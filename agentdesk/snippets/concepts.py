"""The things that agents and customers of a shop speak of, each with its words in Italian, English, German and French.

By these a query in one language finds snippets whose titles and tags are in another. Words are stems, folded like everything that is compared;
those of one to three letters, and those with a =, are whole words. Phrases are words that mean something only together. A long word may be two
stems side by side, as in German: "rechnungsdaten" is invoice and data.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

_STEMS = """
order: ordin order bestell auftrag command
parcel: pacc collo plico parcel package paket packchen packerl sendung colis
shipping: spediz spedit spedir shipping shipment versand versend expedit expedie livraison
delivery: consegn deliver liefer zustell livr recapit
courier: corrier courier carrier driver autist fattorin trasport spedizionier zustelldienst fahrer paketdienst paketbot livreur transport dhl ups gls
  dpd brt bartolini sda hermes colissimo chronopost fedex
tracking: track tracci traking suivi sendungsverfolg verfolg sendungsnummer
where: dove dov where whereabout wismo wo= wohin ou= trova=
late: ritard tardi late delay overdue verspat verzoger retard spat tarde
waiting: aspett attes attend wait warte wartet attent
stuck: fermo ferma bloccat stuck frozen hangt blockier bloqu
lost: smarrit pers= perso persa perd= lost verloren verschwund verschwand perdu egar scompar sparit disappear weg=
neighbour: vicin neighbo nachbar voisin portinai portier portineri concierge
received: ricev receiv reciev erhalt bekomm recu recev recue
pickup: ritir giacenz pickup locker collect abhol packstation abholstation relais fermopost deposit filial
failed: fallit mancat fail unsuccess declin rifiut refus abgelehnt verweiger fehlgeschlag scheiter echou rejet
absent: assent absent abwesend nobody nessuno niemand zuhaus
attempt: tentativ attempt versuch redeliver
sender: mittent sender absend expediteur
return: reso resi rend restit return rtn ripens rimand retour ruckgab rucksend rucknahm renvoy renvoi zuruckschick zurucksend zuruckgeb recess widerruf
  retract
label: etichett label etikett etiquett lbl
exchange: cambi scambi exchang swap tausch umtausch echang
replacement: sostitu rimpiazz replac ersatz ersetz remplac
refund: rimbors refund reimburs accredit ruckerstatt erstatt rembours gutschrift rmb rembt rfd
money: soldi money geld= argent
payment: pagam pagar pagat payment pay= paid paying zahlung bezahl zahlen paiement paye payer regle pymt
card: carta carte= card= cards karte kreditkart creditcard
charge: addebit charg abgebucht abbuch abbuchung debit prelev preliev belast
twice: doppi twice double doppelt zweimal deux= 2x due=
transfer: bonific transfer uberweis virement wire= iban
invoice: fattur invoic rechnung factur receipt scontrin quittung beleg kassenbon ft= inv= ricevuta ticket
vat: iva vat= mwst ust= tva partita sdi= steuernummer
company: aziend ditta compan business firma unternehm entrepris societ
data: dati data= daten donnee detail dettagl angaben coordonn
coupon: coupon buono buoni voucher gutschein sconto sconti discount rabatt promo reduction remise cpn
code: codic code codes kode
price: prezz price preis prix=
cheaper: cheap ribass scontat drop dropped sceso scesa saldi gunstig gesenkt gefall gesunk baiss moins= reduced lower
address: indirizz address adress anschrift addr
change: cambi modif chang ander aender geandert umgeandert chg
cancel: annull cancel storn annul disdi disdett abbestell
expired: scad expir tardi spat= tarde abgelauf vorbei depass deadline over= fristablauf vorbei ablauf echeance
shipped: spedit partit shipped left= dispatch sent= versendet verschickt unterwegs losgeschickt expedie parti= partie transit viaggio route
preparing: prepar process lavorazion bearbeit vorbereit packing packed imball
damaged: rott danneg danni danno broken break damag dmg crack kaputt beschadig schaden zerbroch casse= cassee abim endommag dommag scheggia ammacc
photo: foto photo pictur image immagin bild=
missing: manca mancan missing fehl manqu incomplet unvollstand lack
wrong: sbagl errat wrong falsch verkehrt mauvais erreur incorrect
item: articol item artikel article itm=
product: prodott product produkt produit
size: tagli size grosse taill misur sz=
measure: dimension misur measur masse mesur hohe= hauteur altezz peso weight gewicht poids breite largeur larghezz lunghezz length width
advice: consigl advice advis recommend berat empfehl conseil
soldout: esaurit soldout ausverkauft epuis rupture oos vergriffen
stock: stock disponib availab magazzin lager verfugbar lieferbar vorratig riassort restock assort
again: again torna ritorna back= restock riassort wieder erneut nochmal nouveau= ancora encore
alternative: alternativ suggest consiglia vorschlag proposer
gift: regal gift geschenk cadeau present=
wrap: confezion incart wrap verpack emball einpack geschenkpapier papier
christmas: natal christmas xmas weihnacht noel
holiday: feri festiv holiday feiertag ferien urlaub vacanc feries conges
time: temp time zeit temps delai= delais dauer durata quanto= quando when= wann quand long=
costs: cost spes= spese kost frais tarif gebuhr port= versandkost
customs: dogan dazi sdogan customs duty duties zoll douan
abroad: ester abroad ausland etranger internation svizzer switzerland schweiz suisse
complaint: reclam lament complain beschwer plaint reklam
angry: arrabbiat furios furieu angry upset wutend verarger sauer= fache enerv colere incazz delus disappoint enttausch decu= decue unhappy mad=
sorry: scus sorry apolog entschuld desole excus spiacent dispiac pardon verzeih
reply: rispost rispond reply replied repli answer antwort repond reponse
not: no= non nessun not= none nothing cannot cant without kein keine nicht nichts pas= rien sans senza ohne isnt
rude: maleduc rude unhoflich impoli scortes unfreundl behav comportam comportem verhalt
escalate: responsabil capo= superior lead leader leadership supervisor manager leiter vorgesetzt escal eskal chef= teamleit
number: numer number nummer nr= num= numeri
which: quale qual quali which welch quel quell que= che=
several: divers piu= multipl several mehrer plusieurs molti
check: verific verifi controll check cheking pruf uberpruf kontroll look= looking guardo
moment: attimo moment momento secondo= second= augenblick instant minut
thanks: grazi ringraz thank thx dank merci remerci tnx ty= prego welcome bitte rien=
hello: ciao buongiorn salve hello hallo hi= bonjour salut saluto greet grusse begruss
bye: arrivederc goodbye bye= tschuss wiederseh revoir saluti ciao
close: chius clos= close geschloss ferme= fermee fermer schliess
open: apert open= offen ouvert aperto
hours: orari hours opening offnungszeit horaire
wholesale: ingross rivend wholesal resell bulk grosshand wiederverk grossist revend b2b
offer: offert prevent offer quote angebot devis offre
newsletter: newsletter
unsubscribe: disiscri unsub abmeld abbestell desabonn desinscri optout
privacy: privacy gdpr dsgvo rgpd datenschutz
delete: cancellaz cancellare delet losch supprim elimin erase
phishing: phish truff sospett scam fake suspicious fraud betrug verdacht arnaq falso falsa sms=
collaboration: collab influenc partner sponsor kooperat marketing
login: acced access login log= anmeld einlogg connex connect logon signin
account: account profil konto compte registr
password: password passwort psw pwd kennwort
security: sicurezz security sicherheit securit
confirmation: conferm confirm bestatig
combine: unir unific combin zusammen regroup insieme merge joint together
two: due= two= zwei deux= 2=
plant: piant plant pflanz flower fiore fiori blume fleur
garden: giardin garden garten jardin
wool: lana wool wolle laine cashmere kaschmir cachemir
wash: lava= lavare lavaggi wash wasch laver lavage
care: cura= care= pflege entretien
guarantee: garanz guarant warrant garantie gewahrleist warrnt
fault: guast difett fault defect defekt panne malfunz smess spegn
working: funzion working work= works funktion geht= marche marcher fonctionn
repair: ripar repair repar
spare: ricamb spare ersatzteil detache
screw: vite= viti= screw schraub vis=
part: pezz= pezzo pezzi part= parts teil piece pieces
assembly: montagg montar assembl aufbau montage montier
used: usat used worn gebraucht getragen usage= porte= portee indossat condition zustand etat= wear
hygiene: igien hygien
custom: personalizz custom massgefertigt mesure= sonderanfert
period: period termin= termini frist delai= giorni days tage= jours
found: trovat found gefund trouve
weather: maltempo meteo neve= snow storm weather wetter schnee sturm neige tempete intemper
strike: scioper strike streik greve
mail: mail email e-mail posta= courriel
chat: chat
phone: telefon phone call= chiam anruf appel= tel=
belong: apparten appartien belong gehort intesta
arrive: arriv ankomm angekomm
goodwill: goodwill gesto= kulanz geste= cortesia
inquiry: indagin inquir nachforsch enquet ricerc search such= recherche investig
done: fatto= fatta= effettuat eseguit done= made= erledig gemacht effectu fait= complet erfolgt
started: avviat iniziat start begun gestart eingeleit lance= demarr richiest angefordert
new: nuov new= neu neue= neuer neues neuen nouve
partial: parzial partial partiel teilweis
keep: tenere= tengo keep= kept behalt garde= garder
fit: stretto stretta larg small= tight loose passt pass= klein eng= petit petite serre fit= fits
colour: color colour farb couleur
model: modell model
difference: differenz difference unterschied aufpreis
reserve: riserv prenot reserv zurucklegen
preorder: preordin preorder vorbestell precommand
instructions: istruz manual instruct anleit notice= bedienung
how: how come= wie= comment=
deadline: termine= deadline frist= stichtag limite
basket: carrell basket cart= warenkorb panier
review: recension review bewert avis=
loyalty: fedelt loyal points= punti treue fidel
instalment: rate= rata= instal raten= echeanc klarna paypal
forward: inoltr forward fwd weiterleit
colleague: colleg colleague kolleg collegue
identity: identit
today: oggi today heute aujourd
weekend: weekend wochenend
"""
_PHRASES = """
money: money back | soldi indietro | geld zuruck
refund: money back | soldi indietro | geld zuruck
password: mot de passe | parola d ordine
vat: partita iva | codice fiscale
where: dov e | where is | wo ist | wo bleibt | ou est | ou en est | a che punto
late: non e ancora arrivat
expired: too late | zu spat | trop tard | troppo tardi
soldout: out of stock | sold out | nicht lieferbar | non disponibil | en rupture
stock: in stock | back in stock | en stock | auf lager
again: back in stock | retour en stock
pickup: pick up | punto ritiro | punto di ritiro | point relais | parcel shop | paketshop
sender: al mittente | to sender | an absender | a l expediteur
return: mandare indietro | send back | sent back | back to us
working: non va | ne marche pas | geht nicht
transfer: bank transfer
christmas: babbo natale
wholesale: en gros
bye: auf wiedersehen | au revoir
login: log in | sign in
thanks: you re welcome | youre welcome | de rien | gern geschehen | di nulla
shipped: on its way | in viaggio | en route | gia partit
absent: not at home | nicht zu hause | nobody home | non c era
spare: piece detachee
shipping: frais de port
costs: frais de port
unsubscribe: opt out
sorry: mi dispiace | tut uns leid | tut mir leid
gift: papier cadeau
"""
# Things that are said one for the other: (how near, which).
_NEAR = (
    (0.55, "order parcel delivery shipping"), (0.55, "received arrive delivery"), (0.5, "exchange replacement change"), (0.5, "damaged fault working"),
    (0.5, "coupon code"), (0.55, "cancel delete"), (0.5, "login account password"), (0.5, "stock soldout again"), (0.5, "privacy data delete"),
    (0.5, "lost missing"), (0.6, "absent attempt failed"), (0.5, "card payment charge"), (0.5, "money refund"), (0.5, "costs price"), (0.5, "size measure fit"),
    (0.5, "inquiry check"), (0.5, "guarantee repair fault"), (0.5, "spare part screw"), (0.5, "complaint angry rude"), (0.5, "waiting moment check"),
    (0.5, "company wholesale"), (0.5, "courier delivery shipping"), (0.5, "time hours"), (0.5, "gift wrap"), (0.5, "late waiting stuck"),
    (0.5, "weather strike late"), (0.5, "wash care"), (0.5, "plant garden"), (0.5, "preorder reserve"), (0.5, "sorry goodwill"),
    (0.5, "shipped tracking shipping"), (0.5, "preparing order"),
)  # fmt: skip
ANYWHERE = frozenset(
    ("order", "arrive", "received", "thanks", "hello", "not", "mail", "sorry", "waiting", "time", "how", "number", "today", "again", "new")
)
"""What stands in any customer's mail, whatever it is about."""
_WHOLE = 3
"""Stems up to this long are whole words."""
_LEAST_PART = 4
"""Letters that each half of a compound needs."""
_INFLECTION = 1
_LINK = 3
"""Letters between the halves, at most."""


def _rows(text: str) -> list[tuple[str, str]]:
    """`name: words`, a line each; lines that begin with a blank go on."""
    rows = []
    for line in text.replace("\n ", " ").strip().splitlines():
        name, _, words = line.partition(":")
        rows.append((name, words))
    return rows


@lru_cache(maxsize=1)
def _stems() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Stems that begin a word, and whole words, each with its concepts."""
    begins: dict[str, dict[str, None]] = {}
    whole: dict[str, dict[str, None]] = {}
    for name, words in _rows(_STEMS):
        for written in words.split():
            stem = written.rstrip("=")
            kept = whole if stem != written or len(stem) <= _WHOLE else begins
            kept.setdefault(stem, {})[name] = None
    return {stem: tuple(names) for stem, names in begins.items()}, {word: tuple(names) for word, names in whole.items()}


@lru_cache(maxsize=1)
def phrases() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First word -> (the words of a phrase, concept); the last word may go on."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, listed in _rows(_PHRASES):
        for phrase in listed.split("|"):
            words = tuple(phrase.split())
            found.setdefault(words[0], []).append((words, name))
    return found


@lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    """All stems and words, for those who look for one that was mistyped or is not finished."""
    begins, whole = _stems()
    return tuple(sorted({*begins, *whole}))


@lru_cache(maxsize=20_000)
def of_word(word: str) -> tuple[tuple[str, ...], ...]:
    """What a folded word speaks of: for each of its parts (a compound has two) the concepts it may mean; empty if that is not known."""
    plain, stem = _plain(word)
    if len(word) >= 2 * _LEAST_PART + 1:
        compound, begins = _compound(word)
        if begins > stem or (compound and not plain):
            return compound
    return (plain,) if plain else ()


def of_whole(word: str) -> tuple[str, ...]:
    """What a word speaks of if it is nothing but the word for that: "transfer", not "transferok"."""
    plain, stem = _plain(word)
    return plain if len(word) - stem <= _INFLECTION else ()


def _plain(word: str) -> tuple[tuple[str, ...], int]:
    """The concepts of a word that is none of two, and how much of it tells them."""
    begins, whole = _stems()
    found = whole.get(word)
    if found is not None:
        return tuple(dict.fromkeys((*found, *begins.get(word, ())))), len(word)
    for length in range(len(word), _WHOLE, -1):
        found = begins.get(word[:length])
        if found is not None:
            return found, length
    return (), 0


def _compound(word: str) -> tuple[tuple[tuple[str, ...], ...], int]:
    """The two halves' concepts, and how much of the word tells them."""
    begins, _ = _stems()
    for end in range(len(word) - _LEAST_PART, _WHOLE, -1):
        first = begins.get(word[:end])
        if first is None:
            continue
        # Between the halves stands the rest of the first: "geschenk|verpackung", "versand|kosten", "rechnung|s|daten".
        for at in range(end, min(end + _LINK, len(word) - _LEAST_PART) + 1):
            second, length = _plain(word[at:])
            if second and second != first:
                return (first, second), at + length
    return (), 0


@lru_cache(maxsize=1)
def near() -> dict[str, tuple[tuple[str, float], ...]]:
    """Concept -> those that are said for it, too, with how near they are."""
    found: dict[str, dict[str, float]] = {}
    for how, names in _NEAR:
        for name in names.split():
            for other in names.split():
                if other != name:
                    kept = found.setdefault(name, {})
                    kept[other] = max(how, kept.get(other, 0.0))
    return {name: tuple(others.items()) for name, others in found.items()}


def of_stem(stem: str) -> tuple[str, ...]:
    """The concepts of an entry of the vocabulary."""
    begins, whole = _stems()
    return tuple(dict.fromkeys((*begins.get(stem, ()), *whole.get(stem, ()))))


def in_words(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Concept -> the words that say it, for a text in order. The words of a phrase say only what it says: "too late" is no delay."""
    found: dict[str, tuple[str, ...]] = {}
    within: set[int] = set()
    for first, end, name, said in spans(words):
        within.update(range(first, end))
        found[name] = said
    for word in dict.fromkeys(word for at, word in enumerate(words) if at not in within):
        for name in chain.from_iterable(of_word(word)):
            found[name] = (*found.get(name, ()), word)
    return found


def spans(words: Sequence[str]) -> list[tuple[int, int, str, tuple[str, ...]]]:
    """The phrases in a text: (first word, end, concept, its words)."""
    table = phrases()
    found = []
    for at, word in enumerate(words):
        for phrase, name in table.get(word, ()):
            end = at + len(phrase)
            said = tuple(words[at:end])
            if said[:-1] == phrase[:-1] and len(said) == len(phrase) and said[-1].startswith(phrase[-1]):
                found.append((at, end, name, said))
    return found
