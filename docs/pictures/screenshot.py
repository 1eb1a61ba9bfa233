"""The pictures of the README, from the real program on the embedded shop.

    python docs/pictures/screenshot.py [OUTDIR]        needs rsvg-convert (Debian: librsvg2-bin) and Fira Code (fonts-firacode)

A desk on a new demo is synced, a few things are done by keys, and the screen is exported at each step.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from html import escape, unescape
from pathlib import Path

os.environ |= {"COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}
os.environ.pop("NO_COLOR", None)

from rich.cells import cell_len

from agentdesk.config import load
from agentdesk.demo import launch
from agentdesk.desk import Desk
from agentdesk.engine.run import sync
from agentdesk.secrets import fetch_all
from agentdesk.tui.app import DeskApp

TEXT = re.compile(r'<text class="(?P<c>[^"]*)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<l>[\d.]+)"(?P<rest>[^>]*)>(?P<t>[^<]*)</text>')


def words_apart(svg: str) -> str:
    """Each word at its own place: rsvg drops leading spaces and knows no textLength."""

    def split(match: re.Match[str]) -> str:
        text = unescape(match["t"]).replace("\xa0", " ")
        if not text.strip():
            return ""
        step = float(match["l"]) / max(1, cell_len(text))
        parts = []
        for word in re.finditer(r"\S+", text):
            x = float(match["x"]) + step * cell_len(text[: word.start()])
            parts.append(f'<text class="{match["c"]}" x="{x:.2f}" y="{match["y"]}"{match["rest"]}>{escape(word[0])}</text>')
        return "".join(parts)

    return TEXT.sub(split, re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL))


def save(app: DeskApp, path: Path, width: int = 1400) -> None:
    svg = words_apart(app.export_screenshot(title="agentdesk"))
    subprocess.run(["rsvg-convert", "-w", str(width), "-o", str(path)], input=svg.encode(), check=True)
    print(path)


def where_is_my_order(desk: Desk) -> int:
    """An English conversation of some length about an order that is on its way."""
    for row in desk.queue.rows(desk.queue.ids("open", "is:mail", sort="due")):
        if row.order_number and row.messages > 2 and desk.answers.language(row.row) == "en":
            about = desk.reading.panel(row.row).about
            if about is not None and about.status == "shipped":
                return row.row
    return desk.queue.ids("open")[0]


async def pictures(desk: Desk, out: Path) -> None:
    for palette in ("dark", "light"):
        app = DeskApp(desk, palette=palette)
        async with app.run_test(size=(140, 36)) as pilot:
            await pilot.pause(0.5)
            app.desk_screen.open(where_is_my_order(desk))
            await pilot.pause(0.5)
            save(app, out / f"desk-{palette}.png")
            await pilot.press("s")
            await pilot.pause(1.0)
            save(app, out / f"picker-{palette}.png")
            await pilot.press("enter")
            await pilot.pause(0.5)
            save(app, out / f"composer-{palette}.png")
            await pilot.press("escape")
            await pilot.pause(0.5)
        for draft in desk.writing.drafts():
            desk.writing.discard(draft.id)


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder, launch.prepare(Path(folder) / "demo") as shop:
        config = load(shop.folder, shop.folder / "state")
        sync(config, fetch_all(config), once=True, progress=lambda _: None, stop=lambda: False)
        with Desk.open(config) as desk:
            asyncio.run(pictures(desk, out))
        time.sleep(0.1)


if __name__ == "__main__":
    main()
