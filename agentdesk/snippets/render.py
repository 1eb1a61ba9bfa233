"""A snippet and a conversation's values make a text, or a text with its gaps shown.

    filled = render(snippet, "it", context, {"days": "3"})
    filled.missing        # nothing may be sent while there is something in it
    open_places(text)     # what an edited text still has open, asked once more before it is sent

Importing this module costs nothing; the first `render` imports the template engine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from agentdesk.errors import Refused, UsageError
from agentdesk.locale import say
from agentdesk.snippets.model import NOTHING, Ask, Snippet
from agentdesk.snippets.names import leaf_names

if TYPE_CHECKING:
    from agentdesk.snippets.recorder import Recorder

_PLACE = re.compile(r"⟨([^⟨⟩\n]*[^⟨⟩\s][^⟨⟩\n]*)⟩")
_RAW = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\{|\}\}|\{%|%\}", re.DOTALL)
_LINE_ENDS = re.compile(r"[ \t]*\n(?:[ \t]*\n)*")


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that was wanted and is not there."""

    name: str
    start: int
    end: int
    where: str = "text"
    """`text` or `subject`."""
    printable: bool = True
    """False: there is something, but no text can be made of it (a mistake in the snippet)."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A snippet filled for one conversation."""

    text: str
    """With `⟨name⟩` where a value is missing."""
    subject: str = ""
    """Empty: the snippet has none, the conversation's stays."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where in `text` the filled values are (start, end)."""
    missing: tuple[Missing, ...] = ()
    ask: tuple[Ask, ...] = ()
    """What the agent still has to be asked."""
    cursor: int = 0
    """Where to go on writing: the first gap, else where the text says it (`{% cursor %}`), else the end."""
    language: str = ""
    """The language it is written in; not always the one wanted."""
    actions: Mapping[str, Any] = field(default_factory=dict)
    snippet: str = ""
    """Full name of what was filled."""
    version: str = ""
    """Its version then."""
    summary: str = ""
    """Of an article, for the agent; never sent."""
    questions: tuple[Ask, ...] = ()
    """All that the snippet asks, also where a default answers."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """The agent's answers."""

    @property
    def values(self) -> tuple[str, ...]:
        """What data filled in; very short ones are left out (they would tint every "1")."""
        return tuple(value for start, end in self.spans if len(value := self.text[start:end].strip()) > 1 and "\n" not in value)

    @property
    def names(self) -> tuple[str, ...]:
        """The missing names, each once, in the order of the text."""
        return tuple(dict.fromkeys(missing.name for missing in self.missing))


def render(
    snippet: Snippet, language: str, context: Mapping[str, Any], asked: Mapping[str, str] = NOTHING, *, today: date | None = None
) -> Filled:
    """Fill a snippet.

    `context` is what `build_context` made. `asked` are the agent's answers: to the snippet's own questions by their name, or
    to a name that was missing ("order.shipment.number"). `today` is the context's unless it is given.

    Raises:
        Refused: outside its dates, on a channel it is not for, or the text cannot be worked out; the reason is in the words.
        UsageError: an answer to a question that is not asked, or not one of its choices.
    """
    now: datetime | None = getattr(context, "now", None)
    reason = snippet.refusal(today or (now.date() if now else None), getattr(context, "channel_kind", ""))
    if reason:
        raise Refused(say("snippets.refused", name=snippet.full_name, why=reason))
    answers, open_asks, values = _answers(snippet, context, asked)
    values["ask"] = answers
    values["policy"] = {**snippet.policy, **context.get("policy", {})}
    wanted = language or snippet.language("")
    chosen = snippet.language(wanted)
    # Dates and money are written in the language of the text, in the customer's country's way where it is the same language.
    style = wanted if wanted.split("-")[0].lower() == chosen.split("-")[0] else chosen
    body = _fill(snippet, snippet.texts[chosen], values, style, context)
    text, spans, missing, marked = _tidy(body, "text")
    subject = ""
    if chosen in snippet.subjects:
        line = _fill(snippet, snippet.subjects[chosen], values, style, context)
        subject = " ".join(line.getvalue().split())
        missing += _tidy(line, "subject").missing
    if snippet.is_article:
        lead = f"{snippet.titles[chosen]} – "
        text, subject = lead + text, ""
        spans = tuple((start + len(lead), end + len(lead)) for start, end in spans)
        missing = tuple(replace(gap, start=gap.start + len(lead), end=gap.end + len(lead)) for gap in missing)
        marked = None
    cursor = next((gap.start for gap in missing if gap.where == "text"), len(text) if marked is None else marked)
    return Filled(
        text, subject, spans, missing, open_asks, cursor, chosen, snippet.actions, snippet.full_name, snippet.version,
        snippet.summaries.get(chosen, ""), snippet.asks, dict(asked),
    )  # fmt: skip


def open_places(text: str) -> tuple[str, ...]:
    """What in a text is not fit to be sent: names of gaps (`⟨name⟩`) and raw pieces of Liquid, each once, in order.

    A customer whose name is "{{ 7 | times: 7 }}" is found too: their chat would read it as a template.
    """
    found: dict[int, str] = {}
    if "⟨" in text:
        found.update((match.start(), match.group(1)) for match in _PLACE.finditer(text))
    if "{{" in text or "{%" in text or "}}" in text or "%}" in text:
        found.update((match.start(), " ".join(match.group().split())[:60]) for match in _RAW.finditer(text))
    return tuple(dict.fromkeys(found[start] for start in sorted(found)))


