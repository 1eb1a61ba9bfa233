"""What the mail of others (../shared/mail) is expected to say, and how much of it we read: used by the tests and by `python -m bench mail`.

The expectations are those of the tests of the projects the mail comes from. A text counts as read if its words and ours, links left
out, are nearly the same: those projects render HTML each in its own way.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentdesk.domain.clean import clean_line
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.headers import decode_words

ENOUGH = 0.9
"""Of the words of a text: F1 of both ways of counting."""
PEOPLE = ("discourse-reply", "talon", "alfonsrv-reply", "mailcore2", "stalwart", "zammad2017", "mime4j")
MACHINES = {
    "nice__cjk__big5-base64.1": "a mailing list", "nice__cjk__iso-2022-jp.2": "a mailing list", "nice__base64.txt": "a mailing list",
    "summary__input__1944-rendering.eml": "Precedence: bulk", "summary__input__1970-anchor.eml": "a list's digest",
    "summary__input__4851-chinese.eml": "a mailing list", "summary__input__6144-russian.eml": "a notice of YouTube",
    "thirdparty__014.eml": "a mailing list", "mail18.box": "a delivery report", "mail19.box": "a newsletter with an empty return path",
    "mail52.box": "a bounce", "mail53.box": "a bounce", "mimetools-testmsgs__badbound.msg": "a bounce",
}  # fmt: skip
"""Machines among them, by looking at each."""
_FROM = re.compile(rb"^From:", re.MULTILINE | re.IGNORECASE)
_LINK = re.compile(r"<?\b(?:https?://|www\.|mailto:|cid:)[^\s>)\]]*[>)\]]?|\(//[^\s)]*\)")
_LOST = re.compile(r"\w*\ufffd[\w\ufffd]*")
_FILE_LINE = re.compile(r"^- .{1,100}, [\d.,]+ [KMG]?B$", re.MULTILINE)
_FILE_IN_TEXT = re.compile(r"^begin [0-7]{3} .*?^end\r?$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<!--.*?-->|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_TEXT_MARKS = re.compile(r"\[(?:cid:|image:|description:)[^\]]*\]", re.IGNORECASE)


@dataclass(frozen=True)
class Read:
    """One message as the desk knows it."""

    subject: str
    sender_name: str
    sender: str
    text: str
    """All of it, the folded part too."""
    automatic: bool
    reply: str = ""
    """What is not folded."""


@dataclass
class Tally:
    """How many expectations hold, and which do not."""

    right: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    """(file, expected, found)."""

    def count(self, file: str, expected: str, found: str, *, holds: bool) -> None:
        if holds:
            self.right += 1
        else:
            self.wrong.append((file, expected, found))

    @property
    def all(self) -> int:
        return self.right + len(self.wrong)

    @property
    def share(self) -> float:
        return self.right / self.all if self.all else 0.0

    def __str__(self) -> str:
        return f"{self.right} of {self.all} ({100 * self.share:.1f} %)"


def messages(shared: Path) -> list[Path]:
    """Every file of the corpus that is a message or the text of one."""
    return [one for one in sorted((shared / "mail").glob("*/*")) if one.suffix not in {".json", ".md"} and "expected" not in one.name]


def _expected(shared: Path, source: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    folder = shared / "mail" / source
    for name, one in json.loads((folder / "expected.json").read_text("utf-8")).items():
        if (folder / name).exists():
            yield folder / name, one


def subjects(shared: Path, read: Callable[[Path], Read]) -> Tally:
    tally = Tally()
    for source, key in (("stalwart", "subject"), ("zammad2017", "subject"), ("mime4j", "raw_subject")):
        for path, one in _expected(shared, source):
            if one.get(key) is not None:
                wanted = decode_words(one[key]) if key.startswith("raw") else clean_line(one[key])
                found = read(path).subject
                tally.count(f"{source}/{path.name}", wanted, found, holds=_same(wanted, found))
    return tally


def _same(wanted: str, found: str) -> bool:
    """Alike, where U+FFFD in the expectation stands for a letter its source lost."""
    return re.fullmatch(".{1,3}".join(re.escape(piece) for piece in wanted.split("\ufffd")), found) is not None


def senders(shared: Path, read: Callable[[Path], Read]) -> Tally:
    tally = Tally()
    for path, one in _expected(shared, "stalwart"):
        if one.get("from"):
            wanted = clean_line(one["from"][0][1] or "").lower()
            tally.count(f"stalwart/{path.name}", wanted, read(path).sender, holds=wanted == read(path).sender.lower())
    for path, one in _expected(shared, "zammad2017"):
        wanted = clean_line(one["from_email"]).lower()
        tally.count(f"zammad2017/{path.name}", wanted, read(path).sender, holds=wanted == read(path).sender.lower())
    for path, one in _expected(shared, "mime4j"):
        if one.get("raw_from") is not None:
            claimed = parse_addresses(one["raw_from"])[0]
            wanted = str(claimed[0]) if claimed else ""
            found = read(path)
            whole = f"{found.sender_name} <{found.sender}>" if found.sender_name else found.sender
            tally.count(f"mime4j/{path.name}", wanted, whole, holds=wanted == whole)
    return tally


def texts(shared: Path, read: Callable[[Path], Read]) -> Tally:
    tally = Tally()
    for source, key in (("stalwart", "text"), ("mime4j", "text"), ("mailcore2", "rendered_text"), ("zammad2017", "body_html_or_text")):
        for path, one in _expected(shared, source):
            wanted = _text_of(source, one.get(key) or "", html_form=one.get("content_type") != "text/plain")
            if not wanted.strip():
                continue
            found = read(path).text
            first_part_only = source in {"stalwart", "mime4j"}
            tally.count(f"{source}/{path.name}", wanted, found, holds=likeness(wanted, found, all_of_it=not first_part_only) >= ENOUGH)
    return tally


def _text_of(source: str, told: str, *, html_form: bool) -> str:
    """The text that an expectation is about; "" where it tells of something else."""
    if source == "mailcore2":  # a summary: the header in front, attachments at the end
        return _FILE_LINE.sub("", told.partition("\n\n")[2])
    if source == "zammad2017" and html_form:
        told = html.unescape(_TAG.sub(" ", told))
    return _FILE_IN_TEXT.sub("", "" if told == "no visible content" else told)


def likeness(wanted: str, found: str, *, all_of_it: bool) -> float:
    """How much of the words that are wanted is there; with `all_of_it`, and of those that are there is wanted (F1)."""
    mine, theirs = _words(wanted), _words(found)
    if not mine:
        return float(not theirs) if all_of_it else 1.0
    common = (mine & theirs).total()
    return 2 * common / (mine.total() + theirs.total()) if all_of_it else common / mine.total()


def _words(text: str) -> Counter[str]:
    """Where the expectation lost a letter (U+FFFD), its word counts as none."""
    line = _TEXT_MARKS.sub(" ", _LINK.sub(" ", clean_line(text))).lower()
    return Counter(_WORD.findall(_LOST.sub(" ", line)))


def machines(shared: Path, read: Callable[[Path], Read]) -> Tally:
    """Labelled automatic mail that is known as such."""
    tally = Tally()
    for source in ("sisimai", "chatwoot", "flanker"):
        for path, one in _expected(shared, source):
            if one.get("never_auto_answer"):
                tally.count(f"{source}/{path.name}", one["kind"], read(path).subject, holds=read(path).automatic)
    return tally


def people(shared: Path, read: Callable[[Path], Read]) -> Tally:
    """Mail that people wrote and that is not taken for a machine's: labelled as wanted by SpamAssassin, and what the projects that
    part replies from quotations, that render mail or that keep a help desk test with."""
    tally = Tally()
    wanted = [path for path, one in _expected(shared, "spamassassin") if one["kind"] == "ham"]
    for source in PEOPLE:
        wanted += [path for path, _ in _expected(shared, source) if _FROM.search(path.read_bytes()[:20_000])]
    for path in wanted:
        if path.name not in MACHINES:
            tally.count(f"{path.parent.name}/{path.name}", "", read(path).subject, holds=not read(path).automatic)
    return tally
