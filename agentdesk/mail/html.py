"""HTML mail as text that reads well in a terminal: links, lists, tables, quotes. Nothing is ever loaded.

A stream of tags without a tree and without recursion, linear in the length of the input. Not on `html.parser`: in the Python
versions we support it is quadratic (60 KB of "<a " take 29 s on 3.11), and not on libxml2, which silently drops what stands
deeper than 256 elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_TAG_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]{0,40}")
# What stands before the ">" is taken once and never tried again, or a tag without an end would take for ever. Written as a look
# ahead and a reference to it: a possessive group matches wrongly in Python 3.11.2, which Debian 12 has (cpython issue 106052).
_TAG_REST = re.compile(r"(?=([^>\"']*+(?:(?:(?<=[=\s])\"[^\"]*+\"|(?<=[=\s])'[^']*+'|[\"'])[^>\"']*+)*))\1>")
_ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z0-9:_-]{0,40})\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))|(\bhidden\b)")
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}+;?")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?<![\w-])opacity\s*:\s*0(?![.\d])|max-height\s*:\s*0(?:px)?\s*(?:;|$|!)", re.IGNORECASE)
_NO_MARGIN = re.compile(r"(?<![\w-])margin(?:-bottom)?\s*:\s*0(?![.\d])", re.IGNORECASE)
_NO_SIZE = re.compile(r"font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_BLANK_RUN = re.compile(r"\n{3,}")

_RAW = frozenset({"script", "style", "template", "title", "textarea", "object", "applet", "svg", "math"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "table", "pre", "figure", "fieldset"})
_BLOCK = frozenset({
    "div", "tr", "li", "dt", "dd", "body", "html", "head", "section", "article", "header", "footer", "address", "center", "form",
    "caption", "thead", "tbody", "tfoot", "aside", "main", "nav", "figcaption", "details", "summary", "option", "legend",
})  # fmt: skip
_SELF_CLOSING = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option"})
_DEPTH = 20
"""Levels of quotes and lists that are drawn; deeper ones look like the deepest."""
_LINK_CHARACTERS = 2_000


def to_text(html: str) -> str:
    """The readable text of an HTML document or fragment."""
    text = _Writer(hide=True).run(html)
    return text if text.strip() else _Writer(hide=False).run(html)


def _tokens(html: str) -> Iterator[tuple[str, str, str]]:
    """("text", text, ""), ("open", name, attributes) and ("close", name, "") in their order."""
    position, length = 0, len(html)
    quotes_pair = True
    unclosed: set[str] = set()
    while position < length:
        start = html.find("<", position)
        if start < 0:
            break
        if start > position:
            yield "text", html[position:start], ""
        if html.startswith("<!--", start):
            end = html.find("-->", start + 4)
            position = end + 3 if end >= 0 else length
            continue
        if html.startswith(("<!", "<?"), start):
            end = html.find(">", start)
            position = end + 1 if end >= 0 else length
            continue
        name = _TAG_NAME.match(html, start + 1)
        if name is None:
            yield "text", "<", ""
            position = start + 1
            continue
        rest = _TAG_REST.match(html, name.end()) if quotes_pair else None
        if rest is None:
            # A quotation mark that is never closed: from here on tags end at the next ">", or the search would begin anew
            # at every "<" and run to the end each time.
            quotes_pair = False
            end = html.find(">", name.end())
            if end < 0:
                break
        else:
            end = rest.end() - 1
        position = end + 1
        tag = name[0].lower()
        if tag.startswith("/"):
            yield "close", tag[1:], ""
            continue
        if tag in _RAW and tag in unclosed:
            continue
        yield "open", tag, html[name.end() : end]
        if tag in _RAW and tag not in unclosed and html[end - 1] != "/":
            close = re.compile(f"</{tag}", re.IGNORECASE).search(html, position)
            if close:
                position = close.start()
            elif tag in {"script", "style"}:
                position = length
            else:
                unclosed.add(tag)
    if position < length:
        yield "text", html[position:], ""


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source[:20_000]):
        if match[5]:
            found.setdefault("hidden", "")
        else:
            found.setdefault(match[1].lower(), _unescape(match[2] or match[3] or match[4] or ""))
    return found


def _unescape(text: str) -> str:
    return unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


class _Writer:
    """Takes the stream and writes lines."""

    def __init__(self, *, hide: bool) -> None:
        self.hide = hide
        self.lines: list[str] = []
        self.line: list[str] = []
        self.breaks = 0
        """Line breaks owed before the next text: 1 ends a line, 2 leaves one empty."""
        self.quote = 0
        self.lists: list[int] = []
        """One number per open list: the next ordinal, or -1 for bullets."""
        self.pre = 0
        self.bullet = ""
        self.cell_fresh = False
        self.cell_line = 0
        self.cell_gap = False
        """A cell ended on this line: a bar is owed before the next text."""
        self.hidden = ""
        self.hidden_depth = 0
        self.raw = ""
        self.link = ""
        self.link_text: list[str] | None = None

    def run(self, html: str) -> str:
        for kind, value, rest in _tokens(html):
            if kind == "text":
                if not self.hidden and not self.raw:
                    self._text(_unescape(value))
            elif kind == "open":
                self._open(value, rest)
            else:
                self._close(value)
        self._end_link()
        self._end_line()
        return _BLANK_RUN.sub("\n\n", "\n".join(line.rstrip() for line in self.lines)).strip("\n")

    # text

    def _text(self, text: str) -> None:
        if self.pre:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._write(first)
            for line in others:
                self._break()
                self._write(line)
            return
        text = _SPACE.sub(" ", text)
        if text == " " and (self.breaks or not self.line):
            return
        self._write(text)

    def _write(self, text: str) -> None:
        if not text:
            return
        if self.breaks:
            self._settle()
        if self.cell_gap:
            if not text.strip():
                return
            self.cell_gap = False
            if self.line:
                self.line[-1] = self.line[-1].rstrip(" ")
                self.line.append(" | ")
        if not self.line or (self.line[-1][-1:] == " " and not self.pre):
            text = text if self.pre else text.lstrip(" ")
            if not text:
                return
        if not self.line and self.bullet:
            self.line.append(self.bullet)
            self.bullet = ""
        self.line.append(text)
        if text.strip():
            self.cell_fresh = False
            if self.link_text is not None:
                self.link_text.append(text)

    def _break(self) -> None:
        """End the line here, even if it is empty."""
        self._settle()
        self._end_line(keep_empty=True)

    def _owe(self, breaks: int) -> None:
        """A block begins or ends: the next text stands on a line of its own, below an empty one if `breaks` is 2."""
        if not self.cell_fresh and (self.line or self.lines):
            self.breaks = max(self.breaks, breaks)

    def _settle(self) -> None:
        if self.breaks:
            self._end_line()
            if self.breaks > 1 and self.lines and not self.bullet:
                self.lines.append(self._prefix().rstrip())
            self.breaks = 0

    def _end_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        if text.strip() or keep_empty:
            self.lines.append(self._prefix() + text if text.strip() else self._prefix().rstrip())
        elif self.line:
            self.lines.append(self._prefix().rstrip())
        self.line, self.cell_gap = [], False

    def _prefix(self) -> str:
        return "> " * min(self.quote, _DEPTH)

    # tags

    def _open(self, name: str, source: str) -> None:
        if self.hidden:
            if name == self.hidden:
                if name not in _SELF_CLOSING:
                    self.hidden_depth += 1
                    return
                self.hidden = ""
            else:
                return
        attributes = _attributes(source) if source.strip(" /") else {}
        style = attributes.get("style", "")
        if self.hide and name not in _VOID and name != "body" and _is_hidden(name, attributes, style):
            self.hidden, self.hidden_depth = name, 1
            return
        if name in _RAW:
            self.raw = "" if source.endswith("/") else name
        elif name == "br":
            if self.line or not self.breaks:
                self._break()
            else:
                self.breaks = 2  # right after a block it adds an empty line to the break that is owed already
        elif name == "blockquote":
            self._owe(1)
            self._settle()
            self._end_line()
            self.quote += 1
        elif name in {"ul", "ol", "dir", "menu"}:
            self._owe(1 if self.lists else 2)
            start = attributes.get("start", "")
            first = int(start) if start.isdecimal() and len(start) < 7 else 1
            self.lists.append(first if name == "ol" else -1)
        elif name == "li":
            self._item()
        elif name in {"td", "th"}:
            self._cell()
        elif name == "hr":
            self._owe(1)
            self._write("-" * 20)
            self._owe(1)
        elif name == "img":
            alt = " ".join(attributes.get("alt", "").split())
            if alt:
                self._write(f"[{alt[:200]}]")
        elif name == "a":
            self._end_link()
            href = "".join(attributes.get("href", "").split())
            if _SCHEME.match(href):
                self.link, self.link_text = href[:_LINK_CHARACTERS], []
        else:
            if name == "tr":
                self.cell_fresh = False
            if name == "pre":
                self.pre += 1
            self._owe(self._margin(name, attributes.get("class", ""), style))

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
        elif name == "blockquote":
            self._owe(1)
            if self.quote:
                self._settle_quote()
        elif name in {"ul", "ol", "dir", "menu"}:
            if self.lists:
                self.lists.pop()
            self._owe(1 if self.lists else 2)
        elif name in {"td", "th"}:
            if len(self.lines) == self.cell_line:
                self.breaks = 0
            self.cell_fresh = False
        elif name == "pre":
            self.pre = max(0, self.pre - 1)
            self._owe(2)
        elif name in _SPACED or name in _BLOCK:
            self._owe(2 if name in _SPACED and name not in {"table", "p"} else 1)

    def _settle_quote(self) -> None:
        self._end_line()
        self.breaks = 0
        self.quote -= 1
        self._owe(2)

    def _item(self) -> None:
        self._owe(1)
        self._settle()
        self._end_line()
        depth = min(len(self.lists), _DEPTH)
        mark = "- "
        if self.lists and self.lists[-1] >= 0:
            mark = f"{self.lists[-1]}. "
            self.lists[-1] += 1
        self.bullet = "  " * max(0, depth - 1) + mark

    def _cell(self) -> None:
        if self.line and not self.breaks:
            self.cell_gap = True
        self.cell_fresh = True
        if self.breaks:
            self._settle()
        self.cell_line = len(self.lines)

    def _margin(self, name: str, css_class: str, style: str) -> int:
        if name == "p" and ("MsoNormal" in css_class or "MsoPlainText" in css_class or _NO_MARGIN.search(style)):
            return 1
        return 2 if name in _SPACED else 1 if name in _BLOCK else 0

    def _end_link(self) -> None:
        """After the words of a link, its target, unless the words are the target."""
        if self.link_text is None:
            return
        words, target = "".join(self.link_text).strip(), self.link
        self.link, self.link_text = "", None
        if words and _plain_target(words) != _plain_target(target):
            self._write(("" if self.line and self.line[-1].endswith(" ") else " ") + f"<{target}>")


def _is_hidden(name: str, attributes: dict[str, str], style: str) -> bool:
    """Text that a mail program would not show.

    A font size of 0 counts on words only: on cells and blocks it closes gaps between columns and is undone further inside.
    """
    return "hidden" in attributes or bool(_HIDING.search(style)) or (name == "span" and bool(_NO_SIZE.search(style)))


def _plain_target(text: str) -> str:
    text = text.strip("<>\xa0 ").lower().removeprefix("mailto:").removeprefix("tel:").removeprefix("https://").removeprefix("http://")
    return "".join(text.removeprefix("www.").rstrip("/").split())
