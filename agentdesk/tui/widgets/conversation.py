"""The conversation: messages, notes and unsent replies as wrapped lines, the newest at the bottom.

Each entry is wrapped once for a width and kept; a change wraps only what changed, so 200 messages open as quickly as two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from textual.message import Message
from textual.strip import Strip

from agentdesk.desk import cautions
from agentdesk.desk.facts import AttachmentFact, Item, Row
from agentdesk.domain.message import Direction, Verified
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, cut, line, parts, rule, wrap
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets import attachment
from agentdesk.tui.widgets.lines import Lines
from agentdesk.tui.widgets.mailtext import Text, lines_of, shortened

GOOD = frozenset({"filed", "sent", "delivered", "read", "accepted"})
BAD = frozenset({"unknown", "conflict", "rejected", "failed"})
LOOK = BAD - {"failed"}
"""What the agent decides in the outbox; the key for it stands beside."""
STATES = GOOD | BAD | {"draft", "held", "scheduled", "queued", "fenced", "sending"}
"""Those the catalogue has words for; a chat may report others."""
WIDEST = 96
"""Text is not set wider than this: longer lines are hard to read."""


class Head(Lines):
    """Subject, who it is with, tags: two lines and an empty one."""

    DEFAULT_CSS = "Head { height: 3; width: 100%; }"

    def __init__(self) -> None:
        super().__init__(id="head")
        self.row: Row | None = None
        self.about: tuple[str, str, str] = ("", "", "")
        """Number, status and role of the order it is about: shown where the panel is not."""

    def show(self, row: Row | None, about: tuple[str, str, str] = ("", "", "")) -> None:
        if (row, about) != (self.row, self.about):
            self.row, self.about = row, about
            self.refresh()

    def draw(self, y: int, width: int) -> Strip:
        roles, row = self.roles, self.row
        if row is None or y > 1:
            return Strip.blank(width)
        if y == 0:
            right: list[Piece] = []
            if self.about[0]:
                right = [(f"#{self.about[0].lstrip('#')} ", roles.accent), (self.about[1], roles.by_name(self.about[2]))]
            else:
                for tag in row.tags[:3]:
                    right += [("  ", roles.text), (cut(tag, 18), roles.accent)]
                if row.priority in {"urgent", "high"}:
                    style = roles.warm if row.priority == "urgent" else roles.mute
                    right += [("  ", roles.text), (say(f"screen.priority_{row.priority}"), style)]
            return line(
                width, [(" ", roles.text), (row.subject or say("screen.no_subject"), roles.strong)],
                [*right, (" ", roles.text)],
            )  # fmt: skip
        who = f"{row.customer_name} <{row.customer_address}>" if row.customer_name else row.customer_address
        if row.is_chat:
            who = f"{row.customer_name or row.customer_address} · {row.channel}"
        state: list[Piece] = []
        if row.assignee:
            name = self.desk_app.short_name(row.assignee)
            state.append((f"{name} · ", roles.accent if row.assignee.lower() == self.desk_app.agent else roles.mute))
        if row.status != "open":
            word = say(f"screen.status_{row.status}")
            if row.status == "snoozed" and row.snoozed_until:
                word += " " + times.until(row.snoozed_until, self.desk_app.now())
            state.append((word + " · ", roles.mute))
        if width > 44 or not state:
            state.append((say("screen.messages", n=row.messages), roles.faint))
        elif state:
            state[-1] = (state[-1][0].removesuffix(" · "), state[-1][1])
        return line(width, [(" ", roles.text), (who, roles.mute)], [*state, (" ", roles.text)], gap=2)


class Conversation(Lines, can_focus=True):
    """The messages. `open` shows another conversation, `update` the same one with what changed."""

    class Wanted(Message):
        """Texts in sight that are not here."""

        def __init__(self, rows: tuple[int, ...]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(id="conversation")
        self._now = now
        self.items: tuple[Item, ...] = ()
        self.subject = ""
        self.quotes = False
        """Quoted text is unfolded, and links are shown in full."""
        self.waiting: frozenset[int] = frozenset()
        """Rows of messages whose text has been asked for."""
        self.top = 0
        self.covered = 0
        """Lines at the bottom that a list lies over: the end is what stands above them."""
        self._at_end = True
        self._blocks: dict[tuple[str, int], tuple[object, list[Text]]] = {}
        self._lines: list[Text] = []
        self._starts: list[int] = []

    # -- content ---------------------------------------------------------------------------------------------------

    def open(self, items: Sequence[Item], subject: str) -> None:
        self.items, self.subject, self.quotes = tuple(items), subject, False
        self._blocks.clear()
        self._build()
        self.to_newest()
        self.refresh()

    def update(self, items: Sequence[Item], waiting: frozenset[int] | None = None) -> None:
        """The same conversation, changed: stays where it was read, or at the end if that was in sight."""
        if tuple(items) == self.items and waiting in {None, self.waiting}:
            return
        at_end = self._at_end
        grown = len(items) > len(self.items)
        self.items = tuple(items)
        self.waiting = self.waiting if waiting is None else waiting
        self._build()
        if at_end and (grown or self.top >= self.last_top):
            self.to_newest()
        self.top = max(0, min(self.top, self.last_top))
        self.refresh()

    def toggle_quotes(self) -> bool:
        """Fold or unfold; the entry at the top stays there."""
        if not any(item.quoted or (item.text and shortened(item.text) != item.text) for item in self.items):
            return False
        place = max((i for i, start in enumerate(self._starts) if start <= self.top), default=0)
        self.quotes = not self.quotes
        self._build()
        if self._starts:
            self.top = min(self._starts[place] if self.top else 0, self.last_top)
        self.refresh()
        return True

    def attachments(self) -> tuple[AttachmentFact, ...]:
        """All of the conversation, in order: the first has number 1. Of a message those first that do not stand in its text."""
        return tuple(a for item in self.items for a in sorted(item.attachments, key=_in_text))

    @property
    def awaits_files(self) -> bool:
        """Something of it has been asked for that is not here."""
        return any(item.raw is not None or any(file.fetch is not None for file in item.attachments) for item in self.items)

    @property
    def last_top(self) -> int:
        return max(0, len(self._lines) - max(1, self.size.height - self.covered))

    def cover(self, lines: int) -> None:
        """A list lies over so many lines at the bottom; the newest message stays in sight above it."""
        if lines == self.covered:
            return
        self.covered = lines
        if self._at_end:
            self.to_newest()
        self.top = min(self.top, self.last_top)
        self.refresh()

    def to_newest(self) -> None:
        """The end in sight; a newest message longer than the window from its beginning."""
        self.top = min(self.last_top, self._starts[-1]) if self._starts else 0
        self._at_end = True

    def scroll_by(self, by: int) -> None:
        top = max(0, min(self.top + by, self.last_top))
        if top != self.top:
            self.top = top
            self._at_end = top >= self.last_top
            self.refresh()

    def scroll_page(self, by: int) -> None:
        self.scroll_by(by * max(1, self.size.height - 2))

    def on_resize(self) -> None:
        self._build()
        if self._at_end:
            self.to_newest()
        self.top = max(0, min(self.top, self.last_top))
        self.refresh()

    def unread_texts(self) -> tuple[int, ...]:
        """Rows of messages whose text is not here, newest first."""
        return tuple(item.row for item in reversed(self.items) if item.text is None and item.row and not item.gone)

    # -- lines -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        if not self.size.width:
            # Not laid out yet; there is nothing to wrap to, and the size comes before the first picture.
            self._lines, self._starts = [], []
            return
        width = max(8, min(self.size.width - 4, WIDEST))
        lines: list[Text] = []
        starts: list[int] = []
        number = 1
        day: date | None
        zone = self._now().tzinfo
        # The first entry's day is named too, unless everything is of today.
        day = self._now().date()
        kept: dict[tuple[str, int], tuple[object, list[Text]]] = {}
        if len({item.at.astimezone(zone).date() for item in self.items}) > 1:
            day = None
        for item in self.items:
            item_day = item.at.astimezone(zone).date()
            if item_day != day:
                if lines:
                    lines.append(())
                lines.append((("\0" + times.long_day(item.at, self._now()), self.roles.faint),))
            elif lines:
                lines.append(())
            day = item_day
            starts.append(len(lines))
            sign = (item, self.quotes, item.row in self.waiting, number, self.roles.name)
            key = (item.key, width)
            known = self._blocks.get(key)
            block = known[1] if known and known[0] == sign else self._block(item, width, number)
            kept[key] = (sign, block)
            number += len(item.attachments)
            lines.extend(block)
        self._blocks, self._lines, self._starts = kept, lines, starts

    def _block(self, item: Item, width: int, number: int) -> list[Text]:
        roles, now = self.roles, self._now()
        lines: list[Text] = [self._header(item, roles, now)]
        if item.subject and self.subject and _bare(item.subject) != _bare(self.subject):
            lines.append(((cut(item.subject, width), roles.mute),))
        lines.extend(self._cautions(item, width, roles))
        if item.marks:
            lines.extend(((text, roles.mute),) for text in parts([say(f"mail.mark.{mark}") for mark in item.marks], width))
        ours = item.direction is Direction.OUT
        note = item.direction is Direction.NOTE
        style = roles.note if note else roles.mute if ours else roles.text
        if item.text is None:
            words = "screen.text_asked" if item.row in self.waiting else "screen.text_absent"
            lines.append(((say(words), roles.faint),))
        elif item.text.strip():
            lines.extend(lines_of(item.text.strip("\n"), width, roles, style, whole=self.quotes))
        if item.quoted.strip():
            lines.extend(self._quoted(item.quoted.strip("\n"), width, roles))
        lines.extend(self._attachments(item.attachments, number, width, roles))
        if item.raw is not None:
            lines.extend(attachment.whole(item.raw, item.size, width, roles))
        if item.problem:
            lines.extend(((text, roles.warm),) for text in wrap(self._problem(item.problem), width))
        for notice in item.notices:
            lines.extend(((text, roles.bad if item.look else roles.note),) for text in wrap(notice, width))
        if item.detail and item.state in BAD:
            lines.extend(((text, roles.bad),) for text in wrap(item.detail, width))
        if item.gone:
            lines.append(((say("screen.gone"), roles.faint),))
        return lines

    @staticmethod
    def _cautions(item: Item, width: int, roles: Roles) -> list[Text]:
        """What to be warned of, above the text: a word in front, so that it is not the colour alone that says it."""
        lines: list[Text] = []
        for caution in item.cautions:
            word = say("cautions.warning" if caution.severe else "cautions.careful")
            style = roles.bad if caution.severe else roles.warm
            first, *rest = wrap(cautions.words(caution, item), max(8, width - cells(word) - 2))
            lines.append(((word, roles.bad_strong if caution.severe else roles.warm_strong), ("  " + first, style)))
            lines.extend(((" " * (cells(word) + 2) + text, style),) for text in rest)
        return [*lines, ()] if lines else lines

    def _quoted(self, text: str, width: int, roles: Roles) -> list[Text]:
        """Folded text: how much there is, and the key that shows it."""
        words = say("screen.quoted_lines", n=text.count("\n") + 1)
        head: Text = ((("▾ " if self.quotes else "▸ ") + words, roles.faint), (" · " + self.desk_app.key_of("quotes"), roles.accent))
        if not self.quotes:
            return [head]
        return [head, *((("  ", roles.faint), *((part, roles.faint) for part, _ in line)) for line in lines_of(text, width - 2, roles, roles.faint, whole=True))]

    @staticmethod
    def _problem(problem: str) -> str:
        known = problem.replace(" ", "_").replace("-", "_")
        return say(f"screen.problem_{known}") if known in {"too_complex", "unreadable"} else problem

    def _header(self, item: Item, roles: Roles, now: datetime) -> Text:
        ours = item.direction is Direction.OUT
        name = item.sender.name or item.sender.address
        pieces: list[Piece] = []
        if item.direction is Direction.NOTE:
            pieces.append((f"{say('screen.note')} · {self.desk_app.short_name(name)}", roles.note_strong))
        elif ours:
            pieces.append((self.desk_app.short_name(name), roles.accent))
        else:
            pieces.append((name, roles.strong))
        pieces.append(("  " + times.clock(item.at, now), roles.faint))
        if item.direction is Direction.IN and item.verified is Verified.FAIL:
            pieces.append(("  " + say("screen.not_verified"), roles.bad))
        if item.automatic:
            pieces.append(("  " + say("screen.automatic"), roles.faint))
        if ours and item.state:
            style = roles.bad if item.state in BAD else roles.faint if item.state in GOOD else roles.note
            words = say(f"screen.state_{item.state}") if item.state in STATES else item.state
            if item.goes_at is not None:
                words = say("screen.goes_at", at=times.until(item.goes_at, now))
            pieces.append(("  " + words, style))
            if item.state in LOOK or item.look:
                pieces.append((" · " + self.desk_app.key_of("outbox"), roles.accent))
        others = [str(a.address) for a in item.cc]
        if others:
            pieces.append(("  " + say("screen.copy_to", who=", ".join(others)), roles.faint))
        return tuple(pieces)

    def _attachments(self, files: Sequence[AttachmentFact], number: int, width: int, roles: Roles) -> list[Text]:
        """One line each; pictures that stand in the text together below, on as few lines as hold them."""
        beside = [file for file in files if not _in_text(file)]
        lines = [line for index, file in enumerate(beside) for line in attachment.lines(file, number + index, width, roles)]
        inside = [file for file in files if _in_text(file)]
        row: list[Piece] = [(say("screen.in_the_text"), roles.faint)]
        used = cells(row[0][0])
        for index, file in enumerate(inside, number + len(beside)):
            name = cut(file.name or file.type, 32)
            size = f" {times.size(file.size)}" + (" " + attachment.fetch_words(file.fetch)[0] if file.fetch is not None else "")
            taken = 3 + len(str(index)) + cells(name) + cells(size)
            if used + taken > width and used > cells(say("screen.in_the_text")):
                lines.append(tuple(row))
                row, used = [], 0
            row += [(f"  {index} ", roles.accent), (name, roles.mute), (size, roles.faint)]
            used += taken
        return [*lines, tuple(row)] if inside else lines

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        index = self.top + y
        if index >= len(self._lines):
            return Strip.blank(width)
        pieces = self._lines[index]
        if pieces and pieces[0][0].startswith("\0"):
            return rule(width, roles.line, [(pieces[0][0][1:], roles.faint)])
        more = index == self.top and self.top > 0
        right: list[Piece] = [("↑ ", roles.faint)] if more else []
        if y == self.size.height - 1 and self.top < self.last_top:
            right = [("↓ ", roles.accent)]
        return line(width, [(" ", roles.text), *pieces], right, gap=0)

    def on_mouse_scroll_down(self) -> None:
        self.scroll_by(3)

    def on_mouse_scroll_up(self) -> None:
        self.scroll_by(-3)


def _bare(subject: str) -> str:
    """A subject without its Re: and Fwd:, for comparing only."""
    words = subject.strip().lower()
    while ":" in words[:5]:
        words = words.partition(":")[2].strip()
    return words


def _in_text(file: AttachmentFact) -> bool:
    """A picture that stands in the text; other files are attached even where they say that they are inline."""
    return file.inline and file.type.startswith("image/")
