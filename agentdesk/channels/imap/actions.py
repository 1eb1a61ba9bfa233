"""What is done to messages: marks, moves, and copies in Sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentdesk.channels.base import FolderFull, Trace
from agentdesk.channels.imap import folders, traces
from agentdesk.channels.imap.commands import number_range, word
from agentdesk.channels.imap.mailbox import Mailbox
from agentdesk.channels.imap.responses import size_of
from agentdesk.channels.imap.resync import FolderSync
from agentdesk.domain.mailbox import Role
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.headers import message_id as first_message_id
from agentdesk.mail.headers import parse_fields

_LATEST = 10
"""Of Sent, looked at by themselves besides searching: an index may lag behind what was just filed."""


def set_seen(mailbox: Mailbox, message: int, *, seen: bool) -> None:
    """Set or take away the flag, wherever the message lies."""
    mailbox.find()
    for sync, place in mailbox.places(message):
        flags = sync.known.get(place.uid)
        if flags is None or ("\\Seen" in flags) == seen:
            continue
        mailbox.enter(sync)
        if not sync.holds(place):
            continue
        mailbox.session.store([place.uid], ["\\Seen"], add=seen)
        flags = sync.known[place.uid]
        sync.note_flags(place.uid, flags | {"\\Seen"} if seen else flags - {"\\Seen"})


def move(mailbox: Mailbox, message: int, role: Role) -> None:
    """Into the folder of a role, from wherever the message lies except Sent; nothing if it is there already.

    Raises:
        Refused: it is nowhere, or the server would not.
    """
    target = mailbox.folder(role)
    places = mailbox.places(message)
    if not places:
        raise Refused(say("channels.not_there"))
    moved: list[tuple[FolderSync, int]] = []
    for sync, place in places:
        if sync is target or sync.state.role is Role.SENT:
            continue
        mailbox.enter(sync)
        if sync.holds(place):
            mailbox.session.move(place.uid, target.name)
            moved.append((sync, place.uid))
    if not moved:
        return
    # First it is known in its new place, then gone from the old one: in between nobody sees it vanish
    target.entered = False
    mailbox.enter(target)
    while target.due(older=False):
        target.step(mailbox.session, older=False)
    for sync, uid in moved:
        sync.note_gone(uid)


def is_filed(mailbox: Mailbox, message_id: str) -> bool:
    """Whether Sent holds a message with this Message-ID: by search, and by a look at the newest ones."""
    mailbox.find()
    session = mailbox.session
    if Role.SENT not in mailbox.folders and Role.SENT not in folders.find(session.mailboxes()):
        return False
    sync = mailbox.folder(Role.SENT)
    session.selected = ""  # to be selected anew: what was filed a moment ago must count
    mailbox.enter(sync)
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


def file(mailbox: Mailbox, content: bytes, sent_at: datetime) -> None:
    r"""Put a copy into Sent, as read.

    Raises:
        FolderFull: there is no room.
        Refused: the server would not take it.
    """
    session = mailbox.session
    sync = mailbox.folder(Role.SENT)
    answer = session.append(sync.name, content, ["\\Seen"], sent_at)
    if not answer.ok and answer.code()[0] == "TRYCREATE":
        del mailbox.folders[Role.SENT]
        sync = mailbox.folder(Role.SENT)
        answer = session.append(sync.name, content, ["\\Seen"], sent_at)
    if not answer.ok and answer.code()[0] in {"OVERQUOTA", "LIMIT"}:
        raise FolderFull(say("channels.no", server=str(session.connection.url), detail=answer.words))
    session.require(answer)
    sync.entered = False


def look_for(mailbox: Mailbox, message_id: str, since: datetime) -> Trace:
    """What INBOX, Archive and Junk tell of a message of ours."""
    mailbox.find()
    for role in (Role.INBOX, Role.ARCHIVE, Role.JUNK):
        if role in mailbox.folders:
            mailbox.session.selected = ""  # what came a moment ago must count
            mailbox.enter(mailbox.folders[role])
            found = traces.look(mailbox.session, first_message_id(message_id) or message_id, (since - timedelta(days=1)).date())
            if found is not Trace.NONE:
                return found
    return Trace.NONE
