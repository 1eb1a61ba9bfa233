"""One request to a provider. What comes back is a stranger's: bounded in size and time, never followed elsewhere, never inflated."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from agentdesk.config.values import is_loopback
from agentdesk.domain.clean import clean_line
from agentdesk.errors import Unreachable
from agentdesk.locale import say

MOST_BYTES = 64 * 1024
"""A token answer of Microsoft's has some 4 KB."""
PATIENCE = 30.0
"""Seconds for the whole request, however it drips."""


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: bytes
    skew: float | None = None
    """Seconds this machine's clock is ahead of the provider's."""


class Counter(Protocol):
    """Who counts what goes over the line: `channels.usage.Usage`."""

    def asked(self) -> None: ...

    def went(self, count: int, /) -> None: ...

    def came(self, count: int, /) -> None: ...


def post(url: str, form: str, ca_file: Path | None = None, counter: Counter | None = None) -> Said:
    """POST a form and give back what was said, whatever the status. Counted are the bytes of HTTP itself, as for chats.

    Raises:
        Unreachable: no answer, no TLS, a redirect, too much of an answer.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise Unreachable(say("oauth.plain", host=clean_line(host)))
    answer: list[Said] = []
    failure: list[Exception] = []

    def ask() -> None:
        try:
            answer.append(_exchange(url, form, ca_file, counter or _Uncounted()))
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread
            failure.append(error)

    # The library bounds each read, not the whole: a server that drips would hold us for hours.
    thread = threading.Thread(target=ask, name="oauth-request", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if answer:
        return answer[0]
    error = failure[0] if failure else TimeoutError()
    if isinstance(error, Unreachable):
        raise error
    raise Unreachable(say("oauth.no_answer", host=clean_line(host), reason=_reason(error))) from error


class _Uncounted:
    """For a sign-in by hand."""

    def asked(self) -> None: ...

    def went(self, count: int, /) -> None: ...

    def came(self, count: int, /) -> None: ...


def _exchange(url: str, form: str, ca_file: Path | None, counter: Counter) -> Said:
    give_up = time.monotonic() + PATIENCE
    encrypted = url.startswith("https:")
    verify = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file)) if encrypted else False
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "Accept-Encoding": "identity",
        "User-Agent": "AgentDesk",
    }  # fmt: skip
    with (
        httpx.Client(verify=verify, timeout=10.0, follow_redirects=False, trust_env=False) as client,
        _counted(client, client.build_request("POST", url, content=form.encode("ascii"), headers=headers), counter) as answer,
    ):
        host = clean_line(urlsplit(url).hostname or "")
        if 300 <= answer.status_code < 400:
            # A form with a refresh token is sent where desk.toml says, and nowhere else.
            raise Unreachable(say("oauth.redirect", host=host, target=clean_line(answer.headers.get("location", ""))[:120]))
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Unreachable(say("oauth.nonsense", host=host))
        body = b""
        for piece in answer.iter_raw():
            body += piece
            counter.came(len(piece))
            if len(body) > MOST_BYTES:
                raise Unreachable(say("oauth.too_much", host=host, limit=MOST_BYTES // 1024))
            if time.monotonic() > give_up:
                raise TimeoutError
        return Said(answer.status_code, body, _skew(answer.headers.get("date", "")))


@contextmanager
def _counted(client: httpx.Client, request: httpx.Request, counter: Counter) -> Iterator[httpx.Response]:
    counter.asked()
    counter.went(len(f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n") + _head(request.headers) + len(request.content))
    answer = client.send(request, stream=True)
    try:
        counter.came(len(f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n") + _head(answer.headers))
        yield answer
    finally:
        answer.close()


def _head(headers: httpx.Headers) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.raw) + 2


def _skew(date: str) -> float | None:
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return clean_line(cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return say("oauth.timeout")
    return clean_line(str(error))[:200] or type(error).__name__
