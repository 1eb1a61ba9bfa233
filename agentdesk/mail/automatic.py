"""Whether a machine wrote a message (RFC 3834, RFC 3464, RFC 5965, RFC 2919, and what mail systems do in practice)."""

from __future__ import annotations

import re

from agentdesk.domain.message import Address
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.headers import Fields

FIELDS: tuple[str, ...] = (
    "auto-submitted",
    "precedence",
    "list-id",
    "list-unsubscribe",
    "return-path",
    "content-type",
    "x-auto-response-suppress",
    "x-autoreply",
    "x-autorespond",
    "x-failed-recipients",
    "feedback-id",
    "mailing-list",
    "x-mlserver",
)
"""The fields that are looked at."""

_BULK = re.compile(r"bulk|junk|list|auto[-_]?reply", re.IGNORECASE)
_REPORT = re.compile(r"multipart/report|report-type\s*=|message/(?:delivery-status|feedback-report|disposition-notification)", re.IGNORECASE)
_ROBOT = re.compile(
    r"(?:mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|no[-_.]?reply|do[-_.]?not[-_.]?reply|donotreply|bounces?|autoreply|auto-reply"
    r"|non[-_.]?rispondere|nicht[-_.]?antworten|ne[-_.]?pas[-_.]?repondre|owner-.+|.+-(?:owner|request|bounces?)|listserv|majordomo"
    r"|mdaemon|mmdf|smtp|uucp|microsoftexchange[0-9a-f]{8,}|complaints?|abuse|feedbackloop|fbl)(?:[+=].*)?",
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
    """Sent by a machine: a list, an absence notice, a bounce, a report; or by nobody who says who they are. Never answered automatically."""
    if not sender.address and not sender.name:
        return True
    submitted = fields.first("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if _BULK.match(fields.first("precedence").strip()) or fields.has("list-id") or fields.has("list-unsubscribe"):
        return True
    if fields.has("return-path") and "".join(fields.first("return-path").split()) == "<>":
        return True
    if any(fields.has(name) for name in ("x-autoreply", "x-autorespond", "x-failed-recipients", "mailing-list", "x-mlserver")):
        return True
    suppressed = fields.first("x-auto-response-suppress").lower()
    if any(word in suppressed for word in ("all", "autoreply", "oof")):
        return True
    if _REPORT.search(fields.first("content-type")[:2_000]):
        return True
    if _AWAY.match(_REPLY_PREFIX.sub("", fields.text("subject")[:300], count=1)):
        return True
    return (fields.has("feedback-id") or _is_robot(sender)) and not _through_a_form(fields, sender)


def _is_robot(address: Address) -> bool:
    return bool(_ROBOT.fullmatch(address.identity.rpartition("@")[0] or address.identity))


def _through_a_form(fields: Fields, sender: Address) -> bool:
    """A shop's contact form sends from a robot's address what a person wrote, whom Reply-To names."""
    people, _ = parse_addresses(fields.first("reply-to"))
    return any("@" in one.address and one.identity != sender.identity and not _is_robot(one) for one in people)
