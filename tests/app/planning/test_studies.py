"""Studies of plans over a real city, beside what other queries and other clocks say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.core.jobs import Asked
from app.incidents.clocks.workdays import CityCalendar
from app.planning import queries
from app.planning.jobs import running as jobs
from app.planning.jobs import studies
from app.planning.models import Plan
from app.planning.studies import forecasting, replaying
from app.planning.studies.schemas import ForecastResult, ReplayResult
from geodata.rebalance import borders
from geodata.rebalance.units import Units
from geodata.rebalance.workload import Counting, WorkloadModel
from tests.app.planning.ground import units_in
from tests.app.planning.past_cases import report
from tests.app.planning.written import DISTRICT, add_plan

CALENDAR = CityCalendar()


def plan_of(session: Session, plan_id: int) -> Plan:
    """A plan that is there."""
    plan = queries.one(session, plan_id)
    assert plan is not None
    return plan


@pytest.fixture
def units(own_context: Context) -> Units:
    """The base units of this test's own city."""
    with reading(own_context.engine) as session:
        return units_in(session)


@pytest.fixture
def session(own_context: Context) -> Iterator[Session]:
    """Looks at this test's own city."""
    with reading(own_context.engine) as open_:
        yield open_


def some_moves(units: Units, number: int) -> dict[int, int]:
    """Units that go to the cell beside them, each in another community."""
    ways = borders.between(units)
    across = np.flatnonzero(units.cell_code[ways.one] != units.cell_code[ways.other])
    first = np.unique(units.community_code[ways.one[across]], return_index=True)[1][:number]
    return {
        int(units.unit_id[ways.one[way]]): int(units.cell_code[ways.other[way]])
        for way in across[first].tolist()
    }


def test_an_empty_plan_changes_nothing(own_context: Context, session: Session) -> None:
    """Every case of the year in the district; today's boundaries twice."""
    plan = plan_of(session, add_plan(own_context.engine))
    told = replaying.replay_of(session, plan, CALENDAR)
    counted = session.execute(
        text("""SELECT count(*) FROM incident WHERE reported_at >= :since AND reported_at < :until
                AND status NOT IN ('duplicate', 'not_accepted')"""),
        {"since": told.since, "until": told.until},
    ).scalar_one()
    assert told.until - told.since == timedelta(weeks=52)
    assert told.cases == pytest.approx(counted, abs=3)  # on the rim of the district
    assert 0 < told.with_deadline <= told.cases
    assert told.late_today == told.late_draft
    assert told.change.spread.value == told.change.way_m.high == 0.0
    assert len(told.spread_by_week_today) == told.weeks == 52
    assert told.communities == len(np.unique(units_in(session).community_code))


def test_a_plan_is_replayed_where_it_changes_something(
    own_context: Context, units: Units, session: Session
) -> None:
    """Two communities, other spreads, ways and the same cases; the same seed, the same answer."""
    plan = plan_of(session, add_plan(own_context.engine, some_moves(units, 2)))
    told = replaying.replay_of(session, plan, CALENDAR)
    assert told.communities == 2
    assert told.change.spread.value != 0.0
    assert told.change.spread.low <= told.change.spread.value <= told.change.spread.high
    assert told == replaying.replay_of(session, plan, CALENDAR)
    assert told.today.way_m.value > 0


def test_weights_of_the_model_count(own_context: Context, session: Session) -> None:
    """Where only cases make work, weeks are far less even than where homes do."""
    cases_only = WorkloadModel(household=0.0, incident=1.0, incidents=Counting.COUNTED)
    homes, cases = (
        replaying.replay_of(
            session, plan_of(session, add_plan(own_context.engine, model=model.to_json())), CALENDAR
        )
        for model in (WorkloadModel(), cases_only)
    )
    assert cases.today.spread.value > 2 * homes.today.spread.value
    assert cases.late_today == homes.late_today


def test_the_forecast_of_a_plan(own_context: Context, units: Units, session: Session) -> None:
    """As many cases as last year, in the plan's cells, with an error beside the naive one."""
    plan = plan_of(session, add_plan(own_context.engine, some_moves(units, 2)))
    told = forecasting.forecast_of(session, plan)
    assert sum(told.cells.mean) == pytest.approx(told.cases * 365 / 364, rel=0.01)
    assert told.cells.code == sorted(set(told.cells.code))
    assert set(told.cells.code) == set(units.cell_code.tolist())
    assert all(
        low <= mean <= high
        for low, mean, high in zip(told.cells.low, told.cells.mean, told.cells.high, strict=True)
        if high > 1
    )
    assert (told.fitted_weeks, told.held_weeks) == (39, 13)
    assert 0.5 * told.came < told.expected < 2 * told.came
    assert told.cell.rms < told.cell.naive_rms
    assert told.cell.covered == pytest.approx(told.cell.promised, abs=0.08)


