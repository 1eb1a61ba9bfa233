"""A support mailbox out of nothing: the same one for the same seed, with realistic shapes and sizes.

Threads of one to six messages between a customer and the shop, replies quoting what they answer; most mail is text and HTML side by
side as mail programs send it, some is plain, some carries photographs or a PDF. Headers are as long as servers and providers make
them. Nothing here is anybody's mail.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from bench.words import ITEMS, KINDS, LANGUAGES, SHARES, SIZES, Language

SHOP = "support@casaverde.example"
SHOP_NAME = "Casa Verde"
END = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""When the newest message came."""
_STYLE = """<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style type="text/css">
body { font-family: -apple-system, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.45; color: #1d1d1f; margin: 0 }
p.MsoNormal, li.MsoNormal, div.MsoNormal { margin: 0cm; margin-bottom: .0001pt; font-size: 11.0pt; font-family: "Calibri", sans-serif }
a:link, span.MsoHyperlink { mso-style-priority: 99; color: #0563C1; text-decoration: underline }
blockquote { margin: 0 0 0 .8ex; border-left: 1px solid #ccc; padding-left: 1ex }
table.signature td { padding: 2px 8px; vertical-align: top; color: #666666; font-size: 11px }
@media only screen and (max-width: 480px) { .container { width: 100% !important } .hide { display: none !important } }
</style></head><body lang="%s"><div class="container">"""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it lies in a folder."""

    conversation: int
    folder: str
    """INBOX or Sent."""
    message_id: str
    received: datetime
    seen: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Person:
    language: Language
    name: str
    address: str
    city: str


def mailbox(count: int, seed: int = 20261120) -> list[Mail]:
    """`count` messages, oldest first."""
    mails: list[Mail] = []
    for thread in threads(seed):
        mails += thread
        if len(mails) >= count:
            break
    return sorted(mails[:count], key=lambda mail: (mail.received, mail.message_id))


def conversations(count: int, seed: int = 20261120) -> list[list[Mail]]:
    """`count` threads."""
    return [thread for _, thread in zip(range(count), threads(seed), strict=False)]


def threads(seed: int) -> Iterator[list[Mail]]:
    """Threads without end, spread over the year before `END`, later ones beginning earlier on the whole."""
    dice = random.Random(seed)
    people = [_person(dice, number) for number in range(4000)]
    number = 0
    while True:
        person = people[min(dice.randrange(len(people)), dice.randrange(len(people)))]  # some write often
        began = END - timedelta(seconds=int(number * 1800 + dice.expovariate(1 / 40_000)))
        yield _thread(dice, number, person, began)
        number += 1


def order_file(mails: list[Mail]) -> str:
    """An order file (CSV) in which the orders of these conversations stand, with others of the same customers."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["number", "email", "name", "status", "placed_at", "currency", "total", "item_name", "quantity", "price", "carrier",
                   "tracking_number", "shipped_at"])  # fmt: skip
    dice = random.Random(1)
    seen: set[int] = set()
    for mail in mails:
        if mail.conversation in seen or mail.folder != "INBOX":
            continue
        seen.add(mail.conversation)
        placed = mail.received - timedelta(days=dice.randint(2, 20))
        address = mail.raw.partition(b"Return-Path: <")[2].partition(b">")[0].decode()
        name = address.partition("@")[0].replace(".", " ").title()
        shipped = dice.random() < 0.7
        rows.writerow([
            _order(mail.conversation), address, name, "shipped" if shipped else "processing", placed.isoformat(), "EUR", "89.90",
            f"{dice.choice(KINDS)} {dice.choice(ITEMS)}", 1, "89.90", "GLS" if shipped else "", f"GL{dice.randrange(10**6)}" if shipped else "",
            (placed + timedelta(days=1)).isoformat() if shipped else "",
        ])  # fmt: skip
    return out.getvalue()


