"""How the season's letters become messages: the mail programs of the customers, their quotes and their habits.

Written by hand and not by the email package: eight hundred messages in a fraction of a second, the same bytes under
every version of Python, and quirks that the package would put right.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from html import escape
from random import Random

from agentdesk.demo import season_words as words
from agentdesk.demo import shop
from agentdesk.demo.season_types import Attachment

PROGRAMS = ("gmail", "gmail", "gmail", "apple", "apple", "android", "outlook", "outlook", "thunderbird", "webmail")

_SENT_FROM = {
    "apple": {
        "it": "Inviato da iPhone", "en": "Sent from my iPhone",
        "de": "Von meinem iPhone gesendet", "fr": "Envoyé de mon iPhone",
    },
    "android": {
        "it": "Inviato dal mio Galaxy", "en": "Sent from my Galaxy",
        "de": "Von meinem Galaxy gesendet", "fr": "Envoyé depuis mon Galaxy",
    },
}  # fmt: skip
_FIELDS = {
    "it": ("Da", "Inviato", "A", "Oggetto"),
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
}
_ORIGINAL = {
    "it": "Messaggio originale", "en": "Original message", "de": "Ursprüngliche Nachricht", "fr": "Message d'origine",
}  # fmt: skip
_PREFIX = {"outlook": {"it": "R: ", "en": "RE: ", "de": "AW: ", "fr": "RE: "}}
_AGENT_HEADERS = {
    "apple": "X-Mailer: iPhone Mail (22B91)",
    "outlook": "X-Mailer: Microsoft Outlook 16.0",
    "thunderbird": "User-Agent: Mozilla Thunderbird",
    "webmail": "X-Mailer: WebService/1.1.23040 YMailNorrin",
}


@dataclass(slots=True)
class Letter:
    """One message, before it is written out."""

    at: datetime
    sender: tuple[str, str]
    recipient: tuple[str, str]
    subject: str
    text: str
    language: str
    program: str
    """A mail program of `PROGRAMS`, or "shop" for ours, "plain" for machines, "page" for advertising in HTML."""
    message_id: str
    answers: Letter | None = None
    attachments: Sequence[Attachment] = ()
    headers: Sequence[str] = ()
    verified: str = "pass"
    """What the receiving server found ("pass", "fail"); empty: it says nothing."""
    references: tuple[str, ...] = ()
    full: str = field(default="")
    """The text with what it quotes; set when it is written out."""


def answer_subject(subject: str, program: str, language: str) -> str:
    """The subject of an answer: one "Re:", as the program spells it."""
    if subject[:4].lower().startswith(("re:", "r:", "aw:")):
        return subject
    return _PREFIX.get(program, {}).get(language, "Re: ") + subject


def message_id(rng: Random, address: str, program: str) -> str:
    domain = address.rpartition("@")[2]
    if program == "gmail":
        return f"<CA{rng.getrandbits(120):030X}@mail.{domain}>"
    if program == "apple":
        return f"<{rng.getrandbits(32):08X}-{rng.getrandbits(16):04X}-4{rng.getrandbits(12):03X}-{rng.getrandbits(48):012X}@{domain}>"
    return f"<{rng.getrandbits(32):08x}.{rng.getrandbits(56):014x}@{domain}>"


def write(letter: Letter, rng: Random) -> bytes:
    """The whole message. Sets `letter.full`, so an answer must be written after what it answers."""
    signature = _SENT_FROM.get(letter.program, {}).get(letter.language, "")
    own = letter.text + (f"\n\n{signature}" if signature else "")
    before = letter.answers
    letter.full = own if before is None else f"{own}\n\n{_quote(letter, before)}"
    if before is not None:
        letter.references = (*before.references, before.message_id)
    content = _content(letter, own, rng)
    if letter.attachments:
        parts = [content, *(_file_part(file) for file in letter.attachments)]
        content = _multipart("mixed", parts, _boundary(letter.program, rng))
    header = _header(letter, rng)
    return ("\r\n".join(header) + "\r\n").encode("utf-8") + b"MIME-Version: 1.0\r\n" + content


def _header(letter: Letter, rng: Random) -> list[str]:
    lines = []
    address = letter.sender[1]
    domain = address.rpartition("@")[2]
    if letter.program != "shop":
        found = letter.verified
        lines.append(f"Return-Path: <{address}>")
        if found == "fail":
            lines.append(
                f"Authentication-Results: mx.{shop.DOMAIN};\r\n\tspf=fail smtp.mailfrom={address};\r\n\tdkim=none;"
                f"\r\n\tdmarc=fail header.from={domain}"
            )
        elif found:
            lines.append(
                f"Authentication-Results: mx.{shop.DOMAIN};\r\n\tspf=pass smtp.mailfrom={address};"
                f"\r\n\tdkim=pass header.d={domain};\r\n\tdmarc=pass header.from={domain}"
            )
        host = f"203.0.113.{rng.randint(1, 254)}"
        lines.append(
            f"Received: from out{rng.randint(1, 9)}.{domain} ([{host}])\r\n\tby mx.{shop.DOMAIN} with ESMTPS id"
            f" {rng.getrandbits(44):011x};\r\n\t{format_datetime(letter.at)}"
        )
    lines.append(f"From: {_address(*letter.sender)}")
    lines.append(f"To: {_address(*letter.recipient)}")
    charset = "iso-8859-1" if letter.program == "outlook" else "utf-8"
    lines.append(f"Subject: {_encoded(letter.subject, charset, 'Subject')}")
    lines.append(f"Date: {format_datetime(letter.at)}")
    lines.append(f"Message-ID: {letter.message_id}")
    if letter.references:
        lines.append(f"In-Reply-To: {letter.references[-1]}")
        lines.append("References: " + "\r\n ".join(letter.references))
    if letter.program in _AGENT_HEADERS:
        lines.append(_AGENT_HEADERS[letter.program])
    lines.extend(letter.headers)
    return lines


def _content(letter: Letter, own: str, rng: Random) -> bytes:
    """The text parts: each program has its own way."""
    if letter.program in ("gmail", "outlook"):
        plain = _text_part("plain", letter.full, _charset(letter, rng))
        return _multipart(
            "alternative", [plain, _text_part("html", _html(letter, own), "utf-8")], _boundary(letter.program, rng)
        )
    if letter.program in ("webmail", "page"):
        return _text_part("html", _html(letter, own), "utf-8", base64_coded=letter.program == "page")
    if letter.program == "android":
        return _text_part("plain", letter.full, "utf-8", base64_coded=True)
    return _text_part("plain", letter.full, _charset(letter, rng))


def _charset(letter: Letter, rng: Random) -> str:
    wanted = {"outlook": ("iso-8859-1", "windows-1252"), "thunderbird": ("utf-8", "iso-8859-1", "windows-1252")}
    charset = rng.choice(wanted.get(letter.program, ("utf-8",)))
    try:
        letter.full.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def _text_part(kind: str, text: str, charset: str, *, base64_coded: bool = False) -> bytes:
    data = text.rstrip("\n").encode(charset) + b"\n"
    if base64_coded:
        coding, body = "base64", base64.encodebytes(data.replace(b"\n", b"\r\n"))
    elif kind == "plain" and data.isascii() and all(len(line) < 900 for line in data.split(b"\n")):
        coding, body = "7bit", data
    else:
        coding, body = "quoted-printable", binascii.b2a_qp(data, istext=True)
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
    return head.encode() + body.replace(b"\n", b"\r\n")


def _file_part(file: Attachment) -> bytes:
    name = file.name if file.name.isascii() else _encoded(file.name, "utf-8", "Content-Type")
    head = (
        f'Content-Type: {file.type}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(file.content).replace(b"\n", b"\r\n")


def _multipart(kind: str, parts: Sequence[bytes], boundary: str) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    line = boundary.encode()
    return head + b"".join(b"--" + line + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + line + b"--\r\n"


def _boundary(program: str, rng: Random) -> str:
    if program == "gmail":
        return f"000000000000{rng.getrandbits(64):016x}"
    if program == "outlook":
        return f"----=_NextPart_000_{rng.getrandbits(32):08X}.{rng.getrandbits(32):08X}"
    return f"------------{rng.getrandbits(96):024X}"


def _address(name: str, address: str) -> str:
    if not name:
        return address
    if not name.isascii():
        return f"{_encoded(name, 'utf-8', 'From')} <{address}>"
    if any(c in '()<>@,;:".[]\\' for c in name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _encoded(text: str, charset: str, field_name: str) -> str:
    """A header value, as encoded words (RFC 2047) where it has to be."""
    if text.isascii():
        return text
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    return Header(text, charset, header_name=field_name, maxlinelen=74).encode(linesep="\r\n")


def _quote(letter: Letter, before: Letter) -> str:
    if letter.program in ("outlook", "android"):
        line = "_" * 32 if letter.program == "outlook" else f"-------- {_ORIGINAL[letter.language]} --------"
        return f"{line}\n{_quoted_fields(letter, before)}\n\n{before.full}"
    lines = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in before.full.split("\n"))
    gap = "" if letter.program in ("shop", "thunderbird") else "\n"
    return f"{_introduction(letter, before)}\n{gap}" + "\n".join(lines)


def _quoted_fields(letter: Letter, before: Letter) -> str:
    sender, sent, to, subject = _FIELDS[letter.language]
    at, language = before.at, letter.language
    when = f"{words.weekday(at, language)} {words.date(at, language)} {at:%H:%M}"
    return (
        f"{sender}: {before.sender[0]} <{before.sender[1]}>\n{sent}: {when}\n"
        f"{to}: {before.recipient[0]} <{before.recipient[1]}>\n{subject}: {before.subject}"
    )


def _introduction(letter: Letter, before: Letter) -> str:
    """The line above a quote, as the letter's program writes it in its owner's language."""
    at, language, name, address = before.at, letter.language, *before.sender
    short = f"{at.day} {words.month_short(at, language)} {at.year}"
    day = words.weekday_short(at, language)
    long = f"{words.weekday(at, language)} {words.date(at, language)}"
    forms = {
        "gmail": {
            "it": f"Il giorno {day} {short} alle ore {at:%H:%M} {name} <{address}> ha scritto:",
            "en": f"On {day}, {short} at {at:%H:%M}, {name} <{address}> wrote:",
            "de": f"Am {day}, {at.day}. {words.month_short(at, language)} {at.year} um {at:%H:%M} Uhr schrieb {name} <{address}>:",
            "fr": f"Le {day} {short} à {at:%H:%M}, {name} <{address}> a écrit :",
        },
        "apple": {
            "it": f"Il giorno {short}, alle ore {at:%H:%M}, {name} <{address}> ha scritto:",
            "en": f"On {short}, at {at:%H:%M}, {name} <{address}> wrote:",
            "de": f"Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {name} <{address}>:",
            "fr": f"Le {short} à {at:%H:%M}, {name} <{address}> a écrit :",
        },
        "thunderbird": {
            "it": f"Il {at:%d/%m/%Y} {at:%H:%M}, {name} ha scritto:",
            "en": f"On {at:%d/%m/%Y} {at:%H:%M}, {name} wrote:",
            "de": f"Am {at:%d.%m.%y} um {at:%H:%M} schrieb {name}:",
            "fr": f"Le {at:%d/%m/%Y} à {at:%H:%M}, {name} a écrit :",
        },
        "webmail": {
            "it": f"In data {long} alle ore {at:%H:%M:%S} CET, {name} <{address}> ha scritto:",
            "en": f"On {long} at {at:%H:%M:%S} CET, {name} <{address}> wrote:",
            "de": f"Am {long} um {at:%H:%M:%S} MEZ hat {name} <{address}> Folgendes geschrieben:",
            "fr": f"Le {long} à {at:%H:%M:%S} UTC+1, {name} <{address}> a écrit :",
        },
        "shop": {
            "it": f"Il giorno {words.date(at, language)} alle {at:%H:%M} {name} ha scritto:",
            "en": f"On {words.date(at, language)} at {at:%H:%M} {name} wrote:",
            "de": f"Am {words.date(at, language)} um {at:%H:%M} schrieb {name}:",
            "fr": f"Le {words.date(at, language)} à {at:%H:%M}, {name} a écrit :",
        },
    }
    return forms[letter.program][language]


def _html(letter: Letter, own: str) -> str:
    before = letter.answers
    if letter.program == "page":
        paragraphs = "".join(f'<tr><td style="padding:8px 24px">{escape(p)}</td></tr>' for p in own.split("\n\n"))
        return (
            "<html><head><style>td{font-family:Helvetica,Arial,sans-serif}</style></head><body bgcolor=#f4f4f4>"
            f'<img src="https://pixel.{letter.sender[1].rpartition("@")[2]}/o.gif" width=1 height=1>'
            f'<table width=600 align=center bgcolor=#ffffff><tr><td style="padding:24px;font-size:22px"><b>{escape(letter.subject)}'
            f"</b></td></tr>{paragraphs}</table></body></html>"
        )
    quoted = "" if before is None else _br(before.full)
    if letter.program == "gmail":
        body = f'<div dir="ltr">{_br(own)}</div>'
        if before is not None:
            body += (
                f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(_introduction(letter, before))}<br></div>'
                '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
                f'padding-left:1ex">{quoted}</blockquote></div>'
            )
        return body
    if letter.program == "outlook":
        paragraphs = "".join(f'<p class="MsoNormal">{escape(line) or "&nbsp;"}</p>\n' for line in own.split("\n"))
        body = f'<html><head><style>p.MsoNormal{{margin:0cm;font-family:"Aptos",sans-serif}}</style></head><body>\n{paragraphs}'
        if before is not None:
            body += (
                '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
                f"<p class=MsoNormal>{_br(_quoted_fields(letter, before))}</p></div>\n<p class=MsoNormal>{quoted}</p>"
            )
        return body + "</body></html>"
    body = "<html><head></head><body>" + "".join(f"<div>{escape(line) or '<br>'}</div>" for line in own.split("\n"))
    if before is not None:
        body += (
            f'<div id="yahoo_quoted_1" class="yahoo_quoted"><div><br></div><div>{escape(_introduction(letter, before))}</div>'
            f"<div><br></div><blockquote>{quoted}</blockquote></div>"
        )
    return body + "</body></html>"


def _br(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
