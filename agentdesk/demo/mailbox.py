r"""The shop's mailbox: pymap's IMAP server over the journal.

pymap's in-memory backend forgets: UIDs begin at 101 and UIDVALIDITY is new at each start, and STORE drops keywords because
PERMANENTFLAGS has no `\*`. The subclasses here take UIDs, UIDVALIDITY and flags from the journal, write every change there
before the client hears of it, and load a message's content when somebody asks for it (so a start costs milliseconds,
however many messages there are).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from argparse import Namespace
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import LoadedMessage, MailboxData, MailboxSet, Message
from pymap.concurrent import Event, Subsystem
from pymap.config import BackendCapability
from pymap.flags import FlagOp
from pymap.imap import IMAPServer
from pymap.interfaces.message import CachedMessage
from pymap.mailbox import MailboxSnapshot
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, ObjectId
from pymap.parsing.specials.flag import Flag, Recent, Wildcard, get_system_flags
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from agentdesk.demo.journal import Folder, Journal, MailRow
from agentdesk.demo.structure import StructuredMessage

_log = logging.getLogger(__name__)

LINE_LIMIT = 1 << 20
"""Longest command line: asyncio's 64 KiB would cut a client's long UID set off."""
KEPT_CONTENTS = 256


class _Contents:
    """Parsed messages, the last few kept."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: OrderedDict[int, MessageContent] = OrderedDict()

    def get(self, content: int) -> MessageContent:
        parsed = self._kept.get(content)
        if parsed is None:
            parsed = MessageContent.parse(self._journal.content(content))
            self._kept[content] = parsed
            if len(self._kept) > KEPT_CONTENTS:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(content)
        return parsed


class _Mail(Message):
    """A message whose content stays in the journal until it is wanted."""

    __slots__ = ["_contents", "row"]

    def __init__(self, row: MailRow, contents: _Contents, *, recent: bool = False) -> None:
        super().__init__(row.uid, row.received, _flags(row.flags), recent=recent)
        self.row = row
        self._contents = contents

    async def load_content(self, requirement: FetchRequirement) -> LoadedMessage:
        wanted = not requirement.has_none(FetchRequirement.CONTENT)
        return StructuredMessage(self, requirement, self._contents.get(self.row.content) if wanted else None)

    def now(self) -> MailRow:
        """The row with the flags of this moment."""
        return MailRow(self.row.uid, self.row.content, self.row.received, _names(self.permanent_flags))


class _Snapshot(MailboxSnapshot):
    __slots__: list[str] = []

    @property
    def flags(self) -> frozenset[Flag]:
        r"""`\*` belongs into PERMANENTFLAGS only (RFC 3501 7.2.6)."""
        return super().flags - {Wildcard}


class _Folder(MailboxData):
    """A folder of the journal."""

    def __init__(self, journal: Journal, contents: _Contents, folder: Folder, hidden: MailboxSet) -> None:
        super().__init__(hidden._content_cache, hidden._thread_cache)  # noqa: SLF001 - pymap's base class wants them; unused here
        self.name = folder.name
        self._journal = journal
        self._contents = contents
        self._uid_validity = folder.uid_validity
        self._max_uid = folder.uid_next - 1
        self._messages = {row.uid: _Mail(row, contents) for row in journal.mails(folder.name)}
        self._mod_sequences.update(list(self._messages))

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return (get_system_flags() - {Recent}) | {Wildcard}

    async def snapshot(self) -> MailboxSnapshot:
        plain = await super().snapshot()
        return _Snapshot(
            plain.mailbox_id,
            plain.readonly,
            plain.uid_validity,
            plain.permanent_flags,
            plain.session_flags,
            plain.exists,
            plain.recent,
            plain.unseen,
            plain.first_unseen,
            plain.next_uid,
        )

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """Waits (IDLE) only if the client knows everything: pymap's event is lost on whoever is not waiting yet."""
        known = selected.mod_sequence
        behind = known is not None and known < self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=None if behind else wait_on)

    # No locks: what follows never gives way between the journal and memory, so a UID is never seen before a smaller one.

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        received = append_msg.when or datetime.now(UTC)
        raw = bytes(append_msg.literal)
        return self.take(self._journal.add_mail(self.name, raw, received, _names(append_msg.flag_set)), recent=recent)

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        assert isinstance(destination, _Folder)
        message = self._messages.get(uid)
        if not isinstance(message, _Mail):
            return None
        return destination.take(self._journal.copy_mail(message.now(), destination.name), recent=recent).uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        assert isinstance(destination, _Folder)
        message = self._messages.get(uid)
        if not isinstance(message, _Mail):
            return None
        row = self._journal.move_mail(message.now(), self.name, destination.name)
        self._forget([uid])
        return destination.take(row, recent=recent).uid

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        message = await self.get(uid, cached_msg)
        flags = mode.apply(message.permanent_flags, flag_set)
        if message.expunged or flags == message.permanent_flags:
            return message
        self._journal.set_flags(self.name, uid, _names(flags))
        message.permanent_flags = flags
        self._mod_sequences.update([uid])
        self._updated.set()
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        gone = [uid for uid in uids if uid in self._messages]
        if gone:
            self._journal.remove_mails(self.name, gone)
            self._forget(gone)

    def take(self, row: MailRow, *, recent: bool) -> Message:
        """A row that the journal has just got."""
        self._max_uid = row.uid
        message = self._messages[row.uid] = _Mail(row, self._contents, recent=recent)
        self._mod_sequences.update([row.uid])
        self._updated.set()
        return message

    def _forget(self, uids: list[int]) -> None:
        for uid in uids:
            self._messages.pop(uid, None)
        self._mod_sequences.expunge(uids)
        self._updated.set()


