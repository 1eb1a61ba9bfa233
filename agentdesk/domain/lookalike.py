"""Names of domains that are made to be taken for others.

Two domains are compared by their registered part. Which part that is, the public suffix list knows in full; here a short rule
stands for it: the last two labels, or three where the last is a country and the one before it is a customary second level
("co.uk", "com.br"), or where the last two are a platform that lends names to everybody ("myshopify.com").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import combining, normalize

_SECOND_LEVEL = frozenset({
    "ac", "co", "com", "edu", "gob", "gov", "go", "gouv", "gv", "id", "ltd", "me", "mil", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "sch", "web",
})  # fmt: skip
_LENT = frozenset({
    "blogspot.com", "github.io", "gitlab.io", "herokuapp.com", "myshopify.com", "netlify.app", "vercel.app", "web.app", "pages.dev", "workers.dev",
    "firebaseapp.com", "wixsite.com", "weebly.com", "wordpress.com", "azurewebsites.net", "cloudfront.net", "amazonaws.com", "eu.com", "uk.com", "de.com",
})  # fmt: skip
PROVIDERS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "outlook.it", "outlook.de", "outlook.fr", "outlook.es", "hotmail.com", "hotmail.it", "hotmail.de", "hotmail.fr",
    "hotmail.es", "hotmail.co.uk", "live.com", "live.it", "live.fr", "live.de", "live.nl", "live.co.uk", "msn.com", "yahoo.com", "yahoo.it", "yahoo.de", "yahoo.fr",
    "yahoo.es", "yahoo.co.uk", "yahoo.co.jp", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com", "aol.com", "mail.com", "email.com", "email.it",
    "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.io", "tuta.com", "fastmail.com", "fastmail.fm", "zoho.com", "hey.com", "gmx.de", "gmx.net",
    "gmx.at", "gmx.ch", "gmx.com", "web.de", "t-online.de", "freenet.de", "posteo.de", "mailbox.org", "arcor.de", "libero.it", "virgilio.it", "alice.it", "tin.it",
    "tim.it", "tiscali.it", "inwind.it", "iol.it", "fastwebnet.it", "aruba.it", "pec.it", "legalmail.it", "poste.it", "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr",
    "laposte.net", "bbox.fr", "neuf.fr", "ziggo.nl", "kpnmail.nl", "planet.nl", "xs4all.nl", "telenet.be", "skynet.be", "bluewin.ch", "wp.pl", "onet.pl", "o2.pl",
    "interia.pl", "seznam.cz", "email.cz", "centrum.cz", "mail.ru", "yandex.ru", "yandex.com", "ya.ru", "bk.ru", "inbox.ru", "list.ru", "rambler.ru", "ukr.net", "qq.com", "163.com",
    "126.com", "sina.com", "naver.com", "daum.net", "btinternet.com", "sky.com", "comcast.net", "verizon.net", "att.net", "cox.net", "telia.com", "sapo.pt",
    "uol.com.br", "bol.com.br", "terra.com.br",
})  # fmt: skip
"""Where anybody has an address."""
_COPIED = ("gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com", "protonmail.com")
"""Providers whose name is copied, and no common word that others may be called."""
_PAYERS = ("paypal.com", "klarna.com", "stripe.com", "satispay.com", "amazon.com", "shopify.com", "microsoft.com", "google.com", "facebook.com", "instagram.com")
"""Whose name is used to frighten shops; their own domains under other suffixes are theirs."""

_BAIT = re.compile(
    "(?:account|accounts|alert|assist(?:enza|ance)?|auth|billing|care|center|client[ei]?|confirm|contact|customer|customers|delivery|fattur[ae]|help|helpdesk|"
    "info|invoice|kunden|login|mail|mailer|notice|notification|office|online|order|orders|ordini|pay|payment|payments|pagament[oi]|portal|refund|rimbors[oi]|"
    "secure|security|service|services|servizio|servizi|shop|sicurezza|signin|store|supporto?|team|update|verify|verifica|web)+"
)
_ALIKE = str.maketrans(
    # Cyrillic, Greek, Armenian and Latin letters that look like a plain one (Unicode TR 39, the part seen in domains)
    "аеорсухіїјѕԁԛԝһӏкмтнвгпьёэ" "αορνυτικηωεγχβσ" "օսոհցազ" "ıłøđħŧɑɡɩʏþæœßᴀᴄᴇɪᴊᴋᴍɴᴏᴘꜱᴛᴜᴠᴡᴢ",
    "aeopcyxiijsdqwhlkmthbrnbee" "aopvutiknweyxbo" "ounhgwq" "ilodhtagiypaobaceijkmnopstuvwz",
)  # fmt: skip
_DIGITS = str.maketrans("013457", "oleast")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_NATIONAL = re.compile(r"com|net|org|eu|(?:[a-z]{2,3}\.)?(?!tk|ml|ga|cf|gq|cc|ws|pw)[a-z]{2}")
_OWN_NAME = 8
"""A name of so many letters is hardly somebody else's in another country."""
_SHORTEST = 5
"""Shorter names differ in one letter from too many others."""


