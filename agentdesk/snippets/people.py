"""What to call somebody: first and last name out of the one name field that mail, chats and shops give.

A wrong first name is worse than none ("Gentile Info," "Dear ROSSI,"), so a part is taken only where the whole reads like the
name of one person written first name first. The full name is kept as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from agentdesk.domain.names import PARTICLES, TITLES


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMPANY = _words("""
    srl srls spa sas snc sapa scarl coop gmbh ag kg ohg ug gbr mbh ev ek ltd llc llp plc inc corp co company sarl
    sasu eurl sa nv bv ab oy as aps sl slu asbl onlus ets studio studi hotel ristorante trattoria pizzeria osteria
    bar caffe farmacia ditta impresa azienda agriturismo cantina cooperativa associazione fondazione comune scuola
    liceo universita negozio shop store group gruppo holding verein stiftung praxis kanzlei werkstatt buero cabinet
    societe association mairie agence boutique team staff office service services support info sales vendite ordini
    orders order shipping spedizioni noreply admin amministrazione contabilita accounting buchhaltung comptabilite
    customer kundenservice assistenza newsletter mailer daemon postmaster webmaster
""")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?")
_ELISION = re.compile(r"(?i)^[dlo]['’]\w")
_BESIDE = re.compile(r"\s*[(\[<{\"“«].*$|\s+(?:via|c/o|presso|tramite)\s.*$", re.IGNORECASE)


def is_address(name: str) -> bool:
    """Whether a "name" is a mail address or a phone number."""
    return "@" in name or not any(c.isalpha() for c in name)


def split_name(name: str, addresses: Iterable[str] = ()) -> tuple[str, str]:
    """First and last name, either empty where it can't be told.

    `addresses` are the person's mail addresses: a name that only repeats what stands before the @ is no name.
    """
    name = unicodedata.normalize("NFC", " ".join(name.split())).strip("'\" ")
    if not name or is_address(name):
        return "", ""
    if name in {address.split("@")[0] for address in addresses}:
        return "", ""
    name = _BESIDE.sub("", name)
    if name.count(",") == 1:  # "Rossi, Maria"
        last, first = (part.strip() for part in name.split(","))
        name = f"{first} {last}" if first and last and " " not in first else ""
    words = name.split()
    while words and _key(words[0]) in TITLES:
        words.pop(0)
    if not 1 <= len(words) <= 5 or not all(_LETTERS.fullmatch(word) for word in words):
        return "", ""
    if any(_key(word) in _COMPANY for word in words) or not all(map(_alphabetic, words)):
        return "", ""
    if _shouts(words) or (len(words) == 1 and words[0].islower()):
        return "", ""  # which of two words in capitals is the first name cannot be told, nor a mailbox from a nickname
    if all(word.islower() for word in words):
        words = [word if _key(word) in PARTICLES else _capital(word) for word in words]
    first = words[0]
    if _key(first) in PARTICLES or _ELISION.match(first) or len(first.strip(".")) < 2 or not first[0].isupper():
        return "", ""
    if len(words) > 1 and any(_is_capitals(word) for word in words):
        # "Maria ROSSI" is first name first; "ROSSI Maria" the other way round.
        if _is_capitals(first):
            if len(words) == 2:
                return words[1], _title(first)
            return "", ""
        return first, " ".join(_title(w) if _is_capitals(w) else w for w in words[1:])
    return first, " ".join(words[1:])


def _key(word: str) -> str:
    """A word to compare: no accents, no dots, lower case."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in folded if c.isalnum())


def _alphabetic(word: str) -> bool:
    """Cyrillic and Greek names are written first name first too; Chinese, Japanese and Korean ones are not."""
    return unicodedata.name(word[0], "").split(" ")[0] in {"LATIN", "CYRILLIC", "GREEK"}


def _is_capitals(word: str) -> bool:
    return len(word.strip(".")) > 1 and word.isupper()


def _shouts(words: list[str]) -> bool:
    return all(_is_capitals(word) or len(word.strip(".")) == 1 for word in words)


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def _title(word: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda match: match.group()[:1] + match.group()[1:].lower(), word)
