"""HTML as a stream of tags and text, and what a single tag says: linear in its length, without a tree.

Not on `html.parser`: in the Python versions we support it is quadratic (60 KB of "<a " take 29 s on 3.11), and not on libxml2, which
silently drops what stands deeper than 256 elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape

_TAG_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]{0,40}")
# What stands before the ">" is taken once and never tried again, or a tag without an end would take for ever. Written as a look
# ahead and a reference to it: a possessive group matches wrongly in Python 3.11.2, which Debian 12 has (cpython issue 106052).
_TAG_REST = re.compile(r"(?=([^>\"']*+(?:(?:(?<=[=\s])\"[^\"]*+\"|(?<=[=\s])'[^']*+'|[\"'])[^>\"']*+)*))\1>")
_ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z0-9:_-]{0,40})\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))|(\bhidden\b)")
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}+;?")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?<![\w-])opacity\s*:\s*0(?![.\d])|max-height\s*:\s*0(?:px)?\s*(?:;|$|!)", re.IGNORECASE)
_NO_SIZE = re.compile(r"font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_TINY_TEXT = re.compile(r"font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$|!)", re.IGNORECASE)
_TINY_LINE = re.compile(r"line-height\s*:\s*[01](?:px|pt)?\s*(?:;|$|!)", re.IGNORECASE)
_STYLE_END = re.compile(r"</(?:style|script|head)|<(?:body|p|div|table|center)\b", re.IGNORECASE)

RAW = frozenset({"script", "style", "template", "title", "textarea", "object", "applet", "svg", "math"})
"""Elements whose content is no text of the message."""


def tokens(html: str) -> Iterator[tuple[str, str, str]]:
    """("text", text, ""), ("open", name, attributes) and ("close", name, "") in their order.

    What is opened and never closed (a comment, a style sheet, a quotation mark) hides no more than it must.
    """
    position, length = 0, len(html)
    quotes_pair = True
    unclosed: set[str] = set()
    while position < length:
        start = html.find("<", position)
        if start < 0:
            break
        if start > position:
            yield "text", html[position:start], ""
        if html.startswith(("<!", "<?"), start):
            if html.startswith("<!--", start):
                end = html.find("-->", start + 2) + 2 if "<!--" not in unclosed else 1
                if end < 2:
                    unclosed.add("<!--")
                    end = start + 3
            else:
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
        if tag in RAW and tag in unclosed:
            continue
        yield "open", tag, html[name.end() : end]
        if tag in RAW and html[end - 1] != "/":
            close = re.compile(f"</{tag}", re.IGNORECASE).search(html, position)
            if close:
                position = close.start()
                continue
            unclosed.add(tag)
            if tag in {"script", "style"}:
                found = _STYLE_END.search(html, position)
                position = found.start() if found else length
                yield "close", tag, ""
    if position < length:
        yield "text", html[position:], ""


def attributes(source: str) -> dict[str, str]:
    """The attributes of a tag, the first of each name."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source[:20_000]):
        if match[5]:
            found.setdefault("hidden", "")
        else:
            found.setdefault(match[1].lower(), plain(match[2] or match[3] or match[4] or ""))
    return found


def plain(text: str) -> str:
    """Text with its character references replaced."""
    return unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def is_hidden(name: str, given: Mapping[str, str]) -> bool:
    """Text that a mail program would not show, such as the preview line of a newsletter.

    A font size of 0 counts on words only: on cells and blocks it closes gaps between columns and is undone further inside.
    """
    if "hidden" in given:
        return True
    style = given.get("style", "")
    if not style:
        return False
    if _HIDING.search(style) or (name == "span" and _NO_SIZE.search(style)):
        return True
    return bool(name in {"span", "div", "p"} and _TINY_TEXT.search(style) and _TINY_LINE.search(style) and not _NO_SIZE.search(style))


def is_pixel(given: Mapping[str, str]) -> bool:
    """A picture that is there to be counted or to take room: nothing to see, whatever its words are."""
    return any(given.get(side, "").strip().rstrip("px") in {"0", "1", "2"} for side in ("width", "height"))
