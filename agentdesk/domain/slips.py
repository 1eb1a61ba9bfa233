"""What is wrong with a reply before it goes out: another customer's data, a card number, a promised attachment that is not there,
another language than the customer's, an internal note, a snippet out of its dates, a variable that was not filled.

Pure: what the store and the packs know is handed in. A warning that comes without need is clicked away, and so is the next one; so
what whoever gets the reply wrote themselves, what is the shop's own, and lines quoted from the conversation raise nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentdesk.domain import cards, names, promised
from agentdesk.domain import language as languages
from agentdesk.domain.customer import Identity, IdentityKind
from agentdesk.domain.tokens import MOST_TEXT, Token, code_key, tokens

KINDS = ("open", "order", "tracking", "mail", "phone", "name", "card", "note", "attachment", "language", "expired")


@dataclass(frozen=True, slots=True)
class Slip:
    """One thing that is wrong, and where in the text; 0 to 0 where it is in no one place."""

    kind: str
    start: int
    end: int
    what: str
    """What stands there, as far as it may be shown again: of a card its last digits."""
    whose: str = ""
    """Of what belongs to somebody else: their name or address. language: the one that was expected. expired: why."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody a number, a code, an address or a name belongs to."""

    name: str
    identities: frozenset[Identity]
    number: str = ""
    """Of the order that says so; empty: they are known for having written."""


Owners = Callable[[str, Sequence[str]], Mapping[str, Sequence[Owner]]]
"""Whose things of one kind (`domain.tokens.KINDS`) are."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known around a reply. Everything has passed the gate (`domain.clean`)."""

    theirs: frozenset[Identity] = frozenset()
    """Of everybody whose data may stand in it: who gets it, and of a forward the customer it is about."""
    numbers: frozenset[str] = frozenset()
    """Orders the agent vouched for."""
    called: tuple[str, ...] = ()
    """Names of those."""
    wrote: str = ""
    """What they wrote themselves in this conversation."""
    house: str = ""
    """The shop's own: its name, signature and addresses, and what the snippets in this reply say by themselves."""
    staff: tuple[str, ...] = ()
    """Names of those who work here."""
    within: bool = False
    """It goes to nobody but people who work here."""
    notes: tuple[str, ...] = ()
    """Internal notes of the conversation."""
    said: str = ""
    """What we wrote in it before."""
    languages: frozenset[str] = frozenset()
    """Those the customer writes, or reads; empty: not known."""
    files: int = 0
    expired: tuple[tuple[str, str, str], ...] = ()
    """(snippet, why, its text as it was put in) of those in it that may not be used when it goes out."""
    owners: Owners = field(default=lambda _kind, _keys: {})


def own_text(text: str, conversation: str | None = None) -> str:
    """The text with quoted lines blanked, so that places stay what they are; given what was said in the conversation, only those that
    stand there: a line pasted from elsewhere is no quotation because it begins with ">"."""
    known = None if conversation is None else _bare(re.sub(r"(?m)^[> \t]+", "", conversation))
    return _QUOTED.sub(lambda line: line[0] if known is not None and _bare(line[0]) not in known else " " * len(line[0]), text[:MOST_TEXT])


def _bare(line: str) -> str:
    """Words without marks of quoting, however their lines were wrapped."""
    return " ".join(line.lstrip("> \t").split())


_QUOTED = re.compile(r"(?m)^[ \t]*>.*$")


def slips(text: str, facts: Facts, subject: str = "") -> tuple[Slip, ...]:
    """Everything wrong with a reply but its open variables, the first in the text first. Of the subject only what stands in it is found."""
    own = own_text(text)
    new = own_text(text, f"{facts.wrote}\n{facts.said}") if own != text else own
    found = [*_others_data(new, facts), *_cards(new, facts), *_notes(new, facts), *_attachment(own, facts), *_language(own, facts), *_expired(own, facts)]
    known = {(one.kind, one.what) for one in found}
    in_subject = (*_others_data(subject, facts), *_cards(subject, facts))
    found += [Slip(one.kind, 0, 0, one.what, one.whose) for one in in_subject if (one.kind, one.what) not in known]
    return tuple(sorted(found, key=lambda one: (one.end == 0, one.start, KINDS.index(one.kind))))


