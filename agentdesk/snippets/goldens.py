"""Golden renders: what a text says for a sample, written down in the pack and compared with what it says now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.snippets.locate import STRING
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.render import render
from agentdesk.snippets.samples import Sample

_EQUALS = re.compile(r"=[ \t]*")
_EXPECT = re.compile(r"\s*(?:expect|\"expect\")\s*=\s*")


@dataclass(frozen=True, slots=True)
class Golden:
    """One test of a snippet and what came of it."""

    snippet: Snippet
    number: int
    """Its place among the snippet's tests."""
    sample: str
    language: str
    expect: str
    found: str
    problem: str = ""
    """Why nothing could be rendered."""

    @property
    def passed(self) -> bool:
        return not self.problem and self.found == self.expect


class Goldens:
    """Runs the tests of snippets; samples are read once."""

    def __init__(self) -> None:
        self._samples: dict[Path, Sample | DeskError] = {}

    def run(self, snippet: Snippet) -> list[Golden]:
        return [self._one(snippet, number, test) for number, test in enumerate(snippet.tests)]

    def rendered(self, snippet: Snippet, sample: str, language: str) -> str:
        """What a text says for a sample; missing values stand in it as ⟨name⟩.

        Raises:
            DeskError: there is no such sample, or the text cannot be worked out.
        """
        path = Path(snippet.file).parent / sample
        known = self._samples.get(path)
        if known is None:
            try:
                known = Sample(path)
            except DeskError as error:
                known = error
            self._samples[path] = known
        if isinstance(known, DeskError):
            raise known
        context = known.context(language, snippet.policy)
        asked = {ask.name: known.asked[ask.name] for ask in snippet.asks if ask.name in known.asked}
        # Outside its dates a text says the same: when it may be used is no matter of its words.
        today = snippet.valid_from or snippet.valid_until
        return _plain(render(snippet, language, context, asked, today=today).text)

    def _one(self, snippet: Snippet, number: int, test: Mapping[str, Any]) -> Golden:
        sample, language, expect = str(test.get("sample", "")), str(test.get("language", "")), _plain(str(test.get("expect", "")))
        found = problem = ""
        if language and language not in snippet.texts:
            problem = say("goldens.no_language", language=language)
        else:
            try:
                found = self.rendered(snippet, sample, language)
            except DeskError as error:
                problem = str(error)
        return Golden(snippet, number, sample, language, expect, found, problem)


def _plain(text: str) -> str:
    return text.strip("\n")


def quoted(text: str) -> str:
    """A text as a TOML string of several lines, which may hold anything (TOML 1.0, "String")."""
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    escaped = "".join(c if c in "\n\t" or c.isprintable() else f"\\u{ord(c):04X}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}" for c in escaped)
    return f'"""\n{escaped}"""' if not escaped.endswith('"') else f'"""\n{escaped[:-1]}\\""""'


def updated(source: str, place: tuple[int, int], expect: str) -> str:
    """A pack's source with another `expect` at the line and column (from 1) of that key; everything else stays, byte for byte."""
    start = _offset(source, place[0]) + place[1] - 1
    begins = _EXPECT.match(source, start)
    value = STRING.match(source, begins.end()) if begins else None
    if value is None:
        return source
    return source[: value.start()] + _in_its_way(quoted(expect), source) + source[value.end() :]


def with_tests(source: str, snippet_line: int, tests: Sequence[tuple[str, str, str]]) -> str:
    """A pack's source with tests (sample, language, expect) added behind the snippet that begins on this line (from 1)."""
    end = _end_of_snippet(source, _offset(source, snippet_line))
    block = "".join(
        f"[[snippet.test]]\nsample = {_one_line(sample)}\nlanguage = {_one_line(language)}\nexpect = {quoted(expect)}\n" for sample, language, expect in tests
    )
    before, behind = source[:end].rstrip("\r\n"), source[end:]
    return before + _in_its_way(f"\n{block}" + ("\n" if behind.strip() else ""), source) + (behind if behind.strip() else "")


def _in_its_way(text: str, source: str) -> str:
    """With the line ends that the file has."""
    return text.replace("\n", "\r\n") if "\r\n" in source else text


def _one_line(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _end_of_snippet(source: str, start: int) -> int:
    """Where the next snippet or article begins, with the comment above it; the end of the file if there is none."""
    position = source.find("\n", start) + 1
    comment = -1
    while 0 < position < len(source):
        end = source.find("\n", position)
        end = len(source) if end < 0 else end
        line = source[position:end].lstrip(" \t")
        if line.startswith(("[[snippet]]", "[[article]]", "[pack")):
            return comment if comment >= 0 else position
        if line.startswith("#"):
            comment = position if comment < 0 else comment
        elif line.strip():
            comment = -1
        begins = None if line.startswith(("[", "#")) else _EQUALS.search(source, position, end)
        found = STRING.match(source, begins.end()) if begins else None
        position = (source.find("\n", found.end()) if found else end) + 1
        if position <= 0:
            break
    return len(source)


def _offset(source: str, line: int) -> int:
    """Where a line (from 1) begins."""
    return sum(len(each) + 1 for each in source.split("\n")[: line - 1])
