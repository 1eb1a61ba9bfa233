"""The word index of the picker: what a typed word can mean, and which snippets have it.

Short fields (shortcut, title, tags, intents, name) are searched in every way: the whole word, its beginning, an abbreviation ("rmb" for
"rimborso"), a typo, what it means in another language (`concepts.py`), two beginnings written together ("retlab"), the initials of a title. Bodies,
in all languages, by whole words and their beginnings, from three letters; a typo there only where nothing else is found.
Abbreviations are subsequences that begin with the word's first letter; typos are restricted edit distance (one letter doubled, lost, changed or
two swapped) to the word or to as much of it as was typed.

What a word says of all snippets is one long integer, 32 bits a snippet, so that adding up the words of a query is adding integers: a
hundred times faster than a loop, and no library is needed for it. Words are kept, because while one types only the last one changes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from sys import byteorder

from agentdesk.snippets import concepts, intents
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.words import fold, holding, prose, words_of

SCALE = 1000
"""A score of 1 in the lanes of an integer."""
WEIGHT = 16
"""A weight of 1 beside it."""
_LANE = 4
_SHORTCUT, _TITLE, _TAGS, _NAME, _PACK, _ACRONYM = 1.1, 1.0, 0.8, 0.78, 0.45, 0.9
_ALSO = 0.08
_LATER = 0.96
"""What a word counts that is not the first of its field."""
_MEANT = 0.85
"""A word that means the same, beside the word itself."""
_UNFINISHED = 0.85
_MISTYPED = 0.78
_TOGETHER = 0.72
_HOLDING = 0.3
"""What a word counts that only holds a sentence together."""
_BODY, _BODY_RARE, _BODY_BEGINS, _BODY_MEANT, _BODY_MISTYPED = 0.15, 0.25, 0.22, 0.3, 0.15
_BODY_FROM = 3
_TYPOS_FROM = 4
_LEAST_SHORTENED = 0.6
_ENDING = 4
"""Letters that may follow a stem that was mistyped."""
_CACHE = 512
_HEADS = range(3, 15)

Groups = list[tuple[float, Sequence[int]]]
"""How well, and which snippets; a later one wins."""


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


class Index:
    """An index over snippets, each known by its position."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self.size = len(snippets)
        self.short: dict[str, dict[int, float]] = defaultdict(dict)
        self.concepts: dict[str, dict[int, float]] = defaultdict(dict)
        self.body: dict[str, list[int]] = defaultdict(list)
        self.body_concepts: dict[str, dict[int, float]] = defaultdict(dict)
        self.titles: list[tuple[str, ...]] = []
        self.fields: list[tuple[str, ...]] = []
        """The words of every snippet's short fields, the title's first."""
        self.intents: dict[str, dict[int, float]] = defaultdict(dict)
        """What customers want -> the snippets that answer it."""
        self.breadth: list[float] = []
        """Of how many things each snippet's short fields speak."""
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        self.shortcuts: dict[str, list[int]] = defaultdict(list)
        for number, snippet in enumerate(snippets):
            self._add_short(number, snippet)
            self._add_body(number, snippet)
        self._weigh(snippets)
        self._short_words = sorted(self.short)
        self._body_words = sorted(self.body)
        self._groups = {word: _grouped(found) for word, found in self.short.items()}
        self._concept_groups = {name: _grouped(found) for name, found in self.concepts.items()}
        self._body_concept_groups = {name: _grouped(found) for name, found in self.body_concepts.items()}
        self._by_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for word in self._short_words:
            self._by_first[word[0]].append((word, _letters(word)))
        self._starts = sorted((" ".join(title), number) for number, title in enumerate(self.titles))
        self._heads: dict[int, tuple[list[str], dict[str, list[str]]]] = {}
        self._body_heads: dict[int, tuple[list[str], dict[str, list[str]]]] = {}
        self._concept_heads: dict[int, tuple[list[str], dict[str, list[str]]]] = {}
        self._cache: dict[str, Match] = {}
        self._spread = _Spread(self.size)

    def _add_short(self, number: int, snippet: Snippet) -> None:
        title = words_of(snippet.title)
        shortcut = fold(snippet.shortcut)
        self.titles.append(tuple(title))
        fields = (
            (_TITLE, title),
            (_TAGS, words_of(" ".join(snippet.tags))),
            (_TAGS, words_of(" ".join(snippet.intents))),
            (_NAME, words_of(snippet.name)),
            (_PACK, words_of(snippet.pack_title)),
            (_SHORTCUT, [shortcut] if shortcut else []),
        )
        if shortcut:
            self.shortcuts[shortcut].append(number)
        for weight, words in fields:
            for position, word in enumerate(dict.fromkeys(words)):
                _add(self.short[word], number, weight * (_LATER if position else 1.0))
            for name, said in concepts.in_words(words).items():
                _add(self.concepts[name], number, weight * (1.0 if said[0] == words[0] else _LATER))
        self.fields.append(tuple(dict.fromkeys(word for _, words in fields[:4] for word in words)))
        if len(title) > 1:
            self.acronyms["".join(word[0] for word in title)].append(number)

    def _add_body(self, number: int, snippet: Snippet) -> None:
        said: dict[str, int] = defaultdict(int)
        words: set[str] = set()
        for text in snippet.texts.values():
            found = words_of(prose(text))
            words.update(found)
            for name in concepts.in_words(found):
                said[name] += 1
        for word in words:
            self.body[word].append(number)
        share = 1 / max(1, len(snippet.texts))
        for name, texts in said.items():
            self.body_concepts[name][number] = round(texts * share, 2)

    def _weigh(self, snippets: Sequence[Snippet]) -> None:
        squares = [0.0] * self.size
        for found in self.concepts.values():
            rarity = log(1 + self.size / len(found))
            for number, value in found.items():
                squares[number] += (value * rarity) ** 2
        self.breadth = [max(1.0, square**0.25) for square in squares]
        for number, snippet in enumerate(snippets):
            for intent in snippet.intents:
                told = intents.known(intent)
                if told:
                    self.intents[told][number] = max(intents.weight(intent), self.intents[told].get(number, 0.0))

    # -- one typed word

    def match(self, token: str) -> Match:
        """What a folded word finds; kept, because while one types only the last word changes."""
        found = self._cache.get(token)
        if found is None:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            found = self._cache[token] = self._match(token)
        return found

    def phrase(self, concept: str) -> Match:
        """What a phrase finds that means something only as a whole."""
        key = f" {concept}"
        found = self._cache.get(key)
        if found is None:
            short = [(_MEANT * weight, numbers) for weight, numbers in self._concept_groups.get(concept, ())]
            body = [(_BODY_MEANT * weight, numbers) for weight, numbers in self._body_concept_groups.get(concept, ())]
            found = self._cache[key] = self._made(short, body, (), frozenset({concept}))
        return found

    def forget(self) -> None:
        self._cache.clear()

    def _match(self, token: str) -> Match:
        similar = self._similar(token)
        short: Groups = [(quality * weight, numbers) for word, quality in similar.items() for weight, numbers in self._groups[word]]
        body: Groups = []
        plain = holding(token)
        if 2 <= len(token) <= 6 and not plain:
            for acronym, numbers in self.acronyms.items():
                if acronym.startswith(token):
                    short.append((_ACRONYM * (0.8 if len(acronym) == len(token) else 0.7), numbers))
        named = self._concepts(token)
        known = frozenset(name for parts, _ in named for part in parts for name in part)
        for parts, quality in named:
            short += self._meant(parts, quality * _MEANT, self._concept_groups)
            body += self._meant(parts, quality * _BODY_MEANT, self._body_concept_groups)
            if len(parts) == 1 and quality == 1.0:
                for name, how in (other for one in parts[0] for other in concepts.near().get(one, ())):
                    short += [(_MEANT * how * weight, numbers) for weight, numbers in self._concept_groups.get(name, ())]
        if len(token) >= _BODY_FROM:
            body += self._in_body(token)
        if not any(quality >= 0.7 for quality in similar.values()) and not known and len(token) >= _TYPOS_FROM:
            short += self._together(token)
            if not short and not body:
                body += self._mistyped_in_body(token)
        if plain:
            short = [(_HOLDING * value, numbers) for value, numbers in short]
        meant = sorted((word for word in similar if not word.startswith(token)), key=lambda word: (-similar[word], word))
        return self._made(short, body, tuple(meant[:60]), known, _HOLDING if plain else 1.0)

    def _made(self, short: Groups, body: Groups, meant: tuple[str, ...], known: frozenset[str], tells: float = 1.0) -> Match:
        values: dict[int, int] = {}
        for value, numbers in sorted(short, key=_first):
            values.update(dict.fromkeys(numbers, round(value * SCALE)))
        in_body: dict[int, int] = {}
        for value, numbers in sorted(body, key=_first):
            in_body.update(dict.fromkeys(numbers, round(value * SCALE)))
        if not values and not in_body:
            return Match(0, 0, 0)
        lanes = self._spread(values) + self._spread(in_body)
        # How many snippets it fits, each as well as it does: a word of every text, or the beginning of many, tells little.
        most = max(max(values.values(), default=0), max(in_body.values(), default=0))
        fitting = (sum(values.values()) + sum(in_body.values())) / most
        weight = max(1, round(WEIGHT * tells * log(1 + self.size / fitting)))
        return Match(lanes * weight, weight, bits(values, self.size) | bits(in_body, self.size), meant, known)

    def _similar(self, token: str) -> dict[str, float]:
        """Words of the short fields like the one typed, with how like."""
        length, letters, plain = len(token), _letters(token), holding(token)
        found: dict[str, float] = {}
        for word, of_word in self._by_first.get(token[0], ()):
            if of_word & letters != letters:
                continue
            if word.startswith(token):
                found[word] = 1.0 if len(word) == length else 0.93 - 0.01 * min(len(word) - length, 10)
            elif length > 1 and not plain:
                quality = _abbreviation(token, word)
                if quality:
                    found[word] = quality
        if length >= _TYPOS_FROM and not plain:
            for word, quality in _typos(token, self._heads, self._short_words):
                if quality > found.get(word, 0.0):
                    found[word] = quality
        return found

    def _concepts(self, token: str) -> list[tuple[tuple[tuple[str, ...], ...], float]]:
        """What a word means, with how surely: itself, else what it may become, else what it may have been meant to be."""
        parts = concepts.of_word(token)
        if parts:
            return [(parts, 1.0)]
        if len(token) < _BODY_FROM:
            return []
        words = concepts.vocabulary()
        begun: dict[str, None] = {}
        at = bisect_left(words, token)
        while at < len(words) and words[at].startswith(token):
            begun.update(dict.fromkeys(concepts.of_stem(words[at])))
            at += 1
        if begun:
            return [((tuple(begun),), _UNFINISHED)]
        shortened: dict[str, None] = {}
        best = _LEAST_SHORTENED
        for stem in _from(words, token[0]):
            quality = _abbreviation(token, stem) if len(stem) >= _TYPOS_FROM else 0.0
            if quality >= best:
                shortened = {} if quality > best else shortened
                best = quality
                shortened.update(dict.fromkeys(concepts.of_stem(stem)))
        if shortened:
            return [((tuple(shortened),), best * _UNFINISHED)]
        if len(token) < _TYPOS_FROM:
            return []
        typos: dict[str, None] = {}
        best = 0.0
        for end in range(len(token), max(_TYPOS_FROM, len(token) - _ENDING) - 1, -1):
            for stem, quality in _typos(token[:end], self._concept_heads, words):
                if abs(len(stem) - end) < 2 and len(stem) >= _TYPOS_FROM and quality >= best:
                    best = quality
                    typos.update(dict.fromkeys(concepts.of_stem(stem)))
            if typos:
                break
        return [((tuple(typos),), _MISTYPED)] if typos else []

    def _meant(self, parts: tuple[tuple[str, ...], ...], quality: float, groups: Mapping[str, Groups]) -> Groups:
        """Snippets that speak of what a word means; of a compound's two halves one is worth half."""
        if len(parts) == 1:
            return [(quality * weight, numbers) for name in parts[0] for weight, numbers in groups.get(name, ())]
        values: dict[int, float] = defaultdict(float)
        for part in parts:
            best: dict[int, float] = {}
            for name in part:
                for weight, numbers in groups.get(name, ()):
                    for number in numbers:
                        best[number] = max(weight, best.get(number, 0.0))
            for number, weight in best.items():
                values[number] += quality * weight / len(parts)
        return _grouped(values)

    def _together(self, token: str) -> Groups:
        """Snippets with words that begin with both parts of what was typed as one."""
        mask = 0
        for at in range(2, len(token) - 1):
            first = self._beginning(token[:at])
            if first:
                mask |= first & self._beginning(token[at:])
        return [(_TOGETHER, list(positions(mask)))] if mask else []

    def _beginning(self, token: str) -> int:
        mask = 0
        for word in _from(self._short_words, token):
            mask |= bits(self.short[word], self.size)
        return mask

    def _in_body(self, token: str) -> Groups:
        found: Groups = []
        for word in _from(self._body_words, token):
            numbers = self.body[word]
            value = _BODY_BEGINS if word != token else _BODY + _BODY_RARE * log(self.size / len(numbers) + 1) / log(self.size + 1)
            found.append((value, numbers))
        return found

    def _mistyped_in_body(self, token: str) -> Groups:
        return [(_BODY_MISTYPED * quality, self.body[word]) for word, quality in _typos(token, self._body_heads, self._body_words)]

    # -- a query

    def search(self, tokens: Sequence[str]) -> tuple[int, int, int]:
        """What the words of a query say together: lanes, their weight, and the bits of the snippets that have any of them.

        Words that nothing has are left out. Those of a phrase ("money back") count less than the phrase.
        """
        lanes = weight = mask = 0
        spans = concepts.spans(tokens)
        within = {at for first, end, _, _ in spans for at in range(first, end)}
        kept = {token for at, token in enumerate(tokens) if at not in within}
        for name in dict.fromkeys(name for _, _, name, _ in spans):
            match = self.phrase(name)
            lanes, weight, mask = lanes + 4 * match.lanes, weight + 4 * match.weight, mask | match.mask
        for token in dict.fromkeys(tokens):
            match = self.match(token)
            times = 4 if token in kept else 2
            lanes, weight, mask = lanes + times * match.lanes, weight + times * match.weight, mask | match.mask
        return lanes, weight, mask

    def begun(self, typed: str) -> list[int]:
        """Snippets whose titles begin with what was typed (words, a blank between)."""
        at = bisect_left(self._starts, (typed, -1))
        found = []
        while at < len(self._starts) and self._starts[at][0].startswith(typed):
            found.append(self._starts[at][1])
            at += 1
        return found

    def lanes(self, values: Sequence[int]) -> int:
        return int.from_bytes(array("I", values).tobytes(), byteorder)

    def numbers(self, lanes: int) -> array[int]:
        found = array("I")
        found.frombytes(lanes.to_bytes(_LANE * self.size, byteorder))
        return found


