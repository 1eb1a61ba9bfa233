"""desk.toml as a tree whose every value knows its file and line, and tables that are read key by key.

Only tree and grammar are here; what the tables mean is in `sections.py` and `values.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli

from agentdesk.config.locate import KeyPath, lines
from agentdesk.errors import ConfigError, NotInThisVersion
from agentdesk.locale import say

LIMIT = 1 << 20
"""A configuration file is written by hand; a megabyte is not."""


@dataclass(slots=True)
class Node:
    """A value and its place. `value` is a dict or list of nodes, or a plain TOML value."""

    value: Any
    file: Path
    line: int
    key: str
    """As the message names it: `[desk] locale`, `[[channels]] imap`."""

    def error(self, allowed: str, *, found: object = None) -> ConfigError:
        """What was found here, and what is allowed."""
        shown = found if found is not None else plain(self)
        return self.wrong(say("config.wrong_value", key=self.key, found=display(shown), allowed=allowed))

    def wrong(self, message: str) -> ConfigError:
        return ConfigError(message, file=self.file, line=self.line, key=self.key)

    def later(self, what: str, allowed: str) -> NotInThisVersion:
        """Known, planned, refused."""
        place = f"{self.file}:{self.line}: "
        return NotInThisVersion(place + say("config.not_in_this_version", key=self.key, what=display(what), allowed=allowed))

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def plain(node: Node) -> Any:
    """The value without places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def display(value: object) -> str:
    """A found value as a message shows it: one line, as TOML would write it, cut where it is long."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = '"' + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value) + '"'
    elif isinstance(value, dict):
        text = "{ " + ", ".join(f"{key} = …" for key in value) + " }" if value else "{ }"
    elif isinstance(value, list):
        text = "[" + ", ".join(display(element) for element in value) + "]"
    else:
        text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word most like `word`, or an empty string."""
    close = get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.65)
    return next((k for k in known if k.lower() == close[0]), "") if close else ""


