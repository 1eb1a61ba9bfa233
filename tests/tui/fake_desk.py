"""A desk in memory, in the spirit of a real afternoon: for the screen's tests, and for states that are hard to bring about.

Everything it shows is made of `agentdesk.desk.facts`. Times are relative to `NOW`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agentdesk.config import DeskConfig, Link, MailChannelConfig, Member, Secret, ServerUrl
from agentdesk.desk import insertions
from agentdesk.desk.facts import (
    AttachmentFact,
    Change,
    ChannelFact,
    Counts,
    Draft,
    Fetch,
    FileFact,
    Item,
    Lookup,
    OutboxFact,
    Panel,
    Plan,
    Question,
    Row,
    Undoable,
    View,
)
from agentdesk.desk.packs import News, PackFact
from agentdesk.desk.usage import UsageReport
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.customer import Customer, Identity, IdentityKind
from agentdesk.domain.message import Address, Direction, Verified
from agentdesk.domain.order import Item as OrderItem
from agentdesk.domain.order import Order, Refund, Shipment
from agentdesk.domain.slips import Slip
from agentdesk.errors import Refused, UsageError
from agentdesk.store.blobs import save_new
from agentdesk.store.traffic import Moved

ZONE = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 12, 1, 12, 16, tzinfo=ZONE)
ANNA = "anna@casaverde.example"
LUCA = "luca@casaverde.example"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def config(folder: Path = Path("/desk"), **changes: Any) -> DeskConfig:
    imap = ServerUrl("imap", "127.0.0.1", 1143)
    channel = MailChannelConfig("support", "support@casaverde.example", "support", imap, imap, Secret("literal", "x"))
    made = DeskConfig(
        folder=folder, state=folder / "state", name="Casa Verde", locale="en", timezone=ZONE, agent_name="Anna Bianchi",
        agent_email=ANNA, channels=(channel,), members=(Member("Luca Verdi", LUCA),),
    )  # fmt: skip
    return replace(made, **changes)


# name, subject, kind, due in minutes, unread, order, extra
PEOPLE: list[tuple[str, str, str, float, int, str, dict[str, Any]]] = [
    ("Maria Rossi", "Dov'è il mio ordine?", "imap", -12, 1, "10245", {"tags": ("spedizione",)}),
    ("Jan de Vries", "Maat omruilen, kan dat nog?", "chatwoot", 2, 2, "", {}),
    ("Familie Köhler", "Paket beschädigt angekommen", "imap", 8, 1, "10198", {}),
    ("Camille Moreau", "Facture pour la commande", "imap", 21, 0, "9987", {}),
    ("Giulia Ferrari", "Taglia sbagliata, cambio possibile?", "imap", 34, 0, "10102", {"has_draft": True}),
    ("Tom Baker", "Is the gift box included?", "chatwoot", 0.5, 1, "", {}),
    ("Elena Greco", "Re: Rimborso non ricevuto", "imap", 41, 0, "", {"assignee": LUCA}),
    ("Yamada Hanako 山田花子", "Address change before dispatch", "imap", 47, 0, "10301", {}),
    ("Hélène Garnier", "Code promo refusé", "imap", 52, 0, "", {}),
    ("D’Angelo Sport", "Ordine aziendale 40 pezzi", "imap", 75, 0, "", {"tags": ("VIP",), "priority": "urgent"}),
    ("Lukas Böhm", "Re: Gutschein zweimal belastet", "imap", 80, 0, "10077", {"assignee": ANNA}),
    ("Sofia Ricci", "Consegna prima di Natale?", "imap", 140, 0, "10340", {}),
    ("Grace Evans", "Thank you!", "imap", 60 * 22, 0, "9950", {}),
    ("François Léa", "Retour : étiquette", "imap", 60 * 23, 0, "10111", {"outbox": "unknown"}),
]


def row(number: int, **changes: Any) -> Row:
    name, subject, kind, due, unread, order, extra = PEOPLE[(number - 1) % len(PEOPLE)]
    late = timedelta(minutes=30 * ((number - 1) // len(PEOPLE)))
    values: dict[str, Any] = {
        "row": number, "id": f"conv{number:04d}", "channel": "support" if kind == "imap" else "chat", "kind": kind,
        "subject": subject, "customer_name": name, "customer_address": f"customer{number}@posta.example", "status": "open",
        "assignee": "", "claiming": False, "tags": (), "priority": "normal", "unread": unread, "messages": 3,
        "preview": subject, "last_at": NOW - minutes(12) - late, "waiting_since": NOW - minutes(70) - late,
        "due_at": NOW + minutes(due) + late, "snoozed_until": None, "order_number": order, "spam": False,
        "automatic": False, "has_draft": False, "outbox": "",
    }  # fmt: skip
    return Row(**{**values, **extra, **changes})


MARIA = Address("Maria Rossi", "maria.rossi@posta.example")
SUPPORT = Address("Anna Bianchi", ANNA)


def item(key: str, direction: Direction, at: datetime, text: str | None, **changes: Any) -> Item:
    sender = MARIA if direction is Direction.IN else SUPPORT
    values: dict[str, Any] = {
        "key": key, "row": int(key) if key.isdecimal() else 0, "outbox_id": 0, "message_id": f"<{key}@posta.example>",
        "direction": direction, "sender": sender, "to": (SUPPORT,), "cc": (), "subject": "Dov'è il mio ordine?", "at": at,
        "text": text,
    }  # fmt: skip
    return Item(**{**values, **changes})


def maria_thread() -> tuple[Item, ...]:
    quoted = "\n".join(f"> riga citata {n}" for n in range(14))
    return (
        item("1", Direction.IN, NOW.replace(day=30, month=11, hour=16, minute=40),
             "Buonasera, quando parte l'ordine 10245?\nÈ un regalo per il 6 dicembre."),
        item("2", Direction.OUT, NOW.replace(day=30, month=11, hour=17, minute=2),
             "Gentile Maria, il suo ordine è in preparazione e partirà domani.", state="filed"),
        item("n1", Direction.NOTE, NOW.replace(hour=9, minute=12), "Corriere chiamato: pacco fermo a Bologna, riparte oggi.",
             sender=Address("Luca Verdi", LUCA)),
        item("3", Direction.IN, NOW.replace(hour=12, minute=4),
             "Buongiorno, non ho più ricevuto notizie e il tracking è fermo da due giorni. Posso sapere dove si trova il pacco?"
             "\n\nGrazie,\nMaria", quoted=quoted,
             attachments=(AttachmentFact(7, "tracking.png", "image/png", 48_200, False, True),)),
    )  # fmt: skip


ORDERS = (
    Order(
        "10245", "in transit", NOW - timedelta(days=5), "EUR", Decimal("89.90"), email=MARIA.address, name="Maria Rossi",
        items=(OrderItem("Sciarpa di lana", 1, Decimal("49.90")), OrderItem("Guanti", 1, Decimal("40.00"))),
        shipments=(Shipment("GLS", "GL883120", "https://gls.example/t/GL883120", NOW - timedelta(days=1), NOW + timedelta(days=3)),),
    ),
    Order("9981", "delivered", NOW - timedelta(days=29), "EUR", Decimal("120.00"), email=MARIA.address),
    Order("9644", "refunded", NOW - timedelta(days=60), "EUR", Decimal("12.00"), refunds=(Refund(Decimal("12.00")),)),
    *(Order(str(9000 + n), "delivered", NOW - timedelta(days=100 + n), "EUR", Decimal("80.00")) for n in range(4)),
)  # fmt: skip


def panel(**changes: Any) -> Panel:
    customer = Customer(1, "Maria Rossi", "it", (Identity(IdentityKind.EMAIL, MARIA.address), Identity(IdentityKind.PHONE, "393331234567")))
    history = (
        row(901, subject="cambio indirizzo", kind="imap", last_at=NOW - timedelta(days=17), status="closed"),
        row(902, subject="taglia guanti", kind="chatwoot", last_at=NOW - timedelta(days=29), status="closed"),
        row(903, subject="fattura", kind="imap", last_at=NOW - timedelta(days=44), status="closed"),
    )
    note = item("n2", Direction.NOTE, NOW, "Regalo per la nipote, 6 dic.")
    values: dict[str, Any] = {
        "customer": customer, "since": datetime(2023, 4, 1, tzinfo=UTC), "orders": ORDERS, "about": ORDERS[0], "about_chosen": False,
        "foreign": (), "ambiguous": False, "totals": (("EUR", Decimal("612.40")),), "history": history, "notes": (note,),
        "verified": Verified.PASS, "orders_as_of": NOW - minutes(4),
    }  # fmt: skip
    return Panel(**{**values, **changes})


@dataclass
class FakeHit:
    name: str
    title: str
    why: str
    pack: str = "shipping"
    score: float = 1.0


@dataclass
class FakeAsk:
    name: str
    label: str
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass
class FakeMissing:
    name: str
    start: int
    end: int
    where: str = "text"
    printable: bool = True


@dataclass
class FakeFilled:
    text: str
    subject: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    missing: tuple[FakeMissing, ...] = ()
    ask: tuple[FakeAsk, ...] = ()
    cursor: int = 0
    language: str = "it"
    actions: dict[str, Any] = field(default_factory=dict)
    snippet: str = ""
    version: str = "v1"
    summary: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[FakeAsk, ...]:
        return self.ask

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(self.text[start:end] for start, end in self.spans)


SNIPPETS = {
    "late": ("Ordine in ritardo: dov'è e quando arriva", "#10245 in transit",
             "Gentile Maria,\nci scusiamo per l'attesa: il suo ordine [10245] è con [GLS] dal [1 dicembre]\n([gls.example/t/GL883120]) e arriva entro [giovedì 4 dicembre].\nSe il <gift_date> fosse a rischio, ci scriva.\n"),
    "shipped": ("Dov'è il mio ordine: spedito", "used 14× by you",
                "Gentile Maria,\nil suo ordine [10245] è partito il [1 dicembre] con [GLS] ed è in viaggio: [gls.example/t/GL883120]. La consegna è prevista per [giovedì 4 dicembre], in tempo per il regalo.\n"),
    "gift": ("Ritardo su un regalo: scuse e alternativa", "regalo", "Gentile Maria,\nci dispiace per il ritardo.\n"),
    "days": ("Ritardo di qualche giorno", "ritardo", "Gentile Maria, arriverà tra {days} giorni.\n"),
    "return": ("Reso entro 30 giorni", "reso", "Gentile Maria,\nha [30 giorni] per il reso.\n"),
    "old": ("Sconto d'autunno", "scaduto", ""),
}  # fmt: skip


def filled(text: str, language: str, asked: dict[str, str]) -> FakeFilled:
    out, spans, missing, asks = "", [], [], []
    place = 0
    while place < len(text):
        character = text[place]
        if character in "[<{":
            end = text.index({"[": "]", "<": ">", "{": "}"}[character], place)
            name = text[place + 1 : end]
            start = len(out)
            if character == "[" or name in asked:
                out += asked.get(name, name)
                spans.append((start, len(out)))
            else:
                if character == "{":
                    asks.append(FakeAsk(name, "Days of delay", "3", ("1", "3", "7")))
                out += f"⟨{name}⟩"
                missing.append(FakeMissing(name if character == "<" else f"ask.{name}", start, len(out)))
            place = end + 1
        else:
            out += character
            place += 1
    cursor = missing[0].start if missing else len(out)
    return FakeFilled(out, "", tuple(spans), tuple(missing), tuple(asks), cursor, language)


class FakeQueue:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.reads = 0

    def views(self) -> tuple[View, ...]:
        keys = ("open", "mine", "unassigned", "waiting", "snoozed", "late", "closed", "spam", "all")
        return tuple(View(key, key.capitalize(), f"is:{key}") for key in keys)

    def counts(self) -> Counts:
        rows = self.desk.rows.values()
        return Counts(
            open=sum(r.status == "open" for r in rows), mine=sum(r.assignee == ANNA for r in rows),
            late=sum(bool(r.due_at and r.due_at < NOW and r.status == "open") for r in rows),
            chats_waiting=sum(r.is_chat and r.status == "open" for r in rows), unassigned=0, snoozed=0,
            outbox=len(self.desk.sent), trouble=sum(o.state is MessageState.UNKNOWN for o in self.desk.sent),
        )  # fmt: skip

    def ids(self, view: str = "open", query: str = "", *, limit: int = 0) -> array[int]:
        if "bad:" in query:
            raise UsageError("bad: is no operator; there are from: tag: order: is: before:")
        wanted = {"open": "open", "waiting": "waiting", "snoozed": "snoozed", "closed": "closed"}.get(view)
        found = []
        for number in self.desk.order:
            known = self.desk.rows.get(number)
            if known is None:
                continue
            if (wanted and known.status != wanted) or (view == "mine" and known.assignee != ANNA):
                continue
            if query and query.lower() not in f"{known.customer_name} {known.subject} from:{known.customer_address}".lower():
                continue
            found.append(number)
        return array("q", found[: limit or None])

    def rows(self, ids: Any) -> list[Row]:
        self.reads += 1
        return [self.desk.rows[number] for number in ids if number in self.desk.rows]

    def find(self, reference: str) -> int:
        return next(r.row for r in self.desk.rows.values() if r.id == reference)

    def next_urgent(self, after: int = 0) -> int | None:
        for number in self.desk.order:
            known = self.desk.rows[number]
            if number != after and known.status == "open" and not known.assignee:
                return number
        return None

    def next_chat(self) -> int | None:
        return next((n for n in self.desk.order if self.desk.rows[n].is_chat and self.desk.rows[n].status == "open"), None)


class FakeReading:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.wanted: list[tuple[str, int]] = []
        self.asked: tuple[Question, ...] = ()
        self.faults: tuple[str, ...] = ()
        self.full = ""
        self.states: tuple[ChannelFact, ...] = (
            ChannelFact("support", "imap", "ready", "", 128, 128, 2_100, 400, 12, NOW, today_in=2_100, today_out=400),
            ChannelFact("chat", "chatwoot", "ready", "", 2, 2, 0, 0, 3, NOW),
        )

    def thread(self, row: int) -> tuple[Item, ...]:
        return tuple(replace(i, attachments=tuple(map(self.desk.files.of_now, i.attachments))) for i in self._thread(row))

    def _thread(self, row: int) -> tuple[Item, ...]:
        if row in self.desk.threads:
            return self.desk.threads[row]
        if row == 1:
            return maria_thread()
        known = self.desk.rows[row]
        sender = Address(known.customer_name, known.customer_address)
        return (item(str(row * 100), Direction.IN, known.last_at, known.preview, sender=sender, subject=known.subject),)

    def panel(self, row: int) -> Panel:
        if row in self.desk.panels:
            return self.desk.panels[row]
        if row == 1:
            return panel()
        known = self.desk.rows[row]
        customer = Customer(row, known.customer_name, "", (Identity(IdentityKind.EMAIL, known.customer_address),))
        return panel(customer=customer, orders=(), about=None, history=(), notes=(), totals=(), since=None)

    def lookup(self, text: str) -> Lookup:
        orders = tuple(o for o in ORDERS if text.lstrip("#") in o.number)
        customers = tuple(
            Customer(r.row, r.customer_name, "", (Identity(IdentityKind.EMAIL, r.customer_address),))
            for r in self.desk.rows.values()
            if text.lower() in r.customer_name.lower()
        )
        return Lookup(customers, orders)

    def customer_panel(self, customer_id: int) -> Panel:
        return panel(history=(self.desk.rows[customer_id],)) if customer_id in self.desk.rows else panel()

    def want_text(self, message_row: int) -> None:
        self.wanted.append(("text", message_row))

    def channels(self) -> tuple[ChannelFact, ...]:
        return self.states

    def engine_faults(self) -> tuple[str, ...]:
        return (self.full, *self.faults) if self.full else self.faults

    def unsaved(self) -> str:
        return self.full

    def questions(self) -> tuple[Question, ...]:
        return self.asked


class FakeFiles:
    """Attachments and raw messages; `progress` and `arrive` are what the engine does."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.wanted: list[tuple[str, int]] = []
        self.stopped: list[tuple[str, int]] = []
        self.blobs: dict[int, bytes] = {}
        """By attachment; by message, negative."""
        self.asked: dict[int, Fetch] = {}
        """Likewise."""
        self.saved: list[Path] = []

    def facts(self, conversation: int) -> tuple[AttachmentFact, ...]:
        return tuple(a for item in self.desk.reading.thread(conversation) for a in item.attachments)

    def of_now(self, fact: AttachmentFact) -> AttachmentFact:
        """A fact of a thread, as far as it is by now."""
        fetch = self.asked.get(fact.id)
        return replace(fact, here=fact.here or fact.id in self.blobs, fetch=fetch, seconds=None if fetch else fact.seconds)

    def want(self, attachment_id: int) -> None:
        self.wanted.append(("attachment", attachment_id))
        self._ask(attachment_id)

    def want_raw(self, message_row: int) -> None:
        self.wanted.append(("raw", message_row))
        self._ask(-message_row)

    def _ask(self, number: int) -> None:
        place = 1 + sum(f.place > 0 for f in self.asked.values())
        self.asked[number] = Fetch("fetching" if place == 1 else "waiting", place=place)
        self.desk.changed.add(("progress", 1))

    def stop(self, attachment_id: int) -> bool:
        self.stopped.append(("attachment", attachment_id))
        self.desk.changed.add(("progress", 1))
        return self.asked.pop(attachment_id, None) is not None

    def stop_raw(self, message_row: int) -> bool:
        self.stopped.append(("raw", message_row))
        self.desk.changed.add(("progress", 1))
        return self.asked.pop(-message_row, None) is not None

    def progress(self, number: int, **changes: Any) -> None:
        self.asked[number] = replace(self.asked[number], **changes)
        self.desk.changed.add(("progress", 1))

    def arrive(self, number: int, content: bytes) -> None:
        self.asked.pop(number, None)
        self.blobs[number] = content
        self.desk.changed |= {("blob", abs(number)), ("conversation", 1)}

    def fetch(self, attachment_id: int) -> Fetch | None:
        return self.asked.get(attachment_id)

    def raw_fetch(self, message_row: int) -> Fetch | None:
        return self.asked.get(-message_row)

    def raw_size(self, message_row: int) -> int:
        return 12_300

    def here(self, attachment_id: int) -> bool:
        return attachment_id in self.blobs

    def raw_here(self, message_row: int) -> bool:
        return -message_row in self.blobs

    def content(self, attachment_id: int) -> bytes | None:
        return self.blobs.get(attachment_id)

    def save(self, attachment_id: int, folder: Path) -> Path:
        return self._save(attachment_id, folder / f"attachment-{attachment_id}")

    def save_raw(self, message_row: int, folder: Path) -> Path:
        return self._save(-message_row, folder / f"message-{message_row}.eml")

    def _save(self, number: int, path: Path) -> Path:
        self.saved.append(save_new(path.parent, path.name, self.blobs[number]))
        return self.saved[-1]


