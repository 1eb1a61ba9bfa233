"""The word index of the picker: what a typed word can mean, and which snippets have it.

Short fields (shortcut, title, tags, intents, name) are searched in every way: the whole word, its beginning, an abbreviation ("rmb"
for "rimborso"), a typo. Bodies, in all languages, only by the beginning of a word, from three letters. Abbreviations are
subsequences that begin with the word's first letter; typos are restricted edit distance (one letter doubled, lost, changed or
two swapped) to the word or to as much of it as was typed.

Sets of snippets are bits of one integer, so a word that stands in every body costs no more than a rare one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agentdesk.snippets import intents
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.words import fold, prose, words_of

_SHORTCUT, _TITLE, _TAGS, _NAME, _LABEL, _PACK, _ACRONYM = 1.25, 1.0, 0.8, 0.78, 0.65, 0.5, 0.9
_BODY = 0.3
_BODY_FROM = 3
_CACHE = 512
_HEADS = range(3, 15)


class Match(NamedTuple):
    """What one typed word found."""

    scores: dict[int, float]
    """Snippet -> how well, for those that have it in a short field."""
    mask: int
    """Bits of all that have it, bodies too."""
    words: dict[int, str]
    """Snippet -> the word that was found, where it is not simply what was typed."""


class Index:
    """An index over snippets, each known by its position."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self.size = len(snippets)
        self.title_words: list[int] = []
        self.short: dict[str, dict[int, float]] = defaultdict(dict)
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        self.intents: dict[str, dict[int, float]] = defaultdict(dict)
        body: dict[str, list[int]] = defaultdict(list)
        for number, snippet in enumerate(snippets):
            self._add_short(number, snippet)
            for word in {word for text in snippet.texts.values() for word in words_of(prose(text))}:
                body[word].append(number)
        self.body: dict[str, tuple[int, ...]] = {word: tuple(numbers) for word, numbers in body.items()}
        self._body_words = sorted(self.body)
        self._body_masks: dict[str, int] = {}
        self._by_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for word in sorted(self.short):
            self._by_first[word[0]].append((word, _letters(word)))
        self._heads = {length: _heads(self.short, length) for length in _HEADS}
        self._cache: dict[str, Match] = {}

    def _add_short(self, number: int, snippet: Snippet) -> None:
        title = words_of(snippet.title)
        self.title_words.append(len(title))
        fields = (
            (_SHORTCUT, [fold(snippet.shortcut)] if snippet.shortcut else []),
            (_TITLE, title),
            (_TAGS, words_of(" ".join(snippet.tags))),
            (_TAGS, words_of(" ".join(snippet.intents))),
            (_NAME, words_of(snippet.name)),
            (_LABEL, [word for intent in snippet.intents for word in intents.labels(intent)]),
            (_PACK, words_of(snippet.pack_title)),
        )
        for weight, words in fields:
            for position, word in enumerate(words):
                value = weight * (1 - 0.01 * min(position, 10))
                if value > self.short[word].get(number, 0.0):
                    self.short[word][number] = value
        if len(title) > 1:
            self.acronyms["".join(word[0] for word in title)].append(number)
        for intent in snippet.intents:
            told = intents.known(intent)
            if told:
                value = intents.weight(intent)
                self.intents[told][number] = max(value, self.intents[told].get(number, 0.0))

    # -- one typed word

    def match(self, token: str) -> Match:
        """What a folded word finds; kept, because while one types only the last word changes."""
        found = self._cache.get(token)
        if found is None:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            found = self._cache[token] = self._match(token)
        return found

    def forget(self) -> None:
        self._cache.clear()

    def _match(self, token: str) -> Match:
        scores: dict[int, float] = {}
        words: dict[int, str] = {}
        for word, quality, shown in self._similar(token):
            for number, weight in self.short[word].items():
                value = quality * weight
                if value > scores.get(number, 0.0):
                    scores[number] = value
                    words[number] = shown
        if 2 <= len(token) <= 6:
            for acronym, numbers in self.acronyms.items():
                if acronym.startswith(token):
                    value = _ACRONYM * (0.8 if len(acronym) == len(token) else 0.7)
                    for number in numbers:
                        if value > scores.get(number, 0.0):
                            scores[number] = value
                            words[number] = ""
        for intent, value in intents.intents_for(token).items():
            for number, weight in self.intents.get(intent, {}).items():
                if value * weight > scores.get(number, 0.0):
                    scores[number] = value * weight
                    words[number] = ""
        mask = bits(scores, self.size)
        if len(token) >= _BODY_FROM:
            mask |= self._body_mask(token)
        return Match(scores, mask, {number: word for number, word in words.items() if word})

    def _similar(self, token: str) -> Iterator[tuple[str, float, str]]:
        """Words of the short fields like the one typed: (word, how like, what to show of it)."""
        length, letters = len(token), _letters(token)
        found: dict[str, tuple[float, str]] = {}
        for word, of_word in self._by_first.get(token[0], ()):
            if of_word & letters != letters:
                continue
            if word.startswith(token):
                found[word] = (1.0 if len(word) == length else 0.93 - 0.01 * min(len(word) - length, 10)), ""
            elif length > 1:
                quality = _abbreviation(token, word)
                if quality:
                    found[word] = quality, word
        if length >= 4:
            for word, quality in self._typos(token):
                if quality > found.get(word, (0.0, ""))[0]:
                    found[word] = quality, word
        for word, (quality, shown) in found.items():
            yield word, quality, shown

    def _typos(self, token: str) -> Iterator[tuple[str, float]]:
        from rapidfuzz import distance, process  # noqa: PLC0415 - 23 ms, paid at the first picker

        length = len(token)
        allowed = 1 if length < 7 else 2
        for head_length in (length - 1, length, length + 1):
            heads = self._heads.get(head_length)
            if heads is None:
                continue
            for head, edits, _ in process.extract(token, heads[0], scorer=distance.OSA.distance, score_cutoff=allowed, limit=None):
                for word in heads[1][head]:
                    quality = 0.82 - 0.12 * edits - 0.01 * min(abs(len(word) - length), 10) - (0.1 if word[0] != token[0] else 0.0)
                    yield word, quality

    def _body_mask(self, token: str) -> int:
        at = bisect_left(self._body_words, token)
        mask = 0
        words = self._body_words
        while at < len(words) and words[at].startswith(token):
            mask |= self._word_mask(words[at])
            at += 1
        return mask

    def _word_mask(self, word: str) -> int:
        mask = self._body_masks.get(word)
        if mask is None:
            numbers = self.body[word]
            mask = bits(numbers, self.size)
            if len(numbers) > 32:  # rare words are not worth the memory
                self._body_masks[word] = mask
        return mask

    # -- a query

    def search(self, tokens: Sequence[str]) -> dict[int, float]:
        """Snippets that have every word of a query, each with how well it has them (about 0 to 1.25)."""
        matches = [self.match(token) for token in dict.fromkeys(tokens)]
        mask = matches[0].mask
        for match in matches[1:]:
            mask &= match.mask
        share = 1 / len(matches)
        if len(matches) == 1:
            scores = matches[0].scores
            return {number: scores.get(number, _BODY) for number in positions(mask)}
        return {
            number: share * sum(match.scores.get(number, _BODY) for match in matches) for number in positions(mask)
        }


def bits(numbers: Mapping[int, object] | Sequence[int], size: int) -> int:
    """A set of numbers below `size` as the bits of one."""
    if len(numbers) < 8:
        mask = 0
        for number in numbers:
            mask |= 1 << number
        return mask
    flags = bytearray((size + 7) // 8)
    for number in numbers:
        flags[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(flags, "little")


def positions(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, in order."""
    digits = bin(mask)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def _letters(word: str) -> int:
    """Which letters a word has, roughly: enough to see that another can't be in it."""
    mask = 0
    for character in word:
        mask |= 1 << (ord(character) & 31)
    return mask


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


def _heads(words: Mapping[str, object], length: int) -> tuple[list[str], dict[str, list[str]]]:
    """The beginnings of the words that are long enough, and the words of each."""
    heads: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) >= length - 1:
            heads[word[:length]].append(word)
    return list(heads), heads
