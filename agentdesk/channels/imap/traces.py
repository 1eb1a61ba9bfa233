"""What a folder tells of a message of ours whose outcome is not known: a copy that came back, an answer, a delivery report."""

from __future__ import annotations

import re
from datetime import date

from agentdesk.channels.base import Trace
from agentdesk.channels.imap.commands import day, number_set, text, word
from agentdesk.channels.imap.responses import Runs
from agentdesk.channels.imap.session import Session
from agentdesk.errors import Refused
from agentdesk.mail.headers import message_id as first_message_id
from agentdesk.mail.headers import parse_fields

MOST = 20
"""Messages looked at, the newest: whatever names the message more often says no more."""

_FIELDS = word("BODY.PEEK[HEADER.FIELDS (MESSAGE-ID CONTENT-TYPE FROM RETURN-PATH)]")
_REPORT = re.compile(r"(?i)^\s*multipart/report\b")
_DAEMON = re.compile(r"(?i)\b(?:mailer-daemon|postmaster)\b")


def look(session: Session, message_id: str, since: date) -> Trace:
    """What the selected folder has of it, of mail received since a day.

    A report quotes the headers of what was not delivered (RFC 3462), an answer names it (RFC 5322, 3.6.4), so all of a message is searched.
    """
    try:
        found = session.search(word("SINCE"), day(since), word("TEXT"), text(message_id))
    except (Refused, ValueError):  # a server that can't search for this
        return Trace.NONE
    traces = set[Trace]()
    newest = _newest(found)
    if newest:
        for one in session.fetch((number_set(newest), (word("UID"), _FIELDS))).found:
            header = one.content("HEADER.FIELDS")
            if header:
                traces.add(_kind(header, message_id))
    return next((trace for trace in (Trace.COPY, Trace.ANSWER, Trace.REPORT) if trace in traces), Trace.NONE)


def _kind(header: bytes, message_id: str) -> Trace:
    fields = parse_fields(header)
    if first_message_id(fields.first("message-id")) == message_id:
        return Trace.COPY
    if _REPORT.match(fields.first("content-type")) or _DAEMON.search(fields.first("from")):
        return Trace.REPORT
    return Trace.ANSWER


def _newest(found: Runs) -> list[int]:
    """The highest numbers of a set, which is never expanded."""
    numbers: list[int] = []
    for first, last in sorted(found, reverse=True):
        numbers += range(last, max(first, last - MOST) - 1, -1)
        if len(numbers) >= MOST:
            break
    return sorted(numbers[:MOST])