def photograph(size: int) -> Mail:
    """A message with a text and an attachment of about `size` bytes."""
    dice = random.Random(2)
    person = _person(dice, 999_999)
    text = f"{person.language.hello[0]}\n\n" + "\n".join(person.language.more) + f"\n\n{person.name}\n"
    raw = _message(dice, person, "<photograph@bench.example>", (), "Fotografie", text, END + timedelta(hours=1), attach=dice.randbytes(size))
    return Mail(-1, "INBOX", "<photograph@bench.example>", END + timedelta(hours=1), seen=False, raw=raw)


def arrival(number: int) -> Mail:
    """A new message, to be delivered while somebody listens."""
    dice = random.Random(number)
    person = _person(dice, 500_000 + number)
    message_id = f"<new-{number}@bench.example>"
    at = END + timedelta(minutes=number + 1)
    raw = _message(dice, person, message_id, (), f"Domanda {number}", f"{person.language.hello[0]}\n\n{person.language.more[0]}\n", at)
    return Mail(-2 - number, "INBOX", message_id, at, seen=False, raw=raw)


def _order(conversation: int) -> str:
    return str(100_000 + conversation)


def _person(dice: random.Random, number: int) -> _Person:
    language = dice.choices(LANGUAGES, SHARES)[0]
    first, last = dice.choice(language.first), dice.choice(language.last)
    plain = f"{first}.{last}".lower().translate(str.maketrans("òùéèëöüßûîç' ", "oueeeousuic--"))
    plain = plain.encode("ascii", "ignore").decode()
    return _Person(language, f"{first} {last}", f"{plain}{number}@{dice.choice(language.domains)}", dice.choice(language.cities))


def _thread(dice: random.Random, number: int, person: _Person, began: datetime) -> list[Mail]:
    language = person.language
    subject, sentences = dice.choice(language.topics)
    subject = _filled(dice, subject, person, number)
    length = dice.choices((1, 2, 3, 4, 5, 6), (34, 30, 16, 12, 5, 3))[0]
    thread: list[Mail] = []
    above: list[str] = []
    at, said = began, ""
    for turn in range(length):
        from_shop = turn % 2 == 1
        chosen = list(language.answers if from_shop else (*sentences, *language.more) if turn else sentences)
        if turn or from_shop:
            chosen = dice.sample(chosen, k=min(len(chosen), dice.randint(2, 4)))
        else:
            chosen += dice.sample(language.more, k=dice.randint(0, 3))
        name = "Anna" if from_shop else person.name
        words = [_filled(dice, one, person, number) for one in chosen]
        text = f"{dice.choice(language.hello)}\n\n{_paragraphs(dice, words)}\n\n{dice.choice(language.bye)}\n{name}\n"
        text += f"-- \n{SHOP_NAME}, {SHOP}\n" if from_shop else f"-- \n{person.name}\n{person.city}, tel. +39 333 {number % 10_000:04} {turn}\n"
        if said and dice.random() < 0.85:
            quoted = "\n".join(f"> {line}" for line in said.splitlines())
            text += "\n" + language.wrote.format(day=f"{at:%d/%m/%Y}", name=person.name if from_shop else SHOP_NAME) + f"\n{quoted}\n"
        message_id = f"<{number}.{turn}.{dice.getrandbits(48):012x}@{'mail.casaverde.example' if from_shop else person.address.partition('@')[2]}>"
        chance = dice.random()
        raw = _message(
            dice, person, message_id, tuple(above), subject if not turn else f"Re: {subject}", text, at, from_shop=from_shop,
            plain=chance < 0.2, attach=dice.randbytes(int(dice.triangular(2_000, 30_000, 6_000))) if chance > 0.92 else b"",
        )  # fmt: skip
        thread.append(Mail(number, "Sent" if from_shop else "INBOX", message_id, at, from_shop or dice.random() < 0.8, raw))
        above.append(message_id)
        said = text
        at += timedelta(seconds=int(dice.expovariate(1 / 30_000)) + 60)
        if at > END:
            break
    return thread


def _filled(dice: random.Random, sentence: str, person: _Person, number: int) -> str:
    day = f"{dice.randint(1, 28)}/{dice.randint(1, 12)}"
    item = f"{dice.choice(KINDS)} {dice.choice(ITEMS)}"
    return sentence.format(order=_order(number), item=item, city=person.city, day=day, size=dice.choice(SIZES))


