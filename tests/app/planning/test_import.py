"""Plans drawn elsewhere, as real files: taken over, shown where wrong, repaired, refused."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.identity.rules import Role
from geodata.coverage import dissolve
from geodata.rebalance.units import Units
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.planning.ground import METRES, units_in
from tests.app.planning.written import DISTRICT


@pytest.fixture(scope="module")
def subdistrict(context: Context) -> tuple[int, Units]:
    """The first subdistrict of the test's district with its units, in metres."""
    with reading(context.engine) as session:
        code = int(units_in(session).community_code[0]) // 10**6 * 10**6
        return code, units_in(session, code, code + 999_999)


@pytest.fixture
def moved(subdistrict: tuple[int, Units]) -> np.ndarray:
    """A plan of it: the cells of two neighbours are one, elsewhere single units change sides."""
    _, units = subdistrict
    plan = units.cell_code.copy()
    free = plan[~units.locked]
    communities = np.unique(free // 1000)
    for community in communities[:3]:
        first, second = np.unique(free[free // 1000 == community])[:2]
        plan[plan == first] = second
    return np.asarray(mended(units, plan))


def mended(units: Units, plan: np.ndarray) -> np.ndarray:
    """The plan in one piece, by the product's own code (tested elsewhere)."""
    from geodata.rebalance import borders, plans

    return plans.mend(units, borders.between(units), plan)


def cells_of(units: Units, plan: np.ndarray) -> gpd.GeoDataFrame:
    """The cells of a plan as anybody would draw them, in metres."""
    return gpd.GeoDataFrame(
        {"cell_code": np.unique(plan)}, geometry=dissolve(units.geometry, plan), crs=METRES
    )


def send(client: TestClient, area: int, name: str, content: bytes, **words: Any) -> Any:
    """A file that is sent, as the page sends it."""
    form = {"title": "QGIS 里画的", "area_code": str(area)} | {k: str(v) for k, v in words.items()}
    return client.post("/api/v1/plans/imports", files={"file": (name, content)}, data=form)


def taken(answer: Any) -> Any:
    """The answer of a file that could be read."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def moves_of(context: Context, plan_id: int) -> dict[int, int]:
    """What a plan moves."""
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT unit_id, cell_code FROM plan_move WHERE plan_id = :id"), {"id": plan_id}
        )
        return {row.unit_id: row.cell_code for row in rows}


def plans_in(context: Context) -> int:
    """How many plans there are."""
    with reading(context.engine) as session:
        return session.execute(text("SELECT count(*) FROM plan")).scalar_one()


def wanted(units: Units, plan: np.ndarray) -> dict[int, int]:
    """What a plan would move."""
    rows = np.flatnonzero(plan != units.cell_code)
    return dict(zip(units.unit_id[rows].tolist(), plan[rows].tolist(), strict=True))


def csv_of(units: Units, plan: np.ndarray) -> bytes:
    """An assignment."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": plan})
    return table.to_csv(index=False).encode()


def packed(frame: gpd.GeoDataFrame, folder: Path, name: str) -> bytes:
    """A frame as a file."""
    path = folder / name
    frame.to_file(path, engine="pyogrio")
    return path.read_bytes()


def zipped(frame: gpd.GeoDataFrame, folder: Path, _: str) -> bytes:
    """A frame as a zipped Shapefile."""
    (folder / "shape").mkdir()
    frame.assign(cell_code=frame["cell_code"].astype(str)).to_file(folder / "shape" / "cells.shp")
    return Path(shutil.make_archive(str(folder / "cells"), "zip", folder / "shape")).read_bytes()


def test_an_assignment(
    own_context: Context, own_client: TestClient, subdistrict: tuple[int, Units], moved: np.ndarray
) -> None:
    """A CSV of every unit: a plan with exactly these moves, as one edit that can be undone."""
    area, units = subdistrict
    told = taken(send(own_client, area, "plan.csv", csv_of(units, moved)))
    report = told["report"]
    assert report["matched"] == report["units"] == report["rows"] == len(units)
    assert (report["faults"], report["refused"], report["left_out"]) == ([], 0, 0)
    assert not report["repaired"]
    assert moves_of(own_context, told["plan_id"]) == wanted(units, moved)
    assert report["moved"] == len(wanted(units, moved)) > 0
    plan = own_client.get(f"/api/v1/plans/{told['plan_id']}").json()
    assert (plan["title"], plan["area_code"], plan["can_undo"]) == ("QGIS 里画的", area, True)


def test_only_what_moves(
    own_context: Context, own_client: TestClient, subdistrict: tuple[int, Units], moved: np.ndarray
) -> None:
    """Units that the file leaves out stay; those of the rest of the city do not matter."""
    area, units = subdistrict
    with reading(own_context.engine) as session:
        every = units_in(session)
    away = every.unit_id[~np.isin(every.unit_id, units.unit_id)][:50]
    table = pd.DataFrame({
        "unit_id": np.append(units.unit_id[::2], away),
        "cell_code": np.append(units.cell_code[::2], np.full(50, moved[0])),
    })  # fmt: skip
    told = taken(send(own_client, area, "PLAN.CSV", table.to_csv(index=False).encode("utf-8-sig")))
    assert told["plan_id"] is not None
    assert told["report"]["elsewhere"] == 50
    assert told["report"]["left_out"] == len(units) - len(units.unit_id[::2])


def test_cells_as_polygons(
    own_context: Context, own_client: TestClient, subdistrict: tuple[int, Units], moved: np.ndarray,
    tmp_path: Path,
) -> None:  # fmt: skip
    """GeoPackage, GeoJSON and Shapefile, in degrees and in metres of EPSG:4544."""
    area, units = subdistrict
    for name, crs, pack in (
        ("degrees.gpkg", 4326, packed),
        ("metres.gpkg", METRES, packed),
        ("cells.geojson", 4326, packed),
        ("cells.zip", METRES, zipped),
    ):
        frame = cells_of(units, moved).to_crs(crs)
        told = taken(send(own_client, area, name, pack(frame, tmp_path, name)))
        assert told["report"]["features"]["features"] == [], name
        assert told["report"]["crs"] == f"EPSG:{crs}"
        assert moves_of(own_context, told["plan_id"]) == wanted(units, moved)


def test_what_we_wrote_ourselves(
    own_context: Context, own_client: TestClient, subdistrict: tuple[int, Units], moved: np.ndarray
) -> None:
    """A plan that was taken out comes back as it was, in every form and from either layer."""
    area, units = subdistrict
    first = taken(send(own_client, area, "plan.csv", csv_of(units, moved)))["plan_id"]
    for form, words in (
        ("csv", {}), ("geojson", {}), ("gpkg", {"layer": "cells"}), ("gpkg", {"layer": "units"})
    ):  # fmt: skip
        content = own_client.get(f"/api/v1/plans/{first}/moves.{form}").content
        told = taken(send(own_client, area, f"plan.{form}", content, **words))
        assert moves_of(own_context, told["plan_id"]) == wanted(units, moved), (form, words)
    refused = send(own_client, area, "plan.gpkg", content)
    assert refused.status_code == 422
    assert "Name a layer as layer; there are cells, units" in refused.text
    told = refused.json()
    assert (told["errors"][0]["field"], told["layers"]) == ("layer", ["cells", "units"])
    assert "layers" not in send(own_client, area, "plan.gpkg", b"no such thing").json()


def test_drawn_by_hand(
    own_context: Context,
    own_client: TestClient,
    subdistrict: tuple[int, Units],
    moved: np.ndarray,
    tmp_path: Path,
) -> None:
    """As somebody in QGIS leaves it: a border moved over, a cell shifted, a hole, one lost.

    Not taken as it is; every kind is told with its ground, and the repaired plan can be published.
    """
    area, units = subdistrict
    frame = cells_of(units, moved)
    shapes = frame.geometry.array.copy()
    shapes[0] = shapely.affinity.translate(shapes[0], 40, 25)
    shapes[1] = shapely.buffer(shapes[1], 15)
    shapes[2] = shapely.difference(
        shapes[2], shapely.buffer(shapely.point_on_surface(shapes[2]), 30)
    )
    drawn = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=METRES).drop(5)
    content = packed(drawn.to_crs(4326), tmp_path, "qgis.gpkg")
    before = plans_in(own_context)
    told = taken(send(own_client, area, "qgis.gpkg", content))
    report = told["report"]
    assert told["plan_id"] is None
    assert plans_in(own_context) == before
    assert min(report["gaps"], report["overlaps"], report["slivers"]) > 0
    features = report["features"]["features"]
    assert {"gap", "overlap", "sliver"} <= {one["properties"]["kind"] for one in features}
    # What is shown lies where it is: gaps are on the ground of units, and on none of the drawing.
    gaps = gpd.GeoDataFrame.from_features(
        [one for one in features if one["properties"]["kind"] == "gap"], crs=4326
    ).to_crs(METRES)
    assert gaps.geometry.is_valid.all()
    covered = gaps.intersection(shapely.union_all(drawn.geometry.array)).area.sum()
    assert covered < 0.01 * gaps.area.sum()
    assert gaps.area.to_numpy() == pytest.approx(gaps["area_m2"].to_numpy(), rel=0.01, abs=1)
    mended_ = taken(send(own_client, area, "qgis.gpkg", content, repair=True))
    assert mended_["plan_id"] is not None
    assert mended_["report"]["repaired"]
    assert mended_["report"]["faults"] == []
    drafted = units.cell_code.copy()
    for unit, cell in moves_of(own_context, mended_["plan_id"]).items():
        drafted[units.unit_id == unit] = cell
    untouched = np.isin(moved, frame["cell_code"][[6, 7, 8]])
    assert (drafted[untouched] == moved[untouched]).mean() > 0.9
    problems = own_client.get(f"/api/v1/plans/{mended_['plan_id']}/problems").json()
    assert problems["faults"] == 0


