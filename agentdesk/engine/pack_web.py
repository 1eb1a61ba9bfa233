"""A pack from the web: one GET, with the ETag of what is here, bounded in size and time, and never followed to a plain connection."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from agentdesk.channels.chatwoot.counting import PATIENCE, Counting
from agentdesk.channels.usage import Usage
from agentdesk.config.values import is_loopback
from agentdesk.domain.clean import clean_line
from agentdesk.errors import Unreachable
from agentdesk.locale import say

MOST_BYTES = 32 << 20
SECONDS = 60.0
MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    etag: str
    path: str
    """Of the URL it was asked for."""


def fetch(url: str, etag: str, usage: Usage) -> Answer | None:
    """What is there; None if it is still what the ETag says.

    Raises:
        Unreachable: no answer, not the right one, or too much of it.
    """
    headers = {"User-Agent": "AgentDesk", "Accept": "*/*"} | ({"If-None-Match": etag} if etag else {})
    place, host = url, clean_line(urlsplit(url).hostname or "")
    try:
        transport = Counting(httpx.HTTPTransport(verify=ssl.create_default_context()), usage, SECONDS)
        with httpx.Client(transport=transport, timeout=20.0, trust_env=False) as client:
            for _ in range(MOST_HOPS + 1):
                with client.stream("GET", place, headers=headers, extensions={PATIENCE: SECONDS}) as answer:
                    if answer.status_code == 304 and etag:
                        return None
                    if answer.has_redirect_location:
                        place = str(answer.url.join(answer.headers["location"]))
                        _only_safe(place, host)
                        continue
                    if answer.status_code != 200:
                        raise Unreachable(say("packs.status", host=host, status=answer.status_code))
                    return Answer(_body(answer, host), clean_line(answer.headers.get("etag", ""))[:200], urlsplit(url).path)
    except httpx.HTTPError as error:
        words = re.sub(r"^\[Errno -?\d+\] ", "", clean_line(str(error)))[:200]
        raise Unreachable(say("packs.no_answer", host=host, reason=words or type(error).__name__)) from error
    except (httpx.InvalidURL, ValueError) as error:
        raise Unreachable(say("packs.no_answer", host=host, reason=clean_line(str(error))[:200])) from error
    raise Unreachable(say("packs.no_answer", host=host, reason=say("packs.hops")))


def _only_safe(place: str, host: str) -> None:
    parts = urlsplit(place)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise Unreachable(say("packs.no_answer", host=host, reason=say("packs.plain", target=clean_line(place)[:120])))


def _body(answer: httpx.Response, host: str) -> bytes:
    body = b""
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise Unreachable(say("packs.no_answer", host=host, reason=say("packs.too_much", limit=MOST_BYTES >> 20)))
    return body
