"""Names of people in a form in which two are compared, and names in a running text.

The same person is written Müller, Mueller and MULLER, "Rossi Maria" and "Maria Rossi", D'Angelo with one apostrophe or another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from agentdesk.domain.language import is_common


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words("""
    dr dott dottssa dottor dottoressa prof profssa professor sig sigra sigri signor signora ing avv arch rag geom
    gent mr mrs ms miss mx sir madam herr frau hr fr m mme mlle monsieur madame mademoiselle don dipl
""")
"""Words in front of a name, as `folded` writes them."""
PARTICLES = _words("""
    de di da del della dei degli dal dalla dello delle la lo le li van von vom zu zur zum den der ter ten du des d
    dos das el al bin ibn ben san santa st
""")
_WORD = re.compile(r"[^\W\d_]+(?:['’`´-][^\W\d_]+)*")
_LETTER_PAIRS = re.compile("(?<=[aou])e")
_ELIDED = re.compile(r"(?<![^\W\d_])(?:[dl]|qu|dell|all|dall|nell|sull|un)['’](?=[^\W\d_a-zà-öø-ÿ])")
"""As in "d'Antoine", which is Antoine; "D'Angelo" is a name."""
_LONGEST = 5
_MOST = 400
_STREET_BEFORE = re.compile(r"(?:\b(?:via|viale|v\.le|piazza|piazzale|p\.zza|corso|c\.so|largo|vicolo|strada|lungarno|rue|avenue|av\.|boulevard|bd|place|quai|impasse|all[ée]e)\s+)\Z", re.IGNORECASE)
_STREET_AFTER = re.compile(r"\s+(?:street|st\.|road|rd\.?|lane|avenue|close|terrace|drive|square|grove|view|stra(?:ß|ss)e|str\.|weg|platz|allee)\b", re.IGNORECASE)


def folded(word: str) -> str:
    """A word without accents, case, apostrophes and the German way to write an umlaut: ü, ue and u are one."""
    plain = unicodedata.normalize("NFKD", word.casefold().replace("ß", "ss").replace("ø", "o").replace("ł", "l").replace("ı", "i"))
    return _LETTER_PAIRS.sub("", "".join(c for c in plain if c.isalpha()))


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, folded, without titles."""
    return tuple(word for found in _WORD.findall(name[:300]) if (word := folded(found)) and word not in TITLES)


def name_key(name: str) -> str:
    """A full name as two are compared, whatever the order of its words; empty for what is no full name."""
    words = words_of(name)
    if not 2 <= len(words) <= _LONGEST or "@" in name or any(c.isdigit() for c in name) or sum(len(w) > 1 for w in words) < 2:
        return ""
    return " ".join(sorted(words))


def names_in(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, key) of every run of words that could be a full name, the longer ones first at each place.

    Words with a capital, particles between them; or words all in small letters that no text of ours is made of ("maria rossi").
    """
    found = 0
    text = _ELIDED.sub(lambda found: " " * len(found[0]), text)
    words = list(_WORD.finditer(text))
    shapes = [_shape(word[0]) for word in words]
    gaps = [text[one.end() : other.start()] for one, other in pairwise(words)]
    for first, begin in enumerate(words):
        for last in range(_run(first, shapes, gaps), first, -1):
            end = words[last].end()
            start = begin.start()
            key = name_key(text[start:end])
            if not key or _is_street(text, start, end):
                continue
            yield start, end, key
            found += 1
            if found >= _MOST:
                return


def _shape(word: str) -> str:
    """C: with a capital, or of a script without; s: small, and no word every text has; p: a particle; empty: no part of a name."""
    small = word.casefold()
    if small in PARTICLES:
        return "p"
    if not word[0].islower():
        return "C"
    return "" if len(word) < 3 or is_common(small) else "s"


def _run(first: int, shapes: list[str], gaps: list[str]) -> int:
    """The last word of the longest run from here that could be one name."""
    kind, commas, last = "", 0, first
    for place in range(first, min(len(shapes), first + _LONGEST)):
        if place > first:
            commas += gaps[place - 1] == ", "
            # A comma parts small words of an enumeration: "in rosa, bianca e verde".
            if gaps[place - 1] not in _BETWEEN or commas > 1 or (commas and kind == "s"):
                break
        shape = shapes[place]
        if not shape or (shape != "p" and kind and shape != kind):
            break
        kind, last = kind or (shape if shape != "p" else ""), place
    return last if kind else first


_BETWEEN = frozenset({" ", "\xa0", "  ", ", ", ". "})


def _is_street(text: str, start: int, end: int) -> bool:
    """Streets are called after people."""
    return _STREET_BEFORE.search(text, max(0, start - 12), start) is not None or _STREET_AFTER.match(text, end) is not None
