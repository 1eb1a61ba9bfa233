"""The attachments of a conversation, each with how it stands, and what can be done with one. Both follow what happens behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentdesk.desk.facts import AttachmentFact, Fetch
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.fuzzy import narrow
from agentdesk.tui.layout import cells, cut
from agentdesk.tui.widgets.attachment import NOTICED, fetch_words, name_of, whereabouts
from agentdesk.tui.widgets.sheet import Choice, Sheet

TOPICS = frozenset({"progress", "blob", "conversation", "channel"})
LEAST = 16
"""Cells of a name that are kept beside its state."""
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


class AttachmentsSheet(Sheet):
    """All of them. A choice's value is an attachment's fact, or `"save"` and `"stop"` for every one."""

    share = 0.5
    topics = TOPICS

    def __init__(self, facts: Callable[[], Sequence[AttachmentFact]], chosen: Callable[[AttachmentFact | str], None]) -> None:
        self._facts, self._chosen = facts, chosen
        self.title = say("commands.attachments")

    def choices(self, query: str) -> Sequence[Choice]:
        facts = self._facts()
        found = []
        for number, fact in enumerate(facts, 1):
            words, role = whereabouts(fact)
            why = " · ".join(filter(None, (times.size(fact.size), words or say("files.here"))))
            title = cut(f"{number}  {name_of(fact)}", max(LEAST, self.width - cells(why) - 2))
            found.append(Choice(title, why, fact, role="text" if role == "faint" else role))
        missing = [fact for fact in facts if not fact.here]
        if len(facts) > 1:
            why = " · ".join(filter(None, (say("files.count", n=len(facts)), times.size(sum(fact.size for fact in facts)), _all_about(missing))))
            found.append(Choice(say("files.save_all"), why, "save"))
        if sum(fact.fetch is not None and fact.fetch.state != "failed" for fact in missing) > 1:
            found.append(Choice(say("files.stop_all"), "", "stop"))
        return narrow(query, found, _sought) if query.strip() else found

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._chosen(choice.value)


def _sought(choice: Choice) -> str:
    """What typing is compared with: the whole name, however much of it there is room for."""
    fact = choice.value
    return f"{choice.title} {name_of(fact)} {fact.type}" if isinstance(fact, AttachmentFact) else choice.title


def _all_about(missing: Sequence[AttachmentFact]) -> str:
    """How long it takes to have those that are not here; empty where that is not known."""
    seconds = sum(fact.seconds or 0 for fact in missing)
    known = all(fact.seconds is not None for fact in missing)
    return say("files.about", time=times.rough(seconds)) if known and seconds >= NOTICED else ""


class FileMenu(Sheet):
    """What can be done with one attachment, or with a whole message: as it stands at this moment."""

    share = 0.4
    topics = TOPICS

    def __init__(
        self, name: str, stands: Callable[[], tuple[bool, Fetch | None, str]], uses: Sequence[Choice], chosen: Callable[[str], None]
    ) -> None:
        """`stands`: whether it is here, how far it is, its size and state in words; `uses`: what it is good for once it is here."""
        self._name, self._stands, self._uses, self._chosen = name, stands, uses, chosen

    def choices(self, query: str) -> Sequence[Choice]:
        here, fetch, words = self._stands()
        self.title = f"{self._name} · {words}"
        found = list(self._uses)
        if fetch is not None and fetch.state != "failed":
            found.append(Choice(say("files.stop"), fetch_words(fetch)[0], "stop"))
        elif not here:
            found.append(Choice(say("files.fetch_again" if fetch is not None else "files.fetch"), "", "fetch"))
        return narrow(query, found, lambda choice: choice.title) if query.strip() else found

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._chosen(str(choice.value))
