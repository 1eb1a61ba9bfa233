"""The picker's ranking: what the agent types, and what the conversation already says.

    searcher = Searcher(library)
    searcher.prepare()                                   # off the first paint: a second or two for 5,000 snippets
    searcher.search("ord rit", Hints(words=last_message, language="it", order_status="shipped"))

What is typed comes first (`match.py`): the more of its words a snippet has, and the rarer those are, the higher it stands. The conversation
(`situation.py`) moves the found ones among themselves, and ranks alone where nothing is typed.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import log2

from agentdesk.locale import say
from agentdesk.snippets import concepts, intents, situation
from agentdesk.snippets.index import Index
from agentdesk.snippets.lanes import positions
from agentdesk.snippets.match import SCALE, Match, Matcher
from agentdesk.snippets.model import Library
from agentdesk.snippets.situation import Hints, Known, Rank
from agentdesk.snippets.words import fold, holding, words_of

__all__ = ["Hints", "Hit", "Searcher"]

NOTHING_KNOWN = Hints()
_HINT = 0.2
"""How much the conversation weighs beside what is typed."""
_LENGTH = 0.008
"""What every word of a title costs: of two that have the same words, the shorter says less else."""
_NARROW = 0.2
"""What a snippet costs that is only for some channels, where no conversation says which: of two alike, the one for all comes first."""
_WHOLE_SHORTCUT, _WHOLE_TITLE, _TITLE_BEGUN = 2.0, 0.5, 0.1
_REFUSED = 10.0
_FLOOR = 15.0
"""Added so that no lane is negative."""
_MANY = 1000
_MOST_TYPED, _MOST_WORDS, _MOST_LETTERS = 400, 24, 40
_LONGEST_WHY = 60


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


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What a conversation says, worked out once."""

    hints: Hints
    rank: Rank
    lanes: int
    reasons: dict[int, tuple[str, ...]] = field(default_factory=dict)


