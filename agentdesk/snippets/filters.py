"""What a text may do with a value: Liquid's own filters that make sense in a letter, and `money`, `date`, `time` in the
customer's language.

None of them turns a missing value into an empty text: a filter hands on what it was given where that, or one of its
arguments, is no value, so that `default` can still mend it and printing it stops the send. Numbers are `Decimal` throughout.
Left out on purpose: what makes HTML, and what makes text of a whole object.

This module imports Liquid; import it only when something is rendered or checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any

from liquid.builtin.filters import array as liquid_array
from liquid.builtin.filters import string as liquid_string
from liquid.exceptions import FilterArgumentError
from liquid.undefined import is_undefined

from agentdesk.locale import say
from agentdesk.snippets import formats
from agentdesk.snippets.formats import BadFormatError, Money

if TYPE_CHECKING:
    from agentdesk.snippets.template import ReplyContext

Filter = Callable[..., Any]

MAX_TEXT = 100_000
"""Characters a filter may make."""
MAX_RANGE = 1_000
_CURRENCY = re.compile(r"[A-Z]{3}")
MAX_NUMBER = Decimal(10) ** 15


def _refuse(key: str, **fields: object) -> FilterArgumentError:
    return FilterArgumentError(say(f"snippets.{key}", **fields), token=None)


def is_no_value(value: object) -> bool:
    """None, an empty or blank text, an empty list: nothing a customer could read."""
    if value is None or is_undefined(value):
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, (list, tuple, Mapping)) and not value


def check_range(value: object, where: str) -> None:
    """Refuses a range that would be long to walk through, before anything does."""
    if isinstance(value, range) and (value.stop - value.start) > MAX_RANGE:
        raise _refuse("too_much", filter=where)


def _guarded(name: str, function: Filter) -> Filter:
    """The filter, handing on missing values and refusing to make too much."""

    def wrapped(left: Any, *args: Any, context: ReplyContext, **kwargs: Any) -> Any:
        context.in_time()
        for value in (left, *args, *kwargs.values()):
            unfilled = context.unfilled(value)
            if unfilled is not None:
                return unfilled
        if left is None:
            return None
        if None in args or None in kwargs.values():
            raise _refuse("bad_argument", filter=name)
        check_range(left, name)
        try:
            result = function(left, *args, context=context, **kwargs)
        except (LookupError, ValueError, AttributeError, TypeError) as error:  # Liquid's own filters are not proof against all
            raise _refuse("bad_argument", filter=name) from error
        if isinstance(result, str) and len(result) > MAX_TEXT:
            raise _refuse("too_much", filter=name)
        return result

    wrapped.with_context = True  # type: ignore[attr-defined] # how Liquid is told to pass the context
    return wrapped


def _text(name: str, function: Filter) -> Filter:
    """A filter of Liquid's that works on texts: dates and numbers are made into text as they would be printed."""
    extra = _wanted(function)

    def wrapped(left: Any, *args: Any, context: ReplyContext, **kwargs: Any) -> Any:
        spoken = (_spoken(value, name, context) for value in args)
        return function(context.spoken(left, name), *spoken, **kwargs, **extra(context))

    return wrapped


def _wanted(function: Filter) -> Callable[[ReplyContext], dict[str, Any]]:
    """What a filter of Liquid's wants besides its arguments, by the marks its decorators leave on it."""
    environment, context = getattr(function, "with_environment", False), getattr(function, "with_context", False)

    def give(of: ReplyContext) -> dict[str, Any]:
        return ({"environment": of.env} if environment else {}) | ({"context": of} if context else {})

    return give


def _spoken(value: Any, name: str, context: ReplyContext) -> Any:
    """An argument as text, unless it is a plain number (a position, a length)."""
    return value if isinstance(value, int) else context.spoken(value, name)


def _list(function: Filter) -> Filter:
    extra = _wanted(function)

    def wrapped(left: Any, *args: Any, context: ReplyContext, **kwargs: Any) -> Any:
        return function(left, *args, **kwargs, **extra(context))

    return wrapped


# -- texts


def _capitalize(left: str) -> str:
    """The first letter only: Liquid's own would make "D'angelo" of "D'ANGELO" and "mario rossi" of "Mario Rossi"."""
    return left[:1].upper() + left[1:]


