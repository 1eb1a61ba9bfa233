"""Bytes to text. Only character sets of the list below are ever used, under the names mail really gives them.

The labels and what they mean follow the WHATWG Encoding Standard (https://encoding.spec.whatwg.org/#names-and-labels),
because senders declare what browsers forgive: "iso-8859-1" is windows-1252, "gb2312" is GB 18030, "ks_c_5601-1987" is
UHC. Asking Python for a codec of the mail's choice would also offer `unicode_escape`, `idna` or `undefined`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-sig utf8mb4 cp65001",
    "cp1252": "windows-1252 cp1252 x-cp1252 cp819 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 iso-ir-100 latin1 latin-1 l1"
    " ibm819 csisolatin1 ansi_x3.4-1968 ansi 8bit 8859-1",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 win-1251 win1251",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 latin5 l5 csisolatin5 iso-ir-148",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 iso_8859-2 latin2 l2 csisolatin2 iso-ir-101",
    "iso8859-3": "iso-8859-3 iso8859-3 iso_8859-3 latin3 l3 csisolatin3",
    "iso8859-4": "iso-8859-4 iso8859-4 iso_8859-4 latin4 l4 csisolatin4",
    "iso8859-5": "iso-8859-5 iso8859-5 iso_8859-5 cyrillic csisolatincyrillic",
    "iso8859-6": "iso-8859-6 iso-8859-6-e iso-8859-6-i iso8859-6 iso_8859-6 arabic asmo-708 ecma-114 csisolatinarabic",
    "iso8859-7": "iso-8859-7 iso8859-7 iso_8859-7 greek greek8 ecma-118 elot_928 csisolatingreek",
    "iso8859-8": "iso-8859-8 iso-8859-8-i iso-8859-8-e logical visual iso8859-8 iso_8859-8 hebrew csisolatinhebrew",
    "iso8859-10": "iso-8859-10 iso8859-10 latin6 l6 csisolatin6",
    "cp874": "windows-874 tis-620 iso-8859-11 iso8859-11 dos-874 cp874",
    "iso8859-13": "iso-8859-13 iso8859-13",
    "iso8859-14": "iso-8859-14 iso8859-14",
    "iso8859-15": "iso-8859-15 iso8859-15 iso_8859-15 latin9 latin-9 l9 csisolatin9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "koi8-r koi8 koi8_r koi cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman csmacintosh",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp866": "ibm866 cp866 866 csibm866",
    "cp437": "ibm437 cp437 437",
    "cp850": "ibm850 cp850 850",
    "cp852": "ibm852 cp852 852",
    "gb18030": "gb18030 gbk gb2312 gb_2312 gb_2312-80 x-gbk chinese csgb2312 csiso58gb231280 cp936 euc-cn",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs big5-eten cn-big5 csbig5 x-x-big5 cp950",
    "euc-jp": "euc-jp x-euc-jp cseucpkdfmtjapanese eucjp",
    "iso2022-jp-ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 csiso2022jp iso2022-jp cp50220 cp50221",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis cp932",
    "cp949": "euc-kr euckr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 ks_c_5601 windows-949 korean cseuckr cp949",
    "johab": "johab x-johab",
    "iso2022-kr": "iso-2022-kr csiso2022kr",
    "utf-7": "utf-7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 csunicode11utf7 csutf7",
    "utf-16": "utf-16 unicode ucs-2 iso-10646-ucs-2 csunicode",
    "utf-16-le": "utf-16le utf-16-le",
    "utf-16-be": "utf-16be utf-16-be",
    "utf-32": "utf-32",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
_ASCII = frozenset({"us-ascii", "ascii", "ansi_x3.4-1968", "7bit", "7-bit", "ascii-us", "us", "iso-ir-6", "default", "none"})
_LABEL_NOISE = re.compile(r"[\s\"'\\;,=]+")
_JAPANESE_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\$\([DOPQ]")
_JAPANESE_PIECE = re.compile(rb"\x1b(\$[@B]|\([BJI])([^\x1b]*)")
_KOREAN_ESCAPE = b"\x1b$)C"
_SINGLE_BYTE = ("cp", "iso8859", "koi8", "mac")
_MULTI_BYTE = frozenset({"cp932", "cp949"})
_ASCII_BYTES = bytes(range(0x80))


@lru_cache(maxsize=256)
def codec(label: str) -> str:
    """The codec a label stands for, or "" for one that is unknown or says nothing (ASCII included)."""
    label = _LABEL_NOISE.sub("", label.partition("*")[0])[:40].lower()
    return "" if label in _ASCII else _CODECS.get(label) or _CODECS.get(label.removeprefix("x-"), "")


def decode(raw: bytes, label: str = "") -> str:
    """The text of bytes, whatever they are: as declared if they fit, else as UTF-8, else as windows-1252.

    Never raises. Where a set of single bytes is declared, into which everything fits, valid UTF-8 is nevertheless UTF-8: no
    language written in such a set puts its letters so. ISO 2022 escapes are looked for where nothing better is declared,
    since mail of that kind is often sent without a label and is plain ASCII to every other decoder.
    """
    name = codec(label)
    if raw.isascii() and name in {"", "utf-8"}:
        return _iso_2022(raw) or raw.decode("ascii")
    order = ("utf-8", name) if _is_single_byte(name) else (name,) if name.startswith("iso2022") else (name, "utf-8")
    for candidate in order:
        text = _strict(raw, candidate)
        if text is not None:
            return text
    return _iso_2022(raw) or _lenient(raw, name)


def _is_single_byte(name: str) -> bool:
    return name.startswith(_SINGLE_BYTE) and name not in _MULTI_BYTE


def _strict(raw: bytes, name: str) -> str | None:
    if not name:
        return None
    if name == "utf-16" and raw[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        name = "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
    try:
        return raw.decode(name)
    except (UnicodeError, ValueError):
        return None


def _iso_2022(raw: bytes) -> str:
    """Text with ISO 2022 escapes (telephones' own characters become gaps), or "" if there are none or they lead nowhere."""
    name = "iso2022-jp-ext" if _JAPANESE_ESCAPE.search(raw) else "iso2022-kr" if _KOREAN_ESCAPE in raw else ""
    text = raw.decode(name, errors="replace") if name else ""
    if name == "iso2022-jp-ext" and "\ufffd" in text:
        other = _as_windows_writes_it(raw)
        text = other if other.count("\ufffd") < text.count("\ufffd") else text
    return text if text.count("\ufffd") * 3 <= len(text) else ""


def _as_windows_writes_it(raw: bytes) -> str:
    """ISO-2022-JP with the letters that NEC and IBM added, which Windows and the Encoding Standard have and Python's codec has not:
    the same rows as in Shift_JIS, where Python knows them."""
    first = raw.find(b"\x1b")
    pieces = [raw[:first]]
    for piece in _JAPANESE_PIECE.finditer(raw, first):
        if piece[1][:1] == b"$":
            pieces.append(b"".join(_shifted(piece[2][at : at + 2]) for at in range(0, len(piece[2]), 2)))
        else:
            pieces.append(bytes(byte | 0x80 for byte in piece[2]) if piece[1] == b"(I" else piece[2])
    return b"".join(pieces).decode("cp932", errors="replace")


def _shifted(pair: bytes) -> bytes:
    """The Shift_JIS form of a two-byte letter; a line break within stays one."""
    if len(pair) < 2 or pair[0] < 0x21 or pair[1] < 0x21:
        return pair
    row, cell = pair
    lead = ((row + 1) >> 1) + (0x70 if row < 0x5F else 0xB0)
    trail = cell + ((0x1F if cell < 0x60 else 0x20) if row & 1 else 0x7E)
    return bytes((lead & 0xFF, trail & 0xFF))


def _lenient(raw: bytes, name: str) -> str:
    """The last resort: the declared multi-byte set or UTF-8 with gaps where most of it fits, else windows-1252."""
    multi_byte = "utf-8" if not name or _is_single_byte(name) else name
    text = raw.decode(multi_byte, errors="replace")
    if text.count("\ufffd") * 3 <= len(raw.translate(None, _ASCII_BYTES)):
        return text
    return raw.decode("cp1252", errors="replace")
