"""Addresses as senders really write them (RFC 5322, 3.4; RFC 6532), read character by character, without recursion."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from agentdesk.domain.message import Address
from agentdesk.mail import limits
from agentdesk.mail.headers import ENCODED_WORD_HEAD, decode_words


def parse_addresses(text: str) -> tuple[tuple[Address, ...], bool]:
    """The mailboxes of an address field in their order, and whether there were more than are looked at.

    Groups are resolved into their members, comments give the name where there is no other, semicolons part like commas, and
    what is no address at all ("MAILER-DAEMON") is kept as it stands, so that one sees who wrote.
    """
    found: list[Address] = []
    for phrase, inside, comment in _with_commas(_mailboxes(text[: limits.FIELD_BYTES])):
        address = _mailbox(phrase, inside, comment)
        if not address.name and not address.address:
            continue
        if len(found) >= limits.ADDRESSES:
            return tuple(found), True
        found.append(address)
    return tuple(found), len(text) > limits.FIELD_BYTES


def _with_commas(pieces: Iterable[tuple[str, str | None, str]]) -> Iterable[tuple[str, str | None, str]]:
    """The pieces, with a name put together again that an unquoted comma parted: `Rossi, Anna <anna@...>`."""
    waiting = ""
    for phrase, inside, comment in pieces:
        bare = phrase.strip()
        half = bool(bare) and inside is None and not comment and "@" not in bare and "=?" not in bare
        whole = f"{waiting}, {bare}" if waiting and inside and bare else ""
        if waiting and not whole:
            yield waiting, None, ""
        waiting = bare if half else ""
        if not half:
            yield whole or phrase, inside, comment
    if waiting:
        yield waiting, None, ""


def _mailboxes(text: str) -> Iterable[tuple[str, str | None, str]]:
    """The raw pieces of every mailbox: phrase (or bare address), what stands in angle brackets, comments.

    A quoted string goes into the phrase without its quotes; an encoded word goes there whole, so that a comma inside it,
    which careless senders leave, does not part it.
    """
    phrase: list[str] = []
    comment: list[str] = []
    inside: list[str] | None = None
    closed = False
    position, length = 0, len(text)
    while position < length:
        char = text[position]
        if char == '"':
            content, position = _quoted_string(text, position)
            if inside is not None and not closed:
                inside.append(f'"{content}"')
            elif text[position : position + 1] == "@":
                phrase.append(content if content.isalnum() else f'"{content}"')
            else:
                phrase.append(content)
            continue
        if char == "(":
            content, position = _comment(text, position)
            comment.append(content)
            continue
        if char == "=" and (head := ENCODED_WORD_HEAD.match(text, position)):
            end = text.find("?=", head.end())
            if end >= 0 and (inside is None or closed):
                phrase.append(text[position : end + 2])
                position = end + 2
                continue
        position += 1
        if char == "<":
            if inside is not None:
                yield "".join(phrase), "".join(inside), " ".join(comment)
                phrase, comment = [], []
            inside, closed = [], False
        elif char == ">":
            closed = True
        elif char == "," or (char == ";" and (inside is None or closed)):
            if inside is None or closed or inside[:1] != ["@"]:
                yield "".join(phrase), None if inside is None else "".join(inside), " ".join(comment)
                phrase, comment, inside, closed = [], [], None, False
        elif inside is not None and not closed:
            inside.append(char)
        elif char == ":" and inside is None:
            phrase, comment = [], []
        elif not closed or not char.isspace():
            if closed:
                yield "".join(phrase), "".join(inside or ()), " ".join(comment)
                phrase, comment, inside, closed = [], [], None, False
            phrase.append(char)
    if phrase or comment or inside is not None:
        yield "".join(phrase), None if inside is None else "".join(inside), " ".join(comment)


def _quoted_string(text: str, position: int) -> tuple[str, int]:
    """Content and end of a quoted string; one that never ends is taken as an ordinary quotation mark."""
    out: list[str] = []
    index = position + 1
    while index < len(text):
        char = text[index]
        if char == "\\" and index + 1 < len(text):
            out.append(text[index + 1])
            index += 2
            continue
        index += 1
        if char == '"':
            return "".join(out), index
        out.append(char)
    return "".join(out), len(text)


def _comment(text: str, position: int) -> tuple[str, int]:
    """Content and end of a comment, nested ones flattened."""
    out: list[str] = []
    depth, index = 0, position
    while index < len(text):
        char = text[index]
        index += 1
        if char == "\\" and index < len(text):
            out.append(text[index])
            index += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                break
        else:
            out.append(char)
    return "".join(out), index


def _mailbox(phrase: str, inside: str | None, comment: str) -> Address:
    phrase = phrase.strip()
    if inside is None:
        words = phrase.split()
        with_at = [word for word in words if "@" in word]
        if '"@' in phrase:
            start = phrase.index('"')
            inside, phrase = phrase[start:], phrase[:start]
        elif len(words) > 1 and with_at and "=?" not in phrase:
            inside = with_at[-1]
            phrase = " ".join(word for word in words if word is not inside)
        elif "@" in phrase and "=?" not in phrase:
            inside, phrase = phrase, ""
        else:
            decoded = decode_words(phrase)
            if "@" in decoded and len(decoded.split()) == 1:
                return Address("", address_text(decoded))
            return Address(decode_words(comment)[: limits.NAME_CHARACTERS], decoded[: limits.NAME_CHARACTERS])
    name = decode_words(phrase) or decode_words(comment)
    address = address_text(inside.rpartition(":")[2] if inside.startswith("@") else inside)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return Address(name[: limits.NAME_CHARACTERS], address)


_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")


def address_text(text: str) -> str:
    """An addr-spec as it is kept: clean, without white space; a domain as it will be asked for, one that mixes scripts in punycode.

    "pаypal" with a Cyrillic а must not look like the name it imitates; an honest "müller.example" stays readable. Wide letters
    and dots are what IDNA makes of them (RFC 3490, 3.1): the address that one sees is the one that gets the answer.
    """
    address = "".join(decode_words(text).split()) if '"' not in text else decode_words(text)
    address = address.strip("<>")[:1_000]
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    local, at, domain = address.rpartition("@")
    if at and not domain.isascii():
        domain = "".join(unicodedata.normalize("NFKC", domain.translate(_DOTS)).split())
    if at and not domain.isascii() and _mixed_scripts(domain):
        try:
            domain = domain.encode("idna").decode("ascii")
        except (UnicodeError, ValueError):
            return address
    return local + at + domain


@lru_cache(maxsize=1024)
def _mixed_scripts(domain: str) -> bool:
    """Whether one label of the domain has letters of Latin and of a script that has look-alikes of them."""
    for label in domain.split("."):
        scripts = {unicodedata.name(char, "").split(" ")[0] for char in label[:63] if char.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}:
            return True
    return False
