"""The gate: what foreign text must pass before it may reach a terminal, a log or a file name.

Textual and Rich let escape sequences, C1 controls and bidirectional controls through to the terminal, so everything that
people outside wrote is cleaned where it enters, once. Controls become U+FFFD, so that one sees that something was there;
characters without a shape of their own (zero-width spaces, soft hyphens, bidi controls, tags) go without a trace, because
honest mail is full of them. What writing needs stays: combining marks, variation selectors, joiners between letters that join
and inside emoji, flags. The functions are pure and idempotent.
"""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Text of letters, digits and marks only, which nearly all is: told in one run over it, 30 us for 20 KB.
_ORDINARY = re.compile("[\n -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u1fff\u2010-\u2027\u20a0-\u20c0\u2122\u3000-\u3029]*+")
_LINE_BREAK = re.compile("[\r\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
_SHAPELESS = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]+"
)
# Scripts whose letters change shape at a joiner, and the pictures that are joined to emoji. Combining marks are left out on
# purpose: their number is cut below, and that must not change what stands beside a joiner.
_JOINING = "\u0590-\u1aaf\u1b00-\u1dbf\u2190-\u2bff\ua840-\uabff\ufb1d-\ufdcf\ufe0e\ufe0f\ufe70-\ufefe\U00010a00-\U00011fff\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"(?<![{_JOINING}])[\u200c\u200d]+|[\u200c\u200d]{{2,}}|[\u200c\u200d](?![{_JOINING}])")
_MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKS_KEPT = 8  # Vietnamese and phonetics need four at most; thousands on one letter paint over the rows around it
_MARK_HEAP = re.compile(f"([{_MARK}]{{{_MARKS_KEPT}}})[{_MARK}]+")

_PATH = re.compile(r"\s*(?:[A-Za-z]:|[.~]{0,2}[/\\])")
_SEPARATOR = re.compile(r"[/\\]+")
_UNSAFE_IN_NAME = re.compile(r'[<>:"|?*\x00-\x1f\ufffd]+')
_DEVICE_NAME = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
_NAME_BYTES = 180  # file systems allow 255; the rest is for " (12)" and a temporary suffix


def clean(text: str) -> str:
    """Text of several lines, safe to show. The line feed is the only control left; tabs become spaces."""
    text = text.replace("\r\n", "\n")
    if _ORDINARY.fullmatch(text):
        return text
    text = _LINE_BREAK.sub("\n", text)
    text = _CONTROL.sub(REPLACEMENT, text)
    if not text.isascii():
        text = _SHAPELESS.sub("", text)
        if "\u200c" in text or "\u200d" in text:
            text = _STRAY_JOINER.sub("", text)
        text = _MARK_HEAP.sub(r"\1", text)
    return text.expandtabs(8) if "\t" in text else text


def clean_line(text: str) -> str:
    """The same for text of one line: every run of white space (no-break and wide spaces too) becomes one space."""
    return " ".join(clean(text).split())


def written(text: str) -> str:
    """A text of ours that is going out: controls that slipped in by pasting go without a trace, for nobody is to see them."""
    return clean(text).replace(REPLACEMENT, "")


def file_name(name: str, fallback: str = "file") -> str:
    """A name under which foreign content may be saved: no path, no device, no hidden file, never empty, never too long.

    A pure function of the name; not overwriting what exists is the business of who writes.
    """
    name = clean_line(name)
    name = _SEPARATOR.split(name)[-1] if _PATH.match(name) else _SEPARATOR.sub("_", name)
    name = _UNSAFE_IN_NAME.sub("_", name).strip(" .")
    if not name.strip("_"):
        name = fallback
    if _DEVICE_NAME.match(name):
        name = f"_{name}"
    if len(name.encode()) > _NAME_BYTES:
        stem, dot, suffix = name.rpartition(".")
        if not dot or len(suffix.encode()) > 16:
            stem, dot, suffix = name, "", ""
        room = _NAME_BYTES - len((dot + suffix).encode())
        name = stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + suffix
    return name
