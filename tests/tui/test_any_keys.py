"""Keys at random, at every size, while the world behind changes: nothing of it may end the screen."""

from __future__ import annotations

import random

import pytest
from fake_desk import FakeDesk, config
from screens import FakeEngine, opened
from textual.events import Paste

from agentdesk.domain.conversation import MessageState

KEYS = [
    *"nNurRsmfcgiIatzeEwP!olL>dhjkGJKxXpv./:?O125",
    *["enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown", "home", "end", "ctrl+s", "ctrl+t", "ctrl+r", "ctrl+n", "ctrl+l", "ctrl+x"],
    *["space", "backspace", "ctrl+u", "ctrl+w", "f1", "ctrl+d", "ctrl+f"],
]
WIDTHS, HEIGHTS = (20, 40, 59, 60, 75, 76, 80, 111, 112, 200), (5, 8, 12, 20, 22, 24, 50)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_keys(seed, tmp_path):
    chance = random.Random(seed)
    fake = FakeDesk(settings=config(tmp_path))
    fake.config.state.mkdir()
    async with opened(fake, size=(100, 30), engine=FakeEngine()) as desk:
        desk.app.leave = lambda how: None
        for _ in range(120):
            what = chance.random()
            if what < 0.06:
                await desk.pilot.resize_terminal(chance.choice(WIDTHS), chance.choice(HEIGHTS))
            elif what < 0.10:
                desk.app.post_message(Paste("un testo :: ⟨x⟩\nriga {{ y }}"))
            elif what < 0.14 and fake.sent:
                fake.writing._set(chance.choice(fake.sent).id, chance.choice(list(MessageState)))
                fake.changed |= {("outbox", 1), ("conversation", chance.randint(1, 14)), ("channel", 0)}
            else:
                await desk.pilot.press(chance.choice(KEYS))
        await desk.pilot.pause()
        assert desk.app.is_running
        assert len(desk.lines()) == desk.app.size.height
