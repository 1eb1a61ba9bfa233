"""What became of a canned text before it was sent: how much of it is left, and what was written instead.

Compared are words, so a line that was broken elsewhere is no change. The rest of the reply (a greeting, a second snippet) counts neither
for nor against: only what stands between the first and the last word that is left of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_CHANGES = 20
MOST_LETTERS = 160
_ANCHOR = 3
"""Words in a row that are the text's own for sure; fewer, far from the rest, are taken for a chance."""


@dataclass(frozen=True, slots=True)
class Edit:
    similarity: float
    """1: as it was put in; 0: nothing of it is left."""
    changes: tuple[tuple[str, str], ...] = ()
    """What stood there, what stands there now; the first few."""

    @property
    def how(self) -> str:
        """`as-is`, `edited` or `removed`."""
        return how(self.similarity)


REMOVED_BELOW = 0.15


def how(similarity: float) -> str:
    return "as-is" if similarity >= 1 else "removed" if similarity < REMOVED_BELOW else "edited"


def edits(inserted: Sequence[str], sent: str) -> list[Edit]:
    """What became of each of these texts in the one that is sent."""
    words = sent.split()
    wanted = [text.split() for text in inserted]
    taken: list[Edit | None] = [None] * len(wanted)
    for index, text in enumerate(wanted):  # what is whole can be no part of another one
        start = _find(words, text)
        if start is not None:
            taken[index] = Edit(1.0)
            words[start : start + len(text)] = [""]
    return [found if found is not None else _edit(text, words) for text, found in zip(wanted, taken, strict=True)]


def _find(words: Sequence[str], text: Sequence[str]) -> int | None:
    if not text:
        return None
    size = len(text)
    return next((n for n in range(len(words) - size + 1) if words[n] == text[0] and words[n : n + size] == text), None)


def _edit(text: list[str], words: list[str]) -> Edit:
    if not text:
        return Edit(1.0)
    from rapidfuzz.distance import LCSseq  # noqa: PLC0415 - a reply without a changed snippet does not pay for it

    blocks = [(b.a, b.b, b.size) for b in LCSseq.opcodes(text, words).as_matching_blocks() if b.size]
    blocks = _close_together(blocks)
    kept = sum(size for _, _, size in blocks)
    if not kept:
        return Edit(0.0, ((_cut(text), ""),))
    span = blocks[-1][1] + blocks[-1][2] - blocks[0][1]
    similarity = 2 * kept / (len(text) + span)
    changes = [(_cut(a), _cut(b)) for a, b in _between(text, words, blocks)]
    return Edit(min(similarity, 0.999), tuple(changes[:MOST_CHANGES]))


def _close_together(blocks: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Without words at either end that only happen to stand elsewhere in the reply, too."""
    blocks = list(blocks)
    while len(blocks) > 1 and blocks[0][2] < _ANCHOR and blocks[1][1] - blocks[0][1] > 4 * _ANCHOR:
        del blocks[0]
    while len(blocks) > 1 and blocks[-1][2] < _ANCHOR and blocks[-1][1] - blocks[-2][1] - blocks[-2][2] > 4 * _ANCHOR:
        del blocks[-1]
    return blocks


def _between(text: list[str], words: list[str], blocks: list[tuple[int, int, int]]) -> Iterator[tuple[list[str], list[str]]]:
    """What stands between the words that are left, in the one and the other."""
    here, there = 0, blocks[0][1]
    for a, b, size in [*blocks, (len(text), blocks[-1][1] + blocks[-1][2], 0)]:
        if text[here:a] or words[there:b]:
            yield text[here:a], words[there:b]
        here, there = a + size, b + size


def _cut(words: list[str]) -> str:
    text = " ".join(word for word in words if word)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
