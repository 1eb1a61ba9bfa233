"""desk.toml: what is read, what is refused, and what the message names."""

import re
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from agentdesk import locale
from agentdesk.config import ChatChannelConfig, Link, MailChannelConfig, check_calendar, load, locale_of
from agentdesk.errors import ConfigError, NotInThisVersion

FULL = """\
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
link = "thin"
url = "https://casaverde.example"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
signature = "Anna"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
user = "support"
imap = "imaps://mail.casaverde.example:1993"
smtp = "smtp+starttls://mail.casaverde.example"
password = { command = "pass show shop" }
[[channels]]
name = "chat"
kind = "chatwoot"
url = "https://chat.casaverde.example/"
account = 1
token = { env = "CHAT_TOKEN" }
[shop]
kind = "files"
orders = "orders.csv"
[snippets]
packs = ["starter", "snippets/"]
[team]
log = "local"
members = [{ name = "Luca", email = "luca@casaverde.example", role = "lead" }]
[promises]
imap = "1h"
chat = "1m"
chat_abandon = "5m"
[hours]
week = { mon-fri = "09:00-12:30, 14:00-18:00", sat = "10:00-24:00" }
holidays = "IT"
closed = [2026-12-24]
[[views]]
name = "VIP"
query = "is:open tag:vip"
sort = "newest"
[sending]
undo = { imap = "8s", chat = "0s" }
reopen_days = 7
on_close = "archive"
aliases = ["Info@casaverde.example"]
[privacy]
retention_days = 400
mask_cards = true
[keys]
map = "default"
"""


@pytest.fixture(autouse=True)
def english():
    yield
    locale.use("en")


@pytest.fixture
def desk(tmp_path):
    """A folder with everything FULL points to; write another desk.toml with `desk(text)`."""
    (tmp_path / "snippets").mkdir()
    (tmp_path / "orders.csv").write_text("number,email\n")

    def write(text: str = FULL, local: str = ""):
        (tmp_path / "desk.toml").write_text(text, "utf-8")
        if local:
            (tmp_path / "desk.local.toml").write_text(local, "utf-8")
        return load(tmp_path, tmp_path / "state")

    return write


