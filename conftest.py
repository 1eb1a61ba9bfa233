"""Where everything must run, a skip is a failure: `make test-all` sets AGENTDESK_REQUIRE_SERVERS.

Tests marked `shared` may still be skipped: their material does not belong to the project.

`--remaining` leaves out what passed in the last run of this checkout: `.ci/run` runs `make test` first and need not run the same
tests a second time where the servers are.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

STRICT = os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1"


_PASSED = "agentdesk/passed"
_passed: set[str] = set()
_not_passed: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--remaining", action="store_true", help="leave out the tests that passed in the last run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--remaining"):
        return
    done = set(config.cache.get(_PASSED, []))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
    items[:] = [item for item in items if item.nodeid not in done]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.outcome != "passed":
        _not_passed.add(report.nodeid)
    elif report.when == "call":
        _passed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Only the process that gathers the reports writes; a run of what remained adds to what was there."""
    cache = getattr(session.config, "cache", None)  # None with `-p no:cacheprovider`
    if cache is None or hasattr(session.config, "workerinput"):
        return
    before = cache.get(_PASSED, []) if session.config.getoption("--remaining") else []
    cache.set(_PASSED, sorted({*before, *_passed} - _not_passed))


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
