"""What the customers of the bench's mailbox write about: sentences to be combined, in four languages.

Fields: {order}, {item}, {city}, {day}, {size}. Enough different words that a full-text index and a compressor find in them what
they would find in real mail, roughly.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    domains: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    hello: tuple[str, ...]
    bye: tuple[str, ...]
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    """Subject, and sentences that belong to it."""
    more: tuple[str, ...]
    answers: tuple[str, ...]
    wrote: str
    """The line above a quote."""


ITEMS = (
    "Aurora", "Bruma", "Calla", "Delfo", "Elba", "Fiore", "Ginepro", "Helios", "Isola", "Juno", "Kobe", "Luna", "Mirto", "Nido",
    "Olmo", "Perla", "Quarzo", "Rovere", "Salvia", "Tundra", "Ulivo", "Vela", "Wave", "Zefiro",
)  # fmt: skip
KINDS = (
    "lampada", "sedia", "vaso", "tappeto", "cuscino", "mug", "teapot", "blanket", "mirror", "shelf", "Regal", "Kissen", "Teller",
    "Hocker", "Spiegel", "table", "panier", "rideau", "coussin", "bougie",
)  # fmt: skip
SIZES = ("S", "M", "L", "XL", "38", "40", "42", "60x90", "120x180", "160x230")

ITALIAN = Language(
    "it", ("posta.example", "libero.example", "virgilio.example", "gmail.example", "studio.example"),
    ("Maria", "Giulia", "Francesco", "Luca", "Chiara", "Alessandro", "Sara", "Matteo", "Elena", "Davide", "Paola", "Simone", "Federica",
     "Niccolò", "Antonio", "Valentina", "Giorgio", "Marta", "Roberto", "Ilaria"),
    ("Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti",
     "De Luca", "Mancini", "Costa", "Giordano", "Rizzo", "Lombardi", "Moretti", "Barbieri", "Fontana"),
    ("Milano", "Torino", "Bologna", "Verona", "Napoli", "Bari", "Trento", "Cagliari", "Perugia", "Genova"),
    ("Buongiorno,", "Salve,", "Gentile servizio clienti,", "Buonasera,", "Ciao a tutti,"),
    ("Grazie e cordiali saluti", "Resto in attesa di un vostro riscontro.", "Grazie mille in anticipo", "Distinti saluti", "Un saluto"),
    (
        ("Dov'è il mio ordine {order}?", (
            "ho ordinato {item} {day} e il pacco non è ancora arrivato.", "Il corriere dice che il mio indirizzo a {city} è incompleto.",
            "La pagina di tracciamento è ferma da quattro giorni.", "Mi serviva per un compleanno e ormai è tardi.")),
        ("Reso dell'ordine {order}", (
            "vorrei restituire {item} perché il colore è diverso dalla fotografia.", "Non l'ho mai usato, ha ancora l'etichetta.",
            "Potete mandarmi l'etichetta per il ritiro a {city}?", "Quanto tempo ci vuole per il rimborso?")),
        ("Taglia sbagliata", (
            "ho ricevuto {item} nella misura {size} ma avevo chiesto un'altra misura.", "È possibile un cambio senza pagare di nuovo la spedizione?",
            "Se non l'avete più preferisco un buono.", "L'ordine è il numero {order}.")),
        ("Pacco danneggiato, ordine {order}", (
            "il pacco è arrivato aperto e {item} ha un angolo rotto.", "Vi allego le fotografie che ho fatto davanti al corriere.",
            "Ho firmato con riserva come scritto sul vostro sito.", "Vorrei una sostituzione, non un rimborso.")),
        ("Fattura", (
            "mi serve la fattura dell'ordine {order} intestata alla mia ditta.", "La partita IVA è nella firma qui sotto.",
            "Il commercialista la vuole entro {day}.", "Sul sito trovo soltanto la ricevuta.")),
        ("Cambio indirizzo", (
            "ho sbagliato il numero civico nell'ordine {order}.", "L'indirizzo giusto è a {city}, il citofono è quello del portiere.",
            "Se è già partito, potete avvisare il corriere?", "Scusate per il disturbo.")),
        ("Codice sconto", (
            "il codice che mi avete mandato con la newsletter non funziona con {item}.", "Il carrello dice che è scaduto {day}.",
            "Potete applicarlo voi all'ordine {order}?", "Sono cliente da tanti anni.")),
    ),
    ("Ho provato a telefonare due volte ma la linea era occupata.", "Nel frattempo {item} è aumentato di prezzo.", "A {city} consegnate anche il sabato?",
     "L'altra volta eravate stati velocissimi.", "Mia sorella ha avuto lo stesso problema {day}.", "Ho controllato anche nella cartella dello spam.",
     "Il pagamento risulta addebitato sulla carta.", "Se serve posso mandare altre fotografie.", "Preferirei non aspettare la prossima settimana.",
     "Vi scrivo dall'indirizzo con cui ho fatto l'acquisto."),
    ("grazie per averci scritto, mi dispiace per l'attesa.", "Ho chiesto al corriere di controllare e la ricontatto entro domani.",
     "Il rimborso è partito oggi e arriva sul suo conto in tre giorni lavorativi.", "In allegato trova l'etichetta per il reso.",
     "Ho corretto l'indirizzo, il pacco parte {day}.", "Le mando subito un altro {item} senza alcun costo.", "Mi può confermare il numero d'ordine?"),
    "Il giorno {day} {name} ha scritto:",
)  # fmt: skip
ENGLISH = Language(
    "en", ("mail.example", "post.example", "inbox.example", "company.example"),
    ("Emma", "Oliver", "Amelia", "Jack", "Sophie", "Harry", "Grace", "Thomas", "Lucy", "George", "Hannah", "Daniel", "Ruth", "Samuel"),
    ("Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Wright", "Walker", "Thompson", "Hughes",
     "O'Connor", "Murphy"),
    ("Leeds", "Bristol", "Glasgow", "Dublin", "York", "Cardiff", "Exeter", "Norwich"),
    ("Hello,", "Hi there,", "Good morning,", "Dear team,"),
    ("Many thanks", "Kind regards", "Looking forward to hearing from you.", "Best wishes", "Cheers"),
    (
        ("Where is my order {order}?", (
            "I ordered the {item} on {day} and it still has not arrived.", "Tracking has not moved since it left the depot in {city}.",
            "My neighbour says nobody came to the door.", "It is a present, so I would need it before the weekend.")),
        ("Return of order {order}", (
            "I would like to send back the {item}, it is not what I expected.", "It is unused and still in its box.",
            "Could you send me a label, please?", "How long does the refund usually take?")),
        ("Wrong size", (
            "the {item} came in {size} although I had chosen another size.", "Can I swap it without paying postage again?",
            "If it is sold out I would take a voucher.", "The order number is {order}.")),
        ("Damaged parcel, order {order}", (
            "the box was open and one corner of the {item} is chipped.", "I attach the photographs I took in front of the driver.",
            "I would rather have a replacement than a refund.", "The other pieces are fine.")),
        ("Invoice needed", (
            "could you send me an invoice for order {order} made out to my company?", "The VAT number is in my signature.",
            "Our accountant closes the books on {day}.", "The website only offers a receipt.")),
        ("Please change the delivery address", (
            "I gave you the wrong house number for order {order}.", "It should go to {city}, please ring the bell next door.",
            "If it has left already, can the carrier be told?", "Sorry for the trouble.")),
    ),
    ("I tried to call twice but the line was busy.", "Meanwhile the {item} has become more expensive.", "Do you deliver to {city} on Saturdays?",
     "Last time you were wonderfully quick.", "My sister had the same trouble on {day}.", "I have looked in the spam folder too.",
     "The payment has already left my account.", "I can send more pictures if that helps.", "I am writing from the address I ordered with."),
    ("thank you for writing, and I am sorry for the wait.", "I have asked the carrier to look for it and will come back to you tomorrow.",
     "The refund left today and should reach you within three working days.", "You will find the return label attached.",
     "I have corrected the address, it ships on {day}.", "A new {item} is on its way, free of charge.", "Could you confirm the order number?"),
    "On {day} {name} wrote:",
)  # fmt: skip
GERMAN = Language(
    "de", ("post.example", "web.example", "brief.example", "firma.example"),
    ("Anna", "Lukas", "Sabine", "Jürgen", "Claudia", "Stefan", "Katrin", "Björn", "Heike", "Matthias", "Ulrike", "Andreas"),
    ("Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Köhler", "Groß", "Krüger"),
    ("Hamburg", "München", "Köln", "Leipzig", "Wien", "Zürich", "Bremen", "Nürnberg"),
    ("Guten Tag,", "Hallo,", "Sehr geehrte Damen und Herren,", "Liebes Team,"),
    ("Mit freundlichen Grüßen", "Vielen Dank im Voraus", "Viele Grüße", "Beste Grüße"),
    (
        ("Wo bleibt meine Bestellung {order}?", (
            "am {day} habe ich {item} bestellt und bis heute ist nichts angekommen.", "Die Sendungsverfolgung zeigt seit Tagen dasselbe Verteilzentrum in {city}.",
            "Der Nachbar hat auch nichts angenommen.", "Es soll ein Geschenk werden.")),
        ("Rücksendung {order}", (
            "ich möchte {item} zurückschicken, die Farbe passt leider nicht.", "Das Etikett ist noch dran.",
            "Können Sie mir ein Rücksendeetikett schicken?", "Wann kommt das Geld zurück?")),
        ("Falsche Größe", (
            "{item} kam in Größe {size}, bestellt hatte ich eine andere.", "Ist ein Umtausch ohne neue Versandkosten möglich?",
            "Die Bestellnummer ist {order}.", "Ein Gutschein wäre auch in Ordnung.")),
        ("Beschädigtes Paket, Bestellung {order}", (
            "das Paket kam offen an und an {item} ist eine Ecke abgebrochen.", "Die Fotos hängen an.",
            "Ich hätte lieber Ersatz als eine Erstattung.", "Der Fahrer hat den Schaden vermerkt.")),
        ("Rechnung", (
            "für die Bestellung {order} brauche ich eine Rechnung auf meine Firma.", "Die Umsatzsteuer-Identifikationsnummer steht unten.",
            "Die Buchhaltung braucht sie bis {day}.", "Im Konto finde ich nur den Lieferschein.")),
    ),
    ("Telefonisch war zweimal besetzt.", "Inzwischen ist {item} teurer geworden.", "Liefern Sie nach {city} auch am Samstag?",
     "Beim letzten Mal ging es wunderbar schnell.", "Im Spamordner habe ich auch nachgesehen.", "Der Betrag wurde schon abgebucht.",
     "Weitere Bilder schicke ich gern.", "Ich schreibe von der Adresse, mit der ich bestellt habe."),
    ("vielen Dank für Ihre Nachricht, es tut mir leid, dass Sie warten mussten.", "Ich habe beim Versand nachgefragt und melde mich morgen.",
     "Die Erstattung ist heute hinausgegangen und in drei Werktagen bei Ihnen.", "Das Rücksendeetikett hängt an.",
     "Die Anschrift ist berichtigt, das Paket geht am {day} hinaus.", "Ersatz für {item} ist unterwegs, ohne Kosten für Sie."),
    "Am {day} schrieb {name}:",
)  # fmt: skip
FRENCH = Language(
    "fr", ("poste.example", "courrier.example", "boite.example"),
    ("Camille", "Léa", "Hugo", "Chloé", "Nathalie", "Jérôme", "Aurélie", "François", "Élodie", "Benoît", "Inès"),
    ("Martin", "Bernard", "Dubois", "Robert", "Durand", "Lefèvre", "Moreau", "Laurent", "Garcia", "Fournier", "Girard"),
    ("Lyon", "Lille", "Nantes", "Bordeaux", "Genève", "Strasbourg"),
    ("Bonjour,", "Madame, Monsieur,", "Bonsoir,"),
    ("Merci d'avance", "Cordialement", "Bien à vous", "Dans l'attente de votre réponse."),
    (
        ("Où est ma commande {order} ?", (
            "j'ai commandé {item} le {day} et je n'ai toujours rien reçu.", "Le suivi indique depuis des jours le dépôt de {city}.",
            "C'est un cadeau, il me le faudrait avant samedi.", "Le gardien n'a rien reçu non plus.")),
        ("Retour de la commande {order}", (
            "je souhaite renvoyer {item}, la couleur ne correspond pas à la photo.", "L'étiquette y est encore.",
            "Pouvez-vous m'envoyer un bon de retour ?", "Sous combien de temps serai-je remboursée ?")),
        ("Colis abîmé", (
            "le colis est arrivé ouvert et {item} est fêlé.", "Vous trouverez les photos en pièce jointe.",
            "Je préférerais un échange.", "Le numéro est le {order}.")),
        ("Facture", (
            "il me faudrait la facture de la commande {order} au nom de mon entreprise.", "Mon comptable l'attend pour le {day}.",
            "Le site ne propose qu'un reçu.", "Le numéro de TVA est dans ma signature.")),
    ),
    ("J'ai appelé deux fois sans succès.", "Entre-temps {item} a augmenté.", "Livrez-vous à {city} le samedi ?",
     "La dernière fois tout était parfait.", "J'ai regardé aussi dans les indésirables.", "Le paiement a bien été débité."),
    ("merci de votre message, et pardon pour l'attente.", "J'ai interrogé le transporteur et je reviens vers vous demain.",
     "Le remboursement est parti aujourd'hui.", "Vous trouverez le bon de retour en pièce jointe.", "Un nouvel exemplaire part le {day}."),
    "Le {day}, {name} a écrit :",
)  # fmt: skip

LANGUAGES = (ITALIAN, ENGLISH, GERMAN, FRENCH)
SHARES = (55, 20, 15, 10)
"""How many of a hundred customers write in each."""
