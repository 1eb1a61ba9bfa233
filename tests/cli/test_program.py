"""The program as a process: what it loads, how it ends, what it says of itself."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentdesk import cli, locale
from agentdesk.cli.parser import build

ROOT = Path(__file__).parents[2]
HEAVY = ("textual", "liquid", "babel", "httpx", "imaplib2", "imapclient", "rapidfuzz", "keyring", "holidays", "PIL")


def run(*argv, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "AGENTDESK_DESK"))}
    options.setdefault("env", environment | {"XDG_CONFIG_HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"})
    return subprocess.run(
        [sys.executable, "-m", "agentdesk", *argv], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options
    )


def commands(parser, above=()):
    """Every subcommand with its parser."""
    for action in parser._actions:
        if action.__class__.__name__ == "_SubParsersAction":
            for name, child in action.choices.items():
                yield (*above, name), child
                yield from commands(child, (*above, name))


def test_list_loads_nothing_heavy(world):
    code = (
        "import sys; from agentdesk import cli; "
        f"status = cli.main(['list', '--json', '--desk', {str(world.folder)!r}]); "
        f"print(status, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"
    assert len(json.loads(done.stdout)["conversations"]) == 3


def test_version_and_exit_statuses():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"agentdesk {__import__('agentdesk').__version__}\n")
    assert run("frobnicate").returncode == 2
    assert run("list").returncode == 2  # no desk
    assert "agentdesk init" in run("list").stderr
    assert run("snippets").returncode == 2


def test_without_a_terminal_the_screen_is_refused_kindly(world):
    done = run("--desk", str(world.folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert "list --json" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("demo").returncode == 2


@pytest.mark.parametrize("language", ["en", "it"])
def test_every_command_has_help_with_an_example_in_the_agents_language(language):
    try:
        locale.use(language)
        found = dict(commands(build()))
        assert len(found) >= 25
        for name, parser in found.items():
            text = parser.format_help()
            assert "usage: " not in text or language == "en", name
            assert "options" not in text or language == "en", name
            assert "--desk" in text, name
            later = name[0] == "snippets" and name[-1] in {"test", "stats", "sent"}
            assert later or f"agentdesk {name[0]}" in text.partition(parser.description)[2], name
    finally:
        locale.use("en")


def test_help_and_errors_are_in_the_environments_language_without_a_desk():
    environment = os.environ | {"LC_ALL": "it_IT.UTF-8", "XDG_CONFIG_HOME": "/nonexistent"}
    assert "la coda, per gli script" in run("--help", env=environment).stdout
    assert "manca" in run("show", env=environment).stderr


def test_help_is_in_the_desks_language(world):
    toml = world.folder / "desk.toml"
    toml.write_text(toml.read_text().replace("en-GB", "it-IT"))
    assert "opzioni" in run("list", "--help", "--desk", str(world.folder)).stdout


def test_a_reader_that_has_enough_ends_it_quietly(world):
    script = f"{sys.executable} -m agentdesk keys --json --desk {world.folder} | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {script}"], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode in {0, cli.BROKEN_PIPE}


def test_a_closed_pipe_is_no_traceback(world):
    code = (
        "import os, sys; from agentdesk import cli; r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r); "
        f"sys.exit(cli.main(['list', '--json', '--desk', {str(world.folder)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (cli.BROKEN_PIPE, "")


WAITS_FOR_STDIN = """
import signal, sys, threading
from agentdesk import cli
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background is born deaf to it
class Never:
    def read(self):
        print("waiting", file=sys.stderr, flush=True)
        while True:  # a signal that comes just before one begins to wait without end is not noticed
            threading.Event().wait(0.1)
class Stdin:
    buffer = Never()
sys.stdin = Stdin()
sys.exit(cli.main(["note", "a", "-"]))
"""


def test_ctrl_c_is_no_traceback():
    child = subprocess.Popen([sys.executable, "-c", WAITS_FOR_STDIN], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    assert child.stderr.readline() == "waiting\n"
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (cli.INTERRUPTED, "")


def test_a_broken_desk_is_one_line_with_its_place(world):
    (world.folder / "desk.local.toml").write_text('[keys]\nmpa = "vim"\n')
    outcome = world.run("list", "--json")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.strip().splitlines() == [
        f"agentdesk: {world.folder}/desk.local.toml:2: [keys] mpa: unknown key. Did you mean map?"
    ]


def test_the_folder_of_a_desk_may_come_before_or_behind_the_command(world):
    assert cli.main(["--desk", str(world.folder), "views", "--json"]) == 0
    assert cli.main(["views", f"--desk={world.folder}"]) == 0
    world.monkeypatch.setenv("AGENTDESK_DESK", str(world.folder))
    assert cli.main(["views"]) == 0


def test_what_is_written_is_private(world):
    world.run("list")
    state = world.folder / "state"
    assert state.stat().st_mode & 0o077 == 0
    assert [f.name for f in state.iterdir() if f.is_file() and f.stat().st_mode & 0o077] == []


def test_keys_show_every_command_with_and_without_a_desk(empty):
    from agentdesk.commands import COMMANDS

    shown = empty.run("keys", "--json").json
    assert shown["schema"] == 1
    assert {c["id"] for c in shown["commands"]} == set(COMMANDS.by_id)
    send = next(c for c in shown["commands"] if c["id"] == "send")
    assert send["keys"] == ["ctrl+s"]
    assert send["help"]
    assert "ctrl+s" in run("keys").stdout


def test_a_broken_keymap_is_told_and_the_rest_works(empty):
    (empty.folder / "mine.toml").write_text('[map]\nbase = "default"\n[keys]\n"sned" = "ctrl+o"\n"close" = "ctrl+w"\n')
    outcome = empty.run("keys", "--json", "--map", "mine.toml")
    assert outcome.status == 0
    assert "mine.toml:4" in outcome.err
    assert next(c["keys"] for c in outcome.json["commands"] if c["id"] == "close") == ["ctrl+w"]


def test_a_state_folder_that_can_not_be_made_is_one_line(empty):
    (empty.folder / "state").write_text("a file")
    outcome = empty.run("list")
    assert outcome.status == 1
    assert "Traceback" not in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
