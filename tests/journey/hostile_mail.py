"""Mail made to harm whoever shows it: escapes wherever a sender can put text, shapes that stop parsers, names that are paths.

All of it is made here, so that the journey through the desk runs everywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

ESC = "\x1b"
PAYLOADS = {
    "clear": f"{ESC}[2J{ESC}[H",
    "title": f"{ESC}]0;pwned\x07",
    "clipboard": f"{ESC}]52;c;cm0gLXJmIH4K{ESC}\\",
    "link": f"{ESC}]8;;http://evil.example/{ESC}\\bank{ESC}]8;;{ESC}\\",
    "device": f'{ESC}P$q"p{ESC}\\{ESC}_Gf=24;AAAA{ESC}\\',
    "report": f"{ESC}[6n{ESC}[c{ESC}[?1049l{ESC}c",
    "eight-bit": "\x9b31m\x9d0;pwned\x9c\x90q\x85",
    "paste": f"{ESC}[201~:q\r",
    "overtype": "ten\x08\x08\x08one\r\x0b\x0c\x0e\x7f\x00",
    "bidi": "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "unseen": "pay\u200bpal\u00ad\ufeff\u2060\U000e0041\U000e007f",
    "lines": "one\u2028two\u2029three\x85four",
    "heap": "Z" + "\u0301" * 300,
    "markup": "[/nope] [@click=app.quit]x[/] [link=file:///etc/passwd]y[/link] $error \\[",
    "template": "{{ 7 | times: 7 }} {% raw %} ⟨order.number⟩ ${HOME} `id`",
}


def word(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode('utf-8', 'surrogatepass')).decode()}?="


def percent(text: str) -> str:
    return "utf-8''" + "".join(f"%{byte:02X}" for byte in text.encode())


def mail(number: int, head: str = "", body: str | bytes = "Where is my order 1001?\r\n", *, sender: str = "", subject: str = "", identity: str = "") -> bytes:
    """A message; what `head` says comes last, and wins where a field stands once only."""
    raw = (
        f"From: {sender or f'Customer {number} <c{number}@customer.example>'}\r\nTo: Shop <support@casaverde.example>\r\n"
        f"Subject: {subject or f'Question {number}'}\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
        f"Message-ID: {identity or f'<hostile-{number}@customer.example>'}\r\n"
    ).encode()
    if "content-type" not in head.lower():
        head += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    return raw + head.encode() + b"\r\n" + (body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass"))


def mixed(number: int, parts: list[str], **options: str) -> bytes:
    body = "".join(f"--cut\r\n{part}\r\n" for part in parts) + "--cut--\r\n"
    return mail(number, 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="cut"\r\n', body, **options)


TEXT = "Content-Type: text/plain\r\n\r\nSee the file.\r\n"


def attached(disposition: str, kind: str = "application/octet-stream", content: str = "ZGF0YQ==") -> str:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; {disposition}\r\n\r\n{content}\r\n"


FILE_NAMES = (
    "../../.ssh/authorized_keys", "/etc/cron.d/x", "C:\\Windows\\x.exe", "..", ".bashrc", "-rf", "CON.txt", "a" * 400 + ".pdf", "x\x00.sh",
    "invoice\u202efdp.exe", f"a{ESC}[2Jb.png", "same.txt", "same.txt", "$(id).txt", "`id`;reboot", "[/nope].txt",
)  # fmt: skip


def everywhere(number: int, text: str) -> bytes:
    """One payload in every place a sender can write to."""
    quoted = text.replace("\r", "").replace("\n", "").replace("\x00", "")
    parts = [
        f"Content-Type: text/plain; charset=utf-8\r\n\r\nBefore {quoted} after.\r\n\r\n> quoted {quoted}\r\n-- \r\nsigned {quoted}\r\n",
        attached(f"filename*={percent('a' + text + '.txt')}"),
        attached(f'filename="{word("b" + text + ".png")}"', f'image/png; name="{word("c" + text)}"'),
        f"Content-Type: message/rfc822\r\n\r\nFrom: x <x@x.example>\r\nSubject: {word('inner ' + text)}\r\n\r\n{quoted}\r\n",
        f"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{quoted}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ]
    body = "".join(f"--cut\r\n{part}\r\n" for part in parts) + "--cut--\r\n"
    name = word(f"Eve {text} Mallory")
    head = (
        f"Cc: {name} <copy{number}@customer.example>, {word(text)}\r\nReply-To: {name} <c{number}@customer.example>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="cut"\r\n'
    )
    return mail(number, head, body, sender=f"{name} <c{number}@customer.example>", subject=word(f"Case {number} {text} end"))


def odd() -> Iterator[bytes]:
    """Shapes rather than payloads."""
    html = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
    number = iter(range(100, 200))
    yield mixed(next(number), [TEXT, *(attached(f"filename*={percent(name)}") for name in FILE_NAMES)])
    yield mail(next(number), html, "<p>&#27;[2J&#x9b;31m&#155;x&#8238;y &zwnj;</p><script>alert(1)</script>" + "<div>" * 3000 + "deep")
    yield mail(
        next(number), html,
        '<img src="http://127.0.0.1:9/beacon.png"><link rel=stylesheet href="http://127.0.0.1:9/x.css"><iframe src="http://evil.example/">'
        '<a href="javascript:alert(1)">click</a><a href="file:///etc/passwd">file</a><a href="http://evil.example/">https://bank.example/</a>',
    )
    yield mail(next(number), "Content-Type: text/plain; charset=unicode_escape\r\n", "\\x1b[2J\\x9b31m \\u202e")
    yield mail(next(number), "Content-Type: text/plain; charset=utf-7\r\n", "+ABsAWw-2J +AJs-31m")
    yield mail(next(number), "Content-Type: text/plain; charset=no\x1b[2Jsuch\r\n", b"\x9b31m \xff\xfe \x1b[2J")
    yield mail(next(number), "Content-Type: text/plain; charset=iso-8859-1\r\n", b"caf\xe9 \x9b31m\x9d0;x\x9c \x1b]0;pwned\x07")
    yield mail(next(number), f"Bcc: x\r\nX-Junk: {'y' * 3000}\r\n" * 300)
    yield mail(next(number), "To: " + ";" * 20_000 + "\r\n")
    yield mail(next(number), "Cc: " + ", ".join(f"p{n}@x.example" for n in range(3000)) + "\r\n")
    yield mail(next(number), subject=word("long " * 30_000))
    yield mail(next(number), subject="=?utf-8?B?" + "A" * 50_000)
    yield mail(next(number), sender="(" * 20_000)
    yield mail(next(number), sender="=?utf-8?Q?a=0D=0ABcc=3A_victim=40x.example?= <c111@customer.example>")
    yield mail(next(number), sender="c112@customer.example", head="Reply-To: =?utf-8?Q?x=0D=0ABcc:y?= <r112@customer.example>\r\n",
               subject="=?utf-8?Q?hello=0D=0ABcc=3A_victim=40x.example=0D=0A=0D=0Abody?=")  # fmt: skip
    yield mail(next(number), identity="<a b\x01c\u202e@x\r\n y>", head="References: " + " ".join(f"<r{n}@x>" for n in range(3000)) + "\r\n")
    yield mail(next(number), identity="<loop@x.example>", head="References: <loop@x.example>\r\nIn-Reply-To: <loop@x.example>\r\n")
    yield mail(next(number), identity='<") UID STORE 1 +FLAGS (\\Deleted@x.example>')
    nest = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(300))
    yield mail(next(number), 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="bb"\r\n', f"--bb\r\n{nest}\r\nContent-Type: text/plain\r\n\r\nx\r\n")
    yield mixed(next(number), ["Content-Type: text/plain\r\n\r\nx"] * 1500)
    yield mail(next(number), 'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="never"\r\n')
    yield mail(next(number), body=">" * 2000 + " x\r\n" + "On Mon x wrote:\r\n" * 3000)
    yield mail(next(number), body="a" * 300_000)
    yield mail(next(number), "Date: Thu, 99 Foo 99999 99:99:99 +9999\r\nAuthentication-Results: x; dmarc=fail\r\n")
    yield mail(next(number), sender="ceo@p\u0430ypal.example")
    yield b"\r\n"
    yield b"\x00\x1b[2J\x9b31m\r\n\r\n\x00"
    yield b"no header at all \x1b]0;pwned\x07\n" * 20


def messages() -> list[bytes]:
    return [everywhere(number, text) for number, text in enumerate(PAYLOADS.values())] + list(odd())
