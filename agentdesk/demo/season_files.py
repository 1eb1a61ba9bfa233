"""Files the customers and the shop attach: pictures of dented parcels, drawn here, and a small invoice.

Real files of real formats, so that the screen has something to show; made by hand because the demo needs no picture library.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from random import Random

WIDTH, HEIGHT = 384, 288
_Point = tuple[float, float]

PICTURES = 6
"""How many different pictures there are."""


@cache
def parcel_picture(index: int) -> bytes:
    """A photo-like PNG (ISO/IEC 15948, palette of shades): a cardboard box on a table, dented, with a torn label."""
    rng = Random(f"parcel {index}")  # noqa: S311 - draws a picture, guards nothing
    canvas = _Canvas(rng)
    left, top = rng.randint(60, 100), rng.randint(85, 110)
    width, height, depth = rng.randint(170, 200), rng.randint(110, 135), rng.randint(38, 56)
    right, bottom = left + width, top + height
    canvas.polygon(
        [(left - 18, bottom + 14), (right + depth + 26, bottom + 6), (right + depth, bottom - 14), (left, bottom - 4)],
        _SHADOW,
    )
    canvas.polygon([(left, top), (left + depth, top - depth), (right + depth, top - depth), (right, top)], _TOP)
    canvas.polygon(
        [(right, top), (right + depth, top - depth), (right + depth, bottom - depth), (right, bottom)], _SIDE
    )
    canvas.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], _FRONT)
    middle = left + width * 0.52
    canvas.polygon([(middle - 9, top), (middle + 9, top), (middle + 9, bottom), (middle - 9, bottom)], _TAPE)
    canvas.polygon(
        [(middle - 9, top), (middle + 9, top), (middle + 9 + depth, top - depth), (middle - 9 + depth, top - depth)],
        _TAPE,
    )
    label = (left + 14, bottom - 52)
    canvas.polygon(
        [label, (label[0] + 62, label[1]), (label[0] + 62, label[1] + 40), (label[0], label[1] + 40)], _PAPER
    )
    x = label[0] + 5.0
    while x < label[0] + 56:
        bar = rng.choice((1, 1, 2, 3))
        canvas.polygon(
            [(x, label[1] + 18), (x + bar, label[1] + 18), (x + bar, label[1] + 36), (x, label[1] + 36)], _INK
        )
        x += bar + rng.choice((1, 2, 2))
    canvas.polygon(
        [
            (label[0] + 5, label[1] + 5),
            (label[0] + 40, label[1] + 5),
            (label[0] + 40, label[1] + 9),
            (label[0] + 5, label[1] + 9),
        ],
        _INK,
    )
    _dent(canvas, rng, corner=index % 2 == 0, box=(left, top, right, bottom))
    return canvas.png()


_TABLE, _WALL, _SHADOW, _TOP, _SIDE, _FRONT, _TAPE, _PAPER, _INK, _HOLE, _CREASE = range(11)
_COLOURS = (
    (126, 104, 88), (206, 204, 196), (70, 58, 50), (205, 164, 116), (140, 102, 66), (182, 138, 90),
    (214, 190, 150), (240, 238, 230), (34, 32, 36), (44, 30, 22), (108, 76, 48),
)  # fmt: skip
_SHADES = 16
"""Shades a colour; the grain of the picture moves within them."""


def _dent(canvas: _Canvas, rng: Random, *, corner: bool, box: tuple[int, int, int, int]) -> None:
    _, top, right, bottom = box
    at_x, at_y = (right - 12, bottom - 14) if corner else (right - rng.randint(50, 80), top + rng.randint(36, 60))
    size = rng.randint(26, 40)
    ring = [
        (at_x + size * rng.uniform(0.5, 1.1) * x, at_y + size * rng.uniform(0.45, 0.95) * y)
        for x, y in (
            (-1, -0.2),
            (-0.6, -0.9),
            (0.1, -0.7),
            (0.7, -0.8),
            (0.9, 0.1),
            (0.5, 0.8),
            (-0.3, 0.7),
            (-0.8, 0.5),
        )
    ]
    canvas.polygon(ring, _CREASE)
    canvas.polygon([(at_x + (x - at_x) * 0.6, at_y + (y - at_y) * 0.55) for x, y in ring], _HOLE)
    for x, y in ring[::2]:
        far = (at_x + (x - at_x) * rng.uniform(1.5, 2.3), at_y + (y - at_y) * rng.uniform(1.5, 2.3))
        canvas.polygon([(x - 2, y), (x + 2, y + 1), far], _CREASE)


class _Canvas:
    """Rows of palette indices. A colour is its number times `_SHADES`; light and grain are added when it is done."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        horizon = int(HEIGHT * 0.42)
        self._rows = [bytearray([(_WALL if y < horizon else _TABLE) * _SHADES]) * WIDTH for y in range(HEIGHT)]

    def polygon(self, points: list[_Point], colour: int) -> None:
        """Fill a simple polygon, row by row (even-odd rule)."""
        ends = list(zip(points, points[1:] + points[:1], strict=True))
        for y in range(max(0, int(min(p[1] for p in points))), min(HEIGHT, int(max(p[1] for p in points)) + 1)):
            crossings = sorted(
                x1 + (y + 0.5 - y1) * (x2 - x1) / (y2 - y1)
                for (x1, y1), (x2, y2) in ends
                if (y1 <= y + 0.5) != (y2 <= y + 0.5)
            )
            for start, stop in zip(crossings[::2], crossings[1::2], strict=False):
                first, last = max(0, round(start)), min(WIDTH, round(stop))
                if last > first:
                    self._rows[y][first:last] = bytes([colour * _SHADES]) * (last - first)

    def png(self) -> bytes:
        lines = bytearray()
        light = bytes(round(5 * x / WIDTH) for x in range(WIDTH))
        grain_mask = int.from_bytes(b"\x02" * WIDTH)
        for y, row in enumerate(self._rows):
            grain = int.from_bytes(self._rng.randbytes(WIDTH)) & grain_mask
            shade = int.from_bytes(light) + int.from_bytes(bytes([round(7 * y / HEIGHT)]) * WIDTH)
            # No carry: a shade is at most 3 + 5 + 7, below the next colour.
            lines += b"\0" + (int.from_bytes(row) + grain + shade).to_bytes(WIDTH)
        palette = b"".join(
            bytes(max(0, min(255, round(part * (1.12 - 0.02 * shade)))) for part in colour)
            for colour in _COLOURS
            for shade in range(_SHADES)
        )
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0))
            + _chunk(b"PLTE", palette)
            + _chunk(b"IDAT", zlib.compress(bytes(lines), 6))
            + _chunk(b"IEND", b"")
        )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def invoice_pdf(lines: list[str]) -> bytes:
    """A one-page PDF (ISO 32000-1) with these lines in a standard font."""
    words = "".join(f"({_pdf_text(line)}) Tj T* " for line in lines)
    stream = f"BT /F1 12 Tf 16 TL 60 780 Td {words}ET".encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    places = []
    for place, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (place, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(file)


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
