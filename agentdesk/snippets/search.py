"""The picker's ranking: what the agent types, and what the conversation already says.

    searcher = Searcher(library)
    searcher.prepare()                                   # off the first paint: a second for 5,000 snippets
    searcher.search("ord rit", Hints(words=words_of(last_message), language="it", order_status="shipped"))

Every word of the query must be found; how is `index.py`'s business. The conversation moves the found ones among themselves, and
ranks alone where nothing is typed: what the customer's words are about, the state of the order, the channel, the language,
what this agent used before.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log, log2
from typing import TYPE_CHECKING, NamedTuple

from agentdesk.locale import say
from agentdesk.snippets import intents
from agentdesk.snippets.model import Library, Snippet, channel_kind
from agentdesk.snippets.words import words_of

if TYPE_CHECKING:
    from agentdesk.snippets.index import Index

# How a shop's own words for the state of an order read here.
_STATES: dict[str, str] = {
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
    "refunded": frozenset({"refunded", "refund", "rimborso", "erstattung"}),
    "returned": frozenset({"returned", "reso", "retour"}),
}
_INTENT, _SHORT, _BODY, _STATE, _OTHER_STATE, _NO_ORDER, _LANGUAGE, _CHANNEL, _USED = 0.9, 0.35, 0.25, 0.4, 0.35, 0.5, 0.4, 0.3, 0.07
_SECOND = 0.25
_USED_AT_MOST = 0.45
_HINT = 0.2
"""How much the conversation weighs beside what is typed."""
_COMMON = 0.25
"""A word that stands in more than this share of the snippets tells nothing."""
_WORDS_LOOKED_AT = 40
_GUARDED = re.compile(r"\{%-?\s*(?:if|for|unless)\b[^%]*\border.*?\{%-?\s*end(?:if|for|unless)\s*-?%\}", re.DOTALL)
_PRINTS_ORDER = re.compile(r"\{\{-?\s*order\.[^}|]*(?:\|(?!\s*default)[^}|]*)*\}\}")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the conversation says before the agent types anything."""

    words: str | Sequence[str] = ()
    """The customer's last message, or its words in order."""
    language: str = ""
    order_status: str | None = None
    """The shop's word, or `late` where the parcel should have arrived; empty: there is no order; None: that is not known."""
    channel: str = ""
    """The kind of channel; empty: any."""
    uses: Mapping[str, int] = field(default_factory=dict)
    """Full name -> how often this agent used it."""
    today: date | None = None
    """Without it nothing is expired."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A snippet found."""

    name: str
    """Full name."""
    title: str
    pack: str
    score: float
    why: str
    """A few words for the agent: what was matched, or why it is proposed."""
    refused: str = ""
    """Why it can't be used now; then it stands last."""


class _Known(NamedTuple):
    """What is worked out once for a snippet."""

    states: frozenset[str]
    needs_order: bool


class _Rank(NamedTuple):
    """What a set of hints says of every snippet."""

    bonus: list[float]
    intents: dict[str, float]
    words: dict[int, list[str]]
    refused: dict[int, str]
    state: str


