"""CI runs every test file there is, names each in its log, and is red if one was left out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.run_report import every_file, untouched

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = """
from tests import run_report

def pytest_addoption(parser):
    run_report.add_option(parser)

def pytest_configure(config):
    run_report.register(config)
"""
# Words in the names of files that hold what is hostile, whose scope it is, and what is revoked.
GUARDS = re.compile(
    r"hostile|payload|quer|scope|revo|race|matrix|identity|guard|people|contact|audit|by_machine"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with two test files."""
    folder = tmp_path / "tests" / "deep"
    folder.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\nmarkers = long\n")
    (tmp_path / "conftest.py").write_text(PLUGIN)
    (folder / "test_one.py").write_text("def test_a(subtests):\n    with subtests.test(): pass\n")
    (folder / "test_two.py").write_text(
        "import pytest\n@pytest.mark.long\ndef test_b(): pass\ndef test_c(): pytest.skip()\n"
    )
    return tmp_path


def run(checkout: Path, *words: str) -> tuple[int, list[str]]:
    """Exit status and lines of a run there."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=checkout,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_whole_run_names_every_file(checkout: Path, workers: tuple[str, ...]) -> None:
    """With the outcome of its tests; the last line is pytest's own."""
    status, lines = run(checkout, "--files", "all", *workers)
    assert status == 0
    said = [line.partition(" s  ")[2] for line in lines if " s  tests/" in line]
    one, two = "tests/deep/test_one.py: 1 passed", "tests/deep/test_two.py: 1 passed, 1 skipped"
    assert said == [one, two]
    assert re.search(r"2 passed.*, 1 skipped.* in [0-9.]+s", lines[-1])


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_run_that_leaves_a_file_out_is_red(checkout: Path, workers: tuple[str, ...]) -> None:
    """Skipped tests alone do not make a file one that ran. A plain run may leave files out."""
    status, lines = run(checkout, "--files", "all", "-m", "not long", *workers)
    assert status == 1
    assert "ERROR: no test of tests/deep/test_two.py ran" in lines
    assert run(checkout, "--files", "list", "-m", "not long", *workers)[0] == 0


def test_what_did_not_run_to_its_end_is_untouched() -> None:
    """Nothing of it was collected, or all of it was skipped."""
    counts = {"a": {"passed": 1}, "b": {"skipped": 3}, "c": {"failed": 1, "skipped": 1}}
    assert untouched(["d", "c", "b", "a"], counts) == ["b", "d"]


def test_ci_runs_all_and_all_leaves_nothing_out() -> None:
    """`.ci/run` is `scripts/test --all`, which hands pytest no choice but to be whole."""
    last_line = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    assert last_line == "exec timeout --kill-after=1m 90m scripts/test --all"
    script = (ROOT / "scripts" / "test").read_text()
    assert "[[ ${1-} == --all ]]; then chosen=(--files all); shift; fi" in script
    assert script.count('pytest -n 3 --dist worksteal "${chosen[@]}"') == 1
    config = (ROOT / "pyproject.toml").read_text()
    assert 'testpaths = ["tests"]' in config
    (options,) = re.findall(r"^addopts = \"(.*)\"$", config, re.MULTILINE)
    assert not re.search(r"-[km]\b|--(ignore|deselect)", options)


def test_what_a_plain_run_leaves_out_guards_nothing() -> None:
    """Only what is long, is there, and neither holds a scope nor keeps anything hostile out."""
    assert every_file(ROOT) >= {f"tests/{name}" for name in LONG}
    assert [name for name in sorted(LONG) if GUARDS.search(name)] == []
