"""What the containers may do, read from docker-compose.yml as its own program reads it."""

import os
import subprocess
from itertools import takewhile
from pathlib import Path

import pytest

from tests.conftest import ROOT

PASSWORDS = {
    "MINQING_DATABASE_PASSWORD": "from-the-test",
    "MINQING_LOGIN_PASSWORD": "another-from-it",
}


def _config(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose config`, which needs no engine, with no variable of ours but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MINQING_")}
    nothing = folder / "env"
    nothing.touch()
    return subprocess.run(
        ["docker-compose", "--env-file", str(nothing), "config"],
        cwd=ROOT, env={**clean, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("missing", PASSWORDS)
def test_nobody_starts_with_a_password_that_is_written_here(tmp_path: Path, missing: str) -> None:
    """Without one of the city's own it says which is missing."""
    refused = _config(tmp_path, **{name: PASSWORDS[name] for name in PASSWORDS if name != missing})
    assert refused.returncode != 0
    assert missing in refused.stderr


def test_requests_sign_in_as_a_role_of_their_own(tmp_path: Path) -> None:
    """With its own password, which the start gives to the role."""
    told = _config(tmp_path, **PASSWORDS).stdout
    assert "MINQING_DATABASE_URL: postgresql://minqing_login:another-from-it@" in told
    assert "MINQING_OWNER_DATABASE_URL: postgresql://minqing:from-the-test@" in told
    assert "minqing db roles && exec minqing serve" in told


@pytest.mark.parametrize("service", ["database", "server"])
def test_a_container_may_do_little(tmp_path: Path, service: str) -> None:
    """No capability that it does not need, no way to more, nothing written but its volume, and not
    all of the machine's memory."""
    told = _config(tmp_path, **PASSWORDS).stdout
    _, _, rest = told.partition(f"\n  {service}:\n")
    mine = takewhile(lambda line: line.startswith("    "), rest.splitlines())
    text = "\n".join(line.strip() for line in mine)
    assert "cap_drop:\n- ALL" in text
    assert "security_opt:\n- no-new-privileges:true" in text
    assert "read_only: true" in text
    assert "mem_limit:" in text and "pids_limit:" in text
