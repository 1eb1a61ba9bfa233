"""Parole della stanza della posta: che cosa si dice al posto di un contenuto che non è testo."""

WORDS = {
    "mail.invitation": "Invito: {summary}",
    "mail.cancelled": "Annullato: {summary}",
    "mail.when": "Quando: {when}",
    "mail.where": "Dove: {where}",
    "mail.organizer": "Da: {who}",
    "mail.bad_address": "«{address}» non è un indirizzo a cui si possa scrivere.",
    "mail.bad_id": "Il messaggio non ha un Message-ID utilizzabile: {id}",
}
