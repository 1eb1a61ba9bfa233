"""HTML mail as text that reads well in a terminal: links, lists, tables, quotes. Nothing is ever loaded.

A stream of tags without a tree and without recursion, linear in the length of the input (`tags`). Each cell of a table is a page of
its own (`page`); when its table ends, its shape says whether it is drawn as columns or read from top to bottom (`tables`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.domain import warnings
from agentdesk.mail.page import OLDER, RULE, ListLevel, Page
from agentdesk.mail.tables import Cell, Table, lay_out
from agentdesk.mail.tags import RAW, attributes, is_hidden, is_pixel, plain, tokens

_SPACE = re.compile(r"[ \t\r\n\f]+")
_FILLER = re.compile("(?:[ \xa0]*[\u00ad\u034f\u061c\u2007\u200b-\u200f\u2060\ufeff][ \xa0]*){2,}")
"""What newsletters pad their preview line with."""
_NO_MARGIN = re.compile(r"(?<![\w-])margin(?:-bottom)?\s*:\s*0(?![.\d])", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_BLANK_RUN = re.compile(r"\n{3,}")
_QUOTING = re.compile(r"\b(?:yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|moz-forward-container)\b")
_QUOTE_CLASS = re.compile(r"quote|cite", re.IGNORECASE)
_SIGNATURE = re.compile(r"\b(?:gmail_signature|moz-signature|ms-outlook-mobile-signature|Signature|protonmail_signature_block)\b")
_INDENTING = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)|margin\s*:\s*0\S*\s+0\S*\s+0\S*\s+40px", re.IGNORECASE)
_OLDER_ID = re.compile(r"(?:x_)*(?:divRplyFwdMsg|stopSpelling|zwchr)")
_OLDER_STYLE = re.compile(r"border-top\s*:\s*solid\s+\S+\s+1\.0pt", re.IGNORECASE)
"""The header of the older mail in what Outlook sends."""

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "pre", "figure", "fieldset"})
_BLOCK = frozenset({
    "div", "dt", "dd", "body", "html", "head", "section", "article", "header", "footer", "address", "center", "form",
    "aside", "main", "nav", "figcaption", "details", "summary", "option", "legend",
})  # fmt: skip
_LISTS = frozenset({"ul", "ol", "dir", "menu"})
_BOLD = frozenset({"b", "strong"})
_SELF_CLOSING = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option"})
_TABLE_DEPTH = 40
"""Tables within tables that are looked at; what is deeper is read as plain text."""
_LINK_CHARACTERS = 2_000
_MOST_LINKS = 500


@dataclass(frozen=True, slots=True)
class Converted:
    text: str
    links: tuple[tuple[str, str], ...] = ()
    """(words, target) of the links whose words look like an address and are not their target."""


def convert(html: str) -> Converted:
    """The readable text of an HTML document or fragment, and the links that say where they lead."""
    shown = _Writer(hide=True).run(html)
    return shown if shown.text.strip() else _Writer(hide=False).run(html)


def to_text(html: str) -> str:
    """The readable text of an HTML document or fragment."""
    return convert(html).text


class _Writer:
    """Takes the stream and writes pages."""

    def __init__(self, *, hide: bool) -> None:
        self.hide = hide
        self.pages = [Page()]
        self.tables: list[Table] = []
        self.flat = 0
        """Tables open beyond the depth that is looked at."""
        self.pre = 0
        self.bold = 0
        self.bolds: list[int] = []
        """Those of the pages around this one."""
        self.hidden = ""
        self.hidden_depth = 0
        self.raw = ""
        self.link = ""
        self.link_words: list[str] | None = None
        self.last_link = ""
        self.links: list[tuple[str, str]] = []

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def run(self, html: str) -> Converted:
        for kind, value, rest in tokens(html):
            if kind == "text":
                if not self.hidden and not self.raw:
                    self._text(plain(value))
            elif kind == "open":
                self._open(value, rest)
            else:
                self._close(value)
        self._end_link()
        while self.tables:
            self._end_table()
        return Converted(_BLANK_RUN.sub("\n\n", "\n".join(self.page.finish())), tuple(self.links))

    # -- text

    def _text(self, text: str) -> None:
        if self.pre:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._write(first)
            for line in others:
                self.page.break_line()
                self._write(line)
            return
        text = _SPACE.sub(" ", text)
        if not text.isascii():
            text = _FILLER.sub(" ", text)
        if text == " " and (self.page.owed or not self.page.line):
            return
        self._write(text)

    def _write(self, text: str) -> None:
        if not text:
            return
        if text.strip():
            self._need_cell()
            self.page.bold_only = self.page.bold_only and self.bold > 0
        elif self.tables and not self.tables[-1].open:
            return
        self.page.write(text, verbatim=self.pre > 0)
        if self.link_words is not None:
            self.link_words.append(text)
        elif text.strip():
            self.last_link = ""

    # -- tags

    def _open(self, name: str, source: str) -> None:
        if self.hidden:
            if name != self.hidden:
                return
            if name not in _SELF_CLOSING:
                self.hidden_depth += 1
                return
            self.hidden = ""
        given = attributes(source) if source.strip(" /") else {}
        if self.hide and name not in _VOID and name != "body" and is_hidden(name, given):
            self.hidden, self.hidden_depth = name, 1
        elif name in RAW:
            self.raw = "" if source.endswith("/") else name
        elif name in {"table", "tr", "td", "th", "caption", "thead", "tbody", "tfoot"}:
            self._open_table_part(name, given)
        elif name == "br":
            self._line_break()
        elif name == "blockquote":
            self._quote(_quote_mark(given))
        elif name in _LISTS:
            self._open_list(name, given)
        elif name == "li":
            self._item(given)
        elif name == "hr":
            self._need_cell()
            self.page.rule(OLDER if _OLDER_ID.fullmatch(given.get("id", "")) else RULE)
        elif name == "img":
            alt = " ".join(given.get("alt", "").split())
            if alt and not is_pixel(given):
                self._write(f"[{alt[:200]}]")
        elif name == "a":
            self._end_link()
            href = "".join(given.get("href", "").split())
            if _SCHEME.match(href):
                self.link, self.link_words = href[:_LINK_CHARACTERS], []
        else:
            self._open_block(name, given)

    def _open_block(self, name: str, given: Mapping[str, str]) -> None:
        if name in _BOLD:
            self.bold += 1
        elif name == "pre":
            self.pre += 1
        elif name == "div":
            self.page.divs += 1
            if _QUOTING.search(given.get("class", "")):
                self.page.quoting_divs.append(self.page.divs)
                self._quote("> ")
            elif _OLDER_ID.fullmatch(given.get("id", "")) or _OLDER_STYLE.search(given.get("style", "")):
                self._need_cell()
                self.page.rule(OLDER)
            elif _SIGNATURE.search(f"{given.get('class', '')} {given.get('id', '')}") and not self.page.fresh:
                self.page.rule("-- ")
        self.page.owe(_margin(name, given))

    def _close(self, name: str) -> None:
        if self.hidden:
            if name == self.hidden:
                self.hidden_depth -= 1
                if self.hidden_depth <= 0:
                    self.hidden = ""
            return
        if name == self.raw:
            self.raw = ""
        elif name == "a":
            self._end_link()
        elif name in {"table", "tr", "td", "th", "caption", "thead", "tbody", "tfoot"}:
            self._close_table_part(name)
        elif name == "blockquote":
            self.page.owe(1)
            self._unquote()
        elif name in _LISTS:
            if self.page.lists:
                self.page.lists.pop()
            self.page.bullet = ""
            self.page.owe(1 if self.page.lists else 2)
        elif name in _BOLD:
            self.bold = max(0, self.bold - 1)
        elif name == "pre":
            self.pre = max(0, self.pre - 1)
            self.page.owe(2)
        elif name == "div":
            self._close_div()
        elif name in _SPACED or name in _BLOCK or name == "li":
            self.page.owe(2 if name in _SPACED and name != "p" else 1)

    def _close_div(self) -> None:
        page = self.page
        page.owe(1)
        if page.quoting_divs and page.quoting_divs[-1] == page.divs:
            page.quoting_divs.pop()
            self._unquote()
        page.divs = max(0, page.divs - 1)

    def _line_break(self) -> None:
        if self.tables and not self.tables[-1].open:
            return
        if self.page.line or not self.page.owed:
            self.page.break_line()
        else:
            self.page.owed = 2  # right after a block it adds an empty line to the break that is owed already

    def _quote(self, mark: str) -> None:
        self._need_cell()
        self.page.owe(1)
        self.page.settle()
        self.page.end_line()
        self.page.quotes.append(mark)

    def _unquote(self) -> None:
        if self.page.quotes:
            self.page.end_line()
            self.page.owed = 0
            self.page.quotes.pop()
            self.page.owe(2)

    # -- lists

    def _open_list(self, name: str, given: Mapping[str, str]) -> None:
        self._need_cell()
        self.page.owe(1 if self.page.lists else 2)
        first = _number(given.get("start", "")) or 1
        style = given.get("type", "1")
        self.page.lists.append(ListLevel(first if name == "ol" else None, style if style in {"a", "A", "i", "I"} else "1"))

    def _item(self, given: Mapping[str, str]) -> None:
        self._need_cell()
        lists = self.page.lists
        level = lists[-1] if lists else ListLevel(None)
        value = _number(given.get("value", ""))
        if level.number is not None and value is not None:
            level.number = value
        self.page.item(level)

    # -- tables

    def _open_table_part(self, name: str, given: Mapping[str, str]) -> None:
        if name == "table":
            if self.flat or len(self.tables) >= _TABLE_DEPTH:
                self.flat += 1
                self.page.owe(1)
                return
            self._need_cell()
            self.tables.append(Table())
            return
        if self.flat:
            self.page.owe(1)
            return
        if not self.tables:
            self.tables.append(Table())
        table = self.tables[-1]
        self._end_cell()
        if name in {"td", "th"}:
            span, down = (min(_number(given.get(key, "")) or 1, 100) for key in ("colspan", "rowspan"))
            self._begin_cell(Cell([], span, down, heading=name == "th"))
        else:
            table.next_row()
            table.head = name == "thead" or (table.head and name == "tr")

    def _close_table_part(self, name: str) -> None:
        if self.flat:
            self.flat -= name == "table"
            self.page.owe(1)
        elif name == "table":
            if self.tables:
                self._end_table()
            else:
                self.page.owe(1)
        elif self.tables:
            self._end_cell()
            if name not in {"td", "th"}:
                self.tables[-1].next_row()
            if name == "thead":
                self.tables[-1].head = False

    def _need_cell(self) -> None:
        """Text within a table but outside its cells (a caption, what stands in the wrong place) has a row of its own."""
        if self.tables and not self.tables[-1].open:
            self.tables[-1].next_row()
            self._begin_cell(Cell([]))

    def _begin_cell(self, cell: Cell) -> None:
        self.tables[-1].begin(cell)
        self.pages.append(Page())
        self.bolds.append(self.bold)
        self.bold = int(cell.heading)

    def _end_cell(self) -> None:
        table = self.tables[-1]
        if not table.open:
            return
        page = self.pages.pop()
        self.bold = self.bolds.pop()
        table.end(page.finish(), bold=page.bold_only, spaced=max(page.lead, page.owed) > 1)

    def _end_table(self) -> None:
        self._end_cell()
        lines, spaced = lay_out(self.tables.pop())
        self.page.add(lines, 2 if spaced else 1)

    # -- links

    def _end_link(self) -> None:
        """After the words of a link, its target, unless the words say it or the link before led there, too."""
        if self.link_words is None:
            return
        words, target = "".join(self.link_words).strip(), self.link
        self.link, self.link_words = "", None
        if not words or _bare_target(words) == _bare_target(target):
            return
        if target != self.last_link:
            page = self.page
            page.append(("" if page.line and page.line[-1].endswith(" ") else " ") + f"<{target}>")
        self.last_link = target
        if len(self.links) < _MOST_LINKS and warnings.looks_like_address(words):
            self.links.append((" ".join(words.split())[:300], target))


def _margin(name: str, given: Mapping[str, str]) -> int:
    css_class = given.get("class", "")
    if name == "p" and ("MsoNormal" in css_class or "MsoPlainText" in css_class or _NO_MARGIN.search(given.get("style", ""))):
        return 1
    return 2 if name in _SPACED else 1 if name in _BLOCK else 0


def _quote_mark(given: Mapping[str, str]) -> str:
    """A `blockquote` is older mail, unless it is how a web mail sets a paragraph in."""
    if given.get("type") == "cite" or _QUOTE_CLASS.search(given.get("class", "") + given.get("id", "")):
        return "> "
    return "    " if _INDENTING.search(given.get("style", "")) else "> "


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None


def _bare_target(text: str) -> str:
    text = text.strip("<>\xa0 ").lower().removeprefix("tel:").removeprefix("https://").removeprefix("http://")
    if text.startswith("mailto:"):
        text = text.removeprefix("mailto:").partition("?")[0]
    return "".join(text.removeprefix("www.").rstrip("/").split())
