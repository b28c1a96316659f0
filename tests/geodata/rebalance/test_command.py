"""`minqing rebalance` on real files: what it writes, what it refuses, how it is stopped."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST


def start(*words: object) -> subprocess.Popen[str]:
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "rebalance", *map(str, words)],
        cwd=ROOT, env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(*words: object) -> tuple[int, str]:
    """Its exit code and what it said."""
    process = start(*words)
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Four communities in degrees, rows in no order."""
    rows = made_up.frame(8, 6, 4, seed=3, communities=4).sample(frac=1, random_state=1)
    path = tmp_path / "in.parquet"
    rows.to_crs(4326).to_parquet(path)
    return path


def test_the_rows_come_back_with_a_plan(city: Path, tmp_path: Path) -> None:
    """Same rows in the same order; the measures beside them; the same again from the same seed."""
    out = tmp_path / "out.parquet"
    code, said = run(city, "--out", out, "--profile", "standard", "--seed", 5)
    assert code == 0, said
    given, written = gpd.read_parquet(city), gpd.read_parquet(out)
    assert written.crs == given.crs
    assert written.drop(columns="new_cell_code").equals(given)
    assert (written["new_cell_code"] // 1000 == written["community_code"] // 1000).all()
    report = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert (report["profile"], report["seed"], report["faults"]) == ("standard", 5, [])
    changed = written["new_cell_code"] != written["cell_code"]
    assert report["changed_units"] == changed.sum()
    moved = written["households"][changed].sum() / written["households"].sum()
    assert report["after"]["moved"] == pytest.approx(moved)
    assert report["after"]["within_15"] > report["before"]["within_15"]
    again = tmp_path / "again.parquet"
    assert run(city, "--out", again, "--seed", 5, "--workers", 1)[0] == 0
    assert gpd.read_parquet(again).equals(written)


def test_one_community_alone(city: Path, tmp_path: Path) -> None:
    """`--within` leaves all others as they are."""
    out = tmp_path / "out.parquet"
    assert run(city, "--out", out, "--within", FIRST + 1000)[0] == 0
    rows = gpd.read_parquet(out)
    changed = rows["new_cell_code"] != rows["cell_code"]
    assert changed.any()
    assert set(rows["community_code"][changed]) == {FIRST + 1000}
    code, said = run(city, "--out", out, "--within", 110000)
    assert (code, "--within 110000" in said) == (1, True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: rows.drop(columns="households"), "households: the file has no such column"),
        (lambda rows: rows.set_crs(None, allow_override=True), "declares no coordinate system"),
        (lambda rows: rows.iloc[:0], "0 rows"),
        (lambda rows: rows.assign(unit_id=1), "unit_id: more than once: 1"),
        (lambda rows: rows.assign(cell_code=rows["cell_code"] + 0.5), "cell_code: not a whole"),
        (lambda rows: rows.assign(households="many"), "households: holds"),
        (lambda rows: rows.assign(incidents=np.nan), "incidents: must be a number"),
        (lambda rows: rows.assign(locked="no"), "locked: holds"),
        (lambda rows: rows.set_geometry(rows.centroid), "geometry: no valid Polygon"),
        (lambda rows: rows.assign(cell_code=rows["cell_code"] + 1_000), "no cell of its community"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(
    spoil: object, said: str, city: Path, tmp_path: Path
) -> None:
    """One sentence a fault, naming the column; nothing is written."""
    bad, out = tmp_path / "bad.parquet", tmp_path / "out.parquet"
    spoil(gpd.read_parquet(city).to_crs(4544)).to_parquet(bad)  # type: ignore[operator]
    code, told = run(bad, "--out", out)
    assert (code, said in told, "Traceback" in told) == (1, True, False), told
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == []


def test_what_is_no_file(city: Path, tmp_path: Path) -> None:
    """Missing, cut short, or text; and a target that cannot be."""
    short = tmp_path / "short.parquet"
    short.write_bytes(city.read_bytes()[:2_000])
    text = tmp_path / "text.parquet"
    text.write_text("unit_id,cell_code\n1,2\n")
    out = tmp_path / "out.parquet"
    for bad in (short, text, tmp_path / "none.parquet"):
        code, told = run(bad, "--out", out)
        assert (code, bad.name in told, "Traceback" in told) == (1, True, False), told
    for target in (tmp_path / "out.csv", tmp_path / "nowhere" / "out.parquet"):
        code, told = run(city, "--out", target)
        assert (code, "--out" in told) == (1, True)


def test_a_plan_that_cannot_be_published_says_so(tmp_path: Path) -> None:
    """Units that overlap give cells that overlap: written, named, exit code 1."""
    rows = made_up.frame(4, 4, 3, seed=1)
    rows.loc[5, "geometry"] = rows.geometry.iloc[5].buffer(3.0, join_style="mitre")
    rows.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    code, told = run(tmp_path / "in.parquet", "--out", out)
    assert (code, "cannot be published" in told) == (1, True), told
    assert json.loads(out.with_suffix(".json").read_text())["faults"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Stopped in the middle of the search: no file, no traceback, exit code 130."""
    made_up.frame(30, 30, 40, seed=1, communities=40).to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    process = start(tmp_path / "in.parquet", "--out", out)
    assert process.stdout is not None
    assert "36,000 base units in 40 communities" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]
    assert "Traceback" not in said