def _answers(
    snippet: Snippet, context: Mapping[str, Any], asked: Mapping[str, str]
) -> tuple[dict[str, str], tuple[Ask, ...], dict[str, Any]]:
    """The answers to the snippet's questions, the questions without one, and the context with the other answers in it."""
    values: dict[str, Any] = dict(context)
    answers: dict[str, str] = {}
    known = {ask.name: ask for ask in snippet.asks}
    for key, raw in asked.items():
        answer = " ".join(str(raw).split()) if "\n" not in str(raw) else str(raw).strip()
        name = key.removeprefix("ask.")
        if name in known:
            if answer and known[name].choices and answer not in known[name].choices:
                raise UsageError(say("snippets.not_a_choice", name=name, value=answer, choices=", ".join(known[name].choices)))
            if answer:
                answers[name] = answer
        elif key in leaf_names() or (key.startswith("policy.") and key.count(".") == 1):
            if answer:
                _put(values, key.split("."), answer)
        else:
            raise UsageError(say("snippets.no_such_answer", name=key, snippet=snippet.full_name))
    open_asks = tuple(ask for ask in snippet.asks if ask.name not in answers and not ask.default)
    for ask in snippet.asks:
        if ask.default:
            answers.setdefault(ask.name, ask.default)
    return answers, open_asks, values


def _put(values: dict[str, Any], path: list[str], answer: str) -> None:
    """Put a leaf into a copy of the branch it hangs on; the context itself is somebody else's."""
    for name in path[:-1]:
        branch = values.get(name)
        values[name] = dict(branch) if isinstance(branch, Mapping) else {}
        values = values[name]
    values[path[-1]] = answer


def _fill(snippet: Snippet, source: str, values: Mapping[str, Any], language: str, context: Mapping[str, Any]) -> Recorder:
    from liquid.exceptions import LiquidError  # noqa: PLC0415 - see the module's first lines

    from agentdesk.snippets.filters import MAX_TEXT  # noqa: PLC0415 - likewise
    from agentdesk.snippets.recorder import Recorder  # noqa: PLC0415 - likewise
    from agentdesk.snippets.template import ReplyContext, parse  # noqa: PLC0415 - likewise

    try:
        template = parse(source)
        scope = ReplyContext(template, globals=values)
        scope.language = language
        scope.currency = getattr(context, "currency", "")
        scope.now = getattr(context, "now", None)
        recorder = Recorder(MAX_TEXT)
        template.render_with_context(scope, recorder)
    except (LiquidError, ArithmeticError, RecursionError) as error:
        why = error.message if isinstance(error, LiquidError) else type(error).__name__
        raise Refused(say("snippets.broken_text", name=snippet.full_name, language=language, why=why)) from error
    return recorder


class _Tidy(NamedTuple):
    text: str
    spans: tuple[tuple[int, int], ...]
    missing: tuple[Missing, ...]
    cursor: int | None


def _tidy(recorder: Recorder, where: str) -> _Tidy:
    """The text without what the tags leave behind: blanks at line ends, several empty lines, empty ends. Places move along."""
    raw, at = recorder.getvalue(), recorder.cursor
    spans, gaps = recorder.spans, [(gap.start, gap.end) for gap in recorder.gaps]
    if at is not None:  # a letter for the cursor, until the text is tidy: its line is not empty, it waits for words
        raw = f"{raw[:at]}x{raw[at:]}"
        spans, gaps = ([(a + (a >= at), b + (b > at)) for a, b in places] for places in (spans, gaps))
    # Values stay as they are: for what is cut, each is a run of letters.
    shape = raw
    for start, end in spans:
        shape = shape[:start] + "x" * (end - start) + shape[end:]
    lead, tail = len(shape) - len(shape.lstrip()), len(shape.rstrip())
    cuts = [(0, lead)]
    for match in _LINE_ENDS.finditer(shape, lead, tail):
        breaks = 0
        for place, character in enumerate(match.group(), match.start()):
            breaks += character == "\n"
            if character != "\n" or breaks > 2:
                cuts.append((place, place + 1))
    cuts.append((tail, len(raw)))
    kept: list[str] = []
    edges: list[tuple[int, int]] = []
    position = 0
    for begin, end in cuts:
        start = max(begin, position)
        if end > start:
            kept.append(raw[position:start])
            edges.append((start, end))
            position = end
    kept.append(raw[position:])

    def moved(place: int) -> int:
        return place - sum(min(place, end) - start for start, end in edges if start < place)

    text, cursor = "".join(kept), None
    spans, gaps = ([(moved(a), moved(b)) for a, b in places] for places in (spans, gaps))
    if at is not None:
        cursor = moved(at)
        text = text[:cursor] + text[cursor + 1 :]
        spans, gaps = ([(a - (a > cursor), b - (b > cursor)) for a, b in places] for places in (spans, gaps))
    missing = tuple(Missing(gap.name, a, b, where, gap.printable) for gap, (a, b) in zip(recorder.gaps, gaps, strict=True))
    return _Tidy(text, tuple(spans), missing, cursor)
