"""Where a desk and its state live (`docs/configuration.md`), and the files shipped in the wheel."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from agentdesk.errors import Refused, UsageError
from agentdesk.locale import say

APP = "agentdesk"


def desk_folder(given: str | None) -> Path:
    """The desk's folder: `--desk`, else AGENTDESK_DESK, else the platform's config directory."""
    chosen = given or os.environ.get("AGENTDESK_DESK")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(platformdirs.user_config_dir(APP))


def state_folder(desk: Path, given: str | None) -> Path:
    """Database and logs: `DIR/state` for a desk given by path, else the platform's data directory."""
    if given or os.environ.get("AGENTDESK_DESK"):
        return desk / "state"
    return Path(platformdirs.user_data_dir(APP))


def shipped(kind: str) -> Path:
    """The shipped `keymaps` or `packs`: beside the package in a checkout, inside it in a wheel.

    Raises:
        UsageError: the installation is not whole.
    """
    package = Path(__file__).parent
    inside = package / kind
    if inside.is_dir():
        return inside
    beside = package.parent / {"packs": "snippets", "keymaps": "keymaps"}[kind]
    if beside.is_dir():
        return beside
    raise UsageError(say("errors.installation", what=kind))


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can enter (0700), parents included where they are missing.

    Raises:
        Refused: it can't be made.
    """
    try:
        for missing in reversed(folder.parents):
            if not missing.exists():
                missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Refused(say("errors.cannot_make", folder=folder, reason=error.strerror or error)) from error
    return folder
