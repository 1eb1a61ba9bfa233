"""Loading and searching snippets must not pay for the template engine: it would be on the way to the first paint."""

import subprocess
import sys
from pathlib import Path

PACKS = Path(__file__).parents[2] / "snippets"
HEAVY = ("liquid", "babel", "rapidfuzz", "dateutil")


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split())


def test_importing_costs_nothing() -> None:
    modules = ("pack", "search", "render", "context", "model", "names", "people", "intents", "index")
    assert loaded_by("\n".join(f"import agentdesk.snippets.{module}" for module in modules)) == set()


def test_loading_without_the_check_and_searching_need_no_template_engine() -> None:
    code = f"""
from pathlib import Path
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.search import Hints, Searcher
library = load_packs([Path({str(PACKS)!r})], check=False)
assert Searcher(library).search("traking", Hints(words="dov'è il mio pacco", order_status="shipped"))
"""
    assert loaded_by(code) == {"rapidfuzz"}


def test_rendering_needs_it() -> None:
    code = """
from datetime import UTC, datetime
from agentdesk.snippets.context import build_context
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.render import open_places, render
assert open_places("⟨order.number⟩")
snippet = Snippet(name="a", pack="p", pack_title="P", title="A", texts={"it": "{{ 2026 | plus: 1 }}"})
assert render(snippet, "it", build_context(now=datetime.now(UTC))).text == "2027"
"""
    assert "liquid" in loaded_by(code)
