"""Our driver against Textual's own: the same picture with a fraction of the bytes, whatever the frames."""

from __future__ import annotations

import random
from itertools import pairwise

import pyte
import pytest
from fake_desk import FakeDesk
from pictures import Pair, Picture, recorded
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from screens import opened
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from agentdesk.tui.driver.cells import PLAIN, cells_of, look, transition
from agentdesk.tui.driver.driver import _KNOWN, erases_with_ground

WIDTH, HEIGHT = 48, 12
LETTERS = ["a", "e", "Z", "0", " ", " ", " ", "·", "─", "│", "▌", "é", "ñ", "Ж", "…"]
WIDE = ["漢", "字", "日", "本"]
STYLES = [
    None, Style(), Style(bold=True), Style(color="red"), Style(color="#7cc0c8", bgcolor="#15181d"), Style(bgcolor="#15181d"),
    Style(bgcolor="#1e242c", color="yellow", bold=True), Style(underline=True), Style(reverse=True, color="blue"), Style(italic=True),
    Style(strike=True, color="green"), Style(bgcolor="blue"), Style(color="color(200)", bgcolor="color(17)"), Style(dim=True, bold=True),
]  # fmt: skip


def strip(chance: random.Random, units: int) -> Strip:
    """Pairs of cells, so that nothing wide is ever cut in two: there terminals differ, and Textual never does it."""
    segments = []
    while units:
        size = min(units, chance.randint(1, 6))
        units -= size
        blank = chance.random() < 0.3
        text = "".join(
            "  " if blank else chance.choice(WIDE) if chance.random() < 0.1 else chance.choice(LETTERS) + chance.choice(LETTERS)
            for _ in range(size)
        )
        segments.append(Segment(text, chance.choice(STYLES)))
    return Strip(segments)


