"""What `snippets lint` looks for beyond what keeps a text from being used: dates that are past, promises nobody makes, texts too long for
a chat, and the house's style.

    [pack.style]
    avoid = ["purtroppo", "as per my last email"]     # words and phrases no text of this pack may have, whatever their case
    address = { it = "lei", de = "sie", fr = "vous" }  # formal; "tu", "du", "tu" is the other way
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import tomli

from agentdesk.locale import say
from agentdesk.snippets.locate import Places
from agentdesk.snippets.model import Fault, Severity, Snippet
from agentdesk.snippets.words import LIQUID

CHAT_LETTERS = 700
"""A chat shows a few lines at a time; longer ones are mails."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_POLICY = re.compile(r"\bpolicy\s*\.\s*([a-z][a-z0-9_]*)")
ADDRESSES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    # What gives each form away, and hardly ever stands for something else
    "it": {"lei": re.compile(r"\b(?:ti|tuo|tua|tuoi|tue|te)\b", re.IGNORECASE), "tu": re.compile(r"\b(?:la ringrazio|le chiedo|Suo|Sua|Suoi|Sue)\b")},
    "de": {"sie": re.compile(r"\b(?:du|dich|dir|dein|deine|deinen|deinem|deiner)\b", re.IGNORECASE), "du": re.compile(r"\b(?:Ihnen|Ihre|Ihrem|Ihren|Ihrer)\b")},
    "fr": {"vous": re.compile(r"\b(?:tu|te|toi|ton|tes)\b", re.IGNORECASE), "tu": re.compile(r"\b(?:vous|votre|vos)\b", re.IGNORECASE)},
}
"""Language -> the form asked for -> what speaks against it."""


def advice(snippets: Sequence[Snippet], today: date) -> list[Fault]:
    """Warnings, in no order."""
    found = [fault for snippet in snippets for fault in (*_dates(snippet, today), *_length(snippet))]
    by_file: dict[str, list[Snippet]] = defaultdict(list)
    for snippet in snippets:
        by_file[snippet.file].append(snippet)
    used = {name for snippet in snippets for text in _texts(snippet) for name in _POLICY.findall(text)}
    for file, own in by_file.items():
        pack = _Pack(Path(file))
        found += pack.unused(used)
        found += [fault for snippet in own for fault in pack.style(snippet)]
    return found


def _texts(snippet: Snippet) -> Iterator[str]:
    yield from snippet.texts.values()
    yield from snippet.subjects.values()


def _fault(snippet: Snippet, code: str, message: str, hint: str = "", place: tuple[int, int] = (0, 0)) -> Fault:
    line, column = place if place[0] else (snippet.line, 1)
    return Fault(snippet.file, line, column, snippet.full_name, code, Severity.WARNING, message, hint)


def _dates(snippet: Snippet, today: date) -> Iterator[Fault]:
    if snippet.valid_until is not None and snippet.valid_until < today:
        yield _fault(snippet, "expired", say("lint.expired", date=snippet.valid_until.isoformat()), say("lint.expired_hint"))


def _length(snippet: Snippet) -> Iterator[Fault]:
    if snippet.channels != ("chat",):
        return
    for language, text in snippet.texts.items():
        letters = len(LIQUID.sub("", text).strip())
        if letters > CHAT_LETTERS:
            message = say("lint.long", language=language, n=letters, most=CHAT_LETTERS)
            yield _fault(snippet, "too-long", message, say("lint.long_hint"), snippet.lines.get(("text", language), (0, 0)))


class _Pack:
    """The head of a pack file, read once more with its places."""

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        source = path.read_text("utf-8-sig")
        data = tomli.loads(source)
        head = data.get("pack", {})
        self._places = Places(source)
        self._policy: Sequence[str] = list(head.get("policy", {})) if data.get("snippet") else ()
        style = head.get("style", {})
        style = style if isinstance(style, dict) else {}
        avoid = style.get("avoid", ())
        self._avoid = [one for one in (avoid if isinstance(avoid, list) else ()) if isinstance(one, str) and one.strip()]
        address: Any = style.get("address", {})
        self._address = address if isinstance(address, dict) else {}

    def unused(self, used: Iterable[str]) -> Iterator[Fault]:
        known = set(used)
        for name in self._policy:
            if name not in known and _NAME.fullmatch(name):  # a bad name has been told
                line, column = self._places.key("pack", "policy", name)
                yield Fault(self._file, line, column, "", "unused-policy", Severity.WARNING, say("lint.unused", name=name), say("lint.unused_hint", name=name))

    def style(self, snippet: Snippet) -> Iterator[Fault]:
        for language, text in snippet.texts.items():
            plain = LIQUID.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
            for phrase in self._avoid:
                for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", plain, re.IGNORECASE):
                    yield _fault(snippet, "avoided-phrase", say("lint.avoid", phrase=match[0]), say("lint.avoid_hint"), snippet.place("text", language, match.start()))
            against = ADDRESSES.get(language, {}).get(str(self._address.get(language, "")).lower())
            if against and (other := against.search(plain)):
                message = say("lint.address", form=self._address[language], word=other[0])
                yield _fault(snippet, "form-of-address", message, say("lint.address_hint"), snippet.place("text", language, other.start()))
