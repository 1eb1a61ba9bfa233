"""Before a reply goes out: what is known around it, gathered for the one check (`domain.slips`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.desk.answers import Answers
from agentdesk.desk.facts import Draft, Item, Panel
from agentdesk.desk.reading import Reading
from agentdesk.domain import language as languages
from agentdesk.domain.about import number_key
from agentdesk.domain.customer import Customer, Identity, email_identity
from agentdesk.domain.message import Address, Direction
from agentdesk.domain.slips import Facts, Slip, slips
from agentdesk.errors import DeskError, NotFound
from agentdesk.locale import say
from agentdesk.store import customers, owners
from agentdesk.store.database import Database


class Checking:
    """Reads, and writes nothing. One look into an index for each number, code, address and name that stands in a reply."""

    def __init__(self, config: DeskConfig, database: Database, reading: Reading, answers: Answers) -> None:
        self._config, self._db, self._reading, self._answers = config, database, reading, answers
        self._staff = {config.agent_email.lower(): config.agent_name} | {member.email.lower(): member.name for member in config.members}

    def slips(self, draft: Draft, at: datetime | None = None) -> tuple[Slip, ...]:
        """What is wrong with a draft besides what stops it in any case (`Writing.check`); `at`: when it is to go, if not now."""
        if draft.kind == "note" or not f"{draft.text}{draft.subject}".strip():
            return ()
        panel = self._reading.panel(draft.conversation) if draft.conversation else None
        facts = self._facts(draft, panel, at)
        customer = panel.customer if panel is not None else None
        with self._db.snapshot() as db:
            people = self._people(db, draft)
            if customer is not None and (draft.kind == "forward" or not self._is_mail(draft) or _is_among(customer, draft)):
                people.append(customer)
            written_to = [] if not self._is_mail(draft) else [*draft.to, *draft.cc, *draft.bcc]
            theirs = frozenset(identity for one in people for identity in one.identities) | frozenset(
                identity for address in written_to if (identity := email_identity(address.address)) is not None
            )
            known = replace(
                facts, theirs=theirs, called=(*(one.name for one in people), *(address.name for address in written_to)),
                within=bool(written_to) and all(self._is_staff(address) for address in written_to), owners=partial(owners.of, db),
            )  # fmt: skip
            return slips(draft.text, known, draft.subject)

    def _facts(self, draft: Draft, panel: Panel | None, at: datetime | None) -> Facts:
        """What does not depend on who gets it."""
        config, row = self._config, draft.conversation
        items: Sequence[Item] = self._reading.thread(row) if row else ()
        wrote = [item for item in items if item.direction is Direction.IN]
        notes = [item.text or "" for item in (*items, *(panel.notes if panel is not None else ())) if item.direction is Direction.NOTE]
        order = panel.about if panel is not None and panel.vouched else None
        # What they bought may be called like somebody: "Rosa Bianca", a tablecloth.
        bought = [item.name for one in (panel.orders if panel is not None else ()) for item in one.items]
        return Facts(
            numbers=frozenset({number_key(order.number)}) if order is not None else frozenset(),
            wrote="\n".join(f"{item.subject}\n{item.sender.name} {item.sender.address}\n{item.text or ''}\n{item.quoted}" for item in wrote),
            house="\n".join([config.name, config.signature, config.url, *config.own_addresses, *self._snippet_words(draft), *bought]),
            staff=tuple(self._staff.values()),
            notes=tuple(dict.fromkeys(notes)),
            said="\n".join(item.text or "" for item in items if item.direction is Direction.OUT),
            languages=self._languages(draft, wrote, panel),
            files=len(draft.files),
            expired=tuple(self._expired(draft, at)),
        )

    @staticmethod
    def _people(db: sqlite3.Connection, draft: Draft) -> list[Customer]:
        """Those who get it and whom the desk knows."""
        found: list[Customer] = []
        for address in (*draft.to, *draft.cc, *draft.bcc):
            identity = email_identity(address.address)
            row = identity and db.execute("SELECT customer FROM identity WHERE kind = 'email' AND value = ?", (identity.value,)).fetchone()
            known = customers.read(db, row["customer"]) if row else None
            if known is not None:
                found.append(known)
        return found

    def _is_mail(self, draft: Draft) -> bool:
        return any(channel.name == draft.channel and isinstance(channel, MailChannelConfig) for channel in self._config.channels)

    def _is_staff(self, address: Address) -> bool:
        return address.identity in self._staff or address.identity in self._config.own_addresses

    def _languages(self, draft: Draft, wrote: Sequence[Item], panel: Panel | None) -> frozenset[str]:
        """What the customer writes; what the agent said they read comes first."""
        if draft.kind != "reply":
            return frozenset()
        chosen = self._db.value("SELECT language FROM conversation WHERE row = ?", (draft.conversation,))
        if chosen:
            return frozenset({str(chosen)})
        guessed = frozenset(filter(None, (languages.guess(item.text or "") for item in wrote)))
        if guessed or panel is None or panel.customer is None or not panel.customer.language:
            return guessed
        return frozenset({panel.customer.language})

    def _snippet_words(self, draft: Draft) -> Iterable[str]:
        """What the snippets in it say by themselves, and the policies they name."""
        for name in {one.name for one in draft.snippets}:
            try:
                snippet = self._answers.library.find(name)
            except DeskError:  # no longer in the packs
                continue
            yield from snippet.texts.values()
            yield from map(str, snippet.policy.values())

    def _expired(self, draft: Draft, at: datetime | None) -> Iterable[tuple[str, str, str]]:
        day = (at or datetime.now(self._config.timezone)).astimezone(self._config.timezone).date()
        for one in draft.snippets:
            try:
                why = self._answers.library.find(one.name).refusal(day)
            except NotFound:
                continue
            # What was put in and taken out again does no harm.
            if why and any(line.strip() and line.strip() in draft.text for line in one.text.split("\n") if len(line.strip()) > _TELLING):
                yield one.name, why, one.text


_TELLING = 20
"""Letters of a line by which a text is known again."""


def _is_among(customer: Customer, draft: Draft) -> bool:
    known = set(customer.identities)
    addressed: list[Identity | None] = [email_identity(one.address) for one in (*draft.to, *draft.cc, *draft.bcc)]
    return any(one in known for one in addressed)


def words(slip: Slip) -> str:
    """What is wrong, in a sentence."""
    key = "language" if slip.kind == "language" else slip.kind
    what = slip.what if len(slip.what) <= _LONGEST_SHOWN else f"{slip.what[:_LONGEST_SHOWN].rstrip()}…"
    fields = {"what": " ".join(what.split()), "whose": slip.whose or say("check.somebody")}
    if key == "language":
        fields = {name: say(f"check.in_{code}") if code in _NAMED else code for name, code in (("what", slip.what), ("whose", slip.whose.split(", ")[0]))}
    return say(f"check.{key}", **fields)


_LONGEST_SHOWN = 24
_NAMED = frozenset({"it", "en", "de", "fr"})
