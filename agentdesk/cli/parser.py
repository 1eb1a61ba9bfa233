"""What the command line understands. Words stand in the catalogue: `cli.<command>` (one line), `cli.<command>_more` (examples)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from agentdesk import __version__
from agentdesk.locale import say

Parser = argparse.ArgumentParser

_OWN_WORDS = {
    "usage: ": "cli.usage",
    "positional arguments": "cli.positionals",
    "options": "cli.options",
    "%(prog)s: error: %(message)s\n": "cli.error",
    "the following arguments are required: %s": "cli.required",
    "one of the arguments %s is required": "cli.one_required",
    "unrecognized arguments: %s": "cli.unrecognised",
    "argument %(argument_name)s: %(message)s": "cli.argument",
    "invalid choice: %(value)r (choose from %(choices)s)": "cli.choice",
    "invalid %(type)s value: %(value)r": "cli.value",
    "not allowed with argument %s": "cli.not_with",
    "expected one argument": "cli.one_argument",
    "expected at least one argument": "cli.some_arguments",
}
"""argparse's own sentences and our names for them."""


def desk_argument(argv: Sequence[str]) -> str | None:
    """What stands behind `--desk`, before anything else is parsed."""
    for index, word in enumerate(argv):
        if word == "--desk" and index + 1 < len(argv):
            return argv[index + 1]
        if word.startswith("--desk="):
            return word.removeprefix("--desk=")
    return None


