"""Text cut into words in the form in which two are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


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
    return LIQUID.sub(" ", template)


# Words that hold a sentence together and say nothing of what it is about, in the four languages.
_HOLDING = """
    a ad ai al alla alle anche che chi ci col come con cosa da dal dalla dei del della delle di e ed gli ha hanno ho i il in io la le lei li lo loro
    ma me mi mia mie miei mio ne nei nel nella o per piu poi puo quando quella quello questa questo qui se si sia sono su sua sue sul sulla suo te ti tra
    tu un una uno va vi voi fare sto stato essere fa
    an and any are as at be been but by can do does for from had has have he her his how i if is it its me my of on or our please she so some
    that the their them then there these they this those to us was we were what when who why will with would you your
    ab aber als am an auch auf aus bei bin bis das dass dem den der des die dir doch du ein eine einem einen einer eines er es euch fur hab habe haben
    hat hatte ich ihm ihn ihnen ihr ihre ihren im ins ist ja kann man mein meine meinem meinen meiner mich mir mit nach noch nun nur ob oder sehr sein
    seit sich sie sind so uber um und uns vom von vor war waren was weil wenn wer werden wie wir wird zu zum zur
    au aux avec c ce ces cet cette d dans de des du elle en est et etes eu faire il ils j je l leur lui m ma mais mes moi mon n nos notre nous on
    ont ou par pour qu que qui s sa se ses si son sont sous sur t ta tes toi ton tu une vos votre vous y
"""


@lru_cache(maxsize=1)
def _held() -> frozenset[str]:
    return frozenset(_HOLDING.split())


def holding(word: str) -> bool:
    """Whether a folded word is only there for the sentence."""
    return word in _held()
