"""The plain lists: some options, a text with suggestions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentdesk.locale import say
from agentdesk.tui.fuzzy import narrow
from agentdesk.tui.layout import Piece, wrap
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets.sheet import Choice, Sheet


class Options(Sheet):
    """A few things to choose from. `other` turns what is typed into a choice of its own (a date, a new tag)."""

    def __init__(
        self,
        title: str,
        options: Sequence[Choice],
        chosen: Callable[[Choice], None],
        *,
        placeholder: str = "",
        other: Callable[[str], Choice | None] | None = None,
        turned: Callable[[Choice], None] | None = None,
        left: Callable[[], None] | None = None,
        hint: Sequence[Piece] = (),
        typed: bool = True,
        share: float = 0.62,
        wide: bool = False,
        nothing: str = "",
    ) -> None:
        self.title, self.placeholder, self.typed, self.share, self.wide = title, placeholder, typed, share, wide
        self._options, self._chosen, self._other, self._turned, self._left = options, chosen, other, turned, left
        self._hint, self._nothing = hint, nothing

    def choices(self, query: str) -> Sequence[Choice]:
        if not query.strip():
            return self._options
        options = [choice for choice in self._options if not choice.heading]
        found = narrow(query, options, lambda choice: f"{choice.title} {choice.why}")
        other = self._other(query) if self._other else None
        return [other, *found] if other else found

    def hint(self) -> Sequence[Piece]:
        return self._hint

    def nothing(self, query: str) -> str:
        return self._nothing or super().nothing(query)

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._chosen(choice)

    def turns(self) -> bool:
        return self._turned is not None

    def turn(self, choice: Choice | None, query: str) -> str | None:
        if self._turned and choice is not None:
            self._turned(choice)
        return None

    def leave(self) -> None:
        if self._left:
            self._left()


class Prompt(Sheet):
    """One text is asked for; suggestions can be taken instead. With `roles`, `words` below say more about what is asked."""

    share = 0.4
    narrows = False

    def __init__(
        self,
        title: str,
        given: Callable[[str], None],
        *,
        placeholder: str = "",
        suggestions: Callable[[str], Sequence[Choice]] | None = None,
        secret: bool = False,
        words: str = "",
        roles: Roles | None = None,
        left: Callable[[], None] | None = None,
    ) -> None:
        self.title, self.placeholder, self.secret = title, placeholder, secret
        self._given, self._suggestions, self._words, self._roles, self._left = given, suggestions, words, roles, left

    def choices(self, query: str) -> Sequence[Choice]:
        return self._suggestions(query) if self._suggestions else ()

    def previews(self) -> bool:
        return self._roles is not None

    def preview_title(self) -> str:
        return ""

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        return [[(text, self._roles.text)] for text in wrap(self._words, width)] if self._roles is not None else ()

    def turns(self) -> bool:
        return self._suggestions is not None

    def turn_title(self) -> str:
        return say("screen.complete")

    def turn(self, choice: Choice | None, query: str) -> str | None:
        """As in a shell: the suggestion becomes what is typed."""
        return None if choice is None else str(choice.value)

    def choose(self, choice: Choice | None, query: str) -> None:
        # A suggestion counts where nothing of one's own was typed, or where it is what typing led to.
        self._given(str(choice.value) if choice is not None else query)

    def leave(self) -> None:
        if self._left:
            self._left()