def frame(chance: random.Random, width: int = WIDTH, height: int = HEIGHT) -> LayoutUpdate | ChopsUpdate:
    if chance.random() < 0.1:
        return LayoutUpdate([[strip(chance, width // 2)] for _ in range(height)], Region(0, 0, width, height))
    chops: list[dict[int, Strip | None]] = [{} for _ in range(height)]
    ends: list[list[int]] = [[] for _ in range(height)]
    spans = []
    for y in sorted(chance.sample(range(height), chance.randint(1, 4))):
        cuts = sorted({0, width // 2, *(chance.randint(0, width // 2) for _ in range(3))})
        for first, last in pairwise(cuts):
            chops[y][2 * first] = strip(chance, last - first)
            ends[y].append(2 * last)
        left, right = sorted(chance.sample(range(width // 2 + 1), 2))
        spans.append((y, 2 * left, 2 * right))
    return ChopsUpdate(chops, spans, ends)


@pytest.mark.parametrize(("seed", "bce"), [(1, True), (2, True), (3, False), (4, True)])
def test_thousands_of_random_frames_leave_the_same_picture(seed, bce):
    """10,000 in all, looked at after each: no cell differs."""
    chance = random.Random(seed)
    pair = Pair(WIDTH, HEIGHT, bce=bce)
    if not bce:
        pair.ours.erase_in_line = lambda how=0, private=False: _erase_plain(pair.ours, how)  # as GNU screen does
        pair.ours.erase_characters = lambda count=None: _blank_plain(pair.ours, count)
    for number in range(2500):
        pair.frame(frame(chance))
        if number % 100 == 50:
            pair.difference.forget()
        assert not (wrong := pair.differing()), (number, wrong[:5])


def _erase_plain(screen, how):
    """EL as it is where erasing does not take the ground that is set."""
    kept, screen.cursor.attrs = screen.cursor.attrs, screen.default_char
    pyte.Screen.erase_in_line(screen, how)
    screen.cursor.attrs = kept


def _blank_plain(screen, count):
    kept, screen.cursor.attrs = screen.cursor.attrs, screen.default_char
    pyte.Screen.erase_characters(screen, count)
    screen.cursor.attrs = kept


CORE_LOOP = (
    "j", "j", "n", "s", "'ris'", "backspace", "enter", "'Grazie'", "escape", "escape", "k", "enter", "p", "escape", "/", "'rossi'", "escape",
    "?", "escape", "t", "'reso'", "enter", "u", "G", "g", "g", "x", "e", "u", "pagedown", "pageup",
)  # fmt: skip


@pytest.mark.parametrize("palette", ["dark", "light", "ansi", "none"])
@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 36), (200, 50)])
async def test_the_core_loop_leaves_the_same_picture_at_every_size_and_in_all_colours(size, palette, monkeypatch):
    with recorded(monkeypatch, *size) as pair:
        async with opened(size=size, palette=palette) as desk:
            for key in CORE_LOOP:
                await desk.press(key)
                pair.send()
                assert not (wrong := pair.differing()), (key, wrong[:5])


# What `screen.md` allows a key to cost, in bytes; times are measured in bench/.
BUDGETS = {"a move": 80, "a letter": 50, "a page": 2_500, "an opened conversation": 4_000, "the first picture": 8_000}


async def test_what_a_key_costs_stays_within_its_budget(monkeypatch):
    size = (140, 40)
    with recorded(monkeypatch, *size) as pair:
        pair.colours = ColorSystem.EIGHT_BIT  # what an SSH session has
        async with opened(FakeDesk(100), size=size) as desk:

            async def cost(*keys):
                pair.bytes = 0
                await desk.press(*keys)
                pair.send()
                return pair.bytes

            costs = {"the first picture": await cost()}
            moves = [await cost("j") for _ in range(8)]
            costs["a move"] = sorted(moves)[len(moves) // 2]
            costs["a page"] = await cost("pagedown")
            costs["an opened conversation"] = await cost("enter")
            await cost("r")
            letters = [await cost(letter) for letter in "buongiorno"]
            costs["a letter"] = sorted(letters)[len(letters) // 2]
            assert {name: number for name, number in costs.items() if number > BUDGETS[name]} == {}, costs
            pair.bytes = 0
            await desk.pilot.pause(0.3)
            pair.send()
            assert pair.bytes == 0, "idle sends nothing"


class Strange(Picture):
    """A terminal that draws an emoji in one cell, or a joined one in four: what stands behind it must be where it belongs."""

    def __init__(self, columns, lines, width):
        super().__init__(columns, lines)
        self.width_of_strange = width

    def draw(self, data):
        for letter in data:
            if letter in "👩🚀✉❤":
                self.buffer[self.cursor.y][self.cursor.x] = self.cursor.attrs._replace(data=letter)
                for _ in range(self.width_of_strange - 1):
                    if self.cursor.x < self.columns - 1:
                        self.cursor.x += 1
                        self.buffer[self.cursor.y][self.cursor.x] = self.cursor.attrs._replace(data="")
                self.cursor.x = min(self.columns - 1, self.cursor.x + 1)
            elif letter not in "\u200d\ufe0f":
                super().draw(letter)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_where_a_terminal_disagrees_about_emoji_the_rest_of_the_row_stays_in_place(width):
    pair = Pair(40, 4)
    pair.ours = Strange(40, 4, width)
    before = [[Strip([Segment(f"{'x' * 39}│")])] for _ in range(4)]
    pair.frame(LayoutUpdate(before, Region(0, 0, 40, 4)))
    lines = ["👩‍🚀 Anna               │ yes", "✉ Mail ❤️ of love       │ no ", "plain                  │ ok ", "🚀🚀🚀🚀                │ go "]
    after = [[Strip([Segment(line)]).adjust_cell_length(40)] for line in lines]
    pair.frame(LayoutUpdate(after, Region(0, 0, 40, 4)))
    again = [[Strip([Segment(line.replace("A", "E").replace("M", "m"))]).adjust_cell_length(40)] for line in lines]
    pair.frame(LayoutUpdate(again, Region(0, 0, 40, 4)))
    for y, line in enumerate(lines):
        at = len(cells_of(line.partition("│")[0], PLAIN))
        shown = "".join(pair.ours.buffer[y][x].data for x in range(at, 40)).rstrip()
        assert shown == "│" + line.partition("│")[2].rstrip()


def test_half_a_wide_letter_is_never_left():
    pair = Pair(8, 1)
    pair.frame(LayoutUpdate([[Strip([Segment("漢字日本")])]], Region(0, 0, 8, 1)))
    pair.frame(ChopsUpdate([{3: Strip([Segment("xx")])}], [(0, 3, 5)], [[5]]))
    assert "".join(cell[0] for cell in pair.canvas.rows[0]) == "漢 xx 本"
    assert pair.ours.display[0].replace(" ", "") == "漢xx本"


HOSTILE = (
    "\x1b[2J", "\x1bc", "\x1b]52;c;ZXZpbA==\x1b\\", "\x1b]52;c;ZXZpbA==\x07", "\x1bP1;2q\x1b\\", "\x9b2J", "\x9d0;x\x9c", "\x85", "\x07\x08\x0b\x0c\r",
    "\x00\x0e\x7f", "\u202e\u2066", "\u200b\ufeff\u00ad\U000e0041", "\u2028", "\ud800", "\x1b[31mred\x1b[5;5Hmoved",
)  # fmt: skip


@pytest.mark.parametrize("payload", HOSTILE)
def test_what_is_no_letter_never_reaches_the_terminal(payload):
    """The second barrier: a text is letters, whatever it contains. Nothing it says moves, colours or asks."""
    plain, with_payload = Pair(40, 3), Pair(40, 3)
    for pair, text in ((plain, "before after"), (with_payload, f"before{payload} after")):
        pair.frame(LayoutUpdate([[Strip([Segment(text)], len(text))]] * 3, Region(0, 0, 40, 3)))
    sent = with_payload.difference
    sent.forget()
    sequences = sent.to(with_payload.canvas)
    drawn = "".join(letter for row in with_payload.canvas.rows for letter, _ in row)
    assert not {letter for letter in drawn if ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0}
    assert sequences.count("\x1b") <= plain.difference.to(plain.canvas).count("\x1b") + 24
    assert not any(bad in sequences for bad in ("\x1b]", "\x1bP", "\x1bc", "\x9b", "\x9d", "\u202e", "\u2066", "\u200b", "\x07", "\x1b[31m", "\x1b[5;5H"))


@pytest.mark.parametrize(
    ("data", "passes"),
    [
        ("\x1b[?1049h", True), ("\x1b[?2026$p", True), ("\x1b[>25u", True), ("\x1b[<u", True), ("\x07", True), ("\x1b]52;c;SGFsbG8=\x07", True),
        ("\x1b]2;Casa Verde\x07", True), ("\x1b]777;notify;Chat;Tom\x07", True), ("\x1b]22;default\x07", True), ("", True),
        ("\x1b[2J", False), ("text", False), ("\x1b]52;c;?\x07", False), ("\x1b]2;a\x1b[2Jb\x07", False), ("\x1bP+q\x1b\\", False), ("\x1b[6n", False),
        ("\x1b]8;;http://x\x07", False), ("\x1b[31m", False),
    ],
)  # fmt: skip
def test_besides_pictures_only_what_is_known_is_said_to_the_terminal(data, passes):
    assert bool(_KNOWN.fullmatch(data)) is passes


def test_sgr_says_only_what_changes():
    red, bold_red, dim_red = (look(frozenset(attributes), "31", "49") for attributes in ("", "1", "2"))
    assert transition(bold_red, red) == ("\x1b[22m", red)
    assert transition(red, bold_red) == ("\x1b[1m", bold_red)
    assert transition(bold_red, dim_red) == ("\x1b[22;2m", dim_red)
    assert transition(red, PLAIN) == ("\x1b[m", PLAIN)
    assert transition(red, red) == ("", red)


def test_which_terminals_erase_with_the_ground():
    assert erases_with_ground({"TERM": "xterm-256color"})
    assert not erases_with_ground({"TERM": "screen-256color"})
    assert erases_with_ground({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
