"""The folders of a mailbox on one connection: which there are, which is selected, and what happened in the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from agentdesk.channels.imap import folders
from agentdesk.channels.imap.commands import Command
from agentdesk.channels.imap.exchange import Also
from agentdesk.channels.imap.responses import Answer
from agentdesk.channels.imap.responses import Mailbox as Listed
from agentdesk.channels.imap.resync import FolderSync
from agentdesk.channels.imap.rows import Rows
from agentdesk.channels.imap.session import Session
from agentdesk.domain.mailbox import MailStore, Place, Role
from agentdesk.errors import Refused
from agentdesk.locale import say

_log = logging.getLogger(__name__)

_RARELY = 15


class Mailbox:
    """What is known of the folders while one connection lasts. Every method may talk to the server."""

    def __init__(
        self, session: Session, store: MailStore, asking: Rows, *, window: int, since: Callable[[], date | None], look_around: float
    ) -> None:
        self.session, self.store, self.rows = session, store, asking
        self.folders: dict[Role, FolderSync] = {}
        self.look_around = look_around
        self.looked_at = -look_around
        """When the folders that are not selected were last looked at."""
        self._window, self._since = window, since
        self._listed = False
        self._asked_to_notify = False
        self.notified = False
        """The server says by itself what happens, here and in the other folders."""

    def find(self) -> None:
        """The folders known from last time, or as the server lists them."""
        self.begin()
        if not self._listed:
            self._take(self.session.mailboxes())

    def begin(self) -> None:
        """The folders known from last time, else INBOX alone: that there is, and the others are listed on the way in."""
        if self.folders:
            return
        known = {state.role: state.name for state in self.store.folders()}
        self._listed = set(known) == set(Role)
        if not self._listed:
            known = {Role.INBOX: "INBOX"}
        self.folders = {role: self._sync(role, name) for role, name in folders.roles(known)}

    def _take(self, every: Sequence[Listed]) -> None:
        """Make of all mailboxes the folders that are synced."""
        found = folders.roles(folders.find(every))
        self.folders = {role: self.folders.get(role) or self._sync(role, name) for role, name in found}
        self._listed = True

    def _sync(self, role: Role, name: str) -> FolderSync:
        return FolderSync(name, role, self.store, self.rows, window=self._window, since=self._since)

    @property
    def inbox(self) -> FolderSync:
        return self.folders[Role.INBOX]

    def by_name(self) -> dict[str, FolderSync]:
        return {sync.name: sync for sync in self.folders.values()}

    def in_order(self, *, older: bool) -> list[FolderSync]:
        """INBOX first for what is new. Of what is older, our own answers first: else an old question that was answered long ago
        would stand in the queue as unanswered until its answer comes."""
        order = (Role.SENT, Role.INBOX) if older else (Role.INBOX, Role.SENT)
        return [self.folders[role] for role in (*order, Role.ARCHIVE, Role.JUNK) if role in self.folders]

    def advance(self, sync: FolderSync, *, older: bool) -> None:
        """One step of bringing a folder in.

        Raises:
            Refused: INBOX can't be opened.
        """
        try:
            self.enter(sync)
            if sync.due(older=older):
                sync.step(self.session, older=older)
        except Refused as error:
            if sync.state.role is Role.INBOX:
                raise
            self._lose(sync, str(error))

    def _lose(self, sync: FolderSync, reason: str) -> None:
        """A folder that can't be opened any more: look which ones there are, and go on without it."""
        _log.warning("%s: %s", sync.name, reason)
        every = self.session.mailboxes()
        del self.folders[sync.state.role]
        if all(mailbox.name != sync.name for mailbox in every):
            self.store.forget_folder(sync.name)
            self._take(every)

    def enter(self, sync: FolderSync) -> None:
        """Have this folder selected, and what happened there known. With INBOX, the others are looked at when it is time."""
        self.hear()
        if self.session.selected == sync.name and sync.entered:
            return
        ended = self._asked_to_notify and self.session.connection.quirks.notify_per_mailbox
        if ended:
            self._asked_to_notify = False  # it is asked for again before the next IDLE, at the latest
        others = self._others(sync.name) if sync.state.role is Role.INBOX and self.look_is_due() else []
        names = [other.name for other in others]
        asked = self._notification(names) if names and self._listed else None
        selection = sync.enter(self.session, Also(look_at=names, notify=asked, notify_no_more=ended, listed=not self._listed))
        self.notified = self.notified or selection.notified
        if others:
            self._learn(others, selection.counts)
        if not self._listed and selection.mailboxes:
            self._take(selection.mailboxes)

    def hear(self) -> None:
        """Take what the server said unasked."""
        self.session.take_heard()
        self._hear_of_others()
        if not self.session.news:
            return
        for sync in self.folders.values():
            if sync.name == self.session.selected:
                sync.hear(self.session)

    def _hear_of_others(self) -> None:
        counts, self.session.counts = self.session.counts, []
        by_name = self.by_name() if counts else {}
        for name, said in counts:
            if name in by_name and name != self.session.selected:
                by_name[name].told(said)
        if self.session.overflown and self.notified:
            _log.warning("the server gave up telling what happens by itself; it is asked again")
            self.notified, self.looked_at = False, -self.look_around

    def before_listening(self) -> list[Command]:
        """What to say in the flight of the first IDLE, unless it was said, so that the server tells of everything by itself."""
        asked = self._notification([sync.name for sync in self.folders.values() if sync.name != self.session.selected])
        return [] if asked is None else [asked]

    def _notification(self, names: Sequence[str]) -> Command | None:
        if self._asked_to_notify or not self.session.offers("NOTIFY", "IDLE"):
            return None
        self._asked_to_notify = True
        return self.session.notify(names, self.rows.pushed(self.session))

    def take_answers(self, answers: Sequence[Answer]) -> None:
        """The answers to that."""
        for answer in answers:
            self.notified = answer.ok
            self.session.note(answer)

    def look_is_due(self) -> bool:
        return time.monotonic() - self.looked_at >= self.every

    @property
    def every(self) -> float:
        """Seconds between two looks at the folders that are not selected. Where the server tells of them by itself, a few of them
        are enough to be sure."""
        return self.look_around * (_RARELY if self.notified else 1)

    def look(self) -> None:
        """Whether something happened in the folders that are not selected; they are due then."""
        others = self._others(self.session.selected)
        self._learn(others, self.session.status([sync.name for sync in others]) if others else {})

    def _others(self, name: str) -> list[FolderSync]:
        return [sync for sync in self.folders.values() if sync.name != name and sync.state.uidvalidity]

    def _learn(self, others: Sequence[FolderSync], counts: Mapping[str, Mapping[str, int]]) -> None:
        self.looked_at = time.monotonic()
        for sync in others:
            sync.look(counts.get(sync.name, {}))

    def folder(self, role: Role) -> FolderSync:
        """The folder of a role, made if there is none.

        Raises:
            Refused: there is none and none can be made.
        """
        self.find()
        if role not in self.folders:
            every = self.session.mailboxes()
            name = folders.find(every).get(role) or folders.make(self.session, role, every)
            self.folders[role] = self._sync(role, name)
            self.folders = {one: self.folders[one] for one in folders.ORDER if one in self.folders}
        return self.folders[role]

    def place(self, message: int) -> tuple[FolderSync, int]:
        """A place where the message lies now, with its folder selected; where we are already, if it lies there.

        Raises:
            Refused: it lies nowhere any more.
        """
        self.find()
        for sync, place in sorted(self.places(message), key=lambda found: found[0].name != self.session.selected):
            self.enter(sync)
            if sync.holds(place):
                return sync, place.uid
        raise Refused(say("channels.not_there"))

    def places(self, message: int) -> list[tuple[FolderSync, Place]]:
        """Where the store believes it to lie, of the folders there are."""
        by_name = self.by_name()
        return [(by_name[place.folder], place) for place in self.store.places(message) if place.folder in by_name]
