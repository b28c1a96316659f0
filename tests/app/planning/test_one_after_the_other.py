"""Two plans over the same ground, one put into force after the other: the open cases follow twice.

Seen to fail with a past that lies in the cell of now, and with counts of the minute between the
two that go by the last move.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import writing
from app.incidents.reading import checking
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from app.places import versions
from app.planning import held
from app.planning.life import publishing
from app.planning.rules import PlanState
from tests.app.incidents.reports import a_report
from tests.app.planning import hand
from tests.app.planning.written import add_plan
from tests.waiting import wait_until

PATH = "/api/v1/incidents"


class Ground(NamedTuple):
    """A unit and three cells in which it may lie one after the other; a place in it, EPSG:4326."""

    community: int
    unit: int
    cells: tuple[int, int, int]
    lon: float
    lat: float


@pytest.fixture
def ground(own_context: Context) -> Ground:
    """The first unit that borders on two other cells, and may be given to either."""
    engine = own_context.engine
    for community in hand.communities(engine):
        moves = hand.border_moves(engine, community)
        for (unit, first), (following, second) in pairwise(moves):
            if unit == following:
                place = hand.place_in(engine, unit)
                own = hand.units(engine, community)[unit]
                return Ground(community, unit, (own, first, second), place.lon, place.lat)
    pytest.fail("no unit of the test's city borders on two other cells")


def over_http(context: Context, client: TestClient, ground: Ground, cell: int) -> datetime:
    """Begin a plan, draw, let it be approved and publish it, all by requests."""
    plan = hand.begin(client, ground.community)
    answer = plan.move({ground.unit: cell})
    assert (answer.status_code, answer.json()["faults"]) == (200, [])
    with hand.approver(context) as other:
        hand.approve(plan, other)
    published = plan.step("publish")
    assert published.status_code == 200, published.text
    return datetime.fromisoformat(published.json()["published_at"])


def by_functions(context: Context, client: TestClient, ground: Ground, cell: int) -> datetime:
    """Write an approved plan and put it into force, without a request."""
    plan_id = add_plan(
        context.engine, {ground.unit: cell}, area=ground.community, state=PlanState.APPROVED
    )
    with writing(context.engine) as session:
        versions.lock_boundaries(session)
        plan = held.hold(session, plan_id)
        return publishing.carry_out(session, plan, "test_admin", "")


@pytest.mark.parametrize("publish", [by_functions, over_http])
def test_open_cases_follow_twice(
    own_context: Context,
    own_client: TestClient,
    ground: Ground,
    publish: Callable[[Context, TestClient, Ground, int], datetime],
) -> None:
    """The second plan begins where the first has ended; each minute shows the cell and the worker
    of that minute; a case that was closed between the two stays in the middle."""
    engine, client = own_context.engine, own_client
    first, middle, last = ground.cells
    workers = [hand.worker_of(engine, cell) for cell in ground.cells]
    begun = utc_now()
    case, closed = report(own_context, client, ground), report(own_context, client, ground)
    moments = [utc_now()]
    assert publish(own_context, client, ground, middle) < utc_now()
    take(own_context, closed, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK, Step.CHECK, Step.CLOSE)
    late = report(own_context, client, ground)
    assert late["cell_code"] == middle
    moments.append(utc_now())
    second_at = publish(own_context, client, ground, last)
    moments.append(utc_now())

    (base,) = hand.rows(engine, "SELECT base_cell FROM plan_move ORDER BY plan_id DESC LIMIT 1")
    assert base.base_cell == middle
    assert hand.units(engine, ground.community)[ground.unit] == last
    for at, cell, worker in zip(moments, ground.cells, workers, strict=True):
        then = shown(client, case, at)
        assert (then["cell_code"], then["chain"][-1]["code"]) == (cell, cell)
        assert then["assigned_to"]["unit_id"] == worker
    now = shown(client, case)
    assert (now["cell_code"], now["assigned_to"]["unit_id"]) == (last, workers[2])
    moves = [(one["from_cell"], one["step"]) for one in now["timeline"] if one["from_cell"]]
    assert moves == [(first, "rezone"), (middle, "rezone")]
    assert datetime.fromisoformat(now["timeline"][-1]["at"]) == second_at
    assert shown(client, closed)["cell_code"] == middle
    assert shown(client, late)["cell_code"] == last
    past = [
        row.cell_code
        for row in hand.rows(
            engine, "SELECT cell_code FROM case_past WHERE no = :no ORDER BY since", no=case["no"]
        )
    ]
    assert past[-2:] == [first, middle]
    expected = ((2, 0, 0), (0, 3, 0), (0, 1, 2))
    for at, numbers in zip(moments, expected, strict=True):
        words = {"level": "cell", "since": begun.isoformat(), "at": at.isoformat()}
        # Another process's picture of the city follows a moment later.
        wait_until(lambda w=words, n=numbers: counts(client, ground.cells, **w) == n)  # type: ignore[misc]
    assert checking.differences(engine) == []


def counts(client: TestClient, cells: tuple[int, ...], **words: str) -> tuple[int, ...]:
    """Cases in each of some cells, as the figures tell."""
    answer = client.get("/api/v1/counts", params=words)
    assert answer.status_code == 200, answer.text
    return tuple(answer.json()["values"].get(str(cell), 0) for cell in cells)


def report(context: Context, client: TestClient, ground: Ground) -> dict[str, Any]:
    """A case at the place, with the worker of its cell."""
    answer = client.post(PATH, json=a_report(lon=ground.lon, lat=ground.lat))
    assert answer.status_code == 201, answer.text
    case: dict[str, Any] = answer.json()
    take(context, case, Step.REGISTER)
    take(context, case, Step.ASSIGN, unit_id=hand.worker_of(context.engine, case["cell_code"]))
    return case


def take(context: Context, case: dict[str, Any], *course: Step, unit_id: int | None = None) -> None:
    """Take steps as a program."""
    for step in course:
        with writing(context.engine) as session:
            steps.advance(session, case["no"], step, utc_now(), unit_id=unit_id)


def shown(client: TestClient, case: dict[str, Any], at: datetime | None = None) -> Any:
    """A case as it is shown, now or of a minute."""
    words = {"at": at.isoformat()} if at else {}
    answer = client.get(f"{PATH}/{case['id']}", params=words)
    assert answer.status_code == 200, answer.text
    return answer.json()
