"""Files of other helpdesks: Chatwoot's canned responses, macros of Zendesk and Gorgias, response templates of Re:amaze. All are JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentdesk.domain.clean import clean, clean_line
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.snippets.importing.foreign import Foreign, Read, Refused

_PRIORITIES = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}


def read_json(kind: str, content: bytes) -> Read:
    """The entries of an export, or of an answer of the API.

    Raises:
        UsageError: it is no JSON, or not what this program writes.
    """
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(say("importing.not_utf8")) from error
    except (ValueError, RecursionError) as error:
        line = f" ({error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(say("importing.not_json") + line) from error
    return read_entries(kind, data)


def read_entries(kind: str, data: Any) -> Read:
    """Likewise, of what was already read."""
    key, reader = _KINDS[kind]
    entries = data.get(key) if isinstance(data, dict) else data
    if isinstance(data, dict) and entries is None and kind == "gorgias":
        entries = data.get("data")  # a page of its API
    if isinstance(data, dict) and entries is None and kind == "chatwoot":
        entries = data.get("payload")
    if not isinstance(entries, list):
        raise UsageError(say("importing.not_of", kind=kind, key=key))
    found: list[Foreign] = []
    refused: list[Refused] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            refused.append(Refused(str(number), say("importing.no_table")))
            continue
        one = reader(entry, f"{number}")
        if isinstance(one, Refused):
            refused.append(one)
        else:
            found.append(one)
    return Read(tuple(found), tuple(refused))


def _line(value: object) -> str:
    return clean_line(str(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _text(value: object) -> str:
    return clean(value).strip() if isinstance(value, str) else ""


def _actions(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    given = entry.get("actions")
    yield from (one for one in given if isinstance(one, dict)) if isinstance(given, list) else ()


def _chatwoot(entry: Mapping[str, Any], number: str) -> Foreign | Refused:
    code, text = _line(entry.get("short_code")), _text(entry.get("content"))
    if not text:
        return Refused(code or number, say("importing.empty"))
    return Foreign(f"chatwoot:{_line(entry.get('id')) or code}", code.replace("-", " ").replace("_", " ").capitalize() or number, text, shortcut=code)


def _reamaze(entry: Mapping[str, Any], number: str) -> Foreign | Refused:
    title, text = _line(entry.get("name")), _text(entry.get("body"))
    if not text:
        return Refused(title or number, say("importing.empty"))
    group = entry.get("response_template_group")
    name = _line(group.get("name")) if isinstance(group, dict) else ""
    return Foreign(f"reamaze:{_line(entry.get('id')) or title}", title or number, text, html=_is_html(text), tags=(name,) if name else ())


def _zendesk(entry: Mapping[str, Any], number: str) -> Foreign | Refused:
    """Titles are `Category::Sub::Name`; a macro's text is one of its actions."""
    whole = _line(entry.get("title")) or number
    *folders, title = [part.strip() for part in whole.split("::") if part.strip()] or [number]
    if entry.get("active") is False:
        return Refused(whole, say("importing.inactive"))
    text, html, subject = "", False, ""
    tags, left = list(folders), list[str]()
    actions: dict[str, Any] = {}
    for action in _actions(entry):
        field, value = _line(action.get("field")), action.get("value")
        said = value[-1] if isinstance(value, list) and value else value  # ["channel:all", "the text"]
        if field == "comment_value_html" and _text(said):
            text, html = _text(said), True
        elif field == "comment_value" and _text(said) and not text:
            text = _text(said)
        elif field == "comment_mode_is_public" and str(said).lower() == "false":
            return Refused(whole, say("importing.internal"))
        elif field in {"current_tags", "set_tags"} and _line(said):
            actions["tags"] = _line(said).split()
        elif field == "status" and said in {"solved", "closed"}:
            actions["close"] = True
        elif field == "priority" and said in _PRIORITIES:
            actions["priority"] = _PRIORITIES[str(said)]
        elif field == "subject" and _line(said):
            subject = _line(said)
        elif field not in {"comment_mode_is_public", "comment_value", "comment_value_html"} and said not in (None, ""):
            left.append(f"{field}: {_line(said) or '…'}"[:80])
    if not text and not actions:
        return Refused(whole, say("importing.empty"))
    if isinstance(entry.get("restriction"), dict):
        left.append(say("importing.restricted"))
    return Foreign(
        f"zendesk:{_line(entry.get('id')) or whole}", title, text, html=html, subject=subject, tags=tuple(tags), actions=actions, left=tuple(left)
    )


def _gorgias(entry: Mapping[str, Any], number: str) -> Foreign | Refused:
    title = _line(entry.get("name")) or number
    text, html, subject = "", False, ""
    left: list[str] = []
    actions: dict[str, Any] = {}
    for action in _actions(entry):
        name, given = _line(action.get("name")), action.get("arguments")
        values = given if isinstance(given, dict) else {}
        if name == "setResponseText":
            text = _text(values.get("body_text"))
            if not text and _text(values.get("body_html")):
                text, html = _text(values.get("body_html")), True
        elif name == "addTags" and isinstance(values.get("tags"), str | list):
            given_tags = values["tags"] if isinstance(values["tags"], list) else values["tags"].split(",")
            actions["tags"] = [tag for tag in (_line(one) for one in given_tags) if tag]
        elif name == "setStatus" and values.get("status") == "closed":
            actions["close"] = True
        elif name == "setPriority" and values.get("priority") in _PRIORITIES:
            actions["priority"] = _PRIORITIES[str(values["priority"])]
        elif name == "setSubject" and _line(values.get("subject")):
            subject = _line(values.get("subject"))
        elif name:
            left.append(name[:80])
    if not text and not actions:
        return Refused(title, say("importing.empty"))
    return Foreign(
        f"gorgias:{_line(entry.get('id')) or title}", title, text, html=html, subject=subject, language=_line(entry.get("language")).lower(),
        actions=actions, left=tuple(left),
    )  # fmt: skip


def _is_html(text: str) -> bool:
    return "</" in text or "<br" in text.lower()


_KINDS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], str], Foreign | Refused]]] = {
    "chatwoot": ("canned_responses", _chatwoot), "zendesk": ("macros", _zendesk), "gorgias": ("macros", _gorgias), "reamaze": ("response_templates", _reamaze),
}  # fmt: skip