class FakeWork:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.did: list[tuple[Any, ...]] = []
        self._before: list[dict[int, Row] | int] = []
        """Steps to undo: the rows before it, or a reply sent."""

    def _change(self, words: str, rows: Any, **changes: Any) -> str:
        self._before.append(dict(self.desk.rows))
        self.did.append((words, list(rows)))
        for number in rows:
            self.desk.rows[number] = replace(self.desk.rows[number], **changes)
        return f"{words} {len(rows)}"

    def claim(self, rows: Any) -> str:
        return self._change("taken", rows, assignee=ANNA)

    def assign(self, rows: Any, email: str) -> str:
        return self._change("assigned", rows, assignee=email)

    def close(self, rows: Any) -> str:
        return self._change("closed", rows, status="closed")

    def reopen(self, rows: Any) -> str:
        return self._change("reopened", rows, status="open")

    def wait(self, rows: Any) -> str:
        return self._change("waiting", rows, status="waiting")

    def snooze(self, rows: Any, until: datetime) -> str:
        return self._change("snoozed", rows, status="snoozed", snoozed_until=until)

    def tag(self, rows: Any, add: Any = (), remove: Any = ()) -> str:
        self._before.append(dict(self.desk.rows))
        self.did.append(("tag", list(rows), list(add), list(remove)))
        for number in rows:
            known = self.desk.rows[number]
            tags = tuple(t for t in (*known.tags, *add) if t not in remove)
            self.desk.rows[number] = replace(known, tags=tags)
        return "tagged"

    def note(self, rows: Any, text: str, cursor: int | None = None) -> str:
        for number in rows:
            made = item(f"note{len(self.did)}", Direction.NOTE, NOW, text)
            self.desk.threads[number] = (*self.desk.reading.thread(number), made)
        return self._change("noted", rows)

    def priority(self, rows: Any, priority: Any) -> str:
        return self._change("priority", rows, priority=priority.value)

    def spam(self, rows: Any, spam: bool) -> str:
        return self._change("spam", rows, spam=spam, status="closed" if spam else "open")

    def choose_order(self, row: int, number: str) -> str:
        self.did.append(("order", row, number))
        return f"order {number}"

    def language(self, row: int, language: str) -> str:
        self.did.append(("language", row, language))
        return language

    def undoable(self) -> Undoable | None:
        if not self._before:
            return None
        step = self._before[-1]
        if isinstance(step, int):
            rows = [sent.conversation for sent in self.desk.sent if sent.id == step]
        else:
            rows = [number for number, known in step.items() if self.desk.rows.get(number) != known]
        return Undoable(len(self._before), tuple(rows))

    def undo(self) -> str | None:
        if not self._before:
            return None
        step = self._before.pop()
        if isinstance(step, int):
            return "taken back" if self.desk.writing.cancel(step) else "too late"
        self.desk.rows = step
        return "undone"


