"""Logs are JSON, and carry nothing that was sent."""

import json
import subprocess
import sys

CANARY = "金丝雀 0931-5550155"
SCRIPT = """
import logging, structlog
from app.core import logs
logs.configure()
log = structlog.get_logger()

def deep(body):
    raise ValueError("cannot use " + body)

for tell in (
    lambda error: log.error("internal", path="/x", exc_info=error),
    lambda error: log.exception("internal"),
    lambda error: logging.getLogger("uvicorn.error").error("Exception in app", exc_info=error),
    lambda error: logging.getLogger("procrastinate.worker").error("Job: %s", 1, exc_info=error),
):
    try:
        try:
            deep("金丝雀 0931-5550155")
        except ValueError as error:
            raise LookupError("金丝雀 0931-5550155") from error
    except LookupError as error:
        tell(error)
"""


def run(script: str) -> str:
    """What a process says on standard error; nothing else may be said."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_an_error_is_told_without_its_text() -> None:
    """By type, cause and place: of ours, of the web server, of the job queue."""
    said = run(SCRIPT)
    lines = said.strip().splitlines()
    assert len(lines) == 4
    assert not any(word in said for word in CANARY.split())
    assert all("LookupError from ValueError" in line and "deep" not in line for line in lines[2:])
    for line in lines[:2]:
        told = json.loads(line)
        assert told["error"] == "LookupError from ValueError" and told["level"] == "error"
        assert told["where"][-1].endswith("<module>")


def test_the_filter_is_what_keeps_it_out() -> None:
    """Without being set up, the same prints it."""
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("logs.configure()", "")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert CANARY in said.stdout + said.stderr
