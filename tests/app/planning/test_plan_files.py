"""Plans as files: read back by geopandas, by pandas, and by the product's own reader."""

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.errors import Problem
from app.core.scope import Scope
from app.planning.reports import export_child
from app.planning.reports.exports import Form
from geodata.rebalance import files
from geodata.rebalance import units as base_units
from tests import staff
from tests.app.planning import oracle
from tests.app.planning.conftest import Moves
from tests.app.planning.written import add_plan
from tests.conftest import run_command


@pytest.fixture(scope="module")
def package(client: TestClient, plan_id: int) -> Iterator[Path]:
    """The plan as a GeoPackage on disk."""
    answer = client.get(f"/api/v1/plans/{plan_id}/moves.gpkg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    assert answer.headers["content-disposition"].endswith(f'"plan-{plan_id}-r1.gpkg"')
    assert int(answer.headers["content-length"]) == len(answer.content)
    with tempfile.NamedTemporaryFile(suffix=".gpkg") as file:
        file.write(answer.content)
        file.flush()
        yield Path(file.name)


def test_the_assignment_is_what_the_command_line_reads(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    """Every unit once, in the cell that the plan gives it."""
    answer = client.get(f"/api/v1/plans/{plan_id}/moves.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    table = pd.read_csv(io.BytesIO(answer.content))
    assert table.columns.tolist() == ["unit_id", "cell_code"]
    assert table["unit_id"].tolist() == drawn["unit_id"].tolist()
    assert table["cell_code"].tolist() == drawn["cell"].tolist()
    path = tmp_path / "plan.csv"
    path.write_bytes(answer.content)
    units = base_units.make(
        unit_id=drawn["unit_id"], community_code=drawn["community_code"],
        cell_code=drawn["today"], households=drawn["households"], incidents=drawn["incidents"],
        geometry=drawn.geometry.to_numpy(),
    )  # fmt: skip
    plan = files.read_plan(path, units)
    assert dict(zip(units.unit_id, plan, strict=True)) == dict(
        zip(drawn["unit_id"], drawn["cell"], strict=True)
    )


def test_geojson_holds_the_cells(client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame) -> None:
    """As polygons with their figures; new ones are marked."""
    answer = client.get(f"/api/v1/plans/{plan_id}/moves.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    said = gpd.read_file(io.BytesIO(answer.content)).set_index("cell_code")
    _hold_against(said, drawn)
    ids = [feature["id"] for feature in json.loads(answer.content)["features"]]
    assert ids == said.index.tolist()


def test_a_geopackage_holds_cells_and_units(package: Path, drawn: gpd.GeoDataFrame) -> None:
    """The units dissolve into the cells beside them."""
    assert [name for name, _ in pyogrio.list_layers(package)] == ["cells", "units"]
    cells = gpd.read_file(package, layer="cells").set_index("cell_code")
    _hold_against(cells, drawn)
    units = gpd.read_file(package, layer="units")
    assert units.crs == cells.crs == "EPSG:4326"
    assert units["unit_id"].tolist() == sorted(drawn["unit_id"])
    for name, other in (("cell_code", "cell"), ("base_cell_code", "today"), ("locked", "locked"),
                        ("households", "households"), ("load", "load")):  # fmt: skip
        assert units[name].tolist() == drawn[other].tolist()
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    again = units.dissolve("cell_code").geometry.to_numpy()
    assert np.all(shapely.equals(again, cells.sort_index().geometry.to_numpy()))


def _hold_against(said: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame) -> None:
    cells = oracle.cells_frame(drawn, "cell")
    assert said.index.tolist() == cells.index.tolist()
    for name in ("load", "households", "deviation", "units"):
        assert said[name].tolist() == pytest.approx(cells[name].tolist(), abs=1e-9)
    assert said["community_code"].tolist() == cells["community_code"].tolist()
    assert said.index[said["new"]].tolist() == sorted(set(drawn["cell"]) - set(drawn["today"]))
    moved = drawn[drawn["cell"] != drawn["today"]]
    both = {*moved["cell"], *moved["today"]} & set(cells.index)
    assert set(said.index[said["changed"]]) == both
    assert said["name"].str.len().min() > 0
    shapes = said.to_crs(oracle.METRES).geometry.to_numpy()
    apart = shapely.area(shapely.symmetric_difference(shapes, cells.geometry.to_numpy()))
    assert np.all(apart < 0.05 * cells.length.to_numpy())


def token_of(context: Context) -> str:
    """The session of a request that may see everything."""
    cookie = staff.headers_of(context.engine)["Cookie"]
    return cookie.partition("=")[2]


EVERYWHERE = (0, 10**15)


def test_nothing_stays_on_the_server(
    context: Context, plan_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even while the file is sent: its name is gone before the first byte."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scope = Scope(*EVERYWHERE, token_of(context))
    made = export_child.make(lambda: False, context, scope, plan_id, Form.GEOPACKAGE)
    with made.content as content:
        assert not list(tmp_path.iterdir())
        assert content.read().startswith(b"SQLite format 3")
        assert content.tell() == made.length_bytes


def test_the_child_sees_what_its_session_may(context: Context, plan_id: int) -> None:
    """It signs in as requests do, and row security asks for the session itself: the codes alone
    show nothing."""
    scope = Scope(*EVERYWHERE, "no session")
    with pytest.raises(Problem, match=f"No plan {plan_id}"):
        export_child.make(lambda: False, context, scope, plan_id, Form.CSV)


def test_a_database_that_does_not_answer(context: Context, plan_id: int) -> None:
    """Is told of as anywhere else."""
    nowhere = replace(context, request_url=context.request_url.set(database="is_none"))
    scope = Scope(*EVERYWHERE, "any")
    with pytest.raises(Problem) as refused:
        export_child.make(lambda: False, nowhere, scope, plan_id, Form.CSV)
    assert (refused.value.status, refused.value.slug) == (503, "unavailable")


def test_a_file_that_takes_too_long(
    client: TestClient, plan_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not made; it is told in order, and nothing is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(export_child, "PATIENCE_S", 0.0)
    answer = client.get(f"/api/v1/plans/{plan_id}/moves.gpkg")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert "longer than 0 s" in answer.json()["detail"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["csv", "geojson", "gpkg"])
def test_files_are_for_readers_of_plans(client: TestClient, plan_id: int, form: str) -> None:
    """What is not there is not found, words that mean nothing are refused."""
    assert client.get(f"/api/v1/plans/999999/moves.{form}").status_code == 404
    answer = client.get(f"/api/v1/plans/{plan_id}/moves.{form}", params={"area": 1})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "area")


def test_the_command_line_writes_them(own_context: Context, moves: Moves, tmp_path: Path) -> None:
    """By the ending of the file; what cannot be written leaves no file."""
    plan_id = add_plan(own_context.engine, moves)
    url = own_context.engine.url.render_as_string(hide_password=False)
    env = {"MINQING_DATABASE_URL": url}
    for form in ("csv", "gpkg"):
        file = tmp_path / f"plan.{form}"
        done = run_command("export", "plan", str(plan_id), str(file), env=env)
        assert done.returncode == 0, done.stderr
    units = gpd.read_file(tmp_path / "plan.gpkg", layer="units")
    table = pd.read_csv(tmp_path / "plan.csv")
    assert table["cell_code"].tolist() == units["cell_code"].tolist()
    assert (table["cell_code"] != units["base_cell_code"]).sum() == len(moves)
    for number, name, said in ((plan_id, "plan.xlsx", "ends neither"), (77, "b.csv", "No plan 77")):
        done = run_command("export", "plan", str(number), str(tmp_path / name), env=env)
        assert done.returncode != 0
        assert said in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"plan.csv", "plan.gpkg"}
