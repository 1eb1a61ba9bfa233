"""A mailbox as a channel: what the engine's worker drives, and what it asks of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from agentdesk.channels.base import Capabilities, ChannelDown, FolderFull, Job, Trace, Usage
from agentdesk.channels.imap import folders, pieces, quirks, texts, traces
from agentdesk.channels.imap.commands import number_range, section, word
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.patience import Timeouts
from agentdesk.channels.imap.responses import size_of
from agentdesk.channels.imap.resync import FolderSync
from agentdesk.channels.imap.session import Session
from agentdesk.channels.sasl import Tokens
from agentdesk.channels.tls import Identity
from agentdesk.config import MailChannelConfig
from agentdesk.domain.mailbox import MailStore, Place, Role
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.headers import message_id as first_message_id
from agentdesk.mail.headers import parse_fields
from agentdesk.mail.reader import Reader

_log = logging.getLogger(__name__)

_IDLE_TOO_SHORT = 5.0
"""Seconds after which a server that ended IDLE by itself is not asked for it again in this pause."""
_LATEST = 10
"""Of Sent, looked at by themselves besides searching: an index may lag behind what was just filed."""


class ImapChannel:
    """Channel and MailActions over IMAP. Owned by one thread; only `interrupt` may be called from another."""

    kind = "imap"
    capabilities = Capabilities(filed_copy=True)

    def __init__(
        self,
        config: MailChannelConfig,
        password: str,
        store: MailStore,
        *,
        window: int = 50,
        retention_days: int = 0,
        texts: bool = True,
        older: bool = True,
        timeouts: Timeouts | None = None,
        poll: float = 15.0,
        look_around: float = 60.0,
        idle_for: float = 540.0,
        tokens: Tokens | None = None,
        identity: Identity | None = None,
        reader: Reader | None = None,
    ) -> None:
        """`older`, `texts`: bring in also what is older than the newest window, and the texts; may be changed at any time.

        `poll`: seconds between two NOOPs where the server has no IDLE; `look_around`: between two looks at the other folders;
        `idle_for`: after which IDLE is renewed (servers end it after 29 minutes, routers forget a connection earlier);
        `reader`: reads the mail.
        """
        self.name = config.name
        self.usage = Usage(job=Job.NEWS)
        self.older = older
        self.texts = texts
        self.texts_at_once: int | None = None
        """Fewer than a window of them, and"""
        self.bytes_at_once: int | None = None
        """fewer bytes, on a line where even one flight is felt."""
        self.looked = False
        self._doubted = False
        self._config = config
        self._password = password
        self._store = store
        self._reader = reader or Reader()
        self._window = window
        self._retention = retention_days
        self._poll = poll
        self._look_around = look_around
        self._idle_for = idle_for
        self._connection = Connection(config.imap, ca_file=config.ca_file, usage=self.usage, timeouts=timeouts, tokens=tokens, identity=identity)
        self._session: Session | None = None
        self._folders: dict[Role, FolderSync] = {}
        self._listed = False
        self._looked_at = -look_around
        self._asked_at = 0.0
        self._idle_since = 0.0
        self._without: set[int] = set()
        self._pace = pieces.Pace()
        self._encodings: dict[tuple[int, str], str] = {}
        self._stop = threading.Event()

    # Channel.

    def set_secret(self, secret: str) -> None:
        """The password to use from the next `open` on."""
        self._password = secret

    def open(self) -> None:
        """Connect and log in; also again, after the connection was lost."""
        self.close()
        self._connection.open(self._config.user, self._password)
        self._session = Session(self._connection)
        self._folders = {}
        self._listed = False
        self._looked_at = -self._look_around
        self._asked_at = time.monotonic()
        self._without = set()
        self.looked = self._doubted = False

    def close(self) -> None:
        self._reader.close()
        self._session = None
        self._connection.close()

    def refresh(self) -> bool:
        """One step of bringing in: news, newest windows, older messages, texts, in this order. True when nothing is left."""
        session = self._need()
        try:
            if self._doubted:
                self._doubted = False
                session.noop()
            self._find_folders(session)
            self._hear(session)
            inbox = self._folders[Role.INBOX]
            if inbox.due(older=False):
                self._advance(session, inbox, older=False)
                return False
            if self._look_is_due():
                self._look(session)
            for older in (False, True) if self.older else (False,):
                for sync in self._in_order(older=older):
                    if sync.due(older=older):
                        self._advance(session, sync, older=older)
                        return False
                self.looked = True
            if self.texts and self._bring_texts(session):
                return False
            self._enter(session, inbox)  # where `wait` listens
            return not inbox.due(older=False)
        except Refused as error:
            raise self._hopeless(str(error)) from error

    def wait(self, seconds: float) -> None:
        """Listen (IDLE) or ask now and then (NOOP) for news of INBOX; until the next look at the other folders at most."""
        session = self._need()
        now = time.monotonic()
        until = min(now + seconds, max(now, self._looked_at + self._look_around))
        try:
            if self._stop.is_set():
                return
            if session.offers("IDLE") and self._idle(until):
                return
            self._ask(session, until)
        finally:
            self._stop.clear()

    def interrupt(self) -> None:
        """End the running `wait`, or the next one if none runs."""
        self._stop.set()
        self._connection.ring()

    def doubt(self) -> None:
        """See soon whether the connection stands: a sleep does not count for the deadline of what is under way."""
        self._doubted = True
        self._connection.doubt()
        self.interrupt()

    def _idle(self, until: float) -> bool:
        """Listen; False if the server would not, or ends it at once each time."""
        now = time.monotonic()
        if self._connection.idling and now - self._idle_since >= self._idle_for:
            self._connection.end_idle()
        if not self._connection.idling:
            if now - self._idle_since < _IDLE_TOO_SHORT and self._connection.idle_ended:
                return False
            if not self._connection.idle():
                return False
            self._idle_since = now
        self._connection.listen(min(until, self._idle_since + self._idle_for), self._stop.is_set)
        return True

    def _ask(self, session: Session, until: float) -> None:
        while True:
            now = time.monotonic()
            next_at = self._asked_at + self._poll
            if now >= next_at:
                self._asked_at = now
                session.noop()
                if session.news:
                    return
                continue
            if now >= until or self._stop.wait(min(until, next_at) - now):
                return

    # Folders.

    def _need(self) -> Session:
        if self._session is None or not self._connection.alive:
            raise ChannelDown(say("channels.closed_here"))
        return self._session

    def _hopeless(self, reason: str) -> ChannelDown:
        """The server refuses what syncing can't do without."""
        self.close()
        return ChannelDown(reason)

    def _since(self) -> date | None:
        """The first day that is kept."""
        return None if not self._retention else (datetime.now(UTC) - timedelta(days=self._retention)).date()

    def _in_order(self, *, older: bool) -> list[FolderSync]:
        """INBOX first for what is new. Of what is older, our own answers first: else an old question that was answered long ago
        would stand in the queue as unanswered until its answer comes."""
        order = (Role.SENT, Role.INBOX) if older else (Role.INBOX, Role.SENT)
        return [self._folders[role] for role in (*order, Role.ARCHIVE, Role.JUNK) if role in self._folders]

    def _find_folders(self, session: Session) -> None:
        """The folders known from last time, or as the server lists them."""
        if self._folders:
            return
        known = {state.role: state.name for state in self._store.folders()}
        if set(known) != set(Role):
            known = folders.find(session.mailboxes())
            self._listed = True
        self._folders = {role: self._sync(role, name) for role, name in folders.roles(known)}

    def _sync(self, role: Role, name: str) -> FolderSync:
        return FolderSync(name, role, self._store, self._reader, window=self._window, since=self._since)

    def _advance(self, session: Session, sync: FolderSync, *, older: bool) -> None:
        try:
            with self.usage.doing(Job.LIST):
                self._enter(session, sync)
                if sync.due(older=older):
                    sync.step(session, older=older)
        except Refused as error:
            if sync.state.role is Role.INBOX:
                raise
            self._lose(session, sync, str(error))

    def _lose(self, session: Session, sync: FolderSync, reason: str) -> None:
        """A folder that can't be opened any more: look which ones there are, and go on without it."""
        _log.warning("%s: %s", sync.name, reason)
        every = session.mailboxes()
        del self._folders[sync.state.role]
        if all(mailbox.name != sync.name for mailbox in every):
            self._store.forget_folder(sync.name)
            found = folders.roles(folders.find(every))
            self._folders = {role: self._folders.get(role) or self._sync(role, name) for role, name in found}

    def _enter(self, session: Session, sync: FolderSync) -> None:
        """Have this folder selected, and what happened there known. With INBOX, the others are looked at when it is time."""
        self._hear(session)
        if session.selected == sync.name and sync.entered:
            return
        others = self._others(sync.name) if sync.state.role is Role.INBOX and self._look_is_due() else []
        counts = sync.enter(session, [other.name for other in others])
        if others:
            self._learn(others, counts)

    def _hear(self, session: Session) -> None:
        session.take_heard()
        if not session.news:
            return
        for sync in self._folders.values():
            if sync.name == session.selected:
                sync.hear(session)

    def _look_is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= self._look_around

    def _others(self, name: str) -> list[FolderSync]:
        return [sync for sync in self._folders.values() if sync.name != name and sync.state.uidvalidity]

    def _look(self, session: Session) -> None:
        """Whether something happened in the folders that are not selected; they are due then."""
        others = self._others(session.selected)
        self._learn(others, session.status([sync.name for sync in others]) if others else {})

    def _learn(self, others: Sequence[FolderSync], counts: Mapping[str, Mapping[str, int]]) -> None:
        self._looked_at = time.monotonic()
        for sync in others:
            sync.look(counts.get(sync.name, {}))

    def _folder(self, session: Session, role: Role) -> FolderSync:
        """The folder of a role, made if there is none.

        Raises:
            Refused: there is none and none can be made.
        """
        self._find_folders(session)
        if role not in self._folders:
            every = session.mailboxes()
            found = folders.find(every)
            name = found.get(role) or folders.make(session, role, every)
            self._folders[role] = self._sync(role, name)
            self._folders = {one: self._folders[one] for one in folders.ORDER if one in self._folders}
        return self._folders[role]

    # Texts.

    def _bring_texts(self, session: Session) -> bool:
        """Some texts, newest first, all of one folder; whether there were any."""
        # More than are brought: Sent and INBOX lie mixed, and half a batch costs the same round trips
        wanted = self._store.without_text(3 * self._window + len(self._without))
        by_name = {sync.name: sync for sync in self._folders.values()}
        some = []
        for one in wanted:
            sync = by_name.get(one.place.folder)
            if one.message in self._without:
                continue
            if sync is None or sync.state.uidvalidity != one.place.uidvalidity:
                self._without.add(one.message)
                continue
            some.append(one)
        if not some:
            return False
        sync = by_name[some[0].place.folder]
        # What was in a flight that broke the line goes alone: there are messages on which servers break off, and the others must come
        mine = some[:1] if some[0].alone else [one for one in some if one.place.folder == sync.name and not one.alone]
        mine = mine[: self.texts_at_once or self._window]
        here = {one.place.uid: one.message for one in mine}
        kept: dict[int, dict[str, bytes]] = {}
        self._enter(session, sync)
        try:
            with self.usage.doing(Job.TEXTS):
                found = texts.bring(session, list(here), kept, self._reader, most=self.bytes_at_once or texts.FLIGHT_BYTES)
        except ChannelDown:
            self._store.texts_failed(list(here.values()))
            raise
        self._store.save_bodies(
            {here[uid]: body for uid, body in found.items() if body is not None}, {here[uid]: source for uid, source in kept.items()}
        )
        for uid in (uid for uid, body in found.items() if body is None):
            self._give_up(session, sync, here[uid], uid)
        return True

    def _give_up(self, session: Session, sync: FolderSync, message: int, uid: int) -> None:
        """The server gave nothing for this message: don't ask again by ourselves; perhaps it is gone."""
        self._without.add(message)
        if not size_of(session.search_uids([uid])):
            sync.note_gone(uid)

    def _place(self, session: Session, message: int) -> tuple[FolderSync, int]:
        """A place where the message lies now, with its folder selected; where we are already, if it lies there.

        Raises:
            Refused: it lies nowhere any more.
        """
        self._find_folders(session)
        places = self._valid(self._store.places(message))
        for sync, place in sorted(places, key=lambda found: found[0].name != session.selected):
            self._enter(session, sync)
            if sync.state.uidvalidity == place.uidvalidity and place.uid in sync.known:
                return sync, place.uid
        raise Refused(say("channels.not_there"))

    def _valid(self, places: Sequence[Place]) -> list[tuple[FolderSync, Place]]:
        by_name = {sync.name: sync for sync in self._folders.values()}
        return [(by_name[place.folder], place) for place in places if place.folder in by_name]

    # MailActions.

    def fetch_text(self, message: int) -> None:
        """One text, now.

        Raises:
            Refused: the message is no longer on the server.
        """
        session = self._need()
        sync, uid = self._place(session, message)
        kept: dict[int, dict[str, bytes]] = {}
        for found, body in texts.bring(session, [uid], kept, self._reader).items():
            if body is None:
                self._give_up(session, sync, message, found)
                raise Refused(say("channels.not_there"))
            self._store.save_body(message, body, kept.get(found, {}))

    def fetch_raw(self, message: int, start: int, keep: pieces.Keep) -> None:
        """The message as it is on the server, every byte, in pieces.

        Raises:
            Refused: it is no longer there.
        """
        session = self._need()
        _, uid = self._place(session, message)
        pieces.bring(session, uid, "", start, keep, self._pace)

    def fetch_part(self, message: int, part: str, start: int, keep: pieces.Keep) -> None:
        """One part, encoded as the sender attached it, in pieces.

        Raises:
            Refused: the message is no longer there, or has no such part.
        """
        session = self._need()
        try:
            section(part)
        except ValueError as error:
            raise Refused(say("channels.not_there")) from error
        _, uid = self._place(session, message)
        info = pieces.bring(session, uid, part, start, keep, self._pace)
        if info is not None:
            self._encodings[message, part] = info.encoding

    def transfer_encoding(self, message: int, part: str) -> str:
        """How a part is encoded (for `mail.parts.decode_transfer`); known without asking after `fetch_part` brought its end.

        Raises:
            Refused: the message is no longer there, or has no such part.
        """
        known = self._encodings.get((message, part))
        if known is not None:
            return known
        session = self._need()
        _, uid = self._place(session, message)
        info = pieces.described(session, uid, part)
        if info is None:
            raise Refused(say("channels.not_there"))
        return info.encoding

    def set_seen(self, message: int, *, seen: bool) -> None:
        """Set or take away the flag, wherever the message lies."""
        session = self._need()
        self._find_folders(session)
        for sync, place in self._valid(self._store.places(message)):
            flags = sync.known.get(place.uid)
            if flags is None or ("\\Seen" in flags) == seen:
                continue
            self._enter(session, sync)
            if sync.state.uidvalidity != place.uidvalidity or place.uid not in sync.known:
                continue
            session.store([place.uid], ["\\Seen"], add=seen)
            flags = sync.known[place.uid]
            sync.note_flags(place.uid, flags | {"\\Seen"} if seen else flags - {"\\Seen"})

    def move(self, message: int, role: str) -> None:
        """Into the folder of a role, from wherever the message lies except Sent; nothing if it is there already.

        Raises:
            Refused: it is nowhere, or the server would not.
        """
        session = self._need()
        target = self._folder(session, Role(role))
        places = self._valid(self._store.places(message))
        if not places:
            raise Refused(say("channels.not_there"))
        moved: list[tuple[FolderSync, int]] = []
        for sync, place in places:
            if sync is target or sync.state.role is Role.SENT:
                continue
            self._enter(session, sync)
            if sync.state.uidvalidity == place.uidvalidity and place.uid in sync.known:
                session.move(place.uid, target.name)
                moved.append((sync, place.uid))
        if not moved:
            return
        # First it is known in its new place, then gone from the old one: in between nobody sees it vanish
        target.entered = False
        self._enter(session, target)
        while target.due(older=False):
            target.step(session, older=False)
        for sync, uid in moved:
            sync.note_gone(uid)

    def is_filed(self, message_id: str) -> bool:
        """Whether Sent holds a message with this Message-ID: by search, and by a look at the newest ones."""
        session = self._need()
        self._find_folders(session)
        if Role.SENT not in self._folders and Role.SENT not in folders.find(session.mailboxes()):
            return False
        sync = self._folder(session, Role.SENT)
        session.selected = ""  # to be selected anew: what was filed a moment ago must count
        self._enter(session, sync)
        wanted = first_message_id(message_id) or message_id
        if not session.exists:
            return False
        item = word("BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
        latest = number_range(max(1, session.exists - _LATEST + 1), session.exists)
        for one in session.fetch((latest, (word("UID"), item)), uid=False).found:
            header = one.content("HEADER.FIELDS")
            if header and first_message_id(parse_fields(header).first("message-id")) == wanted:
                return True
        try:
            return size_of(session.search_message_id(wanted)) > 0
        except (Refused, ValueError):
            return False

    def file(self, content: bytes, sent_at: datetime) -> None:
        r"""Put a copy into Sent, as read.

        Raises:
            FolderFull: there is no room.
            Refused: the server would not take it.
        """
        session = self._need()
        sync = self._folder(session, Role.SENT)
        answer = session.append(sync.name, content, ["\\Seen"], sent_at)
        if not answer.ok and answer.code()[0] == "TRYCREATE":
            del self._folders[Role.SENT]
            sync = self._folder(session, Role.SENT)
            answer = session.append(sync.name, content, ["\\Seen"], sent_at)
        if not answer.ok and answer.code()[0] in {"OVERQUOTA", "LIMIT"}:
            raise FolderFull(say("channels.no", server=str(session.connection.url), detail=answer.words))
        session.require(answer)
        sync.entered = False

    def traces(self, message_id: str, since: datetime) -> Trace:
        """What INBOX, Archive and Junk tell of a message of ours."""
        session = self._need()
        self._find_folders(session)
        for role in (Role.INBOX, Role.ARCHIVE, Role.JUNK):
            if role in self._folders:
                session.selected = ""  # what came a moment ago must count
                self._enter(session, self._folders[role])
                found = traces.look(session, first_message_id(message_id) or message_id, (since - timedelta(days=1)).date())
                if found is not Trace.NONE:
                    return found
        return Trace.NONE

    @property
    def files_sent_itself(self) -> bool:
        """The provider puts what goes out by its SMTP server into Sent."""
        return quirks.files_sent_itself(self._config.imap.host, self._config.smtp.host, self._connection.greeting)
