"""Packs: one mistake costs one snippet at most, and is said with file, line, column, code, message and hint."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk import locale
from agentdesk.errors import NotFound, UsageError
from agentdesk.snippets.model import Ask, Fault, Library, Severity
from agentdesk.snippets.pack import load_packs

HEAD = '[pack]\nname = "shop"\ntitle = "Our shop"\nlanguages = ["it"]\n'
GOOD = '[[snippet]]\nname = "good"\ntitle = "Good"\n[snippet.text]\nit = "buono {{ order.number }}"\n'


@pytest.fixture(autouse=True)
def _english() -> None:
    locale.use("en")


def load(folder: Path, text: str | bytes, *, check: bool = True) -> Library:
    file = folder / "pack.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_packs([file], check=check)


def only(library: Library) -> Fault:
    assert len(library.faults) == 1, [str(fault) for fault in library.faults]
    fault = library.faults[0]
    assert fault.message
    return fault


def test_every_key_of_the_format(tmp_path: Path) -> None:
    library = load(
        tmp_path,
        """
[pack]
name = "shipping"
title = "Spedizioni"
languages = ["it", "en"]
[pack.policy]
returns_days = 30
until = 2026-12-24

[[snippet]]
name = "order-shipped"
title = "Where is my order: shipped"
shortcut = "wismo"
tags = ["shipping", "tracking"]
intents = ["where-is-my-order"]
channels = ["imap", "chat"]
valid = { from = 2026-11-01, until = 2027-01-15 }
ask = [{ name = "days", label = "Days of delay", default = "3", choices = ["1", "3", "7"] }]
actions = { tags = ["shipping"], close = true, assign = "a@b.example", snooze = "2d", priority = "high" }
[snippet.subject]
it = "Ordine {{ order.number }}"
[snippet.text]
it = \"\"\"{{ ask.days }} {{ policy.returns_days }}\"\"\"
en = '''{{ ask.days }}'''
[[snippet.test]]
sample = "samples/shipped.toml"
language = "it"
expect = "3 30"
""",
    )
    assert library.faults == ()
    assert library.order == ("shipping/order-shipped",)
    snippet = library.find("order-shipped")
    assert snippet.title == "Where is my order: shipped"
    assert snippet.pack_title == "Spedizioni"
    assert snippet.shortcut == "wismo"
    assert snippet.tags == ("shipping", "tracking")
    assert snippet.intents == ("where-is-my-order",)
    assert snippet.channels == ("imap", "chat")
    assert (snippet.valid_from, snippet.valid_until) == (date(2026, 11, 1), date(2027, 1, 15))
    assert snippet.asks == (Ask("days", "Days of delay", "3", ("1", "3", "7")),)
    assert snippet.actions == {"tags": ("shipping",), "close": True, "assign": "a@b.example", "snooze": "2d", "priority": "high"}
    assert snippet.policy == {"returns_days": 30, "until": date(2026, 12, 24)}
    assert snippet.subjects == {"it": "Ordine {{ order.number }}"}
    assert snippet.tests[0]["expect"] == "3 30"
    assert snippet.line == 10


# -- faults: what is written, the code, where, severity, and whether the snippet itself is kept

_SNIPPET = '[[snippet]]\nname = "bad"\ntitle = "Bad"\n'
_TEXT = '[snippet.text]\nit = "x"\n'
CASES = {
    "unknown key": (_SNIPPET + 'colour = "red"\n' + _TEXT, "unknown-key", 8, Severity.WARNING, True),
    "misspelt harmless key": (_SNIPPET + 'tag = ["x"]\n' + _TEXT, "unknown-key", 8, Severity.WARNING, True),
    "misspelt channels": (_SNIPPET + 'chanels = ["chat"]\n' + _TEXT, "unknown-key", 8, Severity.ERROR, False),
    "misspelt until": (_SNIPPET + "valid = { untill = 2026-01-01 }\n" + _TEXT, "unknown-key", 8, Severity.ERROR, False),
    "no name": ("[[snippet]]\ntitle = 'x'\n" + _TEXT, "missing", 5, Severity.ERROR, False),
    "bad name": ("[[snippet]]\nname = 'Not A Name'\n" + _TEXT, "bad-name", 6, Severity.ERROR, False),
    "name of a wrong type": ("[[snippet]]\nname = 3\n" + _TEXT, "wrong-type", 6, Severity.ERROR, False),
    "title of a wrong type": ('[[snippet]]\nname = "bad"\ntitle = 3\n' + _TEXT, "wrong-type", 7, Severity.ERROR, None),
    "tags no list": (_SNIPPET + 'tags = "x"\n' + _TEXT, "wrong-type", 8, Severity.ERROR, False),
    "tags of numbers": (_SNIPPET + "tags = [1]\n" + _TEXT, "wrong-type", 8, Severity.ERROR, False),
    "unknown channel": (_SNIPPET + 'channels = ["mail"]\n' + _TEXT, "unknown-value", 8, Severity.ERROR, False),
    "no text": (_SNIPPET, "missing", 5, Severity.ERROR, False),
    "empty text": (_SNIPPET + '[snippet.text]\nit = "  "\n', "empty", 9, Severity.ERROR, False),
    "text no table": (_SNIPPET + 'text = "x"\n', "wrong-type", 8, Severity.ERROR, False),
    "text of a number": (_SNIPPET + "[snippet.text]\nit = 3\n", "wrong-type", 9, Severity.ERROR, False),
    "no language": (_SNIPPET + '[snippet.text]\nitalian = "x"\nit = "y"\n', "bad-language", 9, Severity.ERROR, False),
    "language missing": (_SNIPPET + '[snippet.text]\nen = "x"\n', "missing-text", 8, Severity.WARNING, True),
    "valid no date": (_SNIPPET + 'valid = { from = "soon" }\n' + _TEXT, "wrong-type", 8, Severity.ERROR, False),
    "valid backwards": (_SNIPPET + "valid = { from = 2026-02-01, until = 2026-01-01 }\n" + _TEXT, "bad-dates", 8, Severity.ERROR, False),
    "ask without name": (_SNIPPET + 'ask = [{ label = "x" }]\n' + _TEXT, "bad-name", 8, Severity.ERROR, False),
    "ask twice": (_SNIPPET + 'ask = [{ name = "a" }, { name = "a" }]\n[snippet.text]\nit = "{{ ask.a }}"\n', "duplicate-name", 8, Severity.ERROR, False),
    "ask with a number": (_SNIPPET + 'ask = [{ name = "a", default = 3 }]\n[snippet.text]\nit = "x"\n', "wrong-type", 8, Severity.ERROR, False),
    "ask default no choice": (_SNIPPET + 'ask = [{ name = "a", default = "3", choices = ["1"] }]\n' + _TEXT, "bad-default", 8, Severity.ERROR, False),
    "ask unused": (_SNIPPET + 'ask = [{ name = "a" }]\n' + _TEXT, "unused-ask", 5, Severity.WARNING, True),
    "action unknown": (_SNIPPET + "actions = { delete = true }\n" + _TEXT, "unknown-key", 8, Severity.WARNING, True),
    "action of a wrong type": (_SNIPPET + 'actions = { close = "yes" }\n' + _TEXT, "wrong-type", 8, Severity.ERROR, False),
    "snooze no span": (_SNIPPET + 'actions = { snooze = "soon" }\n' + _TEXT, "unknown-value", 8, Severity.ERROR, False),
    "priority unknown": (_SNIPPET + 'actions = { priority = "hi" }\n' + _TEXT, "unknown-value", 8, Severity.ERROR, False),
    "test incomplete": (_SNIPPET + _TEXT + '[[snippet.test]]\nlanguage = "it"\n', "wrong-type", 10, Severity.ERROR, False),
    "shortcut with blanks": (_SNIPPET + 'shortcut = "a b"\n' + _TEXT, "bad-shortcut", 8, Severity.ERROR, False),
    "name twice": ('[[snippet]]\nname = "good"\n' + _TEXT, "duplicate-name", 6, Severity.ERROR, None),
    "not closed": (_SNIPPET + '[snippet.text]\nit = """\nciao\n{{ order.number"""\n', "broken-liquid", 11, Severity.ERROR, False),
    "unknown tag": (_SNIPPET + '[snippet.text]\nit = """\nciao\n {% iff x %}"""\n', "unknown-tag", 11, Severity.ERROR, False),
    "unknown filter": (_SNIPPET + '[snippet.text]\nit = """ciao\n{{ order.number | upcas }}"""\n', "unknown-filter", 10, Severity.ERROR, False),
    "unknown variable": (_SNIPPET + '[snippet.text]\nit = """\n\n{{ order.numbr }}"""\n', "unknown-variable", 11, Severity.ERROR, True),
    "unknown variable in a loop": (
        _SNIPPET + '[snippet.text]\nit = """{% for i in order.items %}{{ i.nome }}{% endfor %}"""\n', "unknown-variable", 9, Severity.ERROR, True),
    "unknown value of the pack": (_SNIPPET + '[snippet.text]\nit = "{{ policy.days }}"\n', "unknown-variable", 9, Severity.ERROR, True),
    "unknown question": (_SNIPPET + '[snippet.text]\nit = "{{ ask.days }}"\n', "unknown-variable", 9, Severity.ERROR, True),
    "unknown variable in a condition": (_SNIPPET + '[snippet.text]\nit = "{% if customers.name %}x{% endif %}"\n', "unknown-variable", 9, Severity.ERROR, True),
    "unknown variable in an argument": (_SNIPPET + "[snippet.text]\nit = \"{{ 'x' | append: foo }}\"\n", "unknown-variable", 9, Severity.ERROR, True),
    "an object": (_SNIPPET + '[snippet.text]\nit = "{{ order }}"\n', "prints-object", 9, Severity.ERROR, True),
    "an object with a filter": (_SNIPPET + '[snippet.text]\nit = "{{ order.items | upcase }}"\n', "prints-object", 9, Severity.ERROR, True),
    "a yes or no": (_SNIPPET + '[snippet.text]\nit = "{{ hours.closed_today }}"\n', "prints-object", 9, Severity.ERROR, True),
    "a loop over one thing": (_SNIPPET + '[snippet.text]\nit = "{% for x in order %}a{% endfor %}"\n', "not-a-list", 9, Severity.ERROR, True),
    "an empty default": (_SNIPPET + "[snippet.text]\nit = \"{{ order.number | default: '' }}\"\n", "empty-default", 9, Severity.WARNING, True),
    "a date format": (_SNIPPET + "[snippet.text]\nit = \"{{ order.placed_at | date: '%Q' }}\"\n", "bad-date-format", 9, Severity.ERROR, False),
    "in the subject": (_SNIPPET + _TEXT + '[snippet.subject]\nit = "{% if %}"\n', "broken-liquid", 11, Severity.ERROR, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_faults(case: str, tmp_path: Path) -> None:
    text, code, line, severity, kept = CASES[case]
    library = load(tmp_path, HEAD + text + GOOD)
    fault = library.faults[0]
    assert {f.code for f in library.faults} == {code}, [str(f) for f in library.faults]
    if case != "name twice":
        assert fault.line == line, str(fault)
    assert fault.severity is severity
    assert fault.file == str(tmp_path / "pack.toml")
    assert fault.column > 0 or code.startswith("broken") or '"""' not in text
    assert "shop/good" in library.snippets, "the rest of the pack loads"
    if kept is not None:
        assert ("shop/bad" in library.snippets) is kept
    if "shop/bad" in library.snippets or code in {"broken-liquid", "unknown-tag"}:
        assert fault.snippet == "shop/bad"


def test_places_in_a_text_of_several_lines(tmp_path: Path) -> None:
    text = '[[snippet]]\nname = "bad"\n[snippet.text]\nit = """\nuno\n  due {{ order.numbr }}\n"""\nen = """tre {{ foo }}"""\n'
    library = load(tmp_path, HEAD + text)
    assert [(f.line, f.column) for f in library.faults] == [(10, 10), (12, 16)]


def test_places_in_a_text_on_one_line_with_escapes(tmp_path: Path) -> None:
    fault = only(load(tmp_path, HEAD + '[[snippet]]\nname = "bad"\n[snippet.text]\nit = "uno\\ndue {{ order.numbr }}"\n'))
    assert (fault.line, fault.column) == (8, 0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("{{ order.numbr }}", "order.number"), ("{{ order.number | upcas }}", "upcase"), ("{% iff x %}{% endif %}", "if"), ("{{ custmer.name }}", "customer")],
)
def test_hints_name_what_was_meant(text: str, hint: str, tmp_path: Path) -> None:
    library = load(tmp_path, HEAD + f'[[snippet]]\nname = "bad"\n[snippet.text]\nit = "{text}"\n')
    assert f"“{hint}”" in library.faults[0].hint


def test_a_text_that_is_broken_in_one_language_leaves_the_others(tmp_path: Path) -> None:
    library = load(tmp_path, HEAD + '[[snippet]]\nname = "half"\n[snippet.text]\nit = "{{ x"\nen = "fine"\n')
    assert only(library).code == "broken-liquid"
    assert library.find("half").texts == {"en": "fine"}


def test_without_the_check_the_texts_are_not_read(tmp_path: Path) -> None:
    library = load(tmp_path, HEAD + '[[snippet]]\nname = "bad"\n[snippet.text]\nit = "{{ x"\n', check=False)
    assert library.faults == ()
    assert "shop/bad" in library.snippets


# -- files


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"[pack]\nname = \n", "not-toml", 2),
        (b'[pack]\nname = "a"\n[[snippet]\n', "not-toml", 3),
        (b'[pack]\nname = "a"\nname = "b"\n', "not-toml", 3),
        (b'[pack]\nname = "\xff"\n', "not-utf-8", 2),
        (b"a = " + b"[" * 100_000, "not-toml", 0),
        (b"[pack]\nname = 2026-13-45\n", "not-toml", 2),
        (b"", "missing", 0),
        (b"[[snippet]]\nname = 'x'\n", "missing", 0),
        (b"pack = 3\n", "wrong-type", 1),
        (b"[pack]\ntitle = 'x'\n", "missing", 1),
        (b"[pack]\nname = 'Not good'\n", "bad-name", 2),
        (b"[pack]\nname = 'a'\n[snippet]\nname = 'x'\n", "wrong-type", 3),
        (b"snippet = [1]\n[pack]\nname = 'a'\n", "wrong-type", 1),
        (b"[pack]\nname = 'a'\ncolour = 1\n", "unknown-key", 3),
        (b"[pack]\nname = 'a'\nlanguages = ['Italian']\n", "bad-language", 3),
        (b"[pack]\nname = 'a'\n[pack.policy]\ndays = []\n", "wrong-type", 4),
        (b"[pack]\nname = 'a'\n[pack.policy]\n'two words' = 3\n", "bad-name", 4),
    ],
)
def test_files_that_are_no_pack(content: bytes, code: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(HEAD + GOOD)
    (tmp_path / "bad.toml").write_bytes(content)
    library = load_packs([tmp_path])
    fault = only(library)
    assert (fault.code, fault.line) == (code, line)
    assert fault.file.endswith("bad.toml")
    assert library.order == ("shop/good",)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    library = load(tmp_path, b"\xef\xbb\xbf" + (HEAD + GOOD).replace("\n", "\r\n").encode())
    assert library.faults == ()
    assert library.order == ("shop/good",)


def test_places_that_are_no_packs(tmp_path: Path) -> None:
    (tmp_path / "packs" / "samples").mkdir(parents=True)
    (tmp_path / "packs" / "samples" / "shipped.toml").write_text("[order]\nnumber = '1'\n")
    (tmp_path / "packs" / "notes.txt").write_text("no pack")
    (tmp_path / "packs" / "a.toml").write_text(HEAD + GOOD)
    paths = ["https://packs.example/shipping.toml", Path("https://packs.example/x.toml"), tmp_path / "nothing", tmp_path / "packs"]
    library = load_packs(paths)
    assert [fault.code for fault in library.faults] == ["not-found", "not-fetched", "not-fetched"]
    assert "snippets pull" in library.faults[-1].hint
    assert library.order == ("shop/good",)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentdesk.snippets.pack._MAX_BYTES", 10)
    assert only(load(tmp_path, HEAD + GOOD)).code == "too-large"


_LINES = (
    "[pack]", 'name = "a"', "name = 3", "languages = ['it']", "languages = 'it'", "[pack.policy]", "days = 3", "[[snippet]]", "[snippet]", 'name = "b"', "title = 3",
    "tags = ['x']", "tags = [[1]]", "ask = [{}]", "ask = [{ name = 'x' }]", "ask = 3", "valid = {}", "valid = { from = 2026-01-01 }", "valid = []", "channels = [1]",
    "actions = { tags = 3 }", "[snippet.text]", "[[snippet.text]]", "it = 'x {{ ask.x }}'", "it = 3", "it = '{{'", "en = 'x'", "[snippet.subject]", "[[snippet.test]]", "x.y = 1",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_LINES), max_size=12).map("\n".join) | st.text())
