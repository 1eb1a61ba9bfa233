"""Words about who somebody is, or says to be."""

WORDS: dict[str, str] = {
    "proof.unproven": "Not proven to be this customer: {who}.",
    "proof.choose": "Their orders fill nothing until you choose one ({key}).",
}
