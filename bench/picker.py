"""How long a keystroke in the snippet picker takes: `python bench/picker.py [--snippets 5000]`.

Every beginning of every query is timed as it would be typed, with the hints of a conversation and without, on a fresh word cache per
query. The corpus is made here: titles, tags and bodies in four languages out of a vocabulary as skewed as real text is.
Building the index is timed apart: the desk does it off the first paint.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from agentdesk.snippets.model import Snippet, library
from agentdesk.snippets.search import Hints, Searcher
from agentdesk.snippets.words import words_of

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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--snippets", type=int, default=5000)
    count = arguments.parse_args().snippets
    searcher = Searcher(library(corpus(count), []))
    started = time.perf_counter()
    searcher.prepare()
    print(f"build {1000 * (time.perf_counter() - started):.0f} ms for {count} snippets in four languages")
    hints = Hints(
        words=tuple(words_of(MESSAGE)), language="it", order_status="shipped", channel="imap", uses={"bench/s7": 14, "bench/s99": 3}
    )
    started = time.perf_counter()
    searcher.search("", hints)
    print(f"first opening on a conversation {1000 * (time.perf_counter() - started):.1f} ms")
    searcher.search("warm up", hints)
    for name, with_hints in (("hints", hints), ("no hints", Hints())):
        searcher.search("", with_hints)
        times: list[tuple[float, str]] = []
        for query in QUERIES:
            searcher.forget()
            for end in range(1, len(query) + 1):
                started = time.perf_counter()
                searcher.search(query[:end], with_hints)
                times.append((1000 * (time.perf_counter() - started), query[:end]))
        sorted_times = sorted(value for value, _ in times)
        print(
            f"{name}: {len(times)} keystrokes, p50 {statistics.median(sorted_times):.2f} ms, "
            f"p95 {sorted_times[int(0.95 * len(sorted_times))]:.2f} ms, max {max(times)[0]:.2f} ms ({max(times)[1]!r})"
        )


if __name__ == "__main__":
    main()
