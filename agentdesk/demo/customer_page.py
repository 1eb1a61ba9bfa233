"""The web page where one plays the customer, and the few routes it needs beside the chat's public API.

The servers listen on loopback, but any page open in the same browser could try to speak to them: requests under another
host name and writes from another origin are refused, and the page itself may load nothing from elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parseaddr
from importlib import import_module
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from agentdesk.demo import mail_program, shop
from agentdesk.demo.chat import Chats
from agentdesk.demo.chat_requests import Refused, fields_of, number
from agentdesk.demo.journal import Delivered, Journal
from agentdesk.demo.world import World
from agentdesk.locale import LANGUAGES

_FILES = {
    "": ("customer.html", "text/html"),
    "customer.css": ("customer.css", "text/css"),
    "customer.js": ("customer.js", "text/javascript"),
}
_POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
MOST_TEXT = 100_000


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """The HTTP server's application, closed to other sites."""
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False),
            Middleware(_SameOrigin),
        ],
    )


class _SameOrigin:
    """Browsers say where a write comes from (the Origin header); programs do not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and origin != f"http://{headers.get('host', '')}":
                await JSONResponse({"error": "This page is not ours"}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CustomerPage:
    """Who one can be, what reached them, and what they write."""

    def __init__(self, journal: Journal, chats: Chats, world: World) -> None:
        self._journal = journal
        self._chats = chats
        self._world = world
        self._senders: dict[str, str] | None = None

    def routes(self) -> list[Route]:
        return [
            *(Route(f"/{path}", self._static) for path in _FILES),
            Route("/demo/words", self._words),
            Route("/demo/people", self._people),
            Route("/demo/mail", self._mail, methods=["GET"]),
            Route("/demo/mail", self._write, methods=["POST"]),
            Route("/demo/outside", self._outside),
        ]

    async def _static(self, request: Request) -> Response:
        name, media_type = _FILES[request.url.path.lstrip("/")]
        content = files("agentdesk.demo").joinpath("page", name).read_bytes()
        headers = {"content-security-policy": _POLICY, "cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(content, media_type=media_type, headers=headers)

    async def _words(self, request: Request) -> Response:
        """The page's words in the browser's language."""
        language = _language(request.headers.get("accept-language", ""))
        words: dict[str, str] = import_module(f"agentdesk.locale.{language}.demo").WORDS
        mine = {key.removeprefix("demo.page_"): text for key, text in words.items() if key.startswith("demo.page_")}
        return JSONResponse(
            {
                "language": language,
                "inbox": shop.INBOX_IDENTIFIER,
                "shop": shop.NAME,
                "address": shop.SUPPORT,
                "words": mine,
            }
        )

    async def _people(self, request: Request) -> Response:
        """Everybody who has written so far, by chat or by mail."""
        del request
        people = dict(self._mail_senders())
        chatting = {}
        for contact in self._chats.contacts():
            if contact.email:
                people[contact.email] = contact.name
                chatting[contact.email] = True
        rows = [{"name": name, "email": email, "chat": email in chatting} for email, name in people.items()]
        return JSONResponse(sorted(rows, key=lambda row: (not row["chat"], str(row["name"]).casefold())))

    def _mail_senders(self) -> dict[str, str]:
        if self._senders is None:
            self._senders = {}
            query = "SELECT DISTINCT content FROM mail WHERE folder IN ('INBOX', 'Archive')"
            for (content,) in self._journal.db.execute(query).fetchall():
                head = message_from_bytes(self._journal.content(content).partition(b"\r\n\r\n")[0])
                name, address = parseaddr(str(head.get("From", "")))
                name = _decoded(name)
                if address and address.lower() not in shop.OWN:
                    self._senders.setdefault(address.lower(), name or address)
        return self._senders

    async def _mail(self, request: Request) -> Response:
        """What the shop sent to an address."""
        found = self._journal.delivered_to(request.query_params.get("address", ""))
        return JSONResponse([_mail_shape(mail) for mail in reversed(found)])

    async def _write(self, request: Request) -> Response:
        try:
            fields, given = await fields_of(request)
            name, address = str(fields.get("name", "")).strip(), str(fields.get("address", "")).strip()
            text = str(fields.get("text", ""))[:MOST_TEXT]
            if "@" not in address or any(c.isspace() or c in '<>,;"' for c in address) or not text.strip():
                raise Refused(422, {"error": "An address and a text are needed"})
            answers = number(fields.get("answers")) or None
            if answers is not None and answers not in {mail.id for mail in self._journal.delivered_to(address)}:
                raise Refused(404, {"error": "Resource could not be found"})
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        await self._world.write(
            name=name,
            address=address,
            subject=str(fields.get("subject", "")),
            text=text,
            answers=answers,
            language=_language(request.headers.get("accept-language", "")),
            attachments=given,
        )
        self._mail_senders().setdefault(address.lower(), name or address)
        return JSONResponse({"sent": True})

    async def _outside(self, request: Request) -> Response:
        """Everything that left the shop, one row a Message-ID: a count above 1 is a message sent twice."""
        del request
        sent = self._journal.delivered_all()
        counts = Counter(mail.message_id for mail in sent)
        rows = {mail.message_id: _mail_shape(mail) | {"count": counts[mail.message_id]} for mail in sent}
        return JSONResponse(list(rows.values()))


def _mail_shape(mail: Delivered) -> dict[str, Any]:
    return {
        "id": mail.id,
        "at": int(mail.at),
        "from": mail_program.header_of(mail.raw, "From"),
        "to": list(mail.recipients),
        "subject": mail_program.header_of(mail.raw, "Subject"),
        "message_id": mail.message_id,
        "text": mail_program.text_of(mail.raw),
        "files": [{"name": name, "size": size} for name, size in mail_program.attachments_of(mail.raw)],
    }


def _decoded(name: str) -> str:
    """RFC 2047. The old parser, because the new one takes a millisecond an address and there are hundreds."""
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, UnicodeError):
        return name


def _language(accepted: str) -> str:
    """The first of our languages a browser asks for; English if it asks for none."""
    for wanted in accepted.split(","):
        language = wanted.split(";")[0].strip().split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return "en"
