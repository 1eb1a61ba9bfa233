"""The index of the picker: which snippets have a word, speak of a thing, or answer a wish, and how well.

Made once, off the first paint. Short fields are shortcut, title, tags, intents and name; the best of them counts, and every other one that
has the same word a little. Bodies count in all their languages.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import log

from agentdesk.snippets import concepts, intents
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.words import fold, prose, words_of

_SHORTCUT, _TITLE, _TAGS, _NAME, _PACK = 1.1, 1.0, 0.8, 0.78, 0.45
_NAMESAKE = 1.3
"""A shortcut that is just the word for a thing: of ten snippets about gifts, whoever wrote them gave `gift` to the one for all cases."""
_LATER = 0.96
"""What a word counts that is not the first of its field."""
_ALSO = 0.08
"""What another field adds that has the same."""

Groups = list[tuple[float, Sequence[int]]]
"""How well, and which snippets have it so; a later one wins."""


class Index:
    """An index over snippets, each known by its position."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self.size = len(snippets)
        self.titles: list[tuple[str, ...]] = []
        self.fields: list[tuple[str, ...]] = []
        """The words of each snippet's short fields, the title's first."""
        self.plain: list[str] = []
        """The same as one text, the shortcut too, every word after a blank."""
        self.shortcuts: dict[str, list[int]] = defaultdict(list)
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        self.intents: dict[str, dict[int, float]] = defaultdict(dict)
        """What customers want -> the snippets that answer it."""
        short: dict[str, dict[int, float]] = defaultdict(dict)
        meant: dict[str, dict[int, float]] = defaultdict(dict)
        body: dict[str, list[int]] = defaultdict(list)
        meant_in_body: dict[str, dict[float, list[int]]] = defaultdict(lambda: defaultdict(list))
        of_word: dict[str, tuple[str, ...]] = {}
        for number, snippet in enumerate(snippets):
            self._add_short(number, snippet, short, meant)
            _add_body(number, snippet, body, meant_in_body, of_word)
        self.short = {word: _grouped(found) for word, found in short.items()}
        """Word -> the snippets that have it in a short field."""
        self.concepts = {name: _grouped(found) for name, found in meant.items()}
        """Concept -> the snippets that speak of it in a short field."""
        self.body = {word: array("I", numbers) for word, numbers in body.items()}
        self.body_concepts: dict[str, Groups] = {
            name: [(share, array("I", numbers)) for share, numbers in groups.items()] for name, groups in meant_in_body.items()
        }
        self.short_words, self.body_words = sorted(self.short), sorted(self.body)
        self.abbreviable: dict[str, list[tuple[str, int]]] = defaultdict(list)
        """First letter -> words that may be abbreviated, each with its letters; a shortcut is one already."""
        for word in self.short_words:
            if word not in self.shortcuts or any(word in self.fields[number] for number in short[word]):
                self.abbreviable[word[0]].append((word, letters(word)))
        self.speaks: list[frozenset[str]] = _per_snippet(meant, self.size)
        """Of what each snippet's short fields speak."""
        self.initials = _by_letter(short)
        """Letter -> the snippets with a word that begins with it."""
        self.breadth = self._breadth(meant)
        """Of how many things each snippet's short fields speak."""
        self._starts = sorted((" ".join(title), number) for number, title in enumerate(self.titles))

    def _add_short(self, number: int, snippet: Snippet, short: dict[str, dict[int, float]], meant: dict[str, dict[int, float]]) -> None:
        title = words_of(snippet.title)
        shortcut = fold(snippet.shortcut)
        fields = (
            (_TITLE, title),
            (_TAGS, words_of(" ".join(snippet.tags))),
            (_TAGS, words_of(" ".join(snippet.intents))),
            (_NAME, words_of(snippet.name)),
            (_PACK, words_of(snippet.pack_title)),
            (_SHORTCUT, [shortcut] if shortcut else []),
        )
        for weight, words in fields:
            for position, word in enumerate(dict.fromkeys(words)):
                _add(short[word], number, weight * (_LATER if position else 1.0))
            if weight != _SHORTCUT:
                for name, said in concepts.in_words(words).items():
                    _add(meant[name], number, weight * (1.0 if said[0] == words[0] else _LATER))
        for name in concepts.of_whole(shortcut):
            _add(meant[name], number, _NAMESAKE)
        self.titles.append(tuple(title))
        self.fields.append(tuple(dict.fromkeys(chain.from_iterable(words for _, words in fields[:4]))))
        self.plain.append(" ".join(("", *self.fields[-1], shortcut)))
        if shortcut:
            self.shortcuts[shortcut].append(number)
        if len(title) > 1:
            self.acronyms["".join(word[0] for word in title)].append(number)
        for intent in snippet.intents:
            told = intents.known(intent)
            if told:
                self.intents[told][number] = max(intents.weight(intent), self.intents[told].get(number, 0.0))

    def _breadth(self, meant: Mapping[str, Mapping[int, float]]) -> list[float]:
        squares = [0.0] * self.size
        for found in meant.values():
            rarity = log(1 + self.size / len(found))
            for number, value in found.items():
                squares[number] += (value * rarity) ** 2
        return [max(1.0, square**0.25) for square in squares]

    def begun(self, typed: str) -> list[int]:
        """Snippets whose titles begin with what was typed (words, a blank between)."""
        at = bisect_left(self._starts, (typed, -1))
        found = []
        while at < len(self._starts) and self._starts[at][0].startswith(typed):
            found.append(self._starts[at][1])
            at += 1
        return found


