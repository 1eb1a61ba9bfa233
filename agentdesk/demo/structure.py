"""BODYSTRUCTURE as RFC 3501 7.4.2 has it.

pymap gives Content-Disposition as one string where the grammar wants a name and its parameters, so no client finds the name
of an attachment, and it counts a part's header into its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pymap.backend.dict.mailbox import LoadedMessage
from pymap.bytes import MaybeBytes
from pymap.mime import MessageContent
from pymap.parsing.primitives import List, Nil, Number, String
from pymap.parsing.response.fetch import BodyStructure, EnvelopeStructure


class _Structure(BodyStructure):
    """A structure put together by `_list`."""

    def __init__(self, plain: List, extended: List) -> None:
        super().__init__("", "", None, None, None, None)
        self._plain = plain
        self._extended = extended

    @property
    def _value(self) -> List:
        return self._plain

    @property
    def extended(self) -> List:
        return self._extended


class StructuredMessage(LoadedMessage):
    """A message with the right structure."""

    __slots__: list[str] = []

    def get_body_structure(self) -> BodyStructure:
        if self._content is None:
            return BodyStructure.empty()
        return _Structure(
            _list(self._content, self._get_envelope_structure, extended=False),
            _list(self._content, self._get_envelope_structure, extended=True),
        )


def _list(part: MessageContent, envelope: Any, *, extended: bool) -> List:
    parsed, body = part.header.parsed, part.body
    kind, sub = body.content_type.maintype, body.content_type.subtype
    language, location = String.build(parsed.content_language), String.build(parsed.content_location)
    after = [_disposition(part), language, location] if extended else []
    if kind == "multipart":
        children = b"".join(bytes(_list(child, envelope, extended=extended)) for child in body.nested)
        params = [_parameters(body.content_type.params)] if extended else []
        return List([children, String.build(sub), *params, *after])
    items: list[MaybeBytes] = [
        String.build(kind),
        String.build(sub),
        _parameters(body.content_type.params),
        String.build(parsed.content_id),
        String.build(parsed.content_description),
        String.build(parsed.content_transfer_encoding, fallback=b"7BIT"),
        Number(len(body)),
    ]
    if kind == "message" and sub == "rfc822" and body.nested:
        inner = body.nested[0]
        within: EnvelopeStructure = envelope(inner)
        items += [within, _list(inner, envelope, extended=extended), Number(body.lines)]
    elif kind == "text":
        items.append(Number(body.lines))
    return List([*items, Nil(), *after] if extended else items)  # Nil: no MD5


def _disposition(part: MessageContent) -> MaybeBytes:
    header = part.header.parsed.content_disposition
    if header is None or not header.content_disposition:
        return Nil()
    return List([String.build(header.content_disposition), _parameters(header.params)])


def _parameters(params: Mapping[str, Any]) -> MaybeBytes:
    """Names and values; what is not ASCII in the form of RFC 2231, as it came in the header."""
    items: list[MaybeBytes] = []
    for name, value in params.items():
        text = str(value)
        if text.isascii():
            items += [String.build(name), String.build(text)]
        else:
            items += [String.build(f"{name}*"), String.build(f"utf-8''{quote(text, safe='')}")]
    return List(items) if items else Nil()
