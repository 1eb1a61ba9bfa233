"""What a typed word can mean, and which snippets have it.

Short fields are searched in every way: the whole word, its beginning, an abbreviation ("rmb" for "rimborso"), a typo, what it means in another
language (`concepts.py`), two beginnings written together ("retlab"), the initials of a title. Bodies by whole words and their beginnings, from
three letters; a typo there only where nothing else is found. Abbreviations are subsequences that begin with the word's first letter; typos are
restricted edit distance (one letter doubled, lost, changed or two swapped) to the word or to as much of it as was typed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log

from agentdesk.snippets import concepts
from agentdesk.snippets.index import Groups, Index, beginning, letters
from agentdesk.snippets.lanes import Lanes, bits, positions
from agentdesk.snippets.words import holding

SCALE = 1000
"""A score of 1 in the lanes."""
_WEIGHT = 16
"""A weight of 1 beside it."""
_ACRONYM = 0.72
_MEANT = 0.85
"""A word that means the same, beside the word itself."""
_UNFINISHED, _MISTYPED, _TOGETHER, _INITIAL = 0.85, 0.78, 0.72, 0.85
_HOLDING = 0.3
"""What a word counts that only holds a sentence together."""
_BODY, _BODY_RARE, _BODY_BEGINS, _BODY_MEANT, _BODY_MISTYPED = 0.15, 0.25, 0.22, 0.3, 0.15
_BODY_FROM, _TYPOS_FROM = 3, 4
_LEAST_SHORTENED = 0.6
_SURE = 0.7
_ENDING = 4
"""Letters that may follow a stem that was mistyped."""
_ALONE, _IN_PHRASE = 4, 2
"""A word of a phrase counts half: the phrase says it."""
_CACHE = 512
_HEADS = range(3, 15)
_MEANT_KEPT = 60


@dataclass(frozen=True, slots=True)
class Match:
    """What one typed word found."""

    lanes: int
    """How well each snippet has it, times its weight."""
    weight: int
    """How much it tells: a word that fits every snippet tells nothing."""
    mask: int
    """Bits of all that have it."""
    meant: tuple[str, ...] = ()
    """Words of short fields it was taken for: abbreviated or mistyped, best first."""
    concepts: frozenset[str] = frozenset()
    """What it means."""


class Matcher:
    """Finds typed words in an index. Words are kept, because while one types only the last one changes."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.lanes = Lanes(index.size)
        self._short, self._body, self._stems = _Typos(index.short_words), _Typos(index.body_words), _Typos(concepts.vocabulary())
        self._kept: dict[str, Match] = {}

    def forget(self) -> None:
        self._kept.clear()

    def search(self, tokens: Sequence[str]) -> tuple[int, int, int]:
        """What the words of a query say together: lanes, their weight, and the bits of the snippets that have any of them.

        Words that nothing has are left out. Those of a phrase ("money back") count less than the phrase.
        """
        lanes = weight = mask = 0
        spans = concepts.spans(tokens)
        within = {at for first, end, _, _ in spans for at in range(first, end)}
        alone = {token for at, token in enumerate(tokens) if at not in within}
        found = [(_ALONE, self.phrase(name)) for name in dict.fromkeys(name for _, _, name, _ in spans)]
        found += [(_ALONE if token in alone else _IN_PHRASE, self.match(token)) for token in dict.fromkeys(tokens)]
        for times, match in found:
            lanes += times * match.lanes
            weight += times * match.weight
            mask |= match.mask
        return lanes, weight, mask

    def match(self, token: str) -> Match:
        """What a folded word finds."""
        found = self._kept.get(token)
        if found is None:
            if len(self._kept) >= _CACHE:
                self._kept.clear()
            found = self._kept[token] = self._match(token)
        return found

    def phrase(self, concept: str) -> Match:
        """What a phrase finds that means something only as a whole."""
        key = f" {concept}"
        found = self._kept.get(key)
        if found is None:
            short = _scaled(_MEANT, self.index.concepts.get(concept, []))
            body = _scaled(_BODY_MEANT, self.index.body_concepts.get(concept, []))
            found = self._kept[key] = self._made(short, body, (), frozenset({concept}))
        return found

    # -- one word

    def _match(self, token: str) -> Match:
        index, plain = self.index, holding(token)
        if len(token) == 1:
            return self._made(_scaled(_INITIAL, index.initials.get(token, [])), [], (), frozenset(), _HOLDING if plain else 1.0)
        similar = self._similar(token, plain=plain)
        short: Groups = [(quality * weight, numbers) for word, quality in similar.items() for weight, numbers in index.short[word]]
        body: Groups = []
        if len(token) <= 6 and not plain:
            short += [
                (_ACRONYM if len(acronym) == len(token) else 0.9 * _ACRONYM, numbers)
                for acronym, numbers in index.acronyms.items()
                if acronym.startswith(token)
            ]
        parts, quality = self._concepts(token)
        if parts:
            short += _spoken(parts, quality * _MEANT, index.concepts)
            body += _spoken(parts, quality * _BODY_MEANT, index.body_concepts)
            if len(parts) == 1 and quality == 1.0:
                for name, how in chain.from_iterable(concepts.near().get(one, ()) for one in parts[0]):
                    short += _scaled(_MEANT * how, index.concepts.get(name, []))
        if len(token) >= _BODY_FROM:
            body += self._in_body(token)
        if not parts and len(token) >= _TYPOS_FROM and not any(how >= _SURE for how in similar.values()):
            short += self._together(token)
            if not short and not body:
                body += [(_BODY_MISTYPED * how, index.body[word]) for word, how in self._body.near(token)]
        if plain:
            short = _scaled(_HOLDING, short)
        meant = sorted((word for word in similar if not word.startswith(token)), key=lambda word: (-similar[word], word))
        known = frozenset(chain.from_iterable(parts))
        return self._made(short, body, tuple(meant[:_MEANT_KEPT]), known, _HOLDING if plain else 1.0)

    def _made(self, short: Groups, body: Groups, meant: tuple[str, ...], known: frozenset[str], tells: float = 1.0) -> Match:
        in_short, in_body = _best(short), _best(body)
        if not in_short and not in_body:
            return Match(0, 0, 0)
        # How many snippets it fits, each as well as it does: a word of every text, or the beginning of many, tells little.
        most = max(max(in_short.values(), default=0), max(in_body.values(), default=0))
        fitting = (sum(in_short.values()) + sum(in_body.values())) / most
        weight = max(1, round(_WEIGHT * tells * log(1 + self.index.size / fitting)))
        size = self.index.size
        return Match((self.lanes.of(in_short) + self.lanes.of(in_body)) * weight, weight, bits(in_short, size) | bits(in_body, size), meant, known)

    def _similar(self, token: str, *, plain: bool) -> dict[str, float]:
        """Words of the short fields like the one typed, with how like."""
        length = len(token)
        found = {
            word: 1.0 if len(word) == length else 0.93 - 0.01 * min(len(word) - length, 10) for word in beginning(self.index.short_words, token)
        }
        if plain:
            return found
        has = letters(token)
        for word in [word for word, of_word in self.index.abbreviable.get(token[0], ()) if of_word & has == has]:
            quality = _abbreviation(token, word)
            if quality > found.get(word, 0.0):
                found[word] = quality
        if length >= _TYPOS_FROM and token not in found:
            for word, quality in self._short.near(token):
                if quality > found.get(word, 0.0):
                    found[word] = quality
        return found

    def _concepts(self, token: str) -> tuple[tuple[tuple[str, ...], ...], float]:
        """What a word means, with how surely: itself, else what it may become, be short for, or have been meant to be."""
        parts = concepts.of_word(token)
        if parts or len(token) < _BODY_FROM:
            return parts, 1.0
        stems = concepts.vocabulary()
        begun = list(beginning(stems, token))
        if begun:
            return _named(begun), _UNFINISHED
        shortened = _closest(
            (stem, _abbreviation(token, stem)) for stem in beginning(stems, token[0]) if len(stem) >= _TYPOS_FROM
        )
        if shortened[1] >= _LEAST_SHORTENED:
            return _named(shortened[0]), shortened[1] * _UNFINISHED
        for end in range(len(token), max(_TYPOS_FROM, len(token) - _ENDING) - 1, -1):
            typos = _closest(
                (stem, quality) for stem, quality in self._stems.near(token[:end]) if abs(len(stem) - end) < 2 and len(stem) >= _TYPOS_FROM
            )
            if typos[0]:
                return _named(typos[0]), _MISTYPED
        return (), 0.0

    def _together(self, token: str) -> Groups:
        """Snippets with words that begin with both parts of what was typed as one."""
        mask = 0
        for at in range(2, len(token) - 1):
            first = self._begins(token[:at])
            if first:
                mask |= first & self._begins(token[at:])
        return [(_TOGETHER, list(positions(mask)))] if mask else []

    def _begins(self, token: str) -> int:
        mask = 0
        for word in beginning(self.index.short_words, token):
            for _, numbers in self.index.short[word]:
                mask |= bits(numbers, self.index.size)
        return mask

    def _in_body(self, token: str) -> Groups:
        index = self.index
        found: Groups = [(_BODY_BEGINS, index.body[word]) for word in beginning(index.body_words, token) if word != token]
        exact = index.body.get(token)
        if exact:
            found.append((_BODY + _BODY_RARE * log(index.size / len(exact) + 1) / log(index.size + 1), exact))
        return found


