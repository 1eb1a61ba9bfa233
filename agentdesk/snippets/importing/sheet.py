"""Tables (CSV, TSV) with a column for each thing, by their headings or as the lead says; written and read.

Covers spreadsheets and TextExpander's files, which have no headings: abbreviation, text, label.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from agentdesk.domain.clean import clean, clean_line
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.snippets.importing.foreign import Foreign, Read, Refused

FIELDS = ("name", "title", "shortcut", "text", "language", "tags", "subject")
_KNOWN = {
    "name": ("name", "id", "nome"), "title": ("title", "label", "titolo", "titel", "titre"),
    "shortcut": ("shortcut", "abbreviation", "short_code", "shortcode", "trigger", "abbreviazione"),
    "text": ("text", "body", "content", "reply", "message", "snippet", "testo", "expansion"), "language": ("language", "lang", "locale", "lingua"),
    "tags": ("tags", "tag", "category", "folder", "group", "categoria"), "subject": ("subject", "oggetto"),
}  # fmt: skip
_LONGEST = 1 << 20


def mapping_of(text: str) -> dict[str, str]:
    """`title=Name,text=Body` or, by number, `shortcut=1,text=2`.

    Raises:
        UsageError: an unknown field, or none for the text.
    """
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        field, equals, column = part.partition("=")
        if not equals or field.strip() not in FIELDS or not column.strip():
            raise UsageError(say("importing.bad_columns", part=part, fields=", ".join(FIELDS)))
        found[field.strip()] = column.strip()
    if found and "text" not in found:
        raise UsageError(say("importing.no_text_column"))
    return found


def read_sheet(content: bytes, columns: Mapping[str, str]) -> Read:
    """A row each. A column is named by its heading, or by its number where there are no headings.

    Raises:
        UsageError: it is no table, or a column is missing.
    """
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        source = content.decode("cp1252", "replace")  # as spreadsheets write it
    csv.field_size_limit(_LONGEST)
    try:
        rows = list(csv.reader(io.StringIO(source, newline=""), delimiter=_separator(source)))
    except csv.Error as error:
        raise UsageError(say("importing.not_csv", why=error)) from error
    numbered = bool(columns) and all(column.isdigit() for column in columns.values())
    heads = [] if numbered or not rows else [clean_line(head).strip() for head in rows[0]]
    places = {field: int(column) - 1 for field, column in columns.items()} if numbered else _places(heads, columns)
    if "text" not in places:
        if not columns and rows and 2 <= len(rows[0]) <= 3:  # TextExpander's
            heads, places = [], {"shortcut": 0, "text": 1, "title": 2}
        else:
            raise UsageError(say("importing.which_text", columns=", ".join(heads)))
    found: list[Foreign] = []
    refused: list[Refused] = []
    for number, row in enumerate(rows[bool(heads) :], 1 + bool(heads)):
        if not any(cell.strip() for cell in row):
            continue
        one = _row(row, places, number)
        if isinstance(one, Refused):
            refused.append(one)
        else:
            found.append(one)
    return Read(tuple(found), tuple(refused))


def _separator(source: str) -> str:
    """Of the first line: the one of `,` `;` tab that stands there most often outside of quotes."""
    first = re.sub(r'"[^"]*"', "", source.split("\n", 1)[0])
    return max(",;\t", key=first.count)


def _places(heads: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    lowered = [head.lower() for head in heads]
    if columns:
        for column in columns.values():
            if column.lower() not in lowered:
                raise UsageError(say("importing.no_column", column=column, columns=", ".join(heads)))
        return {field: lowered.index(column.lower()) for field, column in columns.items()}
    return {field: lowered.index(name) for field, names in _KNOWN.items() for name in names[:1] + names[1:] if name in lowered}


def _row(row: Sequence[str], places: Mapping[str, int], number: int) -> Foreign | Refused:
    cell = {field: row[place] if place < len(row) else "" for field, place in places.items()}
    line = {field: clean_line(value).strip() for field, value in cell.items()}
    shortcut = line.get("shortcut", "")
    title = line.get("title") or line.get("name") or shortcut or str(number)
    text = clean(cell["text"]).strip()
    if not text:
        return Refused(title, say("importing.empty"))
    tags = tuple(tag for tag in (one.strip() for one in re.split(r"[,;|]", line.get("tags", ""))) if tag)
    return Foreign(
        f"csv:{line.get('name') or shortcut or title}", title, text, html="</" in text, subject=line.get("subject", ""),
        shortcut=shortcut if re.fullmatch(r"\S{1,40}", shortcut) else "", language=line.get("language", "").lower(), tags=tags,
    )  # fmt: skip


def written(rows: Iterable[Mapping[str, str]]) -> str:
    """A table with our headings, for spreadsheets and to be read again."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, FIELDS, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()