def test_whatever_stands_in_a_file_is_a_fault_and_no_exception(text: str) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "pack.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        library = load_packs([Path(folder)])
    for fault in library.faults:
        assert fault.code
        assert fault.message
        assert fault.line >= 0


# -- several packs


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_later_packs_override_earlier_ones(tmp_path: Path) -> None:
    first = write(tmp_path, "1.toml", HEAD + GOOD + '[[snippet]]\nname = "other"\n[snippet.text]\nit = "altro"\n')
    second = write(tmp_path, "2.toml", '[pack]\nname = "shop"\n' + GOOD.replace("buono", "nostro"))
    library = load_packs([first, second])
    assert library.faults == ()
    assert library.order == ("shop/good", "shop/other")
    assert library.find("good").texts["it"].startswith("nostro")


def test_an_override_that_cannot_be_read_takes_the_text_away(tmp_path: Path) -> None:
    first = write(tmp_path, "1.toml", HEAD + GOOD)
    second = write(tmp_path, "2.toml", '[pack]\nname = "shop"\n[[snippet]]\nname = "good"\n[snippet.text]\nit = 3\n')
    library = load_packs([first, second])
    assert only(library).code == "wrong-type"
    assert library.order == (), "the shop meant to replace that text"


def test_names(tmp_path: Path) -> None:
    first = write(tmp_path, "1.toml", HEAD + GOOD.replace('title = "Good"', 'shortcut = "gg"'))
    second = write(tmp_path, "2.toml", '[pack]\nname = "second"\n' + GOOD + GOOD.replace("good", "single"))
    library = load_packs([first, second])
    assert library.faults == ()
    assert library.find("shop/good").pack == "shop"
    assert library.find("single").full_name == "second/single"
    assert library.find("gg").full_name == "shop/good"
    with pytest.raises(UsageError, match="second/good"):
        library.find("good")
    with pytest.raises(NotFound, match="single"):
        library.find("singel")


