"""Putting a second answer into a reply: one greeting, one closing, whatever stands between."""

from __future__ import annotations

from dataclasses import dataclass

BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Joined:
    """What goes in, and where."""

    at: int
    """The offset in what is written."""
    text: str
    skipped: int
    """Characters of the snippet's beginning that are left out."""
    before: int
    """Characters put before what is left of it."""


def join(written: str, at: int, text: str) -> Joined:
    """A snippet into a text at `at`. A greeting that stands above is not repeated; behind a closing that is the snippet's own
    too, the snippet goes in before it. Texts that differ, in another language say, stay whole.
    """
    skipped, whole = 0, BREAK in text
    above = [paragraph.strip() for paragraph in written[:at].split(BREAK)]
    greeting, broken, rest = text.partition(BREAK)
    if broken and rest.strip() and greeting.strip() in above:
        skipped = len(text) - len(rest.lstrip("\n"))
        text = text[skipped:]
    body, broken, closing = text.rstrip().rpartition(BREAK)
    if broken and body.strip() and not written[at:].strip() and above[-1] == closing.strip():
        at = written[:at].rindex(closing.strip())
        return Joined(at, body + BREAK, skipped, 0)
    if broken and body.strip() and closing.strip() in {paragraph.strip() for paragraph in written[at:].split(BREAK)}:
        text = body
    gap = ""
    if written[:at].strip() and not written[:at].endswith(BREAK):
        gap = "\n" if written[:at].endswith("\n") or not whole else BREAK
    return Joined(at, gap + text, skipped, len(gap))
