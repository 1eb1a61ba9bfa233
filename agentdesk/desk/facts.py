"""What the desk shows: plain, immutable values read from the store, for the screen and the command line alike.

Every text in here has passed `clean()`; none of it is markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from agentdesk.domain.conversation import MessageState
from agentdesk.domain.customer import Customer
from agentdesk.domain.insertion import Insertion
from agentdesk.domain.message import Address, Direction, Verified
from agentdesk.domain.order import Order
from agentdesk.domain.warnings import Caution


@dataclass(frozen=True, slots=True)
class View:
    """A saved query. `key` is what the command line says; `title` what the agent reads."""

    key: str
    title: str
    query: str
    sort: str = "due"  # due | newest | oldest


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as the queue shows it."""

    row: int
    id: str
    channel: str
    kind: str  # imap | chatwoot
    subject: str
    customer_name: str
    customer_address: str
    status: str
    assignee: str
    claiming: bool
    tags: tuple[str, ...]
    priority: str
    unread: int
    messages: int
    preview: str
    last_at: datetime
    waiting_since: datetime | None
    """The first customer message nobody has answered yet."""
    due_at: datetime | None
    """When the promise breaks (or broke)."""
    snoozed_until: datetime | None
    order_number: str
    """What it is about, or empty."""
    spam: bool
    automatic: bool
    has_draft: bool
    outbox: str
    """The most urgent state of an unsent reply (held, queued, unknown, conflict, rejected, ...), or empty; "refused" for one that
    did not go to everybody."""
    outbox_at: datetime | None = None
    """When a reply goes out that is to go later."""
    caution: str = ""
    """The gravest kind of what its messages warn of, if it is severe (`domain.warnings`), or empty."""

    @property
    def is_chat(self) -> bool:
        return self.kind != "imap"


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far something is that the engine was asked for."""

    state: str  # waiting | fetching | paused (it goes on by itself) | failed
    fetched: int = 0
    """Bytes that are here, as they are encoded, of"""
    total: int = 0
    rate: int = 0
    """Bytes a second, lately; 0: not known."""
    place: int = 0
    """In the queue of its channel, from 1."""
    reason: str = ""
    """Why it pauses, or failed."""
    line_up: bool = True
    """Its channel is connected."""

    @property
    def percent(self) -> int:
        return min(99, self.fetched * 100 // self.total) if self.total else 0

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.fetched) / self.rate if self.rate and self.total else None


@dataclass(frozen=True, slots=True)
class AttachmentFact:
    id: int
    name: str
    type: str
    size: int
    inline: bool
    here: bool
    """Its content is on this machine."""
    fetch: Fetch | None = None
    """It has been asked for."""
    fetched: int = 0
    """Bytes that are here from an earlier beginning, as they are encoded."""
    seconds: float | None = None
    """How long fetching it would take on this line; None: not measured, or no question."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a conversation: a message, a note, or a reply still in the outbox."""

    key: str
    row: int
    """The message's row in the store; 0 for a note or an outbox entry."""
    outbox_id: int
    """0 unless it is in the outbox."""
    message_id: str
    direction: Direction
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    at: datetime
    text: str | None
    """None: not fetched yet."""
    quoted: str = ""
    html: bool = False
    attachments: tuple[AttachmentFact, ...] = ()
    state: str = ""
    problem: str = ""
    verified: Verified = Verified.NONE
    automatic: bool = False
    gone: bool = False
    detail: str = ""
    """A server's words about an outbox entry."""
    goes_at: datetime | None = None
    """When a reply goes out that is to go later."""
    notices: tuple[str, ...] = ()
    """What is still to be said of a reply that went out: who refused it, who waits, why there is no copy in Sent."""
    look: bool = False
    """The agent is to look at those."""
    marks: tuple[str, ...] = ()
    """What it is or holds (`domain.message.Body.marks`)."""
    cautions: tuple[Caution, ...] = ()
    """What the agent should be warned of."""
    raw: Fetch | None = None
    """The whole message has been asked for, as it came."""
    size: int = 0
    """Bytes of it, as the server says."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The customer beside the conversation."""

    customer: Customer | None
    since: datetime | None
    orders: tuple[Order, ...]
    """This customer's, newest first."""
    about: Order | None
    """The order this conversation is about."""
    about_chosen: bool
    """The agent said so."""
    foreign: tuple[str, ...]
    """Numbers named in the text that belong to another customer: shown as a number only."""
    ambiguous: bool
    """Several orders could be meant; the desk asks (`o`)."""
    totals: tuple[tuple[str, Decimal], ...]
    """(currency, sum of orders) for each currency."""
    history: tuple[Row, ...]
    notes: tuple[Item, ...]
    verified: Verified
    orders_as_of: datetime | None
    faults: tuple[str, ...] = ()
    """What is wrong with the order source."""
    unproven: tuple[str, ...] = ()
    """Who would get the answer, or says to be somebody, without proof of being this customer: then nothing of an order, and
    nothing else that is known of the customer, fills a reply by itself."""
    vouched: bool = False
    """The agent chose the order all the same: that one fills."""
    addressee: str = ""
    """The name under which such a person writes."""
    cautions: tuple[Caution, ...] = ()
    """The severe ones of all its messages."""


