"""The snippet picker: the best for this conversation on top, filled with its data before one decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentdesk.errors import DeskError, Refused
from agentdesk.locale import say
from agentdesk.tui.layout import EMPTY, Piece, cells, cut, wrap
from agentdesk.tui.ports import Answers, Filled, Hit
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets.sheet import Choice, Sheet

NAMED = frozenset(
    (
        "order.number", "order.total", "order.placed_at", "order.shipment.number", "order.shipment.carrier", "order.shipment.url",
        "order.shipment.eta", "order.refund.total", "order.refund.at", "customer.name", "customer.first_name", "customer.email",
    )
)
"""Values of the snippets' language that have a name in the agent's."""


def value_name(name: str) -> str:
    """A value as the agent reads it; one that a pack brings has only its own name."""
    return say("screen.value_" + name.replace(".", "_")) if name in NAMED else name.removeprefix("ask.")


def tinted(filled: Filled, roles: Roles, width: int) -> list[list[Piece]]:
    """The filled text in lines: values in accent, missing ones in bad."""
    marks = [EMPTY] * len(filled.text)
    for start, end in filled.spans:
        marks[start:end] = [roles.accent] * (min(end, len(marks)) - start)
    for missing in (m for m in filled.missing if m.where == "text"):
        marks[missing.start : missing.end] = [roles.bad_strong] * (min(missing.end, len(marks)) - missing.start)
    lines: list[list[Piece]] = []
    place = 0
    for text in wrap(filled.text.rstrip(), width):
        while place < len(filled.text) and text and not filled.text.startswith(text, place):
            place += 1
        pieces: list[Piece] = []
        for offset, character in enumerate(text):
            style = marks[place + offset] if place + offset < len(marks) else EMPTY
            style = style if style is not EMPTY else roles.text
            if pieces and pieces[-1][1] is style:
                pieces[-1] = (pieces[-1][0] + character, style)
            else:
                pieces.append((character, style))
        lines.append(pieces)
        place += len(text)
    return lines


class Picker(Sheet):
    share = 0.7
    most = 7

    def __init__(
        self,
        answers: Answers,
        row: int,
        roles: Roles,
        *,
        language: str,
        chosen: Callable[[str, Filled], None],
        ask: Callable[[str, Filled, str], None],
        left: Callable[[], None],
        turn_key: str,
        does: Callable[[Mapping[str, Any]], Sequence[str]],
    ) -> None:
        self.title = say("screen.snippets")
        self._does = does
        self._answers, self._row, self._roles = answers, row, roles
        self.language = language
        self._chosen, self._ask, self._left, self._turn_key = chosen, ask, left, turn_key
        self._filled: dict[tuple[str, str], Filled | DeskError] = {}

    def fill(self, name: str) -> Filled | DeskError:
        key = (name, self.language)
        if key not in self._filled:
            try:
                self._filled[key] = self._answers.fill(name, self._row, self.language, {})
            except DeskError as error:
                self._filled[key] = error
        return self._filled[key]

    def choices(self, query: str) -> Sequence[Choice]:
        hits: Sequence[Hit] = self._answers.search(query, self._row)
        return [Choice(hit.title, _why(hit.why), hit.name) for hit in hits]

    def previews(self) -> bool:
        return True

    def hint(self) -> Sequence[Piece]:
        shown = self.language
        return [
            (shown, self._roles.accent),
            (f" {self._turn_key} {say('screen.hint_language')}", self._roles.faint),
        ]

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        if choice is None:
            return [[(say("screen.no_snippet"), self._roles.mute)]]
        filled = self.fill(choice.value)
        if isinstance(filled, DeskError):
            return [[(text, self._roles.bad)] for text in wrap(str(filled), width)]
        return tinted(filled, self._roles, width)

    def preview_note(self, choice: Choice | None) -> Sequence[Piece]:
        """What the reply will do besides going out."""
        filled = self.fill(choice.value) if choice is not None else None
        if filled is None or isinstance(filled, DeskError) or not (does := self._does(filled.actions)):
            return ()
        words = f"{say('screen.with_send')}: {' · '.join(does)}"
        return [(cut(words, max(10, self.width - cells(self.preview_title()) - 8)), self._roles.mute)]

    def foot(self, choice: Choice | None) -> Sequence[Piece]:
        """Which values are missing."""
        filled = self.fill(choice.value) if choice is not None else None
        if filled is None or isinstance(filled, DeskError):
            return ()
        labels = {f"ask.{ask.name}": str(ask.label or ask.name) for ask in filled.ask}
        missing = list(dict.fromkeys(labels.get(m.name) or value_name(m.name) for m in filled.missing))
        if not missing:
            asked = ", ".join(ask.label for ask in asked_of(filled))
            return [(f"{say('screen.asked_on_enter')}: ", self._roles.mute), (asked, self._roles.text)] if asked else ()
        words = say("screen.missing_values", n=len(missing))
        tail = " — " + say("screen.asked_on_enter") if asked_of(filled) else ""
        return [(words + " ", self._roles.bad), (", ".join(missing), self._roles.text), (tail, self._roles.mute)]

    def turns(self) -> bool:
        return True

    def turn_title(self) -> str:
        return say("screen.hint_language")

    def turn(self, choice: Choice | None, query: str) -> str | None:
        """The next language this snippet has."""
        order = list(self._answers.languages())
        place = order.index(self.language) if self.language in order else -1
        for step in range(1, len(order) + 1):
            language = order[(place + step) % len(order)]
            before, self.language = self.language, language
            filled = self.fill(choice.value) if choice else None
            if choice is None or (not isinstance(filled, DeskError) and filled is not None and filled.language == language):
                return None
            self.language = before
        return None

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is None:
            return
        filled = self.fill(choice.value)
        if isinstance(filled, DeskError):
            raise filled
        if asked_of(filled):
            self._ask(choice.value, filled, self.language)
        else:
            self._chosen(choice.value, filled)

    def leave(self) -> None:
        self._left()


class ArticlePicker(Picker):
    """The same for the articles: title and link in the customer's language, and what the article says."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.title = say("screen.articles")

    def choices(self, query: str) -> Sequence[Choice]:
        hits: Sequence[Hit] = self._answers.search_articles(query, self._row, language=self.language)
        return [Choice(hit.title, _why(hit.why), hit.name) for hit in hits]

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        if choice is None:
            words = say("screen.no_article") if query.strip() else say("screen.no_articles")
            return [[(text, self._roles.mute)] for text in wrap(words, width)]
        lines = list(super().preview(choice, query, width))
        filled = self.fill(choice.value)
        if not isinstance(filled, DeskError) and filled.summary:
            lines += [[], *([(text, self._roles.mute)] for text in wrap(filled.summary, width))]
        return lines


