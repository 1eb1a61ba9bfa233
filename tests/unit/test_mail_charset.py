"""Bytes to text, under the names mail gives character sets."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.mail import charset


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("Grüße – “so”", "cp1252", "iso-8859-1"),
        ("Grüße", "latin-1", "ISO_8859-1:1987"),
        ("así", "latin-1", '"iso-8859-1"'),
        ("囍 € 㐀", "gb18030", "gb2312"),
        ("가힣똠", "cp949", "ks_c_5601-1987"),
        ("①髙", "cp932", "shift_jis"),
        ("こんにちは", "iso2022-jp", "iso-2022-jp"),
        ("Привет", "koi8-r", "koi8-r"),
        ("Привет", "cp1251", "windows-1251"),
        ("Grüße", "utf-8", "utf8"),
        ("Grüße", "utf-7", "unicode-1-1-utf-7"),
        ("Grüße", "utf-16", "utf-16"),
        ("Grüße", "utf-16-le", "utf-16"),
        ("Grüße 1", "utf-8", "us-ascii"),
        ("Grüße 2", "cp1252", "us-ascii"),
        ("Grüße 3", "utf-8", "iso-8859-1"),
        ("Вам выставлен счет", "utf-8", "windows-1251"),
        ("Grüße 4", "utf-8", ""),
        ("Grüße 5", "cp1252", "x-unknown"),
        ("こんにちは", "iso2022-jp", ""),
        ("こんにちは", "iso2022-jp", "utf-8"),
        ("안녕", "iso2022-kr", "us-ascii"),
    ],
)
def test_text_is_read_as_it_was_meant(text: str, encoding: str, label: str) -> None:
    assert charset.decode(text.encode(encoding), label) == text


@pytest.mark.parametrize("label", ["unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "rot13", "hex", "zlib"])
def test_codecs_that_are_no_character_sets_are_never_used(label: str) -> None:
    codecs.lookup(label)
    assert charset.codec(label) == ""
    assert charset.decode(b"\\x1b[2J", label) == "\\x1b[2J"


def test_every_codec_of_the_list_exists() -> None:
    for name in charset._LABELS:
        codecs.lookup(name)


def test_a_text_cut_in_a_character_keeps_the_rest() -> None:
    assert charset.decode("日本語".encode()[:-1], "utf-8") == "日本\ufffd"


def test_a_telephone_s_own_characters_are_gaps() -> None:
    assert charset.decode(b'\x1b$B$"$1$^$7$F$*$a!*u!\x1b(B', "iso-2022-jp").rstrip("\ufffd") == "あけましておめ！"


def test_letters_that_windows_added_to_japanese_mail_are_read() -> None:
    """NEC's and IBM's rows of ISO-2022-JP, as the Encoding Standard has them; half-width letters stand in a set of their own."""
    assert charset.decode(b"Re: \x1b$B-!$O|b66\x1b(I11\x1b(B ok", "iso-2022-jp") == "Re: ①は髙橋ｱｱ ok"
    assert charset.decode(b"\x1b$B|b\r\n66\x1b(B", "iso-2022-jp") == "髙\r\n橋"



@given(st.binary(), st.one_of(st.text(max_size=20), st.sampled_from(sorted(charset._CODECS))))
def test_nothing_makes_it_raise(raw: bytes, label: str) -> None:
    assert isinstance(charset.decode(raw, label), str)
