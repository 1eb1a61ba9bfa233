"""Requests to Chatwoot, and what their failures mean.

Two questions are kept apart: what went wrong, and whether the server may have acted. Only the second decides whether a
message may be sent again.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.chatwoot.counting import LARGEST, PATIENCE, Counting
from agentdesk.channels.tls import client_context, is_loopback
from agentdesk.config import ChatChannelConfig
from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused, Refused
from agentdesk.locale import say

TIMEOUT = httpx.Timeout(20.0, connect=10.0, pool=5.0)
_LONGEST_PAUSE = 300.0
_DEFAULT_PAUSE = 5.0
_LONGEST_WORDS = 300
_MOST_REDIRECTS = 5

File = tuple[str, tuple[str, bytes, str]]


class Failed(Exception):  # noqa: N818 - it names what happened
    """A request did not succeed."""

    def __init__(self, words: str, *, status: int = 0, acted: bool = True) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        """HTTP's, or 0 where no answer came."""
        self.acted = acted
        """The server may have done what was asked."""

    def explained(self) -> Exception:
        """The same for the channel's worker and the agent."""
        if self.status == 401:
            return LoginRefused(self.words)
        if self.status in {400, 402, 403, 404, 409, 413, 415, 422}:
            return Refused(self.words)
        return ChannelDown(self.words)


class Api:
    """One connection to one account.

    Args:
        config: of the channel; anything but https is accepted to this machine only.
        token: the agent's access token.
        usage: counted up.
        transport: for tests; otherwise httpx's own.
    """

    def __init__(
        self, config: ChatChannelConfig, token: str, usage: Usage, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._base = config.url.rstrip("/") + "/"
        self.server = config.url.rstrip("/")
        parts = _split(self._base)
        if parts is None or parts.scheme not in {"https", "http"}:
            raise ChannelDown(say("chat.bad_url", url=config.url))
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ChannelDown(say("chat.plain_refused", server=self.server))
        token = token.strip()
        if not token.isascii() or not token.isprintable():
            raise LoginRefused(say("chat.unusable_token", server=self.server))
        self._token = token
        if transport is None:
            verify = client_context(config.ca_file) if parts.scheme == "https" else False
            transport = httpx.HTTPTransport(verify=verify, trust_env=False, limits=httpx.Limits(max_connections=2))
        self._client = httpx.Client(
            transport=Counting(transport, usage),
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
            headers={"accept": "application/json", "user-agent": "AgentDesk"},
        )
        self._account = f"api/v1/accounts/{config.account}/"
        self._not_before = 0.0
        self._skew = 0.0

    def close(self) -> None:
        self._client.close()

    @property
    def server_now(self) -> float:
        """The server's clock (epoch seconds), by the Date of its last answer."""
        return time.time() + self._skew

    @property
    def pause(self) -> float:
        """Seconds for which the server asked to be left alone."""
        return max(0.0, self._not_before - time.monotonic())

    def profile(self) -> Any:
        return self._ask("GET", "api/v1/profile")

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """A GET below the account; asked once more if the line breaks, since it changes nothing."""
        try:
            return self._ask("GET", self._account + path, params=params)
        except Failed as failure:
            if failure.status or not failure.acted:
                raise
            return self._ask("GET", self._account + path, params=params)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        return self._ask("POST", self._account + path, content=_json_bytes(body))

    def patch(self, path: str, body: Mapping[str, object]) -> Any:
        return self._ask("PATCH", self._account + path, content=_json_bytes(body))

    def post_files(self, path: str, fields: Mapping[str, str], files: Sequence[File]) -> Any:
        return self._ask("POST", self._account + path, data=fields, files=files)

    @contextlib.contextmanager
    def file(self, url: str, headers: Mapping[str, str], patience: float) -> Iterator[httpx.Response]:
        """A file named by a message: the answer, whatever it is, not yet read. Its URL is the one that was found in the end.

        Our token goes to our server only, and nothing is fetched in the open.

        Raises:
            Refused: the URL is none that may be asked for.
            ChannelDown: the line broke.
        """
        for _ in range(_MOST_REDIRECTS):
            parts = _split(url)
            if parts is None or not (
                parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
            ):
                break
            mine = {"api_access_token": self._token} if (parts.scheme, parts.netloc) == urlsplit(self._base)[:2] else {}
            try:
                with self._client.stream(
                    "GET", url, headers={"accept": "*/*", "accept-encoding": "identity", **headers, **mine}, extensions={PATIENCE: patience}
                ) as response:
                    if not response.is_redirect:
                        yield response
                        return
                    url = urljoin(url, response.headers.get("location", ""))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise ChannelDown(say("chat.lost", server=self.server, reason=_reason(error))) from error
        raise Refused(say("chat.bad_file_url", url=clean_line(url)[:_LONGEST_WORDS]))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        files: Sequence[File] | None = None,
    ) -> Any:
        """One request and the JSON of its answer (None for an empty one).

        Raises:
            Failed: with the server's words, and whether it may have acted.
        """
        if self.pause:
            raise Failed(say("chat.busy", server=self.server, seconds=int(self.pause) + 1), status=429, acted=False)
        headers = {"api_access_token": self._token}
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            with self._client.stream(
                method, self._base + path, params=params, content=content, data=data, files=files, headers=headers
            ) as response:
                body = _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Failed(say("chat.unreachable", server=self.server, reason=_reason(error)), acted=False) from error
        except httpx.InvalidURL as error:
            raise Failed(say("chat.bad_url", url=self.server), acted=False) from error
        except (httpx.TimeoutException, httpx.TransportError, httpx.DecodingError) as error:
            raise Failed(say("chat.lost", server=self.server, reason=_reason(error))) from error
        self._note_clock(response.headers.get("date", ""))
        if response.is_success:
            try:
                return json.loads(body) if body.strip() else None
            except (ValueError, RecursionError) as error:
                raise Failed(say("chat.nonsense", server=self.server)) from error
        raise self._failure(response, body)

    def _failure(self, response: httpx.Response, body: bytes) -> Failed:
        status = response.status_code
        words = error_words(body)
        if status == 429:
            self._not_before = time.monotonic() + _retry_after(response.headers.get("retry-after", ""))
            return Failed(say("chat.busy", server=self.server, seconds=int(self.pause) + 1), status=status, acted=False)
        if status == 401:
            detail = words or say("chat.unauthorized")
            return Failed(say("chat.refused_token", server=self.server, detail=detail), status=status, acted=False)
        if response.is_redirect:
            place = clean_line(response.headers.get("location", ""))[:_LONGEST_WORDS]
            return Failed(say("chat.moved", server=self.server, place=place), status=status, acted=False)
        if 400 <= status < 500:
            return Failed(words or say("chat.status", status=status), status=status, acted=False)
        detail = words or say("chat.status", status=status)
        return Failed(say("chat.trouble", server=self.server, detail=detail), status=status)

    def _note_clock(self, date: str) -> None:
        try:
            self._skew = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return


