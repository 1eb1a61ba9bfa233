"""Whether a machine wrote a message (RFC 3834, RFC 3464, RFC 5965, RFC 2919, and what mail systems do in practice)."""

from __future__ import annotations

import re

from agentdesk.domain.message import Address
from agentdesk.mail.headers import Fields

FIELDS: tuple[str, ...] = (
    "auto-submitted",
    "precedence",
    "list-id",
    "return-path",
    "content-type",
    "x-auto-response-suppress",
    "x-autoreply",
    "x-autorespond",
    "x-failed-recipients",
    "feedback-id",
)
"""The fields that are looked at."""

_BULK = re.compile(r"bulk|junk|list|auto[-_]?reply", re.IGNORECASE)
_REPORT = re.compile(r"multipart/report|report-type\s*=|message/(?:delivery-status|feedback-report|disposition-notification)", re.IGNORECASE)
_ROBOT = re.compile(
    r"(?:mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|no[-_.]?reply|do[-_.]?not[-_.]?reply|donotreply|bounces?|autoreply|auto-reply"
    r"|non[-_.]?rispondere|nicht[-_.]?antworten|ne[-_.]?pas[-_.]?repondre|owner-.+|.+-(?:owner|request|bounces?)|listserv|majordomo"
    r"|mdaemon|mmdf|smtp|uucp|microsoftexchange[0-9a-f]{8,}|complaints?|abuse|feedbackloop|fbl|staff@hotmail\.com)(?:[+=].*)?",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(?:auto(?:matic|matische|matique|matica|mática)?[-\s:]*(?:repl(?:y|ies)|response|antwort|risposta|respuesta|resposta|reply|antwoord)"
    r"|automatisch(?:e antwort| antwoord| afwezig)|risposta automatica|r[ée]ponse automatique|respuesta autom[aá]tica|resposta autom[aá]tica"
    r"|out of (?:the )?office|fuori (?:ufficio|sede)|abwesenheits(?:notiz|nachricht|assistent)?|absence du bureau|message d['’]absence|fuera de (?:la )?oficina"
    r"|undeliver(?:able|ed)(?:\s+mail)?|delivery status notification|mail delivery (?:failed|failure|subsystem)|returned mail|failure notice|complaint about message from|mancato recapito|unzustellbar)",
    re.IGNORECASE,
)
_REPLY_PREFIX = re.compile(r"(?:(?:re|r|aw|fwd?|i|tr|wg)\s*:\s*){0,3}", re.IGNORECASE)


def is_automatic(fields: Fields, sender: Address) -> bool:
    """Sent by a machine: a list, an absence notice, a bounce, a report. Never answered automatically."""
    submitted = fields.first("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if _BULK.match(fields.first("precedence").strip()) or fields.has("list-id") or fields.has("feedback-id"):
        return True
    if fields.has("return-path") and "".join(fields.first("return-path").split()) == "<>":
        return True
    if any(fields.has(name) for name in ("x-autoreply", "x-autorespond", "x-failed-recipients")):
        return True
    suppressed = fields.first("x-auto-response-suppress").lower()
    if any(word in suppressed for word in ("all", "autoreply", "oof")):
        return True
    if _REPORT.search(fields.first("content-type")[:2_000]):
        return True
    subject = fields.text("subject")[:300]
    return bool(
        _ROBOT.fullmatch(sender.identity.rpartition("@")[0] or sender.identity)
        or _AWAY.match(subject, _REPLY_PREFIX.match(subject).end())  # type: ignore[union-attr]  # it matches the empty string too
    )
