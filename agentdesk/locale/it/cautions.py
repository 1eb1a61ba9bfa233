"""What an agent is warned of before answering or clicking."""

WORDS = {
    "cautions.warning": "Attenzione",
    "cautions.careful": "Nota",
    "cautions.reply-to": "la risposta andrebbe a {answer}, non a chi ha scritto",
    "cautions.look-alike": "{real} imita soltanto {copied}",
    "cautions.claims": "il mittente si presenta come {copied}; il vero indirizzo è {real}",
    "cautions.near": "{real} scrive in una conversazione di {copied}: cambia una sola lettera",
    "cautions.link-target": "un link che dice {shown} porta a {target}",
    "cautions.executable": "in allegato un programma o uno script: {file}",
    "cautions.card": "un numero di carta nel testo, mostrato per intero ({card})",
    "cautions.card_masked": "un numero di carta nel testo, qui nascosto ({card})",
    "cautions.not_to": "non a {who}",
    "cautions.short.look-alike": "imitazione",
    "cautions.short.link-target": "link falso",
    "cautions.short.executable": "programma",
}
