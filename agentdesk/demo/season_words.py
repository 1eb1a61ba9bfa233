"""How people of four languages write dates, times and amounts in passing: "mercoledì 3 dicembre", "3 déc. 2026".

Small tables and not Babel: the season must come out the same under every version of a library.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from random import Random

_MONTHS = {
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_MONTHS_SHORT = {
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
}
_DAYS = {
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
}
_DAYS_SHORT = {
    "it": "lun mar mer gio ven sab dom",
    "en": "Mon Tue Wed Thu Fri Sat Sun",
    "de": "Mo. Di. Mi. Do. Fr. Sa. So.",
    "fr": "lun. mar. mer. jeu. ven. sam. dim.",
}
_CURRENCY = {"EUR": "€", "GBP": "£"}


def day(at: datetime, language: str) -> str:
    """Day and month: "3 dicembre", "3. Dezember"; French says "1er" for the first."""
    month = _MONTHS[language].split()[at.month - 1]
    number = "1er" if language == "fr" and at.day == 1 else str(at.day)
    return f"{number}. {month}" if language == "de" else f"{number} {month}"


def date(at: datetime, language: str) -> str:
    return f"{day(at, language)} {at.year}"


def weekday(at: datetime, language: str) -> str:
    return _DAYS[language].split()[at.weekday()]


def weekday_short(at: datetime, language: str) -> str:
    return _DAYS_SHORT[language].split()[at.weekday()]


def month_short(at: datetime, language: str) -> str:
    return _MONTHS_SHORT[language].split()[at.month - 1]


def amount(value: Decimal, currency: str, language: str, rng: Random) -> str:
    """An amount as somebody types it: "89,90 €", "89,90 euro", "£89.90"."""
    sign = _CURRENCY[currency]
    if language == "en":
        return f"{sign}{value}"
    text = str(value).replace(".", ",").removesuffix(",00")
    words = {"it": "euro", "de": "Euro", "fr": "euros"}
    return f"{text} {words[language] if rng.random() < 0.5 and currency == 'EUR' else sign}"
