"""A mailbox in memory: folders, UIDs, flags and mod-sequences, as an IMAP server keeps them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from faults.letters import START, Letter

ROLES = {"INBOX": "", "Sent": "\\Sent", "Archive": "\\Archive", "Junk": "\\Junk"}


@dataclass(slots=True)
class Kept:
    """A message in a folder."""

    uid: int
    letter: Letter
    flags: set[str]
    at: datetime
    modseq: int


@dataclass(slots=True)
class Folder:
    name: str
    use: str
    uidvalidity: int = 1_700_000_001
    uidnext: int = 1
    modseq: int = 1
    messages: list[Kept] = field(default_factory=list)
    gone: list[tuple[int, int]] = field(default_factory=list)
    """(mod-sequence, UID) of what was expunged."""

    def touch(self) -> int:
        self.modseq += 1
        return self.modseq

    def add(self, letter: Letter, flags: Iterable[str] = (), at: datetime | None = None) -> int:
        kept = Kept(self.uidnext, letter, set(flags), at or START, self.touch())
        self.messages.append(kept)
        self.uidnext += 1
        return kept.uid

    def by_uid(self, uid: int) -> Kept | None:
        return next((one for one in self.messages if one.uid == uid), None)

    def expunge(self, uids: Iterable[int]) -> list[int]:
        """The sequence numbers to tell, each as it counts after the ones before."""
        told = []
        for uid in sorted(uids):
            one = self.by_uid(uid)
            if one is not None:
                told.append(self.messages.index(one) + 1)
                self.messages.remove(one)
                self.gone.append((self.touch(), uid))
        return told

    def renumber(self, uidvalidity: int, first: int = 1) -> None:
        """The same messages under other UIDs, as after a restored backup."""
        self.uidvalidity, self.uidnext, self.gone = uidvalidity, first, []
        self.modseq = 1
        for one in self.messages:
            one.uid, one.modseq = self.uidnext, self.touch()
            self.uidnext += 1


class Mailbox:
    """All folders of one account. Whoever reads or changes holds `lock`; waiting connections are told by `changed`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.folders = {name: Folder(name, use, 1_700_000_001 + number) for number, (name, use) in enumerate(ROLES.items())}
        self.appended: list[str] = []
        """Message-IDs that came by APPEND, in order: what was filed, and how often."""

    def put(self, folder: str, letter: Letter, flags: Iterable[str] = (), at: datetime | None = None) -> int:
        with self.changed:
            uid = self.folders[folder].add(letter, flags, at)
            self.changed.notify_all()
            return uid

    def dump(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Folder -> (Message-ID, flags), sorted: what a client must arrive at."""
        with self.lock:
            return {
                name: sorted((one.letter.message_id, tuple(sorted(one.flags))) for one in folder.messages)
                for name, folder in self.folders.items()
                if folder.messages
            }
