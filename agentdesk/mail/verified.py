"""What the receiving server says of the sender: Authentication-Results (RFC 8601).

Only the topmost field counts, and those right below it that the same server added: what is further down came with the message
and may be the sender's own invention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentdesk.domain.message import Address, Verified

_COMMENT = re.compile(r"\([^()]{0,2000}\)")
_RESULT = re.compile(r"(dmarc|dkim|spf)\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|mail|helo))\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)


def verify(results: Sequence[str], sender: Address) -> Verified:
    """FAIL where the server says that the sender is not who they claim to be, PASS where it says they are."""
    found: dict[str, set[str]] = {"dmarc": set(), "dkim": set(), "spf": set()}
    server = ""
    domain = sender.identity.rpartition("@")[2]
    for value in results[:10]:
        text = _COMMENT.sub(" ", value[:8_000])
        name, _, rest = text.partition(";")
        name = name.split()[0].lower() if name.split() else ""
        if server and name != server:
            break
        server = server or name
        for method in rest.split(";"):
            result = _RESULT.search(method)
            if result is None:
                continue
            kind, verdict = result[1].lower(), result[2].lower()
            if kind != "dmarc" and verdict == "pass" and not _aligned(method, domain):
                verdict = "pass-other"
            found[kind].add(verdict)
    if "fail" in found["dmarc"] and "pass" not in found["dmarc"]:
        return Verified.FAIL
    if "pass" in found["dmarc"] or "pass" in found["dkim"] or "pass" in found["spf"]:
        return Verified.PASS
    if found["spf"] & {"fail", "softfail"} and not found["dkim"] & {"pass", "pass-other"}:
        return Verified.FAIL
    return Verified.NONE


def _aligned(method: str, domain: str) -> bool:
    """Whether the domain that passed is the sender's, or one is a sub-domain of the other (RFC 7489, 3.1, relaxed)."""
    named = [match[1].lower().rpartition("@")[2].strip(".") for match in _PROPERTY.finditer(method)]
    return not named or any(
        each == domain or each.endswith(f".{domain}") or domain.endswith(f".{each}") for each in named if "." in each
    )
