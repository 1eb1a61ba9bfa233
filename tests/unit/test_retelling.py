"""A reply in another language: what was put in and not changed is filled anew, what was changed stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.desk import Desk
from agentdesk.domain.insertion import from_json, to_json
from agentdesk.snippets.retelling import retell
from tests.desks import Mailbox, desk_config

A = ("Ciao,\n\nuno.\n\nSaluti", "Hello,\n\none.\n\nRegards")
B = ("Ciao,\n\ndue.\n\nSaluti", "Hello,\n\ntwo.\nAnd more.\n\nstill two\n\nRegards")
SHORT = ("Titolo – https://x.example/it", "Title – https://x.example/en")


@pytest.mark.parametrize(
    ("text", "pairs", "told", "done"),
    [
        (A[0], [A], A[1], [True]),
        (f"Prima.\n\n{A[0]}\n\nDopo.", [A], f"Prima.\n\n{A[1]}\n\nDopo.", [True]),
        ("Ciao,\n\nuno.\n\ndue.\n\nSaluti", [A, B], "Hello,\n\none.\n\ntwo.\nAnd more.\n\nstill two\n\nRegards", [True, True]),
        ("Ciao,\n\nUNO.\n\ndue.\n\nSaluti", [A, B], "Hello,\n\nUNO.\n\ntwo.\nAnd more.\n\nstill two\n\nRegards", [False, True]),
        ("Ciao,\n\nuno davvero.\n\nSaluti", [A], "Ciao,\n\nuno davvero.\n\nSaluti", [False]),
        ("", [A], "", [False]),
        (f"Veda {SHORT[0]}.", [SHORT], f"Veda {SHORT[1]}.", [True]),
        (f"{SHORT[0]}\n{SHORT[0]}", [SHORT, SHORT], f"{SHORT[1]}\n{SHORT[1]}", [True, True]),
        (A[0] + "\n\n" + A[0], [A], A[1] + "\n\n" + A[0], [True]),
        ("a\n\nmio\n\nb", [("a\n\nb", "c\n\nd")], "c\n\nmio\n\nd", [True]),
    ],
)
def test_retelling(text: str, pairs: list[tuple[str, str]], told: str, done: list[bool]) -> None:
    found = retell(text, pairs)
    assert (found.text, list(found.done)) == (told, done)


def test_the_cursor_stays_with_its_words() -> None:
    text = f"Prima.\n\n{A[0]}\n\nDopo."
    for mark in ("Prima.", "Dopo."):
        at = text.index(mark) + 3
        found = retell(text, [A], at)
        assert found.text[found.cursor - 3 :].startswith(mark[:3])
    assert retell(text, [A], text.index("uno")).cursor == len(f"Prima.\n\n{A[1]}")


@settings(max_examples=200, deadline=None)
@given(st.text("ab\n ", max_size=20), st.lists(st.tuples(st.text("ab\n", min_size=1, max_size=6), st.text("AB\n", max_size=6)), max_size=3))
def test_nothing_that_was_not_put_in_is_lost(text: str, pairs: list[tuple[str, str]]) -> None:
    found = retell(text, pairs, len(text))
    assert len(found.done) == len(pairs)
    assert 0 <= found.cursor <= len(found.text)
    if not any(found.done):
        assert found.text == text


PACK = """
[pack]
name = "p"
languages = ["it", "en"]
[[snippet]]
name = "late"
ask = [{ name = "days", default = "3" }]
[snippet.subject]
it = "Ritardo"
en = "Delay"
[snippet.text]
it = "Gentile cliente,\\n\\narriva tra {{ ask.days }} giorni.\\n\\nSaluti"
en = "Dear customer,\\n\\nit comes in {{ ask.days }} days.\\n\\nRegards"
[[snippet]]
name = "sorry"
[snippet.text]
it = "Ci scusiamo."
[[article]]
name = "track"
link = "https://x.example/t"
[article.title]
it = "Seguire"
en = "Tracking"
"""


def test_a_draft_turns_with_its_answers_its_subject_and_its_records(tmp_path: Path) -> None:
    pack = tmp_path / "p.toml"
    pack.write_text(PACK, "utf-8")
    with Desk.open(desk_config(tmp_path, packs=(pack,))) as desk:
        Mailbox(desk).bring("a", "Buonasera, il mio pacco non è arrivato. Quando arriva? Grazie, saluti.")
        (row,) = desk.queue.ids("all")
        assert desk.answers.languages() == ("it", "en")
        draft = desk.writing.draft(row)
        draft.kind, draft.subject = "new", ""
        for name, asked in (("late", {"days": "7"}), ("track", {}), ("sorry", {})):
            filled = desk.answers.fill(name, row, "it", asked)
            draft.text += filled.text + "\n\n"
            desk.answers.inserted(draft, filled)
        assert draft.subject == "Ritardo"
        draft.snippets = from_json(to_json(draft.snippets))  # as it comes back from the disk
        turned = desk.answers.turn(draft, "en")
        assert turned.text == "Dear customer,\n\nit comes in 7 days.\n\nRegards\n\nTracking – https://x.example/t\n\nCi scusiamo.\n\n"
        assert turned.stay == ("p/sorry",), "it has no English text"
        assert (draft.language, draft.subject) == ("en", "Delay")
        assert [one.language for one in draft.snippets] == ["en", "en", "it"]
        draft.text = turned.text
        back = desk.answers.turn(draft, "it")
        assert back.text.startswith("Gentile cliente,\n\narriva tra 7 giorni.")
        assert (back.stay, draft.subject) == ((), "Ritardo")


def test_what_was_changed_or_taken_out_since(tmp_path: Path) -> None:
    pack = tmp_path / "p.toml"
    pack.write_text(PACK, "utf-8")
    with Desk.open(desk_config(tmp_path, packs=(pack,))) as desk:
        Mailbox(desk).bring("a", "Buonasera, il mio pacco non è arrivato.")
        (row,) = desk.queue.ids("all")
        draft = desk.writing.draft(row)
        filled = desk.answers.fill("late", row, "it")
        desk.answers.inserted(draft, filled)
        draft.text = filled.text.replace("3 giorni", "tre giorni")
        turned = desk.answers.turn(draft, "en")
        assert (turned.text, turned.stay) == (draft.text, ("p/late",))
        draft.text = "Altro."
        assert desk.answers.turn(draft, "en").stay == (), "it is no longer there"


def test_a_snippet_that_is_gone_stays_as_it_is(tmp_path: Path) -> None:
    pack = tmp_path / "p.toml"
    pack.write_text(PACK, "utf-8")
    with Desk.open(desk_config(tmp_path, packs=(pack,))) as desk:
        Mailbox(desk).bring("a", "Buonasera, il mio pacco non è arrivato.")
        (row,) = desk.queue.ids("all")
        draft = desk.writing.draft(row)
        filled = desk.answers.fill("late", row, "it")
        desk.answers.inserted(draft, filled)
        draft.text = filled.text
        pack.write_text('[pack]\nname = "p"\n', "utf-8")
        desk.answers.reload()
        turned = desk.answers.turn(draft, "en")
        assert (turned.text, turned.stay) == (filled.text, ("p/late",))
