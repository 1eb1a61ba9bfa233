"""What in a text can belong to one customer alone: order numbers, parcels' codes, mail addresses, phone numbers, full names.

Each is found as it is written and said in the form in which the store knows it, so that whose it is takes a look into an index. Nothing
is known here of whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentdesk.domain.about import ORDER_WORD, number_places
from agentdesk.domain.customer import email_identity, phone_identity
from agentdesk.domain.names import names_in

KINDS = ("order", "tracking", "mail", "phone", "name")
MOST_TEXT = 50_000
"""Characters that are looked at: what is longer was pasted, and is looked at as far as that."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    start: int
    end: int
    keys: tuple[str, ...]
    """Forms under which the store may know it."""


def tokens(text: str) -> tuple[Token, ...]:
    """Everything in a text that may be somebody's, in no order."""
    text = text[:MOST_TEXT]
    has_digits = _DIGIT.search(text) is not None
    found: list[Token] = []
    if has_digits:
        found += [*_orders(text), *_codes(text), *_phones(text)]
    if "@" in text:
        found += _mails(text)
    found += [Token("name", start, end, (key,)) for start, end, key in names_in(text)]
    return tuple(found)


_DIGIT = re.compile(r"\d")

# Order numbers ------------------------------------------------------------------------------------------------------

_UNITS = (
    "ml|cl|l|lt|litri|liter|litres|litre|g|gr|kg|grammi|grams|gramm|grammes|mm|cm|m|mt|km|metri|meter|metres|w|watt|kw|v|volt|mah|lm|lumen|k|px|mb|gb|%|°|h|"
    "ore|ora|giorni|hours|days|stunden|tage|heures|jours|minuti|minutes|minuten|punti|points|punkte|pezzi|pieces|pcs|stück|stueck|pièces|"
    "ordini|orders|bestellungen|commandes|clienti|customers|kunden|clients|persone|people|personen|personnes|euro|euros|eur|anni|years|jahre|ans"
)
_UNIT_BEHIND = re.compile(rf"\s?(?:{_UNITS})(?!\w)|\s?[x×]\s?\d", re.IGNORECASE)
_POSTCODE_BEFORE = re.compile(r"(?:^|[\n,;(]\s*|\b(?:CAP|PLZ|CP|c\.a\.p\.|zip|postcode|[IDFACH]|CH|BE)[-–: ]\s*|\d\s?[a-zA-Z]?\s+|\d\s?[a-z]?,\s*|\b(?:a|in|nach|à|to)\s+)\Z")
_PLACE_BEHIND = re.compile(r"\s+[^\W\d_a-zà-öø-ÿ]")
_IN_LINK = re.compile(r"(?i)(?:https?://|www\.)[^\s<>]*?(?:order|ordin|bestell|auftr|commande)[a-z_-]*(?:/|=|%23|#)+([A-Za-z0-9-]{3,20})")
_IN_GROUPS = re.compile(r"(?<!\w)(?:" + ORDER_WORD + r"(?:\#\s?)?|\#\s?)(\d{1,4}(?:[ \xa0]\d{2,4}){1,3})(?![\w@]|[.,]\d)", re.IGNORECASE)
"""As a number is read out, where a word says that it is an order's: "n. 11 002"."""


def _orders(text: str) -> Iterator[Token]:
    for start, end, number, suffix, said in number_places(text, _always):
        if not said and number.isdigit() and (_UNIT_BEHIND.match(text, end) or _is_postcode(text, start, end)):
            continue
        yield Token("order", start, end, (number, number + suffix) if suffix else (number,))
    for match in _IN_GROUPS.finditer(text):
        if not _UNIT_BEHIND.match(text, match.end()):
            yield Token("order", match.start(1), match.end(1), ("".join(re.findall(r"\d+", match[1])),))
    for match in _IN_LINK.finditer(text):
        yield Token("order", match.start(1), match.end(1), (match[1].upper(),))


def _always(_number: str) -> bool:
    return True


def _is_postcode(text: str, start: int, end: int) -> bool:
    """Five digits before a place, where an address has them: "via Roma 1, 20133 Milano"."""
    return end - start in (4, 5) and _PLACE_BEHIND.match(text, end) is not None and _POSTCODE_BEFORE.search(text[max(0, start - 16) : start]) is not None


# Parcels ------------------------------------------------------------------------------------------------------------

_RUN = re.compile(r"(?<![^\W_])[A-Za-z0-9]+(?:[ .\-\xa0][A-Za-z0-9]+)*")
_GROUP = re.compile(r"[A-Za-z0-9]+")
_LEAST_CODE, _LEAST_DIGITS, _LONGEST_CODE, _MOST_GROUPS = 6, 4, 40, 7


def code_key(code: str) -> str:
    """A parcel's code as two are compared: letters and digits, in capitals. What is too short to be one alone is empty."""
    key = "".join(c for c in code.upper() if c.isascii() and c.isalnum())
    return key if _is_code(key) else ""


def _is_code(key: str) -> bool:
    digits = sum(c.isdigit() for c in key)
    return _LEAST_CODE <= len(key) <= _LONGEST_CODE and digits >= _LEAST_DIGITS and (digits < len(key) or len(key) >= 8)


def _codes(text: str) -> Iterator[Token]:
    """Codes in one piece (also in links), and in groups as they are read out: MG 482 910 337."""
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(run[0]))
        for first, group in enumerate(groups):
            joined = ""
            for last in range(first, min(len(groups), first + _MOST_GROUPS)):
                part = groups[last][0]
                if len(part) > 2 and part.isalpha() and last > first:
                    break  # a word
                joined += part.upper()
                if len(joined) > _LONGEST_CODE:
                    break
                if _is_code(joined) and joined.isascii():
                    yield Token("tracking", run.start() + group.start(), run.start() + groups[last].end(), (joined,))
                if len(part) > 2 and part.isalpha():
                    break


# Addresses ----------------------------------------------------------------------------------------------------------

_MAIL = re.compile(r"[^\W_][\w.+%'-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")
_PHONE = re.compile(r"(?<![\w/=-])(?:\+|00|\(?0|\(?\d)[\d\s\xa0()./-]{5,22}\d(?![\w@])")
_COUNTRIES = ("39", "44", "49", "33", "43", "41", "353", "32", "31", "34", "1")


def _mails(text: str) -> Iterator[Token]:
    for match in _MAIL.finditer(text):
        identity = email_identity(match[0].removeprefix("mailto:"))
        if identity is not None:
            yield Token("mail", match.start(), match.end(), (identity.value,))


def phone_keys(written: str) -> tuple[str, ...]:
    """Forms of a phone number with and without its country's prefix."""
    identity = phone_identity(written)
    if identity is None:
        return ()
    digits = identity.value
    forms = [digits]
    if written.strip().startswith(("+", "00")):
        country = next((one for one in _COUNTRIES if digits.startswith(one)), "")
        rest = digits[len(country) :] if country else ""
        forms += [rest, "0" + rest] if len(rest) >= 7 else []
    else:
        bare = digits.removeprefix("0")
        forms += [country + bare for country in _COUNTRIES] + ([f"39{digits}"] if bare != digits else [])
    return tuple(dict.fromkeys(forms))


def _phones(text: str) -> Iterator[Token]:
    for match in _PHONE.finditer(text):
        if "\n" not in match[0] and (keys := phone_keys(match[0])):
            yield Token("phone", match.start(), match.end(), keys)
