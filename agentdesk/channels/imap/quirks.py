"""What is known of particular servers beyond what they announce. Each entry changes what we send, and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to assume of a server before it says so."""

    compresses: bool = False
    """It is likely to have COMPRESS=DEFLATE though it announces that only after login: asking for it together with the login
    saves a round trip of three. One that has it not answers BAD, and nothing is lost."""

    @classmethod
    def of(cls, greeting: bytes) -> Quirks:
        return cls(compresses=b"dovecot" in greeting.lower())


_FILES_SENT = (
    # Gmail and Google Workspace (support.google.com/mail/answer/78892: "messages sent by SMTP are copied to Sent"), 2026-11-21
    (re.compile(r"(?:.*\.)?(?:gmail|googlemail|google)\.com"), re.compile(rb"(?i)\bGimap\b")),
    # Microsoft 365 and Outlook.com (SMTP client submission saves into Sent Items), 2026-11-21
    (re.compile(r"(?:.*\.)?(?:office365|outlook|office|hotmail)\.com"), re.compile(rb"(?i)Microsoft Exchange IMAP4 service")),
)


def files_sent_itself(imap_host: str, smtp_host: str, greeting: bytes) -> bool:
    """Whether a provider puts what goes out by its SMTP server into Sent: known by the names of its servers, or by its greeting where the
    mailbox has a name of its own. A mailbox there whose mail goes out elsewhere gets no copy."""
    for hosts, says in _FILES_SENT:
        if hosts.fullmatch(smtp_host.lower()) and (hosts.fullmatch(imap_host.lower()) or says.search(greeting)):
            return True
    return False
