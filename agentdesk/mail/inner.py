"""Files within parts: in a winmail.dat, in a signed S/MIME part, uuencoded in a text.

They are addressed by where they lie: `2!tnef.base64.0` is the first file in part 2, which is a winmail.dat in base64. What was
fetched of a message is kept, so they need no line to be opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentdesk.mail import smime, tnef, uuencode
from agentdesk.mail.parts import decode_transfer
from agentdesk.mail.structure import read_structure

_STEP = re.compile(r"(tnef|smime|uu)\.([a-z0-9-]{0,20})\.([0-9.]{1,100})")
_ENCODINGS = frozenset({"base64", "quoted-printable"})


def address(section: str, kind: str, encoding: str, index: int | str) -> str:
    """Where a file lies."""
    return f"{section}!{kind}.{encoding if encoding in _ENCODINGS else ''}.{index}"



def content(part: str, source: Mapping[str, bytes]) -> bytes | None:
    """The bytes of a file by what was fetched of its message, by section; None if it is not there."""
    section, *steps = part.split("!")
    data = next((content for item, content in source.items() if item.partition("<")[0] == section), None)
    if data is None and (whole := source.get("")) is not None:
        structure = read_structure(whole)
        data = structure.content(section) if section in structure.spans else None
    for number, text in enumerate(steps):
        step = _STEP.fullmatch(text)
        if step is None or data is None:
            return None
        data = _open(step[1], decode_transfer(data, step[2]), step[3], last=number == len(steps) - 1)
    return data


def _open(kind: str, data: bytes, index: str, *, last: bool) -> bytes | None:
    if kind == "smime":
        whole = read_structure(smime.read(data).content)
        info = next((one for one in whole.parts if one.section == index and index in whole.spans), None)
        if info is None:
            return None
        return decode_transfer(whole.content(index), info.encoding) if last else whole.content(index)
    contents = [file.content for file in tnef.read(data).files] if kind == "tnef" else [one.content for one in uuencode.blocks(data)]
    return contents[int(index)] if index.isdecimal() and int(index) < len(contents) else None
