"""`agentdesk snippets test`: what the texts say for sample customers and orders, against what they should."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections import defaultdict
from difflib import unified_diff
from functools import cache
from pathlib import Path

from agentdesk.cli.output import block, talk, write_json
from agentdesk.cli.snippets import packs_named
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.snippets.goldens import Golden, Goldens, updated, with_tests
from agentdesk.snippets.locate import Places
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.pack import load_packs


def test(arguments: Namespace) -> int:
    """Exit 1 if a text says something else than it should, or could not be rendered."""
    paths = packs_named(arguments)
    goldens = Goldens()
    if arguments.add:
        _add(goldens, list(load_packs(paths).snippets.values()), arguments)
    found = [golden for snippet in load_packs(paths).snippets.values() for golden in goldens.run(snippet)]
    failed = [golden for golden in found if not golden.passed]
    if arguments.update and failed:
        _update([golden for golden in failed if not golden.problem])
        for golden in failed:
            if not golden.problem:
                block(_diff(golden))
        failed = [golden for golden in failed if golden.problem]
        if not arguments.json:
            talk(say("goldens.updated"))
    if arguments.json:
        write_json({"tests": [_fact(golden) for golden in found]})
        return 1 if failed else 0
    for golden in failed:
        block(_diff(golden) if not golden.problem else f"{_place(golden)}: {golden.problem}")
    talk(say("goldens.none") if not found else say("goldens.count", n=len(found), failed=len(failed)))
    return 1 if failed else 0


def _source(file: str) -> str:
    """With its line ends as they are: what is not changed stays, byte for byte."""
    with open(file, encoding="utf-8", newline="") as opened:
        return opened.read()


@cache
def _places(file: str) -> Places:
    return Places(_source(file))


def _expected_at(golden: Golden) -> tuple[int, int]:
    """Line and column of what a test expects."""
    places, number = _places(golden.snippet.file), 0
    while places.key("snippet", number)[0] < golden.snippet.line:
        number += 1
    return places.key("snippet", number, "test", golden.number, "expect")


def _place(golden: Golden) -> str:
    line, column = _expected_at(golden)
    return f"{golden.snippet.file}:{line}:{column}: {golden.snippet.full_name} {golden.language} {golden.sample}"


def _diff(golden: Golden) -> str:
    lines = unified_diff(golden.expect.split("\n"), golden.found.split("\n"), say("goldens.expected"), say("goldens.found"), lineterm="", n=1)
    return "\n".join([_place(golden), *lines])


def _fact(golden: Golden) -> dict[str, object]:
    line, _ = _expected_at(golden)
    return {
        "snippet": golden.snippet.full_name, "language": golden.language, "sample": golden.sample, "file": golden.snippet.file, "line": line,
        "passed": golden.passed, "expected": golden.expect, "found": golden.found, "problem": golden.problem,
    }  # fmt: skip


def _update(failed: list[Golden]) -> None:
    """From the last of each file to the first, so that places stay what they are."""
    by_file: dict[str, list[tuple[tuple[int, int], str]]] = defaultdict(list)
    for golden in failed:
        by_file[golden.snippet.file].append((_expected_at(golden), golden.found))
    for name, changes in by_file.items():
        source = _source(name)
        for place, found in sorted(changes, reverse=True):
            source = updated(source, place, found)
        _write(Path(name), source)


def _add(goldens: Goldens, snippets: list[Snippet], arguments: Namespace) -> None:
    """A test for each text that has none for this sample; what it says now is what it should say."""
    by_file: dict[str, list[tuple[int, list[tuple[str, str, str]]]]] = defaultdict(list)
    count = 0
    for snippet in snippets:
        known = {(str(one.get("sample", "")), str(one.get("language", ""))) for one in snippet.tests}
        wanted = [language for language in arguments.language or snippet.texts if language in snippet.texts and (arguments.add, language) not in known]
        tests = []
        for language in wanted if not snippet.titles else ():
            try:
                tests.append((arguments.add, language, goldens.rendered(snippet, arguments.add, language)))
            except DeskError as error:
                talk(f"{snippet.full_name}: {error}")
        if tests:
            by_file[snippet.file].append((snippet.line, tests))
            count += len(tests)
    for name, changes in by_file.items():
        source = _source(name)
        for line, tests in sorted(changes, reverse=True):
            source = with_tests(source, line, tests)
        _write(Path(name), source)
    talk(say("goldens.added", n=count))


def _write(path: Path, text: str) -> None:
    """In one step: a pack is never half written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with open(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, path.stat().st_mode & 0o777)  # noqa: PTH101 - the path is one
    os.replace(name, path)  # noqa: PTH105 - likewise
    _places.cache_clear()
