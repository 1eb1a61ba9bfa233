"""What clients send to the chat, read as Rails reads it: JSON, forms, multipart with files."""

from __future__ import annotations

import json
import mimetypes
import re
from email.message import Message as HeaderBlock
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from agentdesk.demo.season_types import Attachment

LONGEST = 150_000
MOST_FILES = 15
LARGEST_REQUEST = 48 << 20


class Refused(Exception):  # noqa: N818 - it is an answer
    """An answer other than 200, in one of the two shapes Chatwoot has for it."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


async def fields_of(request: Request) -> tuple[dict[str, Any], list[Attachment]]:
    """A body as Rails reads it: JSON, a form, or multipart with files."""
    if number(request.headers.get("content-length", "0")) > LARGEST_REQUEST:
        raise Refused(413, {"error": "Payload Too Large"})
    body = await request.body()
    block = HeaderBlock()
    block["content-type"] = request.headers.get("content-type", "")
    if block.get_content_type() == "multipart/form-data":
        return read_multipart(body, str(block.get_param("boundary", "")))
    if block.get_content_type() == "application/x-www-form-urlencoded":
        return {
            name.removesuffix("[]"): values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()
        }, []
    if not body.strip():
        return {}, []
    try:
        given = json.loads(body)
    except ValueError:
        raise Refused(400, {"error": "Invalid JSON"}) from None
    if not isinstance(given, dict):
        raise Refused(400, {"error": "Invalid JSON"})
    return given, []


_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')
_TYPE = re.compile(rb"^content-type:\s*([^;\r\n]+)", re.IGNORECASE | re.MULTILINE)


def read_multipart(body: bytes, boundary: str) -> tuple[dict[str, Any], list[Attachment]]:
    """Fields and files of a multipart body (RFC 7578). Enough for browsers and HTTP libraries; nothing is guessed."""
    fields: dict[str, Any] = {}
    files: list[Attachment] = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, found, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not found or name is None:
            continue
        if filename := _FILENAME.search(head):
            given = _TYPE.search(head)
            title = filename[1].decode("utf-8", "replace").replace("%22", '"').rpartition("/")[2] or "file"
            guessed = mimetypes.guess_type(title)[0] or "application/octet-stream"
            files.append(Attachment(title, given[1].decode("ascii", "replace").strip() if given else guessed, content))
        else:
            fields[name[1].decode("utf-8", "replace")] = content.decode("utf-8", "replace")
    return fields, files


def content_of(fields: dict[str, Any], files: list[Attachment]) -> str:
    content = str(fields.get("content") or "")
    if not content.strip() and not files:
        raise Refused(422, {"error": "Content can't be blank"})
    if len(content) > LONGEST:
        words = f"Content is too long (maximum is {LONGEST} characters)"
        raise Refused(422, {"message": words, "attributes": ["content"]})
    if len(files) > MOST_FILES:
        raise Refused(422, {"message": "Attachments exceeded maximum allowed", "attributes": ["attachments"]})
    return content


def number(value: object) -> int:
    """As Ruby's to_i: what is no number is 0."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return 0


def truth(value: object) -> bool:
    return value is True or str(value).lower() in {"true", "1"}