def test_shortcuts_that_two_snippets_have(tmp_path: Path) -> None:
    text = HEAD + GOOD.replace('title = "Good"', 'shortcut = "x"') + '[[snippet]]\nname = "two"\nshortcut = "X"\n[snippet.text]\nit = "a"\n'
    library = load(tmp_path, text)
    assert only(library).code == "duplicate-shortcut"
    assert len(library.order) == 2


def test_values_of_packs(tmp_path: Path) -> None:
    use = '[[snippet]]\nname = "use"\n[snippet.text]\nit = "{{ policy.days }} {{ policy.city }}"\n'
    files = [
        write(tmp_path, "1.toml", '[pack]\nname = "a"\n[pack.policy]\ndays = 30\ncity = "Roma"\n' + use),
        write(tmp_path, "2.toml", '[pack]\nname = "b"\n[pack.policy]\ndays = 60\n' + use),
    ]
    library = load_packs(files)
    assert library.faults == ()
    assert library.find("a/use").policy == {"days": 30, "city": "Roma"}, "another pack's word changes no promise of this one"
    assert library.find("b/use").policy == {"days": 60, "city": "Roma"}
    changed = write(tmp_path, "3.toml", '[pack]\nname = "a"\n[pack.policy]\ndays = 14\n')
    assert load_packs([*files, changed]).find("a/use").policy["days"] == 14


def test_faults_are_said_in_italian_too(tmp_path: Path) -> None:
    locale.use("it-IT")
    assert "chiave sconosciuta" in load(tmp_path, HEAD + 'colour = "x"\n' + GOOD).faults[0].message
    locale.use("en")
