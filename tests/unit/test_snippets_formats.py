"""Money, dates and times as the customer writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from agentdesk.snippets import formats
from agentdesk.snippets.formats import BadFormatError, Money

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
DAY = datetime(2026, 12, 4, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "venerdì 4 dicembre"), ("en", "Friday, 4 December"), ("en-US", "Friday, December 4"), ("de", "Freitag, 4. Dezember"),
        ("fr", "vendredi 4 décembre"), ("es", "viernes, 4 de diciembre"), ("de-AT", "Freitag, 4. Dezember"), ("zz", "Friday, 4 December"),
    ],
)  # fmt: skip
def test_the_usual_date(language: str, text: str) -> None:
    assert formats.day(DAY, "long", language, NOW) == text


def test_a_day_far_off_has_its_year() -> None:
    assert formats.day(date(2025, 1, 2), "long", "it", NOW) == "giovedì 2 gennaio 2025"
    assert formats.day(date(2027, 1, 7), "long", "it", NOW) == "giovedì 7 gennaio"


def test_the_first_of_the_month_in_french() -> None:
    assert formats.day(date(2026, 12, 1), "long", "fr", NOW) == "mardi 1er décembre"
    assert formats.day(date(2026, 12, 11), "long", "fr", NOW) == "vendredi 11 décembre"
    assert formats.day(date(2026, 12, 1), "short", "fr", NOW) == "01/12/2026"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("full", "venerdì 4 dicembre 2026"), ("medium", "4 dic 2026"), ("short", "04/12/26"), ("weekday", "venerdì"), ("month", "dicembre"),
        ("year", "2026"), ("%d/%m/%Y", "04/12/2026"), ("%A %-d %B, ore %H:%M", "venerdì 4 dicembre, ore 14:05"), ("100%% %e", "100% 4"),
        ("l'%d", "l'04"),
    ],
)  # fmt: skip
def test_named_forms_and_patterns(form: str, text: str) -> None:
    assert formats.day(DAY, form, "it", NOW) == text


@pytest.mark.parametrize("form", ["%Q", "%", "long date", "", "%1000000000d", "%Ey"])
def test_forms_that_are_none(form: str) -> None:
    with pytest.raises(BadFormatError):
        formats.day(DAY, form, "it", NOW)
    with pytest.raises(BadFormatError):
        formats.check_form(form)


def test_times() -> None:
    assert formats.clock(DAY, "it") == "14:05"
    assert formats.clock(DAY, "en-US").replace("\N{NARROW NO-BREAK SPACE}", " ") == "2:05 PM"


@pytest.mark.parametrize(
    ("language", "text"),
    [("it", "1.289,90\xa0€"), ("en", "€1,289.90"), ("de", "1.289,90\xa0€"), ("fr", "1\u202f289,90\xa0€")],
)
def test_money(language: str, text: str) -> None:
    assert formats.money(Decimal("1289.9"), "EUR", language) == text


def test_money_without_a_currency_is_a_number() -> None:
    assert formats.money(Decimal("89.905"), "", "it") == "89,91"


def test_numbers() -> None:
    assert formats.number(30, "it") == "30"
    assert formats.number(Decimal("2.50"), "it") == "2,50"
    assert formats.number(Decimal("1E+3"), "en") == "1000"


@pytest.mark.parametrize(
    ("text", "amount"),
    [("89,90", "89.90"), ("1.289,90", "1289.90"), ("1,289.90", "1289.90"), ("1.289", "1289"), ("12.5", "12.5"), ("-3", "-3"), ("1'289.90", "1289.90")],
)
def test_amounts_as_people_type_them(text: str, amount: str) -> None:
    assert formats.read_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "twenty", "1,2,3 euro", "NaN", "Infinity", "1e9", "٣"])
def test_texts_that_are_no_amount(text: str) -> None:
    assert formats.read_amount(text) is None


def test_money_remembers_its_currency() -> None:
    assert Money(Decimal("1.20"), "CHF").currency == "CHF"
    assert Money(Decimal("1.20"), "CHF") == Decimal("1.20")


@pytest.mark.parametrize(
    ("text", "value"),
    [("2026-12-24", date(2026, 12, 24)), ("2026-12-24T10:30:00Z", datetime(2026, 12, 24, 10, 30, tzinfo=UTC)), ("2026-13-01", None), ("soon", None)],
)
def test_dates_in_texts(text: str, value: object) -> None:
    assert formats.read_date(text) == value