class FakeWriting:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.saves = 0
        self.kept: dict[int, Draft] = {}
        self._next = 1
        self.thens: list[tuple[str, datetime | None]] = []

    def draft(self, row: int, kind: str = "reply", *, all: bool = False) -> Draft:  # noqa: A002
        for known in self.kept.values():
            if known.conversation == row and known.kind == kind:
                return known
        about = self.desk.rows[row]
        to = () if kind == "note" or about.is_chat else (Address(about.customer_name, about.customer_address),)
        return Draft(0, row, kind, about.channel, to=to, subject=f"Re: {about.subject}")

    def new(self, to: str = "") -> Draft:
        return Draft(0, 0, "new", "support", to=(Address("", to),) if to else ())

    def forward(self, row: int) -> Draft:
        return Draft(0, row, "forward", "support", subject=f"Fwd: {self.desk.rows[row].subject}", quoted="…")

    def save(self, draft: Draft) -> Draft:
        self.saves += 1
        if not draft.id:
            draft.id, self._next = self._next, self._next + 1
        self.kept[draft.id] = draft
        if draft.conversation:
            self.desk.rows[draft.conversation] = replace(self.desk.rows[draft.conversation], has_draft=True)
        return draft

    def discard(self, draft_id: int) -> None:
        draft = self.kept.pop(draft_id, None)
        if draft is not None and draft.conversation:
            self.desk.rows[draft.conversation] = replace(self.desk.rows[draft.conversation], has_draft=False)

    def drafts(self) -> list[Draft]:
        return list(self.kept.values())

    def attach(self, draft_id: int, path: Path) -> FileFact:
        if not path.is_file():
            raise Refused(f"{path} is no file")
        return FileFact(len(path.name), path.name, "application/octet-stream", path.stat().st_size)

    def detach(self, file_id: int) -> None:
        pass

    def check(self, draft: Draft) -> tuple[str, ...]:
        problems = []
        if not draft.text.strip():
            problems.append("The reply is empty.")
        if "⟨" in draft.text:
            problems.append("A value is missing.")
        if not draft.to and draft.channel != "chat":
            problems.append("Nobody to send to.")
        return tuple(problems)

    def slips(self, draft: Draft, at: datetime | None = None) -> tuple[Slip, ...]:
        return tuple(Slip("order", at, at + 5, number, "Eva Neri") for number in ("99999", "88888") if (at := draft.text.find(number)) >= 0)

    def restore(self, draft: Draft) -> Draft:
        draft.id = 0
        return self.save(draft)

    def next_opening(self) -> datetime | None:
        return None

    def send(
        self, draft: Draft, then: str = "waiting", until: datetime | None = None, now: bool = False, at: datetime | None = None,
        anyway: bool = False,
    ) -> int:
        assert anyway or not self.slips(draft)
        if draft.id:
            self.discard(draft.id)
        number = len(self.desk.sent) + 1
        self.thens.append((then, until))
        self.desk.sent.append(
            OutboxFact(number, draft.conversation, "", draft.channel, "<x@y>", draft.to, draft.subject,
                       MessageState.SCHEDULED if at else MessageState.HELD, "", at or NOW + timedelta(seconds=8), 0, None, NOW, draft.text)
        )  # fmt: skip
        self.desk.work._before.append(number)
        if draft.conversation:
            status = then if then != "open" else "open"
            known = self.desk.rows[draft.conversation]
            self.desk.rows[draft.conversation] = replace(known, status=status, outbox="held", assignee=ANNA)
        return number

    def cancel(self, outbox_id: int) -> int | None:
        entry = next((o for o in self.desk.sent if o.id == outbox_id), None)
        if entry is None or not (entry.can_be_taken_back or entry.state is MessageState.UNKNOWN):
            return None
        self.desk.sent.remove(entry)
        self.desk.rows[entry.conversation] = replace(self.desk.rows[entry.conversation], status="open", outbox="")
        self.save(Draft(0, entry.conversation, "reply", entry.channel, to=entry.to, subject=entry.subject, text=entry.text))
        return entry.conversation

    def outbox(self) -> tuple[OutboxFact, ...]:
        return tuple(self.desk.sent)

    def _set(self, outbox_id: int, state: MessageState) -> None:
        self.desk.sent = [replace(o, state=state) if o.id == outbox_id else o for o in self.desk.sent]

    def send_anyway(self, outbox_id: int) -> None:
        self._set(outbox_id, MessageState.QUEUED)

    def mark_sent(self, outbox_id: int) -> None:
        self._set(outbox_id, MessageState.ACCEPTED)

    def send_now(self, outbox_id: int) -> None:
        self._set(outbox_id, MessageState.QUEUED)

    def reschedule(self, outbox_id: int, at: datetime) -> None:
        self.desk.sent = [replace(o, state=MessageState.SCHEDULED, hold_until=at) if o.id == outbox_id else o for o in self.desk.sent]

    def file_now(self, outbox_id: int) -> None:
        self.desk.sent = [replace(o, file_detail="") if o.id == outbox_id else o for o in self.desk.sent]

    def keep_here(self, outbox_id: int) -> None:
        self._set(outbox_id, MessageState.FILED)

    def leave(self, outbox_id: int) -> None:
        self.desk.sent = [replace(o, look=False, waiting=(), doubtful=()) if o.id == outbox_id else o for o in self.desk.sent]

    def write_again(self, outbox_id: int) -> Draft:
        entry = next(o for o in self.desk.sent if o.id == outbox_id)
        self.leave(outbox_id)
        to = tuple(Address("", address) for address in entry.refused)
        return self.save(Draft(0, entry.conversation, "reply", entry.channel, to=to, subject=entry.subject, text=entry.text))

    def unsent(self) -> int:
        return sum(o.state in {MessageState.HELD, MessageState.QUEUED, MessageState.SENDING} for o in self.desk.sent)