# Another customer's data --------------------------------------------------------------------------------------------


def _others_data(text: str, facts: Facts) -> Iterator[Slip]:
    if facts.within or not text.strip():
        return
    every = tokens(text)
    taken: list[tuple[int, int]] = []
    context = _Context(facts)
    for kind in ("tracking", "order", "mail", "phone", "name"):
        some = [one for one in every if one.kind == kind]
        if not some:
            continue
        owners = facts.owners(kind, [key for one in some for key in one.keys])
        for one in sorted(some, key=lambda one: (one.start, -one.end)) if owners else ():
            key = next((key for key in one.keys if key in owners), "")
            if not key or any(start < one.end and one.start < end for start, end in taken):
                continue
            if kind == "tracking" and _is_word_pair(text, one):
                continue
            taken.append((one.start, one.end))
            if not context.allowed(one, key, owners[key], text[one.start : one.end]):
                first = owners[key][0]
                whose = first.name or next((identity.value for identity in sorted(first.identities)), "")
                yield Slip(kind, one.start, one.end, text[one.start : one.end], whose)


def _is_word_pair(text: str, token: Token) -> bool:
    """A code in groups whose first or last is a word of the sentence around it has been joined by chance."""
    return " " in text[token.start : token.end] and not any(c.isdigit() or c.isupper() for c in text[token.start : token.end].split(maxsplit=1)[0])


class _Context:
    """What of other people's things may stand in a reply all the same."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._phones = {one.value[-8:] for one in facts.theirs if one.kind is IdentityKind.PHONE}
        self._wrote_words = self._wrote_code = self._house_words = self._house_code = ""
        local = [re.split(r"[\W\d_]+", one.value.partition("@")[0]) for one in facts.theirs if one.kind is IdentityKind.EMAIL]
        self._parts = {word for name in facts.called for word in names.words_of(name) if len(word) > 1}
        self._parts |= {word for parts in local for part in parts if len(word := names.folded(part)) > 2} - names.PARTICLES
        self._parts -= names.PARTICLES
        self._staff = {names.name_key(name) for name in facts.staff}
        self._house = f"{facts.house}\n" + "\n".join(facts.staff)

    def allowed(self, token: Token, key: str, owners: Sequence[Owner], written: str) -> bool:
        facts = self._facts
        if token.kind == "name":
            words = set(key.split())
            if key in self._staff or words & self._parts:
                return True
        elif token.kind == "phone" and key[-8:] in self._phones:
            return True
        if any(owner.identities & facts.theirs or (owner.number and owner.number in facts.numbers) for owner in owners):
            return True
        if token.kind in {"mail", "name"} and all(_is_a_role(owner) for owner in owners):
            return True
        return self._in(facts.wrote, token, key, written) or self._in(self._house, token, key, written)

    @staticmethod
    def _in(text: str, token: Token, key: str, written: str) -> bool:
        """Whether a text holds the same thing, however it is written there."""
        if not text:
            return False
        match token.kind:
            case "tracking":
                return code_key(written) in "".join(c for c in text.upper() if c.isascii() and c.isalnum())
            case "phone":
                return key[-8:] in re.sub(r"\D", "", text)
            case "mail":
                return key in text.lower()
            case "name":
                return any(found == key for _, _, found in names.names_in(text)) or _together(key, text)
            case _:
                return re.search(rf"(?<![^\W_]){re.escape(key)}(?![^\W_])", text, re.IGNORECASE) is not None


def _together(key: str, text: str) -> bool:
    """The words of a name stand one beside the other, in whatever case."""
    every = [names.folded(word) for word in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)]
    wanted = sorted(key.split())
    return any(sorted(every[at : at + len(wanted)]) == wanted for at in range(len(every) - len(wanted) + 1))


_ROLE = re.compile(
    r"(?:info|infos|support|service|servizio|assistenza|help|helpdesk|contact|contatti|kontakt|kunden?service|kundendienst|customer|customers?[._-]?\w*|sales|office|"
    r"orders?|ordini|claims|reclami|tracking|spedizioni|shipping|versand|post|mail|hello|team|ufficio|administration|amministrazione|billing|no-?reply|do-?not-?reply|"
    r"noreply|notif\w*|newsletter|postmaster|mailer-daemon|bounce\w*|news|sav|serviceclient|service-client|relation\w*)(?:[._+-].*)?"
)


def _is_a_role(owner: Owner) -> bool:
    """Not a person who bought something, but a carrier's help desk or a machine that wrote to us once."""
    mails = [one.value for one in owner.identities if one.kind is IdentityKind.EMAIL]
    return not owner.number and bool(mails) and all(_ROLE.fullmatch(mail.partition("@")[0]) for mail in mails)


