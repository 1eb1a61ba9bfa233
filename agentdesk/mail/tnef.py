"""winmail.dat: what Outlook makes of a message to people it takes for other Outlooks ([MS-OXTNEF]).

A small careful reader, because what there is on PyPI is under the LGPL. Every length is checked against what is there, everything is
read once, nothing is executed or followed; what makes no sense ends the reading, and what was found until then counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentdesk.mail import charset, limits, rtf

SIGNATURE = b"\x78\x9f\x3e\x22"
_MOST = 10_000
"""Attributes of a file, properties of an attribute."""
_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_NEW_FILE, _FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_TEXT, _HTML, _RTF, _INTERNET_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_FILE_LONG_NAME, _FILE_NAME, _DISPLAY_NAME, _FILE_TYPE, _FILE_OBJECT, _FILE_CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x370E, 0x3701, 0x3712
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_VARIABLE = frozenset({13, 30, 31, 258})
_OBJECT, _STRING8, _UNICODE = 13, 30, 31


@dataclass(slots=True)
class File:
    name: str = ""
    type: str = ""
    content: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    text: str = ""
    html: bytes = b""
    html_charset: str = ""
    files: list[File] = field(default_factory=list)
    complete: bool = False
    """It was read to its end."""


@dataclass(slots=True)
class _Property:
    id: int
    type: int
    value: bytes


def read(data: bytes) -> Tnef:
    """Never raises."""
    found = Tnef()
    if data[:4] != SIGNATURE:
        return found
    reading = _Reading(found)
    position, count = 6, 0
    try:
        while position < len(data) and count < _MOST and len(found.files) <= limits.INNER_FILES:
            _, attribute, size = struct.unpack_from("<BII", data, position)
            position += 9
            content = data[position : position + size]
            if len(content) < size:
                break
            position += size + 2  # its check sum is of no use: what is broken shows itself
            count += 1
            reading.take(attribute & 0xFFFF, content)
        else:
            found.complete = position >= len(data)
    except struct.error:
        pass
    reading.finish()
    return found


class _Reading:
    def __init__(self, found: Tnef) -> None:
        self._found = found
        self._label = ""
        self._plain = b""
        self._rtf = b""
        self._unicode = ""

    def take(self, attribute: int, content: bytes) -> None:
        files = self._found.files
        if attribute == _CODE_PAGE and len(content) >= 4:
            self._label = _label(content)
        elif attribute == _BODY:
            self._plain = content[: limits.TEXT_BYTES]
        elif attribute == _MESSAGE_PROPERTIES:
            self._take_message(content)
        elif attribute == _NEW_FILE:
            files.append(File())
        elif files and attribute == _FILE_TITLE:
            files[-1].name = files[-1].name or self._text(content)
        elif files and attribute == _FILE_DATA:
            files[-1].content = content
        elif files and attribute == _FILE_PROPERTIES:
            self._take_file(files[-1], content)

    def _take_message(self, content: bytes) -> None:
        for one in _properties(content):
            if one.id == _TEXT:
                self._unicode = self._string(one)[: limits.TEXT_BYTES]
            elif one.id == _HTML:
                self._found.html = one.value[: limits.TEXT_BYTES]
            elif one.id == _RTF:
                self._rtf = one.value
            elif one.id == _INTERNET_CODE_PAGE and len(one.value) >= 4:
                self._found.html_charset = _label(one.value)

    def _take_file(self, file: File, content: bytes) -> None:
        names: dict[int, str] = {}
        for one in _properties(content):
            if one.id in {_FILE_LONG_NAME, _FILE_NAME, _DISPLAY_NAME}:
                names[one.id] = self._string(one)
            elif one.id == _FILE_TYPE:
                file.type = self._string(one).strip().lower()
            elif one.id == _FILE_CONTENT_ID:
                file.content_id = self._string(one).strip("<> ")
            elif one.id == _FILE_OBJECT and not file.content:
                file.content = one.value[16:] if one.type == _OBJECT else one.value  # an object has a GUID in front
        file.name = names.get(_FILE_LONG_NAME) or file.name or names.get(_FILE_NAME, "") or names.get(_DISPLAY_NAME, "")

    def finish(self) -> None:
        found = self._found
        found.files = [file for file in found.files[: limits.INNER_FILES] if file.content]
        found.text = self._unicode or self._text(self._plain)
        found.html_charset = found.html_charset or self._label
        if not found.text.strip() and not found.html and self._rtf:
            found.text = rtf.to_text(rtf.decompress(self._rtf))

    def _string(self, one: _Property) -> str:
        if one.type == _UNICODE:
            return one.value.decode("utf-16-le", errors="replace").split("\0")[0]
        return self._text(one.value)

    def _text(self, raw: bytes) -> str:
        return charset.decode(raw.split(b"\0")[0], self._label)


def _label(content: bytes) -> str:
    number = int(struct.unpack_from("<I", content)[0])
    return {65001: "utf-8", 28591: "iso-8859-1", 20127: "us-ascii", 50220: "iso-2022-jp", 932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5"}.get(
        number, f"windows-{number}"
    )


def _properties(data: bytes) -> Iterator[_Property]:
    """MAPI properties; those of several values by their first."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MOST)):
        kind, identity = struct.unpack_from("<HH", data, position)
        position += 4
        if identity >= 0x8000:
            position = _past_name(data, position)
        several, kind = bool(kind & 0x1000), kind & 0x0FFF
        values = 1
        if several or kind in _VARIABLE:
            (values,) = struct.unpack_from("<I", data, position)
            position += 4
        if kind in _FIXED:
            size = _FIXED[kind]
            if position + size * values > len(data):
                return
            if values:
                yield _Property(identity, kind, data[position : position + size])
            position += size * values
        elif kind in _VARIABLE:
            for index in range(min(values, _MOST)):
                (size,) = struct.unpack_from("<I", data, position)
                position += 4
                if position + size > len(data):
                    return
                if index == 0:
                    yield _Property(identity, kind, data[position : position + size])
                position += size + -size % 4
        else:
            return


def _past_name(data: bytes, position: int) -> int:
    position += 16
    (by_name,) = struct.unpack_from("<I", data, position)
    position += 4
    if not by_name:
        return position + 4
    (size,) = struct.unpack_from("<I", data, position)
    return int(position + 4 + size + -size % 4)
