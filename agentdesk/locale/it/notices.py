"""Bell, notices of the desktop, the title."""

WORDS = {
    "notices.chats": "una chat aspetta|{n} chat aspettano",
    "notices.promise": "a {who} è stata promessa una risposta entro {n} minuto|a {who} è stata promessa una risposta entro {n} minuti",
    "notices.title_chats": "{n} chat|{n} chat",
    "notices.title_late": "{n} in ritardo",
    "notices.desktop": "campanella, e un avviso del desktop mentre guardi altrove",
    "notices.bell": "solo la campanella",
    "notices.none": "niente",
    "notices.chosen_desktop": "una chat che aspetta e una promessa in scadenza suonano, e ti richiamano da altrove",
    "notices.chosen_bell": "una chat che aspetta e una promessa in scadenza suonano la campanella",
    "notices.chosen_none": "non suona niente; la riga in alto mostra sempre che cosa aspetta",
}