def _why(why: Any) -> str:
    return why if isinstance(why, str) else "  ".join(str(part) for part in why)


@dataclass(frozen=True, slots=True)
class Asked:
    """A value to ask for: the snippet's own question, or one that was missing."""

    name: str
    label: str
    default: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    """May stay open; then it stands in the text as a place, and the send stops there."""


def asked_of(filled: Filled) -> list[Asked]:
    """What to ask before a snippet goes in: its questions, then every other value that is missing."""
    asks = [Asked(a.name, str(a.label or a.name), str(a.default or ""), tuple(map(str, a.choices or ()))) for a in filled.questions]
    names = {f"ask.{a.name}" for a in asks}
    for missing in filled.missing:
        if missing.name not in names and missing.printable:
            names.add(missing.name)
            asks.append(Asked(missing.name, value_name(missing.name), optional=True))
    return asks


class AskForm(Sheet):
    """The values a snippet asks for, one line each, with the text filling itself below."""

    share = 0.62
    most = 4
    narrows = False

    def __init__(
        self,
        answers: Answers,
        row: int,
        roles: Roles,
        name: str,
        filled: Filled,
        language: str,
        *,
        chosen: Callable[[str, Filled], None],
        again: Callable[[Sheet], None],
        left: Callable[[], None],
    ) -> None:
        self._answers, self._row, self._roles, self._name, self._language = answers, row, roles, name, language
        self._chosen, self._again, self._left = chosen, again, left
        self._open = asked_of(filled)
        self._of = len(self._open)
        self._given: dict[str, str] = {}
        self._now = filled
        self._set_title()

    def _set_title(self) -> None:
        ask = self._open[0]
        place = f" · {self._of - len(self._open) + 1}/{self._of}" if self._of > 1 else ""
        self.title = ask.label + place
        self.placeholder = ask.default or (say("screen.may_stay_open") if ask.optional else "")

    def choices(self, query: str) -> Sequence[Choice]:
        # The default first: where the cursor stands is what enter takes.
        options = sorted(self._open[0].choices, key=lambda option: option != self._open[0].default)
        return [Choice(option, value=option) for option in options if option.casefold().startswith(query.casefold())]

    def previews(self) -> bool:
        return True

    def _answer(self, choice: Choice | None, query: str) -> str:
        if query.strip():
            return str(choice.value) if choice is not None else query.strip()
        return str(choice.value) if choice is not None else self._open[0].default

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        asked = dict(self._given)
        if answer := self._answer(choice, query):
            asked[self._open[0].name] = answer
        try:
            self._now = self._answers.fill(self._name, self._row, self._language, asked)
        except DeskError as error:
            return [[(text, self._roles.bad)] for text in wrap(str(error), width)]
        return tinted(self._now, self._roles, width)

    def choose(self, choice: Choice | None, query: str) -> None:
        answer = self._answer(choice, query)
        if not answer and not self._open[0].optional:
            raise Refused(say("screen.answer_needed", name=self._open[0].label))
        asked = self._open.pop(0)
        if answer:
            self._given[asked.name] = answer
        if self._open:
            self._set_title()
            self._again(self)
        else:
            self._chosen(self._name, self._answers.fill(self._name, self._row, self._language, self._given))

    def leave(self) -> None:
        self._left()
