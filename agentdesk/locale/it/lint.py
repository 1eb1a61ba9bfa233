"""Words of `snippets lint`."""

WORDS = {
    "lint.expired": "è passata: valida fino al {date}",
    "lint.expired_hint": "dalle nuove date, o toglila",
    "lint.long": "il testo in {language} ha {n} lettere; una chat ne porta al massimo {most}",
    "lint.long_hint": "di' il resto in una seconda risposta, o permettila per la posta",
    "lint.unused": "nessun testo usa policy.{name}",
    "lint.unused_hint": "scrivi {{{{ policy.{name} }}}} dove lo si promette, o toglilo",
    "lint.avoid": "“{phrase}” è da evitare",
    "lint.avoid_hint": "lo dice [pack.style] avoid",
    "lint.address": "ci si rivolge con “{form}”, e qui sta “{word}”",
    "lint.address_hint": "cambia la parola, o il modo in [pack.style] address",
    "lint.bad_address": "{language} = “{form}” non è un modo di rivolgersi",
    "lint.bad_address_hint": "it: lei o tu; de: sie o du; fr: vous o tu",
}
