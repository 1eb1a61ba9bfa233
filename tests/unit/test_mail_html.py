"""HTML mail as text for a terminal."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.mail.html import convert, to_text

CASES = {
    "paragraphs": ("<p>Ciao</p><p>due</p>", "Ciao\n\ndue"),
    "line breaks": ("a<br>b<br/><br>c", "a\nb\n\nc"),
    "white space": ("<p>  a \n b\t c </p>", "a b c"),
    "divs": ("<div>a</div><div>b<br></div><div><br></div><div>c</div>", "a\nb\n\nc"),
    "word paragraphs": ("<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>", "a\n\nb"),
    "inline": ("<b>a</b><i>b</i> <span>c</span>", "ab c"),
    "entities": ("&lt;b&gt; &amp; &euro; &#232; &nbsp;x", "<b> & € è  x"),
    "link": ('<a href="https://x.example/a?b=1&amp;c=2">qui</a>.', "qui <https://x.example/a?b=1&c=2>."),
    "link that is its text": ('<a href="https://www.x.example/">x.example</a> <a href="mailto:a@b.it">a@b.it</a>', "x.example a@b.it"),
    "link that lies": ('<a href="http://evil.example/login">https://bank.example/login</a>', "https://bank.example/login <http://evil.example/login>"),
    "other schemes": ('<a href="javascript:alert(1)">a</a> <a href="&#106;avascript:x">b</a> <a href="file:///x">c</a>', "a b c"),
    "empty link": ('<a href="http://x.example"></a>x', "x"),
    "anchor in a link": ('<a href="http://x.example"><img alt="logo"></a>', "[logo] <http://x.example>"),
    "list": ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
    "nested lists": ("x<ol><li>a<ul><li>b</ul><li>c</ol>y", "x\n\n1. a\n   - b\n2. c\n\ny"),
    "numbers": ('<ol start="9"><li>a<li>b</ol>', "9. a\n10. b"),
    "hostile number": ("<ol start=99999999999999999999><li>a</ol>", "1. a"),
    "list of paragraphs": ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
    "table": (
        "<table><tr><th>Articolo</th><th>Pezzi</th></tr>\n<tr>\n<td>Scarpe</td>\n<td>2</td>\n</tr></table>dopo",
        "Articolo │ Pezzi\n─────────┼──────\nScarpe   │     2\n\ndopo",
    ),
    "table of paragraphs": ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td><div>c</div></td><td>d</td></tr></table>", "a │ b\nc │ d"),
    "empty cells": ("<table><tr><td></td><td>a</td><td>&nbsp;</td><td>b</td></tr></table>", "a │ b"),
    "layout table": ("<table><tr><td><p>a</p><p>b</p></td></tr><tr><td>c</td></tr></table>", "a\n\nb\n\nc"),
    "huge span": ("<table><tr><td colspan=100000000>cell</td></tr></table>", "cell"),
    "quote": ("ok<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d", "ok\n> a\n> b\n> > c\n\nd"),
    "preformatted": ("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
    "rule": ("a<hr>b", "a\n--------------------\nb"),
    "image": ('a <img src="http://track.example/p.gif" alt="Foto del pacco"> <img src=x>b', "a [Foto del pacco] b"),
    "script and style": ('<style>p{color:red}</style><script>var a="</p>leak"</script><p>Visible</p>', "Visible"),
    "title and comments": ("<html><head><title>t</title></head><!-- no --><body>x<!-- <p>y</p> --></body></html>", "x"),
    "head without end": ("<head><meta charset=utf-8><p>x</p>", "x"),
    "preheader": ('<div style="display: none;max-height:0">Preview<div>more</div></div><p>x</p>', "x"),
    "hidden": ('<p hidden>a</p><span style="font-size:0">b</span><div style="visibility:hidden">c</div>d', "d"),
    "font size zero on a cell": ('<table><tr><td style="font-size:0"><div style="font-size:14px">x</div></td></tr></table>', "x"),
    "everything hidden": ('<div style="display:none">x</div>', "x"),
    "hidden without end": ('<p style="display:none">a<p>b', "b"),
    "unclosed": ("<div><p>a<b>b", "ab"),
    "no tag": ("a < b and c > d <3", "a < b and c > d <3"),
    "attribute with a bracket": ('<a title="a > b" href="http://x.example">c</a>', "c <http://x.example>"),
    "comment that ends at once": ("a<!-->b<!--->c<!-- x -->d", "abcd"),
    "comment without end": ("a<!-- b <p>c", "a b\n\nc"),
    "style without end": ("<style>p{color:red}<p>text</p>", "text"),
    "preview line with filler": ("<div>Ciao \u200c\xa0\u200c\xa0\u034f\xa0</div><p>x</p>", "Ciao\n\nx"),
    "tiny preview line": ('<div style="font-size:1px;line-height:1px;color:#fff">Preview</div>x', "x"),
    "pixel with words": ('a<img src=x width=1 height=1 alt="Open">b', "ab"),
    "letters and romans": ("<ol type=a><li>x<li>y</ol><ol type=I><li>z</ol>", "a. x\nb. y\n\nI. z"),
    "numbers by value": ("<ol><li value=5>x<li>y</ol>", "5. x\n6. y"),
    "item of several lines": ("<ul><li>a<br>b<p>c</p></li></ul>", "- a\n  b\n\n  c"),
    "table in an item": ("<ol><li>a<table><tr><td>b</td><td>c</td></tr></table></li></ol>", "1. a\n   b │ c"),
    "heading": ("a<h2>T</h2>b", "a\n\nT\n\nb"),
    "set in by a web mail": ('a<blockquote style="margin:0 0 0 40px;border:none;padding:0px">b</blockquote>c', "a\n    b\n\nc"),
    "cited": ('a<blockquote type="cite" style="border:none">b</blockquote>', "a\n> b"),
    "yahoo": ('a<div class="yahoo_quoted"><div>b</div><div>c</div></div>d', "a\n> b\n> c\n\nd"),
    "outlook": ('a<hr><div id="x_divRplyFwdMsg">Da: b</div>', f"a\n\n{'_' * 32}\nDa: b"),
    "the same link twice": ('<a href="http://x.example/a"><img alt="Foto"></a> <a href="http://x.example/a">Scarpe</a>', "[Foto] <http://x.example/a> Scarpe"),
    "link around a block": ('<a href="http://x.example/a"><div>Compra</div></a>ora', "Compra <http://x.example/a>\nora"),
    "mail link with a subject": ('<a href="mailto:a@b.it?subject=x">a@b.it</a>', "a@b.it"),
    "text outside of cells": ("<table>a<tr>b<td>c</td></tr>d</table>e", "a\nb │ c\nd\n\ne"),
    "numbers to the right": (
        "<table><tr><th>Pezzo</th><th>Prezzo</th></tr><tr><td>Scarpe</td><td>9,00 €</td></tr><tr><td>Borsa</td><td>120,00 €</td></tr></table>",
        "Pezzo  │   Prezzo\n───────┼─────────\nScarpe │   9,00 €\nBorsa  │ 120,00 €",
    ),
    "cells over several columns and rows": (
        "<table><tr><td rowspan=2>A</td><td>b</td><td>c</td></tr><tr><td>d</td><td>e</td></tr><tr><td colspan=2>Totale</td><td>3</td></tr></table>",
        "A      │ b │ c\n       │ d │ e\nTotale │   │ 3",
    ),
    "lines in the last cell": ("<table><tr><td>a</td><td>b<br>c</td></tr><tr><td>d</td><td>e</td></tr></table>", "a │ b\n  │ c\nd │ e"),
    "right to left": ("<table dir=rtl><tr><th>שם</th><th>כמות</th></tr><tr><td>נעל</td><td>2</td></tr><tr><td>חגורה</td><td>1</td></tr></table>",
                      "שם    │ כמות\n──────┼─────\nנעל   │    2\nחגורה │    1"),
    "wide letters": ("<table><tr><td>靴</td><td>1</td></tr><tr><td>ベルト</td><td>2</td></tr></table>", "靴     │ 1\nベルト │ 2"),
    "conditional comment": ("<!--[if mso]><p>old</p><![endif]-->x<![if !mso]>y<![endif]>", "xy"),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("html", "text"), CASES.values(), ids=CASES.keys())
def test_html_reads_well(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_reply_of_a_web_mail_folds_like_a_plain_one() -> None:
    html = (
        '<div dir="ltr">Sì, grazie<br></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Il giorno mar 3 nov 2026 alle ore '
        '09:05 Bottega &lt;<a href="mailto:a@b.example">a@b.example</a>&gt; ha scritto:<br></div><blockquote class="gmail_quote">'
        "<div>Gentile Anna,</div><div>ecco</div></blockquote></div>"
    )
    assert to_text(html) == (
        "Sì, grazie\n\nIl giorno mar 3 nov 2026 alle ore 09:05 Bottega <a@b.example> ha scritto:\n> Gentile Anna,\n> ecco"
    )


MAILS = sorted((Path(__file__).parent / "html_mails").glob("*.html"))


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_mails_of_shops_read_well(mail: Path) -> None:
    """Order confirmations, newsletters, answers of Outlook and Gmail as their programs write them; the .txt is how each should read."""
    assert convert(mail.read_text("utf-8")).text + "\n" == mail.with_suffix(".txt").read_text("utf-8")


def test_links_that_say_where_they_lead_are_told_apart() -> None:
    found = convert('<a href="http://evil.example/x">https://bank.example/login</a> <a href="http://y.example">here</a> <a href="http://z.example">z.example</a>')
    assert found.links == (("https://bank.example/login", "http://evil.example/x"),)


HOSTILE = [
    "<a " * 300_000, '<a x="' * 100_000, "<a b='" * 200_000, "<!--" * 200_000, "<!" * 300_000, "</a " * 200_000, "<?x" * 200_000, "&#" * 300_000,
    "<![CDATA[" * 100_000, "<script>" + "</scrip" * 100_000, "<style>" * 50_000, "<title>" * 50_000, "<svg>" * 50_000, "<textarea>" * 50_000,
    "<div>" * 50_000 + "deep", "<blockquote>" * 20_000 + "deep", "<blockquote>a<br>" * 10_000, "<ul><li>x" * 20_000, "<ol><li>" * 20_000, "<td>x" * 100_000,
    '<a href="x" ' + 'b="' * 50_000, "&#" + "9" * 10_000 + ";", "&" * 100_000, "<table><tr><td>a</td></tr></table>" * 30_000,
    "<table><tr><td>" * 20_000 + "x", "<table><tr>" + "<td>x</td><td>1</td></tr><tr>" * 50_000, "<table><tr><td colspan=100 rowspan=100>x" * 2_000, "<li>" * 50_000,
    "<ol type=i>" + "<li>x" * 50_000, "<div class=yahoo_quoted>" * 20_000 + "x", "<b>" * 50_000 + "<td>x" * 20_000, "<!--" + "<p>x" * 50_000, "<style>" + "<p>x" * 50_000,
    '<p style="' + "display:" * 20_000 + '">x</p>', "<a href=http://x>" * 50_000, "<pre>" * 30_000 + "x", "<br>" * 100_000, "<p hidden>" * 50_000,
]  # fmt: skip


def _seconds(html: str) -> float:
    start = time.process_time()
    assert isinstance(to_text(html), str)
    return time.process_time() - start


@pytest.mark.timeout(100)
@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_no_html_takes_long(html: str) -> None:
    """Twice as much takes about twice as long, on a machine of any speed; what grows with the square takes four times."""
    assert _seconds(html) < 1 + 3 * _seconds(html[: len(html) // 2])


def test_depth_loses_nothing() -> None:
    assert "deep" in to_text("<div>" * 5_000 + "deep" + "</div>" * 5_000)
    assert "deep" in to_text("<table><tr><td>" * 1_000 + "deep")
    assert to_text("<blockquote>" * 5_000 + "deep").count(">") == 20


PIECES = st.sampled_from(
    ["<p>", "</p>", "<br>", "<div>", "</div>", "<blockquote>", "</blockquote>", "<ul>", "<ol>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "</td>",
     "</tr>", "</table>", "<pre>", "</pre>", "<a href='http://x.example'>", "</a>", "<b>", "word", " ", "\n", "&nbsp;", "&amp;", "<", ">", '"', "<!--", "-->",
     "<hr>", "<img alt=x>", "<style>", "</style>", "<span", "hidden>"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_makes_it_raise_and_lines_end_clean(html: str) -> None:
    text = to_text(html)
    assert not text.startswith("\n")
    assert not text.endswith("\n")
    assert all(line == line.rstrip() for line in text.split("\n"))
    assert "\n\n\n" not in text


WORDS = [f"wort{number}" for number in range(40)]
TAGS = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<td>", "</td>", "<th>", "<tr>", "</tr>", "<table>", "</table>", "<caption>", "<thead>", "</thead>", "<li>", "<ul>", "</ul>",
     "<ol>", "</ol>", "<blockquote>", "</blockquote>", "<br>", "<hr>", "<pre>", "</pre>", "<h2>", "</h2>", "<td colspan=2>", "<td rowspan=3>", "<a href='#'>", "</a>",
     "<div class=yahoo_quoted>", "<!--[if mso]><p>no</p><![endif]-->", "<b>", "</b>", "<span style='display:none'>no</span>", "<dd>", "<center>", " ", "&nbsp;", "<!-->"]
)  # fmt: skip


@given(st.lists(st.tuples(st.lists(TAGS, min_size=1, max_size=4).map("".join), st.booleans()), min_size=1, max_size=40))
def test_every_visible_word_is_there_in_its_order(pieces: list[tuple[str, bool]]) -> None:
    html, wanted = "", []
    for word, (tags, several) in zip(WORDS, pieces, strict=False):
        html += tags + word + (f" und {word}" if several else "")
        wanted += [word, "und", word] if several else [word]
    assert re.findall(r"wort\d+|und|no", to_text(html)) == wanted
