"""What is known of particular servers beyond what they announce. Each entry says since when, from where, and what it changes.

A server is known by its name, by its greeting, or by a capability of its own. Several entries may hold for one. What is not in
the table is believed, and every contradiction is found out while it happens (`resync`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to do otherwise with a server."""

    compresses: bool = False
    """It is likely to have COMPRESS=DEFLATE though it announces that only after login: asking for it together with the login
    saves a round trip of three. One that has it not answers BAD, and nothing is lost."""
    one_by_one: bool = False
    """A command is sent only after the one before was answered."""
    done_alone: bool = False
    """Nothing is sent together with the DONE that ends IDLE."""
    identify: bool = False
    """It opens no mailbox to who has not said its name (ID, RFC 2971)."""
    without: frozenset[str] = frozenset()
    """Capabilities it names and does not keep."""
    notify_per_mailbox: bool = False
    """NOTIFY is ended before another mailbox is selected, and asked for anew."""
    files_sent: bool = False
    """What goes out by its own SMTP server it puts into Sent itself."""

    def also(self, other: Quirks) -> Quirks:
        together = {one.name: getattr(self, one.name) | getattr(other, one.name) for one in fields(self)}
        return Quirks(**together)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    who: str
    since: str
    """When it was last looked at."""
    source: str
    does: Quirks
    hosts: re.Pattern[str] | None = None
    greets: re.Pattern[bytes] | None = None
    capability: str = ""

    def holds(self, host: str, greeting: bytes, capabilities: Collection[str]) -> bool:
        return (
            (self.hosts is not None and self.hosts.fullmatch(host.lower()) is not None)
            or (self.greets is not None and self.greets.search(greeting) is not None)
            or bool(self.capability and self.capability in capabilities)
        )


TABLE = (
    Entry(
        "Dovecot", "2026-12-01",
        "2.3.19, measured: COMPRESS=DEFLATE is among the capabilities only after login; where NOTIFY tells of new messages with header fields, the "
        "process may end by an assertion (mail.c: headers->box == mail->box) when one comes into a mailbox that was selected after the first",
        Quirks(compresses=True, notify_per_mailbox=True), greets=re.compile(rb"(?i)dovecot"),
    ),
    Entry(
        "Gmail and Google Workspace", "2026-11-21", "support.google.com/mail/answer/78892: messages sent by SMTP are copied to Sent",
        Quirks(files_sent=True), hosts=re.compile(r"(?:.*\.)?(?:gmail|googlemail|google)\.com"), greets=re.compile(rb"(?i)\bGimap\b"),
        capability="X-GM-EXT-1",
    ),
    Entry(
        "Microsoft 365 and Outlook.com", "2026-11-21", "nextcloud/documentation#15015: Exchange saves what is sent into Sent by itself",
        Quirks(files_sent=True), hosts=re.compile(r"(?:.*\.)?(?:office365|outlook|office|hotmail)\.com"),
        greets=re.compile(rb"(?i)Microsoft Exchange IMAP4 service"),
    ),
    Entry(
        "iCloud", "2026-11-21", "Foundry376/Mailspring-Sync#91, developer.apple.com/forums/thread/694251: VANISHED is malformed, mail seems deleted",
        Quirks(without=frozenset({"QRESYNC"})), hosts=re.compile(r"(?:.*\.)?imap\.mail\.me\.com"),
    ),
    Entry(
        "NetEase (163.com, 126.com, yeah.net)", "2026-11-21", "OfflineIMAP/offlineimap3#71, pimalaya/himalaya#651: SELECT is refused as an unsafe login without ID",
        Quirks(identify=True), hosts=re.compile(r"(?:.*\.)?(?:163|126|188|yeah)\.(?:com|net)"),
    ),
    Entry(
        "Stalwart", "2026-11-21", "stalwartlabs/stalwart#765: before 0.10, which the greeting does not tell, what comes in one packet with DONE is lost",
        Quirks(done_alone=True), greets=re.compile(rb"(?i)stalwart"),
    ),
    Entry(
        "twisted.mail", "2026-11-21", "twisted/twisted#9282: a command that follows SELECT at once is answered before it, as unknown",
        Quirks(one_by_one=True), greets=re.compile(rb"(?i)twisted"),
    ),
)  # fmt: skip


def of(host: str, greeting: bytes, capabilities: Collection[str] = ()) -> Quirks:
    """What holds for a server, as far as one knows by now."""
    known = Quirks()
    for entry in TABLE:
        if entry.holds(host, greeting, capabilities):
            known = known.also(entry.does)
    return known


def files_sent_itself(imap_host: str, smtp_host: str, greeting: bytes, capabilities: Collection[str] = ()) -> bool:
    """Whether a provider puts what goes out by its SMTP server into Sent. A mailbox there whose mail goes out elsewhere gets no copy."""
    return any(
        entry.does.files_sent and entry.hosts is not None and entry.hosts.fullmatch(smtp_host.lower()) is not None
        and entry.holds(imap_host, greeting, capabilities)
        for entry in TABLE
    )  # fmt: skip
