"""The text of a message as lines of pieces: tables within the width, items of lists set in, long targets of links short, quotes quiet."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from rich.style import Style

from agentdesk.domain import grid
from agentdesk.tui.layout import Piece, cells, wrap
from agentdesk.tui.theme import Roles

Text = tuple[Piece, ...]

_TARGET = re.compile(r"<(https?://[^\s<>]+)>|(?<![\w<])https?://[^\s<>()\[\]\"']+", re.IGNORECASE)
_LONG_TARGET, _LONG_ADDRESS = 44, 76
_HANGING = re.compile(r"(?:> ?)+|\s*(?:(?:[-*•]|\d{1,3}[.)]|[a-zA-Z]\.)\s+)?")
_QUIET = re.compile(r"(<https?://[^\s<>]+>?|<[^\s<>/]+/…>)|( │ |─*┼[─┼]*)")


def shortened(text: str) -> str:
    """The text with long addresses of links cut behind the host: what says where they lead."""
    if "://" not in text:
        return text
    return _TARGET.sub(_short, text)


def _short(match: re.Match[str]) -> str:
    whole = match[0]
    if len(whole) <= (_LONG_TARGET if match[1] else _LONG_ADDRESS):
        return whole
    try:
        host = urlsplit(match[1] or whole).netloc.rpartition("@")[2]
    except ValueError:
        return whole
    return f"<{host}/…>" if match[1] else f"{whole.partition('://')[0]}://{host}/…"


def lines_of(text: str, width: int, roles: Roles, style: Style, *, whole: bool = False) -> list[Text]:
    """The text in lines of at most `width` cells. `whole`: links in full."""
    shown = grid.refit(text if whole else shortened(text), width)
    return [line for paragraph in shown.split("\n") for line in _paragraph(paragraph, width, roles, style)]


def _paragraph(text: str, width: int, roles: Roles, style: Style) -> list[Text]:
    quoted = text.startswith(">")
    style = roles.mute if quoted else style
    if cells(text) <= width:
        return [_pieces(text, roles, style)]
    match = _HANGING.match(text)
    head = match[0] if match and cells(match[0]) <= width // 2 else ""
    first, *rest = wrap(text[len(head) :], width - cells(head))
    further = head if quoted else " " * cells(head)
    return [_pieces(head + first, roles, style), *(_pieces((further + each).rstrip(), roles, style) for each in rest)]


def _pieces(text: str, roles: Roles, style: Style) -> Text:
    """Words in their style; targets and the lines of tables quiet."""
    if "<" not in text and "│" not in text and "┼" not in text:
        return ((text, style),)
    pieces: list[Piece] = []
    end = 0
    for match in _QUIET.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], style))
        pieces.append((match[0], roles.faint if match[1] else roles.line))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], style))
    return tuple(pieces)
