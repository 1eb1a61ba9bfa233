"""Places in a TOML file: every key that tomli finds has one, and it is the right one."""

from pathlib import Path

import pytest
import tomli

from agentdesk.snippets.locate import Places

PACKS = Path(__file__).parents[2] / "snippets"

SOURCE = '''# a comment with = and [brackets]
[pack]
name = "a"   # "not a key" = 1
title = 'single = quoted'
languages = ["it",
  "en"]  # spread over lines

[[snippet]]
name = "one"
valid = { from = 2026-01-01, until = 2026-02-01 }
[snippet.text]
it = """
first line
key = "not a key"
[[snippet]]
with "quotes"" and \\""" and two at the end"""""
en = "on one line"
"de" = \'\'\'literal
\\""" not an end
[x]\'\'\'

  [[snippet]]
  name = "two"
  text.fr = """ here
and there"""
  a . b = 1
'''


def test_keys_and_values() -> None:
    places = Places(SOURCE)
    assert tomli.loads(SOURCE)["snippet"][1]["text"]["fr"].startswith(" here")
    assert places.key("pack") == (2, 1)
    assert places.key("pack", "name") == (3, 1)
    assert places.value("pack", "name") == (3, 9)
    assert places.key("pack", "languages") == (5, 1)
    assert places.key("snippet", 0) == (8, 1)
    assert places.key("snippet", 0, "valid") == (10, 1)
    assert places.key("snippet", 0, "valid", "until") == (10, 1), "inside an inline table: the key around it"
    assert places.key("snippet", 0, "text", "it") == (12, 1)
    assert places.value("snippet", 0, "text", "it") == (13, 1), "the newline after the quotes is not in the value"
    assert places.key("snippet", 0, "text", "en") == (17, 1)
    assert places.value("snippet", 0, "text", "en") == (17, 7)
    assert places.key("snippet", 0, "text", "de") == (18, 1)
    assert places.key("snippet", 1) == (22, 3)
    assert places.key("snippet", 1, "name") == (23, 3)
    assert places.key("snippet", 1, "text", "fr") == (24, 3)
    assert places.value("snippet", 1, "text", "fr") == (24, 16)
    assert places.key("snippet", 1, "a", "b") == (26, 3)
    assert places.key("nothing") == (0, 0)


def test_windows_line_ends() -> None:
    places = Places(SOURCE.replace("\n", "\r\n"))
    assert places.key("snippet", 1, "name") == (23, 3)
    assert places.value("snippet", 0, "text", "it") == (13, 1)


@pytest.mark.parametrize("rubbish", ["", "=", "[", "[[", "a", 'a = "', 'a = """', "a = [", "[[a\nb = 1", "\\", '"""', "a = '", "a.\n= 1"])
def test_rubbish_has_no_places_and_does_no_harm(rubbish: str) -> None:
    assert Places(rubbish).key("snippet", 0) == (0, 0)


@pytest.mark.parametrize("file", sorted(PACKS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_text_of_the_shipped_packs_is_found_where_it_stands(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    places = Places(source)
    pack = tomli.loads(source)
    assert pack.get("snippet") or pack.get("article")
    for number, snippet in enumerate(pack.get("snippet", ())):
        line, _ = places.key("snippet", number, "name")
        assert snippet["name"] in lines[line - 1]
        for language, text in snippet.get("text", {}).items():
            line, column = places.value("snippet", number, "text", language)
            assert lines[line - 1][column - 1 :].startswith(text.splitlines()[0].rstrip())
