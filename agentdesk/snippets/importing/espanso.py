"""espanso's match files (YAML): plain entries. What runs a program, reads the clipboard or depends on the moment is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agentdesk.domain.clean import clean, clean_line
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.snippets.importing.foreign import Foreign, Read, Refused
from agentdesk.snippets.importing.variables import CURSOR

_RUNS = frozenset({"shell", "script"})


def read_espanso(content: bytes) -> Read:
    """The `matches` of a file.

    Raises:
        UsageError: it is no YAML, or has none.
    """
    import yaml  # noqa: PLC0415 - only for this

    try:
        data = yaml.safe_load(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(say("importing.not_utf8")) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(say("importing.not_yaml") + (f" ({mark.line + 1}:{mark.column + 1})" if mark is not None else "")) from error
    matches = data.get("matches") if isinstance(data, dict) else None
    if not isinstance(matches, list):
        raise UsageError(say("importing.not_of", kind="espanso", key="matches"))
    shared = _by_name(data.get("global_vars"))
    found: list[Foreign] = []
    refused: list[Refused] = []
    for number, match in enumerate(matches, 1):
        one = _match(match, number, shared) if isinstance(match, dict) else Refused(str(number), say("importing.no_table"))
        if isinstance(one, Refused):
            refused.append(one)
        else:
            found.append(one)
    return Read(tuple(found), tuple(refused))


def _by_name(given: object) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("name")): one for one in given if isinstance(one, dict)} if isinstance(given, list) else {}


def _match(match: Mapping[str, Any], number: int, shared: Mapping[str, Mapping[str, Any]]) -> Foreign | Refused:
    triggers = match.get("triggers")
    trigger = clean_line(str(triggers[0] if isinstance(triggers, list) and triggers else match.get("trigger") or match.get("regex") or number))
    own = _by_name(match.get("vars"))
    variables = {**shared, **own}
    for key in ("regex", "form", "image_path"):
        if match.get(key) is not None:
            return Refused(trigger, say("importing.espanso_key", key=key))
    html = not isinstance(match.get("replace"), str) and isinstance(match.get("html"), str)
    text = next((clean(value) for key in ("replace", "html", "markdown") if isinstance(value := match.get(key), str)), "")
    if not text.strip():
        return Refused(trigger, say("importing.empty"))
    asks: dict[str, tuple[str, ...]] = {}
    for name in re.findall(r"\{\{\s*([\w.]+)\s*\}\}", text):
        variable = variables.get(name) or variables.get(name.partition(".")[0])
        if variable is None:
            continue  # told as unknown, and asked for
        kind, given = variable.get("type"), variable.get("params")
        values = given if isinstance(given, dict) else {}
        if kind in _RUNS:
            return Refused(trigger, say("importing.runs", name=name, kind=kind))
        if kind == "echo" and isinstance(values.get("echo"), str):
            text = clean(values["echo"]).join(re.split(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", text))
        elif kind == "choice":
            asks[name] = _choices(values.get("values"))
        else:
            return Refused(trigger, say("importing.moment", name=name, kind=kind))
    for name, variable in own.items():  # one that only another variable uses
        if variable.get("type") in _RUNS:
            return Refused(trigger, say("importing.runs", name=name, kind=variable["type"]))
    title = clean_line(str(match.get("label") or "")) or trigger.strip(":;/ ") or trigger
    return Foreign(f"espanso:{trigger}", title, text.replace("$|$", "{{ " + CURSOR + " }}", 1).strip(), html=html, shortcut=_shortcut(trigger), asks=asks)


def _shortcut(trigger: str) -> str:
    short = trigger.strip(":;/ ")
    return short if re.fullmatch(r"\S{1,40}", short) else ""


def _choices(given: object) -> tuple[str, ...]:
    found = [one.get("label") if isinstance(one, dict) else one for one in given] if isinstance(given, list) else []
    return tuple(clean_line(str(one)) for one in found if one is not None and str(one).strip())