class FakeMacros:
    """Two: one that puts away, one for chats only."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk

    def words(self, actions: Any) -> tuple[str, ...]:
        return (*(["closed"] if actions.get("close") else []), *(f"+{tag}" for tag in actions.get("tags", ())))

    def plan(self, name: str, rows: Any) -> Plan:
        known = [self.desk.rows[number] for number in rows]
        if name == "macros/chats":
            return Plan(name, "Chats: close", ("closed",), tuple(Change(r.row, r.customer_name, r.subject, (), "only for chat") for r in known))
        return Plan(name, "Settled", ("closed", "+settled"), tuple(Change(r.row, r.customer_name, r.subject, ("closed", "+settled")) for r in known))

    def run(self, name: str, rows: Any) -> str:
        if name == "macros/chats":
            raise Refused("only for chat")
        return self.desk.work._change("settled", rows, status="closed", tags=("settled",))


class FakeUsage:
    """A fortnight in which every third day moved something."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.chosen: Link = desk.config.link

    def report(self, days: int = 14, today: date | None = None) -> UsageReport:
        last = today or NOW.date()
        every = tuple(last - timedelta(days=n) for n in reversed(range(days)))
        moved = [
            Moved(day.isoformat(), channel, job, size * (number + 1), size // 9, number + 3)
            for number, day in enumerate(every) if number % 3 == 1
            for channel, job, size in (("support", "texts", 61_000), ("support", "list", 8_100), ("support", "sending", 900), ("chat", "chat", 2_300))
        ]
        budget = self.desk.config.budget
        return UsageReport(every, tuple(moved), budget.day, dict(budget.channels))

    def link(self) -> Link:
        return self.chosen

    def choose_link(self, link: Link) -> None:
        self.chosen = link


class FakePacks:
    """Three layers, one of them fetched; and a shift before this one."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.entries: tuple[PackFact, ...] = (PackFact("program", "", "", here=True),)
        self.found = News(None)
        self.versions: dict[Path, str] = {}
        self.pulls = self.noted = self.ended = 0

    def sources(self) -> tuple[PackFact, ...]:
        return self.entries

    def pull(self) -> int:
        self.pulls += 1
        return sum(bool(entry.kind) for entry in self.entries)

    def installed(self) -> dict[Path, str]:
        return dict(self.versions)

    def note(self) -> int:
        self.noted += 1
        return self.found.count

    def news(self) -> News:
        return self.found

    def end_shift(self) -> None:
        self.ended += 1


class FakeAnswers:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.prepared = self.reloaded = 0
        self.faults: tuple[str, ...] = ()

    def prepare(self) -> None:
        self.prepared += 1

    def reload(self) -> None:
        self.reloaded += 1

    def search(self, query: str, row: int) -> list[FakeHit]:
        words = query.lower().split()
        return [FakeHit(n, t, why) for n, (t, why, _) in SNIPPETS.items() if all(w in t.lower() for w in words)]

    def fill(self, name: str, row: int, language: str = "", asked: dict[str, str] | None = None) -> FakeFilled:
        if name == "articles/returns":
            title = {"it": "Restituire un articolo", "en": "Returning an item"}.get(language, "Returning an item")
            text = f"{title} – [https://casaverde.example/help/returns]"
            shown = language if language in {"it", "en"} else "en"
            return replace(filled(text, shown, {}), snippet=name, summary="What can be returned, and how.")
        if name == "old":
            raise Refused("This snippet was valid until 30 Nov 2026.")
        return replace(filled(SNIPPETS[name][2], language or "it", asked or {}), snippet=f"shipping/{name}")

    def search_articles(self, query: str, row: int, *, language: str = "") -> list[FakeHit]:
        hit = FakeHit("articles/returns", "Restituire un articolo" if language == "it" else "Returning an item", "return", "articles")
        return [hit] if query.lower() in hit.title.lower() else []

    def search_macros(self, query: str, row: int) -> list[FakeHit]:
        macros = [FakeHit("macros/settled", "Settled: close", "thanks", "macros"), FakeHit("macros/chats", "Chats: close", "", "macros")]
        return [hit for hit in macros if query.lower() in hit.title.lower()]

    def inserted(self, draft: Draft, filled: FakeFilled) -> None:
        insertions.inserted(draft, filled, article=filled.snippet.startswith("articles/"))

    def language(self, row: int) -> str:
        return "it"

    def languages(self) -> tuple[str, ...]:
        return ("it", "en", "de", "fr")

    def turn(self, draft: Draft, language: str) -> insertions.Turned:
        return insertions.turn(draft, language, lambda name, of, asked: self.fill(name.removeprefix("shipping/"), draft.conversation, of, asked))


class FakeChanges:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk

    def poll(self) -> frozenset[tuple[str, int]]:
        found, self.desk.changed = frozenset(self.desk.changed), set()
        return found


class FakeDesk:
    def __init__(self, count: int = len(PEOPLE), settings: DeskConfig | None = None) -> None:
        self.config = settings or config()
        self.order = list(range(1, count + 1))
        self.rows: Any = {number: row(number) for number in self.order}
        self.threads: dict[int, tuple[Item, ...]] = {}
        self.panels: dict[int, Panel] = {}
        self.changed: set[tuple[str, int]] = set()
        self.sent: list[OutboxFact] = []
        self.queue, self.reading, self.work = FakeQueue(self), FakeReading(self), FakeWork(self)
        self.files = FakeFiles(self)
        self.usage = FakeUsage(self)
        self.packs = FakePacks(self)
        self.writing, self.answers, self.macros = FakeWriting(self), FakeAnswers(self), FakeMacros(self)

    def changes(self) -> FakeChanges:
        return FakeChanges(self)