def _paragraphs(dice: random.Random, sentences: list[str]) -> str:
    return "".join(one + ("\n\n" if dice.random() < 0.3 else " ") for one in sentences).strip()


def _signed(dice: random.Random, domain: str) -> str:
    signature = base64.b64encode(dice.randbytes(256)).decode()
    lines = "\r\n\t ".join(signature[start : start + 70] for start in range(0, len(signature), 70))
    return f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=k1;\r\n\th=from:to:subject:date:message-id;\r\n\tb={lines}"


def _header(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=72).encode(linesep="\r\n")


def _message(
    dice: random.Random, person: _Person, message_id: str, above: tuple[str, ...], subject: str, text: str, at: datetime, *,
    from_shop: bool = False, plain: bool = False, attach: bytes = b"",
) -> bytes:  # fmt: skip
    sender, receiver = (SHOP_NAME, SHOP), (person.name, person.address)
    if not from_shop:
        sender, receiver = receiver, sender
    domain = sender[1].partition("@")[2]
    date = format_datetime(at)
    fields = [
        f"Return-Path: <{sender[1]}>",
        f"Received: from mx.{domain} (mx.{domain} [192.0.2.{dice.randint(1, 254)}])",
        f"\tby mail.casaverde.example (Postfix) with ESMTPS id {dice.getrandbits(40):X}\r\n\tfor <{receiver[1]}>; {date}",
        f"Received: from [198.51.100.{dice.randint(1, 254)}] by mx.{domain} with ESMTPSA\r\n\tid {dice.getrandbits(64):x}; {date}",
        f"Authentication-Results: mail.casaverde.example; dkim=pass header.d={domain};\r\n\tspf=pass smtp.mailfrom={sender[1]}; dmarc=pass",
        *(_signed(dice, one) for one in (domain, f"relay.{domain}")),
        f"From: {_header(sender[0])} <{sender[1]}>",
        f"To: {_header(receiver[0])} <{receiver[1]}>",
        f"Subject: {_header(subject)}",
        f"Date: {date}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
        f"X-Mailer: {dice.choice(('Apple Mail (2.3774)', 'Microsoft Outlook 16.0', 'Thunderbird 128.4', 'Webmail 1.6'))}",
    ]
    if above:
        fields += [f"In-Reply-To: {above[-1]}", "References: " + "\r\n\t".join(above)]
    if plain:
        part = _text("plain", text, dice)
    else:
        mark = f"=_alternative_{dice.getrandbits(64):016x}"
        part = _many("alternative", mark, [_text("plain", text, dice), _text("html", _html(text, person.language.code), dice)])
    if attach:
        mark = f"=_mixed_{dice.getrandbits(64):016x}"
        encoded = base64.encodebytes(attach).replace(b"\n", b"\r\n")
        file = (
            b'Content-Type: image/jpeg; name="IMG_2041.jpg"\r\nContent-Transfer-Encoding: base64\r\n'
            b'Content-Disposition: attachment; filename="IMG_2041.jpg"\r\n\r\n' + encoded
        )
        part = _many("mixed", mark, [part, file])
    return "\r\n".join(fields).encode() + b"\r\n" + part


def _text(kind: str, text: str, dice: random.Random) -> bytes:
    encoding = dice.choices(("quoted-printable", "base64", "8bit"), (60, 15, 25))[0]
    content = text.replace("\n", "\r\n").encode()
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        content = quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content


def _many(kind: str, mark: str, parts: list[bytes]) -> bytes:
    body = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode() + body + b"--" + mark.encode() + b"--\r\n"


def _html(text: str, language: str) -> str:
    lines = [f'<p class="MsoNormal"><span style="font-size:11.0pt">{html.escape(line) or "&nbsp;"}</span></p>' for line in text.splitlines()]
    return _STYLE.replace("%s", language) + "\n".join(lines) + "</div></body></html>\n"
