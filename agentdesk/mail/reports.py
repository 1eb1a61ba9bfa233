"""What a report on a message says, in words: delivery status (RFC 3464), disposition notification (RFC 8098), complaint (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentdesk.domain.clean import clean_line
from agentdesk.locale import say
from agentdesk.mail import limits
from agentdesk.mail.headers import Fields, message_id, parse_fields

STATUS, READ, COMPLAINT = "message/delivery-status", "message/disposition-notification", "message/feedback-report"
KINDS = frozenset({STATUS, READ, COMPLAINT, "message/global-delivery-status", "message/global-disposition-notification"})
ORIGINALS = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
"""What of the message it is about comes with a report."""
FAILED = "undelivered"
"""Mark of a report that a message did not arrive."""

_BLANK = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID_IN_TEXT = re.compile(r"(?im)^[ \t>|]{0,8}message-id:\s{0,4}(<[^<>\s]{1,900}>)")
_IN_WORDS = (
    (re.compile(r"(?i)quota|mailbox (?:is )?full|over ?quota|insufficient (?:system )?storage|exceeded storage"), "full"),
    (re.compile(r"(?i)unknown user|user unknown|no such (?:user|mailbox|recipient|address)|does ?n[o']t exist|unknown (?:recipient|address|mailbox)"
                r"|invalid (?:recipient|mailbox|address)|recipient (?:address )?(?:rejected|unknown)|mailbox (?:not found|unavailable)|not a valid"), "address"),
    (re.compile(r"(?i)(?:message|mail|size)\b.{0,40}\b(?:too (?:large|big)|exceeds|limit)"), "size"),
    (re.compile(r"(?i)host (?:unknown|not found)|domain (?:not found|does not exist)|no mx\b|unrouteable"), "domain"),
    (re.compile(r"(?i)spam|blocked|black ?list|blocklist|policy|not authori[sz]ed|access denied|reputation|refused"), "refused"),
    (re.compile(r"(?i)timed? ?out|connection (?:refused|lost)|unreachable|could not connect"), "network"),
)  # fmt: skip
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
# RFC 3463: the second and third number of a status code; the exact pair first, else the class
_REASONS = {
    "1.1": "address", "1.2": "domain", "1.3": "address", "1.6": "moved", "1.10": "domain", "1": "address",
    "2.1": "off", "2.2": "full", "2.3": "size", "2": "mailbox",
    "3.4": "size", "3": "system", "4.7": "expired", "4": "network", "5": "protocol", "6": "content", "7": "refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    lines: tuple[str, ...]
    failed: bool = False
    original: str = ""
    """Message-ID of the message it is about, if this part names it."""


def read(kind: str, content: bytes) -> Report:
    """One machine-readable part of a report."""
    groups = [parse_fields(block) for block in _BLANK.split(content.strip())[: limits.REPORT_RECIPIENTS + 1]]
    if kind.endswith("disposition-notification"):
        return _disposition(groups[0])
    if kind == COMPLAINT:
        return _complaint(groups[0])
    return _status(groups)


def about(header: bytes) -> tuple[str, str]:
    """Subject and Message-ID of the message a report is about, by what came of it."""
    fields = parse_fields(header)
    return fields.text("subject")[: limits.SUBJECT_CHARACTERS], message_id(fields.first("message-id"))


def original_in_text(text: str) -> str:
    """The Message-ID in the copy of the original that older mail servers put below their words, or "" if there is none."""
    found = _ID_IN_TEXT.search(text[:200_000])
    return found[1] if found else ""


def _status(groups: list[Fields]) -> Report:
    lines: list[str] = []
    failed = False
    for fields in groups:
        action = fields.first("action").split("(")[0].strip().lower()
        who = _who(fields)
        if action not in _ACTIONS or not who:
            continue
        failed = failed or action == "failed"
        said = clean_line(fields.text("diagnostic-code").partition(";")[2] or fields.text("diagnostic-code"))[:300]
        lines.append(say(f"mail.report.{action}", who=who, why=say(f"mail.report.why.{_reason(fields.first('status'), said)}")))
        if said and action in {"failed", "delayed"}:
            lines.append(say("mail.report.said", words=said))
    return Report(tuple(lines), failed)


def _reason(status: str, said: str) -> str:
    """By the code; where that says nothing (5.0.0), by one in the server's words, and then by those."""
    for text in (status, said):
        for code in _CODE.finditer(text[:400]):
            found = _REASONS.get(f"{int(code[2])}.{int(code[3])}") or _REASONS.get(str(int(code[2])))
            if found:
                return found
    return next((reason for words, reason in _IN_WORDS if words.search(said)), "unknown")


def _who(fields: Fields) -> str:
    given = fields.text("original-recipient") or fields.text("final-recipient")
    return clean_line(given.partition(";")[2] or given).strip("<>")[:320]


def _disposition(fields: Fields) -> Report:
    what = fields.first("disposition").partition(";")[2].partition("/")[0].strip().lower()
    key = what if what in {"displayed", "deleted"} else "processed"
    lines = (say(f"mail.report.{key}", who=who),) if (who := _who(fields)) else ()
    return Report(lines, original=message_id(fields.first("original-message-id")))


def _complaint(fields: Fields) -> Report:
    who = clean_line(fields.text("original-rcpt-to")).strip("<>")[:320]
    return Report((say("mail.report.complaint", who=who) if who else say("mail.report.complaint_of_somebody"),))