def holders(groups: Groups) -> int:
    """How many snippets there are in groups."""
    return sum(len(numbers) for _, numbers in groups)


def beginning(words: Sequence[str], token: str) -> Iterator[str]:
    """The words that begin with a token, out of sorted ones."""
    at = bisect_left(words, token)
    while at < len(words) and words[at].startswith(token):
        yield words[at]
        at += 1


def letters(word: str) -> int:
    """Which letters a word has, roughly: enough to see that another can't be in it."""
    mask = 0
    for character in word:
        mask |= 1 << (ord(character) & 31)
    return mask


def _add_body(
    number: int, snippet: Snippet, body: dict[str, list[int]], meant: dict[str, dict[float, list[int]]], of_word: dict[str, tuple[str, ...]]
) -> None:
    said: dict[str, int] = defaultdict(int)
    words: set[str] = set()
    for text in snippet.texts.values():
        found = set(words_of(prose(text)))
        words |= found
        speaks: set[str] = set()
        for word in found:
            names = of_word.get(word)
            if names is None:
                names = of_word[word] = tuple(chain.from_iterable(concepts.of_word(word)))
            speaks.update(names)
        for name in speaks:
            said[name] += 1
    for word in words:
        body[word].append(number)
    for name, texts in said.items():
        meant[name][round(texts / len(snippet.texts), 2)].append(number)


def _add(values: dict[int, float], number: int, value: float) -> None:
    """The best field counts, and every other one a little: what stands in title, tags and intents is what a snippet is about."""
    before = values.get(number)
    values[number] = value if before is None else round(max(before, value) + _ALSO, 2)


def _grouped(values: Mapping[int, float]) -> Groups:
    groups: dict[float, list[int]] = defaultdict(list)
    for number, value in values.items():
        groups[value].append(number)
    return [(value, array("I", numbers)) for value, numbers in sorted(groups.items())]


def _per_snippet(meant: Mapping[str, Mapping[int, float]], size: int) -> list[frozenset[str]]:
    speaks: list[list[str]] = [[] for _ in range(size)]
    for name, found in meant.items():
        for number in found:
            speaks[number].append(name)
    return [frozenset(names) for names in speaks]


def _by_letter(short: Mapping[str, Mapping[int, float]]) -> dict[str, Groups]:
    by_letter: dict[str, dict[int, float]] = defaultdict(dict)
    for word, found in short.items():
        best = by_letter[word[0]]
        for number, value in found.items():
            if value > best.get(number, 0.0):
                best[number] = value
    return {letter: _grouped(found) for letter, found in by_letter.items()}
