"""The customers' mail programs: how what they write becomes a message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, make_msgid, parseaddr
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from agentdesk.demo import shop
from agentdesk.demo.season_types import Attachment

_INTRODUCTIONS = {
    "it": "Il giorno {date} alle ore {time} {name} <{address}> ha scritto:",
    "en": "On {date} at {time}, {name} <{address}> wrote:",
    "de": "Am {date} um {time} schrieb {name} <{address}>:",
    "fr": "Le {date} à {time}, {name} <{address}> a écrit :",
}
_REPLY_MARKS = ("re:", "r:", "aw:", "rif:", "sv:")


def write(
    *,
    name: str,
    address: str,
    subject: str,
    text: str,
    at: datetime,
    attachments: Sequence[Attachment] = (),
    answers: bytes | None = None,
    language: str = "it",
) -> bytes:
    """A customer's message to the shop, as the shop's mail server hands it on.

    `answers` is the message of ours it answers: quoted below, with In-Reply-To, References and "Re:" (RFC 5322 3.6.4).
    """
    letter = EmailMessage(policy=policy.SMTP)
    domain = address.rpartition("@")[2] or "customers.example"
    letter["Return-Path"] = f"<{address}>"
    letter["Authentication-Results"] = (
        f"mx.{shop.DOMAIN}; spf=pass smtp.mailfrom={address}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
    )
    letter["Date"] = format_datetime(at)
    ours = None if answers is None else message_from_bytes(answers, policy=policy.default)
    letter["From"] = formataddr((name or _called(ours, address), address))
    letter["To"] = formataddr((shop.NAME, shop.SUPPORT))
    letter["Message-ID"] = make_msgid(domain=domain)
    if ours is not None:
        message_id = _one_line(ours.get("Message-ID"))
        before = _one_line(ours.get("References")) or _one_line(ours.get("In-Reply-To"))
        if message_id:
            letter["In-Reply-To"] = message_id
            letter["References"] = f"{before} {message_id}".strip()
        subject = answer_subject(_one_line(ours.get("Subject")))
        text = f"{text.rstrip()}\n\n{_quote(ours, language)}"
    letter["Subject"] = _one_line(subject)
    letter.set_content(text.replace("\r\n", "\n"), cte="quoted-printable")
    for file in attachments:
        kind, _, sub = file.type.partition("/")
        letter.add_attachment(
            file.content, maintype=kind or "application", subtype=sub or "octet-stream", filename=file.name
        )
    return letter.as_bytes()


def answer_subject(subject: str) -> str:
    return subject if subject.lower().startswith(_REPLY_MARKS) else f"Re: {subject}"


def text_of(raw: bytes) -> str:
    """What a customer sees of a message."""
    return _text(message_from_bytes(raw, policy=policy.default))


def header_of(raw: bytes, name: str) -> str:
    return _one_line(message_from_bytes(raw, policy=policy.default).get(name))


def attachments_of(raw: bytes) -> list[tuple[str, int]]:
    """Names and sizes of the files in a message."""
    message = message_from_bytes(raw, policy=policy.default)
    return [
        (part.get_filename() or "", len(part.get_payload(decode=True) or b"")) for part in message.iter_attachments()
    ]


def _called(ours: EmailMessage | None, address: str) -> str:
    """The name our own mail calls a customer by."""
    if ours is None:
        return ""
    named = getaddresses([_one_line(ours.get("To")), _one_line(ours.get("Cc"))])
    return next((name for name, known in named if known.lower() == address.lower()), "")


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, UnicodeError):
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _quote(ours: EmailMessage, language: str) -> str:
    language = language if language in _INTRODUCTIONS else "en"
    name, address = parseaddr(_one_line(ours.get("From")))
    date = getattr(ours.get("Date"), "datetime", None)
    at = (date or datetime.now(ZoneInfo(shop.TIMEZONE))).astimezone(ZoneInfo(shop.TIMEZONE))
    introduction = _INTRODUCTIONS[language].format(
        date=format_date(at, "EEE d MMM y", locale=language),
        time=format_time(at, "HH:mm", locale=language),
        name=name or shop.NAME,
        address=address,
    )
    lines = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in _text(ours).rstrip().split("\n")]
    return "\n".join([introduction, *lines]) + "\n"


def _one_line(value: object) -> str:
    """Header values of foreign messages may be anything; a new header never gets a line break from them."""
    return " ".join(str(value or "").split())
