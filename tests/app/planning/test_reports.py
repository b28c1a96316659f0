"""Plans beside each other, beside staff, and on paper, held against geopandas and plain SQL."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.core.context import Context
from geodata import codes
from geodata.codes import Level
from tests.app.planning import oracle
from tests.app.planning.conftest import Moves, get
from tests.app.planning.written import DISTRICT, add_plan


def delete(context: Context, plan_id: int) -> None:
    """Leave nothing to the tests that follow."""
    with Session(context.engine) as session:
        session.execute(text("DELETE FROM plan WHERE id = :id"), {"id": plan_id})
        session.commit()


@pytest.fixture
def other_id(context: Context, moves: Moves) -> Iterator[int]:
    """Another plan of one community of the first, with half of its moves there, and a model."""
    town = min(moves) // 1000
    some = {unit: cell for unit, cell in moves.items() if unit // 1000 == town}
    community = codes.ancestor_at(min(some.values()), Level.COMMUNITY)
    made = add_plan(
        context.engine, dict(list(some.items())[::2]), area=community, model={"incident": 7.0}
    )
    yield made
    delete(context, made)


def test_two_plans_are_compared_where_both_are(
    client: TestClient, plan_id: int, other_id: int, moves: Moves, context: Context
) -> None:
    """By the first one's model; the units, cells and households in which they differ."""
    said = get(client, f"{plan_id}/compare/{other_id}")
    theirs = get(client, f"{other_id}/moves")
    other = oracle.units_frame(
        context.engine, dict(zip(theirs["unit_id"], theirs["after"], strict=True))
    )
    mine = oracle.units_frame(context.engine, moves)
    inside = mine["community_code"] == said["area_code"]
    mine, other = mine[inside], other[inside]
    differ = mine["cell"] != other["cell"]
    assert differ.sum() > 1
    assert said["unit_id"] == mine.loc[differ, "unit_id"].tolist()
    assert said["mine_cell"] == mine.loc[differ, "cell"].tolist()
    assert said["other_cell"] == other.loc[differ, "cell"].tolist()
    assert said["households"] == mine.loc[differ, "households"].tolist()
    assert said["cells"] == sorted({*mine.loc[differ, "cell"], *other.loc[differ, "cell"]})
    for name, frame in (("mine", mine), ("other", other)):
        expected = oracle.shares(oracle.cells_frame(frame, "cell"))
        assert {key: said[name][key] for key in expected} == pytest.approx(expected, rel=1e-6)
    assert said["unlike_units"] == 0
    back = get(client, f"{other_id}/compare/{plan_id}")
    assert (back["mine_cell"], back["other_cell"]) == (said["other_cell"], said["mine_cell"])
    assert back["mine"]["variation"] != said["other"]["variation"]
    same = get(client, f"{plan_id}/compare/{plan_id}")
    assert same["mine"] == same["other"]
    assert same["unit_id"] == same["cells"] == []


def test_plans_of_other_places_are_not_compared(
    client: TestClient, plan_id: int, context: Context
) -> None:
    """They have nothing in common; and a plan that is not there is not found."""
    towns = [add_plan(context.engine, area=DISTRICT + n * 1_000_000) for n in (1, 2)]
    answer = client.get("/api/v1/plans/{}/compare/{}".format(*towns))
    for made in towns:
        delete(context, made)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "other_id")
    assert client.get(f"/api/v1/plans/{plan_id}/compare/999999").status_code == 404


def test_outlines_are_the_units_dissolved(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, moves: Moves
) -> None:
    """Today's and the plan's cells of one subdistrict, right to a few centimetres."""
    first = int(drawn.loc[drawn["unit_id"].isin(moves), "cell"].iloc[0])
    area = codes.ancestor_at(first, Level.SUBDISTRICT)
    answer = client.get(f"/api/v1/plans/{plan_id}/outline.geojson", params={"area": area})
    assert answer.headers["content-type"] == "application/geo+json"
    said = gpd.GeoDataFrame.from_features(answer.json()["features"], crs=4326)
    inside = drawn[codes.ancestors_at(drawn["cell"], Level.SUBDISTRICT) == area]
    for kind, by in (("draft", "cell"), ("today", "today")):
        cells = oracle.cells_frame(inside, by)
        mine = said[said["kind"] == kind].set_index("code").to_crs(oracle.METRES)
        assert mine.index.tolist() == cells.index.tolist()
        apart = shapely.area(
            shapely.symmetric_difference(mine.geometry.to_numpy(), cells.geometry.to_numpy())
        )
        assert np.all(apart < 0.05 * cells.length.to_numpy())
        assert np.all(shapely.is_valid(mine.geometry.to_numpy()))
        assert mine["load"].tolist() == pytest.approx(cells["load"].tolist())
        assert mine["deviation"].tolist() == pytest.approx(cells["deviation"].tolist(), abs=1e-9)
    for feature in answer.json()["features"]:
        for part in shapely.get_parts(shape(feature["geometry"])):
            assert part.exterior.is_ccw
    changed = set(said.loc[said["changed"], "code"])
    moved = inside[inside["cell"] != inside["today"]]
    assert changed == {*moved["cell"], *moved["today"]}


def test_outlines_of_too_much_are_refused(client: TestClient, plan_id: int) -> None:
    """A city's outlines come as tiles."""
    for words in ({}, {"area": DISTRICT}):
        answer = client.get(f"/api/v1/plans/{plan_id}/outline.geojson", params=words)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "area")


