"""What is installed where: the product runs on what it runs with, and is tested on the same."""

import re
import tomllib

from tests.conftest import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Packages of a lock and their versions."""
    return dict(PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


def declared(extra: str) -> set[str]:
    """The packages of one of the project's lists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra]
    return {re.split(r"[\[<>=~! ]", line)[0].replace("_", "-").lower() for line in lines}


def test_what_runs_has_no_tools_of_tests() -> None:
    """A server has no debugger, browser driver or provider of tests beside it to be misused."""
    running = pins("requirements.lock")
    assert not declared("dev") & running.keys()
    assert declared("dev") | declared("build") <= pins("requirements-tests.lock").keys()
    assert declared("build") <= running.keys()


def test_what_is_tested_is_what_runs() -> None:
    """Every package of the product is tested in the version in which it runs."""
    running, tested = pins("requirements.lock"), pins("requirements-tests.lock")
    assert {name: tested.get(name) for name in running} == running


def test_the_image_has_what_runs_alone() -> None:
    """The Dockerfile installs no other lock."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "-r requirements.lock" in lines
    assert "requirements-tests" not in lines
