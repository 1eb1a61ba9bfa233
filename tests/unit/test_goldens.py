"""Golden renders: run, added and brought up to date without touching anything else in a pack."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.errors import UsageError
from agentdesk.snippets.goldens import Goldens, quoted, updated, with_tests
from agentdesk.snippets.locate import Places
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.samples import Sample

PACKS = Path(__file__).parents[2] / "snippets"
PACK = '''\
# Ours.
[pack]
name = "own"
languages = ["it", "en"]

[[snippet]]
name = "hello"   # the first
title = "Hello"
ask = [{ name = "day", label = "Day" }]
[snippet.text]
it = """
Ciao {{ customer.first_name }}, il [[snippet]] {{ order.number }} [[article]]
# non è un commento
"""
en = "Hello {{ customer.first_name }}, {{ ask.day }}"
  # about bye
[[snippet]]
name = "bye"
title = "Bye"
[snippet.text]
it = "Arrivederci \\"{{ customer.last_name }}\\""
'''
SAMPLE = '[customer]\nname = "Eva Neri"\n[order]\nnumber = "77"\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(PACK, "utf-8")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "eva.toml").write_text(SAMPLE, "utf-8")
    return tmp_path / "own.toml"


def run(pack: Path) -> list[tuple[str, bool, str]]:
    goldens = Goldens()
    return [(one.snippet.name, one.passed, one.problem) for snippet in load_packs([pack]).snippets.values() for one in goldens.run(snippet)]


def added(pack: Path) -> str:
    source, goldens = pack.read_text("utf-8"), Goldens()
    for snippet in sorted(load_packs([pack]).snippets.values(), key=lambda snippet: -snippet.line):
        tests = [("samples/eva.toml", language, goldens.rendered(snippet, "samples/eva.toml", language)) for language in snippet.texts]
        source = with_tests(source, snippet.line, tests)
    pack.write_text(source, "utf-8")
    return source


def test_tests_are_added_behind_their_snippet_and_hold(pack: Path) -> None:
    source = added(pack)
    assert run(pack) == [("hello", True, ""), ("hello", True, ""), ("bye", True, "")]
    assert "⟨ask.day⟩" in source, "what the agent is asked is open"
    rest = [line for line in PACK.splitlines() if line]
    assert [line for line in source.splitlines() if line in rest] == rest, "every line is there, in order"
    assert source.index("# about bye") > source.index("samples/eva.toml"), "a comment stays above what it is about"
    assert [fault.code for fault in load_packs([pack]).faults] == ["missing-text"], "as before"


def test_one_that_changed_fails_and_is_brought_up_to_date(pack: Path) -> None:
    source = added(pack).replace("Ciao {{", "Salve {{")
    pack.write_text(source, "utf-8")
    assert [passed for _, passed, _ in run(pack)] == [False, True, True]
    (golden,) = [one for one in Goldens().run(load_packs([pack]).snippets["own/hello"]) if not one.passed]
    place = Places(source).key("snippet", 0, "test", 0, "expect")
    after = updated(source, place, golden.found)
    assert after == source.replace("Ciao Eva,", "Salve Eva,")
    pack.write_text(after, "utf-8")
    assert all(passed for _, passed, _ in run(pack))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[custmer]\n", "custmer is not known here"),
        ('[order]\nnumber = "1"\ntotal = "much"\n', "order.total"),
        ('[order]\nshipment = { eta = "soon" }\n', "order.shipment.eta"),
        ("customer = 1\n", "customer has to be a table"),
        ("[[", "end of document"),
        ('timezone = "Mars/Base"\n', "Mars/Base"),
    ],
)
def test_a_sample_with_a_fault_says_which(pack: Path, written: str, words: str) -> None:
    added(pack)
    file = pack.parent / "samples" / "eva.toml"
    file.write_text(written, "utf-8")
    with pytest.raises(UsageError, match=r"eva\.toml"):
        Sample(file)
    assert all(words in problem for _, _, problem in run(pack))


def test_a_test_of_a_language_that_is_not_there_says_so(pack: Path) -> None:
    source = with_tests(PACK, load_packs([pack]).snippets["own/bye"].line, [("samples/eva.toml", "de", "x")])
    pack.write_text(source, "utf-8")
    assert run(pack) == [("bye", False, "it has no text in de")]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80).map(lambda text: text.replace("\r", "")))
def test_any_text_can_be_expected(text: str) -> None:
    assert tomli.loads(f"x = {quoted(text)}")["x"] == text
    source = f'a = 1\n[[snippet]]\nname = "n"\n[[snippet.test]]\nexpect = {quoted("before")}  # why\n'
    after = updated(source, Places(source).key("snippet", 0, "test", 0, "expect"), text)
    assert tomli.loads(after)["snippet"][0]["test"][0]["expect"] == text
    assert after.endswith("  # why\n")


def test_what_the_shipped_packs_say_is_written_down() -> None:
    goldens = Goldens()
    snippets = [snippet for snippet in load_packs([PACKS]).snippets.values() if snippet.texts and not snippet.titles]
    found = [golden for snippet in snippets for golden in goldens.run(snippet)]
    assert [f"{golden.snippet.full_name}: {golden.problem or golden.found}" for golden in found if not golden.passed] == []
    assert {golden.snippet.full_name for golden in found} == {snippet.full_name for snippet in snippets}
    assert {golden.language for golden in found} == {"it", "en", "de", "fr"}