def choices(words: Sequence[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def read_file(file: Path) -> Node:
    """A TOML file as a tree.

    Raises:
        ConfigError: it can't be read, is no UTF-8, or breaks TOML's grammar (with the line).
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(LIMIT + 1)
    except OSError as error:
        raise ConfigError(say("config.unreadable", reason=error.strerror or str(error)), file=file) from error
    if len(content) > LIMIT:
        raise ConfigError(say("config.too_big"), file=file)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(say("config.no_utf8"), file=file, line=line) from error
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        reason = error.msg[:1].lower() + error.msg[1:]
        raise ConfigError(
            say("config.syntax", reason=reason, column=error.colno), file=file, line=min(error.lineno, text.count("\n") + 1)
        ) from error
    except RecursionError as error:
        raise ConfigError(say("config.too_deep"), file=file) from error
    return _tree(document, (), lines(text), file, 1, "")


def _tree(value: Any, path: KeyPath, where: dict[KeyPath, int], file: Path, line: int, shown: str) -> Node:
    line = where.get(path, line)
    if isinstance(value, dict):
        return Node(
            {key: _tree(child, (*path, key), where, file, line, _shown(shown, key, child)) for key, child in value.items()},
            file,
            line,
            shown,
        )
    if isinstance(value, list):
        return Node([_tree(child, (*path, i), where, file, line, shown) for i, child in enumerate(value)], file, line, shown)
    return Node(value, file, line, shown)


def _shown(above: str, key: str, value: Any) -> str:
    """`[hours] week`, `[hours] week.mon-fri`, `[[channels]] imap`."""
    if not above:
        if isinstance(value, dict):
            return f"[{key}]"
        if isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
            return f"[[{key}]]"
        return key
    return f"{above} {key}" if above.endswith("]") else f"{above}.{key}"


def overlay(below: Node, above: Node) -> Node:
    """`above` wins. Tables are joined key by key; lists of named tables (channels, views, members) by their `name`."""
    if isinstance(below.value, dict) and isinstance(above.value, dict) and not _is_secret(above):
        joined = dict(below.value)
        for key, node in above.value.items():
            joined[key] = overlay(joined[key], node) if key in joined else node
        return Node(joined, below.file, below.line, below.key)
    if isinstance(below.value, list) and isinstance(above.value, list) and above.value:
        names_below, names_above = [_name(n) for n in below.value], [_name(n) for n in above.value]
        if all(names_above) and all(names_below):
            elements = list(below.value)
            for name, node in zip(names_above, above.value, strict=True):
                if name in names_below:
                    index = names_below.index(name)
                    elements[index] = overlay(elements[index], node)
                else:
                    elements.append(node)
            return Node(elements, below.file, below.line, below.key)
    return above


def _is_secret(node: Node) -> bool:
    """`{ env = ... }` replaces `{ command = ... }`; the two are not joined."""
    return bool(node.value) and set(node.value) <= {"command", "env", "keyring", "store"}


def _name(node: Node) -> str:
    name = node.value.get("name") if isinstance(node.value, dict) else None
    return name.value if name is not None and isinstance(name.value, str) else ""


class Table:
    """One table of the file. An unknown key is an error before anything else, so none is ever accepted and ignored."""

    def __init__(self, node: Node, *known: str) -> None:
        """`known` are the keys it may have; none given: its keys are the user's own words (`entries`)."""
        if not isinstance(node.value, dict):
            raise node.error(say("config.a_table"))
        self.node = node
        self.known = known
        for key, child in node.value.items():
            if known and key not in known:
                near = nearest(key, known)
                hint = say("config.did_you_mean", key=near) if near else say("config.known_keys", keys=", ".join(known))
                raise child.wrong(say("config.unknown_key", key=child.key, hint=hint))

    def get(self, key: str) -> Node | None:
        assert not self.known or key in self.known, key
        found: Node | None = self.node.value.get(key)
        return found

    def need(self, key: str, example: str) -> Node:
        """A key that must be there; `example` is shown where it is not."""
        found = self.get(key)
        if found is None:
            where = self.node.key
            shown = f"{where} {key}" if where.endswith("]") else f"{where}.{key}" if where else key
            raise ConfigError(
                say("config.missing", key=shown, example=f"{key} = {example}"), file=self.node.file, line=self.node.line, key=shown
            )
        return found

    def text(self, key: str, default: str = "") -> str:
        node = self.get(key)
        return default if node is None else text_of(node)

    def need_text(self, key: str, example: str) -> str:
        node = self.need(key, f'"{example}"')
        text = text_of(node)
        if not text.strip():
            raise node.error(say("config.a_text"))
        return text

    def number(self, key: str, default: int, *, least: int, most: int) -> int:
        node = self.get(key)
        if node is None:
            return default
        if not isinstance(node.value, int) or isinstance(node.value, bool) or not least <= node.value <= most:
            raise node.error(say("config.a_number", least=least, most=most))
        return node.value

    def flag(self, key: str, *, default: bool) -> bool:
        node = self.get(key)
        if node is None:
            return default
        if not isinstance(node.value, bool):
            raise node.error("true, false")
        return node.value

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        node = self.get(key)
        return default if node is None else choice_of(node, allowed)

    def table(self, key: str, *known: str) -> Table | None:
        node = self.get(key)
        return None if node is None else Table(node, *known)

    def nodes(self, key: str) -> list[Node]:
        node = self.get(key)
        if node is None:
            return []
        if not isinstance(node.value, list):
            raise node.error(say("config.a_list"))
        return list(node.value)

    def entries(self) -> list[tuple[str, Node]]:
        return list(self.node.value.items())


def text_of(node: Node) -> str:
    if not isinstance(node.value, str):
        raise node.error(say("config.a_text"))
    return node.value


def choice_of(node: Node, allowed: Sequence[str]) -> str:
    if isinstance(node.value, str) and node.value in allowed:
        return node.value
    shown = choices(allowed)
    near = nearest(node.value, allowed) if isinstance(node.value, str) else ""
    raise node.error(shown + (" " + say("config.did_you_mean", key=near) if near else ""))
