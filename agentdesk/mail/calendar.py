"""An invitation (text/calendar, RFC 5545) in a few readable lines. Recurrences are not expanded, nothing is accepted."""

from __future__ import annotations

import re

from agentdesk.locale import say

_LINES = 500
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\([nN,;\\])")


def to_text(source: str) -> str:
    """What an invitation says of its first event, or the source itself if it holds none."""
    found: dict[str, str] = {}
    inside = False
    for line in source.replace("\n ", "").split("\n")[:_LINES]:
        name, _, value = line.partition(":")
        key = name.split(";")[0].strip().upper()
        if key == "BEGIN":
            inside = inside or value.strip().upper() == "VEVENT"
        elif key == "END" and value.strip().upper() == "VEVENT":
            break
        elif key == "METHOD" or inside:
            found.setdefault(key, value.strip())
    if "SUMMARY" not in found and "DTSTART" not in found:
        return source
    cancelled = "CANCEL" in (found.get("METHOD", "").upper(), found.get("STATUS", "").upper()[:6])
    lines = [say("mail.cancelled" if cancelled else "mail.invitation", summary=_text(found.get("SUMMARY", "")))]
    if when := _when(found.get("DTSTART", "")):
        until = _when(found.get("DTEND", ""))
        lines.append(say("mail.when", when=f"{when} – {until}" if until and until != when else when))
    if place := _text(found.get("LOCATION", "")):
        lines.append(say("mail.where", where=place))
    if organizer := _text(found.get("ORGANIZER", "")).removeprefix("mailto:").removeprefix("MAILTO:"):
        lines.append(say("mail.organizer", who=organizer))
    return "\n".join(lines)


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], value)[:300]


def _when(value: str) -> str:
    stamp = _STAMP.match(value)
    if stamp is None:
        return ""
    day = f"{stamp[1]}-{stamp[2]}-{stamp[3]}"
    return f"{day} {stamp[4]}:{stamp[5]}{' UTC' if stamp[6] else ''}" if stamp[4] else day