def host_labels(domain: str) -> list[str]:
    """The labels of a domain in Unicode, lower case."""
    return [_unicode(label) for label in domain.strip().strip(".").lower().split(".") if label]


def registered(domain: str) -> str:
    """The part of a domain that somebody registered, in Unicode; an address in numbers as it is."""
    labels = host_labels(domain)
    if len(labels) < 3 or labels[-1].isdecimal():
        return ".".join(labels)
    suffix = ".".join(labels[-2:])
    three = (len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL) or suffix in _LENT
    return ".".join(labels[-3:] if three else labels[-2:])


def skeleton(name: str) -> str:
    """A name as the eye takes it: letters that look alike are one letter."""
    text = normalize("NFKC", name).casefold()
    text = "".join(letter for letter in normalize("NFD", text) if not combining(letter)).translate(_ALIKE).translate(_DIGITS)
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text.replace("i", "l")


def imitated(domain: str, own: Iterable[str], known: Iterable[str] = ()) -> str:
    """The domain that this one is made to be taken for, or "".

    `own`: the shop's domains; `known`: those of people who wrote before. Providers of mail and payment are known anyway.
    """
    mine = registered(domain)
    ours = {registered(one) for one in own} - PROVIDERS - {""}
    theirs = {registered(one) for one in known} - PROVIDERS - {""}
    if "." not in mine or mine in ours or mine in theirs or mine in PROVIDERS or mine in _PAYERS:
        return ""
    for one in sorted(ours):
        if _is_copy(mine, one) or _is_near(mine, one) or _is_dressed_up(domain, mine, one) or _other_suffix(mine, one):
            return one
    for one in sorted(theirs):
        if _is_copy(mine, one) or (len(_name(one)) >= _OWN_NAME and _is_near(mine, one)):
            return one
    for one in _COPIED:
        if _is_copy(mine, one) or (_suffix(mine) == _suffix(one) and _is_near(mine, one)):
            return one
    for one in _PAYERS:
        if _is_copy(mine, one) or _is_dressed_up(domain, mine, one):
            return one
    return _mixed(mine)


def same_owner(one: str, other: str) -> bool:
    """Whether two registered domains can be taken for those of one firm: the same, or its long name under the suffixes of two countries."""
    if one == other:
        return True
    return _name(one) == _name(other) and len(_name(one)) >= _OWN_NAME and bool(_NATIONAL.fullmatch(_suffix(one)) and _NATIONAL.fullmatch(_suffix(other)))


def is_near(one: str, other: str) -> bool:
    """One letter apart: changed, missing, added, or two exchanged."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:])


@lru_cache(maxsize=4096)
def _unicode(label: str) -> str:
    if label.startswith("xn--"):
        try:
            return label[4:].encode("ascii").decode("punycode").lower()
        except ValueError:
            return label
    return label


def _name(domain: str) -> str:
    return domain.partition(".")[0]


def _suffix(domain: str) -> str:
    return domain.partition(".")[2]


def _is_copy(mine: str, one: str) -> bool:
    """Another spelling that looks the same."""
    return _name(mine) != _name(one) and len(_name(one)) > 3 and skeleton(_name(mine)) == skeleton(_name(one))


def _is_near(mine: str, one: str) -> bool:
    return len(_name(one)) >= _SHORTEST and is_near(_name(mine), _name(one))


def _other_suffix(mine: str, one: str) -> bool:
    return len(_name(one)) >= _SHORTEST and _name(mine) == _name(one)


def _is_dressed_up(domain: str, mine: str, one: str) -> bool:
    """The name with words such as "support" around it, or as the first labels of another domain."""
    name = _name(one)
    if len(name) < _SHORTEST:
        return False
    before = domain.strip(".").lower().removesuffix(mine)
    if f".{one}." in f".{before}":
        return True
    for letters, copied in ((_name(mine), name), (skeleton(_name(mine)), skeleton(name))):
        start = letters.find(copied)
        if start < 0:
            continue
        rest = re.sub("[-_0-9]", "", _name(mine)[:start] + _name(mine)[start + len(copied) :])
        if rest and _BAIT.fullmatch(rest):
            return True
    return False


def _mixed(mine: str) -> str:
    """Latin letters with look-alikes from elsewhere among them: what it would read as."""
    name = _name(mine)
    foreign = [letter for letter in name if "\u0370" <= letter <= "\u058f"]
    plain = [letter for letter in name if "a" <= letter <= "z"]
    return name.translate(_ALIKE) + "." + _suffix(mine) if foreign and plain else ""
