"""When a server wants to be left alone, and for how long.

Servers say so in words more than in codes, at login, in the middle of work, and with BYE: Gmail "[OVERQUOTA] Account exceeded command
or bandwidth limits" and "Too many simultaneous connections" (support.google.com/a/answer/1071518: 2,500 MB a day, 15 connections),
Microsoft 365 "Request is throttled. Suggested Backoff Time: 299609 milliseconds" (imapsync/imapsync#198), Dovecot "Maximum number of
connections from user+IP exceeded". Read on 2026-11-21.
"""

from __future__ import annotations

import re

from agentdesk.channels.base import ChannelDown
from agentdesk.config import ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

_BACKOFF = re.compile(r"(?i)backoff time: *([0-9]{1,9}) *milliseconds")
_DAY = re.compile(r"(?i)bandwidth limit|exceeded .{0,40}(?:bandwidth|download|daily|quota for)")
_WORDS = re.compile(
    r"(?i)\bthrottled\b|rate[- ]?limit|too many (?:simultaneous |concurrent |open )?(?:connections|sessions|requests|commands)"
    r"|(?:maximum|max) number of connections|connections? (?:limit|quota) (?:exceeded|reached)|server (?:is )?(?:too )?busy"
)
_CODES = {"UNAVAILABLE": 60.0, "INUSE": 60.0, "LIMIT": 120.0, "SERVERBUG": 60.0, "CONTACTADMIN": 300.0}
"""Of RFC 5530, 3, where it is a connection that is refused: it is not the password's fault."""

SHORT, LONG, LONGEST = 120.0, 1800.0, 3600.0


def by_words(text: str) -> float:
    """Seconds to keep away, by what a server says in answer to whatever; 0 if it does not say so.

    A limit of a day is asked about twice an hour: it ends when the provider's day does, which nobody is told.
    """
    if found := _BACKOFF.search(text):
        return min(max(int(found[1]) / 1000, 5.0), LONGEST)
    if _DAY.search(text):
        return LONG
    return SHORT if _WORDS.search(text) else 0.0


def at_the_door(code: str, text: str) -> float:
    """Likewise where a connection or a login is refused, or ended with BYE."""
    return by_words(text) or _CODES.get(code, 0.0)


def down(url: ServerUrl, reason: str, pause: float) -> ChannelDown:
    """The end of a connection, in words; `pause` as above."""
    words = say("channels.lost", server=str(url), reason=clean_line(reason))
    if not pause:
        return ChannelDown(words)
    return ChannelDown(say("channels.limited", server=str(url), detail=clean_line(reason), minutes=max(1, round(pause / 60))), pause)
