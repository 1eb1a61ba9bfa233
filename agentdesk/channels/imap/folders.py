"""Which folders are the ones we sync: by SPECIAL-USE (RFC 6154), else by their names in the languages people have."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from agentdesk.channels.imap.commands import word
from agentdesk.channels.imap.responses import Mailbox
from agentdesk.channels.imap.session import Session
from agentdesk.domain.mailbox import Role
from agentdesk.errors import Refused
from agentdesk.locale import say

ORDER = (Role.INBOX, Role.SENT, Role.ARCHIVE, Role.JUNK)

_USES = {Role.SENT: ("\\sent",), Role.ARCHIVE: ("\\archive", "\\all"), Role.JUNK: ("\\junk",)}
_USE_WORDS = {Role.SENT: word("\\Sent"), Role.ARCHIVE: word("\\Archive"), Role.JUNK: word("\\Junk")}
_NEW_NAMES = {Role.SENT: "Sent", Role.ARCHIVE: "Archive", Role.JUNK: "Junk"}
_HIDDEN = frozenset({"\\noselect", "\\nonexistent"})

# The last step of the name, folded. In each list the more usual first.
_NAMES: dict[Role, tuple[str, ...]] = {
    Role.SENT: (
        "sent", "sent items", "sent messages", "sent mail", "sent-mail",
        "posta inviata", "inviata", "inviati", "messaggi inviati", "elementi inviati",
        "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten",
        "envoyes", "elements envoyes", "messages envoyes", "courrier envoye", "objets envoyes",
        "enviados", "elementos enviados", "enviadas", "itens enviados", "verzonden", "verzonden items", "skickat", "sendt", "wyslane",
    ),
    Role.ARCHIVE: (
        "archive", "archives", "archived", "all mail",
        "archivio", "archivia", "archiviati", "tutti i messaggi", "archiv", "alle nachrichten", "archivo", "archivados", "todos",
        "arquivo", "arquivados", "archief", "arkiv", "archiwum", "tous les messages",
    ),
    Role.JUNK: (
        "junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk",
        "posta indesiderata", "indesiderata", "posta spazzatura", "spam-verdacht", "spamverdacht", "junk-e-mail", "unerwunscht",
        "courrier indesirable", "indesirables", "pourriel", "correo no deseado", "no deseado", "lixo eletronico",
        "ongewenste e-mail", "ongewenst", "skrappost", "soppost",
    ),
}  # fmt: skip


def find(mailboxes: Iterable[Mailbox]) -> dict[Role, str]:
    """The folder of each role, as far as there is one."""
    usable = [mailbox for mailbox in mailboxes if not mailbox.attributes & _HIDDEN]
    found: dict[Role, str] = {Role.INBOX: "INBOX"}
    for role in ORDER[1:]:
        name = _by_use(role, usable) or _by_name(role, usable, taken=set(found.values()))
        if name:
            found[role] = name
    return found


def _by_use(role: Role, mailboxes: list[Mailbox]) -> str:
    for use in _USES[role]:
        for mailbox in mailboxes:
            if use in mailbox.attributes and mailbox.name != "INBOX":
                return mailbox.name
    return ""


def _by_name(role: Role, mailboxes: list[Mailbox], taken: set[str]) -> str:
    best: tuple[int, int, str] | None = None
    for mailbox in mailboxes:
        steps = mailbox.name.split(mailbox.delimiter) if mailbox.delimiter else [mailbox.name]
        above = steps[:-1]
        # At the top, below INBOX, or below a provider's own root: not in somebody's tree of old things
        if len(above) > 1 or (above and above[0].upper() != "INBOX" and not above[0].startswith("[")):
            continue
        last = _folded(steps[-1])
        if last in _NAMES[role] and mailbox.name not in taken:
            rank = (_NAMES[role].index(last), len(above), mailbox.name)
            best = rank if best is None else min(best, rank)
    return best[2] if best else ""


def _folded(name: str) -> str:
    """Lower case, without accents, ß as ss."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).strip()


def make(session: Session, role: Role, mailboxes: Iterable[Mailbox]) -> str:
    """A folder for a role that has none, made where the other ones are.

    Raises:
        Refused: the server would not.
    """
    every = list(mailboxes)
    prefix = session.personal_prefix()
    below = [mailbox for mailbox in every if mailbox.delimiter and mailbox.name.startswith("INBOX" + mailbox.delimiter)]
    if not prefix and below and len(below) == len([mailbox for mailbox in every if mailbox.name != "INBOX"]):
        prefix = "INBOX" + below[0].delimiter
    name = prefix + _NEW_NAMES[role]
    try:
        session.create(name, _USE_WORDS[role])
    except Refused as error:
        if any(mailbox.name == name for mailbox in session.mailboxes()):
            return name  # somebody else was faster
        detail = str(error)
        raise Refused(say("channels.no_folder", server=str(session.connection.url), role=role, detail=detail)) from error
    return name


def roles(found: Mapping[Role, str]) -> list[tuple[Role, str]]:
    """The folders there are, in the order in which they are brought in."""
    return [(role, found[role]) for role in ORDER if role in found]
