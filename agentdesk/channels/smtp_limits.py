"""What SMTP servers say when one sends too much, and how long to leave them alone then.

Only replies that speak of the sender count. A mailbox that is full, or that gets too much itself (452 4.2.2, 450 4.2.1), is that
recipient's business and holds up nobody else.

Sources: RFC 3463 (4.3.2 and 4.7.x); RFC 4954, 6 (454 4.7.0); Microsoft, "Message storage and concurrent connection throttling for SMTP
Authenticated Submission" (432 4.3.2 "Concurrent connections limit exceeded", 554 5.2.0 beyond 10,000 recipients a day; read 2026-11-21). The other
codes are what Google and Microsoft are known to say, not looked up one by one: 421 4.7.0, 421 4.7.28, 550 5.4.5 and 454 4.7.0; 550 5.1.90 and 550 5.7.705.
"""

from __future__ import annotations

import re

from agentdesk.channels.smtp_line import Reply

SHORT = 120.0
"""Seconds for "slower", "not so many at once"."""
LONG = 3600.0
"""Seconds for a limit of a day: asked again each hour, it goes on when the day of the provider is over."""

_DAILY = re.compile(r"(?i)\bdaily\b|per day|24[- ]hours?|SubmissionQuotaExceeded|quota exceeded for (?:sending|this user)|sending (?:limit|quota)")
_RATE = re.compile(
    r"(?i)too many (?:messages|mails|e-?mails|connections|concurrent|sessions|log-?ins?|requests)|rate[- ]?limit|\brate\b.{0,40}exceed|exceed.{0,40}\brate\b"
    r"|(?:connections?|messages?|sending|hourly|submission) (?:rate )?(?:limit|quota)|limit exceeded|throttl|slow down|unusual rate"
)
_DAILY_CODES = frozenset({"5.4.5", "4.4.5", "5.1.90", "5.7.705"})
_RATE_CODES = frozenset({"4.7.0", "4.7.28", "4.3.2"})
_ABOUT_RECIPIENT = re.compile(r"(?i)user you are trying to contact|recipient(?:'s)? (?:mailbox|inbox)|is receiving mail|gr[ea]y-?list")
_FOR_GOOD = frozenset({"5.2.0"})
"""Said with 5xx though it is no "no": only together with words about a limit."""


def pause_for(reply: Reply, *, of_recipient: bool = False) -> float:
    """Seconds to send nothing on this channel after a reply; 0 if it says nothing about a limit of the sender.

    Args:
        of_recipient: it answered RCPT; there a plain "later" is the recipient's.
    """
    if reply.good or reply.code < 400 or _ABOUT_RECIPIENT.search(reply.text):
        return 0.0
    code = reply.enhanced
    if reply.final:
        daily = code in _DAILY_CODES or (code in _FOR_GOOD and _DAILY.search(reply.text) is not None)
        return LONG if daily else 0.0
    if of_recipient and code.startswith("4.2."):
        return 0.0
    if code in _DAILY_CODES or _DAILY.search(reply.text):
        return LONG
    if _RATE.search(reply.text) or reply.code in {421, 432} or (code in _RATE_CODES and not of_recipient):
        return SHORT
    return 0.0


def for_now(reply: Reply) -> bool:
    """Whether it is to be tried again: 4xx, and a 5xx whose enhanced code speaks of a limit that ends."""
    return not reply.good and (not reply.final or pause_for(reply) > 0)
