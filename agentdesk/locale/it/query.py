"""Words of the search language's errors."""

WORDS = {
    "query.unknown_operator": "L'operatore “{name}:” non esiste. Intendevi “{nearest}:”? Operatori: {known}. Per cercare le parole, mettile tra virgolette.",
    "query.unknown_operator_plain": "L'operatore “{name}:” non esiste. Operatori: {known}. Per cercare le parole, mettile tra virgolette.",
    "query.empty_value": "“{name}:” vuole un valore subito dopo i due punti, per esempio {example}.",
    "query.unknown_value": "“{name}:” non conosce “{value}”. Intendevi “{nearest}”? Valori ammessi: {known}.",
    "query.unknown_value_plain": "“{name}:” non conosce “{value}”. Valori ammessi: {known}.",
    "query.bad_date": "“{name}:{value}” non è una data. Scrivi 2026-11-20, 20/11/2026, 3d (tre giorni fa), oggi o ieri.",
    "query.open_quote": "Le virgolette prima di “{text}” non vengono chiuse.",
    "query.lone_minus": "C'è un “-” da solo: va messo subito prima di ciò che si vuole escludere, per esempio -tag:spam.",
    "query.too_long": "La ricerca ha più di {most} parti.",
}
