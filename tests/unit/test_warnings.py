"""What an agent is warned of: every labelled trick, and nothing of the honest mail beside it."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain import executable, lookalike, warnings
from agentdesk.domain.message import Address, Attachment, Body, Envelope, Verified
from agentdesk.domain.warnings import Caution

AT = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
OWN = ("aiuto@bottegarossi.example", "ordini@bottegarossi.example")
KNOWN = ("anna.bianchi@posta.example", "jan@deboer-handel.example")


def found(sender: str = "anna@posta.example", name: str = "", reply_to: str = "", *, automatic: bool = False, known: tuple[str, ...] = ()) -> list[str]:
    replies = (Address("", reply_to),) if reply_to else ()
    envelope = Envelope("<1@x>", "x", Address(name, sender), AT, reply_to=replies, automatic=automatic)
    return [f"{one.kind}: {one.detail}" for one in warnings.of_envelope(envelope, own=OWN, known=known)]


IMITATIONS = {
    "letters of another script": ("info@bottegаrossi.example", "bottegarossi.example"),
    "the same in punycode": ("info@xn--pypal-4ve.com", "paypal.com"),
    "a digit for a letter": ("info@b0ttegarossi.example", "bottegarossi.example"),
    "a digit in a provider": ("anna@gmai1.com", "gmail.com"),
    "rn for m": ("anna@grnail.com", "gmail.com"),
    "one letter changed": ("info@bottegarozsi.example", "bottegarossi.example"),
    "one letter missing": ("info@botegarossi.example", "bottegarossi.example"),
    "one letter more": ("info@bottegarossii.example", "bottegarossi.example"),
    "two letters exchanged": ("info@botetgarossi.example", "bottegarossi.example"),
    "exchanged in a provider": ("anna@gmial.com", "gmail.com"),
    "a hyphen": ("info@bottega-rossi.com", "bottegarossi.example"),
    "another suffix": ("info@bottegarossi.com", "bottegarossi.example"),
    "a word behind": ("info@bottegarossi-support.com", "bottegarossi.example"),
    "a word in front": ("info@secure-bottegarossi.com", "bottegarossi.example"),
    "as a subdomain": ("info@bottegarossi.example.evil.ru", "bottegarossi.example"),
    "a payer with a word": ("service@paypal-secure.com", "paypal.com"),
    "a payer with a digit": ("service@paypa1.com", "paypal.com"),
    "accents": ("info@bottégarossi.example", "bottegarossi.example"),
}


@pytest.mark.parametrize(("address", "copied"), IMITATIONS.values(), ids=IMITATIONS.keys())
def test_imitations_are_seen(address: str, copied: str) -> None:
    assert found(address) == [f"look-alike: {address.partition('@')[2]} {copied}"]


HONEST = [
    "anna@gmail.com", "anna@googlemail.com", "anna@mail.com", "anna@gmx.de", "anna@web.de", "anna@libero.it", "anna@libera.it", "anna@email.it", "anna@live.it", "info@rossi.example",
    "info@bottega.example", "anna@posta.example", "info@amazon.it", "service@paypal.com", "service@mail.paypal.com", "info@gls-italy.example", "anna@müller.example",
    "info@xn--mller-kva.example", "ivan@почта.example", "anna@yahoo.co.uk", "info@mail.bottegarossi.example", "aiuto@bottegarossi.example", "anna@hotmail.se", "x@outlook.be",
    "info@bottegaverde.example", "info@rossishop.example", "anna@icloud.com", "info@stripes.example", "a@127.0.0.1", "root@localhost", "", "weird",
]  # fmt: skip


@pytest.mark.parametrize("address", HONEST)
def test_honest_senders_are_left_alone(address: str) -> None:
    assert found(address) == []


def test_a_stranger_who_looks_like_the_customer() -> None:
    assert found("jan@deboer-hande1.example", known=KNOWN) == ["look-alike: deboer-hande1.example deboer-handel.example"]
    assert found("anna.bianhci@posta.example", known=KNOWN) == ["look-alike: anna.bianhci@posta.example anna.bianchi@posta.example"]
    assert found("anna.bianchi@posta.example", known=KNOWN) == []
    assert found("anna.bianchi2@posta.example", known=KNOWN) == []
    assert found("carla.verdi@posta.example", known=KNOWN) == []


def test_a_name_that_shows_another_address() -> None:
    assert found("x@evil.example", "PayPal service@paypal.com") == ["look-alike: x@evil.example service@paypal.com"]
    assert found("x@evil.example", "aiuto@bottegarossi.example") == ["look-alike: x@evil.example aiuto@bottegarossi.example"]
    assert found("anna@posta.example", "anna@posta.example") == []
    assert found("news@mail.shop.example", "info@shop.example") == []
    assert found("list@lists.example", "anna@posta.example via Liste", automatic=True) == []
    assert found("noreply@forms.example", "anna@posta.example", "anna@posta.example") == []
    assert found("anna@posta.example", "Anna (@anna) Bianchi") == []


REPLIES = [
    ("anna@posta.example", "pay@evil.example", {}, True),
    ("anna.bianchi@gmail.com", "annabianchi99@outlook.com", {}, True),
    ("anna@posta.example", "anna@altra.posta.example", {}, False),
    ("anna@posta.example", "anna@posta.example", {}, False),
    ("noreply@forms.example", "anna@posta.example", {}, False),
    ("no-reply@shop-platform.example", "anna@posta.example", {}, False),
    ("wordpress@site.example", "anna@posta.example", {}, False),
    ("news@shop.example", "bounce@mailer.example", {"automatic": True}, False),
    ("support@acme.zendesk.com", "support@acme.example", {}, False),
    ("agent@acme.example", "support+id1@acme.freshdesk.com", {}, False),
    ("anna.bianchi@gmail.com", "anna.bianchi@studio-bianchi.example", {}, False),
    ("anna@posta.example", "anna.bianchi@posta2.example", {"known": ("anna.bianchi@posta2.example",)}, False),
    ("anna@posta.example", "ordini@bottegarossi.example", {}, False),
]


@pytest.mark.parametrize(("sender", "reply_to", "more", "warned"), REPLIES)
def test_answers_that_would_go_elsewhere(sender: str, reply_to: str, more: dict[str, object], warned: bool) -> None:
    assert found(sender, "", reply_to, **more) == ([f"reply-to: {reply_to}"] if warned else [])  # type: ignore[arg-type]  # the names are the function's own


LINKS = [
    ("https://www.paypal.com/signin", "http://paypal.com.verify.example/x", {}, "paypal.com verify.example"),
    ("www.bank.example", "http://evil.example/", {}, "bank.example evil.example"),
    ("bank.com", "https://bank.com.evil.example/", {}, "bank.com evil.example"),
    ("https://bank.example/a", "https://bank.example@evil.example/", {}, "bank.example evil.example"),
    ("Log in at https://bank.example/login now", "https://evil.example", {}, "bank.example evil.example"),
    ("bank.co.uk", "https://evil.co.uk/x", {}, "bank.co.uk evil.co.uk"),
    ("https://bank.example", "https://192.0.2.7/x", {}, "bank.example 192.0.2.7"),
    ("https://bank.example", "https://www.google.com/url?q=https://evil.example/x", {}, "bank.example evil.example"),
    ("https://bank.example", "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2F&data=1", {}, "bank.example evil.example"),
    ("https://shop.myshopify.com", "https://other.myshopify.com", {}, "shop.myshopify.com other.myshopify.com"),
    ("https://bank.example", "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fbank.example%2F&data=1", {}, ""),
    ("https://bank.example", "https://urldefense.com/v3/__https://bank.example/x__;!!abc", {}, ""),
    ("https://bank.example", "https://urldefense.proofpoint.com/v2/url?u=https-3A__bank.example_x&d=1", {}, ""),
    ("www.shop.example", "https://shop.example/a?b", {}, ""),
    ("shop.example", "https://news.shop.example/a", {}, ""),
    ("www.shop.example", "https://shop.us1.list-manage.com/x", {"automatic": True}, ""),
    ("www.shop.example", "https://shop.us1.list-manage.com/x", {}, "shop.example list-manage.com"),
    ("www.partner.example", "https://click.mailer.example/x", {"automatic": True, "sender": Address("", "news@mailer.example")}, ""),
    ("www.shop.example", "https://t.tracker.example/x", {"sender": Address("", "a@shop.example"), "verified": Verified.PASS}, ""),
    ("www.davidsgarden.co.za", "https://www.davidsgarden.com/", {}, ""),
    ("click here", "https://evil.example", {}, ""),
    ("setup.py", "https://evil.example", {}, ""),
    ("Node.js", "https://nodejs.org", {}, ""),
    ("anna@posta.example", "mailto:anna@posta.example", {}, ""),
    ("https://bank.example", "mailto:x@evil.example", {}, ""),
    ("http://[::1", "https://[::1", {}, ""),
]


@pytest.mark.parametrize(("words", "target", "more", "detail"), LINKS)
def test_links_that_lie(words: str, target: str, more: dict[str, object], detail: str) -> None:
    cautions = warnings.of_links([(words, target)], **more)  # type: ignore[arg-type]  # the names are the function's own
    assert [one.detail for one in cautions] == ([detail] if detail else [])


def test_links_of_plain_text() -> None:
    body = Body("Vai su https://www.bank.example/login <http://evil.example/x> oppure [https://ok.example](https://ok.example/a)")
    assert warnings.of_body(body) == (Caution("link-target", "bank.example evil.example"),)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("setup.exe", ""), ("FATTURA.PDF.EXE", ""), ("fattura.pdf.html", ""), ("ordine.docm", ""), ("listino.xlsm", ""), ("disco.iso", ""), ("disco.img", ""), ("a.lnk", ""),
     ("a.js", ""), ("a.vbs", ""), ("a.ps1", ""), ("foto\u202egpj.scr", ""), ("a.bat.", ""), ("a.scr ", ""), ("fattura", "application/x-msdownload"), ("a.jar", ""),
     ("a.bin", "application/java-archive"), ("a", "application/vnd.ms-excel.sheet.macroEnabled.12"), ("a.txt", "application/x-sh; name=a"), ("a.pdf.lnk", "image/png")],
)  # fmt: skip
def test_files_that_run(name: str, kind: str) -> None:
    assert executable.is_executable(name, kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("fattura.pdf", "application/pdf"), ("foto.jpg", "image/jpeg"), ("ordine.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
     ("listino.xlsx", ""), ("a.zip", "application/zip"), ("pagina.html", "text/html"), ("v1.2.pdf", ""), ("a.eml", "message/rfc822"), ("dati.csv", "text/csv"), ("", ""),
     ("firma.asc", "application/pgp-signature"), ("invito.ics", "text/calendar"), ("senza estensione", "application/octet-stream"), ("Dr. Rossi", "")],
)  # fmt: skip
def test_files_that_do_not_run(name: str, kind: str) -> None:
    assert not executable.is_executable(name, kind)


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return content.getvalue()


def test_programs_within_archives() -> None:
    assert executable.executable_inside(zipped("leggimi.txt", "cartella/fattura.pdf.exe")) == "cartella/fattura.pdf.exe"
    assert executable.executable_inside(zipped("word/document.xml", "word/vbaProject.bin")) == "word/vbaProject.bin"
    assert executable.executable_inside(zipped("foto.jpg", "com/nota.txt")) == ""
    assert executable.executable_inside(b"no archive") == ""


@given(st.binary(max_size=300))
def test_broken_archives_hold_nothing(rest: bytes) -> None:
    assert executable.executable_inside(b"PK" + rest) == ""
    broken = bytearray(zipped("a.exe"))
    broken[len(rest) % len(broken)] ^= 0xFF
    assert isinstance(executable.executable_inside(bytes(broken)), str)


def test_cards_are_told_by_their_last_digits() -> None:
    body = Body("la carta è 4111 1111 1111 1111", quoted="> 5500-0000-0000-0004")
    assert warnings.of_body(body) == (Caution("card", "•••• 1111"), Caution("card", "•••• 0004"))


def test_attachments_are_named() -> None:
    body = Body("x", attachments=(Attachment("2", "fattura.pdf.exe", "application/octet-stream", 10), Attachment("3", "foto.jpg", "image/jpeg", 10)))
    assert warnings.of_body(body) == (Caution("executable", "fattura.pdf.exe"),)


def test_the_gravest_come_first_and_each_once() -> None:
    card, program = Caution("card", "•••• 1"), Caution("executable", "a.exe")
    assert warnings.merged([card], [program, card]) == (program, card)
    assert warnings.from_json(warnings.to_json([card, program])) == (card, program)
    assert len(warnings.merged(Caution("link-target", f"a.example b{number}.example") for number in range(50))) == 5


def test_our_own_mail_and_known_answers_need_no_warning() -> None:
    assert found(OWN[0], "x@evil.example", "x@evil.example") == []


def test_registered_domains() -> None:
    pairs = {"a.b.example": "b.example", "www.shop.co.uk": "shop.co.uk", "x.myshopify.com": "x.myshopify.com", "a.shop.myshopify.com": "shop.myshopify.com", "it": "it",
             "192.0.2.7": "192.0.2.7", "xn--mller-kva.example": "müller.example", "A.Example.": "a.example", "xn--\udcff": "xn--\udcff"}  # fmt: skip
    assert {given_: lookalike.registered(given_) for given_ in pairs} == pairs


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=80), st.text(max_size=200))
def test_nothing_makes_it_raise(name: str, address: str, words: str, target: str) -> None:
    found(address, name, address[::-1], known=(name,))
    warnings.of_body(Body(words + target, links=((words, target), (words, "https://" + target)), attachments=(Attachment("1", name, words, 1),)))


def test_no_text_takes_long() -> None:
    for text in ("https://a.example <http" * 20_000, "www." * 100_000, "a." * 200_000, "4111 " * 100_000, "https://" * 50_000, "<https://x" * 50_000):
        warnings.of_body(Body(text))
        lookalike.imitated(text, OWN, KNOWN)
        executable.is_executable(text)