def _replace(left: str, old: Any, new: Any = "") -> str:
    old, new = str(old), str(new)
    if old and left.count(old) * len(new) > MAX_TEXT:
        raise _refuse("too_much", filter="replace")
    return left.replace(old, new)


def _remove(left: str, old: Any) -> str:
    return left.replace(str(old), "")


def _join(left: Any, glue: Any = " ", *, context: ReplyContext) -> str:
    values = list(left) if isinstance(left, (list, tuple, range)) else [left]
    return context.spoken(glue, "join").join(context.spoken(value, "join") for value in values if not is_no_value(value))


def _size(left: Any, *, context: ReplyContext) -> int:  # noqa: ARG001 - one shape for all
    return len(left) if isinstance(left, (str, list, tuple, range, Mapping)) else 0


def default(left: Any, other: Any = None, *, allow_false: bool = False, context: ReplyContext) -> Any:
    """`other` where there is no value. Where there is none either, the first stays missing, under its own name."""
    if left is False:
        return left if allow_false else other
    if context.unfilled(left) is None and not is_no_value(left):
        return left
    if context.unfilled(other) is not None or is_no_value(other):
        return left if context.unfilled(left) is not None else other
    return other


default.with_context = True  # type: ignore[attr-defined] # how Liquid is told to pass the context

# -- numbers


def decimal(value: Any, name: str) -> Decimal:
    number = _decimal(value, name)
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        raise _refuse("not_a_number", filter=name, value=f"{number:.3g}")
    return number


def _decimal(value: Any, name: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        raise _refuse("not_a_number", filter=name, value=value)
    if isinstance(value, (int, float)):
        return Decimal(str(value))
    amount = formats.read_amount(value) if isinstance(value, str) else None
    if amount is None:
        raise _refuse("not_a_number", filter=name, value=value if isinstance(value, str) else type(value).__name__)
    return amount


def _math(name: str, calculate: Callable[[Decimal, Decimal], Decimal], *, alone: bool = False) -> Filter:
    def wrapped(left: Any, right: Any = 0, *, context: ReplyContext) -> Decimal:  # noqa: ARG001 - one shape for all
        number = decimal(left, name)
        other = Decimal(0) if alone else decimal(right, name)
        try:
            result = calculate(number, other)
        except (DivisionByZero, InvalidOperation, Overflow) as error:
            raise _refuse("not_a_number", filter=name, value=right) from error
        return Money(result, left.currency) if isinstance(left, Money) else result

    return wrapped


def _round(left: Any, digits: Any = 0, *, context: ReplyContext) -> Decimal:  # noqa: ARG001 - one shape for all
    places = int(decimal(digits, "round"))
    if not 0 <= places <= 20:
        raise _refuse("not_a_number", filter="round", value=digits)
    rounded = decimal(left, "round").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return Money(rounded, left.currency) if isinstance(left, Money) else rounded


def _divided_by(left: Any, right: Any, *, context: ReplyContext) -> Decimal:
    """Whole numbers give a whole number, as in Liquid everywhere; anything else is exact."""
    divide = _math("divided_by", (lambda a, b: _whole(a / b, ROUND_FLOOR)) if _is_whole(left) and _is_whole(right) else (lambda a, b: a / b))
    result: Decimal = divide(left, right, context=context)
    return result


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.strip().lstrip("-").isdecimal())


def _whole(value: Decimal, rounding: str) -> Decimal:
    return value.to_integral_value(rounding)


def _sum(left: Any, key: str | None = None, *, context: ReplyContext) -> Any:
    if not isinstance(left, (list, tuple, range)) or not (key is None or isinstance(key, str)):
        raise _refuse("bad_argument", filter="sum")
    values = [value.get(key) if key and isinstance(value, Mapping) else value for value in left]
    if not values or any(is_no_value(value) for value in values):
        return context.nothing(key or "sum")  # a sum that leaves one out would be wrong, not smaller
    total = sum((decimal(value, "sum") for value in values), Decimal(0))
    currencies = {value.currency if isinstance(value, Money) else "" for value in values}
    return Money(total, currencies.pop()) if len(currencies) == 1 and "" not in currencies else total


# -- in the customer's language


