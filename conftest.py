"""Where everything must run, a skip is a failure: `make test-all` sets AGENTDESK_REQUIRE_SERVERS.

Tests marked `shared` may still be skipped: their material does not belong to the project.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1"


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("shared") is None:
        report.outcome = "failed"
        report.longrepr = f"skipped, and here nothing may be skipped: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if STRICT and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"a module was skipped, and here nothing may be skipped: {_reason(report.longrepr)}"
    return report
