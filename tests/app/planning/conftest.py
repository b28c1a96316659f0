"""A plan of the test's district with something of everything, and the same by geopandas."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.core.context import Context
from tests.app.planning import oracle
from tests.app.planning.written import add_plan

Moves = dict[int, int]


def get(client: TestClient, path: str, **words: Any) -> Any:
    """An answer that must be there."""
    answer = client.get(f"/api/v1/plans/{path}", params=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def today(context: Context) -> gpd.GeoDataFrame:
    """The district's units as they are today."""
    return oracle.units_frame(context.engine, {})


@pytest.fixture(scope="module")
def moves(today: gpd.GeoDataFrame) -> Moves:
    """In two communities: a cell that is no more, a new one, one in pieces, some units across."""
    drawn: Moves = {}
    free = today[~today["locked"]]
    codes = free["community_code"].unique()
    one = free[free["community_code"] == codes[1]]
    first, second, third = sorted(one["today"].unique())[:3]
    drawn |= dict.fromkeys(one.loc[one["today"] == first, "unit_id"].tolist(), int(second))
    new = int(today.loc[today["community_code"] == codes[1], "today"].max()) + 1
    drawn |= dict.fromkeys(one.loc[one["today"] == third, "unit_id"].tolist()[::2], new)
    other = free[free["community_code"] == codes[5]]
    far, near = sorted(other["today"].unique())[:2]
    mine = other[other["today"] == far]
    inner = mine.distance(mine.union_all().centroid).idxmin()
    drawn[int(mine.loc[inner, "unit_id"])] = int(near)
    return drawn


@pytest.fixture(scope="module")
def plan_id(context: Context, moves: Moves) -> Iterator[int]:
    """A plan with these moves."""
    made = add_plan(context.engine, moves)
    yield made
    with Session(context.engine) as session:
        session.execute(text("DELETE FROM plan WHERE id = :id"), {"id": made})
        session.commit()


@pytest.fixture(scope="module")
def drawn(context: Context, moves: Moves) -> gpd.GeoDataFrame:
    """The units with the cells of the plan."""
    return oracle.units_frame(context.engine, moves)
