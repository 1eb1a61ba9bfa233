"""Desks without a server, filled through the store as the IMAP channel fills it."""

from __future__ import annotations

from pathlib import Path

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Arrival, FolderState, Role
from agentdesk.mail.parse import parse_message
from agentdesk.shops.files import FilesShop
from agentdesk.store import orders
from agentdesk.store.database import Tx
from agentdesk.store.mail import StoredMail
from bench import corpus

TOML = """\
[desk]
name = "Casa Verde"
locale = "it-IT"
timezone = "Europe/Rome"
link = "offline"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
imap = "imap://127.0.0.1:1"
smtp = "smtp://127.0.0.1:1"
password = { env = "NOT_NEEDED" }
[shop]
kind = "files"
orders = "orders.csv"
[promises]
imap = "4h"
[hours]
week = { mon-fri = "09:00-18:00" }
"""
FOLDERS = {"INBOX": FolderState("INBOX", Role.INBOX, uidvalidity=1), "Sent": FolderState("Sent", Role.SENT, uidvalidity=1)}
BATCH = 50


def opened(folder: Path) -> Desk:
    return Desk.open(load(folder, folder / "state"))


def build(folder: Path, conversations: int) -> None:
    """A desk with this many conversations, every one open and waiting for an answer: the longest list there can be."""
    threads = []
    for number, thread in enumerate(corpus.conversations(conversations)):
        answered = len(thread) - 1 + len(thread) % 2  # the customer has the last word
        threads.append(thread[: answered if number % 5 == 0 else 1])
    mails = sorted((mail for thread in threads for mail in thread), key=lambda mail: mail.received)
    (folder / "desk.toml").write_text(TOML)
    (folder / "orders.csv").write_text(corpus.order_file(mails))
    with opened(folder) as desk:
        source = FilesShop(folder / "orders.csv", desk.config.timezone)
        orders.replace_all(desk.database, source.all_orders(), source.as_of, source.faults)
        store = StoredMail(desk.database, "support", desk.rules)
        desk.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('support', 'imap')"))
        for start in range(0, len(mails), BATCH):
            batch = {start + number + 1: (mail, *parse_message(mail.raw, received=mail.received)) for number, mail in enumerate(mails[start : start + BATCH])}
            for name, folder_state in FOLDERS.items():
                arrivals = [
                    Arrival(uid, frozenset({"\\Seen"} if mail.seen else ()), envelope)
                    for uid, (mail, envelope, _) in batch.items() if mail.folder == name
                ]  # fmt: skip
                if arrivals:
                    store.add(folder_state, arrivals)
            rows = desk.database.all(
                f"SELECT row, message_id FROM message WHERE message_id IN ({','.join('?' * len(batch))})", [e.message_id for _, e, _ in batch.values()]
            )
            bodies = {envelope.message_id: body for _, envelope, body in batch.values()}
            store.save_bodies({row["row"]: bodies[row["message_id"]] for row in rows})


def multiply(folder: Path, times: int) -> None:
    """Let a built desk have so many times its conversations, by copying rows: ten times as many through the store would take minutes."""
    with opened(folder) as desk:
        top = {table: desk.database.value(f"SELECT max({key}) FROM {table}") for table, key in KEYS.items()}
        for turn in range(1, times):
            desk.database.write(lambda tx, turn=turn: _copy(tx, top, turn))


KEYS = {"conversation": "row", "customer": "id", "message": "row"}


def _copy(tx: Tx, top: dict[str, int], turn: int) -> None:
    values = {name: turn * size for name, size in top.items()} | {f"top_{name}": size for name, size in top.items()}
    values |= {"later": turn * 37_000}

    def copy(table: str, where: str, **changes: str) -> None:
        columns = [row[1] for row in tx.db.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join(changes.get(column, column) for column in columns)
        tx.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} WHERE {where}", values)

    mark = f"'{turn}.'"
    copy("customer", "id <= :top_customer", id="id + :customer")
    copy("identity", "customer <= :top_customer", value=f"{mark} || value", customer="customer + :customer")
    shifted = {name: f"CASE {name} WHEN 0 THEN 0 ELSE {name} - :later END" for name in ("first_at", "last_at", "last_in_at", "waiting_since", "due_at")}
    copy("conversation", "row <= :top_conversation", row="row + :conversation", id="printf('%08x', row + :conversation)",
         customer="customer + :customer", **shifted)  # fmt: skip
    copy("message", "row <= :top_message", row="row + :message", key=f"{mark} || key", message_id=f"{mark} || message_id",
         conversation="conversation + :conversation", at="at - :later")  # fmt: skip
    copy("alias", "conversation <= :top_conversation", alias=f"{mark} || alias", conversation="conversation + :conversation")
    tx.execute(
        "INSERT INTO search (rowid, subject, sender, text) SELECT row, subject, from_name || ' ' || from_address, coalesce(text, preview)"
        " FROM message WHERE row > :message AND row <= :message + :top_message",
        values,
    )
