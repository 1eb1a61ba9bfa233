"""Card numbers in what people write: found by form and check digit (ISO/IEC 7812-1, Luhn), shown with the last four digits only."""

from __future__ import annotations

import re

_CANDIDATE = re.compile(r"(?<![\d.,])(?:\d[ -]?){12,18}\d(?![\d.,]?\d)")


def is_card(digits: str) -> bool:
    """Whether 13 to 19 digits pass the check, begin as cards do and are not all alike."""
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) < 2:
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mask(text: str) -> str:
    """The text with every card number reduced to its last four digits."""

    def hide(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return "•••• " + digits[-4:] if is_card(digits) else match[0]

    return _CANDIDATE.sub(hide, text)