def error_words(body: bytes) -> str:
    """The server's words: `{"error": ...}`, or `{"message": ..., "attributes": [...]}`; clean, one line, short."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    said: list[str] = []
    for key in ("error", "message", "errors", "description"):
        value = answer.get(key)
        if isinstance(value, str):
            said.append(value)
        elif isinstance(value, list):
            said.extend(item for item in value if isinstance(item, str))
    attributes = answer.get("attributes")
    if said and isinstance(attributes, list) and (names := [name for name in attributes if isinstance(name, str)]):
        said[0] += f" ({', '.join(names[:10])})"
    return clean_line("; ".join(dict.fromkeys(said)))[:_LONGEST_WORDS]


def _read(response: httpx.Response) -> bytes:
    """The body, unpacked; a small answer must not unpack to a huge one."""
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > LARGEST:
            raise httpx.ReadError("the answer is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def _split(url: str) -> SplitResult | None:
    """A URL's parts, or None if it is none or names no host."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def _json_bytes(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _retry_after(text: str) -> float:
    """Seconds, or a date (RFC 9110, 10.2.3)."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            seconds = _DEFAULT_PAUSE
    return min(max(seconds, 1.0), _LONGEST_PAUSE) if seconds == seconds else _DEFAULT_PAUSE  # noqa: PLR0124 - not NaN


def _reason(error: Exception) -> str:
    return clean_line(str(error))[:_LONGEST_WORDS] or type(error).__name__