@dataclass(frozen=True, slots=True)
class Counts:
    open: int
    mine: int
    late: int
    chats_waiting: int
    unassigned: int
    snoozed: int
    outbox: int
    """Replies not yet accepted."""
    trouble: int
    """Replies that need the agent: unknown, conflict, rejected."""


@dataclass(frozen=True, slots=True)
class ChannelFact:
    name: str
    kind: str
    state: str  # new connecting syncing ready down refused offline
    detail: str
    done: int
    total: int
    bytes_in: int
    bytes_out: int
    round_trips: int
    reached_at: datetime | None
    link: str = ""
    """normal, thin or offline, as measured or chosen; empty for chats."""
    round_trip_ms: int = 0
    """As measured; 0: not yet."""
    bytes_per_second: int = 0
    spared: str = ""
    """desk or channel: whose ceiling for today is reached, so that nothing is fetched ahead."""
    today_in: int = 0
    """Bytes of this day, in the desk's time zone."""
    today_out: int = 0
    out_detail: str = ""
    """Why nothing goes out now: no line, a certificate, a limit of the server."""
    out_until: datetime | None = None
    """When it goes on."""


@dataclass(frozen=True, slots=True)
class FileFact:
    id: int
    name: str
    type: str
    size: int


@dataclass(slots=True)
class Draft:
    """What the agent is writing. Bound to its conversation; saved at each pause."""

    id: int
    conversation: int
    """Row; 0: it begins a new conversation."""
    kind: str  # reply | note | new | forward
    channel: str
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    quoted: str = ""
    """Appended below the text when it is sent (mail)."""
    base: int = 0
    language: str = ""
    snippets: tuple[Insertion, ...] = ()
    """What was put into it; `Answers.inserted` says so."""
    actions: dict[str, object] = field(default_factory=dict)
    cursor: int = 0
    files: tuple[FileFact, ...] = ()
    message_id: str = ""


_TROUBLE = frozenset({MessageState.UNKNOWN, MessageState.CONFLICT, MessageState.REJECTED})
_BEFORE_HANDING_OVER = frozenset({
    MessageState.HELD, MessageState.SCHEDULED, MessageState.QUEUED, MessageState.CONFLICT, MessageState.REJECTED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Newer:
    """A message that came into a conversation after a reply to it was written."""

    sender: Address
    at: datetime
    text: str
    """As far as it is here."""
    direction: Direction
    message_id: str


@dataclass(frozen=True, slots=True)
class OutboxFact:
    id: int
    conversation: int
    conversation_id: str
    channel: str
    message_id: str
    to: tuple[Address, ...]
    subject: str
    state: MessageState
    detail: str
    hold_until: datetime | None
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    text: str = ""
    refused: tuple[str, ...] = ()
    """Recipients the server refused for good."""
    waiting: tuple[str, ...] = ()
    """Recipients it refused for now, of a reply that others have: they get it by an attempt of their own."""
    doubtful: tuple[str, ...] = ()
    """Recipients who may have it or not, of a reply that others have."""
    look: bool = False
    """It went out, and the agent is to look at what became of some recipients."""
    rest_detail: tuple[str, ...] = ()
    """The server's words to those, each with its recipient."""
    file_detail: str = ""
    """Why there is no copy in Sent yet."""
    waits: str = ""
    """What it waits for by itself: no_channel, offline, refused, down, unread (`usage.waits_<...>`); empty: nothing in particular."""
    newer: tuple[Newer, ...] = ()
    """In conflict: what came meanwhile, oldest first."""

    @property
    def needs_agent(self) -> bool:
        """It waits for a decision."""
        return self.look or self.state in _TROUBLE

    @property
    def can_be_taken_back(self) -> bool:
        """Nothing has been handed over: it can become a draft again."""
        return self.state in _BEFORE_HANDING_OVER


@dataclass(frozen=True, slots=True)
class Change:
    """What a macro would do to one conversation."""

    row: int
    who: str
    subject: str
    does: tuple[str, ...]
    """What would be another afterwards; empty: it is like that already."""
    refused: str = ""
    """Why the macro isn't for this one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a macro would do, before it is done."""

    name: str
    title: str
    does: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Undoable:
    """What undo would take back now."""

    id: int
    rows: tuple[int, ...]
    """The conversations it was done to."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine wants to know: a password, a one-time code, a new certificate."""

    id: int
    kind: str
    text: str
    channel: str = ""
    """Whose password it is; the answer goes to `EngineProcess.secret`, never into the store."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Customers and orders found without a conversation (the phone rings)."""

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
