"""What lies outside the screen: the system's programs, the agent's editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from agentdesk.config import DeskConfig
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.secrets import without_secrets


def is_remote(environment: Mapping[str, str]) -> bool:
    """Whether a program started here would open on another desk than the agent's: over SSH, or without a display."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return True
    return sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def opener() -> str:
    """The program the system opens things with.

    Raises:
        Refused: there is none.
    """
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(name)
    if program is None:
        raise Refused(say("screen.no_opener", name=name))
    return program


def start(config: DeskConfig, program: str, what: str) -> None:
    """Open an absolute path or a link with the system's `opener`, and don't wait.

    Raises:
        OSError: it could not be started.
    """
    process = subprocess.Popen(  # noqa: S603 - no shell is involved, and neither a path nor a link begins like an option
        [program, what], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, env=without_secrets(config),
    )  # fmt: skip
    threading.Thread(target=process.wait, daemon=True).start()  # whoever started it has to take its end


def editor() -> list[str]:
    """The agent's editor, as VISUAL or EDITOR say it, else one that every system has.

    Raises:
        Refused: there is none.
    """
    for name in ("VISUAL", "EDITOR"):
        if words := shlex.split(os.environ.get(name, "")):
            if shutil.which(words[0]) is None:
                raise Refused(say("outside.no_such_editor", variable=name, program=words[0]))
            return words
    for program in ("sensible-editor", "nano", "vim", "vi"):
        if shutil.which(program):
            return [program]
    raise Refused(say("outside.no_editor"))


def edited(config: DeskConfig, text: str) -> str:
    """The text after the agent's editor; the caller has put the screen away. The file lies in the desk's own folder meanwhile, and stays
    there if the editor ends badly.

    Raises:
        Refused: there is no editor, or it ended badly; the words say where the text is.
        OSError: it could not be started, or the file not be read.
    """
    command = editor()
    folder = config.state / "editing"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".txt", prefix="reply-", dir=folder)
    path = Path(name)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text if text.endswith("\n") or not text else text + "\n")
    status = subprocess.run([*command, name], check=False, env=without_secrets(config)).returncode  # noqa: S603 - the agent's own editor
    if status:
        raise Refused(say("outside.editor_failed", program=command[0], status=status, file=path))
    written = path.read_text(encoding="utf-8", errors="replace")
    path.unlink(missing_ok=True)
    return written.removesuffix("\n") if not text.endswith("\n") else written
