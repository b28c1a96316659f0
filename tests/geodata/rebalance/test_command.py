"""`minqing rebalance` on real files: what it writes, what it refuses, how it is stopped."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import typer

from app.cli import unit_files
from tests.conftest import ROOT, run_command
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST


def run(*words: object, command: tuple[str, ...] = ("rebalance",)) -> tuple[int, str]:
    """Its exit code and what it said."""
    done = run_command(*command, *map(str, words))
    return done.returncode, done.stdout + done.stderr


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


def test_a_file_as_other_programs_write_it(city: Path, tmp_path: Path) -> None:
    """Names beyond 2^53 to the digit, short integers, MultiPolygons, a column more."""
    rows, other = gpd.read_parquet(city).to_crs(4523), tmp_path / "other.parquet"
    rows["geometry"] = [shapely.MultiPolygon([shape]) for shape in rows.geometry]
    rows["unit_id"] += 2**62
    rows["households"] = rows["households"].astype("int32")
    rows = rows.drop(columns=["street_block", "locked"]).assign(name="里", z=None)
    rows.rename_geometry("shape").to_parquet(other)
    out = tmp_path / "out.parquet"
    code, said = run(other, "--out", out, "--seed", 5)
    assert code == 0, said
    written = gpd.read_parquet(out)
    assert written.drop(columns="new_cell_code").equals(gpd.read_parquet(other))
    assert (written["new_cell_code"] != written["cell_code"]).any()
    # The same units under shorter names: the same plan.
    rows.assign(unit_id=rows["unit_id"] - 2**62).to_parquet(other)
    assert run(other, "--out", out, "--seed", 5)[0] == 0
    assert gpd.read_parquet(out)["new_cell_code"].equals(written["new_cell_code"])
    rows["geometry"] = [shapely.MultiPolygon([*s.geoms, shapely.box(0, 0, 1, 1)])
                        if i == 3 else s for i, s in enumerate(rows.geometry)]  # fmt: skip
    rows.to_parquet(other)
    code, said = run(other, "--out", out)
    named = f"geometry: no valid Polygon: units {rows['unit_id'].iloc[3]}"
    assert (code, named in said) == (1, True), said


def test_one_community_alone(city: Path, tmp_path: Path) -> None:
    """`--within` leaves all others as they are."""
    out = tmp_path / "out.parquet"
    assert run(city, "--out", out, "--within", FIRST + 1000)[0] == 0
    rows = gpd.read_parquet(out)
    changed = rows["new_cell_code"] != rows["cell_code"]
    assert changed.any()
    assert set(rows["community_code"][changed]) == {FIRST + 1000}


@pytest.mark.parametrize(
    ("within", "changes"),
    [
        (FIRST + 9000, {9}),  # ...010, whose digits without zeros begin those of ...011 to ...019
        (FIRST // 1000, {0}),
        (620102001, set(range(11))),
        (620102, set(range(11))),
    ],
)
def test_an_area_by_its_code(within: int, changes: set[int], tmp_path: Path) -> None:
    """Fifteen digits, or a division code of 12, 9 or 6: exactly the communities in it."""
    made_up.frame(5, 4, 3, seed=1, communities=11).to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    assert run(tmp_path / "in.parquet", "--out", out, "--within", within)[0] == 0
    rows = gpd.read_parquet(out)
    changed = rows["community_code"][rows["new_cell_code"] != rows["cell_code"]]
    assert set((changed - FIRST) // 1000) == changes


@pytest.mark.parametrize(
    ("within", "said"),
    [
        (620103, "the file has no community there"),
        (110000, "110000000000000 is not an area code"),
        (62010, "'62010' is not a division code"),
        (0, "'0' is not a division code"),
    ],
)
def test_an_area_that_is_none(within: int, said: str, city: Path, tmp_path: Path) -> None:
    """Named, with what is wrong about it."""
    code, told = run(city, "--out", tmp_path / "out.parquet", "--within", within)
    assert (code, f"--within {within}: {said}" in told) == (1, True), told


def test_the_number_of_cells_follows_the_load(tmp_path: Path) -> None:
    """Where one community has five times the work, it gets the cells that the other gives up."""
    rows = made_up.frame(10, 8, 5, seed=3, communities=2)
    rows.loc[rows["community_code"] > FIRST, ["households", "incidents"]] *= 5
    rows.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    code, said = run(tmp_path / "in.parquet", "--out", out, "--cells-follow-load")
    assert (code, "3 new cells, 3 dissolved" in said) == (0, True), said
    report = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert report["new_cells"] == [FIRST + 1006, FIRST + 1007, FIRST + 1008]
    plan = gpd.read_parquet(out)["new_cell_code"]
    assert set(report["dissolved_cells"]) == set(rows["cell_code"]) - set(plan)
    was, is_now = report["near_mean_of_area"]
    assert (was < 0.5, is_now >= 0.9) == (True, True)
    # One community alone is measured by its own mean.
    assert run(tmp_path / "in.parquet", "--out", out, "--cells-follow-load",
               "--within", FIRST)[0] == 0  # fmt: skip
    report = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert (report["new_cells"], report["dissolved_cells"]) == ([], [])


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
        (lambda rows: rows.assign(households=1e308), "households: more than 1e+100"),
        (lambda rows: rows.assign(together="A"), "together: holds"),
        (lambda rows: rows.assign(together=[gpd.pd.Timestamp(0)] * 192), "together: holds"),
        (lambda rows: rows.assign(together=rows["unit_id"] == 1), "together: holds bool"),
        (lambda rows: rows.assign(together=-7), "together: must be a number of 0 or more, or"),
        (lambda rows: rows.set_geometry(rows.geometry.where(rows.index != 7, rows.geometry.iat[8])),
         "geometry: drawn more than once: units"),
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


@pytest.mark.parametrize(
    ("sets", "locked", "said"),
    [
        # Units 1 to 48 are a field of eight by six, and the first community; 49 lies in the second.
        ({1: 7, 2: 7, 4: 7}, (), "set 7 lies in pieces with no border between them that a cell can"
         " pass: 1: units 1, 2; 2: units 4"),
        ({1: 7, 10: 7}, (), "set 7 lies in pieces"),  # a corner is no border
        ({48: 7, 49: 7}, (), f"set 7 lies in more than one community: {FIRST}: units 48;"
         f" {FIRST + 1000}: units 49"),
        ({1: 7, 8: 7}, (1,), "set 7 lies in pieces"),
        ({1: 3, 2: 3, 3: 4, 5: 4}, (), "set 4 lies in pieces"),
    ],
)  # fmt: skip
def test_sets_that_no_plan_can_keep_together(
    sets: dict[int, int], locked: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    """Refused at once, with the set and its units; the sets that can be kept are not named."""
    rows = made_up.frame(8, 6, 4, seed=3, communities=2)
    rows["together"] = rows["unit_id"].map(sets).astype("Int64")
    rows["locked"] = rows["unit_id"].isin(locked)
    rows.to_parquet(tmp_path / "in.parquet")
    code, told = run(tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert (code, f"together: {said}" in " ".join(told.split())) == (1, True), told
    assert (told.count("together:"), "base units in" in told, "Traceback" in told) == (1, 0, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]


def test_sets_that_are_locked_in_part(three: Path, tmp_path: Path) -> None:
    """They stay where their locked unit is, unless that cannot be: then they are named."""
    out = tmp_path / "out.parquet"
    rows = gpd.read_parquet(three)
    # Units 2 and 3 lie side by side, in the first cell and in the second.
    rows["together"] = np.where(rows["unit_id"].isin([2, 3]), 5, None)
    for held in ([2], [3]):
        rows.assign(locked=rows["unit_id"].isin(held)).to_parquet(three)
        code, told = run(three, "--out", out)
        assert code == 0, told
        plan = gpd.read_parquet(out).set_index("unit_id")["new_cell_code"]
        assert plan[2] == plan[3] == FIRST + 1 + (held[0] - 1) // 2
        out.unlink()
    rows.assign(locked=rows["unit_id"].isin([2, 3])).to_parquet(three)
    code, told = run(three, "--out", out)
    named = f"set 5 is locked in more than one cell: {FIRST + 1}: units 2; {FIRST + 2}: units 3"
    assert (code, named in " ".join(told.split())) == (1, True), told
    rows.assign(locked=rows["cell_code"] == FIRST + 1).to_parquet(three)
    code, told = run(three, "--out", out)
    assert (code, "set 5 lies in part in a cell of locked units" in told) == (1, True), told
    assert not out.exists()
    # Where all of it is locked nothing is drawn, wherever it lies.
    rows["together"] = np.where(rows["unit_id"].isin([1, 8]), 5, None)
    rows.assign(locked=rows["cell_code"] == FIRST + 1).to_parquet(three)
    assert run(three, "--out", out)[0] == 0


def test_a_set_across_a_barrier(three: Path, tmp_path: Path) -> None:
    """No cell passes it, and so no set does; the same set without the barrier is kept."""
    rows = gpd.read_parquet(three)
    rows["together"] = np.where(rows["unit_id"].isin([2, 3]), 5, None)
    rows["barrier_block"] = (rows["unit_id"] - 1) % 6 // 2
    rows.to_parquet(three)
    out = tmp_path / "out.parquet"
    code, told = run(three, "--out", out)
    assert (code, "set 5 lies in pieces" in told, out.exists()) == (1, True, False), told
    rows.drop(columns="barrier_block").to_parquet(three)
    assert run(three, "--out", out)[0] == 0
    plan = gpd.read_parquet(out).set_index("unit_id")["new_cell_code"]
    assert plan[2] == plan[3]


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


def test_a_file_that_unpacks_to_more_than_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is a limit while files are read, and none behind it; what is beyond is said."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    monkeypatch.setattr(unit_files, "MOST_BYTES", taken + 2**28)
    with pytest.raises(typer.Exit), unit_files.said_plainly():
        np.ones(2**28)
    assert "more memory than a file may take" in capsys.readouterr().err
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_plan_that_cannot_be_published_says_so(tmp_path: Path) -> None:
    """Units that overlap give cells that overlap: written, named, exit code 1."""
    rows = made_up.frame(4, 4, 3, seed=1)
    rows.loc[5, "geometry"] = rows.geometry.iloc[5].buffer(3.0, join_style="mitre")
    rows.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    code, told = run(tmp_path / "in.parquet", "--out", out)
    assert (code, "cannot be published" in told) == (1, True), told
    assert json.loads(out.with_suffix(".json").read_text())["faults"]


def test_units_that_cover_each_other(tmp_path: Path) -> None:
    """One over another, edge on edge, so that no cell can be put together: named all the same."""
    rows = made_up.frame(4, 4, 1, seed=1)
    rows.loc[5, "geometry"] = rows.geometry.iloc[5].union(rows.geometry.iloc[6])
    rows.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    code, told = run(tmp_path / "in.parquet", "--out", out)
    assert (code, "no_gap: units overlap" in told, "Traceback" in told) == (1, True, False), told
    assert json.loads(out.with_suffix(".json").read_text())["faults"][0]["units"] == [6, 7]


def test_sets_whose_numbers_are_long(tmp_path: Path) -> None:
    """To the last digit: two sets that differ there are two."""
    rows = made_up.frame(6, 2, 3, seed=1)
    sets = {1: 2**60 + 1, 2: 2**60 + 1, 11: 2**60 + 2, 12: 2**60 + 2}
    rows["together"] = gpd.pd.array([sets.get(unit) for unit in range(1, 13)], dtype="Int64")
    rows.to_parquet(tmp_path / "in.parquet")
    code, told = run(tmp_path / "in.parquet", "--out", tmp_path / "out.parquet")
    assert code == 0, told


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Stopped in the middle of the search: no file, no traceback, exit code 130."""
    made_up.frame(30, 30, 40, seed=1, communities=10).to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "rebalance", tmp_path / "in.parquet", "--out", out],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "9,000 base units in 10 communities" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]
    assert "Traceback" not in said


