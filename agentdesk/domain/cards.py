"""Card numbers in what people write: found by form, length, first digits (ISO/IEC 7812-1) and check digit (Luhn), shown with the
last four digits only.

Orders and parcels have long numbers too, and one in ten passes the check; so the first digits must be those of an issuer that gives
out cards of this length, and the digits must stand as people write them: in one piece, or grouped as on the card.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATORS = " \xa0\u2007\u2009\u202f.\\-\u2010-\u2015/_\t"
_LINK_OR_RUN = re.compile(rf"(?i:https?://|www\.)[^\s<>]*|(\d(?:[{_SEPARATORS}]{{0,2}}\d){{11,}})")
_BEFORE = re.compile(r"(?:(?<![^\W\d_])[A-Z]{1,2}|\d[A-Z]|[.,]\d{0,3})$")
"""Right before the digits: the country of an account (IBAN) or of a parcel, or the rest of a number."""
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d{2})\d{12}(?:\d{3})?"  # Discover
    r"|3(?:0[0-5]|[68]\d|09)\d{11}"  # Diners Club
    r"|(?:352[89]|35[3-8]\d)\d{12}(?:\d{3})?"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"  # Maestro
    r"|220[0-4]\d{12,15}"  # Mir
)
_LONGEST = 19
_GROUPED = (
    (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4), (4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 8), (4, 4, 5), (4, 6, 5), (4, 6, 4), (4, 5, 6), (4, 12),
    (6, 6, 4), (6, 13), (6, 10), (8, 4, 4), (8, 8),
)  # fmt: skip
_SHAPES = {first: tuple(one for one in _GROUPED if one[0] == first) for first in (4, 6, 8)} | {n: ((n,),) for n in range(12, _LONGEST + 1)}
"""How the digits of a card are grouped, by the length of the first group."""


def is_card(digits: str) -> bool:
    """Whether 12 to 19 digits begin as cards do, have their length and pass the check."""
    if not digits.isascii() or not _ISSUERS.fullmatch(digits) or len(set(digits)) < 2:
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def find(text: str) -> tuple[str, ...]:
    """The digits of every card number in a text, each once."""
    return tuple(dict.fromkeys(digits for _, _, digits in places(text)))


def shown(digits: str) -> str:
    """What is shown of a card."""
    return "•••• " + digits[-4:]


def mask(text: str) -> str:
    """The text with every card number reduced to its last four digits."""
    parts, end = [], 0
    for start, stop, digits in places(text):
        parts += [text[end:start], shown(digits)]
        end = stop
    return "".join((*parts, text[end:])) if parts else text


def places(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, stop, digits) of every card number, in order."""
    for run in _LINK_OR_RUN.finditer(text):
        if run[1] and not _BEFORE.search(text[max(0, run.start() - 3) : run.start()]):
            yield from _in_run(run[1], run.start())


def _in_run(run: str, offset: int) -> Iterator[tuple[int, int, str]]:
    """Cards within one run of digits and separators: all of it, or groups as on a card."""
    groups = list(re.finditer(r"\d+", run))
    if len(groups) <= _LONGEST and is_card(digits := _ascii(run)):
        yield offset, offset + len(run), digits
        return
    first = 0
    while first < len(groups):
        taken = 1
        for shape in _SHAPES.get(len(groups[first][0]), ()):
            some = groups[first : first + len(shape)]
            if tuple(len(one[0]) for one in some) == shape and is_card(digits := _ascii("".join(one[0] for one in some))):
                yield offset + some[0].start(), offset + some[-1].end(), digits
                taken = len(some)
                break
        first += taken


def _ascii(digits: str) -> str:
    """Digits of any script as plain ones, without what stands between them."""
    return "".join(str(int(digit)) for digit in digits if digit.isdecimal())
