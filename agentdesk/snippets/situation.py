"""What a conversation says of every snippet before anything is typed.

Added up: what the customer wants (`intents.py`), the things they speak of (`concepts.py`), words in common with a snippet's title, tags and texts, the
state of the order against the one a snippet is written for, values it needs and that are not there, language, channel, and what this agent
used before, most of all where a customer wanted the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from math import log, log2, sqrt

from agentdesk.snippets import concepts, intents
from agentdesk.snippets.index import Index, holders
from agentdesk.snippets.model import Snippet, channel_kind
from agentdesk.snippets.words import words_of

# How a shop's own words for the state of an order read here.
STATES: dict[str, str] = {
    word: state
    for state, words in {
        "pending": "pending unpaid on-hold awaiting-payment draft in-attesa da-pagare offen en-attente",
        "processing": "processing confirmed paid open packed preparing in-lavorazione in-preparazione in-bearbeitung en-preparation",
        "shipped": "shipped in-transit fulfilled dispatched sent spedito in-transito versendet expedie",
        "late": "late delayed in-ritardo verspatet en-retard",
        "delivered": "delivered completed complete consegnato completato zugestellt livre",
        "cancelled": "cancelled canceled annullato storniert annule",
        "refunded": "refunded rimborsato erstattet rembourse",
        "returned": "returned reso retourniert retourne",
    }.items()
    for word in words.split()
}
# Words in a snippet's name, title or tags that say for which state it is written.
_WRITTEN_FOR: dict[str, frozenset[str]] = {
    "pending": frozenset({"pending", "unpaid", "transfer"}),
    "processing": frozenset({"processing", "prepared", "preparation", "preparazione", "vorbereitung"}),
    "shipped": frozenset({"shipped", "transit", "left", "spedito", "versendet"}),
    "late": frozenset({"late", "delay", "overdue", "ritardo", "verspatung", "retard"}),
    "delivered": frozenset({"delivered", "consegnato", "zugestellt"}),
    "cancelled": frozenset({"cancelled", "annullato", "storniert"}),
    "refunded": frozenset({"refunded", "rimborsato", "erstattet", "rembourse"}),
    "returned": frozenset({"returned"}),
}
# How wrong a snippet is for an order in another state: a parcel on its way may well be late, and an order in preparation is what one cancels.
_NEAR_STATES = {("shipped", "late"): 0.4, ("late", "shipped"): 0.6, ("processing", "cancelled"): 0.0, ("pending", "cancelled"): 0.0}
_INTENT, _SECOND, _CONCEPT, _SHORT, _BODY = 1.3, 0.2, 0.7, 0.3, 0.15
_STATE, _OTHER_STATE, _MISSING, _LANGUAGE, _CHANNEL = 0.7, 0.7, 0.8, 0.4, 0.5
_USED, _USED_AT_MOST = 0.1, 0.6
_COMMON = 0.25
"""A word that stands in more than this share of the snippets tells nothing."""
_ANYWHERE = 0.35
_FITS = 1.0
_WORDS_LOOKED_AT = 40
_GUARDED = re.compile(r"\{%-?\s*(?:if|for|unless)\b[^%]*\border.*?\{%-?\s*end(?:if|for|unless)\s*-?%\}", re.DOTALL)
_PRINTS_ORDER = re.compile(r"\{\{-?\s*order\.([^}|]*)(?:\|(?!\s*default)[^}|]*)*\}\}")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the conversation says before the agent types anything."""

    words: str | Sequence[str] = ()
    """What the customer wrote since our last answer, or its words in order."""
    language: str = ""
    order_status: str | None = None
    """The shop's word, or `late` where the parcel should have arrived; empty: there is no order; None: that is not known."""
    channel: str = ""
    """The kind of channel; empty: any."""
    uses: Mapping[str, float] = field(default_factory=dict)
    """Full name -> how often this agent used it; older uses may count less than one."""
    today: date | None = None
    """Without it nothing is expired."""
    subject: str = ""
    lacks: frozenset[str] = frozenset()
    """What the order does not have: `shipment`, `refund`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is worked out once for a snippet."""

    states: frozenset[str]
    needs: tuple[str, ...]
    """What it prints without saying what to write instead: `order`, `shipment`, `refund`."""


@dataclass(frozen=True, slots=True)
class Rank:
    """What a set of hints says of every snippet."""

    bonus: list[float]
    intents: dict[str, float]
    spoken: dict[str, tuple[str, ...]]
    """Concept -> the customer's words for it, the rarest things first."""
    words: dict[int, list[str]]
    """Snippet -> what it has of the customer's own words."""
    refused: dict[int, str]
    state: str


def look_at(snippet: Snippet) -> Known:
    own = {*words_of(snippet.name), *words_of(snippet.title), *words_of(" ".join(snippet.tags))}
    states = frozenset(state for state, words in _WRITTEN_FOR.items() if own & words)
    text = next(iter(snippet.texts.values()), "")
    printed = _PRINTS_ORDER.findall(_GUARDED.sub("", text)) if "order." in text else []
    needs = ["order"] if printed else []
    needs += [part for part in ("shipment", "refund") if any(name.startswith(part) for name in printed)]
    return Known(states, tuple(needs))


