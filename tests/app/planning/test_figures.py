"""Figures of a plan over HTTP, beside what geopandas makes of the same units."""

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from starlette.testclient import TestClient

from app.core.context import Context
from app.identity.rules import Role
from app.main import create_app
from tests import staff
from tests.app.planning import oracle
from tests.app.planning.conftest import Moves, get
from tests.app.planning.written import DISTRICT, add_plan


@pytest.mark.parametrize("level", ["all", "community"])
def test_measures_are_those_of_geopandas(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, moves: Moves, level: str
) -> None:
    """Today and draft, the whole and one community."""
    words = {}
    if level == "community":
        code = int(drawn.loc[drawn["unit_id"].isin(moves), "community_code"].iloc[0])
        words, drawn = {"area": code}, drawn[drawn["community_code"] == code]
    said = get(client, f"{plan_id}/measures", **words)
    for name, by in (("today", "today"), ("draft", "cell")):
        cells = oracle.cells_frame(drawn, by)
        expected = oracle.shares(cells) | {"on_street": oracle.on_street(drawn, by)}
        assert {key: said[name][key] for key in expected} == pytest.approx(expected, rel=1e-6)
        counts = np.histogram(cells.loc[cells["free"], "deviation"], said["bins"])[0]
        assert said[f"{name}_counts"] == counts.tolist()
    moved = drawn["cell"] != drawn["today"]
    share = drawn.loc[moved, "households"].sum() / drawn["households"].sum()
    assert said["draft"]["moved"] == pytest.approx(share)
    touched = set(drawn.loc[moved, "today"]) | set(drawn.loc[moved, "cell"])
    today = set(drawn["today"])
    assert said["draft"]["touched"] == pytest.approx(len(touched & today) / len(today))
    assert said["today"]["moved"] == said["today"]["touched"] == 0.0
    assert said["revision"] == 1
    assert said["draft"]["broken"] >= 1


def test_cells_are_those_of_geopandas(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame
) -> None:
    """Every column of every cell; new ones have no today, dissolved ones stand apart."""
    said = get(client, f"{plan_id}/cells")
    cells, today = oracle.cells_frame(drawn, "cell"), oracle.cells_frame(drawn, "today")
    assert said["code"] == cells.index.tolist()
    for name in ("load", "deviation", "households", "incidents", "compactness"):
        assert said[name] == pytest.approx(cells[name].tolist(), rel=1e-6, abs=1e-9)
    assert said["area_m2"] == pytest.approx(cells.area.tolist(), rel=1e-9)
    for name in ("pieces", "units", "free", "community_code"):
        assert said[name] == cells[name].tolist()
    new = [code for code in cells.index if code not in today.index]
    assert len(new) == 1
    for name in ("load", "deviation"):
        was = dict(zip(said["code"], said[f"{name}_today"], strict=True))
        assert was.pop(new[0]) is None
        assert was == pytest.approx(today.loc[list(was), name].to_dict())
    gone = [code for code in today.index if code not in cells.index]
    assert said["dissolved"]["code"] == gone
    assert said["dissolved"]["load_today"] == pytest.approx(today.loc[gone, "load"].tolist())
    members = {by: drawn.groupby(by)["unit_id"].agg(frozenset) for by in ("cell", "today")}
    changed = [members["today"].get(c, frozenset()) != members["cell"][c] for c in cells.index]
    assert said["changed"] == changed
    place = said["code"].index(new[0])
    assert said["name"][place] == said["name"][place - 1].replace(
        f"第{(new[0] - 1) % 1000}", f"第{new[0] % 1000}"
    ).replace("专属", "")


def test_moves_are_listed(client: TestClient, plan_id: int, moves: Moves, today: Any) -> None:
    """Every moved unit with both cells and its households."""
    said = get(client, f"{plan_id}/moves")
    by_id = today.set_index("unit_id")
    assert said["unit_id"] == sorted(moves)
    assert said["after"] == [moves[unit] for unit in sorted(moves)]
    assert said["before"] == by_id.loc[sorted(moves), "today"].tolist()
    assert said["households"] == by_id.loc[sorted(moves), "households"].tolist()
    assert get(client, f"{plan_id}/moves")["revision"] == 1


def test_problems_lead_from_the_gate_to_the_uneven(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame
) -> None:
    """The broken cell first, then cells beyond 20 and 15 %, worst first, each where it is."""
    said = get(client, f"{plan_id}/problems", limit=2000)
    cells = oracle.cells_frame(drawn, "cell")
    off = cells.loc[cells["free"], "deviation"].abs().sort_values(ascending=False)
    uneven = [one for one in said["problems"] if one["kind"] != "fault"]
    faults = [one for one in said["problems"] if one["kind"] == "fault"]
    assert said["problems"] == [*faults, *uneven]
    assert (said["total"], said["faults"]) == (len(said["problems"]), len(faults))
    beyond = off[off > 0.15]
    assert [abs(one["deviation"]) for one in uneven] == pytest.approx(beyond.tolist())
    kinds = ["beyond_20" if value > 0.20 else "beyond_15" for value in beyond]
    assert [one["kind"] for one in uneven] == kinds
    broken = cells.index[cells["pieces"] > 1].tolist()
    told = [one["cells"][0] for one in faults if one["rule"] == "in_one_piece"]
    assert sorted(told) == broken
    shapes = cells.to_crs(4326).geometry
    for one in said["problems"]:
        spot = shapely.Point(one["lon"], one["lat"])
        assert shapes[one["cells"][0]].distance(spot) < 1e-6
        assert set(one["units"]) <= set(drawn.loc[drawn["cell"] == one["cells"][0], "unit_id"])
    first = get(client, f"{plan_id}/problems", limit=1)
    assert first["problems"] == said["problems"][:1]
    assert first["total"] == said["total"]


