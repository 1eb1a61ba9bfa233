"""Words of the search language's errors."""

WORDS = {
    "query.unknown_operator": "No operator “{name}:”. Did you mean “{nearest}:”? Operators: {known}. Put the words in quotes to search for them.",
    "query.unknown_operator_plain": "No operator “{name}:”. Operators: {known}. Put the words in quotes to search for them.",
    "query.empty_value": "“{name}:” needs a value right after the colon, such as {example}.",
    "query.unknown_value": "“{name}:” does not know “{value}”. Did you mean “{nearest}”? Allowed: {known}.",
    "query.unknown_value_plain": "“{name}:” does not know “{value}”. Allowed: {known}.",
    "query.bad_date": "“{name}:{value}” is no date. Write 2026-11-20, 20/11/2026, 3d (three days ago), today or yesterday.",
    "query.open_quote": "The quotation mark before “{text}” is never closed.",
    "query.lone_minus": "“-” stands alone: put it right before what is to be left out, such as -tag:spam.",
    "query.too_long": "The search has more than {most} parts.",
}
