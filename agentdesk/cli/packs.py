"""`agentdesk snippets list`, `pull` and `news`: where texts come from, and what changed in them."""

from __future__ import annotations

from argparse import Namespace

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import columns, shown_time, stamp, talk, write_json
from agentdesk.cli.records import since_of
from agentdesk.cli.waiting import bring_packs
from agentdesk.desk.packs import SHORT, Listed
from agentdesk.errors import Unreachable
from agentdesk.locale import say


def listed(arguments: Namespace) -> int:
    """Exit 1 if there is none."""
    with open_desk(arguments) as desk:
        found = [one for one in desk.packs.listed() if arguments.layer in ("", one.layer)]
    if arguments.json:
        write_json({"snippets": [_shape(one) for one in found]})
    else:
        columns([
            (one.snippet.full_name, one.layer, one.commit[:SHORT], one.snippet.title, say("cli.snippets_over", layers=", ".join(one.over)) if one.over else "")
            for one in found
        ], most=(0, 0, 0, 50))  # fmt: skip
        if not found:
            talk(say("cli.nothing"))
    return 0 if found else 1


def _shape(one: Listed) -> dict[str, object]:
    snippet = one.snippet
    return {
        "name": snippet.name, "pack": snippet.pack, "title": snippet.title, "layer": one.layer, "over": list(one.over),
        "kind": "macro" if snippet.is_macro else "article" if snippet.is_article else "snippet", "languages": list(snippet.texts),
        "version": snippet.version, "commit": one.commit, "file": snippet.file,
    }  # fmt: skip


def pull(arguments: Namespace) -> int:
    """Exit 3 if something could not be fetched; what was fetched before stays."""
    with open_desk(arguments) as desk:
        if not desk.config.pack_sources:
            talk(say("cli.sources_none"))
        brought = bring_packs(desk)
        sources = [source for source in desk.packs.sources() if source.kind]
        zone = desk.config.timezone
        desk.packs.note()
    if arguments.json:
        write_json({
            "sources": [
                {"layer": s.layer, "kind": s.kind, "place": s.place, "branch": s.branch, "version": s.version, "here": s.here,
                 "checked_at": stamp(s.checked_at, zone), "changed_at": stamp(s.changed_at, zone), "failure": s.detail}
                for s in sources
            ]
        })  # fmt: skip
    else:
        columns([(s.layer, s.place, s.short or "-", shown_time(s.checked_at, zone), s.detail) for s in sources])
    return 0 if brought and not any(source.detail for source in sources) else Unreachable.exit_status


def news(arguments: Namespace) -> int:
    """Exit 1 if nothing changed."""
    with open_desk(arguments) as desk:
        desk.packs.note()
        zone = desk.config.timezone
        found = desk.packs.news(since_of(arguments.since, zone))
    kinds = (("added", found.added), ("changed", found.changed), ("removed", found.removed))
    if arguments.json:
        write_json(
            {"since": stamp(found.since, zone)} | {kind: [{"name": one.name, "title": one.title} for one in entries] for kind, entries in kinds}
        )
    else:
        columns([(say(f"cli.news_{kind}"), one.name, one.title) for kind, entries in kinds for one in entries])
        if not found.count:
            talk(say("packs.no_news") if found.since is not None else say("packs.first_shift"))
    return 0 if found.count else 1
