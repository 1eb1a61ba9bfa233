"""The line above: the desk, the agent, what there is to do, and how the line to the servers is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from agentdesk.desk.facts import ChannelFact, Counts
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.layout import Piece, cells, line
from agentdesk.tui.line import figures
from agentdesk.tui.widgets.lines import Lines

WIDE = 110
"""Columns from which bytes are told by direction, and a thin line with its figures."""
BAD = frozenset({"refused", "down"})


class TopLine(Lines):
    DEFAULT_CSS = "TopLine { height: 1; width: 100%; }"

    def __init__(self, desk: str, agent: str, ceiling: int = 0) -> None:
        """`ceiling`: bytes of a day from which nothing is fetched ahead; 0: none."""
        super().__init__(id="topline")
        self._desk, self._agent, self._ceiling = desk, agent.split(" ", maxsplit=1)[0], ceiling
        self.counts: Counts | None = None
        self.channels: Sequence[ChannelFact] = ()
        self.engine_fault = ""
        self._drawn = (0, 0)
        """Bytes of today in and out, as they stand there."""

    def update(
        self, counts: Counts | None = None, channels: Sequence[ChannelFact] | None = None, engine_fault: str | None = None
    ) -> None:
        before = self._shown()
        self.counts = counts or self.counts
        self.channels = channels if channels is not None else self.channels
        self.engine_fault = self.engine_fault if engine_fault is None else engine_fault
        if before != self._shown():
            self.repaint(0)

    def _shown(self) -> tuple[object, ...]:
        """What is worth a repaint at once. The bytes moved are not: they change all the time, and would move more."""
        return (self.counts, self.engine_fault, [(c.name, c.state, c.done, c.total, c.link, c.spared) for c in self.channels])

    def tick(self) -> None:
        """A minute has passed."""
        if self._moved() != self._drawn:
            self.repaint(0)

    def _moved(self) -> tuple[int, int]:
        return sum(c.today_in for c in self.channels), sum(c.today_out for c in self.channels)

    def _bytes(self, *, short: bool) -> Piece:
        """What today took, of what it may take."""
        received, sent = self._drawn = self._moved()
        role = self.roles.warm if any(c.spared for c in self.channels) else self.roles.faint
        if self._ceiling:
            return (say("usage.of_ceiling", used=times.size(received + sent), ceiling=times.size(self._ceiling)) + "  ", role)
        if short:
            return (f"↕{times.size(received + sent)}  ", role)
        return (f"↓{times.size(received)} ↑{times.size(sent)}  ", role)

    def _state(self, *, short: bool) -> list[Piece]:
        """How the channels are, worst first; then progress."""
        roles = self.roles
        if self.engine_fault:
            return [(self.engine_fault + " ", roles.bad), ("●", roles.bad)]
        refused = [c for c in self.channels if c.state == "refused"]
        if refused:
            return [(say("screen.link_refused", name=refused[0].name) + " ", roles.bad), ("●", roles.bad)]
        syncing = [c for c in self.channels if c.state == "syncing" and c.total > c.done]
        if syncing:
            done, total = sum(c.done for c in syncing), sum(c.total for c in syncing)
            words = say("screen.syncing", done=times.number(done), total=times.number(total))
            return [(words + " ", roles.mute), ("◌", roles.accent)]
        down = [c for c in self.channels if c.state in {"down", "offline"}]
        if down and len(down) == len(self.channels):
            return [(say("screen.link_offline") + " ", roles.warm), ("○", roles.warm)]
        if down:
            return [(say("screen.link_down", name=down[0].name) + " ", roles.warm), ("◐", roles.warm)]
        if any(c.state in {"new", "connecting"} for c in self.channels):
            return [(say("screen.link_connecting") + " ", roles.mute), ("◌", roles.mute)]
        if not self.channels:
            return []
        thin = [c for c in self.channels if c.link == "thin"]
        if thin:
            worst = max(thin, key=lambda c: c.round_trip_ms)
            return [((say("usage.link_thin") if short else figures(worst)) + " ", roles.mute), ("●", roles.warm)]
        return [("●", roles.good)]

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        left: list[Piece] = [(" " + self._desk, roles.strong), ("  " + self._agent, roles.mute)]
        right: list[Piece] = []
        short = width < WIDE
        if self.channels and width >= 70:
            right = [self._bytes(short=short)]
        right += [*self._state(short=short), (" ", roles.text)]
        room = width - sum(cells(t) for t, _ in left) - sum(cells(t) for t, _ in right) - 2
        counts = self.counts
        if counts is not None:
            shown: list[tuple[str, int, bool]] = [
                ("open", counts.open, False), ("mine", counts.mine, False), ("late", counts.late, True),
                ("chats_waiting", counts.chats_waiting, True),
            ]  # fmt: skip
            if counts.trouble:
                shown.insert(2, ("trouble", counts.trouble, True))
            elif counts.outbox:
                # What waits for the line must be seen, however narrow the screen
                waits = any(c.state in {"offline", *BAD} for c in self.channels)
                shown.insert(2 if waits else len(shown), ("outbox", counts.outbox, waits))
            gap = "        " if room > 70 else "   "
            for name, number, warm in shown:
                word = say(f"screen.count_{name}")
                value = times.number(number)
                size = len(gap) + cells(word) + 1 + len(value)
                if size > room:
                    break
                room -= size
                style = roles.bad_strong if name == "trouble" else roles.warm_strong if warm and number else roles.text
                left += [(gap, roles.text), (word + " ", roles.mute), (value, style)]
                gap = "   "
        return line(width, left, right)
