"""One catalogue: the same keys and fields in every language, and every key that the source says exists."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import agentdesk
from agentdesk.locale import LANGUAGES, say, use, words_of

PACKAGE = Path(agentdesk.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]


def fields(text: str) -> set[str]:
    """Fields of either kind: `{name}` of ours, `%(name)s` of argparse."""
    own = set() if "%(" in text else {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    return own | set(re.findall(r"%\(\w+\)\w|%\w", text) if "%(" in text or text.endswith("%s") else [])


@pytest.mark.parametrize("language", OTHERS)
def test_languages_have_the_same_keys(language):
    assert set(words_of(language)) == set(words_of("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_languages_have_the_same_fields_and_forms(language):
    english, other = words_of("en"), words_of(language)
    for key in english:
        assert fields(english[key]) == fields(other[key]), key
        if "{n}" in english[key]:
            assert ("|" in english[key]) == ("|" in other[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_are_files_and_no_key_is_given_twice(language):
    seen: dict[str, Path] = {}
    for file in sorted((PACKAGE / "locale" / language).glob("[a-z]*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                for key in node.keys:
                    assert isinstance(key, ast.Constant), file
                    assert key.value not in seen, f"{key.value} stands in {file} and {seen.get(key.value)}"
                    assert key.value.partition(".")[0] == file.stem, f"{key.value} in {file}"
                    seen[key.value] = file
    assert seen


def said() -> list[tuple[str, str, set[str] | None]]:
    """(place, key, fields given or None if they are not all named) of every `say("literal", ...)` in the source."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say" and node.args:
                keys = [node.args[0]]
                if isinstance(keys[0], ast.IfExp):
                    keys = [keys[0].body, keys[0].orelse]
                given = None if any(k.arg is None for k in node.keywords) else {str(k.arg) for k in node.keywords}
                place = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                found += [(place, key.value, given) for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return found


def test_every_key_the_source_says_exists_with_its_fields():
    english = words_of("en")
    calls = said()
    assert len(calls) > 100
    wrong = [f"{place}: {key}" for place, key, _ in calls if key not in english]
    wrong += [
        f"{place}: {key} wants {sorted(fields(english[key]))}, gets {sorted(given)}"
        for place, key, given in calls
        if key in english and given is not None and not fields(english[key]) <= given
    ]
    assert not wrong, "\n".join(wrong)


def test_a_text_with_braces_is_not_given_without_fields():
    """Without fields a text is not formatted: its braces would be shown."""
    english = words_of("en")
    wrong = [f"{place}: {key}" for place, key, given in said() if given == set() and ("{{" in english.get(key, "") or "}}" in english.get(key, ""))]
    assert not wrong, "\n".join(wrong)


def test_number_chooses_the_form_and_unknown_languages_speak_english():
    try:
        use("it_IT.UTF-8")
        assert say("doctor.packs", n=1) == "1 risposta pronta"
        assert say("doctor.packs", n=2) == "2 risposte pronte"
        assert use("de-DE") == "en"
        assert say("doctor.packs", n=0) == "0 snippets"
    finally:
        use("en")
