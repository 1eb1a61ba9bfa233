"""Parole che il motore lascia all'agente."""

WORDS = {
    "engine.busy": "Un altro AgentDesk sta già lavorando su questo desk e lo tiene aggiornato.",
    "engine.offline": "fuori linea, come dice desk.toml",
    "engine.defect": "un difetto di AgentDesk: {error}; i dettagli sono in engine.log",
    "engine.cannot_compose": "Il messaggio non si può comporre: {error}",
    "engine.broke_off": "Interrotto durante la consegna: {error}",
    "engine.moved_on": "Il cliente ha scritto di nuovo prima che partisse. Leggi, poi inviala così com'è o cambiala.",
    "engine.some_refused": "Accettata, ma non per {addresses}. {detail}",
    "engine.no_copy": "Nessuna copia in Inviata: è partita senza questo desk.",
    "engine.found_in_sent": "trovata in Inviata: è partita",
    "engine.not_in_sent": "Può essere arrivata o no; in Inviata non c'è copia. Chiedi al cliente, segnala come inviata o inviala di nuovo.",
    "engine.ask_password": "{channel}: {detail} Scrivi la password:",
}