def doubled(units: Units) -> pd.DataFrame:
    """Two rows say different cells of a unit."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": units.cell_code})
    other = np.unique(units.cell_code[units.cell_code // 1000 == units.cell_code[0] // 1000])
    more = [int(units.unit_id[0]), int(other[other != units.cell_code[0]][0])]
    table.loc[len(table)] = more
    return table


def across(units: Units) -> pd.DataFrame:
    """A unit lies in a cell of another community."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": units.cell_code})
    table.loc[0, "cell_code"] = units.cell_code[-1]
    return table


def unknown(units: Units) -> pd.DataFrame:
    """A unit that nobody knows."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": units.cell_code})
    table.loc[len(table)] = [999_999_999, int(units.cell_code[0])]
    return table


def in_pieces(units: Units) -> pd.DataFrame:
    """Every other unit of a community goes to one cell."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": units.cell_code})
    mine = units.cell_code // 1000 == units.cell_code[0] // 1000
    table.loc[np.flatnonzero(mine & ~units.locked)[::2], "cell_code"] = units.cell_code[0]
    return table


def odd_numbers(units: Units) -> pd.DataFrame:
    """A cell has a number that is not the next free one."""
    table = pd.DataFrame({"unit_id": units.unit_id, "cell_code": units.cell_code})
    free = units.cell_code[~units.locked]
    table.loc[units.cell_code == free[0], "cell_code"] = free[0] // 1000 * 1000 + 777
    return table


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (doubled, "once"),
        (across, "in_community"),
        (unknown, "once"),
        (in_pieces, "in_one_piece"),
        (odd_numbers, "codes_kept"),
    ],
)
def test_wrong_assignments(
    own_context: Context,
    own_client: TestClient,
    subdistrict: tuple[int, Units],
    made: Callable[[Units], pd.DataFrame],
    rule: str,
) -> None:
    """Named by rule and unit, nothing is left behind; repaired on request."""
    area, units = subdistrict
    content = made(units).to_csv(index=False).encode()
    before = plans_in(own_context)
    told = taken(send(own_client, area, "plan.csv", content))
    assert told["plan_id"] is None
    # A unit across a border may also leave a cell in pieces: the first fault is what was done.
    assert told["report"]["faults"][0]["rule"] == rule
    assert plans_in(own_context) == before
    mended_ = taken(send(own_client, area, "plan.csv", content, repair="true"))
    assert mended_["report"]["faults"] == []
    plan_id = mended_["plan_id"]
    assert own_client.get(f"/api/v1/plans/{plan_id}/problems").json()["faults"] == 0


