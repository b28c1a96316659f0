"""Two servers that publish at once, and a server that is killed while it publishes.

Seen to fail with a commit before open cases follow the boundaries, and with one amid it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import URL, Engine, text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import conninfo, writing
from app.incidents.reading import checking
from app.incidents.rezoning.queries import strayed
from app.incidents.rezoning.service import EVER
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from tests import staff
from tests.app.incidents.reports import a_report
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.app.planning.test_publishing import check_ground
from tests.server import ServerProcess
from tests.waiting import wait_until

Start = Callable[[URL], ServerProcess]
# What publishing writes into, in the order in which it does.
TABLES = (
    "base_unit", "area_shape", "plan",  # the boundaries and the plan
    "incident", "incident_event", "case_past", "case_now",  # open cases follow
    "audit_row",
)  # fmt: skip
CASE_TABLES = "incident", "incident_event", "report_receipt", "case_now", "case_past"
LOST = {"/problems/plan-behind", "/problems/boundaries-busy"}
"""What whoever was second is told: that it comes after the other one, or amid it."""
MOMENTS_S = (0.0, 0.1, 0.25, 0.6, 30.0)
"""When the kill comes, with a tenth of a second by chance: before, amid and after."""


def at(server: ServerProcess, plan: Hand) -> Hand:
    """The same plan in the hand of the test admin at another server."""
    client = staff.Client(base_url=server.base_url, timeout=60)
    return Hand(client, dict(plan.plan))


def publish(plan: Hand) -> staff.Response | None:
    """The answer; None where the server was gone before it came."""
    try:
        answer: staff.Response = plan.step("publish")
    except staff.TransportError:
        return None
    return answer


def two_moves(engine: Engine, community: int) -> tuple[dict[int, int], dict[int, int]]:
    """Two moves of units of a community."""
    moves = hand.border_moves(engine, community)
    (first, target), other = moves[0], next(m for m in moves if m[0] != moves[0][0])
    return {first: target}, dict([other])


def test_of_two_that_publish_at_once_one_wins(
    own_context: Context, own_client: TestClient, database: URL, start_server: Start
) -> None:
    """One community, two plans, two server processes: 200 and 409 with the difference, six times;
    what the loser would have changed is as the winner left it."""
    engine = own_context.engine
    servers = [start_server(database) for _ in range(2)]
    community = hand.communities(engine)[5]
    winners = set()
    with hand.approver(own_context) as other, ThreadPoolExecutor(2) as pool:
        for _ in range(6):
            before = hand.units(engine, community)
            plans = [hand.begin(own_client, community) for _ in range(2)]
            wanted = two_moves(engine, community)
            for plan, moves in zip(plans, wanted, strict=True):
                assert plan.move(moves).json()["faults"] == []
                hand.approve(plan, other)
            there = [at(server, plan) for server, plan in zip(servers, plans, strict=True)]
            answers = list(pool.map(publish, there))
            assert sorted(answer.status_code for answer in answers if answer) == [200, 409]
            winner = next(i for i, answer in enumerate(answers) if answer and answer.is_success)
            winners.add(winner)
            refused = answers[1 - winner]
            assert refused is not None and refused.json()["type"] in LOST
            refused = plans[1 - winner].step("publish")
            assert refused.json()["type"] == "/problems/plan-behind"
            (unit,) = wanted[winner]
            (difference,) = [one for one in refused.json()["difference"] if one["unit_id"] == unit]
            assert difference["base_cell"] == before[unit]
            assert difference["current_cell"] == wanted[winner][unit]
            assert hand.units(engine, community) == before | wanted[winner]
            assert plans[1 - winner].now()["state"] == "approved"
            assert plans[1 - winner].step("withdraw").status_code == 200
    check_ground(engine)


def test_the_same_plan_twice_is_published_once(
    own_context: Context, own_client: TestClient, database: URL, start_server: Start
) -> None:
    """At two servers at once: one boundary version, one event, one line in the log."""
    engine = own_context.engine
    servers = [start_server(database) for _ in range(2)]
    community = hand.communities(engine)[5]
    plan = hand.begin(own_client, community)
    plan.move(dict([hand.a_border_move(engine, community)]))
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(publish, [at(server, plan) for server in servers]))
    statuses = sorted(answer.status_code for answer in answers if answer)
    assert statuses in ([200, 409], [200, 412])
    assert len(hand.rows(engine, "SELECT id FROM boundary_version")) == 2
    # Whoever looks again and insists is told that it may not follow.
    plan.now()
    again = plan.step("publish")
    assert (again.status_code, again.json()["allowed"]) == (409, [])


@contextmanager
def writers_of(database: URL, table: str) -> Iterator[None]:
    """Nobody writes into a table for the length of the block."""
    with psycopg.connect(conninfo(database)) as connection:
        connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        yield
        connection.rollback()


def give_up_jobs(engine: Engine) -> None:
    """What a killed server leaves undone is not begun again by the next one."""
    with writing(engine) as session:
        session.execute(text("UPDATE plan_job SET state = 'cancelled' WHERE ended_at IS NULL"))


def nobody_has_the_lock(engine: Engine) -> bool:
    """Whether whoever was publishing is done with it, one way or the other."""
    found = hand.rows(
        engine,
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1667855481"
        " AND mode = 'ExclusiveLock' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    return not found


def sum_of(engine: Engine, table: str, where: str = "", **words: Any) -> object:
    """Of every byte of some rows."""
    columns = "md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum"
    return hand.rows(engine, f"SELECT {columns} FROM {table} t {where}", **words)[0].sum


def state(engine: Engine, plan: Hand) -> tuple[object, ...]:
    """Everything that publishing changes, as one thing to compare."""
    tables = ("base_unit", "area", "area_shape", "assignment", "boundary_version", "plan_step",
              "audit_row")  # fmt: skip
    sums = [sum_of(engine, table) for table in tables]
    # Other cases may take a step by the clock meanwhile.
    since_plan = (
        "WHERE no IN (SELECT no FROM incident"
        " WHERE reported_at > (SELECT created_at FROM plan WHERE id = :id))"
    )
    sums += [sum_of(engine, table, since_plan, id=plan.plan["id"]) for table in CASE_TABLES]
    told = hand.rows(
        engine,
        "SELECT count(*) AS n FROM (SELECT 1 FROM outbox WHERE topic = 'boundaries.published'"
        " UNION ALL SELECT 1 FROM stream_event WHERE topic = 'boundaries.published') t",
    )[0].n
    row = hand.rows(engine, "SELECT * FROM plan WHERE id = :id", id=plan.plan["id"])[0]
    return (*sums, told, tuple(row))


def approved(own_context: Context, own_client: TestClient, other: TestClient) -> Hand:
    """A plan that makes a new cell of a part of another one, ready to be published; an open case
    lies in each unit of that part."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    plan = hand.begin(own_client, community)
    cells = hand.units(engine, community)
    for cell in sorted(set(cells.values())):
        if plan.edit(kind="split", cell_code=cell).status_code == 200:
            break
    for place in moved_places(engine, plan):
        report_at(own_context, own_client, place)
    hand.approve(plan, other)
    return plan


