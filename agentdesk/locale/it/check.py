"""Words of the check before a reply goes out."""

WORDS = {
    "check.order": "l'ordine {what} è di {whose}",
    "check.tracking": "il pacco {what} è di {whose}",
    "check.mail": "{what} è l'indirizzo di {whose}",
    "check.phone": "{what} è il numero di {whose}",
    "check.name": "{what} è un altro cliente",
    "check.card": "contiene il numero di una carta ({what})",
    "check.note": "“{what}” sta in una nota interna",
    "check.attachment": "dice “{what}”, e non c’è nessun allegato",
    "check.language": "è in {what}, e il cliente scrive in {whose}",
    "check.expired": "{what} non si può usare: {whose}",
    "check.somebody": "qualcun altro",
    "check.in_it": "italiano",
    "check.in_en": "inglese",
    "check.in_de": "tedesco",
    "check.in_fr": "francese",
    "check.more": "; e ancora {n}|; e ancora {n}",
    "check.how": "{words} · {key} invia lo stesso",
    "check.nothing": "il controllo qui non ha trovato niente; {key} invia",
}
