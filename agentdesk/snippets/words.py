"""Text cut into words in the form in which two are compared."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def fold(text: str) -> str:
    """Without case and accents: "Größe" -> "grosse", "È" -> "e"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return _WORD.findall(fold(text))


def prose(template: str) -> str:
    """A template without what stands in its tags."""
    return _LIQUID.sub(" ", template)
