"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from shared import shared

from agentdesk import locale

__all__ = ["shared"]

# The same examples in every run, no file left in the tree, and no deadline: the machines are slow and shared.
settings.register_profile("desk", deadline=None, derandomize=True, database=None, max_examples=100)
settings.load_profile("desk")

# Whatever the machine speaks and whichever desk its user has: tests and the programs they start begin alike.
for name in [name for name in os.environ if name.startswith(("LC_", "LANG", "AGENTDESK_DESK"))]:
    del os.environ[name]
os.environ["LANG"] = "C.UTF-8"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A test that chose another language leaves none to the next."""
    yield
    if locale.language() != "en":
        locale.use("en")