def test_rows_that_cannot_be_taken(own_client: TestClient, subdistrict: tuple[int, Units]) -> None:
    """Each by its line and column; NaN, infinity, text, codes of other levels."""
    area, units = subdistrict
    good = csv_of(units, units.cell_code).decode()
    bad = [
        "nan,620111001001001", "1e400,620111001001001", "-3,620111001001001", "５,620111001001001",
        f"{units.unit_id[0]},nan", f"{units.unit_id[0]},620111001001000", f"{units.unit_id[0]},",
        f"{units.unit_id[0]},{'9' * 300}", "=1+1,620111001001001", "'; DROP TABLE plan;--,1",
    ]  # fmt: skip
    told = taken(send(own_client, area, "plan.csv", (good + "\n".join(bad)).encode()))
    assert told["plan_id"] is None
    refused = told["report"]["refused_rows"]
    assert [one["row"] for one in refused] == list(range(len(units) + 2, len(units) + 12))
    assert [one["field"] for one in refused[3:8]] == ["unit_id"] + ["cell_code"] * 4


def broken_files(units: Units, folder: Path) -> dict[str, tuple[str, bytes]]:
    """Files that nothing can be made of."""
    frame = cells_of(units, units.cell_code)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.shp", b"\0" * 50_000_000)
    package = packed(frame, folder, "whole.gpkg")
    other_city = frame.set_geometry(frame.translate(300_000, 0)).to_crs(4326)
    crossing = {"type": "FeatureCollection", "features": [{
        "type": "Feature", "properties": {"cell_code": int(units.cell_code[0])},
        "geometry": {"type": "Polygon",
                     "coordinates": [[[103, 36], [104, 37], [104, 36], [103, 37], [103, 36]]]},
    }]}  # fmt: skip
    return {
        "nothing": ("plan.csv", b""),
        "no column": ("plan.csv", b"a,b\n1,2\n"),
        "another kind": ("plan.pdf", b"%PDF-1.4"),
        "cut off": ("plan.gpkg", package[:5_000]),
        "noise": ("plan.gpkg", b"SQLite format 3\x00" + bytes(range(256)) * 40),
        "bomb": ("plan.zip", bomb.getvalue()),
        "no json": ("plan.geojson", b'{"type": "FeatureCollection", "features": ['),
        "no cell": ("plan.geojson", b'{"type": "FeatureCollection", "features": []}'),
        "crossing itself": ("plan.geojson", json.dumps(crossing).encode()),
        "without codes": ("plan.gpkg", packed(frame[["geometry"]], folder, "x.gpkg")),
        "another city": ("plan.gpkg", packed(other_city, folder, "far.gpkg")),
        "another city's units": ("plan.csv", b"unit_id,cell_code\n5,620102001001001\n"),
    }  # fmt: skip


