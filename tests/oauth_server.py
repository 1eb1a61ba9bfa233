"""A provider of access tokens for one test: authorization code with PKCE, device flow, refresh with rotation, introspection. On loopback.

Consent is given at once by whoever opens the page, as `consents` says; a device waits for `allow`. What is refused follows RFC 6749, 7636 and 8628.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

CLIENT, SECRET = "desk-client", "not so secret"

Answer = tuple[int, dict[str, str], bytes]


def as_json(status: int, found: object, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(found).encode()


class OAuthServer:
    """`asked` are the forms that came to the token endpoint. `instead` answers in place of it, one request each."""

    def __init__(self) -> None:
        self.user = "mdbox1"
        self.consents: dict[str, str] = {}
        """What the page sends the browser back with instead of a code: {"error": "access_denied"}, or another state."""
        self.rotates = True
        self.secret = SECRET
        self.seconds: object = 3600
        self.asked: list[dict[str, str]] = []
        self.instead: list[Callable[[], Answer]] = []
        self.refresh_tokens: set[str] = set()
        self.access_tokens: dict[str, str] = {}
        self.allowed: set[str] = set()
        self.device_seconds = 600
        self.device_errors: list[str] = []
        """Before a device is let in, one each."""
        self._codes: dict[str, dict[str, str]] = {}
        self._devices: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.provider = self  # type: ignore[attr-defined]
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="oauth-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)

    # What tests do to it

    def toml(self, **more: str) -> str:
        words = {
            "provider": "custom", "client_id": CLIENT, "authorize_url": f"{self.base}/authorize", "token_url": f"{self.base}/token",
            "device_url": f"{self.base}/device", "scope": "mail offline", "client_secret": SECRET, **more,
        }  # fmt: skip
        return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in words.items() if value) + " }"

    def sign_in(self) -> str:
        """A refresh token, as if somebody had consented."""
        token = f"refresh-{next(self._numbers)}"
        self.refresh_tokens.add(token)
        return token

    def forget_access(self) -> None:
        """Every access token is worth nothing from now on, whatever it was said to live."""
        self.access_tokens.clear()

    def revoke(self) -> None:
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def allow(self, user_code: str) -> None:
        self.allowed.add(user_code)

    # What it answers

    def authorize(self, query: dict[str, str]) -> Answer:
        redirect = query["redirect_uri"]
        assert redirect.startswith(("http://127.0.0.1:", "http://localhost:")), redirect
        assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", CLIENT, "S256")
        code = f"code-{next(self._numbers)}"
        self._codes[code] = query
        back = {"state": query["state"]} | (self.consents or {"code": code})
        return 302, {"Location": f"{redirect}/?{urlencode(back)}"}, b""

    def token(self, form: dict[str, str]) -> Answer:
        with self._lock:
            self.asked.append(form)
            if self.instead:
                return self.instead.pop(0)()
            if form.get("client_id") != CLIENT or form.get("client_secret", "") != self.secret:
                return as_json(401, {"error": "invalid_client"})
            kind = form.get("grant_type", "")
            if kind == "authorization_code":
                return self._by_code(form)
            if kind == "refresh_token":
                return self._by_refresh(form)
            if kind == "urn:ietf:params:oauth:grant-type:device_code":
                return self._by_device(form)
            return as_json(400, {"error": "unsupported_grant_type"})

    def _by_code(self, form: dict[str, str]) -> Answer:
        question = self._codes.pop(form.get("code", ""), None)
        if question is None or question["redirect_uri"] != form.get("redirect_uri"):
            return as_json(400, {"error": "invalid_grant", "error_description": "no such code"})
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != question["code_challenge"]:
            return as_json(400, {"error": "invalid_grant", "error_description": "PKCE"})
        return self._give(self.sign_in())

    def _by_refresh(self, form: dict[str, str]) -> Answer:
        token = form.get("refresh_token", "")
        if token not in self.refresh_tokens:
            return as_json(400, {"error": "invalid_grant", "error_description": "Token has been expired or \x1b[31mrevoked"})
        if not self.rotates:
            return self._give("")
        self.refresh_tokens.discard(token)  # used once, then worth nothing
        return self._give(self.sign_in())

    def device(self, form: dict[str, str]) -> Answer:
        assert form["client_id"] == CLIENT
        number = next(self._numbers)
        code, user_code = f"device-{number}", f"ABCD-{number:04}"
        self._devices[code] = user_code
        return as_json(
            200, {"device_code": code, "user_code": user_code, "verification_uri": f"{self.base}/go", "expires_in": self.device_seconds, "interval": 5}
        )

    def _by_device(self, form: dict[str, str]) -> Answer:
        if self.device_errors:
            return as_json(400, {"error": self.device_errors.pop(0)})
        user_code = self._devices.get(form["device_code"], "")
        if user_code not in self.allowed:
            return as_json(400, {"error": "authorization_pending"})
        del self._devices[form["device_code"]]
        return self._give(self.sign_in())

    def _give(self, refresh: str) -> Answer:
        access = f"access-{next(self._numbers)}"
        self.access_tokens[access] = self.user
        found = {"access_token": access, "token_type": "Bearer", "expires_in": self.seconds, "scope": "mail offline"}
        return as_json(200, found | ({"refresh_token": refresh} if refresh else {}))

    def introspect(self, token: str) -> Answer:
        user = self.access_tokens.get(token)
        return as_json(200, {"active": user is not None, "username": user or "nobody"})


class _Handler(BaseHTTPRequestHandler):
    timeout = 20

    @property
    def provider(self) -> OAuthServer:
        found: OAuthServer = self.server.provider  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/authorize":
            self._answer(*self.provider.authorize(query))
        elif parts.path == "/introspect":
            token = query.get("token") or self.headers.get("Authorization", "").removeprefix("Bearer ")
            self._answer(*self.provider.introspect(token))
        else:
            self._answer(404, {}, b"")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {key: values[0] for key, values in parse_qs(raw, keep_blank_values=True).items()}
        match self.path:
            case "/token":
                self._answer(*self.provider.token(form))
            case "/device":
                self._answer(*self.provider.device(form))
            case "/introspect":
                self._answer(*self.provider.introspect(form.get("token", "")))
            case _:
                self._answer(404, {}, b"")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        try:
            self.send_response_only(status)
            for name, value in ({"Date": self.date_time_string()} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # who asked has had enough

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    server = OAuthServer()
    try:
        yield server
    finally:
        server.stop()
