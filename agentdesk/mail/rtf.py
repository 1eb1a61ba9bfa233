"""Text out of RTF, which Outlook puts into winmail.dat: compressed ([MS-OXRTFCP]) and simplified to what a person reads."""

from __future__ import annotations

import re
import struct

from agentdesk.mail import charset

_MOST = 1 << 20
"""Of RTF that is looked at."""
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n\\]", re.DOTALL
)
_HIDDEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr listtable listoverridetable generator"
    b" themedata datastore rsidtbl xmlnstbl latentstyles fldinst".split()
)
_WORDS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t", b"cell": "\t", b"emdash": "—",
    b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•",
}  # fmt: skip


def decompress(data: bytes) -> bytes:
    """Compressed RTF, or as much of it as can be read."""
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == _PLAIN:
        return data[16 : 16 + min(size, _MOST)]
    if kind != _COMPRESSED:
        return b""
    window = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    write = len(_DICTIONARY)
    out = bytearray()
    position, limit = 16, min(size, _MOST)
    while position < len(data) and len(out) < limit:
        control = data[position]
        position += 1
        for bit in range(8):
            if control >> bit & 1:
                if position + 1 >= len(data):
                    return bytes(out)
                reference = data[position] << 8 | data[position + 1]
                position += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == write:
                    return bytes(out)
                for step in range(length):
                    byte = window[(offset + step) & 4095]
                    out.append(byte)
                    window[write] = byte
                    write = (write + 1) & 4095
            else:
                if position >= len(data):
                    return bytes(out)
                out.append(data[position])
                window[write] = data[position]
                position += 1
                write = (write + 1) & 4095
    return bytes(out[:limit])


def to_text(data: bytes) -> str:
    """The words of an RTF, its paragraphs as lines. Groups that are no text (fonts, pictures, `\\*`) are passed over."""
    out: list[str] = []
    hidden = 0  # depth of the group that is passed over; 0: none
    depth = skip = 0
    after_unicode = 1
    label = "windows-1252"
    raw: list[bytes] = []

    def flush() -> None:
        if raw:
            out.append(charset.decode(b"".join(raw), label))
            raw.clear()

    for token in _TOKEN.finditer(data[:_MOST]):
        word, number, code, symbol, brace, text = token.groups()
        if brace:
            depth += 1 if brace == b"{" else -1
            hidden = 0 if depth < hidden else hidden
            skip = 0
        elif hidden:
            continue
        elif word:
            if word in _HIDDEN:
                hidden = max(1, depth)
            elif word == b"ansicpg" and number:
                label = f"windows-{int(number)}"
            elif word == b"uc" and number:
                after_unicode = min(10, max(0, int(number)))
            elif word == b"u" and number:
                flush()
                out.append(chr(int(number) & 0xFFFF))
                skip = after_unicode
            elif word in _WORDS:
                flush()
                out.append(_WORDS[word])
        elif code:
            if skip:
                skip -= 1
            else:
                raw.append(bytes((int(code, 16),)))
        elif symbol == b"*":
            hidden = max(1, depth)
        elif symbol == b"~":
            raw.append(b" ")
        elif symbol in {b"\\", b"{", b"}"}:
            raw.append(symbol)
        elif text:
            cut = min(skip, len(text))
            skip -= cut
            raw.append(text[cut:])
    flush()
    return "".join(out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