def build() -> Parser:
    # argparse takes its sentences from gettext, which has none for it. This is the only seam it offers.
    setattr(argparse, "_", lambda text: say(_OWN_WORDS[text]) if text in _OWN_WORDS else text)  # noqa: B010 - no public name
    parser = Parser(
        prog="agentdesk",
        description=say("cli.about"),
        epilog=say("cli.more"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _common(parser)
    parser.add_argument("--version", action="version", version=f"agentdesk {__version__}", help=say("cli.opt_version"))
    _drawn_by(parser)
    parser.set_defaults(module="screen", function="desk", desk=None)
    commands = parser.add_subparsers(metavar=say("cli.meta_command"), title=say("cli.commands"))
    adder = _Adder(commands)
    _setting_up(adder)
    _reading(adder)
    _working(adder)
    _snippets(adder)
    return parser


def _common(parser: Parser) -> None:
    parser.add_argument("-h", "--help", action="help", help=say("cli.opt_help"))
    parser.add_argument("--desk", metavar=say("cli.meta_folder"), default=argparse.SUPPRESS, help=say("cli.opt_desk"))


def _drawn_by(parser: Parser, *, default: Any = "cells") -> None:
    parser.add_argument("--driver", choices=("cells", "stock"), default=default, help=say("cli.opt_driver"))


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


class _Adder:
    def __init__(self, commands: Any) -> None:
        self.commands = commands

    def __call__(self, name: str, module: str, function: str = "", *, words: str = "", json: bool = False) -> Parser:
        """A command `name`, done by `agentdesk.cli.<module>.<function>`."""
        key = words or name
        parser: Parser = self.commands.add_parser(
            name,
            help=say(f"cli.{key}"),
            description=say(f"cli.{key}"),
            epilog=say(f"cli.{key}_more"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        _common(parser)
        parser.set_defaults(module=module, function=function or name)
        if json:
            parser.add_argument("--json", action="store_true", help=say("cli.opt_json"))
        return parser


def _setting_up(add: Callable[..., Parser]) -> None:
    demo = add("demo", "screen")
    demo.add_argument("--reset", action="store_true", help=say("cli.opt_reset"))
    _drawn_by(demo, default=argparse.SUPPRESS)
    init = add("init", "init")
    for option in ("name", "agent", "email", "address", "user", "imap", "smtp", "ca-file", "locale", "timezone", "orders"):
        init.add_argument(f"--{option}", default="", metavar=say("cli.meta_text"), help=say(f"cli.init_{option.replace('-', '_')}"))
    init.add_argument("--password-command", default="", metavar=say("cli.meta_text"), help=say("cli.init_password_command"))
    init.add_argument("--password-env", default="", metavar=say("cli.meta_text"), help=say("cli.init_password_env"))
    for option in ("client-id", "tenant", "store-command"):
        init.add_argument(f"--{option}", default="", metavar=say("cli.meta_text"), help=say(f"cli.init_{option.replace('-', '_')}"))
    init.add_argument("--no-check", action="store_true", help=say("cli.init_no_check"))
    init.add_argument("--yes", action="store_true", help=say("cli.init_yes"))
    init.add_argument("--force", action="store_true", help=say("cli.init_force"))
    login = add("login", "login")
    login.add_argument("channel", nargs="?", default="", metavar=say("cli.meta_channel"), help=say("cli.login_channel"))
    login.add_argument("--device", action="store_true", help=say("cli.login_device"))
    add("doctor", "doctor", json=True)
    sync = add("sync", "sync", json=True)
    sync.add_argument("--once", action="store_true", help=say("cli.opt_once"))
    keys = add("keys", "keys", json=True)
    keys.add_argument("--map", default="", metavar=say("cli.meta_text"), help=say("cli.opt_map"))
    usage = add("usage", "usage", words="moved", json=True)
    usage.add_argument("--days", type=_count, default=14, metavar="N", help=say("cli.moved_days"))
    backup = add("backup", "backup")
    backup.add_argument("file", nargs="?", metavar=say("cli.meta_file"), help=say("cli.backup_file"))


def _reading(add: Callable[..., Parser]) -> None:
    listing = add("list", "reading", "list_rows", json=True)
    listing.add_argument("--view", default="open", metavar=say("cli.meta_view"), help=say("cli.opt_view"))
    listing.add_argument("--query", default="", metavar=say("cli.meta_text"), help=say("cli.opt_query"))
    listing.add_argument("--limit", type=_count, default=50, metavar="N", help=say("cli.opt_limit"))
    show = add("show", "reading", json=True)
    _id(show)
    show.add_argument("--local", action="store_true", help=say("cli.opt_local"))
    attachment = add("attachment", "fetching", words="files", json=True)
    _id(attachment)
    attachment.add_argument("which", nargs="?", metavar=say("cli.meta_name"), help=say("cli.files_which"))
    attachment.add_argument("--save", metavar=say("cli.meta_folder"), help=say("cli.files_save"))
    attachment.add_argument("--all", action="store_true", help=say("cli.files_all"))
    raw = add("raw", "fetching")
    _id(raw)
    raw.add_argument("--save", required=True, metavar=say("cli.meta_file"), help=say("cli.raw_save"))
    add("views", "reading", json=True)
    lookup = add("lookup", "reading", json=True)
    lookup.add_argument("text", nargs="+", metavar=say("cli.meta_text"), help=say("cli.lookup_text"))
    outbox = add("outbox", "outbox", json=True)
    outbox.add_argument("number", nargs="?", type=_count, metavar=say("cli.meta_number"), help=say("cli.outbox_number"))
    what = outbox.add_mutually_exclusive_group()
    for option in ("take-back", "send", "arrived", "file", "keep-here", "leave"):
        what.add_argument(f"--{option}", action="store_true", help=say(f"cli.outbox_{option.replace('-', '_')}"))
    what.add_argument("--at", default="", metavar=say("cli.meta_time"), help=say("cli.outbox_at"))


def _id(parser: Parser, *, several: bool = False) -> None:
    if several:
        parser.add_argument("ids", nargs="+", metavar="ID", help=say("cli.arg_id"))
    else:
        parser.add_argument("id", metavar="ID", help=say("cli.arg_id"))


def _working(add: Callable[..., Parser]) -> None:
    reply = add("reply", "reply")
    _id(reply)
    what = reply.add_mutually_exclusive_group(required=True)
    what.add_argument("--snippet", metavar=say("cli.meta_name"), help=say("cli.reply_snippet"))
    what.add_argument("--text", metavar=say("cli.meta_text"), help=say("cli.reply_text"))
    reply.add_argument("--language", default="", metavar="it", help=say("cli.snippets_language"))
    reply.add_argument("--set", action="append", default=[], metavar="k=v", help=say("cli.opt_set"))
    moment = reply.add_mutually_exclusive_group()
    moment.add_argument("--now", action="store_true", help=say("cli.reply_now"))
    moment.add_argument("--at", default="", metavar=say("cli.meta_time"), help=say("cli.reply_at"))
    reply.add_argument("--wait", action="store_true", help=say("cli.reply_wait"))
    reply.add_argument("--dry-run", action="store_true", help=say("cli.reply_dry_run"))
    reply.add_argument("--json", action="store_true", help=say("cli.opt_json"))
    reply.add_argument("--anyway", action="store_true", help=say("cli.reply_anyway"))
    note = add("note", "verbs")
    _id(note)
    note.add_argument("text", metavar=say("cli.meta_text"), help=say("cli.note_text"))
    tag = add("tag", "verbs")
    _id(tag)
    tag.add_argument("tags", nargs="*", metavar=say("cli.meta_tag"), help=say("cli.tag_tags"))
    tag.add_argument("--remove", action="append", default=[], metavar=say("cli.meta_tag"), help=say("cli.tag_remove"))
    assign = add("assign", "verbs")
    _id(assign)
    assign.add_argument("to", metavar=say("cli.meta_address"), help=say("cli.assign_to"))
    claim = add("claim", "verbs")
    _id(claim, several=True)
    snooze = add("snooze", "verbs")
    _id(snooze)
    snooze.add_argument("until", metavar=say("cli.meta_time"), help=say("cli.snooze_until"))
    for verb in ("close", "reopen"):
        _id(add(verb, "verbs"), several=True)
    macro = add("macro", "macros", json=True)
    macro.add_argument("name", nargs="?", default="", metavar=say("cli.meta_name"), help=say("cli.macro_name"))
    macro.add_argument("ids", nargs="*", metavar="ID", help=say("cli.arg_id"))
    macro.add_argument("--dry-run", action="store_true", help=say("cli.macro_dry_run"))


def _snippets(add: Callable[..., Parser]) -> None:
    top = add("snippets", "snippets")
    inner = _Adder(top.add_subparsers(metavar=say("cli.meta_command"), title=say("cli.commands"), required=True))
    search = inner("search", "snippets", words="snippets_search", json=True)
    search.add_argument("query", nargs="*", metavar=say("cli.meta_text"), help=say("cli.snippets_query"))
    search.add_argument("--conversation", default="", metavar="ID", help=say("cli.snippets_conversation"))
    search.add_argument("--limit", type=_count, default=10, metavar="N", help=say("cli.opt_limit"))
    render = inner("render", "snippets", words="snippets_render")
    render.add_argument("name", metavar=say("cli.meta_name"), help=say("cli.snippets_name"))
    render.add_argument("--conversation", required=True, metavar="ID", help=say("cli.snippets_conversation"))
    render.add_argument("--language", default="", metavar="it", help=say("cli.snippets_language"))
    render.add_argument("--set", action="append", default=[], metavar="k=v", help=say("cli.opt_set"))
    articles = inner("articles", "snippets", words="snippets_articles", json=True)
    articles.add_argument("query", nargs="*", metavar=say("cli.meta_text"), help=say("cli.snippets_query"))
    articles.add_argument("--conversation", default="", metavar="ID", help=say("cli.snippets_conversation"))
    articles.add_argument("--language", default="", metavar="it", help=say("cli.snippets_language"))
    listed = inner("list", "packs", "listed", words="snippets_list", json=True)
    listed.add_argument("--layer", choices=("program", "company", "team", "own"), default="", help=say("cli.snippets_layer"))
    inner("pull", "packs", words="snippets_pull", json=True)
    news = inner("news", "packs", words="snippets_news", json=True)
    news.add_argument("--since", default="", metavar=say("cli.meta_time"), help=say("cli.opt_since"))
    lint = inner("lint", "snippets", words="snippets_lint", json=True)
    lint.add_argument("paths", nargs="*", metavar=say("cli.meta_file"), help=say("cli.snippets_paths"))
    sent = inner("sent", "records", words="snippets_sent", json=True)
    sent.add_argument("--name", required=True, metavar=say("cli.meta_name"), help=say("cli.sent_name"))
    sent.add_argument("--since", default="", metavar=say("cli.meta_time"), help=say("cli.opt_since"))
    stats = inner("stats", "records", words="snippets_stats", json=True)
    stats.add_argument("--since", default="30d", metavar=say("cli.meta_time"), help=say("cli.opt_since"))
    stats.add_argument("--again", type=_count, default=7, metavar="N", help=say("cli.stats_again"))
    stats.add_argument("--plot", action="store_true", help=say("cli.stats_plot"))
    test = inner("test", "goldens", words="snippets_test", json=True)
    test.add_argument("paths", nargs="*", metavar=say("cli.meta_file"), help=say("cli.snippets_paths"))
    test.add_argument("--update", action="store_true", help=say("goldens.opt_update"))
    test.add_argument("--add", default="", metavar="SAMPLE", help=say("goldens.opt_add"))
    test.add_argument("--language", action="append", default=[], metavar="it", help=say("goldens.opt_language"))
    _importing(inner)


def _importing(add: Callable[..., Parser]) -> None:
    into = add("import", "importing", "import_", words="snippets_import", json=True)
    into.add_argument("format", choices=("chatwoot", "zendesk", "gorgias", "reamaze", "csv", "espanso"), help=say("importing.opt_format"))
    into.add_argument("file", nargs="?", default="", metavar=say("cli.meta_file"), help=say("importing.opt_file"))
    into.add_argument("--out", default="", metavar=say("cli.meta_file"), help=say("importing.opt_out_import"))
    into.add_argument("--pack", default="", metavar=say("cli.meta_name"), help=say("importing.opt_pack"))
    into.add_argument("--language", default="", metavar="it", help=say("importing.opt_language"))
    into.add_argument("--columns", default="", metavar=say("cli.meta_text"), help=say("importing.opt_columns"))
    into.add_argument("--ours", action="store_true", help=say("importing.opt_ours"))
    out = add("export", "importing", words="snippets_export", json=True)
    out.add_argument("format", choices=("chatwoot", "csv"), help=say("importing.opt_format"))
    out.add_argument("--pack", action="append", default=[], metavar=say("cli.meta_name"), help=say("importing.opt_packs"))
    out.add_argument("--layer", choices=("program", "company", "team", "own"), default="", help=say("cli.snippets_layer"))
    out.add_argument("--language", default="", metavar="it", help=say("importing.opt_language_export"))
    out.add_argument("--out", default="", metavar=say("cli.meta_file"), help=say("importing.opt_out"))
    for parser in (into, out):
        parser.add_argument("--channel", default="", metavar=say("cli.meta_name"), help=say("importing.opt_channel"))
        parser.add_argument("--dry-run", action="store_true", help=say("importing.opt_dry"))
        parser.add_argument("--replace", action="store_true", help=say("importing.opt_replace"))
