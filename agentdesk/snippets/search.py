"""The picker's ranking: what the agent types, and what the conversation already says.

    searcher = Searcher(library)
    searcher.prepare()                                   # off the first paint: a second for 5,000 snippets
    searcher.search("ord rit", Hints(words=last_message, language="it", order_status="shipped"))

What is typed comes first (`index.py`): the more of its words a snippet has, and the rarer those are, the higher it stands. The conversation
(`situation.py`) moves the found ones among themselves, and ranks alone where nothing is typed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log2
from typing import TYPE_CHECKING

from agentdesk.locale import say
from agentdesk.snippets import concepts, intents, situation
from agentdesk.snippets.model import Library
from agentdesk.snippets.situation import Hints, Known, Rank
from agentdesk.snippets.words import fold, holding, words_of

if TYPE_CHECKING:
    from agentdesk.snippets.index import Index, Match

__all__ = ["Hints", "Hit", "Searcher"]

_HINT = 0.2
"""How much the conversation weighs beside what is typed."""
_LENGTH = 0.008
"""What every word of a title costs: of two that have the same words, the shorter says less else."""
_NARROW = 0.2
"""What a snippet costs that is only for some channels, where no conversation says which: of two alike, the one for all comes first."""
_WHOLE_SHORTCUT, _WHOLE_TITLE, _TITLE_BEGUN = 2.0, 0.5, 0.2
_REFUSED = 10.0
_FLOOR = 15.0
"""Added so that no lane is negative."""
_MOST_TYPED, _MOST_WORDS, _MOST_LETTERS = 400, 24, 40


NOTHING_KNOWN = Hints()


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


class Searcher:
    """Ranks the snippets of one library. Cheap to make; the first search, or `prepare`, builds the index."""

    def __init__(self, library: Library) -> None:
        self._snippets = [library.snippets[name] for name in library.order]
        self._index: Index | None = None
        self._known: list[Known] = []
        self._ranked: tuple[Hints, Rank, int] | None = None

    def prepare(self) -> None:
        """Build the index (some two seconds for 5,000 snippets in four languages), off the first paint."""
        self._ready()

    def forget(self) -> None:
        """Drop what was kept of typed words (measurements begin from here)."""
        self._ready().forget()

    def search(self, query: str, hints: Hints = NOTHING_KNOWN, limit: int = 20) -> list[Hit]:
        """The best snippets for what is typed (an empty query too), best first; `limit` 0 gives all."""
        index = self._ready()
        if not self._snippets:
            return []
        rank, lanes = self._rank(hints)
        typed = query[:_MOST_TYPED]
        tokens = [token[:_MOST_LETTERS] for token in words_of(typed)[:_MOST_WORDS]]
        if not tokens:
            scored = [(value, -number) for number, value in enumerate(rank.bonus) if number not in rank.refused]
            best = heapq.nlargest(limit, scored) if limit else sorted(scored, reverse=True)
            return [self._hit(-number, value, (), hints, rank) for value, number in best]
        return [self._hit(number, score, tokens, hints, rank) for score, number in self._typed(index, tokens, fold(typed).strip(), lanes, limit)]

    def _typed(self, index: Index, tokens: Sequence[str], typed: str, bonus: int, limit: int) -> list[tuple[float, int]]:
        from agentdesk.snippets.index import SCALE, positions  # noqa: PLC0415 - only who searches pays for it

        lanes, weight, mask = index.search(tokens)
        if not mask:
            return []
        unit = weight * SCALE
        values = index.numbers(lanes + bonus * weight)
        for number in index.begun(" ".join(tokens)):
            values[number] += round(unit * (_WHOLE_TITLE if len(index.titles[number]) == len(tokens) else _TITLE_BEGUN))
        for number in index.shortcuts.get(typed, ()):
            values[number] += round(unit * _WHOLE_SHORTCUT)
        size = index.size
        # One number each, the place in it reversed: equal scores stay in the order of the packs.
        found = [values[number] * size + size - 1 - number for number in positions(mask)]
        best = heapq.nlargest(limit, found) if limit else sorted(found, reverse=True)
        return [(value // size / unit - _FLOOR, size - 1 - value % size) for value in best]

    def _ready(self) -> Index:
        if self._index is None:
            from agentdesk.snippets.index import Index  # noqa: PLC0415 - only who searches pays for it

            self._known = [situation.look_at(snippet) for snippet in self._snippets]
            self._index = Index(self._snippets)
        return self._index

    def _rank(self, hints: Hints) -> tuple[Rank, int]:
        """What the conversation says, and the same as lanes to add to what was typed."""
        if self._ranked is None or (self._ranked[0] is not hints and self._ranked[0] != hints):
            from agentdesk.snippets.index import SCALE  # noqa: PLC0415 - only who searches pays for it

            index = self._ready()
            rank = situation.rank(hints, self._snippets, self._known, index)
            values = [
                round(SCALE * (_FLOOR + _HINT * bonus - _LENGTH * sum(not holding(word) for word in title) - (_NARROW if self._snippets[number].channels and not hints.channel else 0.0) - (_REFUSED if number in rank.refused else 0.0)))
                for number, (bonus, title) in enumerate(zip(rank.bonus, index.titles, strict=True))
            ]
            self._ranked = hints, rank, index.lanes(values)
        return self._ranked[1], self._ranked[2]

    # -- the answer

    def _hit(self, number: int, score: float, tokens: Sequence[str], hints: Hints, rank: Rank) -> Hit:
        snippet = self._snippets[number]
        refused = rank.refused.get(number, "")
        reasons = [refused] if refused else []
        if tokens:
            reasons += self._matched(number, tokens)
        reasons += self._reasons(number, hints, rank)
        why = " · ".join(dict.fromkeys(reason for reason in reasons if reason))
        return Hit(snippet.full_name, snippet.title, snippet.pack, round(score, 4), why if len(why) <= 60 else why[:59] + "…", refused)

    def _matched(self, number: int, tokens: Sequence[str]) -> list[str]:
        """What the typed words found: themselves, or the word that was meant."""
        index = self._ready()
        plain: list[str] = []
        parts: list[str] = []
        for token in dict.fromkeys(tokens):
            match = index.match(token)
            if not match.mask >> number & 1:
                continue
            if any(word.startswith(token) for word in index.fields[number]) or fold(self._snippets[number].shortcut).startswith(token):
                plain.append(token)
            elif meant := self._meant(index, number, match):
                parts.append(say("snippets.why_meant", typed=token, word=meant))
            else:
                parts.append(say("snippets.why_body", words=token))
        return [*([" ".join(plain)] if plain else []), *parts]

    def _meant(self, index: Index, number: int, match: Match) -> str:
        """The word of this snippet that a typed one was taken for."""
        own = index.fields[number]
        for word in match.meant:
            if word in own:
                return word
        if match.concepts:
            for word in own:
                if match.concepts.intersection(chain.from_iterable(concepts.of_word(word))):
                    return word
        return ""

    def _reasons(self, number: int, hints: Hints, rank: Rank) -> Iterable[str]:
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
            reasons.append((min(1.0, 0.2 + 0.1 * log2(1 + used)), say("snippets.why_used", n=max(1, round(used)))))
        language = situation.lacks_language(snippet, hints)
        if language:
            reasons.append((0.9, say("snippets.why_language", language=language)))
        missing = situation.missing(known, hints)
        if missing:
            reasons.append((0.7, say(f"snippets.why_no_{missing}")))
        reasons.sort(key=lambda reason: -reason[0])
        return [text for _, text in reasons[:2]]


def _intent_word(intent: str) -> str:
    try:
        return say(f"snippets.intent_{intent}")
    except KeyError:
        return intent.replace("-", " ")  # an intent of the shop's own