def test_a_bench_holds_its_community(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, moves: Moves
) -> None:
    """Units with outlines, borders as geopandas finds them, cells of the plan and of today."""
    code = int(drawn.loc[drawn["unit_id"].isin(moves), "community_code"].iloc[0])
    said = get(client, f"{plan_id}/communities/{code}")
    mine = drawn[drawn["community_code"] == code].reset_index(drop=True)
    units = said["units"]
    assert [one["unit_id"] for one in units] == mine["unit_id"].tolist()
    for name in ("cell", "today", "households", "incidents", "locked"):
        assert [one[name] for one in units] == mine[name].tolist()
    assert [one["load"] for one in units] == pytest.approx(mine["load"].tolist())
    assert [one["area_m2"] for one in units] == pytest.approx(mine.area.tolist())
    assert [one["rim_m"] for one in units] == pytest.approx(mine.length.tolist())
    shapes = mine.to_crs(4326).geometry
    for one, shape in zip(units, shapes, strict=True):
        ring = shapely.Polygon(one["rings"][0], one["rings"][1:])
        assert shapely.hausdorff_distance(ring, shape) < 1e-7
        assert all(round(degree, 7) == degree for spot in one["rings"][0] for degree in spot)
    edges = {
        (i, j): (length, street) for i, j, length, street, passable in said["borders"] if passable
    }
    for i in range(len(mine)):
        for j in range(i + 1, len(mine)):
            shared = mine.geometry[i].intersection(mine.geometry[j]).length
            length, street = edges.pop((i, j), (0.0, None))
            assert length == pytest.approx(shared, abs=0.02)
            if street is not None:
                assert street == (mine["street_block"][i] != mine["street_block"][j])
    assert not edges
    cells = oracle.cells_frame(mine, "cell")
    every = sorted({*mine["cell"], *mine["today"]})
    assert [cell["code"] for cell in said["cells"]] == every
    assert {c["code"] for c in said["cells"] if c["today"]} == set(mine["today"])
    assert said["mean_load"] == pytest.approx(cells.loc[cells["free"], "load"].mean())
    assert said["model"]["household"] == 1.0


def test_an_answer_is_not_sent_twice(client: TestClient, plan_id: int) -> None:
    """What the client holds is right until it changes."""
    path = f"/api/v1/plans/{plan_id}/measures"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        ("999999/measures", {}, 404),
        ("0/measures", {}, 422),
        ("9223372036854775808/cells", {}, 422),
        ("{id}/measures", {"area": 620102000000000}, 422),
        ("{id}/cells", {"area": "620111001001001"}, 422),
        ("{id}/problems", {"area": "620111999000000"}, 422),
        ("{id}/problems", {"limit": 0}, 422),
        ("{id}/problems", {"limit": "NaN"}, 422),
        ("{id}/moves", {"area": DISTRICT}, 422),
        ("{id}/communities/620111001000000", {}, 422),
        ("{id}/communities/620111999999000", {}, 422),
        ("{id}/communities/620102001001000", {}, 422),
    ],
)
def test_what_cannot_be_answered_is_refused(
    client: TestClient, plan_id: int, path: str, words: dict[str, Any], status: int
) -> None:
    """Naming what was wrong."""
    answer = client.get(f"/api/v1/plans/{path.format(id=plan_id)}", params=words)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert status == 404 or answer.json()["errors"][0]["field"] in {
        "plan_id", "code", "limit", *words
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "area", "status"),
    [
        (Role.PLANNER, DISTRICT, 200),
        (Role.AUDITOR, DISTRICT, 200),
        (Role.DUTY_OFFICER, DISTRICT, 200),
        (Role.DISPATCHER, DISTRICT, 403),
        (Role.GRID_WORKER, DISTRICT, 403),
        (Role.PLANNER, 620_111_001_000_000, 404),
        (Role.PLANNER, 620_102_000_000_000, 404),
    ],
)
def test_plans_are_seen_by_whom_they_concern(
    own_context: Context, role: Role, area: int, status: int
) -> None:
    """By role, and by a scope that holds the whole plan."""
    plan_id = add_plan(own_context.engine)
    staff.add_account(own_context.engine, "somebody", role, area)
    with TestClient(create_app(own_context), base_url="http://127.0.0.1") as client:
        staff.sign_in(client, "somebody")
        for path in ("measures", "cells", "moves", "problems", "communities/620111001001000"):
            answer = client.get(f"/api/v1/plans/{plan_id}/{path}")
            assert answer.status_code == status, (path, answer.text)
