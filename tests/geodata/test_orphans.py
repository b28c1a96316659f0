"""Worker processes of a city build end with the build, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import SOURCES
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
BUILDER = """
import sys
from geodata.demo import Recipe, build
from geodata.progress import Silent
from pathlib import Path

if __name__ == "__main__":
    recipe = Recipe(districts=(620111, 620122), workers=2)
    build(recipe, Path(sys.argv[1]), Silent(), sources=Path(sys.argv[2]))
"""


def workers_of(group: int) -> set[int]:
    """Processes of a group that are still there, zombies left out."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, its_group = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
            except OSError:
                continue  # ended meanwhile
            if state != "Z" and int(its_group) == group:
                found.add(int(entry.name))
    return found


def drawing(group: int) -> set[int]:
    """Those that are at work: they have imported what draws districts."""
    found = set()
    for pid in workers_of(group) - {group}:
        try:
            if "shapely" in Path(f"/proc/{pid}/maps").read_text():
                found.add(pid)
        except OSError:
            continue
    return found


def test_a_killed_build_leaves_no_process(tmp_path: Path) -> None:
    """kill -9 of the build while its workers draw: they are gone, too, and so are its helpers."""
    script = tmp_path / "builder.py"
    script.write_text(BUILDER)
    builder = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "city"), str(SOURCES)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    group = builder.pid
    try:
        wait_until(lambda: len(drawing(group)) == 2, patience_s=120)
        builder.kill()
        assert builder.wait() == -signal.SIGKILL
        wait_until(lambda: not workers_of(group))
    finally:
        if workers_of(group):
            os.killpg(group, signal.SIGKILL)
        builder.wait()