def moved_places(engine: Engine, plan: Hand) -> list[Any]:
    """`lon`, `lat` (EPSG:4326) in each unit that a plan moves, and `cell_code` as planned."""
    return hand.rows(
        engine,
        "SELECT m.cell_code, ST_X(p) AS lon, ST_Y(p) AS lat FROM plan_move m"
        " JOIN base_unit u ON u.unit_id = m.unit_id AND upper_inf(u.valid)"
        " CROSS JOIN LATERAL (SELECT ST_PointOnSurface(u.geom) AS p) t WHERE m.plan_id = :id"
        " ORDER BY m.unit_id",
        id=plan.plan["id"],
    )


def report_at(own_context: Context, own_client: TestClient, place: Any) -> None:
    """An open case at a place, with the worker of its cell."""
    answer = own_client.post("/api/v1/incidents", json=a_report(lon=place.lon, lat=place.lat))
    assert answer.status_code == 201, answer.text
    case = answer.json()
    assert case["cell_code"] != place.cell_code
    for step in (Step.REGISTER, Step.ASSIGN):
        with writing(own_context.engine) as session:
            unit = hand.worker_of(own_context.engine, case["cell_code"])
            said = unit if step is Step.ASSIGN else None
            steps.advance(session, case["no"], step, utc_now(), unit_id=said)


