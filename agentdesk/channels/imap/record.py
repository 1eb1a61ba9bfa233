"""What is known of a folder: its state, its UIDs with their flags, in memory and in the store alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentdesk.channels.imap import responses
from agentdesk.channels.imap.commands import Word, number_range, word
from agentdesk.channels.imap.exchange import Batch
from agentdesk.channels.imap.session import Session
from agentdesk.domain.mailbox import Arrival, FolderState, MailStore, Place, Role
from agentdesk.mail.headers import message_id, parse_fields

BATCH = 50
"""Messages in one transaction of the store: a window's write waits for no more than these."""


class FolderRecord:
    """The record of one folder; every change of it goes to the store at once."""

    def __init__(self, name: str, role: Role, store: MailStore) -> None:
        saved = next((state for state in store.folders() if state.name == name), None)
        self.name = name
        self.state = FolderState(name, role, uidvalidity=0) if saved is None else replace(saved, role=role)
        self.known: dict[int, frozenset[str]] = {} if saved is None else dict(store.uids(name))
        self.lean = False
        """Rows were brought in that have yet to be finished."""
        self._store = store

    def holds(self, place: Place) -> bool:
        """Whether a place means a message that is here."""
        return self.state.uidvalidity == place.uidvalidity and place.uid in self.known

    def _is_other(self, batch: Batch) -> bool:
        """Whether a UID stands for another mail than it did, or for two."""
        rows = [(one.uid, header) for one in batch.found if (header := one.content("HEADER.FIELDS")) is not None]
        often = Counter(uid for uid, _ in rows)
        told: dict[int, set[str]] = {}
        for uid, header in rows:
            if uid in self.known or often[uid] > 1:
                told.setdefault(uid, set()).add(message_id(parse_fields(header).first("message-id")))
        known = self._store.message_ids(self.name, [uid for uid in told if uid in self.known]) if told else {}
        return any(len(said | {known.get(uid, "")} if uid in known else said) > 1 for uid, said in told.items())

    def _add(self, arrivals: Sequence[Arrival]) -> None:
        for at in range(0, len(arrivals), BATCH):
            some = arrivals[at : at + BATCH]
            self._store.add(self.state, some)
            self.lean = self.lean or any(arrival.lean for arrival in some)
            self.known.update((arrival.uid, arrival.flags) for arrival in some)

    def _vanish(self, uids: Sequence[int]) -> None:
        for at in range(0, len(uids), BATCH):
            some = uids[at : at + BATCH]
            self._store.vanish(self.name, some)
            for uid in some:
                self.known.pop(uid, None)

    def _flags(self, found: Mapping[int, frozenset[str]]) -> None:
        changed = [(uid, flags) for uid, flags in found.items() if uid in self.known and self.known[uid] != flags]
        for at in range(0, len(changed), BATCH):
            some = dict(changed[at : at + BATCH])
            self._store.set_flags(self.name, some)
            self.known.update(some)

    def note_flags(self, uid: int, flags: frozenset[str]) -> None:
        """Flags that we set ourselves."""
        self._flags({uid: flags})

    def _forget(self) -> None:
        self._store.forget_folder(self.name)
        self.known = {}
        self.state = FolderState(self.name, self.state.role, uidvalidity=0)

    def _save(self, **changes: int | bool) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields of these types by name
        self.state = state
        self._store.save_folder(state)

    # Comparing with the server.

    def _range(self) -> Word:
        return number_range(min(self.known), max(self.known))

    def _check(self, session: Session, uids: Sequence[int]) -> None:
        """Compare the flags of some messages, one by one."""
        here = [uid for uid in uids if uid in self.known]
        if not here:
            return
        flags = session.flags_of(number_range(here[0], here[-1]))
        self._flags(flags)
        missing = [uid for uid in here if uid not in flags]
        if missing:
            exist = self._exist(session, missing)
            self._vanish([uid for uid in missing if uid not in exist])

    def _exist(self, session: Session, uids: Sequence[int]) -> set[int]:
        """Those that the server has."""
        return set(responses.among(session.search_uids(uids), sorted(uids)))

    def _audit(self, session: Session) -> None:
        """Which of the known messages are still there."""
        if not self.known:
            return
        ordered = sorted(self.known)
        there = set(responses.among(session.search(word("UID"), self._range()), ordered))
        self._vanish([uid for uid in ordered if uid not in there])
