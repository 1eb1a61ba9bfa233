"""Words of golden renders."""

WORDS = {
    "goldens.bad_sample": "{file}: {why}",
    "goldens.unknown_key": "{key} qui non è conosciuto; si conoscono {known}",
    "goldens.no_table": "{key} deve essere una tabella",
    "goldens.bad_value": "{key}: “{value}” non si capisce",
    "goldens.no_language": "non ha un testo in {language}",
    "goldens.expected": "atteso",
    "goldens.found": "adesso",
    "goldens.updated": "i pacchetti ora si aspettano quello che dicono i testi; guarda le differenze prima del commit",
    "goldens.none": "qui non ci sono prove: [[snippet.test]] con sample, language ed expect, oppure le crea --add SAMPLE",
    "goldens.count": "{n} prova, {failed} fallite|{n} prove, {failed} fallite",
    "goldens.added": "{n} prova aggiunta|{n} prove aggiunte",
    "goldens.opt_update": "scrive nei pacchetti quello che i testi dicono adesso, e mostra le differenze",
    "goldens.opt_add": "aggiunge una prova con questo esempio (un file, dalla cartella del pacchetto) a ogni testo che non ne ha",
    "goldens.opt_language": "con --add: solo queste lingue; si può ripetere",
}
