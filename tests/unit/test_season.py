"""The season of the embedded shop: the same every time, whole, and true to its own orders."""

import itertools
import re
import struct
import zlib
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

import pytest

from agentdesk.demo import shop
from agentdesk.demo.season import generate
from agentdesk.demo.season_files import PICTURES, invoice_pdf, parcel_picture
from agentdesk.demo.season_text import load, openings
from agentdesk.demo.season_types import Season
from agentdesk.domain.clean import clean

NOW = datetime(2026, 12, 15, 15, 30, tzinfo=UTC)
LANGUAGES = ("it", "en", "de", "fr")
COLUMNS = [
    "number",
    "email",
    "name",
    "phone",
    "status",
    "placed_at",
    "currency",
    "total",
    "item_name",
    "sku",
    "quantity",
    "price",
    "carrier",
    "tracking_number",
    "tracking_url",
    "shipped_at",
    "eta",
    "refunded",
    "language",
]
OUTSIDE = {"stranger", "look-alike"}
"""Mail that names an order of somebody else."""


@pytest.fixture(scope="module")
def season() -> Season:
    return generate(1, NOW)


@pytest.fixture(scope="module")
def messages(season) -> list[EmailMessage]:
    return [message_from_bytes(mail.raw, policy=policy.default) for mail in season.mails]


@pytest.fixture(scope="module")
def owners(season) -> dict[str, str]:
    return {row["number"]: row["email"] for row in season.orders}


@pytest.fixture(scope="module")
def threads(season, messages):
    """Mails by the first of their References, oldest first."""
    result = defaultdict(list)
    for mail, message in zip(season.mails, messages, strict=True):
        result[(message["References"] or message["Message-ID"]).split()[0]].append((mail, message))
    return result


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain", "html")).get_content().replace("\r\n", "\n")


def visible(message: EmailMessage) -> str:
    """What its writer wrote, without the quote."""
    text = text_of(message)
    if message.get_body(("plain",)) is None:
        text = re.split(r'<div id="yahoo_quoted_1"', text)[0]
    lines = []
    for line in text.split("\n"):
        if line.startswith((">", "____", "--------")) or re.search(r"(scritto|wrote|schrieb|a écrit).*:$", line):
            break
        lines.append(line)
    return "\n".join(lines).strip()


def test_the_same_seed_gives_the_same_season(season):
    assert generate(1, NOW) == season


def test_another_seed_gives_another_season(season):
    assert generate(2, NOW).mails[0].raw != season.mails[0].raw


@pytest.mark.parametrize("seed", range(2, 8))
def test_every_detail_of_every_letter_exists(seed):
    """`{name}` without a value raises KeyError, a choice is made at random: some seeds meet them all."""
    other = generate(seed, NOW - timedelta(days=40 * seed))
    assert len(other.mails) > 780
    assert not any(re.search(rb"\{\w+\}", mail.raw) for mail in other.mails)


def test_a_shop_in_season(season, threads):
    assert 780 <= len(season.mails) <= 860
    assert 280 <= len(threads) <= 320
    assert 12 <= len(season.chats) <= 16
    assert len({row["number"] for row in season.orders}) == 330
    assert 200 <= len({row["email"] for row in season.orders}) <= 240
    assert Counter(mail.folder for mail in season.mails).keys() == {"INBOX", "Sent", "Archive", "Junk"}
    waiting = [thread for thread in threads.values() if thread[-1][0].folder == "INBOX"]
    assert 110 <= len(waiting) <= 150


def test_it_ends_now(season):
    assert all(mail.received <= NOW for mail in season.mails)
    assert NOW - season.mails[-1].received < timedelta(minutes=15)
    assert timedelta(days=25) < NOW - season.mails[0].received < timedelta(days=50)
    assert all(line.at <= NOW for chat in season.chats for line in chat.messages)
    assert all(datetime.fromisoformat(row["placed_at"]) < NOW for row in season.orders)
    assert all(datetime.fromisoformat(row["shipped_at"]) < NOW for row in season.orders if row["shipped_at"])


