"""What both groups of tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store",
        action="append",
        choices=("memory", "sqlite"),
        help="where the servers of `llama` keep runs; given more than once, or not at all, "
        "its tests run once for each",
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that did not run has told nothing, so it counts as failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = [
        report
        for outcome in ("skipped", "xfailed", "xpassed")
        for report in reporter.stats.get(outcome, [])
    ]
    if left_out:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.section("no test may be skipped", red=True)
        for report in left_out:
            reporter.line(report.nodeid)
