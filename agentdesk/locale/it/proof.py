"""Words about who somebody is, or says to be."""

WORDS: dict[str, str] = {
    "proof.unproven": "Non è provato che sia questo cliente: {who}.",
    "proof.choose": "I suoi ordini non riempiono nulla finché non ne scegli uno ({key}).",
}
