"""Money, dates and times as the customer writes them, by Babel (imported when first used: 44-51 ms)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from babel import Locale

# Where a language says nothing of the country: how the shops we write for write it. "en" alone would be American.
_COUNTRY = {"en": "en_GB", "pt": "pt_PT"}
_FAR = timedelta(days=180)
"""A day further off than this is written with its year."""

DATE_FORMATS = ("long", "full", "medium", "short", "weekday", "month", "year")
# Liquid's directives (those of strftime) as CLDR fields, which Babel writes in the customer's language.
_DIRECTIVES: Mapping[str, str] = {
    "a": "EEE", "A": "EEEE", "b": "LLL", "h": "LLL", "B": "MMMM", "d": "dd", "e": "d", "-d": "d", "m": "MM", "-m": "M", "y": "yy",
    "Y": "y", "H": "HH", "-H": "H", "k": "H", "I": "hh", "-I": "h", "l": "h", "M": "mm", "-M": "m", "S": "ss", "p": "a", "P": "a",
    "j": "D", "u": "e", "V": "ww", "G": "Y", "F": "y-MM-dd", "R": "HH:mm", "T": "HH:mm:ss", "D": "MM/dd/yy",
}  # fmt: skip
_DIRECTIVE = re.compile(r"%(-?[A-Za-z]|%)|%(.?)")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_TRAILING_YEAR = re.compile(r"(?:[\s,.]|'[^']*')*y+\s*(?:'[^']*')?\.?$")


class BadFormatError(ValueError):
    """A date format that is neither one of the names nor made of directives we write. Its text is the culprit."""


class Money(Decimal):
    """An amount that knows its currency. What is calculated from it is a plain number again."""

    currency: str

    def __new__(cls, amount: Decimal, currency: str) -> Self:
        made = super().__new__(cls, amount)
        made.currency = currency
        return made


@lru_cache(maxsize=32)
def locale_for(language: str) -> Locale:
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - see the module's first line

    tag = language.replace("-", "_")
    base = tag.split("_")[0].lower()
    for candidate in (tag if "_" in tag else "", _COUNTRY.get(base, ""), base, "en_GB"):
        if candidate:
            try:
                return Locale.parse(candidate)
            except (UnknownLocaleError, ValueError):
                continue
    raise AssertionError("Babel has no en_GB")


def money(amount: Decimal, currency: str, language: str) -> str:
    """`89,90 €`; without a currency the number alone, with two decimals."""
    from babel.numbers import format_currency, format_decimal  # noqa: PLC0415 - see the module's first line

    locale = locale_for(language)
    if currency:
        # "CHF 10.00" and not "CHF10.00", as CLDR's rules for spacing (which Babel leaves out) say.
        return re.sub(r"(?<=[^\W\d_])(?=\d)", "\N{NO-BREAK SPACE}", str(format_currency(amount, currency, locale=locale)))
    return str(format_decimal(amount.quantize(Decimal("0.01"), ROUND_HALF_UP), format="#,##0.00", locale=locale))


def number(value: Decimal | int, language: str) -> str:
    """A number as it is, with the language's decimal sign and no grouping (it may be a year or a count)."""
    from babel.numbers import get_decimal_symbol  # noqa: PLC0415 - see the module's first line

    text = format(Decimal(value), "f")
    return text.replace(".", get_decimal_symbol(locale_for(language))) if "." in text else text


def day(value: date, form: str, language: str, now: datetime | None = None) -> str:
    """A date in one of the named forms, or by a pattern of directives.

    `long` (the usual one) is "giovedì 4 dicembre", with the year where the day is far from `now`.

    Raises:
        BadFormatError: neither.
    """
    from babel.dates import format_date, format_datetime  # noqa: PLC0415 - see the module's first line

    locale = locale_for(language)
    plain = value.date() if isinstance(value, datetime) else value
    if "%" in form:
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        # Babel turns a time with a zone into UTC unless told otherwise; the times here are in the desk's zone already.
        return str(format_datetime(moment.replace(tzinfo=None), cldr_pattern(form), locale=locale))
    if form == "long":
        pattern = str(locale.date_formats["full"])
        far = now is not None and abs(plain - now.date()) > _FAR
        text = str(format_date(plain, pattern if far else _without_year(pattern), locale=locale))
        return _first_of_month(text, plain, locale.language)
    if form in {"full", "medium", "short"}:
        return _first_of_month(str(format_date(plain, form, locale=locale)), plain, locale.language if form == "full" else "")
    fields = {"weekday": "EEEE", "month": "LLLL", "year": "y"}
    if form in fields:
        return str(format_date(plain, fields[form], locale=locale))
    raise BadFormatError(form)


def clock(value: datetime | time, language: str) -> str:
    """The time of day, without seconds."""
    from babel.dates import format_time  # noqa: PLC0415 - see the module's first line

    return str(format_time(value.replace(tzinfo=None), "short", locale=locale_for(language)))


def read_date(text: str) -> date | datetime | None:
    """A day or moment written in ISO 8601 (an agent's answer, a value of a pack); None if it is something else."""
    text = text.strip()
    if not _ISO.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def read_amount(text: str) -> Decimal | None:
    """A number as people type it: `89,90`, `1.289,90`, `1,289.90`."""
    bare = text.strip().replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace("'", "")
    if not re.fullmatch(r"[+-]?[0-9][0-9.,]*", bare):
        return None
    last = max(bare.rfind("."), bare.rfind(","))
    if last >= 0 and len(bare) - last - 1 != 3:  # three digits after the last sign: it parts the thousands
        bare = bare[:last].replace(".", "").replace(",", "") + "." + bare[last + 1 :]
    else:
        bare = bare.replace(".", "").replace(",", "")
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def cldr_pattern(form: str) -> str:
    """A pattern of strftime's directives as CLDR writes it.

    Raises:
        BadFormatError: a directive that is not known.
    """
    pieces: list[str] = []
    position = 0
    for match in _DIRECTIVE.finditer(form):
        pieces.append(_quoted(form[position : match.start()]))
        name = match.group(1)
        if name == "%":
            pieces.append("%")
        elif name in _DIRECTIVES:
            pieces.append(_DIRECTIVES[name])
        else:
            raise BadFormatError(match.group())
        position = match.end()
    pieces.append(_quoted(form[position:]))
    return "".join(pieces)


def check_form(form: str) -> None:
    """Raises `BadFormatError` if `day` would."""
    if "%" in form:
        cldr_pattern(form)
    elif form not in DATE_FORMATS:
        raise BadFormatError(form)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text else ""


@lru_cache(maxsize=32)
def _without_year(pattern: str) -> str:
    return _TRAILING_YEAR.sub("", pattern).rstrip(" ,") or pattern


def _first_of_month(text: str, value: date, language: str) -> str:
    """The first day of a month is an ordinal in French, which CLDR's patterns cannot say."""
    return re.sub(r"\b1\b", "1er", text, count=1) if language == "fr" and value.day == 1 else text
