"""A mailbox as a channel: what the engine's worker drives, and what it asks of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta

from agentdesk.channels.base import Capabilities, ChannelDown, Job, Trace, Usage
from agentdesk.channels.imap import actions, pieces, quirks
from agentdesk.channels.imap.commands import section
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.contents import Contents
from agentdesk.channels.imap.mailbox import Mailbox
from agentdesk.channels.imap.patience import Timeouts
from agentdesk.channels.imap.rows import Rows
from agentdesk.channels.imap.session import Session
from agentdesk.channels.sasl import Tokens
from agentdesk.channels.tls import Identity
from agentdesk.config import MailChannelConfig
from agentdesk.domain.mailbox import MailStore, Role
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.reader import Reader

_IDLE_TOO_SHORT = 5.0
"""Seconds after which a server that ended IDLE by itself is not asked for it again in this pause."""


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
        """Fewer than come by themselves, and"""
        self.bytes_at_once: int | None = None
        """fewer bytes, on a line where even one flight is felt."""
        self.looked = False
        """What is new was brought in since the connection was made."""
        self._doubted = False
        self._config = config
        self._password = password
        self._store = store
        self._reader = reader or Reader()
        self._rows = Rows(self._reader)
        self._window = window
        self._retention = retention_days
        self._poll = poll
        self._look_around = look_around
        self._idle_for = idle_for
        self._connection = Connection(config.imap, ca_file=config.ca_file, usage=self.usage, timeouts=timeouts, tokens=tokens, identity=identity)
        self._mailbox: Mailbox | None = None
        self._contents: Contents | None = None
        self._asked_at = 0.0
        self._idle_since = 0.0
        self._pace = pieces.pace()
        self._encodings: dict[tuple[int, str], str] = {}
        self._stop = threading.Event()

    # Channel.

    def set_secret(self, secret: str) -> None:
        """The password to use from the next `open` on."""
        self._password = secret

    def open(self) -> None:
        """Connect and log in; also again, after the connection was lost."""
        self.close()
        with self.usage.doing(Job.CONNECT):
            self._connection.open(self._config.user, self._password)
        self._begin(Session(self._connection))

    def _begin(self, session: Session) -> None:
        """Work on a connection that is logged in."""
        self._mailbox = Mailbox(
            session, self._store, self._rows, window=self._window, since=self._since, look_around=self._look_around
        )
        self._contents = Contents(self._mailbox, self._reader)
        self._asked_at = time.monotonic()
        self.looked = self._doubted = False

    def close(self) -> None:
        self._reader.close()
        self._mailbox = self._contents = None
        self._connection.close()

    def refresh(self) -> bool:
        """One step of bringing in: news, newest windows, older messages, texts, in this order. True when nothing is left."""
        mailbox = self._need()
        contents = self._contents
        assert contents is not None
        try:
            with self.usage.doing(Job.LIST):
                if self._doubted:
                    self._doubted = False
                    mailbox.session.noop()
                mailbox.begin()
                mailbox.hear()
                if mailbox.inbox.due(older=False):
                    mailbox.advance(mailbox.inbox, older=False)
                    return False
                if contents.finish():
                    return False
                mailbox.find()
                if mailbox.look_is_due():
                    mailbox.look()
                for older in (False, True) if self.older else (False,):
                    for sync in mailbox.in_order(older=older):
                        if sync.due(older=older):
                            mailbox.advance(sync, older=older)
                            return False
                    self.looked = True
            with self.usage.doing(Job.TEXTS):
                if self.texts and contents.bring(self.texts_at_once, self.bytes_at_once):
                    return False
            with self.usage.doing(Job.NEWS):
                mailbox.enter(mailbox.inbox)  # where `wait` listens
            return not mailbox.inbox.due(older=False)
        except Refused as error:
            raise self._hopeless(str(error)) from error
        except ChannelDown:
            if not self._rows.wary:
                raise
            self.open()  # at once: it is one message's structure that breaks the line, and the next flight goes without
            return False

    def wait(self, seconds: float) -> None:
        """Listen (IDLE) or ask now and then (NOOP) for news of INBOX; until the next look at the other folders at most."""
        mailbox = self._need()
        now = time.monotonic()
        until = min(now + seconds, max(now, mailbox.looked_at + mailbox.every))
        try:
            if self._stop.is_set():
                return
            with self.usage.doing(Job.NEWS):
                if mailbox.session.offers("IDLE") and self._idle(mailbox, until):
                    return
                self._ask(mailbox.session, until)
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

    def _idle(self, mailbox: Mailbox, until: float) -> bool:
        """Listen; False if the server would not, or ends it at once each time."""
        now = time.monotonic()
        if not self._connection.idling or now - self._idle_since >= self._idle_for:
            if now - self._idle_since < _IDLE_TOO_SHORT and self._connection.idle_ended:
                return False
            begun, answers = self._connection.idle(*mailbox.before_listening())
            mailbox.take_answers(answers)
            if not begun:
                return False
            self._idle_since = now
            if mailbox.session.news or mailbox.session.counts:
                return True  # said with the answers already: nothing more may come
        self._connection.listen(min(until, self._idle_since + self._idle_for), self._stop.is_set, pushed=mailbox.notified)
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

    def _need(self) -> Mailbox:
        if self._mailbox is None or not self._connection.alive:
            raise ChannelDown(say("channels.closed_here"))
        return self._mailbox

    def _hopeless(self, reason: str) -> ChannelDown:
        """The server refuses what syncing can't do without."""
        self.close()
        return ChannelDown(reason)

    def _since(self) -> date | None:
        """The first day that is kept."""
        return None if not self._retention else (datetime.now(UTC) - timedelta(days=self._retention)).date()

    # MailActions.

    def fetch_text(self, message: int) -> None:
        """One text, now.

        Raises:
            Refused: the message is no longer on the server.
        """
        self._need()
        assert self._contents is not None
        with self.usage.doing(Job.TEXTS):
            self._contents.fetch(message)

    def fetch_raw(self, message: int, start: int, keep: pieces.Keep) -> None:
        """The message as it is on the server, every byte, in pieces.

        Raises:
            Refused: it is no longer there.
        """
        mailbox = self._need()
        with self.usage.doing(Job.ATTACHMENTS):
            _, uid = mailbox.place(message)
            pieces.bring(mailbox.session, uid, "", start, keep, self._pace)

    def fetch_part(self, message: int, part: str, start: int, keep: pieces.Keep) -> None:
        """One part, encoded as the sender attached it, in pieces.

        Raises:
            Refused: the message is no longer there, or has no such part.
        """
        mailbox = self._need()
        try:
            section(part)
        except ValueError as error:
            raise Refused(say("channels.not_there")) from error
        with self.usage.doing(Job.ATTACHMENTS):
            _, uid = mailbox.place(message)
            info = pieces.bring(mailbox.session, uid, part, start, keep, self._pace)
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
        mailbox = self._need()
        with self.usage.doing(Job.ATTACHMENTS):
            _, uid = mailbox.place(message)
            info = pieces.described(mailbox.session, uid, part)
        if info is None:
            raise Refused(say("channels.not_there"))
        return info.encoding

    def set_seen(self, message: int, *, seen: bool) -> None:
        """Set or take away the flag, wherever the message lies."""
        with self.usage.doing(Job.ACTIONS):
            actions.set_seen(self._need(), message, seen=seen)

    def move(self, message: int, role: str) -> None:
        """Into the folder of a role, from wherever the message lies except Sent; nothing if it is there already.

        Raises:
            Refused: it is nowhere, or the server would not.
        """
        with self.usage.doing(Job.ACTIONS):
            actions.move(self._need(), message, Role(role))

    def is_filed(self, message_id: str) -> bool:
        """Whether Sent holds a message with this Message-ID."""
        with self.usage.doing(Job.FILING):
            return actions.is_filed(self._need(), message_id)

    def file(self, content: bytes, sent_at: datetime) -> None:
        """Put a copy into Sent, as read.

        Raises:
            FolderFull: there is no room.
            Refused: the server would not take it.
        """
        with self.usage.doing(Job.FILING):
            actions.file(self._need(), content, sent_at)

    def traces(self, message_id: str, since: datetime) -> Trace:
        """What INBOX, Archive and Junk tell of a message of ours."""
        with self.usage.doing(Job.FILING):
            return actions.look_for(self._need(), message_id, since)

    @property
    def files_sent_itself(self) -> bool:
        """The provider puts what goes out by its SMTP server into Sent."""
        return quirks.files_sent_itself(self._config.imap.host, self._config.smtp.host, self._connection.greeting, self._connection.capabilities)
