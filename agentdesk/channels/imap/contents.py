"""What follows the rows: the rest of headers that came lean, and the texts; newest first, many in a flight."""

from __future__ import annotations

import time

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import texts
from agentdesk.channels.imap.mailbox import Mailbox
from agentdesk.channels.imap.pace import Pace
from agentdesk.channels.imap.responses import size_of
from agentdesk.channels.imap.resync import FolderSync
from agentdesk.domain.mailbox import Place, Unfinished
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.reader import Reader

_BATCH = 50
"""Messages in one transaction of the store."""


class Contents:
    """Brings them in, as long as one connection lasts."""

    def __init__(self, mailbox: Mailbox, reader: Reader) -> None:
        self._mailbox, self._reader = mailbox, reader
        self._pace = Pace(_BATCH, least=_BATCH, most=4 * _BATCH, seconds=0.6)
        self._given_up: set[int] = set()
        """Messages the server gave nothing for; asked for again on the next connection, or by somebody."""
        self._asked = False

    # The rest of headers.

    def finish(self) -> bool:
        """The rest of some headers, all of one folder; whether there were any."""
        mailbox = self._mailbox
        if self._asked and not any(sync.lean for sync in mailbox.folders.values()):
            return False
        wanted = [one for one in mailbox.store.unfinished(_BATCH + len(self._given_up)) if one.message not in self._given_up]
        by_name = mailbox.by_name()
        some = [one for one in wanted if self._sync_of(one.place, by_name, one.message)][:_BATCH]
        if not some:
            self._asked = True
            for sync in mailbox.folders.values():
                sync.lean = False
            return False
        sync = by_name[some[0].place.folder]
        here: dict[int, Unfinished] = {one.place.uid: one for one in some if one.place.folder == sync.name}
        mailbox.enter(sync)
        here = {uid: one for uid, one in here.items() if sync.holds(one.place)}
        found = mailbox.rows.finish(mailbox.session, here) if here else {}
        if found:
            mailbox.store.finish(found)
        self._given_up.update(one.message for one in some if one.place.folder == sync.name and one.message not in found)
        return True

    def _sync_of(self, place: Place, by_name: dict[str, FolderSync], message: int) -> FolderSync | None:
        """The folder of a place; a message whose place means nothing (any more) is not asked for again."""
        sync = by_name.get(place.folder)
        if sync is None or (sync.state.uidvalidity != place.uidvalidity and sync.entered):
            self._given_up.add(message)
            return None
        return sync

    # Texts.

    def bring(self, at_once: int | None = None, most_bytes: int | None = None) -> bool:
        """Some texts, all of one folder; whether there were any. `at_once`, `most_bytes`: no more of them, and of their bytes."""
        mailbox = self._mailbox
        # More than are brought: Sent and INBOX lie mixed, and half a batch costs the same round trips
        wanted = mailbox.store.without_text(3 * self._pace.size + len(self._given_up))
        by_name = mailbox.by_name()
        some = []
        for one in wanted:
            if one.message in self._given_up:
                continue
            sync = by_name.get(one.place.folder)
            if sync is None or sync.state.uidvalidity != one.place.uidvalidity:
                self._given_up.add(one.message)
                continue
            some.append(one)
        if not some:
            return False
        sync = by_name[some[0].place.folder]
        # What was in a flight that broke the line goes alone: there are messages on which servers break off, and the others must come
        mine = some[:1] if some[0].alone else [one for one in some if one.place.folder == sync.name and not one.alone]
        mine = mine[: at_once or self._pace.size]
        mailbox.enter(sync)
        began = time.monotonic()
        tried = self._fetch({one.place.uid: one.message for one in mine}, sync, most_bytes or texts.FLIGHT_BYTES)
        self._pace.took(tried, time.monotonic() - began)
        return True

    def _fetch(self, here: dict[int, int], sync: FolderSync, most: int) -> int:
        """Texts of messages (by UID) of the selected folder; how many were tried."""
        mailbox = self._mailbox
        kept: dict[int, dict[str, bytes]] = {}
        known = mailbox.store.structures(list(here.values()))
        try:
            found = texts.bring(
                mailbox.session, list(here), kept, self._reader, {uid: known[one] for uid, one in here.items() if one in known},
                most=most,
            )
        except ChannelDown:
            mailbox.store.texts_failed(list(here.values()))
            raise
        bodies = {here[uid]: body for uid, body in found.items() if body is not None}
        sources = {here[uid]: source for uid, source in kept.items()}
        ordered = list(bodies)
        for at in range(0, len(ordered), _BATCH):
            mailbox.store.save_bodies({one: bodies[one] for one in ordered[at : at + _BATCH]}, sources)
        for uid in (uid for uid, body in found.items() if body is None):
            self._give_up(sync, here[uid], uid)
        return len(found)

    def fetch(self, message: int) -> None:
        """One text, now.

        Raises:
            Refused: the message is no longer on the server.
        """
        mailbox = self._mailbox
        sync, uid = mailbox.place(message)
        kept: dict[int, dict[str, bytes]] = {}
        known = mailbox.store.structures([message])
        found = texts.bring(mailbox.session, [uid], kept, self._reader, {uid: known[message]} if message in known else {})
        body = found.get(uid)
        if body is None:
            self._give_up(sync, message, uid)
            raise Refused(say("channels.not_there"))
        mailbox.store.save_body(message, body, kept.get(uid, {}))

    def _give_up(self, sync: FolderSync, message: int, uid: int) -> None:
        """The server gave nothing for this message: don't ask again by ourselves; perhaps it is gone."""
        self._given_up.add(message)
        if not size_of(self._mailbox.session.search_uids([uid])):
            sync.note_gone(uid)