def test_files_that_are_none(
    own_context: Context, own_client: TestClient, subdistrict: tuple[int, Units], tmp_path: Path
) -> None:
    """Refused on `file`, in words; no plan is left behind."""
    area, units = subdistrict
    before = plans_in(own_context)
    for name, (file_name, content) in broken_files(units, tmp_path).items():
        answer = send(own_client, area, file_name, content, repair=True)
        assert answer.status_code == 422, f"{name}: {answer.text}"
        assert [error["field"] for error in answer.json()["errors"]] == ["file"], name
        assert "Traceback" not in answer.text
    assert plans_in(own_context) == before


def test_forms_that_are_none(own_client: TestClient, subdistrict: tuple[int, Units]) -> None:
    """Title, area and repair are named; so is a body that is too long."""
    area, units = subdistrict
    content = csv_of(units, units.cell_code)
    for words, field in [
        ({"title": ""}, "title"), ({"title": "a\x00b"}, "title"), ({"title": "x" * 300}, "title"),
        ({"area_code": "7"}, "area_code"), ({"area_code": str(area + 1001)}, "area_code"),
        ({"area_code": "620102000000000"}, "area_code"), ({"repair": "maybe"}, "repair"),
        ({"crs": "x" * 100}, "crs"),
    ]:  # fmt: skip
        answer = send(own_client, area, "plan.csv", content, **words)
        assert answer.status_code == 422, f"{words}: {answer.text}"
        assert answer.json()["errors"][0]["field"] == field, answer.text
    answer = send(own_client, area, "plan.csv", b"x" * (65 * 2**20))
    assert answer.status_code == 413


def test_who_may(own_context: Context, subdistrict: tuple[int, Units]) -> None:
    """A planner of another subdistrict and an auditor may not."""
    area, units = subdistrict
    content = csv_of(units, units.cell_code)
    for name, role, code in (
        ("auditor", Role.AUDITOR, DISTRICT), ("away", Role.PLANNER, area + 10**6)
    ):  # fmt: skip
        staff.add_account(own_context.engine, name, role, code)
        with client_of(own_context, name) as client:
            assert send(client, area, "plan.csv", content).status_code == 403
