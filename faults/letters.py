"""Messages for mailboxes of fault runs: the same number always makes the same bytes, and their structure is known, not parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
PEOPLE = ("Maria Rossi", "Jan de Vries", "Chloe Martin", "Greta Weber", "Sam Doyle", "Ida Conti", "Noor Bakker")
SHOP = "support@casaverde.example"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a mailbox holds it."""

    header: bytes
    text: bytes
    structure: bytes
    """Its BODYSTRUCTURE."""
    parts: dict[str, bytes] = field(default_factory=dict)
    """Content of each part, by section."""
    message_id: str = ""

    @property
    def raw(self) -> bytes:
        return self.header + self.text

    def fields(self, names: frozenset[str]) -> bytes:
        """BODY[HEADER.FIELDS (names)]: none of these headers is folded."""
        lines = self.header.split(b"\r\n")
        return b"".join(line + b"\r\n" for line in lines if line.partition(b":")[0].decode().upper() in names) + b"\r\n"

    def section(self, name: str) -> bytes:
        if name == "":
            return self.raw
        if name == "HEADER":
            return self.header
        if name == "TEXT":
            return self.text
        return self.parts.get(name, b"")

    @property
    def preview(self) -> bytes:
        return b" ".join(self.parts["1"].split())[:60]


def letter(number: int, *, prefix: str = "m", sender: str = "", words: int = 1, with_id: bool = True, answers: str = "") -> Letter:
    """Every third has an HTML part too, every seventh a file; every eleventh, where `with_id` allows, no Message-ID."""
    name = PEOPLE[number % len(PEOPLE)]
    address = sender or f"{name.partition(' ')[0].lower()}@post{number % 3}.example"
    message_id = f"<{prefix}{number}@post.example>"
    if not with_id and number % 11 == 10:
        message_id = ""
    at = START + timedelta(minutes=10 * number)
    head = [
        f"From: {name} <{address}>", f"To: Casa Verde <{SHOP}>", f"Subject: Question {prefix}{number}", f"Date: {at:%d %b %Y %H:%M:%S} +0000",
        *([f"Message-ID: {message_id}"] if message_id else []), *([f"In-Reply-To: {answers}", f"References: {answers}"] if answers else []),
        "MIME-Version: 1.0",
    ]
    text = f"Hello, this is {prefix}{number}.\r\n".encode() + b"Where is my order?\r\n" * words
    plain = b'("text" "plain" ("charset" "utf-8") NIL NIL "7bit" %d %d NIL NIL NIL NIL)' % (len(text), text.count(b"\n"))
    if number % 7 == 6:
        return _multipart(head, "mixed", [("text/plain; charset=utf-8", "7bit", text, plain), _file(number)], message_id)
    if number % 3 == 2:
        html = b"<p>Hello, this is <b>%d</b>.</p>\r\n" % number
        second = b'("text" "html" ("charset" "utf-8") NIL NIL "7bit" %d 1 NIL NIL NIL NIL)' % len(html)
        return _multipart(
            head, "alternative", [("text/plain; charset=utf-8", "7bit", text, plain), ("text/html; charset=utf-8", "7bit", html, second)], message_id
        )
    header = _header([*head, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 7bit"])
    return Letter(header, text, plain, {"1": text}, message_id)


def _header(lines: list[str]) -> bytes:
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _file(number: int) -> tuple[str, str, bytes, bytes]:
    content = b"JVBERi0xLjQgJeLjz9M%04d\r\n" % (number % 10_000)
    described = (
        b'("application" "pdf" ("name" "label.pdf") NIL NIL "base64" %d NIL ("attachment" ("filename" "label.pdf")) NIL NIL)' % len(content)
    )
    return 'application/pdf; name="label.pdf"\r\nContent-Disposition: attachment; filename="label.pdf"', "base64", content, described


def _multipart(head: list[str], kind: str, parts: list[tuple[str, str, bytes, bytes]], message_id: str) -> Letter:
    body = b"".join(
        f"--b\r\nContent-Type: {of}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content + b"\r\n" for of, encoding, content, _ in parts
    )
    structure = b"(" + b"".join(described for *_, described in parts) + b' "%b" ("boundary" "b") NIL NIL NIL)' % kind.encode()
    header = _header([*head, f'Content-Type: multipart/{kind}; boundary="b"'])
    return Letter(header, body + b"--b--\r\n", structure, {str(at): content for at, (_, _, content, _) in enumerate(parts, 1)}, message_id)


def taken_in(raw: bytes) -> Letter:
    """A message that came by APPEND: what is asked of it is its header, and its text as one part."""
    head, _, text = raw.partition(b"\r\n\r\n")
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    found = next((line.partition(b":")[2].strip() for line in unfolded.split(b"\r\n") if line.lower().startswith(b"message-id:")), b"")
    plain = b'("text" "plain" ("charset" "utf-8") NIL NIL "8bit" %d %d NIL NIL NIL NIL)' % (len(text), text.count(b"\n"))
    return Letter(unfolded + b"\r\n\r\n", text, plain, {"1": text}, found.decode("utf-8", "replace"))
