"""Articles: a title and a link in the customer's language, from packs whose mistakes are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.snippets.context import Shop
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.render import render
from tests.desks import JAN, Mailbox, desk_config
from tests.unit.snippets_case import context, values_in

PACKS = Path(__file__).parents[2] / "snippets"
STARTERS = load_packs([PACKS]).articles


def written(folder: Path, text: str) -> Path:
    file = folder / "help.toml"
    file.write_text('[pack]\nname = "help"\nlanguages = ["it", "en"]\n[pack.policy]\npage = "/resi"\n' + text, "utf-8")
    return file


WHOLE = """
[[article]]
name = "returns"
[article.title]
it = "Restituire   un articolo {{ policy.page }}"
en = "Returning an item"
fr = "Retourner un article"
[article.link]
it = "{{ desk.url }}{{ policy.page }}"
en = "https://help.example/returns"
fr = "https://help.example/retours"
[article.summary]
it = "Che cosa si può rendere"
"""


def test_an_article_is_its_title_and_its_link(tmp_path: Path) -> None:
    library = load_packs([written(tmp_path, WHOLE)])
    assert [str(fault) for fault in library.faults] == []
    assert library.order == (), "it is no answer of its own"
    article = library.find("help/returns")
    filled = render(article, "it", context())
    assert filled.text == "Restituire un articolo {{ policy.page }} – https://casaverde.example/resi", "a title is no template"
    assert values_in(filled) == ["https://casaverde.example", "/resi"]
    assert filled.summary == "Che cosa si può rendere"
    assert render(article, "fr-CH", context()).text == "Retourner un article – https://help.example/retours"
    assert render(article, "de", context()).text == "Returning an item – https://help.example/returns"
    assert article.version != replace(article, titles={"it": "Altro"}).version


def test_without_its_value_a_link_is_an_open_place(tmp_path: Path) -> None:
    filled = render(load_packs([written(tmp_path, WHOLE)]).find("returns"), "it", context(desk=Shop("Casa Verde")))
    (gap,) = filled.missing
    assert filled.text[gap.start : gap.end] == "⟨desk.url⟩"
    assert filled.cursor == gap.start


@pytest.mark.parametrize(
    ("table", "code", "line", "kept"),
    [
        ('name = "a"\n[article.title]\nit = "A"\nen = "A"', "missing", 6, False),
        ('name = "a"\nlink = "https://x.example/a"', "missing", 6, False),
        ('name = "a"\nlink = "x.example/a"\n[article.title]\nit = "A"\nen = "A"', "bad-link", 8, False),
        ('name = "a"\nlink = "javascript:alert(1)"\n[article.title]\nit = "A"\nen = "A"', "bad-link", 8, False),
        ('name = "a"\nlink = "https://x.example/a b"\n[article.title]\nit = "A"\nen = "A"', "bad-link", 8, False),
        ('name = "a"\n[article.title]\nit = "A"\nen = "A"\n[article.link]\nit = "https://x.example/"', "missing-text", 11, True),
        ('name = "a"\nlink = "https://x.example/"\n[article.title]\nit = "A"', "missing-text", 9, True),
        ('name = "a"\nlink = "{{ policy.nopage }}"\n[article.title]\nit = "A"\nen = "A"', "unknown-variable", 8, True),
        ('name = "a"\nlink = "{{ policy.page"\n[article.title]\nit = "A"\nen = "A"', "broken-liquid", 8, False),
        ('name = "a"\nlinks = "https://x.example/"\nlink = "https://x.example/"\n[article.title]\nit = "A"\nen = "A"', "unknown-key", 8, True),
        ('name = "A b"\nlink = "https://x.example/"', "bad-name", 7, False),
    ],
)
def test_what_is_wrong_with_an_article_is_told_with_its_line(tmp_path: Path, table: str, code: str, line: int, kept: bool) -> None:
    library = load_packs([written(tmp_path, f"[[article]]\n{table}\n")])
    assert (code, line) in {(fault.code, fault.line) for fault in library.faults}
    assert library.articles is not None
    assert bool(library.articles.order) is kept
    assert len({(fault.code, fault.line, fault.column) for fault in library.faults}) == len(library.faults), "once, however many languages have it"


def test_an_article_and_a_snippet_share_their_names(tmp_path: Path) -> None:
    library = load_packs([written(tmp_path, WHOLE + '[[snippet]]\nname = "returns"\n[snippet.text]\nit = "a"\nen = "b"\n')])
    assert [fault.code for fault in library.faults] == ["duplicate-name"]


def test_the_starter_articles_are_whole_and_name_no_host() -> None:
    assert STARTERS is not None
    assert len(STARTERS.order) >= 12
    for article in STARTERS.snippets.values():
        assert set(article.titles) == set(article.texts) == set(article.summaries) == {"it", "en", "de", "fr"}
        assert all("://" not in link and "policy." in link for link in article.texts.values())
        for language in article.titles:
            filled = render(article, language, context())
            assert filled.missing == ()
            assert f"https://casaverde.example/help/{article.name}" in filled.text


def test_the_desk_finds_them_in_the_customers_language(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path, packs=(PACKS,), url="https://casaverde.example/")) as desk:
        mailbox = Mailbox(desk)
        mailbox.bring("j", "The vase came broken, and I would like my money back please.", sender=JAN, subject="Refund")
        (row,) = desk.queue.ids("all")
        hits = desk.answers.search_articles("", row, 3)
        assert {"A damaged or wrong item", "Refunds: when they arrive"} & {hit.title for hit in hits}
        assert desk.answers.search_articles("rimborso", row)[0].title == "Refunds: when they arrive", "found by any language's word"
        assert desk.answers.search_articles("refund", row, language="de")[0].title == "Erstattungen: wann sie ankommen"
        filled = desk.answers.fill("articles/refunds", row)
        assert filled.text == "Refunds: when they arrive – https://casaverde.example/help/refunds"
        draft = desk.writing.draft(row)
        draft.language = "it"
        desk.answers.inserted(draft, filled)
        assert draft.language == "it", "one link does not change the language of a reply"
        assert [one.name for one in draft.snippets] == ["articles/refunds"]
        assert all(hit.pack != "articles" for hit in desk.answers.search("returns", row))
