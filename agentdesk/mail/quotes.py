"""What this person wrote now, and the rest: quoted mail, the line that introduces it, signatures.

Rules over single lines, each looked at once (regular expressions that span a mail backtrack: 150 KB of "On On On" cost
libraries more than 20 s). Nothing is lost: every line is either in the visible part or in the hidden one, and a text that
would leave nothing to see stays visible as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from agentdesk.mail.quote_words import FIELD, FORWARDED, MOBILE, ORIGINAL, SENDER, SUBJECTS, WROTE

_LINE = 600
"""Longer lines are prose, whatever they begin with."""
_INTRO_LINES = 4
_HEADER_LINES = 8
_CONTEXT_LINES = 6
"""A quotation up to this long, answered below it, stays as the context of the answer."""
_SIGNATURE_LINES = 14
_FOOTER_LINES = 6
_OUTLOOK_RULE = "_" * 32

_OPENING = re.compile(
    r"(?i)[*_\s]*(?:(?:on|at|le|il|in data|in date|am|um|el|em|a|no dia|op|den|dne|dňa|dana|dnia|w dniu|la|pe|på|στις|на|в|у|v|vào|pada|kuupäev|missatge de|"
    r"ons|tis|tors|fre|lør|søn|man|lun|mar|mer|gio|ven|sab|dom|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|to|ke|ti|su|ma|"
    r"pon|wt|śr|czw|pt|sob|niedz|út|st|čt|pá|ne|uto|sri|čet|pet|sub|ned|пн|вт|ср|чт|пт|сб|вс|среда|нд|στ)\b|\d{1,4}[-/. ]|\d{4}年|\d{4}년|在|于|於)"
)
_WHEN_OR_WHO = re.compile(r"\d{1,2}[:.h]\d\d|\b(?:19|20)\d\d\b|\d{1,2}[./-]\d{1,2}|[^\s@]@[^\s@]|写道|[年년]")
# "Il 12/11 il corriere mi ha scritto:" may introduce what the customer tells; programs give the year, the time or the address.
_WHEN_EXACTLY = re.compile(r"\d{1,2}[:.h]\d\d|\b(?:19|20)\d\d\b|[^\s@]@[^\s@]|写道|[年년]")
_HINT = re.compile(r"[\d@]")
"""Without a digit or an address there is no introduction: most lines are done with here."""
_CLOCK = re.compile(r"\d{1,2}[:.h]\d\d")
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>?|<(?:mailto:)?$")
_DATE_FIRST = re.compile(r"\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\b")
_GMT_STAMP = re.compile(r"\s*\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d\d:\d\d \S")
_LABEL = re.compile(r"[\s*]*[^\W\d_][^:：]{0,24}[:：]\s*\S")
_COLON = re.compile("[:：]")
_LABEL_LENGTH = 40
_DASHES = "-_=–—"
_RULE = re.compile(r"[\s>*]*(?:[-_=–—*#~+]{3,}|[-_]{2})\s*")
_GIVEAWAY = re.compile(r"\s*[ᐧ]\s*")


@dataclass(slots=True)
class _Line:
    text: str
    quoted: bool
    blank: bool


def split(text: str) -> tuple[str, str]:
    """The visible text and the hidden rest of a message, both without empty lines at their ends."""
    lines = [_line(raw) for raw in text.split("\n")]
    end = _end_of_reply(lines)
    hidden = [index >= end for index in range(len(lines))]
    _hide_quotations(lines, end, hidden)
    for index, line in enumerate(lines[:end]):
        if not line.quoted and _is_aside(line.text):
            hidden[index] = True
    _hide_gaps(lines, hidden)
    visible = "\n".join(line.text for line, hide in zip(lines, hidden, strict=True) if not hide)
    if not any(char.isalnum() for char in visible) and not _says_something(visible):
        return _trim(text), ""
    return _trim(visible), _trim("\n".join(line.text for line, hide in zip(lines, hidden, strict=True) if hide))


def _from(lines: list[_Line], start: int) -> Iterator[_Line]:
    return (lines[index] for index in range(start, len(lines)))


def _line(raw: str) -> _Line:
    bare = raw.strip()
    return _Line(raw, bare.startswith(">"), not bare)


def _hide_gaps(lines: list[_Line], hidden: list[bool]) -> None:
    """Empty lines below a hidden line are hidden with it."""
    for index in range(1, len(lines)):
        if lines[index].blank and hidden[index - 1]:
            hidden[index] = True


def _says_something(text: str) -> bool:
    """Text without a letter may still be an answer: an emoji, "?", "!!"; rules and brackets are none."""
    return bool(text.strip("-_=–—*#~+<>|[](){}.,:; \n\t\xa0"))


def _trim(text: str) -> str:
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    start = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[start:])


def _end_of_reply(lines: list[_Line]) -> int:
    """Where everything that follows is older mail or a signature."""
    for index, line in enumerate(lines):
        if line.blank or line.quoted or len(line.text) > _LINE:
            continue
        if _begins_older_mail(lines, index):
            return _with_rule_above(lines, index)
        if _is_signature_mark(lines, index):
            return index
        start = _intro_ending_at(lines, index)
        if start is None or _quotation_follows(lines, index):
            continue
        if _WHEN_EXACTLY.search(" ".join(each.text for each in lines[start : index + 1])):
            return _with_rule_above(lines, start)
    return len(lines)


def _begins_older_mail(lines: list[_Line], index: int) -> bool:
    text = lines[index].text
    title = _divider_title(text)
    if title and (ORIGINAL.search(title) or (WROTE.search(title) and _WHEN_OR_WHO.search(title))):
        return True
    return _is_list_footer(lines, index) or _is_older_header(lines, index) or bool(_COLON.search(text, 0, 200) and FORWARDED.fullmatch(text)) or _is_header_block(lines, index)


def _divider_title(text: str) -> str:
    """The words between two runs of dashes ("-----Original Message-----"), or ""."""
    bare = text.strip(" \t*\xa0")
    title = bare.strip(_DASHES)
    before = len(bare) - len(bare.lstrip(_DASHES))
    return title.strip() if before > 1 and len(bare) - len(title) - before > 1 else ""


def _is_header_block(lines: list[_Line], index: int) -> bool:
    """A line such as "Da: Anna <...>" followed by at least two more fields of a mail header.

    A customer may also write "Da: Milano / A: Roma / Data: ...": a subject or an address must be among them.
    """
    if not _COLON.search(lines[index].text, 0, _LABEL_LENGTH) or not SENDER.match(lines[index].text):
        return False
    names = set()
    with_address = False
    for line in lines[index : index + _HEADER_LINES]:
        field = FIELD.match(line.text[:_LINE])
        if field:
            names.add(field[1].lower())
            with_address = with_address or "@" in line.text[:_LINE]
        elif line.blank and len(names) >= 3:
            break
    return len(names) >= 3 and (with_address or bool(names & SUBJECTS))


def _is_older_header(lines: list[_Line], index: int) -> bool:
    """The rule of Outlook, and below it fields of a header in whatever language."""
    if lines[index].text.strip() != _OUTLOOK_RULE:
        return False
    below = list(islice((each.text for each in _from(lines, index + 1) if not each.blank), _FOOTER_LINES))
    fields = [each for each in below if _LABEL.match(each[:_LINE])]
    return len(fields) >= 3 and any("@" in each or _CLOCK.search(each) for each in fields)


def _is_list_footer(lines: list[_Line], index: int) -> bool:
    """What a mailing list adds: a long rule, then a few lines with a link or an address up to the end."""
    text = lines[index].text.strip()
    if len(text) < 30 or text.strip("_-"):
        return False
    below = list(islice((each.text for each in _from(lines, index + 1) if not each.blank), _FOOTER_LINES + 1))
    return 0 < len(below) <= _FOOTER_LINES and any("http" in each or "@" in each for each in below)


def _is_signature_mark(lines: list[_Line], index: int) -> bool:
    text = lines[index].text
    if text.rstrip("\xa0") == "-- " or text == "--\xa0":
        return True
    if text.strip() not in {"--", "—", "__"}:
        return False
    below = 0
    for line in _from(lines, index + 1):
        if line.quoted or line.text == _OUTLOOK_RULE:
            break
        below += not line.blank
        if below > _SIGNATURE_LINES:
            return False
    return True


def _intro_ending_at(lines: list[_Line], index: int) -> int | None:
    """The first line of an introduction ("On ... X wrote:") that ends with this line, if one does."""
    last = lines[index].text.rstrip(" \t*_\xa0")
    if _GMT_STAMP.match(last):
        return index
    if not any(_HINT.search(each.text, 0, _LINE) for each in lines[max(0, index - _INTRO_LINES + 1) : index + 1]):
        return None
    if not last.endswith((":", "：", ">", "写道", "寫道")) and not WROTE.search(last[-40:]):
        return None
    likely: int | None = None
    for start in range(index, max(-1, index - _INTRO_LINES), -1):
        line = lines[start]
        if line.blank or line.quoted or len(line.text) > _LINE:
            break
        joined = " ".join(each.text.strip() for each in lines[start : index + 1])
        if not WROTE.search(joined):
            if _is_stamp(joined, last):
                likely = start
            continue
        if _OPENING.match(line.text) and _WHEN_OR_WHO.search(joined) and len(joined) < _LINE:
            return start
        if start >= index - 1 and last.endswith(":") and WROTE.search(line.text) and _ADDRESS.search(line.text) and len(joined) < 250:
            likely = start
        if start == index and _WHEN_OR_WHO.search(joined) and len(joined) < 250 and last.endswith((":", "：")):
            likely = start
    return likely


def _is_stamp(joined: str, last: str) -> bool:
    """An introduction without a verb: a date, a sender and an address, as webmail of many countries writes it."""
    if len(joined) > 250 or not _ADDRESS.search(joined):
        return False
    if last.endswith(":"):
        return bool(_CLOCK.search(joined))
    return last.endswith(">") and bool(_DATE_FIRST.match(joined))


def _quotation_follows(lines: list[_Line], index: int) -> bool:
    for line in lines[index + 1 : index + 4]:
        if not line.blank:
            return line.quoted
    return False


def _with_rule_above(lines: list[_Line], index: int) -> int:
    """The place of a line, or of the rule (dashes, underscores) that stands above it."""
    above = index - 1
    while above >= 0 and lines[above].blank:
        above -= 1
    if above >= 0 and len(lines[above].text) < 200 and _RULE.fullmatch(lines[above].text):
        return above
    return index


def _hide_quotations(lines: list[_Line], end: int, hidden: list[bool]) -> None:
    """Fold quotations: the last one always, others unless they are the short context of an answer below them."""
    blocks = _blocks(lines, end)
    last_own = next((index for index in reversed(range(end)) if _is_own(lines[index])), -1)
    interleaved = sum(1 for _, stop in blocks if stop <= last_own) > 1
    for start, stop in blocks:
        quoted = sum(1 for line in lines[start:stop] if line.quoted)
        intro = _intro_above(lines, start)
        for index in range(intro, start):
            hidden[index] = True
        if interleaved and stop <= last_own and quoted <= _CONTEXT_LINES:
            continue
        for index in range(start, stop):
            hidden[index] = True


def _blocks(lines: list[_Line], end: int) -> list[tuple[int, int]]:
    """Runs of quoted lines, empty lines within them included."""
    found: list[tuple[int, int]] = []
    start = stop = -1
    for index in range(end):
        line = lines[index]
        if line.quoted:
            if start < 0:
                start = index
            stop = index + 1
        elif not line.blank and start >= 0:
            found.append((start, stop))
            start = -1
    if start >= 0:
        found.append((start, stop))
    return found


def _is_own(line: _Line) -> bool:
    return not line.blank and not line.quoted and not _is_aside(line.text)


def _is_aside(text: str) -> bool:
    """A line that a program added to what the person wrote."""
    return len(text) < 200 and bool(MOBILE.fullmatch(text) or _GIVEAWAY.fullmatch(text))


def _intro_above(lines: list[_Line], start: int) -> int:
    above = start - 1
    while above >= 0 and lines[above].blank and start - above < 4:
        above -= 1
    if above < 0 or lines[above].blank or lines[above].quoted:
        return start
    intro = _intro_ending_at(lines, above)
    if intro is not None or start - above > 2:
        return start if intro is None else intro
    first = above
    while first > 0 and above - first < 2 and not (lines[first - 1].blank or lines[first - 1].quoted):
        first -= 1
    joined = " ".join(line.text.strip() for line in lines[first : above + 1])
    if first > 0 and not lines[first - 1].blank and not lines[first - 1].quoted:
        return start
    opened = _OPENING.match(joined) or _DATE_FIRST.match(joined) or _ADDRESS.search(joined)
    ended = joined.rstrip().endswith((".", "!", "?", ","))
    return first if opened and not ended and _WHEN_OR_WHO.search(joined) and len(joined) < 250 else start
