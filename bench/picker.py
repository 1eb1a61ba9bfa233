"""How long a keystroke in the snippet picker takes: `python -m bench.picker [--snippets 5000] [--json]`.

Every beginning of every query is timed as it would be typed, with the hints of a conversation and without, on a fresh word cache per
query. The corpus is made here: titles, tags and bodies in four languages out of a vocabulary as skewed as real text is.
Building the index is timed apart: the desk does it off the first paint.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from agentdesk.snippets.model import Snippet, library
from agentdesk.snippets.search import Hints, Searcher
from agentdesk.snippets.words import words_of
from bench.report import Figure, Part, say

SUBJECTS = (
    "order shipped", "order late", "return label", "return received", "refund started", "refund done", "wrong size", "exchange",
    "damaged parcel", "missing item", "invoice sent", "invoice data", "coupon expired", "address changed", "cancel order",
    "payment failed", "back in stock", "delivery time", "customs", "gift wrapping", "warranty", "spare part", "complaint",
    "thank you", "pickup point", "lost parcel", "newsletter", "account login", "price drop", "partial shipment",
)  # fmt: skip
DETAILS = (
    "first answer", "second answer", "with photos", "without order", "for companies", "abroad", "express", "christmas", "gift",
    "sold out", "marketplace", "vip", "apology", "with voucher", "by phone", "in chat", "reminder", "final notice", "partner shop",
    "outlet", "furniture", "plants", "clothing", "shoes", "kitchen", "lamps", "toys", "books", "subscription", "pre-order",
)  # fmt: skip
INTENTS = ("where-is-my-order", "return", "refund", "damaged", "wrong-size", "invoice", "address-change", "coupon", "complaint", "cancel", "payment")
QUERIES = (
    "wismo", "order shipped", "ord ship", "return label", "traking", "refnd started", "exchange shoes", "rtn lbl", "invoice companies",
    "damged parcel photos", "coupon expired christmas", "spare part lamps", "ordine in ritardo", "rimborso", "größe", "adresse",
    "os", "payment failed reminder", "back in stock kitchen",
)  # fmt: skip
MESSAGE = "Buongiorno, ho ordinato dieci giorni fa e il pacco non è ancora arrivato. Dov'è il mio ordine? Vorrei sapere quando arriva."


def corpus(count: int) -> list[Snippet]:
    dice = random.Random(7)
    syllables = ["ra", "ti", "no", "ve", "lo", "sen", "der", "mi", "cha", "pro", "gen", "stu", "ell", "an", "ber", "que"]
    vocabulary = {
        language: sorted({"".join(dice.choices(syllables, k=dice.randint(2, 5))) + language for _ in range(4000)})
        for language in ("it", "en", "de", "fr")
    }
    weights = {language: [1 / (rank + 3) for rank in range(len(words))] for language, words in vocabulary.items()}
    made = []
    for number in range(count):
        subject, detail = dice.choice(SUBJECTS), dice.choice(DETAILS)
        texts = {
            language: " ".join(dice.choices(words, weights[language], k=60)) + " {{ order.number }} " + subject
            for language, words in vocabulary.items()
        }
        made.append(
            Snippet(
                name=f"s{number}", pack="bench", pack_title="Bench", title=f"{subject}: {detail} {number % 37}", texts=texts,
                shortcut=f"{subject[:2]}{detail[:2]}{number}", tags=tuple(subject.split()), intents=(dice.choice(INTENTS),),
            )
        )  # fmt: skip
    return made


def measure(count: int = 5000) -> list[Part]:
    """Times of processor, in milliseconds, as the screen would have them: what was there before the picker is frozen (`gc.freeze`)."""
    searcher = Searcher(library(corpus(count), []))
    figures = [Figure("building the index", _took(searcher.prepare), "ms", note="off the first paint")]
    hints = Hints(
        words=tuple(words_of(MESSAGE)), language="it", order_status="shipped", channel="imap", uses={"bench/s7": 14, "bench/s99": 3}
    )
    figures.append(Figure("first opening on a conversation", _took(lambda: searcher.search("", hints)), "ms"))
    searcher.search("warm up", hints)
    gc.collect()
    gc.freeze()
    for name, given in (("on a conversation", hints), ("without one", Hints())):
        searcher.search("", given)
        times = []
        for query in QUERIES:
            searcher.forget()
            times += [(_took(partial(searcher.search, query[:end], given)), query[:end]) for end in range(1, len(query) + 1)]
        taken = sorted(time for time, _ in times)
        figures += [
            Figure(f"a keystroke {name}: median", statistics.median(taken), "ms", 2, f"of {len(taken)}"),
            Figure(f"a keystroke {name}: 95 of 100", taken[int(0.95 * len(taken))], "ms", 5),
            Figure(f"a keystroke {name}: the slowest", taken[-1], "ms", 10, repr(max(times)[1])),
        ]
    gc.unfreeze()
    return [Part(f"The picker with {count:,} snippets in four languages", tuple(figures))]


def _took(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return 1000 * (time.process_time() - began)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench.picker", description=__doc__)
    arguments.add_argument("--snippets", type=int, default=5000)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    return say(measure(options.snippets), as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
