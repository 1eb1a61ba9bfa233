"""What all tests share."""

from hypothesis import settings
from shared import shared

__all__ = ["shared"]

# The same examples in every run, no file left in the tree, and no deadline: the machines are slow and shared.
settings.register_profile("desk", deadline=None, derandomize=True, database=None, max_examples=100)
settings.load_profile("desk")