def seam_in(units: Units) -> tuple[int, int]:
    """Rows of two units of two cells that border on each other, neither locked."""
    ways = borders.between(units)
    free = ~units.locked[ways.one] & ~units.locked[ways.other]
    across = np.flatnonzero((units.cell_code[ways.one] != units.cell_code[ways.other]) & free)
    way = across[len(across) // 2]
    return int(ways.one[way]), int(ways.other[way])


def seams(client: TestClient, plan_id: int, **words: Any) -> Any:
    """The seams of a plan over HTTP."""
    answer = client.get(f"/api/v1/plans/{plan_id}/seams", params=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_seam_is_found_and_avoided(
    own_context: Context, own_client: TestClient, units: Units
) -> None:
    """Forty cases beside a border, thirty sent back before anybody had handled them."""
    row, beside = seam_in(units)
    unit, other = int(units.unit_id[row]), int(units.unit_id[beside])
    with writing(own_context.engine) as session:
        report(session, unit, 30, steps=("report", "assign", "return", "assign", "close"))
        report(session, other, 10, steps=("report", "assign", "close"))
    pair = sorted({int(units.cell_code[row]), int(units.cell_code[beside])})
    plan_id = add_plan(own_context.engine, base_at=datetime.now(UTC))
    told = seams(own_client, plan_id)
    (seam,) = [one for one in told["seams"] if [one["one"], one["other"]] == pair]
    assert seam["returned"] >= 30
    assert seam["cases"] >= 40
    assert seam["rate"] > seam["lower"] > told["usual"]
    assert (seam["avoided"], seam["redrawn"]) == (False, False)
    assert unit in seam["move"]["unit_ids"] or other in seam["move"]["unit_ids"]
    for line in seam["geometry"]["coordinates"]:
        assert all(100 < lon < 106 and 34 < lat < 38 for lon, lat in line)
    community = int(units.community_code[row])
    alone = seams(own_client, plan_id, area=community)
    assert [one["move"] for one in alone["seams"] if one["one"] == pair[0]] == [seam["move"]]
    # The move, drawn as a plan, avoids it.
    moves = dict.fromkeys(seam["move"]["unit_ids"], seam["move"]["taker"])
    drawn = seams(own_client, add_plan(own_context.engine, moves), area=community)
    (after,) = [one for one in drawn["seams"] if [one["one"], one["other"]] == pair]
    assert (after["avoided"], after["redrawn"], after["move"]) == (True, True, None)


def test_cases_that_did_not_pass_their_check_are_no_seam(
    own_context: Context, own_client: TestClient, units: Units
) -> None:
    """They come back for another reason than whose they are."""
    row, beside = seam_in(units)
    with writing(own_context.engine) as session:
        report(session, int(units.unit_id[row]), 40,
               steps=("report", "assign", "hand_back", "check", "return", "close"))  # fmt: skip
    pair = sorted({int(units.cell_code[row]), int(units.cell_code[beside])})
    told = seams(own_client, add_plan(own_context.engine, base_at=datetime.now(UTC)))
    assert [one for one in told["seams"] if [one["one"], one["other"]] == pair] == []


def test_seams_of_more_than_a_district(own_context: Context, own_client: TestClient) -> None:
    """Refused by name; so is another district, a cell, an unknown word, no such plan."""
    city = add_plan(own_context.engine, area=620_100_000_000_000)
    plan = add_plan(own_context.engine)
    for path, status, field in [
        (f"{city}/seams", 422, "area"),
        (f"{plan}/seams?area=620102000000000", 422, "area"),
        (f"{plan}/seams?area={DISTRICT + 1}", 422, "area"),
        (f"{plan}/seams?areas=1", 422, "areas"),
        ("999999/seams", 404, None),
    ]:
        answer = own_client.get(f"/api/v1/plans/{path}")
        assert answer.status_code == status, answer.text
        assert field is None or answer.json()["errors"][0]["field"] == field
    assert own_client.get(f"/api/v1/plans/{city}/seams?area={DISTRICT}").status_code == 200


def test_studies_are_jobs(own_context: Context, own_client: TestClient, units: Units) -> None:
    """Asked for over HTTP and done behind the scenes; the result says what the study says."""
    plan_id = add_plan(own_context.engine, some_moves(units, 1))
    url = f"/api/v1/plans/{plan_id}/jobs"
    for kind, schema in (("replay", ReplayResult), ("forecast", ForecastResult)):
        asked = own_client.post(url, json={"kind": kind, "seed": 3})
        assert asked.status_code == 202, asked.text
        again = own_client.post(url, json={"kind": kind})
        assert (again.status_code, again.json()["type"]) == (409, "/problems/plan-busy")
        assert jobs.run(own_context, Asked(asked.json()["id"], 0, lambda: False)) == "done"
        job = own_client.get(f"{url}/{asked.json()['id']}").json()
        assert (job["state"], job["done"], job["total"], job["message"]) == ("done", 1000, 1000, "")
        found = schema.model_validate(job["result"])
        assert found.revision == 1
        assert found.cases > 0
    assert own_client.get(f"/api/v1/plans/{plan_id}").json()["revision"] == 1


def test_a_year_without_a_calendar(own_context: Context) -> None:
    """The replay fails and says of which year the working days are not known."""
    plan_id = add_plan(own_context.engine, base_at=datetime(2101, 5, 1, tzinfo=UTC))

    class Nobody:
        def step(self, name: str, done: int, total: int) -> None:
            """Not looked at."""

        def better(self, objective: float) -> None:
            """Not looked at."""

    with pytest.raises(Problem) as caught:
        studies.replay(own_context, plan_id, {"seed": 1}, Nobody())
    assert caught.value.slug == "working-days"
    assert "2100" in caught.value.detail
