"""The order a conversation is about.

The agent's choice sticks; else a number in the text whose order carries one of this customer's identities; else their only
open or recent order; else none, and the desk asks. A number typed by a stranger proves nothing: an order that does not carry
this customer's identity is listed as `foreign` by its number only, and fills nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentdesk.domain.customer import Identity, email_identity, phone_identity
from agentdesk.domain.order import Order

RECENT = timedelta(days=60)
FINISHED = frozenset({
    "delivered", "completed", "complete", "closed", "cancelled", "canceled", "refunded", "returned", "failed", "trash",
    "consegnato", "completato", "chiuso", "annullato", "rimborsato", "reso", "fallito",
    "zugestellt", "geliefert", "abgeschlossen", "storniert", "erstattet", "livré", "livrée", "terminé", "annulé", "annulée",
    "remboursé", "remboursée",
})  # fmt: skip
"""Statuses of orders nothing more will happen to, in the shops' own words."""

_MOST_TEXT = 100_000
_MOST_NUMBERS = 50


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the order a conversation is about."""

    order: Order | None
    foreign: tuple[str, ...] = ()
    """Numbers named in the text that belong to somebody else."""
    ambiguous: bool = False
    """Several orders of this customer could be meant: the agent is asked."""


# What looks like a number and is none of ours. Each is blanked before order numbers are looked for.
_NOT_ORDERS = re.compile(
    r"""
      (?:https?://|www\.)\S+                                                      # links (tracking pages, photographs)
    | [\w.+-]{1,64}@[\w.-]{1,255}                                                 # addresses
    | (?<![\w#])\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)(?:T[\d:.]+Z?)?                # 2026-11-20
    | (?<![\w#])\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?!\d)                             # 20/11/2026
    | (?<![\w#])\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?![\w,.])                          # 14:30
    | \+\s?\d[\d\s()./-]{6,20}\d                                                  # +39 333 1234567
    | (?<![\w#])\(?0\d{1,4}\)?[\s./-]*\d[\d\s./-]{4,14}\d                         # 02 1234567, 0049 ...
    | (?<![\w#])3\d{2}[\s./-]?\d{6,7}(?![\w-])                                    # 333 1234567 (Italian mobile)
    | (?<![\w#])3\d{2}(?:[\s./-]\d{2,4}){2,4}(?![\w-])                            # 333 123 45 67
    | (?:€|\$|£|(?<!\w)(?:eur|euro|usd|gbp|chf))\s?\d[\d.,']*                     # € 1234
    | (?<![\w#])(?:\d{1,3}(?:[.' ]\d{3})+|\d+)(?:[.,]\d{1,2}|,-)?\s?(?:€|\$|£|(?:eur|euros?|usd|gbp|chf)\b)   # 1.234,50 €
    | (?<![\w#])\d{1,3}(?:[.' ]\d{3})*,\d{1,2}(?!\d)                              # 1.234,50
    | (?<![\w#])\d+\.\d{1,2}(?!\d)                                                # 1234.50
    | (?<!\w)\d{4}(?:[\s-]\d{4}){2,3}(?!\w)                                       # card numbers
    """,
    re.IGNORECASE | re.VERBOSE,
)
ORDER_WORD = (
    r"(?:ordine|ordini|order|orders|bestellung|bestellnummer|auftrag|auftragsnummer|commande|pedido|bestelling)"
    r"(?:\s?(?:nr|no|n|num|numero|number|nummer|numéro)\b)?\s?[.:°º]?\s?"
)
_NUMBER = re.compile(
    r"(?<![\w@/-])(?<!\d\.)(?P<word>" + ORDER_WORD + r")?(?P<hash>\#\s?)?"
    r"(?P<number>(?:[A-Z]{1,6}[-/])?[A-Z]{0,6}\d{2,}(?:[-/]\d+){0,3})(?P<suffix>[-/][A-Z]{1,3}(?!\w))?"
    r"(?![\w@]|[.,]\d{1,3}(?!\d))",
    re.IGNORECASE,
)
_LETTERS_GLUED = re.compile(r"[A-Za-z]+\d+\Z")
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d\Z")


def number_key(number: str) -> str:
    """A number in the form in which two are compared: without `#`, letters in one case."""
    return number.strip().lstrip("#").strip().upper()


def numbers_in(text: str, known: Callable[[str], bool] | None = None) -> tuple[str, ...]:
    """The numbers in a text that could be order numbers, in order, each once, as `number_key` writes them.

    Four digits or more, or three after `#` or a word such as "order"; letters in front and groups with dashes belong to it.
    Dates, times, years, phone numbers, prices, addresses and links are none. Letters glued to many digits are a tracking
    code (GL883120), so they count only if `known` says that there is such an order.
    """
    found: dict[str, None] = {}
    for _, _, number, suffix, _ in number_places(text, known):
        found.setdefault(number)
        if suffix:
            found.setdefault(number + suffix)
        if len(found) >= _MOST_NUMBERS:
            break
    return tuple(found)


def number_places(text: str, known: Callable[[str], bool] | None = None) -> Iterator[tuple[int, int, str, str, bool]]:
    """(start, end, number, suffix, said) of what `numbers_in` finds; `said`: it stands behind `#` or a word such as "order"."""
    if _DIGIT.search(text) is None:
        return
    blanked = _NOT_ORDERS.sub(lambda match: "\x00" * len(match[0]), text[:_MOST_TEXT])
    for match in _NUMBER.finditer(blanked):
        number = number_key(match["number"])
        said = bool(match["hash"] or match["word"])
        digits = sum(character.isdigit() for character in number)
        if digits < (3 if said else 4) or digits > 20:
            continue
        if _YEAR.match(number) and not said:
            continue
        if _LETTERS_GLUED.match(number) and not said and not (known is not None and known(number)):
            continue
        if number.isdigit() and digits > 12 and not (known is not None and known(number)):
            continue
        yield match.start("number"), match.end("number"), number, (match["suffix"] or "").upper(), said


def is_open(order: Order) -> bool:
    """Whether something is still to happen to it."""
    return order.status.strip().lower() not in FINISHED


def is_recent(order: Order, now: datetime) -> bool:
    """Whether it was placed or shipped within the last 60 days."""
    moments = [order.placed_at, *(shipment.shipped_at for shipment in order.shipments)]
    return any(moment is not None and now - moment <= RECENT for moment in moments)


def belongs_to(order: Order, identities: Iterable[Identity]) -> bool:
    """Whether an order carries one of these identities: its mail address or its phone number."""
    carried = {
        identity for identity in (email_identity(order.email), phone_identity(order.phone)) if identity is not None
    }
    return not carried.isdisjoint(identities)


def order_about(
    chosen: str | None, mentioned: Sequence[str], orders: Sequence[Order], foreign: Collection[str], now: datetime
) -> About:
    """Decide which order a conversation is about.

    Args:
        chosen: what the agent said: a number, "" for none, None for nothing said.
        mentioned: numbers named in the text.
        orders: this customer's orders: those that carry one of their identities.
        foreign: numbers of orders that exist and are not this customer's (at least those among `mentioned`).
        now: the present time.
    """
    own = {number_key(order.number): order for order in orders}
    others = {number_key(number) for number in foreign} - own.keys()
    named = tuple(dict.fromkeys(number_key(number) for number in mentioned))
    named_foreign = tuple(number for number in named if number in others)

    if chosen is not None:
        return About(own.get(number_key(chosen)), named_foreign)
    named_own = [own[number] for number in named if number in own]
    if named_own:
        return About(named_own[0], named_foreign) if len(named_own) == 1 else About(None, named_foreign, ambiguous=True)
    possible = [order for order in own.values() if is_open(order) or is_recent(order, now)]
    if len(possible) == 1:
        return About(possible[0], named_foreign)
    return About(None, named_foreign, ambiguous=len(possible) > 1)