class _Folders(MailboxSet):
    """The folders of the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self._contents = _Contents(journal)
        for folder in journal.folders():
            opened = _Folder(journal, self._contents, folder, self)
            if folder.name == "INBOX":
                self._inbox = opened
            else:
                self._set[folder.name] = opened
            self._subscribed[folder.name] = folder.subscribed

    async def set_subscribed(self, name: str, subscribed: bool) -> None:
        self._journal.subscribe(name, subscribed=subscribed)
        await super().set_subscribed(name, subscribed)

    async def add_mailbox(self, name: str) -> ObjectId:
        if name.upper() == "INBOX" or name in self._set:
            raise ValueError(name)
        opened = _Folder(self._journal, self._contents, self._journal.add_folder(name), self)
        self._set[name] = opened
        return opened.mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        await super().delete_mailbox(name)
        self._journal.remove_folder(name)

    async def rename_mailbox(self, before: str, after: str) -> None:
        if before.upper() == "INBOX":
            raise ValueError(after)  # renaming INBOX moves its mail (RFC 3501 6.3.5); nobody needs that here
        await super().rename_mailbox(before, after)
        for folder in self._set.values():
            if isinstance(folder, _Folder) and (folder.name == before or folder.name.startswith(before + "/")):
                renamed = after + folder.name[len(before) :]
                self._journal.rename_folder(folder.name, renamed)
                folder.name = renamed


class _Config(Config):
    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=False, multi_append=True)

    @property
    def greeting(self) -> bytes:
        return b"Casa Verde demo ready"  # pymap asks the resolver for its host name, which can take seconds


class Mailbox:
    """The IMAP server and a door for mail from outside."""

    def __init__(self, journal: Journal, user: str, password: str) -> None:
        self._folders = _Folders(journal)
        self._config = _Config(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host="127.0.0.1",
            port=0,
            demo_data=False,
            demo_user=user,
            demo_password=password,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),  # never used; else CA files are read at each start
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )
        self._config.set_cache[user] = (self._folders, FilterSet())
        self._login = Login(self._config)
        self._login.users_dict[user] = UserMetadata(self._config, user, password=password)
        self._imap = IMAPServer(self._login, self._config)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._came = asyncio.Event()

    async def start(self, listener: socket.socket) -> None:
        self._config.apply_context()
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=LINE_LIMIT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        self._quiet.clear()
        self._came.set()
        try:
            await self._imap(reader, writer, SocketInfo.get(writer, None))
        except Exception:  # noqa: BLE001 - a client's mischief must not end the server
            _log.exception("an IMAP connection ended badly")
        finally:
            self._clients.discard(task)
            if not self._clients:
                self._quiet.set()

    @property
    def clients(self) -> int:
        return len(self._clients)

    async def quiet_for(self, seconds: float) -> None:
        """Until nobody has been connected for so long."""
        while True:
            await self._quiet.wait()
            self._came.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._came.wait()
            except TimeoutError:
                return

    async def deliver(self, raw: bytes, received: datetime | None = None) -> int:
        """Mail from outside: into INBOX, unread; clients in IDLE hear of it at once. Returns its UID."""
        inbox = await self._folders.get_mailbox("INBOX")
        return (await inbox.append(AppendMessage(raw, received), recent=True)).uid

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        clients = list(self._clients)
        for task in clients:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.gather(*clients, return_exceptions=True)


def _flags(names: Iterable[str]) -> frozenset[Flag]:
    return frozenset(Flag(name) for name in names)


def _names(flags: Iterable[Flag]) -> frozenset[str]:
    return frozenset(str(flag) for flag in flags if flag != Recent)