# --- minqing plan --------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Twelve squares in three cells, two wide and two high each."""
    rows = made_up.frame(6, 2, 3, seed=1)
    rows["cell_code"] = FIRST + 1 + np.arange(12) % 6 // 2
    path = tmp_path / "units.parquet"
    rows.to_parquet(path)
    return path


def put(path: Path, **cell_of: int) -> Path:
    """A CSV of today's plan with some units elsewhere: `u5=2` puts unit 5 into cell 2."""
    rows = {unit: FIRST + 1 + (unit - 1) % 6 // 2 for unit in range(1, 13)}
    rows |= {int(unit[1:]): FIRST + cell for unit, cell in cell_of.items()}
    lines = [f"{unit},{cell}" for unit, cell in rows.items()]
    path.write_text("\ufeffunit_id,cell_code\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def test_a_plan_from_elsewhere_is_checked_and_mended(three: Path, tmp_path: Path) -> None:
    """What is wrong is named; the mended one is written and passes."""
    check = ("plan", "check")
    good, bad = put(tmp_path / "good.csv", u3=1), put(tmp_path / "bad.csv", u5=1)
    assert run(three, good, command=check)[0] == 0
    code, said = run(three, bad, command=check)
    assert (code, f"in_one_piece: cells lie in more than one piece: cells {FIRST + 1}" in said) == (
        1, True,
    )  # fmt: skip
    mended = tmp_path / "mended.csv"
    assert run(three, bad, "--mend", mended, command=check)[0] == 0
    assert mended.read_bytes() == (
        put(tmp_path / "today.csv").read_bytes().removeprefix(b"\xef\xbb\xbf")
    )


def test_what_cannot_be_mended_is_not_written(three: Path, tmp_path: Path) -> None:
    """A unit in a cell of nowhere is named; a cell that has no unit left is told, and no fault."""
    check, mended = ("plan", "check"), tmp_path / "mended.csv"
    strange = put(tmp_path / "strange.csv", u3=1_002)
    code, said = run(three, strange, "--mend", mended, command=check)
    assert (code, "no cell of its community: units 3" in said, mended.exists()) == (1, True, False)
    emptied = put(tmp_path / "emptied.csv", u3=1, u4=1, u9=1, u10=1)
    code, said = run(three, emptied, command=check)
    assert (code, f"they have no unit left: cells {FIRST + 2}" in said) == (0, True), said


def test_the_plan_of_the_search_can_be_read_again(city: Path, tmp_path: Path) -> None:
    """What `rebalance` writes, `plan check` takes; a cell in `diff` is one that changed."""
    out = tmp_path / "out.parquet"
    assert run(city, "--out", out)[0] == 0
    assert run(city, out, command=("plan", "check"))[0] == 0
    code, said = run(city, out, out, command=("plan", "diff"))
    assert (code, "0 of 192 base units" in said) == (0, True)


def test_two_plans_become_one_unless_they_clash(three: Path, tmp_path: Path) -> None:
    """Both sides' changes; a clash is named, and nothing is written."""
    merge = ("plan", "merge")
    one, other = put(tmp_path / "one.csv", u3=1), put(tmp_path / "other.csv", u4=3, u10=3)
    out = tmp_path / "both.csv"
    assert run(three, one, other, "--out", out, command=merge)[0] == 0
    both = put(tmp_path / "expected.csv", u3=1, u4=3, u10=3).read_text("utf-8-sig")
    assert out.read_text() == both
    out.unlink()
    clash = put(tmp_path / "clash.csv", u3=3, u4=3)
    code, said = run(three, one, clash, "--out", out, command=merge)
    assert (code, f"unit 3: {FIRST + 1} or {FIRST + 3}" in said) == (1, True)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "the columns unit_id and cell_code are needed"),
        ("unit_id,cell_code\n1,x\n", "line 2: two whole numbers are needed"),
        ("unit_id,cell_code\n1\n", "line 2: two whole numbers are needed"),
        ("unit_id,cell_code\n1,5\n1,5\n", "line 3: unit 1 stands there twice"),
        ("unit_id,cell_code\n99,5\n", "unit_id: unknown: 99"),
        ("", "the columns unit_id and cell_code are needed"),
    ],
)
def test_a_csv_that_is_no_plan(text: str, said: str, three: Path, tmp_path: Path) -> None:
    """Each fault with its line."""
    bad = tmp_path / "bad.csv"
    bad.write_text(text)
    code, told = run(three, bad, command=("plan", "check"))
    assert (code, said in told, "Traceback" in told) == (1, True, False), told


def test_a_csv_in_another_encoding(three: Path, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are said to be that."""
    bad = tmp_path / "bad.csv"
    bad.write_bytes("unit_id,cell_code\n网格,1\n".encode("gb18030"))
    code, told = run(three, bad, command=("plan", "check"))
    assert (code, "no CSV in UTF-8" in told) == (1, True), told
