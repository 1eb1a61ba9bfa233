"""What a server answers, taken apart. Each response alone and guarded: one that can't be read never spoils its neighbours.

FETCH responses with content are read by IMAPClient's parser. Those of flags only, which come by the thousand and hold keywords
of other programs that break that parser (`a[b`), are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imapclient.response_parser import parse_fetch_response, parse_response

from agentdesk.channels.imap.commands import decode_mailbox
from agentdesk.domain.clean import clean_line

_CODE = re.compile(rb"\[([A-Za-z0-9-]+)(?: ((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*))?\] ?")
_SEQUENCE = re.compile(rb"([0-9]{1,10}) ")
_FLAGS_ONLY = re.compile(rb"([0-9]{1,10}) \(((?:(?:UID|MODSEQ) \(?[0-9]+\)?|FLAGS \([^()\"]*\)| )+)\)", re.IGNORECASE)
_UID = re.compile(rb"UID ([0-9]{1,10})", re.IGNORECASE)
_FLAGS = re.compile(rb"FLAGS \(([^()\"]*)\)", re.IGNORECASE)
_RUN = re.compile(rb"([0-9]{1,10})(?::([0-9]{1,10}))?")
_LIST = re.compile(rb"\(([^)]*)\) (NIL|\"(?:[^\"\\]|\\.)*\") (.+)", re.DOTALL | re.IGNORECASE)
_STATUS_ITEM = re.compile(rb"([A-Z-]+) ([0-9]+)", re.IGNORECASE)

LARGEST = 0xFFFFFFFF
"""Of UIDs and sequence numbers (RFC 3501, 9: nz-number). What is beyond is not believed."""

Piece = bytes | tuple[bytes, bytes]
Runs = tuple[tuple[int, int], ...]
"""A set of numbers as (first, last) runs: a server can say 1:4294967295 in twelve bytes."""


@dataclass(frozen=True, slots=True)
class Untagged:
    """A response nobody's tag stands on: its kind and its pieces, a literal as (what leads to it, content)."""

    kind: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> bytes:
        """It without the contents of its literals."""
        return b" ".join(piece[0] if isinstance(piece, tuple) else piece for piece in self.pieces)

    @property
    def number(self) -> int:
        """The number it begins with (`5 EXISTS`), or 0."""
        begins = re.match(rb"[0-9]+", self.text)
        return _within(begins[0]) if begins else 0

    def code(self) -> tuple[str, bytes]:
        """The response code of an OK, NO, BAD, BYE or PREAUTH: its name and arguments."""
        return _code(self.text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered, and everything said since the answer before."""

    status: str
    text: bytes
    untagged: tuple[Untagged, ...]

    @property
    def ok(self) -> bool:
        return self.status == "OK"

    @property
    def words(self) -> str:
        """The server's words for the agent: cleaned, without code."""
        return clean_line(_CODE.sub(b"", self.text, count=1).decode("utf-8", "replace")) or self.status

    def of(self, *kinds: str) -> Iterator[Untagged]:
        return (response for response in self.untagged if response.kind in kinds)

    def code(self) -> tuple[str, bytes]:
        return _code(self.text)

    def codes(self) -> dict[str, bytes]:
        """Every response code, of the untagged responses and of the answer itself."""
        found = [response.code() for response in self.of("OK", "NO", "PREAUTH")]
        return {name: value for name, value in [*found, self.code()] if name}

    def capabilities(self) -> frozenset[str] | None:
        """The capabilities it names, in capitals; None if it names none."""
        raw = self.codes().get("CAPABILITY", b"")
        for response in self.of("CAPABILITY"):
            raw = response.text
        return frozenset(raw.decode("ascii", "replace").upper().split()) or None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One FETCH response. Without a UID it is news of a flag, by sequence number."""

    sequence: int
    uid: int = 0
    flags: frozenset[str] | None = None
    items: Mapping[bytes, Any] = field(default_factory=dict)

    @property
    def received(self) -> datetime | None:
        at = self.items.get(b"INTERNALDATE")
        if not isinstance(at, datetime):
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def content(self, section: str) -> bytes | None:
        """The content of `BODY[section]`; of `HEADER.FIELDS` whatever the server makes of the list of names."""
        wanted = b"BODY[" + section.encode("ascii")
        for name, value in self.items.items():
            if name == wanted + b"]" or name.startswith((wanted + b" (", wanted + b"]<")):
                return _as_bytes(value)
        return None

    def piece(self, section: str, at: int) -> bytes | None:
        """What `BODY[section]<at.size>` brought: from `at` on, also where the server sends all of it instead."""
        wanted = f"BODY[{section}]".encode("ascii")
        for name, value in self.items.items():
            if name == wanted + b"<%d>" % at:
                return _as_bytes(value)
            if name == wanted:
                return _as_bytes(value)[at:]
        return None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as LIST shows it."""

    name: str
    delimiter: str
    attributes: frozenset[str]
    """In lower case, with their backslash."""


def fetched(response: Untagged) -> Fetched | None:
    """A FETCH response; None if it can't be read."""
    first = response.pieces[0]
    if isinstance(first, bytes) and len(response.pieces) == 1 and (simple := _FLAGS_ONLY.fullmatch(first)):
        uid, words = _UID.search(simple[2]), _FLAGS.search(simple[2])
        return Fetched(_within(simple[1]), _within(uid[1]) if uid else 0, _flags(words[1].split()) if words else None)
    flags: frozenset[str] | None = None
    head, literal = first if isinstance(first, tuple) else (first, None)
    words = _FLAGS.search(head, 0, head.index(b'"') if b'"' in head else len(head))
    if words:  # taken out, for the parser's sake; before the first quote, so no text can pose as it
        flags = _flags(words[1].split())
        head = head[: words.start()] + head[words.end() :]
    pieces: list[Any] = [head if literal is None else (head, literal), *response.pieces[1:]]
    try:
        parsed = parse_fetch_response(pieces, normalise_times=False, uid_is_key=False)
        ((sequence, items),) = parsed.items()
        number, late = items.pop(b"UID", 0), items.pop(b"FLAGS", None)
        if isinstance(late, tuple):
            flags = _flags(late)
        return Fetched(_within(sequence), _within(number), flags, items)
    except Exception:  # noqa: BLE001 - IMAPClient raises IndexError, TypeError, RecursionError and more on bad input
        return None


def structure_of(response: Fetched) -> Any:
    """The parsed BODYSTRUCTURE, or None."""
    return response.items.get(b"BODYSTRUCTURE")


def uid_in(response: Untagged) -> int:
    """The UID of a response that could not be read, as far as one can tell; 0: none."""
    found = _UID.search(response.pieces[0][0] if isinstance(response.pieces[0], tuple) else response.pieces[0])
    return int(found[1]) if found else 0


def numbers(raw: bytes) -> Runs:
    """A set of numbers; empty if it is none."""
    runs: list[tuple[int, int]] = []
    for item in raw.split(b","):
        run = _RUN.fullmatch(item)
        if run is None:
            return ()
        first, last = int(run[1]), int(run[2] or run[1])
        if not (0 < first <= LARGEST and 0 < last <= LARGEST):
            return ()
        runs.append((min(first, last), max(first, last)))
    return tuple(runs)


def size_of(runs: Runs) -> int:
    return sum(last - first + 1 for first, last in runs)


def among(runs: Runs, candidates: Iterable[int]) -> list[int]:
    """Those of the candidates (in ascending order) that lie in the set; never expands the set."""
    ordered = sorted(runs)
    found: list[int] = []
    index = 0
    for candidate in candidates:
        while index < len(ordered) and ordered[index][1] < candidate:
            index += 1
        if index == len(ordered):
            break
        if ordered[index][0] <= candidate:
            found.append(candidate)
    return found


def searched(answer: Answer) -> Runs:
    """What SEARCH found, in either form (RFC 3501, 7.2.5; RFC 4731)."""
    runs: list[tuple[int, int]] = []
    for response in answer.of("ESEARCH"):
        found = re.search(rb" ALL ([0-9:,]+)", response.text, re.IGNORECASE)
        if found:
            runs.extend(numbers(found[1]))
    for response in answer.of("SEARCH"):
        found_ones = map(_within, re.findall(rb"(?<![^ ])[0-9]{1,10}(?![^ ])", response.text))
        runs.extend((one, one) for one in found_ones if one)
    return tuple(sorted(runs))


def vanished(response: Untagged) -> tuple[bool, Runs]:
    """A VANISHED response (RFC 7162, 3.2.10): whether of earlier, and which UIDs."""
    text = response.text
    earlier = text.upper().startswith(b"(EARLIER) ")
    return earlier, numbers(text[10:] if earlier else text)


def listed(response: Untagged) -> Mailbox | None:
    """A LIST response; None if its name can't be used again by us."""
    parts = _LIST.fullmatch(response.pieces[0][0] if isinstance(response.pieces[0], tuple) else response.pieces[0])
    if parts is None:
        return None
    if isinstance(response.pieces[0], tuple):
        raw = response.pieces[0][1]
    else:
        raw = _string(parts[3])
    name = decode_mailbox(raw)
    if name is None or name != clean_line(name):
        return None
    delimiter = "" if parts[2].upper() == b"NIL" else _string(parts[2]).decode("ascii", "replace")
    attributes = frozenset(parts[1].decode("ascii", "replace").lower().split())
    return Mailbox("INBOX" if name.upper() == "INBOX" else name, delimiter, attributes)


def status(response: Untagged) -> dict[str, int]:
    """The items of a STATUS response."""
    text = response.pieces[-1]
    if isinstance(text, tuple):
        return {}
    inside = text[text.rfind(b"(") + 1 : text.rfind(b")")]
    return {name.decode("ascii").upper(): as_int(value) for name, value in _STATUS_ITEM.findall(inside)}


def status_of(response: Untagged) -> bytes:
    """The mailbox a STATUS response is about, still encoded."""
    first = response.pieces[0]
    if isinstance(first, tuple):
        return first[1]
    return _string(first[: first.rfind(b"(")].strip())


def tree(raw: bytes) -> Any:
    """Any parenthesised data; None if it can't be read."""
    try:
        return parse_response([raw])
    except Exception:  # noqa: BLE001 - as above
        return None


def as_int(raw: bytes) -> int:
    """A number as large as a mod-sequence may be (RFC 7162, 7), 0 if it is none."""
    value = int(raw) if re.fullmatch(rb"[0-9]{1,20}", raw) else 0
    return value if value < 1 << 63 else 0


def _as_bytes(value: Any) -> bytes:
    """A content: IMAPClient makes a number of one that looks like it, and None of NIL."""
    return value if isinstance(value, bytes) else str(value).encode() if isinstance(value, int) else b""


def _within(value: Any) -> int:
    """A UID or sequence number, 0 if it is none."""
    number = int(value) if isinstance(value, int) or (isinstance(value, bytes) and len(value) <= 10) else 0
    return number if 0 < number <= LARGEST else 0


def _flags(names: Iterable[Any]) -> frozenset[str]:
    """Flags as we keep them: those of the protocol in its spelling, keywords as they are; not "recent", which is of a session."""
    kept = set()
    for name in names:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
        if text.startswith("\\"):
            text = "\\" + text[1:].capitalize()
        if text != "\\Recent":
            kept.add(clean_line(text))
    return frozenset(kept)


def _string(raw: bytes) -> bytes:
    if len(raw) >= 2 and raw.startswith(b'"') and raw.endswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", raw[1:-1])
    return raw


def _code(text: bytes) -> tuple[str, bytes]:
    found = _CODE.match(text)
    return (found[1].decode("ascii").upper(), found[2] or b"") if found else ("", b"")


def mailbox_name(raw: object) -> str:
    """A mailbox name out of a response; empty if it is none we could use again."""
    name = decode_mailbox(raw) if isinstance(raw, bytes) else ""
    return "INBOX" if name and name.upper() == "INBOX" else name or ""