class Searcher:
    """Ranks the snippets of one library. Cheap to make; the first search, or `prepare`, builds the index."""

    def __init__(self, library: Library) -> None:
        self._snippets = [library.snippets[name] for name in library.order]
        self._index: Index | None = None
        self._known: list[_Known] = []
        self._ranked: tuple[Hints, _Rank] | None = None

    def prepare(self) -> None:
        """Build the index (280 ms for 5,000 snippets in one language, about a second in four), off the first paint."""
        self._ready()

    def forget(self) -> None:
        """Drop what was kept of typed words (measurements begin from here)."""
        self._ready().forget()

    def search(self, query: str, hints: Hints = Hints(), limit: int = 20) -> list[Hit]:
        """The best snippets for what is typed (an empty query too), best first; `limit` 0 gives all."""
        index = self._ready()
        if not self._snippets:
            return []
        rank = self._rank(hints)
        tokens = words_of(query)
        bonus, refused, titles = rank.bonus, rank.refused, index.title_words
        if tokens:
            found = index.search(tokens)
            scored = [
                (score + _HINT * bonus[number] - 0.004 * titles[number] - (10 if number in refused else 0), -number)
                for number, score in found.items()
            ]
        else:
            scored = [(value, -number) for number, value in enumerate(bonus) if number not in refused]
        best = heapq.nlargest(limit, scored) if limit else sorted(scored, reverse=True)
        return [self._hit(-number, score, tokens, hints, rank) for score, number in best]

    def _ready(self) -> Index:
        if self._index is None:
            from agentdesk.snippets.index import Index  # noqa: PLC0415 - only who searches pays for it

            self._known = [_look_at(snippet) for snippet in self._snippets]
            self._index = Index(self._snippets)
        return self._index

    # -- the conversation

    def _rank(self, hints: Hints) -> _Rank:
        if self._ranked is None or (self._ranked[0] is not hints and self._ranked[0] != hints):
            self._ranked = hints, self._rank_anew(hints)
        return self._ranked[1]

    def _rank_anew(self, hints: Hints) -> _Rank:
        index = self._ready()
        count = len(self._snippets)
        bonus = [0.0] * count
        message = hints.words if isinstance(hints.words, str) else " ".join(hints.words)
        spoken = intents.intents_in(message)
        for intent, score in spoken.items():
            for number, weight in index.intents.get(intent, {}).items():
                # The strongest of a snippet's intents, and a little of the others: "charged twice" is more than "payment".
                value = _INTENT * score * weight
                bonus[number] = max(bonus[number], value) + _SECOND * min(bonus[number], value)
        matched = self._match_words(words_of(message), bonus)
        state = _STATES.get("-".join(words_of(hints.order_status or "")), "")
        kind = channel_kind(hints.channel) if hints.channel else ""
        language = hints.language.replace("_", "-").split("-")[0].lower()
        refused: dict[int, str] = {}
        for number, (snippet, known) in enumerate(zip(self._snippets, self._known, strict=True)):
            reason = snippet.refusal(hints.today, hints.channel)
            if reason:
                refused[number] = reason
            value = bonus[number]
            if state in known.states:
                value += _STATE
            elif state and known.states and not (state == "shipped" and "late" in known.states):
                value -= _OTHER_STATE  # a parcel on its way may well be late
            if _no_order(hints) and known.needs_order:
                value -= _NO_ORDER
            if language and language not in snippet.texts and hints.language not in snippet.texts:
                value -= _LANGUAGE
            if kind == "chat" and snippet.channels:
                value += _CHANNEL  # a text written for chats is shorter; one for mail alone is only that
            used = hints.uses.get(snippet.full_name, 0)
            if used > 0:
                value += min(_USED_AT_MOST, _USED * log2(1 + used))
            bonus[number] = value
        return _Rank(bonus, spoken, matched, refused, state)

    def _match_words(self, words: Sequence[str], bonus: list[float]) -> dict[int, list[str]]:
        """Add what the customer's words have in common with each snippet; gives the words, rarest first."""
        index = self._ready()
        count = len(self._snippets)
        weighed: list[tuple[float, str]] = []
        for word in dict.fromkeys(words):
            holders = max(len(index.body.get(word, ())), len(index.short.get(word, ())))
            if len(word) > 2 and 0 < holders <= max(2, _COMMON * count):
                weighed.append((log(1 + count / holders), word))
        weighed.sort(reverse=True)
        del weighed[_WORDS_LOOKED_AT:]
        total = sum(weight for weight, _ in weighed[:8])
        matched: dict[int, list[str]] = {}
        in_short = [0.0] * count
        in_body = [0.0] * count
        for weight, word in weighed:
            for number in index.short.get(word, ()):
                in_short[number] += weight
                matched.setdefault(number, []).append(word)
            for number in index.body.get(word, ()):
                in_body[number] += weight
        if total:
            for number in range(count):
                bonus[number] += _SHORT * min(1.0, in_short[number] * 2 / total) + _BODY * min(1.0, in_body[number] / total)
        return matched

    # -- the answer

    def _hit(self, number: int, score: float, tokens: Sequence[str], hints: Hints, rank: _Rank) -> Hit:
        snippet = self._snippets[number]
        refused = rank.refused.get(number, "")
        reasons = [refused] if refused else []
        if tokens:
            reasons.append(self._matched(number, tokens))
        reasons += self._reasons(number, hints, rank)
        why = " · ".join(dict.fromkeys(reason for reason in reasons if reason))
        return Hit(snippet.full_name, snippet.title, snippet.pack, round(score, 4), why if len(why) <= 60 else why[:59] + "…", refused)

    def _matched(self, number: int, tokens: Sequence[str]) -> str:
        """What the typed words found: themselves, or the word that was meant."""
        index = self._ready()
        parts = []
        for token in dict.fromkeys(tokens):
            match = index.match(token)
            parts.append(match.words.get(number, token))
        return "·".join(parts)

    def _reasons(self, number: int, hints: Hints, rank: _Rank) -> Iterable[str]:
        """At most two reasons from the conversation, the strongest first."""
        snippet, known = self._snippets[number], self._known[number]
        reasons: list[tuple[float, str]] = []
        best = max(snippet.intents, key=lambda intent: rank.intents.get(intents.known(intent), 0.0), default="")
        strength = rank.intents.get(intents.known(best), 0.0) if best else 0.0
        if strength >= 0.5:
            reasons.append((strength, _intent_word(best)))
        elif rank.words.get(number):
            reasons.append((0.3, say("snippets.why_words", words=", ".join(rank.words[number][:2]))))
        if rank.state and rank.state in known.states:
            reasons.append((0.8, say("snippets.why_status", status=say(f"snippets.status_{rank.state}"))))
        used = hints.uses.get(snippet.full_name, 0)
        if used > 0:
            reasons.append((min(1.0, 0.2 + 0.1 * log2(1 + used)), say("snippets.why_used", n=used)))
        language = hints.language.replace("_", "-").split("-")[0].lower()
        if language and language not in snippet.texts and hints.language not in snippet.texts:
            reasons.append((0.9, say("snippets.why_language", language=language)))
        if _no_order(hints) and known.needs_order:
            reasons.append((0.1, say("snippets.why_no_order")))
        reasons.sort(key=lambda reason: -reason[0])
        return [text for _, text in reasons[:2]]


def _no_order(hints: Hints) -> bool:
    """There is a conversation, and it is about no order."""
    return hints.order_status == "" and bool(hints.channel)


def _intent_word(intent: str) -> str:
    try:
        return say(f"snippets.intent_{intent}")
    except KeyError:
        return intent.replace("-", " ")  # an intent of the shop's own


def _look_at(snippet: Snippet) -> _Known:
    own = {*words_of(snippet.name), *words_of(snippet.title), *words_of(" ".join(snippet.tags))}
    states = frozenset(state for state, words in _WRITTEN_FOR.items() if own & words)
    text = next(iter(snippet.texts.values()), "")
    needs = bool(_PRINTS_ORDER.search(_GUARDED.sub("", text))) if "order." in text else False
    return _Known(states, needs)
