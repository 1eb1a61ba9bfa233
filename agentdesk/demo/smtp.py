"""The shop's submission server: accepts everything and hands it to the world outside."""

from __future__ import annotations

import asyncio
import hmac
import socket

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from agentdesk.demo import shop
from agentdesk.demo.world import World

SIZE_LIMIT = 32 << 20


class Submission:
    """The SMTP server. A login is offered and checked, but not demanded."""

    def __init__(self, world: World, user: str, password: str) -> None:
        self._world = world
        self._user = user.encode()
        self._password = password.encode()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listener)

    def _connection(self) -> SMTP:
        return SMTP(
            self,
            hostname=f"smtp.{shop.DOMAIN}",  # else it asks the resolver
            ident="Casa Verde demo",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        known = (
            isinstance(data, LoginPassword)
            and hmac.compare_digest(data.login, self._user)
            and hmac.compare_digest(data.password, self._password)
        )
        return AuthResult(success=known, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session
        raw = envelope.original_content or b""
        await self._world.accept(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return "250 2.0.0 Accepted"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
