"""Words of the check before a reply goes out."""

WORDS = {
    "check.order": "l'ordine {what} è di {whose}: va tolto",
    "check.tracking": "il pacco {what} è di {whose}: va tolto",
    "check.mail": "{what} è l'indirizzo di {whose}: va tolto",
    "check.phone": "{what} è il numero di {whose}: va tolto",
    "check.name": "{what} è un altro cliente: va tolto il nome",
    "check.card": "numero di carta ({what}): va tolto",
    "check.note": "“{what}” viene da una nota interna: va tolto",
    "check.attachment": "“{what}”, ma non c’è nessun allegato: va allegato",
    "check.language": "in {what}, ma il cliente scrive {whose}: va riscritto",
    "check.expired": "{what} non si può usare: {whose}; ne serve un altro",
    "check.somebody": "qualcun altro",
    "check.in_it": "italiano",
    "check.in_en": "inglese",
    "check.in_de": "tedesco",
    "check.in_fr": "francese",
    "check.next": "{n} di {total}: {words} · {key}: altro",
    "check.how": "{words} · {key} invia lo stesso",
    "check.nothing": "il controllo qui non ha trovato niente; {key} invia",
}
