"""A hotline written from the documentation alone, as a second process; and the documentation."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.core.context import Context
from app.identity import keys
from app.identity.rules import KeyRight
from tests.app.incidents.reports import a_report
from tests.app.incidents.test_reporting import counted
from tests.app.programs.test_keys import DISTRICT
from tests.server import ServerProcess

PAGE = Path(__file__).resolve().parents[3] / "docs" / "programs.md"
HOTLINE = Path(__file__).with_name("hotline.py")


def hotline(server: ServerProcess, key: str, path: Path, *words: str) -> list[Any]:
    """What the program said."""
    command = [sys.executable, str(HOTLINE), server.base_url, key, str(path), *words]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_a_hotline(own_context: Context, server: ServerProcess, tmp_path: Path) -> None:
    """It files one by one and in batches, twice over, and hears of each of its cases."""
    key = keys.add_key(own_context.engine, "hotline", DISTRICT, {KeyRight.REPORT, KeyRight.READ})
    reports = [a_report(source="hotline", title=f"来电 {nth}") for nth in range(30)]
    path = tmp_path / "reports.jsonl"
    path.write_text("\n".join(map(json.dumps, reports)), encoding="utf-8")
    said = hotline(server, key, path)
    assert [line["code"] for line in said[:-1]] == [201] * 30
    assert set(said[-1]["states"].values()) == {"reported"} and len(said[-1]["states"]) == 30
    more = [a_report(source="hotline") for _ in range(25)]
    path.write_text("\n".join(map(json.dumps, [*reports[:5], *more, {"id": "x"}])), "utf-8")
    said = hotline(server, key, path, "--batch", "10")
    totals = [sum(line[word] for line in said[:-1]) for word in ("filed", "known", "refused")]
    assert totals == [25, 5, 1]
    for report in (*reports, *more):
        assert counted(own_context, report["id"]) == (1, 1, 1, 1)


def test_the_lines_of_the_documentation_work(own_context: Context, server: ServerProcess) -> None:
    """Every line of docs/programs.md, in one shell, against a real server."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = "set -euo pipefail\n" + "\n".join(blocks)
    assert script.count("http://127.0.0.1:8000") == 1
    script = script.replace("http://127.0.0.1:8000", server.base_url)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    url = own_context.url.render_as_string(hide_password=False)
    env = {**os.environ, "PATH": path, "MINQING_DATABASE_URL": url}
    env["MINQING_CONTACT_KEY_FILE"] = str(own_context.settings.contact_key_file)
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=env)
    assert said.returncode == 0, said.stdout + said.stderr
    assert '"became":"known"' in said.stdout and '"status":"reported"' in said.stdout
    assert counted(own_context, "0e6f5f4e-5f0b-4a52-9a0e-6d2f3c1b7a10") == (1, 1, 1, 1)