def line_of(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_everything_is_read(desk, tmp_path):
    config = desk()
    assert (config.name, config.locale, config.timezone.key, config.link) == ("Casa Verde", "en-GB", "Europe/Rome", Link.THIN)
    assert (config.agent_name, config.agent_email, config.signature) == ("Anna Bianchi", "anna@casaverde.example", "Anna")
    mail, chat = config.channels
    assert isinstance(mail, MailChannelConfig)
    assert isinstance(chat, ChatChannelConfig)
    assert (str(mail.imap), str(mail.smtp)) == ("imaps://mail.casaverde.example:1993", "smtp+starttls://mail.casaverde.example:587")
    assert (mail.password.kind, mail.password.value) == ("command", "pass show shop")
    assert (chat.url, chat.account, chat.token.kind, chat.token.value) == ("https://chat.casaverde.example", 1, "env", "CHAT_TOKEN")
    assert (config.shop_kind, config.orders) == ("files", tmp_path / "orders.csv")
    assert config.packs[1] == tmp_path / "snippets"
    assert config.packs[0].is_dir()
    assert [(m.name, m.email, m.role) for m in config.members] == [("Luca", "luca@casaverde.example", "lead")]
    assert config.promises == {"imap": timedelta(hours=1), "chat": timedelta(minutes=1), "chat_abandon": timedelta(minutes=5)}
    assert config.hours.week[4] == ((time(9), time(12, 30)), (time(14), time(18)))
    assert config.hours.week[5] == ((time(10), time.max),)
    assert 6 not in config.hours.week
    assert (config.hours.holidays, config.hours.closed) == ("IT", {date(2026, 12, 24)})
    assert [(v.name, v.query, v.sort) for v in config.views] == [("VIP", "is:open tag:vip", "newest")]
    assert config.undo == {"imap": timedelta(seconds=8), "chat": timedelta(0)}
    assert (config.reopen_days, config.on_close, config.retention_days, config.mask_cards) == (7, "archive", 400, True)
    assert config.own_addresses == {"support@casaverde.example", "info@casaverde.example", "anna@casaverde.example"}
    assert (config.keymap, config.faults) == ("default", ())


def test_the_least_that_is_needed(desk, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Vienna")
    config = desk('[desk]\nname = "N"\n[agent]\nname = "A"\nemail = "a@b.example"\n')
    assert (config.locale, config.timezone.key) == ("en-GB", "Europe/Vienna")
    assert config.link is Link.AUTO
    assert (config.channels, config.orders, config.hours.week, config.on_close) == ((), None, {}, "keep")
    assert [path.name for path in config.packs][-1] == "snippets"  # the desk's own folder is there


@pytest.mark.parametrize(
    ("sending", "mail", "chat"),
    [("", 8, 0), ("[sending]\nreopen_days = 3\n", 8, 0), ('[sending]\nundo = { chat = "3s" }\n', 8, 3), ('[sending]\nundo = { imap = "0s" }\n', 0, 0)],
)
def test_mail_can_be_taken_back_for_eight_seconds_unless_the_desk_says_else(desk, sending, mail, chat):
    config = desk('[desk]\nname = "N"\n[agent]\nname = "A"\nemail = "a@b.example"\n' + sending)
    assert {kind: hold.total_seconds() for kind, hold in config.undo.items()} == {"imap": mail, "chat": chat}


def test_a_machine_with_a_zone_nobody_knows_is_on_utc_or_its_own(desk, monkeypatch):
    monkeypatch.setenv("TZ", "Nowhere/City")
    assert desk('[desk]\nname = "N"\n[agent]\nname = "A"\nemail = "a@b.example"\n').timezone.key != "Nowhere/City"


def test_local_file_wins_and_joins_channels_by_name(desk, tmp_path):
    shared = FULL.replace('name = "Anna Bianchi"\nemail = "anna@casaverde.example"\nsignature = "Anna"\n', "")
    local = """\
[desk]
link = "offline"
[agent]
name = "Luca"
email = "luca@casaverde.example"
[[channels]]
name = "support"
password = { env = "MINE" }
[keys]
map = "default"
"""
    config = desk(shared, local)
    assert (config.agent_name, config.link, config.name) == ("Luca", Link.OFFLINE, "Casa Verde")
    mail = config.channel("support")
    assert (mail.password.kind, mail.password.value, mail.user) == ("env", "MINE", "support")
    assert (mail.password.file, mail.password.line) == (tmp_path / "desk.local.toml", 8)
    assert len(config.channels) == 2


def test_an_error_in_the_local_file_names_the_local_file(desk, tmp_path):
    with pytest.raises(ConfigError) as caught:
        desk(FULL, '[keys]\nmap = "default"\n[desk]\nlnk = "thin"\n')
    assert (caught.value.file, caught.value.line) == (tmp_path / "desk.local.toml", 4)


WRONG = [
    # found, written instead, the key named, words of the message
    ('name = "Casa Verde"', 'nmae = "Casa Verde"', "[desk] nmae", ["Did you mean name?"]),
    ('link = "thin"', 'link = "slow"', "[desk] link", ['"slow"', '"auto", "thin", "normal", "offline"']),
    ('link = "thin"', "link = 3", "[desk] link", ["found 3"]),
    ('locale = "en-GB"', 'locale = "en-GX"', "[desk] locale", ["en-GX"]),
    ('locale = "en-GB"', 'locale = "../x"', "[desk] locale", []),
    ('"Europe/Rome"', '"Europe/Roma"', "[desk] timezone", ["Did you mean Europe/Rome?"]),
    ('"Europe/Rome"', '"../../etc/passwd"', "[desk] timezone", []),
    ('"anna@casaverde.example"', '"anna"', "[agent] email", ['"anna"', "mail address"]),
    ('name = "chat"', 'name = "Support"', "[[channels]] name", ["two channels"]),
    ('name = "chat"', 'name = "a:b"', "[[channels]] name", ["a:b"]),
    ('kind = "imap"', 'kind = "imaps"', "[[channels]] kind", ["Did you mean imap?"]),
    ('user = "support"', 'usr = "support"', "[[channels]] usr", ["Did you mean user?"]),
    ("imaps://mail", "imap://mail", "[[channels]] imap", ["not encrypted", "imaps://, imap+starttls://"]),
    ("imaps://mail", "imasp://mail", "[[channels]] imap", ["Did you mean imaps://?"]),
    ("imaps://mail", "imaps://anna:geheim@mail", "[[channels]] imap", ["password does not belong"]),
    ("imaps://mail.casaverde.example:1993", "imaps://mail.casaverde.example:99999", "[[channels]] imap", ["imaps://"]),
    ("smtp+starttls://mail", "smtp://mail", "[[channels]] smtp", ["not encrypted"]),
    ("https://chat", "http://chat", "[[channels]] url", ["not encrypted"]),
    ('{ command = "pass show shop" }', '"geheim"', "[[channels]] password", ["must not stand in a file", "pass show shop"]),
    ('{ command = "pass show shop" }', '{ comand = "x" }', "[[channels]] password.comand", ["Did you mean command?"]),
    ('{ command = "pass show shop" }', '{ command = "x", env = "Y" }', "[[channels]] password", ["keyring = true"]),
    ('{ env = "CHAT_TOKEN" }', '{ env = "CHAT TOKEN" }', "[[channels]] token.env", ["token = {"]),
    ('{ env = "CHAT_TOKEN" }', "{ keyring = false }", "[[channels]] token.keyring", ["true"]),
    ("account = 1", 'account = "1"', "[[channels]] account", ["whole number"]),
    ("account = 1", "acount = 1", "[[channels]] acount", ["Did you mean account?"]),
    ('kind = "files"', 'kind = "file"', "[shop] kind", ['"files"']),
    ('"orders.csv"', '"orders.xlsx"', "[shop] orders", [".csv"]),
    ('log = "local"', 'log = "cloud"', "[team] log", ['"local"']),
    ('role = "lead"', 'role = "boss"', "[team] members.role", ['"agent", "lead"']),
    ('imap = "1h"', 'imap = "1 hour"', "[promises] imap", ['"8s", "5m", "1h", "2d"']),
    ('imap = "1h"', "imap = 60", "[promises] imap", ["found 60"]),
    ('chat_abandon = "5m"', 'chat_abandoned = "5m"', "[promises] chat_abandoned", ["Did you mean chat_abandon?"]),
    ("mon-fri =", "mon-fry =", "[hours] week.mon-fry", ["mon, tue, wed"]),
    ("sat =", "fri =", "[hours] week.fri", ["fri has hours already"]),
    ('"09:00-12:30, 14:00-18:00"', '"09:00-12:30, 12:00-18:00"', "[hours] week.mon-fri", ["09:00-18:00"]),
    ('"10:00-24:00"', '"10:00-25:00"', "[hours] week.sat", ["09:00-18:00"]),
    ('"10:00-24:00"', '"18:00-10:00"', "[hours] week.sat", ["09:00-18:00"]),
    ("[2026-12-24]", '["2026-12-24"]', "[hours] closed", ["without quotes"]),
    ('holidays = "IT"', 'holidays = "Italy"', "[hours] holidays", ['"IT"']),
    ('sort = "newest"', 'sort = "new"', "[[views]] sort", ['"due", "newest", "oldest"']),
    ('query = "is:open tag:vip"', "", "[[views]] query", ["is missing"]),
    ('imap = "8s"', 'mail = "8s"', "[sending] undo.mail", ["imap"]),
    ("reopen_days = 7", "reopen_days = -1", "[sending] reopen_days", ["found -1"]),
    ("reopen_days = 7", "reopen_days = true", "[sending] reopen_days", ["found true"]),
    ('on_close = "archive"', 'on_close = "delete"', "[sending] on_close", ['"keep", "archive"']),
    ('["Info@casaverde.example"]', '"info@casaverde.example"', "[sending] aliases", ["a list in [ ]"]),
    ("mask_cards = true", 'mask_cards = "yes"', "[privacy] mask_cards", ["true, false"]),
    ('map = "default"', 'mpa = "default"', "[keys] mpa", ["map"]),
    ("[privacy]", "[privcy]", "[privcy]", ["Did you mean privacy?"]),
]


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG, ids=[f"{w[2]}-{w[1][:24]}" for w in WRONG])
def test_what_is_wrong_is_named_with_file_line_and_key(desk, tmp_path, old, new, key, words):
    text = FULL.replace(old, new, 1) if old != 'imap = "8s"' else FULL.replace('undo = { imap = "8s"', 'undo = { mail = "8s"')
    assert text != FULL
    with pytest.raises(ConfigError) as caught:
        desk(text)
    error = caught.value
    assert (error.file, error.key) == (tmp_path / "desk.toml", key)
    changed = [n for n, (a, b) in enumerate(zip(FULL.splitlines(), text.splitlines(), strict=False), 1) if a != b]
    expected = changed[0] if "is missing" not in words else line_of(text, "[[views]]")
    assert error.line == expected
    assert str(error).startswith(f"{tmp_path}/desk.toml:{expected}: ")
    for word in words:
        assert word in str(error)
    assert error.exit_status == 2


LATER = [
    ('kind = "imap"', 'kind = "matrix"'),
    ('kind = "chatwoot"', 'kind = "reamaze"'),
    ('kind = "files"', 'kind = "woocommerce"'),
    ('kind = "files"', 'kind = "bigcommerce"'),
    ('kind = "files"', 'kind = "shopify"'),
    ('log = "local"', 'log = "imap:support/AgentDesk"'),
    ('log = "local"', 'log = "postgresql://db.example/desk"'),
    ('role = "lead"', 'role = "observer"'),
]


@pytest.mark.parametrize(("old", "new"), LATER, ids=[w[1] for w in LATER])
def test_what_a_later_version_brings_is_refused(desk, tmp_path, old, new):
    text = FULL.replace(old, new, 1)
    with pytest.raises(NotInThisVersion, match="not in this version") as caught:
        desk(text)
    assert str(caught.value).startswith(f"{tmp_path}/desk.toml:{line_of(text, new)}: ")
    assert caught.value.exit_status == 2


def test_a_missing_table_and_a_missing_desk(desk, tmp_path):
    with pytest.raises(ConfigError, match=re.escape("[agent] is missing")):
        desk('[desk]\nname = "N"\nlocale = "en"\ntimezone = "UTC"\n')
    with pytest.raises(ConfigError, match="agentdesk init"):
        load(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("content", "line"),
    [(b'[desk]\nname = "a\n', 2), (b"[desk\n", 1), (b'[desk]\n\nname = "\xff"\n', 3), (b"[desk]\nname = 1\nname = 2\n", 3)],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path, content, line):
    (tmp_path / "desk.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, tmp_path / "state")
    assert caught.value.line == line


def test_windows_lines_and_a_byte_order_mark_are_taken(tmp_path):
    (tmp_path / "desk.toml").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").replace('name = "Casa', 'nmae = "Casa').encode())
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, tmp_path / "state")
    assert (caught.value.line, caught.value.key) == (2, "[desk] nmae")


def test_passwords_may_stand_in_the_file_for_this_machine_only(desk):
    text = FULL.replace("imaps://mail.casaverde.example:1993", "imap://127.0.0.1:1143").replace(
        "smtp+starttls://mail.casaverde.example", "smtp://localhost:1025"
    ).replace('{ command = "pass show shop" }', '"geheim"')
    mail = desk(text).channel("support")
    assert (mail.password.kind, mail.password.value, mail.imap.scheme) == ("literal", "geheim", "imap")
    assert "geheim" not in repr(mail)
    with pytest.raises(ConfigError, match="must not stand in a file"):  # one of the two servers is elsewhere
        desk(text.replace("smtp://localhost:1025", "smtps://mail.casaverde.example"))


def test_without_a_password_the_keyring_is_asked_and_the_channel_is_the_place(desk, tmp_path):
    text = FULL.replace('password = { command = "pass show shop" }\n', "")
    secret = desk(text).channel("support").password
    assert (secret.kind, secret.value) == ("keyring", "support@mail.casaverde.example")
    assert (secret.file, secret.line) == (tmp_path / "desk.toml", line_of(text, "[[channels]]"))


def test_what_the_rest_can_live_without_is_a_fault(desk, tmp_path):
    (tmp_path / "orders.csv").unlink()
    (tmp_path / "snippets").rmdir()
    text = FULL.replace('map = "default"', 'map = "vmi"')
    config = desk(text)
    assert config.keymap == "default"
    assert len(config.faults) == 3
    for fault, word in zip(config.faults, ("orders =", "packs =", 'map = "vmi"'), strict=True):
        assert fault.startswith(f"{tmp_path}/desk.toml:{line_of(text, word)}: ")


def test_a_keymap_may_be_a_file_of_the_desk(desk, tmp_path):
    (tmp_path / "mine.toml").write_text("")
    assert desk(FULL.replace('map = "default"', 'map = "mine.toml"')).keymap == str(tmp_path / "mine.toml")


@pytest.mark.parametrize(("country", "words"), [("XX", "a country such as"), ("IT-ZZZ", "IT-BZ")])
def test_calendars_are_checked_when_they_are_used(desk, tmp_path, country, words):
    check_calendar(desk().hours)
    check_calendar(desk(FULL.replace('"IT"', '"IT-BZ"')).hours)
    config = desk(FULL.replace('"IT"', f'"{country}"'))
    with pytest.raises(ConfigError, match=words) as caught:
        check_calendar(config.hours)
    assert (caught.value.file, caught.value.line) == (tmp_path / "desk.toml", line_of(FULL, "holidays"))


def test_messages_are_in_the_desks_language_also_where_the_file_is_broken(desk, tmp_path):
    with pytest.raises(ConfigError, match="chiave sconosciuta"):
        desk(FULL.replace("en-GB", "it-IT").replace("[privacy]", "[privcy]"))
    locale.use("en")
    with pytest.raises(ConfigError, match="questo non è TOML"):
        desk(FULL.replace("en-GB", "it-IT") + "[broken\n")
    assert locale_of(tmp_path) == "it-IT"


def test_foreign_values_can_not_steer_the_terminal(desk):
    with pytest.raises(ConfigError) as caught:
        desk(FULL.replace('link = "thin"', 'link = "a\\u001b]0;x\\u0007\\u202e"'))
    assert caught.value.message.isprintable()


def test_loading_is_cheap(desk):
    """`agentdesk list` loads this each time; nothing slow may hang on it."""
    import subprocess
    import sys

    config = desk()
    code = (
        "import sys; from pathlib import Path; from agentdesk.config import load; "
        f"load(Path({str(config.folder)!r}), Path('x')); "
        "print([m for m in ('babel', 'holidays', 'keyring', 'rapidfuzz', 'httpx', 'textual', 'liquid') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


BUDGET = """
[budget]
day = "20MB"
channels = { support = "1.5GB" }
"""


def test_a_budget_is_read_in_bytes(desk):
    config = desk(FULL + BUDGET)
    assert (config.budget.day, config.budget.channels) == (20_000_000, {"support": 1_500_000_000})
    assert desk(FULL).budget.day == 0


@pytest.mark.parametrize(
    ("found", "changed", "words"),
    [
        ('day = "20MB"', 'day = "20"', '"500kB", "20MB", "1.5GB"'),
        ('day = "20MB"', "day = 20", '"500kB", "20MB", "1.5GB"'),
        ('day = "20MB"', 'day = "0kB"', '"500kB", "20MB", "1.5GB"'),
        ('day = "20MB"', 'daily = "20MB"', "day"),
        ("support =", "suport =", "support"),
        ("support =", "chat =", "support"),  # a chat has nothing to hold back
    ],
)
def test_a_budget_says_what_is_wrong(desk, found, changed, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        desk(FULL + BUDGET.replace(found, changed))
