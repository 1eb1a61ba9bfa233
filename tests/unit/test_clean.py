"""The gate: what foreign text may carry to the terminal."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.clean import clean, clean_line, file_name

ESC = "\x1b"
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)

HARMFUL = {
    "clear screen": ESC + "[2J",
    "reset": ESC + "c",
    "osc 52 by st": ESC + "]52;c;AAAA" + ESC + "\\",
    "osc 52 by bel": ESC + "]52;c;AAAA\x07",
    "osc 8": ESC + "]8;;http://evil.test/" + ESC + "\\bank" + ESC + "]8;;" + ESC + "\\",
    "dcs": ESC + 'P$q"p' + ESC + "\\",
    "apc": ESC + "_Gf=24,s=1,v=1;AAAA" + ESC + "\\",
    "csi c1": "\x9b31m",
    "osc c1": "\x9d52;c;AAAA\x9c",
    "nel": "a\x85b",
    "bel": "\x07",
    "backspace": "safe\x08\x08\x08\x08evil",
    "vt ff": "a\x0bb\x0cc",
    "cr": "Refund 10 EUR\rRefund 9999 EUR",
    "tab": "a\tb",
    "nul": "a\x00b",
    "shift out": "\x0e\x0fabc",
    "del": "\x7f",
    "rlo": "invoice_\u202efdp.exe",
    "isolate": "a\u2066b\u2069",
    "zwsp": "pay\u200bpal",
    "bom": "\ufeffa",
    "soft hyphen": "Ver\u00adsand",
    "tags": "Hi" + "".join(chr(0xE0000 + ord(char)) for char in "refund") + " bye",
    "line separators": "b\u2028c\u2029d",
    "surrogate": "a\ud800b",
    "unassigned tag": "\U000e0fff",
}

WANTED = [
    "Grüße, così, façade, niño, Łódź, Ελληνικά, Привет",
    "👨‍👩‍👧‍👦 👍🏽 👩‍❤️‍💋‍👨 ❤️‍🔥 1️⃣ 🏳️‍🌈",
    "🇮🇹 🇩🇪 🇫🇷",
    "e\u0301 a\u0308 Z\u0335\u0321",
    "نامه‌ای می‌خواهم",
    "شكوى بخصوص الطلب 1001",
    "שלום 1001",
    "क्‍ष क्ष",
    "日本語 한국어 中文",
    "\U0001f3f4 ok",
    "a\xa0b – “c” … €",
]


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL.keys())
def test_no_harmful_character_comes_through(text: str) -> None:
    assert not FORBIDDEN.search(clean(text))
    assert not FORBIDDEN.search(clean_line(text))


@pytest.mark.parametrize("text", WANTED)
def test_what_writing_needs_stays(text: str) -> None:
    assert clean(text) == text


def test_controls_leave_a_mark_and_shapeless_characters_none() -> None:
    assert clean(ESC + "[2Jx") == "\ufffd[2Jx"
    assert clean("pay\u200bpal Ver\u00adsand invoice_\u202efdp.exe") == "paypal Versand invoice_fdp.exe"


def test_every_kind_of_line_break_becomes_one() -> None:
    assert clean("a\r\nb\rc\nd\x85e\u2028f\u2029g\r\n\r\nh") == "a\nb\nc\nd\ne\nf\ng\n\nh"


def test_tabs_keep_their_columns() -> None:
    assert clean("a\tb\nabcd\tc") == "a       b\nabcd    c"


def test_joiners_without_a_purpose_go() -> None:
    assert clean("pass\u200dword \u200c\u200c\u200c x") == "password  x"


def test_a_heap_of_marks_is_cut() -> None:
    heap = "Z" + "\u0301" * 3000 + "end"
    assert clean(heap) == "Z" + "\u0301" * 8 + "end"


def test_a_line_is_one_line() -> None:
    assert clean_line("  Anna\r\nBcc: x\u2028y\xa0\xa0\u3000z ") == "Anna Bcc: x y z"


@given(st.text())
def test_nothing_forbidden_ever_comes_out(text: str) -> None:
    cleaned = clean(text)
    assert not FORBIDDEN.search(cleaned)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert clean(cleaned) == cleaned
    assert "\n" not in clean_line(text)
    assert clean_line(clean_line(text)) == clean_line(text)


TRICKY = st.text(st.sampled_from("a\xe9\r\n\t\x85\u2028\u200b\u200c\u200d\u202e\ufe0f❤👩\u0301\u1ab0\u0628\u0915\ufeff\x1b\U000e0061\u00ad"), max_size=30)


@given(TRICKY)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=["L", "N", "P", "Sc", "Sm"])))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    wanted = "".join(char for char in text if char not in "\u115f\u1160\u3164\uffa0" and not 0x180B <= ord(char) <= 0x180F)
    assert clean(wanted) == wanted


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("fattura.pdf", "fattura.pdf"),
        ("Fattura n. 12 – però.pdf", "Fattura n. 12 – però.pdf"),
        ("../../.ssh/authorized_keys", "authorized_keys"),
        ("/etc/cron.d/x", "x"),
        ("C:\\Windows\\System32\\drivers\\etc\\hosts", "hosts"),
        ("..\\..\\evil.bat", "evil.bat"),
        ("docs/invoice.pdf", "docs_invoice.pdf"),
        (".", "file"),
        ("..", "file"),
        ("", "file"),
        ("...", "file"),
        (".bashrc", "bashrc"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("a\x00b.txt", "a_b.txt"),
        ("invoice_\u202efdp.exe", "invoice_fdp.exe"),
        ("[@click=app.quit]a.txt", "[@click=app.quit]a.txt"),
        ("a\r\nb.txt", "a b.txt"),
        ("invoice.pdf" + " " * 120 + ".exe", "invoice.pdf .exe"),
    ],
)
def test_a_file_name_is_never_a_path(name: str, safe: str) -> None:
    assert file_name(name) == safe


@given(st.text())
def test_a_file_name_is_always_usable(name: str) -> None:
    safe = file_name(name)
    assert safe
    assert 0 < len(safe.encode()) <= 200
    assert not re.search(r"[/\\\x00-\x1f]", safe)
    assert safe not in {".", ".."}
    assert not safe.startswith((".", " "))
    assert not safe.endswith((".", " "))
    assert file_name(safe) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    assert file_name("ü" * 300 + ".pdf").endswith("ü.pdf")
    assert unicodedata.is_normalized("NFC", file_name("ü" * 300 + ".pdf"))