class _Typos:
    """Words within a typo or two of what was typed."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._heads: dict[int, tuple[list[str], dict[str, list[str]]]] = {}
        """Their beginnings, by length: made when first asked for."""

    def near(self, token: str) -> Iterator[tuple[str, float]]:
        """Words, and how near."""
        from rapidfuzz import distance, process  # noqa: PLC0415 - 23 ms, paid at the first picker

        length = len(token)
        allowed = 1 if length < 7 else 2
        for head_length in (length - 1, length, length + 1):
            if head_length not in _HEADS:
                continue
            heads, words = self._beginnings(head_length)
            for head, edits, _ in process.extract(token, heads, scorer=distance.OSA.distance, score_cutoff=allowed, limit=None):
                for word in words[head]:
                    yield word, 0.82 - 0.12 * edits - 0.01 * min(abs(len(word) - length), 10) - (0.1 if word[0] != token[0] else 0.0)

    def _beginnings(self, length: int) -> tuple[list[str], dict[str, list[str]]]:
        found = self._heads.get(length)
        if found is None:
            words: dict[str, list[str]] = defaultdict(list)
            for word in self._words:
                if len(word) >= length - 1:
                    words[word[:length]].append(word)
            found = self._heads[length] = list(words), words
        return found


def _abbreviation(token: str, word: str) -> float:
    """How well a word is abbreviated: the letters in order, the first in its place; 0 if it is not."""
    position, runs = 0, 1
    for number, character in enumerate(token):
        at = word.find(character, position)
        if at < 0:
            return 0.0
        if number and at != position:
            runs += 1
        position = at + 1
    return max(0.45, 0.85 - 0.05 * (runs - 1) - 0.01 * (position - len(token)))


def _closest(found: Iterator[tuple[str, float]]) -> tuple[list[str], float]:
    """The best of them, and how good they are."""
    best, words = 0.0, list[str]()
    for word, quality in found:
        if quality > best:
            best, words = quality, []
        if quality == best and quality:
            words.append(word)
    return words, best


def _named(stems: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return (tuple(dict.fromkeys(chain.from_iterable(concepts.of_stem(stem) for stem in stems))),)


def _scaled(by: float, groups: Groups) -> Groups:
    return [(by * value, numbers) for value, numbers in groups]


def _best(groups: Groups) -> dict[int, int]:
    """Snippet -> the best of its values, whole."""
    values: dict[int, int] = {}
    for value, numbers in sorted(groups, key=_value):
        values.update(dict.fromkeys(numbers, round(value * SCALE)))
    return values


def _value(group: tuple[float, Sequence[int]]) -> float:
    return group[0]


def _spoken(parts: tuple[tuple[str, ...], ...], quality: float, groups: Mapping[str, Groups]) -> Groups:
    """Snippets that speak of what a word means; of a compound's two halves one is worth half."""
    if len(parts) == 1:
        return [(quality * weight, numbers) for name in parts[0] for weight, numbers in groups.get(name, ())]
    values: dict[int, float] = defaultdict(float)
    for part in parts:
        best = _best([group for name in part for group in groups.get(name, ())])
        for number, weight in best.items():
            values[number] += weight
    by_value: dict[float, list[int]] = defaultdict(list)
    for number, value in values.items():
        by_value[value].append(number)
    return [(quality * value / SCALE / len(parts), numbers) for value, numbers in by_value.items()]
