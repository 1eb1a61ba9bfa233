"""Parole sull'archivio locale."""

WORDS = {
    "store.cannot_open": "L'archivio {path} non si apre: {error}. Ripristinalo da una copia, oppure spostalo e lascia che il desk sincronizzi di nuovo (contiene bozze e risposte non inviate).",
    "store.newer": "L'archivio {path} è stato scritto da una versione più recente di AgentDesk. Aggiorna AgentDesk.",
    "store.older": "L'archivio {path} è di una versione precedente di AgentDesk, e un AgentDesk ci sta ancora lavorando: uno di quella versione in un'altra finestra, oppure uno che lo sta aggiornando in questo momento. Chiudi l'altra finestra, o attendi un momento, e riapri il desk.",
    "store.cannot_copy": "L'archivio {path} non si può copiare prima di portarlo a questa versione: {error}. Non è stato modificato nulla.",
    "store.closed": "Il desk è chiuso.",
    "store.disk_full": "Il disco è pieno: in {path} non si può più salvare nulla. Libera spazio; ciò che era salvato è al sicuro.",
    "store.no_room": "Lo spazio sul disco non basta: in {path} devono esserci {size} MB liberi. Appena ci sono, si continua da soli.",
    "store.cannot_write": "In {path} non si può scrivere: {error}. Quello che è arrivato resta; si continua da soli.",
    "store.turned_up": "è arrivato: la conversazione lo mostra",
    "store.busy": "Il database {path} è occupato da un altro programma; non è stato salvato nulla. Riprova.",
    "store.from_backup": "Era in partenza quando è stata fatta la copia: forse nel frattempo è stata inviata.",
    "store.ended_while_sending": "AgentDesk, o il computer, si è fermato durante la consegna; può essere partita o no.",
    "store.given_up": "lasciato perdere dall'agente",
}
