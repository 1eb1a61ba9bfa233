"""Words about packs that are fetched, and about what changed in them."""

WORDS = {
    "packs.other_checksum": "Il file non è quello indicato in desk.toml: il suo SHA-256 comincia con {found}, atteso è {wanted}. Se è stato cambiato apposta, la nuova impronta va messa in desk.toml.",
    "packs.no_git": "Su questo computer non c'è git. Va installato, oppure si indicano i pacchetti con una cartella o un URL.",
    "packs.git_said": "git: {words}",
    "packs.too_slow": "git ha impiegato più di {seconds} secondi.",
    "packs.too_large": "Il repository è troppo grande per dei pacchetti: più di {limit} MB o {files} file.",
    "packs.none": "Non contiene pacchetti (nessun file .toml in {folder}).",
    "packs.broken": "{place}: {why}",
    "packs.no_room": "I pacchetti non si possono scrivere: {reason}",
    "packs.status": "{host} risponde {status}.",
    "packs.no_answer": "{host}: {reason}",
    "packs.hops": "porta da un indirizzo all'altro senza fine",
    "packs.plain": "porta a {target}, che non è https",
    "packs.too_much": "più di {limit} MB",
}
