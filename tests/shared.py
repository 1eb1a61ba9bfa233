"""The test material that does not belong to the project: a folder beside the repository, absent in most places."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder, or a skip that says what is missing."""
    if not (FOLDER / "mail").is_dir():
        pytest.skip("the test material in ../shared is not here")
    return FOLDER
