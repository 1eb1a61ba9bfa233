"""Ciò che può andare storto ovunque."""

WORDS = {
    "errors.installation": "l'installazione non è completa: manca {what}. Installi di nuovo AgentDesk.",
    "errors.cannot_make": "la cartella {folder} non si può creare: {reason}",
}