def money(left: Any, currency: Any = "", *, context: ReplyContext) -> str:
    """An amount with its currency: its own, the one named (`money: "CHF"`), else that of the order the text is about."""
    if isinstance(left, str):
        read = formats.read_amount(left)
        if read is None:
            return left  # an agent's own words ("about 20 euros") stay as they are
        left = read
    if currency and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise _refuse("bad_currency", value=currency if isinstance(currency, str) else type(currency).__name__)
    code = currency or (left.currency if isinstance(left, Money) else "") or context.currency
    return formats.money(decimal(left, "money"), code, context.language)


def day(left: Any, form: Any = "long", *, context: ReplyContext) -> str:
    """A day: `long` "giovedì 4 dicembre", `full`, `medium`, `short`, `weekday`, `month`, `year`, or strftime's directives."""
    moment = _moment(left, context)
    if isinstance(moment, str):
        return moment
    if isinstance(moment, time):
        raise _refuse("not_a_date", filter="date", value=moment)
    try:
        return formats.day(moment, str(form), context.language, context.now)
    except BadFormatError as error:
        raise _refuse("bad_date_format", form=error) from error


def clock(left: Any, *, context: ReplyContext) -> str:
    """The time of day."""
    moment = _moment(left, context)
    if isinstance(moment, str):
        return moment
    if not isinstance(moment, (datetime, time)):
        raise _refuse("not_a_time", value=moment)
    return formats.clock(moment, context.language)


def _moment(value: Any, context: ReplyContext) -> date | datetime | time | str:
    """A date or time; a text that is none (an agent's "next Monday") is given back and printed as it is."""
    if isinstance(value, (date, datetime, time)):
        return value
    if isinstance(value, str):
        if value in {"now", "today"} and context.now is not None:
            return context.now
        return formats.read_date(value) or value
    raise _refuse("not_a_date", filter="date", value=type(value).__name__)


def _filters() -> dict[str, Filter]:
    text: dict[str, Filter] = {
        "append": liquid_string.append,
        "prepend": liquid_string.prepend,
        "capitalize": _capitalize,
        "downcase": liquid_string.downcase,
        "upcase": liquid_string.upcase,
        "strip": liquid_string.strip,
        "lstrip": liquid_string.lstrip,
        "rstrip": liquid_string.rstrip,
        "squish": liquid_string.squish,
        "strip_newlines": liquid_string.strip_newlines,
        "remove": _remove,
        "remove_first": liquid_string.remove_first,
        "replace": _replace,
        "replace_first": liquid_string.replace_first,
        "slice": liquid_string.slice_,
        "split": liquid_string.split,
        "truncate": liquid_string.truncate,
        "truncatewords": liquid_string.truncatewords,
        "url_encode": liquid_string.url_encode,
    }
    lists: dict[str, Filter] = {
        "first": liquid_array.first,
        "last": liquid_array.last,
        "map": liquid_array.map_,
        "where": liquid_array.where,
        "reject": liquid_array.reject,
        "find": liquid_array.find,
        "has": liquid_array.has,
        "sort": liquid_array.sort,
        "sort_natural": liquid_array.sort_natural,
        "reverse": liquid_array.reverse,
        "uniq": liquid_array.uniq,
        "compact": liquid_array.compact,
        "concat": liquid_array.concat,
    }
    own: dict[str, Filter] = {
        "join": _join,
        "size": _size,
        "sum": _sum,
        "money": money,
        "date": day,
        "time": clock,
        "plus": _math("plus", lambda a, b: a + b),
        "minus": _math("minus", lambda a, b: a - b),
        "times": _math("times", lambda a, b: a * b),
        "divided_by": _divided_by,
        "modulo": _math("modulo", lambda a, b: a % b),
        "at_least": _math("at_least", max),
        "at_most": _math("at_most", min),
        "abs": _math("abs", lambda a, _: abs(a), alone=True),
        "ceil": _math("ceil", lambda a, _: _whole(a, ROUND_CEILING), alone=True),
        "floor": _math("floor", lambda a, _: _whole(a, ROUND_FLOOR), alone=True),
        "round": _round,
    }
    made = {name: _guarded(name, _text(name, function)) for name, function in text.items()}
    made.update((name, _guarded(name, _list(function))) for name, function in lists.items())
    made.update((name, _guarded(name, function)) for name, function in own.items())
    made["default"] = default
    return made


FILTERS = _filters()
LIST_FILTERS = frozenset({
    "first", "last", "map", "where", "reject", "find", "has", "sort", "sort_natural", "reverse", "uniq", "compact", "concat", "size", "sum",
})  # fmt: skip
"""Those that may be given a list of objects."""