class _Spread:
    """Values of snippets as the lanes of one integer."""

    def __init__(self, size: int) -> None:
        self._empty = bytes(_LANE * size)

    def __call__(self, values: Mapping[int, int]) -> int:
        if not values:
            return 0
        lanes = array("I", self._empty)
        for number, value in values.items():
            lanes[number] = value
        return int.from_bytes(lanes.tobytes(), byteorder)


def _first(group: tuple[float, Sequence[int]]) -> float:
    return group[0]


def _add(values: dict[int, float], number: int, value: float) -> None:
    """The best field counts, and every other one a little: what stands in title, tags and intents is what a snippet is about."""
    before = values.get(number)
    values[number] = value if before is None else round(max(before, value) + _ALSO, 2)


def _grouped(values: Mapping[int, float]) -> Groups:
    groups: dict[float, list[int]] = defaultdict(list)
    for number, value in values.items():
        groups[value].append(number)
    return [(value, tuple(numbers)) for value, numbers in groups.items()]


def _from(words: Sequence[str], token: str) -> Iterator[str]:
    """The words that begin with a token, out of sorted ones."""
    at = bisect_left(words, token)
    while at < len(words) and words[at].startswith(token):
        yield words[at]
        at += 1


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


def _typos(
    token: str, heads: dict[int, tuple[list[str], dict[str, list[str]]]], words: Iterable[str]
) -> Iterator[tuple[str, float]]:
    """Words within a typo or two of what was typed; `heads` keeps their beginnings by length."""
    from rapidfuzz import distance, process  # noqa: PLC0415 - 23 ms, paid at the first picker

    length = len(token)
    allowed = 1 if length < 7 else 2
    for head_length in (length - 1, length, length + 1):
        if head_length not in _HEADS:
            continue
        if head_length not in heads:
            heads[head_length] = _heads(words, head_length)
        keys, of_head = heads[head_length]
        for head, edits, _ in process.extract(token, keys, scorer=distance.OSA.distance, score_cutoff=allowed, limit=None):
            for word in of_head[head]:
                yield word, 0.82 - 0.12 * edits - 0.01 * min(abs(len(word) - length), 10) - (0.1 if word[0] != token[0] else 0.0)


def _heads(words: Iterable[str], length: int) -> tuple[list[str], dict[str, list[str]]]:
    """The beginnings of the words that are long enough, and the words of each."""
    heads: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) >= length - 1:
            heads[word[:length]].append(word)
    return list(heads), heads
