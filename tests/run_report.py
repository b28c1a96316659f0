"""What a run of the tests says at its end: every test file with the outcome of its tests.

`--files list` prints the files; `--files all` also fails the run if there is a test file under
`tests/` of which no test ran (deselected, skipped as a whole, or collected by nobody).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

# What a test is counted as when its subtests end differently.
RANK = ("skipped", "passed", "failed")


def add_option(parser: pytest.Parser) -> None:
    """The option `--files`."""
    parser.addoption(
        "--files",
        choices=("list", "all"),
        help="at the end, list every test file that ran; `all`: fail if there is one that did not",
    )


def every_file(root: Path) -> set[str]:
    """The test files of a checkout, as paths relative to it."""
    return {path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py")}


def untouched(files: Iterable[str], counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The files of which no test ran to its end, in order.

    Args:
        counts: outcome -> number of tests, by file.
    """
    return sorted(file for file in files if not counts.get(file, {}).keys() & {"passed", "failed"})


class RunReport:
    """Gathers the outcome of every test, from all workers, and prints it by file."""

    def __init__(self, root: Path, mode: str) -> None:
        self._root = root
        self._must_be_whole = mode == "all"
        self._outcomes: dict[str, str] = {}
        self._took_s: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst of a test; set-up and teardown count if they went wrong."""
        self._took_s[_file(report.nodeid)] += report.duration
        if report.when == "call" or not report.passed:
            before = self._outcomes.get(report.nodeid, report.outcome)
            self._outcomes[report.nodeid] = max(before, report.outcome, key=RANK.index)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A whole run is red if it was not whole."""
        if session.exitstatus == pytest.ExitCode.OK and self._missing():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the files, and which of them are missing."""
        terminalreporter.section("test files")
        for file, outcomes in sorted(self._counts().items()):
            said = ", ".join(f"{outcomes[name]} {name}" for name in RANK[::-1] if outcomes[name])
            terminalreporter.write_line(f"{self._took_s[file]:7.1f} s  {file}: {said}")
        for file in self._missing():
            terminalreporter.write_line(f"ERROR: no test of {file} ran", red=True)

    def _counts(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for nodeid, outcome in self._outcomes.items():
            found[_file(nodeid)][outcome] += 1
        return found

    def _missing(self) -> list[str]:
        return untouched(every_file(self._root), self._counts()) if self._must_be_whole else []


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def register(config: pytest.Config) -> None:
    """Report this run, unless this is a worker, whose results its controller gathers."""
    mode = config.getoption("--files")
    if mode is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(RunReport(config.rootpath, str(mode)), "run_report")
