"""The tables of one pack file, read into snippets: what has the wrong shape becomes a fault, the rest is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agentdesk.locale import say
from agentdesk.snippets.locate import Places
from agentdesk.snippets.model import Ask, Fault, Severity, Snippet, snooze_span

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_POLICY_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")

CHANNELS = ("imap", "chat")
_PRIORITIES = ("low", "normal", "high", "urgent")
_TOP_KEYS = ("pack", "snippet", "article")
_PACK_KEYS = ("name", "title", "languages", "policy", "style")
_STYLE_KEYS = ("avoid", "address")
_FORMS = {"it": ("lei", "tu"), "de": ("sie", "du"), "fr": ("vous", "tu")}
_SNIPPET_KEYS = (
    "name", "title", "shortcut", "tags", "intents", "channels", "valid", "ask", "actions", "subject", "text", "test",
)  # fmt: skip
_ARTICLE_KEYS = ("name", "title", "link", "summary", "shortcut", "tags", "intents", "channels", "valid")
_LIQUID = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
_RESTRICTING = ("channels", "valid", "ask", "from", "until")
_ASK_KEYS = ("name", "label", "default", "choices")
_VALID_KEYS = ("from", "until")
_TEST_KEYS = ("sample", "language", "expect")
_ACTIONS: dict[str, type | tuple[type, ...]] = {
    "tags": list, "close": bool, "assign": str, "snooze": str, "priority": str,
}  # fmt: skip


@dataclass(slots=True)
class Pack:
    name: str
    policy: dict[str, Any]
    snippets: dict[str, Snippet] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Names of snippets that stand in the file and could not be read."""


