"""`snippets lint`: every planted fault is found where it stands, with what to do; nothing good is lost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from agentdesk import cli
from agentdesk.snippets.lint import CHAT_LETTERS, advice
from agentdesk.snippets.pack import load_packs

PLANTED = Path(__file__).parent / "packs" / "planted.toml"
PACKS = Path(__file__).parents[2] / "snippets"
FOUND = {
    (4, 1, "unknown-key"), (8, 1, "unused-policy"), (9, 1, "bad-name"), (13, 1, "bad-value"), (27, 12, "broken-liquid"), (34, 15, "unknown-variable"),
    (35, 16, "unknown-variable"), (41, 31, "unknown-filter"), (48, 10, "unknown-tag"), (55, 15, "prints-object"), (61, 1, "missing-text"),
    (65, 1, "duplicate-name"), (71, 1, "duplicate-shortcut"), (83, 1, "empty"), (89, 1, "bad-dates"), (94, 1, "expired"), (105, 1, "unknown-key"),
    (114, 16, "unknown-variable"), (123, 1, "avoided-phrase"), (123, 14, "form-of-address"), (126, 1, "unused-ask"), (138, 38, "bad-date-format"),
    (145, 21, "not-a-list"), (149, 1, "bad-name"), (158, 1, "unknown-value"),
}  # fmt: skip


def test_every_planted_fault_is_found_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["snippets", "lint", str(PLANTED), "--json"]) == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert {(fault["line"], fault["column"], fault["code"]) for fault in faults} == FOUND
    assert len(faults) == len(FOUND) >= 20
    assert [fault for fault in faults if not fault["message"] or not fault["hint"] or fault["file"] != str(PLANTED)] == []


def test_nothing_good_is_lost() -> None:
    library = load_packs([PLANTED])
    assert {"planted/good", "planted/shortcut", "planted/question", "planted/style", "planted/last-good", "planted/past"} <= set(library.snippets)
    assert library.snippets["planted/syntax"].texts == {"en": "Hello"}


def test_for_people_each_fault_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["snippets", "lint", str(PLANTED)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FOUND)
    assert all(line.startswith(f"{PLANTED}:") for line in lines)


def test_the_shipped_packs_have_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Dates of a winter are past in the next; here it is the first of December of theirs."""
    library = load_packs([PACKS])
    assert library.faults == ()
    assert advice([*library.snippets.values()], date(2026, 12, 1)) == []


def pack(tmp_path: Path, body: str, head: str = "") -> list[str]:
    file = tmp_path / "own.toml"
    file.write_text(f'[pack]\nname = "own"\nlanguages = ["it"]\n{head}\n[[snippet]]\nname = "a"\ntitle = "A"\n{body}\n', "utf-8")
    library = load_packs([file])
    return [fault.code for fault in (*library.faults, *advice([*library.snippets.values()], date(2026, 12, 1)))]


def test_a_text_for_chats_alone_is_short(tmp_path: Path) -> None:
    text = "a " * (CHAT_LETTERS // 2 + 1)
    assert pack(tmp_path, f'channels = ["chat"]\n[snippet.text]\nit = "{text}"') == ["too-long"]
    assert pack(tmp_path, f'[snippet.text]\nit = "{text}"') == []


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("lei", "Il tuo pacco", ["form-of-address"]), ("lei", "Il suo pacco {{ customer.name | default: 'tu' }}", []), ("tu", "la ringrazio", ["form-of-address"]),
        ("tu", "le chiedo di attendere", ["form-of-address"]), ("lei", "attuale", []),
    ],
)  # fmt: skip
def test_the_form_of_address(tmp_path: Path, form: str, text: str, found: list[str]) -> None:
    assert pack(tmp_path, f'[snippet.text]\nit = "{text}"', f'[pack.style]\naddress = {{ it = "{form}" }}') == found


def test_values_of_a_pack_without_snippets_are_for_others(tmp_path: Path) -> None:
    file = tmp_path / "promises.toml"
    file.write_text('[pack]\nname = "returns"\n[pack.policy]\nreturns_days = 14\n', "utf-8")
    assert advice([*load_packs([file]).snippets.values()], date(2026, 12, 1)) == []


def test_a_style_of_the_wrong_shape_is_told(tmp_path: Path) -> None:
    assert pack(tmp_path, '[snippet.text]\nit = "x"', '[pack.style]\navoid = "x"\n') == ["wrong-type"]