# What stands in the text itself -------------------------------------------------------------------------------------


def _cards(text: str, facts: Facts) -> Iterator[Slip]:
    for start, end, digits in cards.places(text):
        if digits not in re.sub(r"\D", "", facts.house) and not facts.owners("tracking", [digits]):
            yield Slip("card", start, end, cards.shown(digits))


_LEAST_RUN, _LEAST_NOTE, _LEAST_LETTERS = 6, 4, 18
_WORD = re.compile(r"[^\W_]+")


def _notes(text: str, facts: Facts) -> Iterator[Slip]:
    """Runs of words that stand in an internal note and nowhere else."""
    if not facts.notes:
        return
    words = list(_WORD.finditer(text))
    plain = [word[0].casefold() for word in words]
    open_ = [" ".join(one[0].casefold() for one in _WORD.finditer(other)) for other in (facts.wrote, facts.said, facts.house)]
    for note in facts.notes:
        noted = [one[0].casefold() for one in _WORD.finditer(note)]
        size = min(_LEAST_RUN, len(noted))
        if size < _LEAST_NOTE:
            continue
        runs = {tuple(noted[at : at + size]) for at in range(len(noted) - size + 1)}
        hits = [
            at for at in range(len(plain) - size + 1)
            if (run := tuple(plain[at : at + size])) in runs and len("".join(run)) >= _LEAST_LETTERS and not any(f" {' '.join(run)} " in f" {other} " for other in open_)
        ]
        if hits:
            last = hits[0]
            for at in hits[1:]:
                if at > last + 1:
                    break
                last = at
            start, end = words[hits[0]].start(), words[last + size - 1].end()
            yield Slip("note", start, end, text[start:end])


def _attachment(text: str, facts: Facts) -> Iterator[Slip]:
    place = None if facts.files else promised.promise(text)
    if place is not None:
        yield Slip("attachment", *place, text[place[0] : place[1]])


def _language(text: str, facts: Facts) -> Iterator[Slip]:
    written = languages.unlike(text, facts.languages)
    if written:
        yield Slip("language", 0, 0, written, ", ".join(sorted(facts.languages)))


def _expired(text: str, facts: Facts) -> Iterator[Slip]:
    for name, why, inserted in facts.expired:
        first = next((line.strip() for line in inserted.split("\n") if len(line.strip()) > 20 and line.strip() in text), "")
        start = text.find(first) if first else 0
        yield Slip("expired", max(0, start), max(0, start) + len(first), name, why)


def masked(found: Iterable[Slip]) -> list[list[str]]:
    """Slips as they are recorded: what kind, and what stood there."""
    return [[one.kind, one.what[:200]] for one in found]