def test_staff_is_told_of(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, moves: Moves, context: Context
) -> None:
    """Who is without a cell, which cell is without a worker, and the rule of what is changed."""
    said = get(client, f"{plan_id}/staffing")
    new = sorted(set(drawn["cell"]) - set(drawn["today"]))
    gone = sorted(set(drawn["today"]) - set(drawn["cell"]))
    assert (said["new_cells"], said["dissolved_cells"]) == (new, gone)
    assert len(new) == len(gone) == 1
    touched = sorted(set(drawn.loc[drawn["unit_id"].isin(moves), "community_code"]))
    with Session(context.engine) as session:
        assigned = session.execute(
            text("""SELECT a.area_code, u.call_sign, u.role, a.duty, u.id FROM assignment a
                    JOIN duty_unit u ON u.id = a.unit_id
                    WHERE upper_inf(a.valid) AND upper_inf(u.valid)""")
        ).all()
        standing = {
            (row.area_code, row.role): (row.required, row.present)
            for row in session.execute(text("SELECT * FROM published.staffing(now())"))
        }
    answered = {row.area_code for row in assigned}
    inside = drawn[drawn["community_code"].isin(touched)]
    assert said["needs_worker"] == sorted(set(inside["cell"]) - answered)
    assert set(new) <= set(said["needs_worker"])
    ending = sorted((r.call_sign, r.duty) for r in assigned if r.area_code in gone)
    assert sorted((one["call_sign"], one["duty"]) for one in said["freed_units"]) == ending
    elsewhere = {row.call_sign for row in assigned if row.area_code not in gone}
    for one in said["freed_units"]:
        assert one["idle"] == (one["call_sign"] not in elsewhere)
    assert [one["community_code"] for one in said["rules"]] == touched
    for one in said["rules"]:
        mine = inside[inside["community_code"] == one["community_code"]]
        assert one["cells_today"] == mine["today"].nunique()
        assert one["cells_draft"] == mine["cell"].nunique()
        for role, required in one["required"].items():
            assert standing[one["community_code"], role] == (required, one["present"][role])
        assert one["ok"] == all(one["present"][r] >= n for r, n in one["required"].items())


def test_a_plan_without_moves_means_nothing_for_staff(client: TestClient, context: Context) -> None:
    """Nothing is new, and nothing ends."""
    empty = add_plan(context.engine)
    said = get(client, f"{empty}/staffing")
    moved = get(client, f"{empty}/moves")
    delete(context, empty)
    assert not any(said[name] for name in said if name != "revision")
    assert moved["unit_id"] == []


def test_a_street_is_reported(
    client: TestClient, plan_id: int, drawn: gpd.GeoDataFrame, moves: Moves
) -> None:
    """Its figures, those of its communities and cells, outlines, and what goes where."""
    first = int(drawn.loc[drawn["unit_id"].isin(moves), "cell"].iloc[0])
    street = codes.ancestor_at(first, Level.SUBDISTRICT)
    said = get(client, f"{plan_id}/streets/{street}/report")
    figures = get(client, f"{plan_id}/measures", area=street)
    assert (said["today"], said["draft"]) == (figures["today"], figures["draft"])
    cells = get(client, f"{plan_id}/cells", area=street)
    assert said["cells"] == cells
    inside = drawn[codes.ancestors_at(drawn["cell"], Level.SUBDISTRICT) == street]
    communities = sorted(set(inside["community_code"]))
    assert [one["code"] for one in said["communities"]] == communities
    for one in said["communities"]:
        alone = get(client, f"{plan_id}/measures", area=one["code"])
        assert (one["today"], one["draft"]) == (alone["today"], alone["draft"])
        assert one["name"]
    moved = inside[inside["cell"] != inside["today"]]
    groups = moved.groupby(["today", "cell"])["households"].agg(["count", "sum"])
    expected = [
        {"before": int(before), "after": int(after), "units": int(row["count"]),
         "households": float(row["sum"])}
        for (before, after), row in groups.iterrows()
    ]  # fmt: skip
    assert said["passages"] == expected
    outline = client.get(f"/api/v1/plans/{plan_id}/outline.geojson", params={"area": street})
    shapes = {f["id"]: f["geometry"] for f in outline.json()["features"]}
    for kind in ("today", "draft"):
        for one in said[f"outlines_{kind}"]:
            assert shapes.pop(f"{kind}-{one['code']}") == one["geometry"]
    assert not shapes
    assert said["plan"]["title"] == "试验"
    assert said["name"].endswith(("街道", "镇", "乡"))


@pytest.mark.parametrize("code", [DISTRICT, 620111001001000, 620102001000000, 620111999000000])
def test_what_is_no_street_of_the_plan_is_refused(
    client: TestClient, plan_id: int, code: int
) -> None:
    """Naming it."""
    answer = client.get(f"/api/v1/plans/{plan_id}/streets/{code}/report")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "code")


def test_a_community_s_plan_is_reported_with_its_street(client: TestClient, other_id: int) -> None:
    """As far as the plan goes."""
    area: Any = client.get("/api/v1/plans").json()["plans"]
    community = next(plan["area_code"] for plan in area if plan["id"] == other_id)
    street = codes.ancestor_at(community, Level.SUBDISTRICT)
    said = get(client, f"{other_id}/streets/{street}/report")
    assert [one["code"] for one in said["communities"]] == [community]
