"""Amounts, dates and quantities as people and programs write them into order files.

Two things can only be told from a whole file: whether `1.234` is a thousand or one and a bit, and whether `03/04/2026` is in
April or in March. `Style.of` looks at all values before the first is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import lru_cache

_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "zł": "PLN", "fr.": "CHF"}
_CODE = re.compile(r"[A-Z]{3}\Z")
_AMOUNT = re.compile(r"[+-]?(?:\d[\d.,' ]{0,24}|[.,]\d{1,6})(?:,-|\.-)?\Z")
_WHOLE = re.compile(r"(?:[0-9]{0,12}|[0-9]{1,3}(?:[.,][0-9]{3}){1,3})\Z")
_AROUND = re.compile(
    r"^(?:[A-Za-z]{3}|[€$£¥]|fr\.)?\s*(?P<amount>[+-]?\s?[\d.,'][\d.,' -]*?)\s*(?:[A-Za-z]{3}|[€$£¥]|zł)?$"
)
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?\Z",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[T ,]+(\d{1,2})[:.](\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(AM|PM|Uhr)?)?\Z",
    re.IGNORECASE,
)
_PLACEHOLDERS = frozenset({"-", "--", "n/a", "n.a.", "na", "null", "none", "nan", "nat", "(null)", "/"})
_LANGUAGES = {
    "italiano": "it", "italian": "it", "english": "en", "inglese": "en", "deutsch": "de", "german": "de", "tedesco": "de",
    "français": "fr", "francais": "fr", "french": "fr", "francese": "fr",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes its amounts and dates."""

    decimal: str = ""
    """The decimal sign where one value proves it, else empty."""
    month_first: bool = False

    @classmethod
    def of(cls, amounts: Iterable[str], dates: Iterable[str]) -> Style:
        """Look for values that can be read in one way only."""
        return cls(_decimal_sign(amounts), _is_month_first(dates))


def is_blank(text: str) -> bool:
    """Empty, or what exports write for nothing."""
    return not text or text.lower() in _PLACEHOLDERS


@lru_cache(maxsize=32768)
def money(text: str, style: Style) -> Decimal:
    """An amount, with or without its currency.

    Raises:
        ValueError: it is none.
    """
    bare = _bare(text)
    if bare is None:
        raise ValueError(text)
    sign = "-" if bare.startswith("-") else ""
    digits = bare.lstrip("+-").removesuffix("-").rstrip(",.").replace("'", "").replace(" ", "")
    point, comma = digits.rfind("."), digits.rfind(",")
    decimal = ""
    if point >= 0 and comma >= 0:
        decimal = "." if point > comma else ","
    elif point >= 0 or comma >= 0:
        mark = "." if point >= 0 else ","
        if digits.count(mark) == 1 and not _is_thousands(digits, mark, style):
            decimal = mark
    whole, _, fraction = digits.rpartition(decimal) if decimal else (digits, "", "")
    if not _WHOLE.match(whole) or not (whole or fraction) or (fraction and not re.fullmatch("[0-9]+", fraction)):
        raise ValueError(text)
    whole = whole.replace(".", "").replace(",", "")
    return Decimal(f"{sign}{whole or '0'}.{fraction or '0'}") if fraction else Decimal(f"{sign}{whole}")


def currency_in(text: str) -> str:
    """The currency written beside an amount, or empty."""
    for sign, code in _CURRENCIES.items():
        if sign in text.lower():
            return code
    letters = re.sub(r"[^A-Za-z]", "", text).upper()
    return letters if _CODE.match(letters) else ""


def quantity(text: str) -> int:
    """A number of pieces.

    Raises:
        ValueError: it is no whole number.
    """
    match = re.match(r"([+-]?\d{1,9})(?:[.,]0{1,6})?\s*(?:x|pz|pcs|st|stk)?\.?\Z", text, re.IGNORECASE)
    if match is None:
        raise ValueError(text)
    return int(match[1])


@lru_cache(maxsize=32768)
def moment(text: str, style: Style, zone: tzinfo) -> datetime:
    """A date, with or without time; without a zone it is the desk's.

    Raises:
        ValueError: it is none.
    """
    if match := _ISO.match(text):
        year, month, day, hour, minute, second, offset = match.groups()
        whole = f"{year}-{int(month):02}-{int(day):02}T{int(hour or 0):02}:{minute or '00'}:{second or '00'}"
        if offset:
            return datetime.fromisoformat(whole + (offset if offset[0] in "+-" else "+00:00"))
        return datetime.fromisoformat(whole).replace(tzinfo=zone)
    if match := _LOCAL.match(text):
        first, second_, year, hour, minute, second, half = match.groups()
        day, month = (second_, first) if style.month_first and "/" in text else (first, second_)
        hours = int(hour or 0)
        if half and half.lower() != "uhr":
            if not 1 <= hours <= 12:
                raise ValueError(text)
            hours = hours % 12 + (12 if half.lower() == "pm" else 0)
        full_year = int(year) + 2000 if len(year) == 2 else int(year)
        return datetime.combine(
            date(full_year, int(month), int(day)), time(hours, int(minute or 0), int(second or 0)), zone
        )
    if re.fullmatch(r"1\d{9}(?:\d{3})?", text):  # seconds or milliseconds since 1970, as databases keep them
        return datetime.fromtimestamp(int(text[:10]), UTC).astimezone(zone)
    raise ValueError(text)


def language(text: str) -> str:
    """A language code of two letters, or empty."""
    folded = text.strip().lower()
    if re.fullmatch(r"[a-z]{2}(?:[-_][a-z0-9]{2,8})*", folded):
        return folded[:2]
    return _LANGUAGES.get(folded, "")


@lru_cache(maxsize=32768)
def _bare(text: str) -> str | None:
    around = _AROUND.match(
        text.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'").replace("−", "-").strip()
    )
    if around is None:
        return None
    bare = around["amount"].replace(" ", "")
    return bare if _AMOUNT.match(bare) else None


def _is_thousands(digits: str, mark: str, style: Style) -> bool:
    """Whether a lone mark parts thousands: three digits behind it, and the file does not use it for decimals."""
    before, _, behind = digits.partition(mark)
    if len(behind) != 3 or not before or before.startswith("0") or len(before) > 3:
        return False
    return style.decimal != mark


def _decimal_sign(amounts: Iterable[str]) -> str:
    """The sign that is proven by a value such as 89,90; the more frequent one if a file contradicts itself."""
    found = {".": 0, ",": 0}
    for text in amounts:
        digits = (_bare(text) or "").lstrip("+-")
        point, comma = digits.rfind("."), digits.rfind(",")
        if point >= 0 and comma >= 0:
            found["." if point > comma else ","] += 1
        elif point >= 0 and digits.count(".") == 1 and len(digits) - point - 1 != 3:
            found["."] += 1
        elif comma >= 0 and digits.count(",") == 1 and len(digits) - comma - 1 != 3:
            found[","] += 1
    if found["."] == found[","]:
        return ""
    return "." if found["."] > found[","] else ","


def _is_month_first(dates: Iterable[str]) -> bool:
    """11/20/2026 proves it, unless 20/11/2026 stands in the same file."""
    month_first = False
    for text in dates:
        match = _LOCAL.match(text)
        if match is None or "/" not in text:
            continue
        if int(match[1]) > 12:
            return False
        month_first = month_first or int(match[2]) > 12
    return month_first