class Searcher:
    """Ranks the snippets of one library. Cheap to make; the first search, or `prepare`, builds the index."""

    def __init__(self, library: Library) -> None:
        self._snippets = [library.snippets[name] for name in library.order]
        self._matcher: Matcher | None = None
        self._known: list[Known] = []
        self._ranked: _Ranked | None = None

    def prepare(self) -> None:
        """Build the index and load what finds typos, off the first paint."""
        self._ready().match("warmup")

    def forget(self) -> None:
        """Drop what was kept of typed words (measurements begin from here)."""
        self._ready().forget()

    def search(self, query: str, hints: Hints = NOTHING_KNOWN, limit: int = 20) -> list[Hit]:
        """The best snippets for what is typed (an empty query too), best first; `limit` 0 gives all."""
        if not self._snippets:
            return []
        matcher, ranked = self._ready(), self._rank(hints)
        typed = query[:_MOST_TYPED]
        tokens = [token[:_MOST_LETTERS] for token in words_of(typed)[:_MOST_WORDS]]
        if tokens:
            best = self._typed(matcher, tokens, fold(typed).strip(), ranked.lanes, limit)
        else:
            refused = ranked.rank.refused
            scored = [(value, -number) for number, value in enumerate(ranked.rank.bonus) if number not in refused]
            best = [(value, -number) for value, number in (heapq.nlargest(limit, scored) if limit else sorted(scored, reverse=True))]
        return [self._hit(number, score, tokens, ranked) for score, number in best]

    def _typed(self, matcher: Matcher, tokens: Sequence[str], typed: str, bonus: int, limit: int) -> list[tuple[float, int]]:
        """(score, snippet) for a query of words, best first."""
        summed, weight, mask = matcher.search(tokens)
        if not mask:
            return []
        index, lanes, unit = matcher.index, matcher.lanes, weight * SCALE
        values = lanes.ordered(summed + bonus * weight)
        for number in index.begun(" ".join(tokens)) if len(typed) > 1 else ():
            whole = len(index.titles[number]) == len(tokens)
            values[number] = lanes.raised(values[number], round(unit * (_WHOLE_TITLE if whole else _TITLE_BEGUN)))
        for number in index.shortcuts.get(typed, ()):
            values[number] = lanes.raised(values[number], round(unit * _WHOLE_SHORTCUT))
        best: list[tuple[int, int]] = []
        if limit and mask.bit_count() > _MANY:
            # The best of all, less those that have none of the words, are found sooner than the best of those that have.
            best = [one for one in map(lanes.read, heapq.nlargest(3 * limit, values)) if mask >> one[1] & 1][:limit]
        if len(best) < limit or not limit:
            found = [values[number] for number in positions(mask)]
            best = list(map(lanes.read, heapq.nlargest(limit, found) if limit else sorted(found, reverse=True)))
        return [(value / unit - _FLOOR, number) for value, number in best]

    def _ready(self) -> Matcher:
        if self._matcher is None:
            self._known = [situation.look_at(snippet) for snippet in self._snippets]
            self._matcher = Matcher(Index(self._snippets))
        return self._matcher

    def _rank(self, hints: Hints) -> _Ranked:
        """What the conversation says, and the same as lanes to add to what was typed."""
        if self._ranked is None or (self._ranked.hints is not hints and self._ranked.hints != hints):
            matcher = self._ready()
            rank = situation.rank(hints, self._snippets, self._known, matcher.index)
            values = []
            for number, (bonus, title) in enumerate(zip(rank.bonus, matcher.index.titles, strict=True)):
                value = _FLOOR + _HINT * bonus - _LENGTH * sum(not holding(word) for word in title)
                if number in rank.refused:
                    value -= _REFUSED
                elif self._snippets[number].channels and not hints.channel:
                    value -= _NARROW
                values.append(round(SCALE * value))
            self._ranked = _Ranked(hints, rank, matcher.lanes.of_all(values))
        return self._ranked

    # -- the answer

    def _hit(self, number: int, score: float, tokens: Sequence[str], ranked: _Ranked) -> Hit:
        snippet = self._snippets[number]
        refused = ranked.rank.refused.get(number, "")
        if number not in ranked.reasons:
            ranked.reasons[number] = self._reasons(number, ranked.hints, ranked.rank)
        reasons = [refused, *(self._matched(number, tokens) if tokens else ()), *ranked.reasons[number]]
        why = " · ".join(dict.fromkeys(filter(None, reasons)))
        return Hit(snippet.full_name, snippet.title, snippet.pack, round(score, 4), why if len(why) <= _LONGEST_WHY else why[: _LONGEST_WHY - 1] + "…", refused)

    def _matched(self, number: int, tokens: Sequence[str]) -> list[str]:
        """What the typed words found: themselves, the word that was meant, or their place in the text."""
        matcher = self._ready()
        own = matcher.index.plain[number]
        plain, meant, within = list[str](), list[str](), list[str]()
        for token in dict.fromkeys(tokens):
            match = matcher.match(token)
            if f" {token}" in own:
                plain.append(token)
            elif match.mask >> number & 1:
                word = _meant(matcher.index, number, match)
                if word:
                    meant.append(say("snippets.why_meant", typed=token, word=word))
                elif not holding(token):
                    within.append(token)
        return [" ".join(plain), *meant, *([say("snippets.why_body", words=" ".join(within))] if within else ())]

    def _reasons(self, number: int, hints: Hints, rank: Rank) -> tuple[str, ...]:
        """At most two reasons from the conversation, the strongest first."""
        snippet, known = self._snippets[number], self._known[number]
        reasons: list[tuple[float, str]] = []
        best = max(snippet.intents, key=lambda intent: rank.intents.get(intents.known(intent), 0.0), default="")
        strength = rank.intents.get(intents.known(best), 0.0) if best else 0.0
        if strength >= 0.5:
            reasons.append((strength, _intent_word(best)))
        elif said := situation.said(number, rank, self._ready().index):
            reasons.append((0.3, say("snippets.why_words", words=", ".join(said))))
        if rank.state and rank.state in known.states:
            reasons.append((0.8, say("snippets.why_status", status=say(f"snippets.status_{rank.state}"))))
        used = hints.uses.get(snippet.full_name, 0)
        if used > 0:
            reasons.append((min(1.0, 0.2 + 0.1 * log2(1 + used)), say("snippets.why_used", n=max(1, round(used)))))
        language = situation.lacks_language(snippet, hints)
        if language:
            reasons.append((0.9, say("snippets.why_language", language=language)))
        missing = situation.missing(known, hints)
        if missing:
            reasons.append((0.7, say(f"snippets.why_no_{missing}")))
        reasons.sort(key=lambda reason: -reason[0])
        return tuple(text for _, text in reasons[:2])


def _meant(index: Index, number: int, match: Match) -> str:
    """The word of a snippet that a typed one was taken for."""
    own = index.fields[number]
    for word in match.meant:
        if word in own:
            return word
    if match.concepts:
        for word in own:
            if match.concepts.intersection(chain.from_iterable(concepts.of_word(word))):
                return word
    return ""


def _intent_word(intent: str) -> str:
    try:
        return say(f"snippets.intent_{intent}")
    except KeyError:
        return intent.replace("-", " ")  # an intent of the shop's own
