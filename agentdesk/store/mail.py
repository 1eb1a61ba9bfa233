"""What a mailbox brings in: messages, places, flags and texts (`domain.mailbox.MailStore`)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from agentdesk.domain import cards
from agentdesk.domain.about import numbers_in
from agentdesk.domain.mailbox import Arrival, Finished, FolderState, Place, Role, Sources, Unfinished, Wanted
from agentdesk.domain.message import Address, Body, Direction, Envelope, Verified
from agentdesk.store import (
    cautions,
    conversations,
    customers,
    finishing,
    fulltext,
    jobs,
    originals,
    outbox,
    prefetch,
    returned,
    threads,
)
from agentdesk.store.addresses import to_json
from agentdesk.store.database import Database, Tx, millis
from agentdesk.store.rules import Rules

MOST_NUMBERS = 20
SEEN = "\\Seen"
MOST_TRIES = 3
"""How often a text may break the connection before it is only asked for when somebody opens it."""
_TAG = re.compile(r"\+[^@]*@")
MADE_UP = "@no-message-id.agentdesk.invalid>"
"""What a Message-ID ends with that we made because there was none; never written into a mail."""


class StoredMail:
    """One mail channel's part of the desk's database."""

    def __init__(self, database: Database, channel: str, rules: Rules) -> None:
        self._db, self._channel, self._rules = database, channel, rules
        self.only: Callable[[], frozenset[int]] | None = None
        """Conversations whose texts alone are wanted before anybody asks; None: all."""

    # -- folders

    def folders(self) -> Sequence[FolderState]:
        rows = self._db.all("SELECT * FROM folder WHERE channel = ?", (self._channel,))
        return [_folder(row) for row in rows]

    def save_folder(self, state: FolderState) -> None:
        self._db.write(lambda tx: self._save_folder(tx, state))

    def _save_folder(self, tx: Tx, state: FolderState) -> None:
        tx.execute(
            "INSERT OR REPLACE INTO folder (channel, name, role, uidvalidity, uidnext, modseq, oldest, complete, total)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._channel, state.name, state.role, state.uidvalidity, state.uidnext, state.modseq, state.oldest,
             state.complete, state.total),
        )
        self._progress(tx)

    def _progress(self, tx: Tx, more: int = 0) -> None:
        """Counted up and down, for counting a large mailbox at every step takes longer than the step."""
        tx.execute(
            "UPDATE channel SET done = done + ?1, total = (SELECT coalesce(sum(total), 0) FROM folder WHERE channel = ?2) WHERE name = ?2",
            (more, self._channel),
        )
        tx.touch("progress")

    def forget_folder(self, name: str) -> None:
        def change(tx: Tx) -> None:
            tx.execute("DELETE FROM place WHERE channel = ? AND folder = ?", (self._channel, name))
            tx.execute("DELETE FROM folder WHERE channel = ? AND name = ?", (self._channel, name))
            recount(tx, self._channel)

        self._db.write(change)

    def uids(self, folder: str) -> Mapping[int, frozenset[str]]:
        rows = self._db.all("SELECT uid, flags FROM place WHERE channel = ? AND folder = ?", (self._channel, folder))
        return {row["uid"]: frozenset(row["flags"].split()) for row in rows}

    def message_ids(self, folder: str, uids: Sequence[int]) -> Mapping[int, str]:
        marks = ",".join("?" * len(uids))
        rows = self._db.all(
            f"SELECT p.uid, m.message_id FROM place p JOIN message m ON m.row = p.message WHERE p.channel = ? AND p.folder = ? AND p.uid IN ({marks})",
            (self._channel, folder, *uids),
        )
        return {row["uid"]: "" if row["message_id"].endswith(MADE_UP) else row["message_id"] for row in rows}

    # -- messages

    def add(self, folder: FolderState, arrivals: Sequence[Arrival]) -> None:
        def change(tx: Tx) -> None:
            touched: set[int] = set()
            self._save_folder(tx, folder)
            for arrival in arrivals:
                touched.add(self._add_one(tx, folder, arrival))
            for row in touched:
                conversations.refresh(tx, threads.resolve(tx, row), self._rules)

        self._db.write(change)

    def _add_one(self, tx: Tx, folder: FolderState, arrival: Arrival) -> int:
        envelope = self._identified(folder, arrival)
        seen = SEEN in arrival.flags
        key = self._key(tx, envelope, folder.role)
        if "#" in key.removeprefix(f"{self._channel}:{envelope.message_id}") and folder.role is not Role.SENT:
            # Its id is another's: what answers that one is not about this one
            envelope = replace(envelope, message_id=f"<{key.rpartition('#')[2]}{MADE_UP}")
        known = tx.one("SELECT row, conversation, lean FROM message WHERE key = ?", (key,))
        if known is None:
            message, conversation = self._insert(tx, key, envelope, folder.role)
            if arrival.lean:
                tx.execute("UPDATE message SET lean = 1 WHERE row = ?", (message,))
        else:
            message, conversation = known["row"], known["conversation"]
            if known["lean"] and not arrival.lean:
                finishing.finish(tx, message, Finished(arrival.envelope, arrival.header, arrival.structure), self._rules)
        where = (self._channel, folder.name, arrival.uid)
        flags = " ".join(sorted(arrival.flags))
        if tx.execute("UPDATE place SET message = ?, flags = ? WHERE channel = ? AND folder = ? AND uid = ?", (message, flags, *where)).rowcount == 0:
            tx.execute("INSERT INTO place (channel, folder, uid, message, flags) VALUES (?, ?, ?, ?, ?)", (*where, message, flags))
            self._progress(tx, 1)
        if arrival.header and (known is None or not arrival.lean) and self._mask(envelope.subject) == envelope.subject:
            originals.keep(tx, message, originals.HEADER, arrival.header)
        if arrival.structure:
            originals.keep(tx, message, originals.STRUCTURE, arrival.structure)
        tx.execute("UPDATE message SET gone = 0, seen = max(seen, ?) WHERE row = ?", (seen, message))
        if folder.role is Role.SENT:
            self._filed(tx, message, envelope.message_id)
        return int(conversation)

    def _identified(self, folder: FolderState, arrival: Arrival) -> Envelope:
        """The envelope with what tells it apart, and with who wrote it.

        Without a Message-ID it gets one made of what it says, the same in every folder and on every machine; what says nothing
        is known by its place. What our own contact form sends in a customer's name is the customer's.
        """
        envelope = arrival.envelope
        if not envelope.message_id:
            said = (envelope.sender.identity, envelope.subject, millis(envelope.at), envelope.size)
            where = (folder.name, folder.uidvalidity, arrival.uid)
            digest = hashlib.sha256(repr(said if envelope.sender.address or envelope.subject else where).encode("utf-8", "replace"))
            envelope = replace(envelope, message_id=f"<{digest.hexdigest()[:24]}{MADE_UP}")
        others = [a for a in envelope.reply_to if a.identity not in self._rules.own]
        if folder.role is not Role.SENT and others and self._is_own(envelope.sender):
            envelope = replace(envelope, sender=others[0], verified=Verified.NONE)
        return envelope

    def _is_own(self, sender: Address) -> bool:
        """One of our addresses, also with a tag in it (support+form@...)."""
        return sender.identity in self._rules.own or _TAG.sub("@", sender.identity) in self._rules.own

    def _key(self, tx: Tx, envelope: Envelope, role: Role) -> str:
        """The same Message-ID is the same message, unless sender or subject say that it was used twice."""
        key = f"{self._channel}:{envelope.message_id}"
        known = tx.one("SELECT from_address, subject, state FROM message WHERE key = ?", (key,))
        if known is None or (
            known["from_address"].strip().lower() == envelope.sender.identity and known["subject"] == self._mask(envelope.subject)
        ):
            return key
        ours = role is Role.SENT or self._is_own(envelope.sender)
        if known["state"] and ours:  # servers may rewrite From or the subject's encoding
            return key
        digest = hashlib.sha256(f"{envelope.sender.identity}\0{envelope.subject}".encode("utf-8", "surrogateescape")).hexdigest()
        return f"{key}#{digest[:16]}"

    def _insert(self, tx: Tx, key: str, envelope: Envelope, role: Role) -> tuple[int, int]:
        ours = self._is_own(envelope.sender) or role is Role.SENT
        direction = Direction.OUT if ours else Direction.IN
        numbers = numbers_in(envelope.subject)
        person = envelope.sender if not ours else next(
            (a for a in (*envelope.to, *envelope.cc) if a.identity not in self._rules.own), None
        )
        customer = customers.resolve(tx, person.name, customers.mail_identities(person.address)) if person else None
        conversation = threads.conversation_for(
            tx, self._channel, envelope, direction, customer, numbers, self._rules.reopen_days
        )
        if customer is not None:
            tx.execute("UPDATE conversation SET customer = ? WHERE row = ? AND customer IS NULL", (customer, conversation))
        preview = self._mask(envelope.preview)
        message = tx.insert(
            "INSERT INTO message (key, channel, conversation, message_id, direction, from_name, from_address, to_list, cc_list,"
            " reply_to, subject, at, in_reply_to, reference_list, preview, size, automatic, verified, problem, state, seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, self._channel, conversation, envelope.message_id, direction, envelope.sender.name, envelope.sender.address,
             to_json(envelope.to), to_json(envelope.cc), to_json(envelope.reply_to), self._mask(envelope.subject), millis(envelope.at),
             envelope.in_reply_to, json.dumps(envelope.references), preview, envelope.size, envelope.automatic,
             envelope.verified, envelope.problem, "filed" if ours else "", ours),
        )
        fulltext.add(tx, message)
        if not ours:
            tx.execute("UPDATE message SET cautions = ? WHERE row = ?", (cautions.at_arrival(tx, conversation, envelope, self._rules), message))
            _after_what_it_answers(tx, envelope)
        self._mention(tx, conversation, numbers)
        earliest = tx.one("SELECT row FROM message WHERE conversation = ? ORDER BY at, row LIMIT 1", (conversation,))
        if earliest["row"] == message:
            tx.execute("UPDATE conversation SET subject = ? WHERE row = ?", (self._mask(envelope.subject), conversation))
        return message, conversation

    @staticmethod
    def _mention(tx: Tx, conversation: int, numbers: Sequence[str]) -> None:
        if not numbers:
            return
        known = tx.one("SELECT order_mentioned FROM conversation WHERE row = ?", (conversation,))["order_mentioned"].split()
        merged = list(dict.fromkeys([*known, *numbers]))[:MOST_NUMBERS]
        if merged != known:
            tx.execute("UPDATE conversation SET order_mentioned = ? WHERE row = ?", (" ".join(merged), conversation))

    def _filed(self, tx: Tx, message: int, message_id: str) -> None:
        """A copy lies in Sent: whatever step of the outbox wanted to file it is done."""
        tx.execute("UPDATE message SET state = 'filed' WHERE row = ? AND direction = 'out'", (message,))
        waiting = tx.one("SELECT id FROM outbox WHERE message_id = ? AND channel = ?", (message_id, self._channel))
        if waiting is not None:
            outbox.seen_in_sent(tx, waiting["id"])

    def _mask(self, text: str) -> str:
        return cards.mask(text) if self._rules.mask_cards else text

    def unfinished(self, limit: int) -> Sequence[Unfinished]:
        found = ((message, header, self.places(message)) for message, header in finishing.waiting(self._db, self._channel, limit))
        return [Unfinished(message, places[0], header) for message, header, places in found if places]

    def finish(self, messages: Mapping[int, Finished]) -> None:
        def change(tx: Tx) -> None:
            touched = [finishing.finish(tx, message, whole, self._rules) for message, whole in messages.items()]
            for row in dict.fromkeys(touched):
                if row:
                    conversations.refresh(tx, row, self._rules)

        self._db.write(change)

    def structures(self, messages: Sequence[int]) -> Mapping[int, bytes]:
        return originals.section_of(self._db, messages, originals.STRUCTURE)

    # -- changes elsewhere

    def set_flags(self, folder: str, flags: Mapping[int, frozenset[str]]) -> None:
        def change(tx: Tx) -> None:
            touched: set[int] = set()
            for uid, now in flags.items():
                place = tx.one(
                    "SELECT p.message, p.flags, m.conversation, m.direction FROM place p JOIN message m ON m.row = p.message"
                    " WHERE p.channel = ? AND p.folder = ? AND p.uid = ?",
                    (self._channel, folder, uid),
                )
                if place is None or frozenset(place["flags"].split()) == now:
                    continue
                tx.execute(
                    "UPDATE place SET flags = ? WHERE channel = ? AND folder = ? AND uid = ?",
                    (" ".join(sorted(now)), self._channel, folder, uid),
                )
                if place["direction"] == Direction.IN and not _seen_waiting(tx, place["message"]):
                    tx.execute("UPDATE message SET seen = ? WHERE row = ?", (SEEN in now, place["message"]))
                    touched.add(place["conversation"])
            for row in touched:
                conversations.refresh(tx, row, self._rules)

        self._db.write(change)

    def vanish(self, folder: str, uids: Iterable[int]) -> None:
        def change(tx: Tx) -> None:
            touched: set[int] = set()
            for uid in uids:
                place = tx.one(
                    "SELECT p.message, m.conversation FROM place p JOIN message m ON m.row = p.message"
                    " WHERE p.channel = ? AND p.folder = ? AND p.uid = ?",
                    (self._channel, folder, uid),
                )
                if place is None:
                    continue
                tx.execute("DELETE FROM place WHERE channel = ? AND folder = ? AND uid = ?", (self._channel, folder, uid))
                self._progress(tx, -1)
                tx.execute(
                    "UPDATE message SET gone = NOT EXISTS (SELECT 1 FROM place WHERE message = ?1) WHERE row = ?1", (place["message"],)
                )
                touched.add(place["conversation"])
            for row in touched:
                conversations.refresh(tx, row, self._rules)

        self._db.write(change)

    # -- texts

    def without_text(self, limit: int) -> Sequence[Wanted]:
        narrow = ""
        if self.only is not None:
            wanted = ", ".join(map(str, self.only()))
            narrow = (
                f" AND m.conversation IN ({wanted}) AND m.row IN (SELECT n.row FROM message n WHERE n.conversation = m.conversation"
                f" ORDER BY n.at DESC, n.row DESC LIMIT {prefetch.NEWEST})"
            )
        rows = self._db.all(
            "SELECT m.row, m.unreadable_tries FROM message m WHERE m.text IS NULL AND m.channel = ? AND m.gone = 0"
            f" AND m.unreadable_tries < {MOST_TRIES} AND m.problem = ''{narrow} ORDER BY m.at DESC LIMIT ?",
            (self._channel, limit),
        )
        found = []
        for row in rows:
            places = self.places(row["row"])
            if places:
                found.append(Wanted(row["row"], places[0], alone=row["unreadable_tries"] > 0))
        return found

    def texts_failed(self, messages: Sequence[int]) -> None:
        def change(tx: Tx) -> None:
            for message in messages:
                tx.execute(
                    "UPDATE message SET unreadable_tries = unreadable_tries + 1, problem = CASE WHEN unreadable_tries + 1 < ?1"
                    " THEN problem ELSE 'unreadable' END WHERE row = ?2 AND text IS NULL",
                    (MOST_TRIES, message),
                )
            if len(messages) == 1:  # the only ones that can have been given up
                tx.touch("conversation", tx.one("SELECT conversation FROM message WHERE row = ?", (messages[0],))["conversation"])

        self._db.write(change)

    def places(self, message: int) -> Sequence[Place]:
        rows = self._db.all(
            "SELECT p.folder, f.role, f.uidvalidity, p.uid, p.flags FROM place p JOIN folder f ON f.channel = p.channel AND f.name = p.folder"
            " WHERE p.message = ? AND p.channel = ? ORDER BY f.role = 'inbox' DESC",
            (message, self._channel),
        )
        return [Place(r["folder"], Role(r["role"]), r["uidvalidity"], r["uid"], frozenset(r["flags"].split())) for r in rows]

    def save_body(self, message: int, body: Body, source: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self.save_bodies({message: body}, {message: source})

    def save_bodies(self, bodies: Mapping[int, Body], sources: Sources = MappingProxyType({})) -> None:
        def change(tx: Tx) -> None:
            touched = [self._save_one(tx, message, body, sources.get(message, {})) for message, body in bodies.items()]
            for row in {threads.resolve(tx, row): None for row in touched if row}:
                conversations.refresh(tx, row, self._rules)

        self._db.write(change)

    def keep(self, message: int, section: str, content: bytes) -> None:
        self._db.write(lambda tx: originals.keep(tx, message, section, content))

    def _save_one(self, tx: Tx, message: int, body: Body, source: Mapping[str, bytes]) -> int:
        """Returns its conversation; 0 if there is no such message any more."""
        known = tx.one("SELECT conversation, subject, preview, direction FROM message WHERE row = ?", (message,))
        if known is None:
            return 0
        text, quoted = self._mask(body.text), self._mask(body.quoted)
        preview = " ".join(text.split())[:200] or known["preview"]
        fulltext.remove(tx, message)
        tx.execute(
            "UPDATE message SET text = ?1, quoted = ?2, html = ?3, preview = ?4, problem = CASE WHEN ?5 != '' THEN ?5"
            " WHEN problem = 'unreadable' OR problem IN (SELECT error FROM job WHERE message = ?6) THEN '' ELSE problem END, marks = ?7,"
            " automatic = max(automatic, ?8) WHERE row = ?6",
            (text, quoted, body.html, preview, body.problem, message, json.dumps(body.marks), returned.REPORT in body.marks),
        )
        if (text, quoted) == (body.text, body.quoted):  # else a card number is in it that this desk does not keep
            for section, content in source.items():
                originals.keep(tx, message, section, content)
        fulltext.add(tx, message)
        for a in body.attachments:
            tx.execute(
                "INSERT OR IGNORE INTO attachment (message, part, name, type, size, inline, content_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (message, a.part, a.name, a.type, a.size, a.inline, a.content_id),
            )
        if known["direction"] == Direction.IN:
            cautions.of_text(tx, message, body)
            if body.original and (left := returned.to_its_conversation(tx, message, body.original)):
                conversations.refresh(tx, left, self._rules)
                return int(tx.one("SELECT conversation FROM message WHERE row = ?", (message,))["conversation"])
            self._mention(tx, known["conversation"], numbers_in(text))
        return int(known["conversation"])


def recount(tx: Tx, channel: str) -> None:
    """How many messages of a channel are here."""
    tx.execute("UPDATE channel SET done = (SELECT count(*) FROM place WHERE channel = ?1) WHERE name = ?1", (channel,))


def _after_what_it_answers(tx: Tx, envelope: Envelope) -> None:
    """An answer is later than what it answers, whatever our clock said when we sent that: else a customer who answers a reply
    sent by a clock that runs fast would count as answered."""
    for answered in {envelope.in_reply_to, *envelope.references} - {""}:
        tx.execute(
            "UPDATE message SET at = ?1 - 1 WHERE message_id = ?2 AND direction = 'out' AND at >= ?1", (millis(envelope.at), answered)
        )


def _seen_waiting(tx: Tx, message: int) -> bool:
    """We changed \\Seen ourselves and the server has not been told yet: its old flag is no news."""
    waiting = "SELECT 1 FROM job WHERE kind = 'seen' AND message = ? AND attempts < ?"
    return tx.one(waiting, (message, jobs.MAX_ATTEMPTS)) is not None


def _folder(row: Any) -> FolderState:
    return FolderState(
        name=row["name"], role=Role(row["role"]), uidvalidity=row["uidvalidity"], uidnext=row["uidnext"], modseq=row["modseq"],
        oldest=row["oldest"], complete=bool(row["complete"]), total=row["total"],
    )
