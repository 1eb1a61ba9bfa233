"""Where everything must run, a skip is a failure: `make test-all` sets AGENTDESK_REQUIRE_SERVERS.

Tests marked `shared` may still be skipped: their material does not belong to the project.
"""

from __future__ import annotations

import os
from collections import Counter
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped, one line for each reason instead of one for each test."""
    reasons: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("skipped"):
        reason = _reason(report.longrepr).removeprefix("Skipped: ")
        reasons.setdefault(reason, Counter())[report.nodeid.partition("::")[0]] += 1
    if reasons:
        terminalreporter.section("skipped, and why", "-")
        for reason, files in sorted(reasons.items()):
            named = ", ".join(f"{file} ({number})" for file, number in sorted(files.items()))
            terminalreporter.line(f"{reason}: {named}")
