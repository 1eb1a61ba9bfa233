"""Whether the picker finds the right snippet, beside fzf and rapidfuzz: `python -m bench.snippets [--dev] [--quiet] [--json] [SET ...]`.

The labelled sets (format in `bench/labels.py`) are asked of our ranking, of `fzf --filter` and of rapidfuzz's scorers, over the same starter
packs: title, shortcut, tags, intents and name of each snippet as one line, and once more with its texts in all languages. A conversation without
a query is given to the others as its subject and text; fzf, which wants every word found, is left out there.

Misses are listed below the figures. Whoever works on the ranking takes `--dev`, the sets made for that, and `--quiet` (no misses) with the frozen ones.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from agentdesk.snippets.model import Library, Snippet
from agentdesk.snippets.search import Hints, Searcher
from agentdesk.snippets.words import fold, prose
from bench import labels, picker
from bench.report import Figure, Part, say

Ranking = Callable[[labels.Label, Sequence[str]], list[str]]
"""(what is asked, who may be used there) -> full names, best first."""
TOPS = (1, 3, 5)
GOALS = {"queries": {1: 85.0, 3: 95.0}, "conversations": {5: 80.0}, "conversations-mailbox": {5: 80.0}}
SCORERS = ("WRatio", "partial_ratio", "token_set_ratio")


def measure(*, dev: bool = False, misses: bool = True, names: Sequence[str] = (), count: int = 5000) -> list[Part]:
    library = labels.packs()
    parts = []
    for name in labels.SETS:
        if names and name not in names:
            continue
        title = f"Snippets found: {name}" + (" (development)" if dev else "")
        path = labels.LABELS / f"{'dev-' if dev else ''}{name}.toml"
        try:
            if not path.exists():
                raise labels.BadLabelsError(f"there is no {path.name}")
            entries = labels.load(path, library)
        except labels.BadLabelsError as error:
            parts.append(Part(title, skipped=str(error)))
            continue
        parts.append(_measured(title, name, entries, library, misses=misses))
    return [*parts, *picker.measure(count)]


def hints(talk: labels.Talk | None) -> Hints:
    if talk is None:
        return Hints()
    lacks = frozenset(part for part, there in (("shipment", talk.parcels), ("refund", talk.refund)) if not there)
    return Hints(talk.text, talk.language, talk.status, talk.channel, subject=talk.subject, lacks=lacks)


def _measured(title: str, name: str, entries: Sequence[labels.Label], library: Library, *, misses: bool) -> Part:
    asked = [one for one in entries if one.query] or entries
    searcher = Searcher(library)
    ours = [_place(searcher.search(one.query, hints(one.talk), 0), one) for one in asked]
    figures = [
        Figure(f"right one in the first {top}" if top > 1 else "right one first", _share(ours, top), "%", least=GOALS[name].get(top), note=f"of {len(asked)}" if top == 1 else "")
        for top in TOPS
    ]
    for label, ranking in _peers(library, typed=bool(asked[0].query)):
        places = [_placed(ranking(one, _usable(library, one)), one) for one in asked]
        shares = [_share(places, top) for top in TOPS]
        ratios = ", ".join(f"{_share(ours, top) / share:.2f}" if share else "-" for top, share in zip(TOPS, shares, strict=True))
        found = " / ".join(f"{share:.1f}" for share in shares)
        figures.append(Figure(label, shares[0], "%", note=f"{found} % in the first 1, 3, 5; ours finds {ratios} times as many"))
    details = [
        f"{place or 'not'} among the first{'' if place else ' found'}: {one.query or (one.talk.subject or one.talk.text[:60] if one.talk else '')!r} -> "
        + ", ".join(hit.name for hit in searcher.search(one.query, hints(one.talk), 3)) + f" instead of {', '.join(sorted(one.accept))}"
        for place, one in zip(ours, asked, strict=True)
        if misses and not 0 < place <= (1 if one.query else 5)
    ]  # fmt: skip
    return Part(title, tuple(figures), details=tuple(details))


def _place(hits: Sequence[object], one: labels.Label) -> int:
    return _placed([hit.name for hit in hits], one)  # type: ignore[attr-defined]  # hits have names


def _placed(names: Sequence[str], one: labels.Label) -> int:
    """At which place, from 1, the first right one stands; 0 for nowhere."""
    return next((place for place, name in enumerate(names, 1) if name in one.accept), 0)


def _share(places: Sequence[int], top: int) -> float:
    return 100 * sum(0 < place <= top for place in places) / len(places)


def _usable(library: Library, one: labels.Label) -> list[str]:
    channel = one.talk.channel if one.talk else ""
    return [name for name, snippet in library.snippets.items() if not snippet.refusal(None, channel)]


def _peers(library: Library, *, typed: bool) -> list[tuple[str, Ranking]]:
    short = {name: _short(snippet) for name, snippet in library.snippets.items()}
    whole = {name: f"{short[name]} {' '.join(' '.join(prose(text).split()) for text in library.snippets[name].texts.values())}" for name in short}
    peers: list[tuple[str, Ranking]] = []
    for label, texts in (("titles, tags", short), ("and texts", whole)):
        if typed and shutil.which("fzf"):
            peers.append((f"fzf, {label}", _fzf(texts)))
        peers += [(f"rapidfuzz {scorer}, {label}", _rapidfuzz(scorer, texts)) for scorer in SCORERS]
    return peers


def _short(snippet: Snippet) -> str:
    return " ".join((snippet.title, snippet.shortcut, *snippet.tags, *snippet.intents, snippet.name))


def _fzf(texts: dict[str, str]) -> Ranking:
    def ranked(one: labels.Label, usable: Sequence[str]) -> list[str]:
        given = "".join(f"{name}\t{texts[name]}\n" for name in usable)
        found = subprocess.run(
            ["fzf", "--filter", one.query, "--delimiter", "\t", "--nth", "2.."], input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [line.split("\t")[0] for line in found.stdout.splitlines()]

    return ranked


def _rapidfuzz(scorer: str, texts: dict[str, str]) -> Ranking:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - the bench without it still measures nothing else

    folded = {name: fold(text) for name, text in texts.items()}

    def ranked(one: labels.Label, usable: Sequence[str]) -> list[str]:
        asked = one.query or (f"{one.talk.subject}\n{one.talk.text}" if one.talk else "")
        choices = {name: folded[name] for name in usable}
        return [name for _, _, name in process.extract(fold(asked), choices, scorer=getattr(fuzz, scorer), limit=5)]

    return ranked


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.snippets", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="SET", help=", ".join(labels.SETS))
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="without the list of misses")
    parser.add_argument("--snippets", type=int, default=5000, metavar="N", help="how many for the times of a keystroke")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.names) - set(labels.SETS):
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(labels.SETS)}")
    return say(measure(dev=options.dev, misses=not options.quiet, names=options.names, count=options.snippets), as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
