"""pymap as it comes, in a thread of its own: a plain IMAP server without CONDSTORE, QRESYNC, ESEARCH, PREVIEW, SPECIAL-USE."""

from __future__ import annotations

import asyncio
import socket
import threading
from argparse import Namespace

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from agentdesk.config import MailChannelConfig, Secret, ServerUrl

USER, PASSWORD = "support", "secret"


class _Config(Config):
    @property
    def greeting(self) -> bytes:
        return b"ready"  # pymap would ask the resolver for its name


class Pymap:
    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        config = _Config(
            Namespace(passlib_cfg=None, proxy_protocol=None), host="127.0.0.1", port=0, demo_data=False, demo_user=USER,
            demo_password=PASSWORD, tls_enabled=False, hash_context=Cleartext(), cpu_subsystem=Subsystem.for_asyncio(),
        )  # fmt: skip
        config.apply_context()
        folders = MailboxSet()
        for name in ("Sent", "Archive", "Junk"):
            await folders.add_mailbox(name)
        config.set_cache[USER] = (folders, FilterSet())
        login = Login(config)
        login.users_dict[USER] = UserMetadata(config, USER, password=PASSWORD)
        imap = IMAPServer(login, config)
        clients: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            clients.add(task)
            try:
                await imap(reader, writer, SocketInfo.get(writer, None))
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                clients.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, sock=self._listener)
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in list(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def config(self) -> MailChannelConfig:
        return MailChannelConfig(
            name="support", address="support@shop.example", user=USER, imap=ServerUrl("imap", "127.0.0.1", self.port),
            smtp=ServerUrl("smtp", "127.0.0.1", 1), password=Secret("literal"),
        )  # fmt: skip

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