def test_every_mail_is_sound(season, messages):
    seen = set()
    for mail, message in zip(season.mails, messages, strict=True):
        for part in message.walk():
            assert not part.defects, (mail.kind, part.defects)
        head = mail.raw.partition(b"\r\n\r\n")[0]
        for name in (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version"):
            assert len(re.findall(rb"^" + name + rb":", head, re.MULTILINE)) == 1, name
        assert head.isascii()
        assert b"\n" not in mail.raw.replace(b"\r\n", b"")
        assert b"\r" not in mail.raw.replace(b"\r\n", b"")
        assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
        assert abs(mail.received - message["Date"].datetime) < timedelta(minutes=1)
        assert text_of(message).strip()
        seen.add(message["Message-ID"])
    assert len(seen) == len(season.mails)


def test_no_control_characters(season, messages):
    for message in messages:
        for value in (message["Subject"], message["From"], message["To"], text_of(message)):
            assert clean(value) == value
    for chat in season.chats:
        for line in chat.messages:
            assert clean(line.text) == line.text
    for answer in season.answers:
        assert clean(answer.text) == answer.text


def test_only_names_that_cannot_exist(season, messages):
    addresses = {parseaddr(message[name])[1] for message in messages for name in ("From", "To")}
    addresses |= {row["email"] for row in season.orders} | {answer.customer for answer in season.answers}
    addresses |= {chat.contact_email for chat in season.chats if chat.contact_email}
    assert all(address.endswith(".example") for address in addresses)
    assert all(message["Message-ID"].endswith(".example>") for message in messages)
    links = re.findall(r"https?://([^/\s\"<>]+)", " ".join(map(text_of, messages)))
    links += [row["tracking_url"].split("/")[2] for row in season.orders if row["tracking_url"]]
    assert links
    assert all(host.endswith(".example") for host in links)


def test_order_rows(season):
    statuses = Counter(row["status"] for row in season.orders)
    assert statuses.keys() == {"processing", "shipped", "delivered", "cancelled", "refunded"}
    assert {row["carrier"] for row in season.orders} == {"", "GLS", "BRT", "DHL", "UPS", "La Poste", "Royal Mail"}
    for row in season.orders:
        assert list(row) == COLUMNS
        assert all(isinstance(value, str) for value in row.values())
        assert bool(row["carrier"]) == bool(row["tracking_number"]) == bool(row["shipped_at"]) == bool(row["eta"])
        assert bool(row["carrier"]) == (row["status"] in ("shipped", "delivered", "refunded"))
        assert bool(row["refunded"]) == (row["status"] in ("cancelled", "refunded"))
    assert max(Counter((row["email"], row["number"])[0] for row in season.orders).values()) >= 3


def test_numbers_follow_the_time_of_purchase(season):
    placed = {row["number"]: row["placed_at"] for row in season.orders}
    by_number = [datetime.fromisoformat(placed[number]) for number in sorted(placed, key=int)]
    assert by_number == sorted(by_number)


def test_orders_named_by_customers_are_theirs(season, messages, owners):
    checked = 0
    for mail, message in zip(season.mails, messages, strict=True):
        if not mail.order:
            continue
        theirs = parseaddr(message["To" if mail.folder == "Sent" else "From"])[1]
        assert mail.order in owners, mail.kind
        assert (owners[mail.order] == theirs) != (mail.kind in OUTSIDE), mail.kind
        for number in re.findall(r"(?<![\d.])1[01]\d{3}(?![\d,.])", visible(message)):
            assert number in owners, visible(message)
            checked += 1
    assert checked > 200


def test_where_is_my_order_finds_an_order_in_that_state(season, threads):
    status = {row["number"]: row["status"] for row in season.orders}
    for thread in threads.values():
        mail, message = thread[-1]
        if mail.kind == "where-is-my-order" and mail.folder == "INBOX" and mail.order:
            assert status[mail.order] in ("processing", "shipped", "delivered"), message["Subject"]


def test_languages(season):
    counts = Counter()
    for language in LANGUAGES:
        counts[language] = sum(row["language"] == language for row in season.orders)
    total = sum(counts.values())
    assert 0.40 <= counts["it"] / total <= 0.52
    assert 0.18 <= counts["en"] / total <= 0.32
    assert min(counts["de"], counts["fr"]) / total >= 0.08
    assert {chat.language for chat in season.chats} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_letters(language):
    assert len(openings(language)) >= 25
    assert len({opening.text for opening in openings(language)}) == len(openings(language))
    source = load(language)
    assert {opening.topic for opening in openings(language)} <= source["reply"].keys()
    assert source["follow"].keys() - {"default"} <= source["reply"].keys()


def test_nothing_is_said_more_than_three_times(season, messages):
    said = Counter(visible(message) for message in messages)
    assert said.most_common(1)[0][1] <= 3, said.most_common(1)


def test_threads_hold_together(threads):
    """Our answers answer: In-Reply-To is the mail before, References its whole way, and the quote is below."""
    answers = 0
    for thread in threads.values():
        assert [mail.received for mail, _ in thread] == sorted(mail.received for mail, _ in thread)
        for (_, before), (mail, message) in itertools.pairwise(thread):
            assert message["In-Reply-To"] == before["Message-ID"]
            assert message["References"].split()[-1] == before["Message-ID"]
            assert len(text_of(message)) > len(visible(message))
            assert re.match(r"(Re|R|RE|AW): ", message["Subject"])
            answers += mail.folder == "Sent"
    assert answers > 300


def test_ours_lie_in_sent(season, messages):
    for mail, message in zip(season.mails, messages, strict=True):
        assert (parseaddr(message["From"])[1] == shop.SUPPORT) == (mail.folder == "Sent")
        if mail.folder == "Sent":
            assert mail.seen
            assert re.search(r"\b(Anna|Luca)\b", visible(message))


def test_variety_of_mail(season, messages):
    shapes = Counter(message.get_content_type() for message in messages)
    assert shapes.keys() == {"text/plain", "text/html", "multipart/alternative", "multipart/mixed"}
    charsets = {
        part.get_content_charset()
        for message in messages
        for part in message.walk()
        if part.get_content_maintype() == "text"
    }
    assert {"utf-8", "iso-8859-1", "windows-1252"} <= charsets
    codings = {
        part["Content-Transfer-Encoding"] for message in messages for part in message.walk() if not part.is_multipart()
    }
    assert codings == {"7bit", "quoted-printable", "base64"}
    files = [part for message in messages for part in message.iter_attachments()]
    assert {part.get_content_type() for part in files} == {"image/png", "application/pdf"}
    assert any(b"=?iso-8859-1?" in mail.raw for mail in season.mails)
    kinds = {mail.kind for mail in season.mails}
    assert {"stranger", "look-alike", "unverified", "bounce", "newsletter", "auto-reply", "spam"} <= kinds
    names = " ".join(
        message["From"] + row for message, row in zip(messages, (r["name"] for r in season.orders), strict=False)
    )
    assert re.search(r"[\u4e00-\u9fff]", names)
    assert re.search(r"[\u0590-\u06ff]", names)


def test_who_fails_verification_is_marked(season, messages):
    for mail, message in zip(season.mails, messages, strict=True):
        if mail.kind == "unverified":
            assert "dmarc=fail" in message["Authentication-Results"]
        elif mail.folder == "INBOX":
            assert "fail" not in (message["Authentication-Results"] or "")


def test_chats(season, owners):
    waiting = [chat for chat in season.chats if chat.status == "open"]
    assert len(waiting) >= 5
    assert all(chat.messages[-1].direction == "in" for chat in waiting)
    assert {chat.status for chat in season.chats} == {"open", "resolved", "pending", "snoozed"}
    assert any(not chat.contact_email for chat in season.chats)
    for chat in season.chats:
        assert [line.at for line in chat.messages] == sorted(line.at for line in chat.messages)
        for number in re.findall(r"\b1[01]\d{3}\b", " ".join(line.text for line in chat.messages)):
            assert owners[number] == chat.contact_email


def test_customers_who_answer(season, messages, owners):
    by_kind = Counter(answer.kind for answer in season.answers)
    assert by_kind["mail"] >= 40
    assert 6 <= by_kind["new-mail"] <= 10
    assert by_kind["new-chat"] == 3
    writers = {parseaddr(message["From"])[1] for message in messages}
    arriving = {answer.customer for answer in season.answers if answer.kind.startswith("new")}
    chatting = {chat.contact_email for chat in season.chats if chat.status == "open"}
    for answer in season.answers:
        low, high = {"mail": (20, 90), "chat": (4, 15)}.get(answer.kind, (0, 1200))
        assert low <= answer.after_seconds <= high
        assert answer.language in LANGUAGES
        assert answer.text.strip()
        if answer.kind == "mail":
            assert answer.customer in writers | arriving
        if answer.kind == "chat":
            assert answer.customer in chatting | arriving
        if answer.kind == "new-mail":
            assert answer.subject
            for number in re.findall(r"\b1[01]\d{3}\b", answer.subject + answer.text):
                assert owners[number] == answer.customer
    assert any(answer.attachments for answer in season.answers)


@pytest.mark.parametrize("index", range(PICTURES))
def test_pictures_are_real(index):
    """The chunks of a PNG with their check sums, and as many pixels as it says."""
    picture = parcel_picture(index)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert 10_000 <= len(picture) <= 40_000
    place, chunks = 8, {}
    while place < len(picture):
        size, kind = struct.unpack(">I4s", picture[place : place + 8])
        data = picture[place + 8 : place + 8 + size]
        assert struct.unpack(">I", picture[place + 8 + size : place + 12 + size])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        place += 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert len(pixels) == height * (width + 1)
    assert max(pixels) < len(chunks[b"PLTE"]) // 3
    assert list(chunks)[-1] == b"IEND"


def test_the_invoice_is_a_pdf():
    """Its table of objects points at them (ISO 32000-1, 7.5.4)."""
    file = invoice_pdf(["Casa Verde", "10245 (copia)", "Niccolò Ferrari", "89,90 €"])
    start = int(file.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert file[start:].startswith(b"xref")
    places = [int(line[:10]) for line in file[start:].split(b"\n")[3:8]]
    assert all(file[place:].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, 1))
    assert rb"\(copia\)" in file
