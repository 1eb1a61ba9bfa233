"""The line cut, silent or dripping from some byte of a sync on (every byte: `python -m faults cuts stalls`)."""

from __future__ import annotations

import pytest

from faults import cuts

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def box():
    return cuts.mailbox(60)


@pytest.mark.parametrize(("offers", "compressed"), [("full", True), ("full", False), ("bare", False)])
def test_cut_anywhere_the_store_is_as_undisturbed(box, offers: str, *, compressed: bool) -> None:
    course = cuts.Course(box, offers, compressed)
    figure = cuts.everywhere(course, every=max(1, (course.down + course.up) // 40))
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert figure.rounds >= 38
    assert int(str(figure.notes["distinct stores left"])) > 3, "it was cut in the middle of things"


@pytest.mark.parametrize("dripping", [False, True], ids=["silent", "dripping"])
def test_silent_from_a_byte_on_it_is_borne_until_the_deadline(box, *, dripping: bool) -> None:
    figure = cuts.stalls(cuts.Course(box, "full", compressed=True), 12, at_once=6, dripping=dripping)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert float(str(figure.notes["longest step, s"])) < 30