def check_cases(engine: Engine, plan: Hand) -> None:
    """What must be true of the cases once a plan is in force: those whose ground it moves lie in
    the new cell, each with one event that says so; every other open case lies where its place is.
    """
    places = moved_places(engine, plan)
    found = hand.rows(
        engine,
        "SELECT n.cell_code, count(*) AS n FROM incident_event e JOIN case_now n USING (no)"
        " WHERE e.step = 'rezone' AND e.at = (SELECT published_at FROM plan WHERE id = :id)"
        " GROUP BY 1",
        id=plan.plan["id"],
    )
    assert {row.cell_code: row.n for row in found} == Counter(one.cell_code for one in places) != {}
    with writing(engine) as session:
        assert strayed(session, None, EVER) == []
    assert checking.differences(engine) == []


def test_killed_while_it_publishes_nothing_has_happened(
    own_context: Context, own_client: TestClient, database: URL, start_server: Start
) -> None:
    """kill -9 before each table that is written: as if nobody had asked. Afterwards it works."""
    engine = own_context.engine
    with hand.approver(own_context) as other, ThreadPoolExecutor(1) as pool:
        plan = approved(own_context, own_client, other)
        before = state(engine, plan)
        for table in TABLES:
            server = start_server(database)
            there = at(server, plan)
            with writers_of(database, table):
                answer: Future[staff.Response | None] = pool.submit(publish, there)
                wait_until(lambda name=table: hand.someone_waits_for(engine, name))  # type: ignore[misc]
                server.kill()
                assert answer.result() is None
            wait_until(lambda: nobody_has_the_lock(engine))
            give_up_jobs(engine)
            assert state(engine, plan) == before, table
        assert plan.step("publish").status_code == 200
    check_ground(engine)
    check_cases(engine, plan)


@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment_it_is_all_or_nothing(
    own_context: Context, own_client: TestClient, database: URL, start_server: Start, seed: int
) -> None:
    """kill -9 after a random part of a publication's time: published whole, or not at all."""
    engine = own_context.engine
    random = np.random.default_rng(seed)
    closed_before = closed_cases(engine)
    seen = set()
    with hand.approver(own_context) as other, ThreadPoolExecutor(1) as pool:
        for delay_s in MOMENTS_S + random.uniform(0.0, 0.1, len(MOMENTS_S)) * np.sign(MOMENTS_S):
            plan = approved(own_context, own_client, other)
            before = state(engine, plan)
            server = start_server(database)
            answer = pool.submit(publish, at(server, plan))
            # Not a wait for something: the moment itself is what is tried.
            wait_for(answer, float(delay_s))
            server.kill()
            answer.result()
            wait_until(lambda: nobody_has_the_lock(engine))
            give_up_jobs(engine)
            published = plan.now()["state"] == "published"
            seen.add(published)
            if not published:
                assert state(engine, plan) == before
                assert plan.step("publish").status_code == 200
            check_ground(engine)
            check_cases(engine, plan)
    assert seen == {True, False}
    assert closed_cases(engine) == closed_before


def closed_cases(engine: Engine) -> list[Any]:
    """Every byte of them."""
    return hand.rows(
        engine,
        "SELECT count(*) AS n, md5(string_agg(i::text, '' ORDER BY no)) AS sum FROM incident i"
        " WHERE closed_at IS NOT NULL",
    )


def wait_for(answer: "Future[staff.Response | None]", most_s: float) -> None:
    """Until an answer comes, at most so many seconds."""
    try:
        answer.result(timeout=most_s)
    except TimeoutError:
        return
