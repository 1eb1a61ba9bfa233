"""What a desk is made of: the checked values of desk.toml, as the rest of the program sees them.

Secrets are references until `agentdesk.secrets.fetch` is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo


class Link(StrEnum):
    AUTO = "auto"
    THIN = "thin"
    NORMAL = "normal"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a password is. `literal` is accepted for loopback servers only."""

    kind: str  # command | env | keyring | literal | none
    value: str = field(repr=False, default="")
    """The shell line, the variable's name, the keyring's entry, or the password itself."""
    file: Path | None = field(compare=False, default=None)
    """Where the entry stands that asks for it, for messages."""
    line: int = field(compare=False, default=0)
    store: str = field(repr=False, default="")
    """Beside a command: the shell line that keeps a new one, given on its stdin. For refresh tokens, which servers change."""


@dataclass(frozen=True, slots=True)
class OAuth:
    """Who gives access tokens for a mailbox. The channel's password is the refresh token then."""

    provider: str  # google | microsoft | custom
    client_id: str
    """As its owner registered it with the provider; none of ours."""
    client_secret: Secret | None = None
    tenant: str = ""
    authorize_url: str = ""
    token_url: str = ""
    device_url: str = ""
    scope: str = ""
    """The URLs and the scope are given for `custom` only."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    cert: Path
    key: Path | None = None
    """None: in the same file."""
    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class ServerUrl:
    scheme: str  # imaps, imap+starttls, imap, smtps, smtp+starttls, smtp, http, https
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class MailChannelConfig:
    name: str
    address: str
    user: str
    imap: ServerUrl
    smtp: ServerUrl
    password: Secret
    """With `oauth` the refresh token."""
    ca_file: Path | None = None
    kind: str = "imap"
    sent_copy: str = "auto"  # auto | file | server
    """Who puts the copy of what was sent into Sent: we, or the server by itself; auto: as is known of the provider."""
    oauth: OAuth | None = None
    certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class ChatChannelConfig:
    name: str
    url: str
    account: int
    token: Secret
    ca_file: Path | None = None
    kind: str = "chatwoot"


ChannelConfig = MailChannelConfig | ChatChannelConfig


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    email: str
    role: str = "agent"


@dataclass(frozen=True, slots=True)
class ViewConfig:
    name: str
    query: str
    sort: str = "due"  # due | newest | oldest


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours: weekday (0 = Monday) -> spans; empty means always open. A span that ends at midnight ends at `time.max`."""

    week: dict[int, tuple[tuple[time, time], ...]] = field(default_factory=dict)
    holidays: str = ""  # a country of the `holidays` library, or "IT-BZ" with a subdivision
    closed: frozenset[date] = frozenset()
    file: Path | None = field(compare=False, default=None)
    """Where `holidays` stands, for messages."""
    line: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes a day from which nothing is fetched any more that nobody asked for; 0: no ceiling."""

    day: int = 0
    """Of the whole desk."""
    channels: dict[str, int] = field(default_factory=dict)
    """Of single channels, by name."""


LAYERS = ("company", "team", "own")
"""Whose packs they are; a later layer's texts win over an earlier one's. Those that come with the program stand before all."""


@dataclass(frozen=True, slots=True)
class PackSource:
    """Packs that are fetched: the engine does it, the screen reads what is there."""

    kind: str  # git | url
    place: str
    """A URL, or the path of a repository on this machine."""
    root: Path
    """What belongs to it, in the state folder."""
    every: timedelta = timedelta(hours=1)
    branch: str = ""
    """Or a tag; empty: the repository's own."""
    folder: str = ""
    """Where in the repository the packs are."""
    sha256: str = ""
    """What a file from the web must be; empty: whatever it is."""

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def path(self) -> Path:
        """The packs as they were fetched last; not there before the first time."""
        return self.root / "current" / self.folder

    @property
    def installed(self) -> str:
        """The version that is there: a commit, or what a file's SHA-256 begins with; empty before the first time."""
        try:
            return (self.root / "current").readlink().name
        except OSError:
            return ""


def default_undo() -> dict[str, timedelta]:
    """How long a reply is held, by kind of channel: mail can be taken back for a moment, a chat is not kept waiting."""
    return {"imap": timedelta(seconds=8), "chat": timedelta(0)}


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """One desk, checked."""

    folder: Path
    state: Path
    """Database, logs, lock, attachments fetched."""
    name: str
    locale: str
    timezone: ZoneInfo
    agent_name: str
    agent_email: str
    signature: str = ""
    url: str = ""
    link: Link = Link.AUTO
    channels: tuple[ChannelConfig, ...] = ()
    shop_kind: str = ""
    """"files", or empty: no shop."""
    orders: Path | None = None
    packs: tuple[Path, ...] = ()
    """In their order: later ones win."""
    pack_sources: tuple[PackSource, ...] = ()
    """Those of them that are fetched."""
    pack_layers: tuple[str, ...] = ()
    """Whose each of `packs` is: one of `LAYERS`, or empty for those of the program."""
    team_log: str = "local"
    members: tuple[Member, ...] = ()
    promises: dict[str, timedelta] = field(default_factory=dict)
    """Time to first answer by channel kind ("imap", "chat", "chat_abandon"), in opening hours."""
    hours: Hours = Hours()
    views: tuple[ViewConfig, ...] = ()
    undo: dict[str, timedelta] = field(default_factory=default_undo)
    """Undo hold by channel kind ("imap", "chat")."""
    per_minute: int = 0
    """How many replies a channel hands over in a minute at most; 0: as fast as its server takes them."""
    reopen_days: int = 14
    on_close: str = "keep"
    aliases: frozenset[str] = frozenset()
    """Our own other addresses, lower case."""
    retention_days: int = 0
    mask_cards: bool = False
    budget: Budget = Budget()
    keymap: str = "default"
    faults: tuple[str, ...] = ()
    """What is wrong in parts the rest can live without (a pack, an order file): shown, not fatal."""

    @property
    def own_addresses(self) -> frozenset[str]:
        """Every address that is ours, lower case: never answered, never a customer."""
        mail = {c.address.lower() for c in self.channels if isinstance(c, MailChannelConfig)}
        return frozenset(mail | self.aliases | {self.agent_email.lower()})

    @property
    def packs_here(self) -> tuple[Path, ...]:
        """Without those that were never fetched yet."""
        fetched = {source.path for source in self.pack_sources}
        return tuple(path for path in self.packs if path not in fetched or path.exists())

    def channel(self, name: str) -> ChannelConfig:
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)