def missing(known: Known, hints: Hints) -> str:
    """What a snippet needs and this conversation does not have: the order, its `shipment` or `refund`; empty for nothing."""
    if not known.needs:
        return ""
    if hints.order_status == "" and hints.channel:
        return "order"
    return next((need for need in known.needs if need in hints.lacks), "")


def lacks_language(snippet: Snippet, hints: Hints) -> str:
    """The customer's language where the snippet has no text in it; else empty."""
    language = hints.language.replace("_", "-").split("-")[0].lower()
    return language if language and language not in snippet.texts and hints.language not in snippet.texts else ""


def rank(hints: Hints, snippets: Sequence[Snippet], known: Sequence[Known], index: Index) -> Rank:
    count = len(snippets)
    bonus = [0.0] * count
    text = hints.words if isinstance(hints.words, str) else " ".join(hints.words)
    spoken = intents.intents_in(text, hints.subject)
    for intent, score in spoken.items():
        for number, weight in index.intents.get(intent, {}).items():
            # The strongest of a snippet's intents, and a little of the others: "charged twice" is more than "payment".
            value = _INTENT * score * weight
            bonus[number] = max(bonus[number], value) + _SECOND * min(bonus[number], value)
    words, subject = words_of(text), words_of(hints.subject)
    about = _match_concepts(words, subject, bonus, index)
    matched = _match_words([*subject, *words], bonus, index)
    state = STATES.get("-".join(words_of(hints.order_status or "")), "")
    kind = channel_kind(hints.channel) if hints.channel else ""
    refused: dict[int, str] = {}
    for number, (snippet, own) in enumerate(zip(snippets, known, strict=True)):
        reason = snippet.refusal(hints.today, hints.channel)
        if reason:
            refused[number] = reason
        value = topic = bonus[number]
        if state in own.states:
            # A delivered order makes nobody ask about deliveries: the state counts as far as the subject fits.
            value += _STATE * (min(1.0, topic / _FITS) if spoken else 1.0)
        elif state and own.states:
            value -= _OTHER_STATE * min(_NEAR_STATES.get((state, other), 1.0) for other in own.states)
        if missing(own, hints):
            value -= _MISSING
        if lacks_language(snippet, hints):
            value -= _LANGUAGE
        if kind == "chat" and snippet.channels:
            value += _CHANNEL  # a text written for chats is shorter; one for mail alone is only that
        used = hints.uses.get(snippet.full_name, 0)
        if used > 0:
            value += min(_USED_AT_MOST, _USED * log2(1 + used))
        bonus[number] = value
    return Rank(bonus, spoken, about, matched, refused, state)


def _match_concepts(words: Sequence[str], subject: Sequence[str], bonus: list[float], index: Index) -> dict[str, tuple[str, ...]]:
    """Add how much a snippet's short fields speak of the same things; gives those things with the customer's words for them."""
    spoken: dict[str, float] = defaultdict(float)
    words_for: dict[str, tuple[str, ...]] = {}
    for part in (words, subject):
        things = concepts.in_words(part)
        words_for.update(things)
        weighed = {
            name: (_ANYWHERE if name in concepts.ANYWHERE else 1.0) * sqrt(len(said)) * log(1 + len(bonus) / holders(index.concepts[name]))
            for name, said in things.items()
            if name in index.concepts
        }
        total = sqrt(sum(weight * weight for weight in weighed.values()))
        for name, weight in weighed.items():
            spoken[name] += weight / total
    likeness: dict[int, float] = defaultdict(float)
    for name, weight in spoken.items():
        rarity = log(1 + len(bonus) / holders(index.concepts[name]))
        for value, numbers in index.concepts[name]:
            for number in numbers:
                likeness[number] += weight * value * rarity
    for number, value in likeness.items():
        bonus[number] += _CONCEPT * value / index.breadth[number]
    return {name: words_for[name] for name in sorted(spoken, key=lambda name: (-spoken[name], name))}


def said(number: int, rank: Rank, index: Index) -> list[str]:
    """At most two of the customer's words that a snippet's short fields have, or that mean the same; the most telling first."""
    own = index.speaks[number]
    for name, words in rank.spoken.items():
        if name in own and name not in concepts.ANYWHERE:
            return list(words[:2])
    return rank.words.get(number, [])[:2]


def _match_words(words: Sequence[str], bonus: list[float], index: Index) -> dict[int, list[str]]:
    """Add what the customer's words have in common with each snippet; gives the words, rarest first."""
    count = len(bonus)
    weighed: list[tuple[float, str]] = []
    for word in dict.fromkeys(words):
        having = max(len(index.body.get(word, ())), holders(index.short.get(word, [])))
        if len(word) > 2 and 0 < having <= max(2, _COMMON * count):
            weighed.append((log(1 + count / having), word))
    weighed.sort(reverse=True)
    del weighed[_WORDS_LOOKED_AT:]
    total = sum(weight for weight, _ in weighed[:8])
    matched: dict[int, list[str]] = {}
    in_short = [0.0] * count
    in_body = [0.0] * count
    for weight, word in weighed:
        for number in chain.from_iterable(numbers for _, numbers in index.short.get(word, ())):
            in_short[number] += weight
            matched.setdefault(number, []).append(word)
        for number in index.body.get(word, ()):
            in_body[number] += weight
    if total:
        for number in range(count):
            bonus[number] += _SHORT * min(1.0, in_short[number] * 2 / total) + _BODY * min(1.0, in_body[number] / total)
    return matched
