"""A desk for tests: a configuration without files, and mail as a mailbox would bring it in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from agentdesk.config import ChatChannelConfig, DeskConfig, MailChannelConfig, Member, Secret, ServerUrl
from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Arrival, FolderState, Role
from agentdesk.domain.message import Address, Body, Envelope
from agentdesk.domain.order import Item, Order, Shipment
from agentdesk.store.database import Database
from agentdesk.store.mail import StoredMail

SHOP = Address("Casa Verde", "support@casaverde.example")
MARIA = Address("Maria Rossi", "maria.rossi@posta.example")
JAN = Address("Jan de Vries", "jan@post.example")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def desk_config(folder: Path, **changes: object) -> DeskConfig:
    """A mailbox and a chat on ports nobody listens on."""
    config = DeskConfig(
        folder=folder, state=folder / "state", name="Casa Verde", locale="en-GB", timezone=ZoneInfo("Europe/Rome"),
        agent_name="Anna Bianchi", agent_email="anna@casaverde.example",
        channels=(
            MailChannelConfig(
                "support", SHOP.address, "support", ServerUrl("imap", "127.0.0.1", 1), ServerUrl("smtp", "127.0.0.1", 1),
                Secret("literal", "pw"),
            ),
            ChatChannelConfig("chat", "http://127.0.0.1:1", 1, Secret("literal", "token")),
        ),
        members=(Member("Luca Conti", "luca@casaverde.example"),),
        undo={"imap": timedelta(seconds=8), "chat": timedelta(0)},
        promises={"imap": timedelta(hours=1), "chat": timedelta(minutes=1)},
    )  # fmt: skip
    return replace(config, **changes)  # type: ignore[arg-type]  # names are the fields' own


def whole_id(short: str) -> str:
    return short if short.startswith("<") or not short else f"<{short}@x.example>"


class Mailbox:
    """Brings mail into a desk the way the IMAP channel does."""

    def __init__(self, desk: Desk) -> None:
        self.store = StoredMail(desk.database, "support", desk.rules)
        desk.database.write(
            lambda tx: tx.execute("INSERT OR IGNORE INTO channel (name, kind, state) VALUES ('support', 'imap', 'ready')")
        )
        self.database: Database = desk.database

    def folder(self, role: Role) -> FolderState:
        return FolderState(role.value, role, uidvalidity=1)

    def bring(
        self, message_id: str, text: str, *, sender: Address = MARIA, subject: str = "Dov'è il mio ordine?", at: datetime = NOON,
        role: Role = Role.INBOX, references: tuple[str, ...] = (), to: tuple[Address, ...] = (SHOP,), seen: bool = False,
        with_text: bool = True, **envelope: object,
    ) -> int:  # fmt: skip
        """One message; returns its row in the store. An id without brackets is one of ours, an empty one is missing."""
        uid = self.database.value("SELECT coalesce(max(uid), 0) + 1 FROM place WHERE folder = ?", (role.value,))
        made = Envelope(
            message_id=whole_id(message_id), subject=subject, sender=sender, at=at, to=to,
            references=tuple(map(whole_id, references)), in_reply_to=whole_id(references[-1]) if references else "",
            preview=text[:80], **envelope,
        )  # type: ignore[arg-type]  # the rest of Envelope's own fields
        flags = frozenset({"\\Seen"}) if seen else frozenset()
        self.store.add(self.folder(role), [Arrival(uid, flags, made)])
        row = self.database.value("SELECT message FROM place WHERE folder = ? AND uid = ?", (role.value, uid))
        if with_text:
            self.store.save_body(row, Body(text))
        return int(row)


def order(number: str = "10245", *, email: str = MARIA.address, status: str = "shipped", days: int = 5) -> Order:
    return Order(
        number=number, status=status, placed_at=datetime.now(UTC) - timedelta(days=days), currency="EUR", total=Decimal("89.90"),
        email=email, name="Maria Rossi", items=(Item("Lampada", 1, Decimal("89.90")),),
        shipments=(Shipment("GLS", "GL883120", "https://gls.example/t/GL883120", datetime.now(UTC) - timedelta(days=1), None),),
    )  # fmt: skip