class Reader:
    """Reads one file. Every `_take` either gives a value of the right type or leaves a fault and gives None."""

    def __init__(self, file: Path, data: dict[str, Any], places: Places, faults: list[Fault]) -> None:
        self._file, self._data, self._places, self._faults = str(file), data, places, faults
        self._snippet = ""
        self._where: tuple[str | int, ...] = ()
        self._errors = 0

    def pack(self) -> Pack | None:
        self._unknown(self._data, _TOP_KEYS)
        head = self._take(self._data, "pack", dict)
        if head is None:
            if "pack" not in self._data:
                self._say("missing", say("snippets.no_pack"), say("snippets.no_pack_hint"))
            return None
        self._where = ("pack",)
        self._unknown(head, _PACK_KEYS)
        name = self._name(head)
        if name is None:
            return None
        title = self._take(head, "title", str) or name
        self._style(head)
        languages = self._languages(head)
        pack = Pack(name, self._policy(head))
        self._where = ()
        listed = self._take(self._data, "snippet", list)
        for index, table in enumerate(listed or ()):
            self._where = ("snippet", index)
            self._snippet = ""
            if not isinstance(table, dict):
                self._say("wrong-type", say("snippets.not_a_table", key="snippet"), say("snippets.not_a_table_hint"))
                continue
            self._one(table, pack, title, languages)
        for index, table in enumerate(self._take_at_top("article") or ()):
            self._where = ("article", index)
            self._snippet = ""
            if not isinstance(table, dict):
                self._say("wrong-type", say("snippets.not_a_table", key="article"), say("snippets.not_an_article_hint"))
                continue
            self._article(table, pack, title, languages)
        self._snippet = ""
        return pack

    def _take_at_top(self, key: str) -> Any:
        self._where = ()
        return self._take(self._data, key, list)

    def _begin(self, table: dict[str, Any], pack: Pack, keys: Sequence[str]) -> str | None:
        """The name of a snippet or an article; None where it can't be one."""
        raw_name = table.get("name")
        if isinstance(raw_name, str):
            self._snippet = f"{pack.name}/{raw_name}"
        self._errors = 0
        self._unknown(table, keys)
        name = self._name(table)
        if name is not None and (name in pack.snippets or name in pack.broken):
            self._say("duplicate-name", say("snippets.duplicate_name", name=name), say("snippets.duplicate_name_hint"), "name")
            return None
        return name

    def _article(self, table: dict[str, Any], pack: Pack, pack_title: str, languages: tuple[str, ...]) -> None:
        """A page of the shop's help. A link that is the same in every language may be one text."""
        where = self._where
        name = self._begin(table, pack, _ARTICLE_KEYS)
        if name is None:
            return
        titles = {language: " ".join(text.split()) for language, text in self._texts(table, "title").items()}
        same = isinstance(table.get("link"), str)
        links = dict.fromkeys(titles, table["link"].strip()) if same else self._texts(table, "link")
        summaries = self._texts(table, "summary")
        for key in ("title", "link"):
            if key not in table:
                self._say("missing", say("snippets.article_lacks", key=key), say("snippets.article_hint"))
        for language, link in [*links.items()][: 1 if same else None]:
            if not link.strip().startswith(("https://", "http://", "{{", "{%")) or len(_LIQUID.sub("x", link).split()) > 1:
                self._say("bad-link", say("snippets.bad_link", link=link), say("snippets.bad_link_hint", value="{{ desk.url }}"), "link", *(() if same else (language,)))
        whole = [language for language in titles if language in links]
        for language in dict.fromkeys([*languages, *titles, *links]):
            if language not in whole and "title" in table and "link" in table:
                self._say(
                    "missing-text", say("snippets.article_language", language=language), say("snippets.no_language_hint"),
                    "link" if language in titles else "title", severity=Severity.WARNING,
                )  # fmt: skip
        channels, valid = self._channels(table), self._valid(table)
        tags, intents, shortcut = self._strings(table, "tags"), self._strings(table, "intents"), self._shortcut(table)
        if valid is None or self._errors or not whole:
            pack.broken.add(name)
            return
        pack.snippets[name] = Snippet(
            name=name, pack=pack.name, pack_title=pack_title, title=titles[whole[0]],
            texts=MappingProxyType({language: links[language].strip() for language in whole}),
            titles=MappingProxyType({language: titles[language] for language in whole}), summaries=MappingProxyType(summaries),
            shortcut=shortcut, tags=tags, intents=intents, channels=channels, valid_from=valid[0], valid_until=valid[1],
            file=self._file, line=self._places.key(*where)[0],
            lines=MappingProxyType({
                ("text", language): self._places.text(*where, "link", *(() if same else (language,)), breaks="\n" in links[language])
                for language in whole
            }),
        )  # fmt: skip

    def _one(self, table: dict[str, Any], pack: Pack, title: str, languages: tuple[str, ...]) -> None:
        where = self._where
        name = self._begin(table, pack, _SNIPPET_KEYS)
        if name is None:
            return
        texts = self._texts(table, "text")
        subjects = self._texts(table, "subject")
        macro = "text" not in table and "subject" not in table and bool(table.get("actions"))
        if not texts and not macro:
            if "text" not in table:
                self._say("missing", say("snippets.no_text"), say("snippets.no_text_hint"))
            pack.broken.add(name)
            return
        for language in languages if not macro else ():
            if language not in texts and not (isinstance(table.get("text"), dict) and language in table["text"]):
                self._say(
                    "missing-text", say("snippets.no_language", language=language), say("snippets.no_language_hint"), "text",
                    severity=Severity.WARNING,
                )  # fmt: skip
        channels = self._channels(table)
        valid = self._valid(table)
        asks = self._asks(table)
        actions = self._actions(table)
        tests = self._tests(table)
        tags, intents = self._strings(table, "tags"), self._strings(table, "intents")
        shortcut = self._shortcut(table)
        if valid is None or self._errors:
            # What could not be read may be what keeps a text from being sent (its channels, its dates, its questions).
            pack.broken.add(name)
            return
        pack.snippets[name] = Snippet(
            name=name, pack=pack.name, pack_title=title, title=" ".join((self._take(table, "title", str) or name).split()),
            texts=MappingProxyType(texts), subjects=MappingProxyType(subjects), shortcut=shortcut, tags=tags, intents=intents,
            channels=channels, valid_from=valid[0], valid_until=valid[1], asks=asks, actions=MappingProxyType(actions),
            tests=tests, file=self._file, line=self._places.key(*where)[0],
            lines=MappingProxyType(
                {(kind, lang): self._places.text(*where, kind, lang, breaks="\n" in text)
                 for kind, of in (("text", texts), ("subject", subjects)) for lang, text in of.items()}
            ),
        )  # fmt: skip

    # -- the parts of a snippet

    def _name(self, table: dict[str, Any]) -> str | None:
        name: str | None = self._take(table, "name", str)
        if name is None:
            if "name" not in table:
                self._say("missing", say("snippets.no_name"), say("snippets.name_hint"))
            return None
        if not _NAME.fullmatch(name):
            self._say("bad-name", say("snippets.bad_name", name=name), say("snippets.name_hint"), "name")
            return None
        return name

    def _channels(self, table: dict[str, Any]) -> tuple[str, ...]:
        channels = self._strings(table, "channels")
        for channel in channels:
            if channel not in CHANNELS:
                self._choice("channels", channel, CHANNELS)
        return channels

    def _shortcut(self, table: dict[str, Any]) -> str:
        shortcut: str = self._take(table, "shortcut", str) or ""
        if shortcut and not re.fullmatch(r"\S{1,40}", shortcut):
            self._say("bad-shortcut", say("snippets.bad_shortcut", shortcut=shortcut), "", "shortcut")
            return ""
        return shortcut

    def _languages(self, head: dict[str, Any]) -> tuple[str, ...]:
        languages = self._strings(head, "languages")
        for language in languages:
            if not _LANGUAGE.fullmatch(language):
                self._say("bad-language", say("snippets.bad_language", language=language), say("snippets.language_hint"), "languages")
        return tuple(language for language in languages if _LANGUAGE.fullmatch(language))

    def _style(self, head: dict[str, Any]) -> None:
        """How texts are to be written; only `snippets lint` looks at it."""
        style = self._take(head, "style", dict)
        if style is None:
            return
        self._where = ("pack", "style")
        self._unknown(style, _STYLE_KEYS)
        self._strings(style, "avoid")
        for language, form in (self._take(style, "address", dict) or {}).items():
            allowed = _FORMS.get(language)
            if allowed is None or form not in allowed:
                self._say("bad-value", say("lint.bad_address", language=language, form=form), say("lint.bad_address_hint"), "address", language)
        self._where = ("pack",)

    def _policy(self, head: dict[str, Any]) -> dict[str, Any]:
        policy: dict[str, Any] = {}
        for key, value in (self._take(head, "policy", dict) or {}).items():
            if not _POLICY_NAME.fullmatch(key):
                self._say("bad-name", say("snippets.bad_policy_name", name=key), say("snippets.policy_hint"), "policy", key)
            elif isinstance(value, (dict, list)) or (isinstance(value, str) and not value.strip()):
                self._say("wrong-type", say("snippets.bad_policy", name=key), say("snippets.policy_hint"), "policy", key)
            else:
                policy[key] = value
        return policy

    def _texts(self, table: dict[str, Any], key: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for language, text in (self._take(table, key, dict) or {}).items():
            if not _LANGUAGE.fullmatch(language):
                self._say("bad-language", say("snippets.bad_language", language=language), say("snippets.language_hint"), key, language)
            elif not isinstance(text, str):
                self._say("wrong-type", self._wrong(f"{key}.{language}", str, text), "", key, language)
            elif not text.strip():
                self._say("empty", say("snippets.empty_text", key=f"{key}.{language}"), say("snippets.empty_text_hint"), key, language)
            else:
                texts[language] = text
        return texts

    def _valid(self, table: dict[str, Any]) -> tuple[date | None, date | None] | None:
        valid = self._take(table, "valid", dict)
        if valid is None:
            return (None, None) if "valid" not in table else None
        self._unknown(valid, _VALID_KEYS, "valid")
        ends: list[date | None] = []
        for key in _VALID_KEYS:
            value = valid.get(key)
            if isinstance(value, datetime):
                value = value.date()
            if value is not None and not isinstance(value, date):
                self._say("wrong-type", self._wrong(f"valid.{key}", date, value), say("snippets.date_hint"), "valid", key)
                return None
            ends.append(value)
        if ends[0] is not None and ends[1] is not None and ends[1] < ends[0]:
            self._say("bad-dates", say("snippets.bad_dates"), say("snippets.bad_dates_hint"), "valid")
            return None
        return ends[0], ends[1]

    def _asks(self, table: dict[str, Any]) -> tuple[Ask, ...]:
        asks: dict[str, Ask] = {}
        for entry in self._take(table, "ask", list) or ():
            if not isinstance(entry, dict):
                self._say("wrong-type", say("snippets.not_a_table", key="ask"), say("snippets.ask_hint"), "ask")
                continue
            self._unknown(entry, _ASK_KEYS, "ask")
            name = entry.get("name")
            if not isinstance(name, str) or not _POLICY_NAME.fullmatch(name):
                self._say("bad-name", say("snippets.bad_ask"), say("snippets.ask_hint"), "ask")
                continue
            if name in asks:
                self._say("duplicate-name", say("snippets.duplicate_ask", name=name), "", "ask")
                continue
            label, default, choices = entry.get("label", name), entry.get("default", ""), entry.get("choices", [])
            if not isinstance(label, str) or not isinstance(default, str) or not _all_strings(choices):
                self._say("wrong-type", say("snippets.bad_ask_values", name=name), say("snippets.ask_hint"), "ask")
                continue
            if default and choices and default not in choices:
                self._say("bad-default", say("snippets.bad_default", name=name, default=default), "", "ask")
                continue
            asks[name] = Ask(name, label.strip() or name, default.strip(), tuple(choices))
        return tuple(asks.values())

    def _actions(self, table: dict[str, Any]) -> dict[str, Any]:
        actions = self._take(table, "actions", dict) or {}
        self._unknown(actions, tuple(_ACTIONS), "actions")
        kept: dict[str, Any] = {}
        for key, kind in _ACTIONS.items():
            value = actions.get(key)
            if value is None:
                continue
            if not isinstance(value, kind) or (key == "tags" and not _all_strings(value)):
                self._say("wrong-type", self._wrong(f"actions.{key}", kind, value), "", "actions", key)
            elif key == "priority" and value not in _PRIORITIES:
                self._choice("actions", str(value), _PRIORITIES)
            elif key == "snooze" and snooze_span(str(value)) is None:
                self._say("unknown-value", say("snippets.unknown_value", key="snooze", value=value), say("snippets.snooze_hint"), "actions", key)
            else:
                kept[key] = tuple(value) if isinstance(value, list) else value
        return kept

    def _tests(self, table: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
        tests: list[Mapping[str, Any]] = []
        for index, entry in enumerate(self._take(table, "test", list) or ()):
            if not isinstance(entry, dict):
                self._say("wrong-type", say("snippets.not_a_table", key="test"), "", "test", index)
                continue
            self._unknown(entry, _TEST_KEYS, "test", index)
            if all(isinstance(entry.get(key), str) for key in ("language", "expect")) and isinstance(entry.get("sample", ""), str):
                tests.append(MappingProxyType(entry))
            else:
                self._say("wrong-type", say("snippets.bad_test"), say("snippets.test_hint"), "test", index)
        return tuple(tests)

    # -- taking values, leaving faults

    def _take(self, table: dict[str, Any], key: str, kind: type) -> Any:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, kind):
            self._say("wrong-type", self._wrong(key, kind, value), "", key)
            return None
        return value

    def _strings(self, table: dict[str, Any], key: str) -> tuple[str, ...]:
        value = self._take(table, key, list)
        if value is None:
            return ()
        if not _all_strings(value):
            self._say("wrong-type", say("snippets.not_strings", key=key), "", key)
            return ()
        return tuple(dict.fromkeys(value))

    @staticmethod
    def _wrong(key: str, kind: type | tuple[type, ...], value: object) -> str:
        wanted = kind if isinstance(kind, type) else kind[0]
        return say("snippets.wrong_type", key=key, wanted=_type_word(wanted), found=_type_word(type(value)))

    def _choice(self, key: str, value: str, allowed: Sequence[str]) -> None:
        near = get_close_matches(value, allowed, n=1)
        self._say("unknown-value", say("snippets.unknown_value", key=key, value=value),
                  _nearest(near, allowed), key)  # fmt: skip

    def _unknown(self, table: Mapping[str, Any], allowed: Sequence[str], *inside: str | int) -> None:
        for key in table:
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                # A misspelt key that would have kept a text from being sent must not let it through.
                grave = near and near[0] in _RESTRICTING
                self._say(
                    "unknown-key", say("snippets.unknown_key", key=key), _nearest(near, allowed), *inside, key,
                    severity=Severity.ERROR if grave else Severity.WARNING,
                )  # fmt: skip

    def _say(self, code: str, message: str, hint: str = "", *inside: str | int, severity: Severity = Severity.ERROR) -> None:
        line, column = self._places.key(*self._where, *inside)
        self._faults.append(Fault(self._file, line, column, self._snippet, code, severity, message, hint))
        self._errors += severity is Severity.ERROR


def _nearest(near: Sequence[str], allowed: Iterable[str]) -> str:
    return say("snippets.meant", name=near[0]) if near else say("snippets.allowed", names=", ".join(allowed))


def _all_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def _type_word(kind: type) -> str:
    words = {str: "text", dict: "table", list: "list", bool: "yes_no", date: "date", datetime: "date", int: "number", Decimal: "number"}
    return say(f"snippets.type_{words.get(kind, 'other')}")
