"""Open cases follow the boundaries: after a publication they lie in the new cell, with its worker.

Seen to fail with the thing it guards removed: the scope of the log, of the receipt; the case closed
while its cell is dissolved; the minute before; the worker who is gone.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import writing
from app.identity.rules import Role
from app.incidents.reading import checking
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.incidents.reports import a_report
from tests.app.maps import picture
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.waiting import wait_until
from tiles.layers import BINS_BELOW_ZOOM

PATH = "/api/v1/incidents"
WORKERS = "old_worker", "new_worker"


@dataclass
class Ground:
    """A plan that gives one unit to another cell, and who works in both.

    Attributes:
        lon, lat: a place in that unit.
        workers: duty units that answer for the old and the new cell.
    """

    context: Context
    admin: TestClient
    plan: Hand
    old_cell: int
    new_cell: int
    lon: float
    lat: float
    workers: tuple[int, int]
    old: Any
    new: Any

    def report(self, **changes: Any) -> dict[str, Any]:
        """A case in that unit."""
        answer = self.admin.post(PATH, json=a_report(lon=self.lon, lat=self.lat, **changes))
        assert answer.status_code == 201, answer.text
        case: dict[str, Any] = answer.json()
        assert case["cell_code"] == self.old_cell
        return case

    def take(self, case: dict[str, Any], *course: Step, unit_id: int | None = None) -> None:
        """Take steps as a program."""
        for step in course:
            with writing(self.context.engine) as session:
                unit = unit_id if step is Step.ASSIGN else None
                steps.advance(session, case["no"], step, utc_now(), unit_id=unit)

    def publish(self) -> Any:
        """Put the plan into force."""
        return self.plan.step("publish")

    def case(self, case: dict[str, Any], client: Any = None, **words: Any) -> Any:
        """How a case is shown to somebody."""
        return (client or self.admin).get(f"{PATH}/{case['id']}", params=words)


@pytest.fixture
def ground(own_context: Context, own_client: TestClient) -> Iterator[Ground]:
    """An approved plan."""
    engine = own_context.engine
    community = hand.communities(engine)[4]
    unit, new_cell = hand.a_border_move(engine, community)
    old_cell = hand.units(engine, community)[unit]
    place = hand.place_in(engine, unit)
    plan = hand.begin(own_client, community)
    assert plan.move({unit: new_cell}).status_code == 200
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
    plan.now()
    workers = tuple(hand.worker_of(engine, cell) for cell in (old_cell, new_cell))
    with ExitStack() as stack:
        clients = []
        for name, cell in zip(WORKERS, (old_cell, new_cell), strict=True):
            staff.add_account(engine, name, Role.GRID_WORKER, cell)
            clients.append(stack.enter_context(client_of(own_context, name)))
        yield Ground(
            own_context, own_client, plan, old_cell, new_cell, place.lon, place.lat,
            (workers[0], workers[1]), *clients,
        )  # fmt: skip


def listed(client: Any, path: str = PATH) -> set[int]:
    """Numbers of the cases in a list."""
    answer = client.get(path, params={"limit": 500})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return {item["no"] if path == PATH else item["incident"]["no"] for item in items}


def test_the_new_worker_has_it_and_the_old_one_does_not(ground: Ground) -> None:
    """In list, card, tasks and counts; with its whole log; the minute before it was as it was."""
    case = ground.report()
    ground.take(case, Step.REGISTER, Step.ASSIGN, unit_id=ground.workers[0])
    assert case["no"] in listed(ground.old) & listed(ground.old, "/api/v1/tasks")
    assert case["no"] not in listed(ground.new)
    before = utc_now().isoformat()
    assert ground.publish().status_code == 200
    assert case["no"] in listed(ground.new) & listed(ground.new, "/api/v1/tasks")
    assert case["no"] not in listed(ground.old) | listed(ground.old, "/api/v1/tasks")
    assert ground.case(case, ground.old).status_code == 404
    shown = ground.case(case, ground.new).json()
    assert (shown["cell_code"], shown["chain"][-1]["code"]) == (ground.new_cell, ground.new_cell)
    assert [step["step"] for step in shown["timeline"]] == [
        "report",
        "register",
        "assign",
        "rezone",
    ]
    assert shown["timeline"][-1]["from_cell"] == ground.old_cell
    assert (shown["status"], shown["version"]) == ("assigned", 4)
    then = ground.case(case, at=before).json()
    assert (then["cell_code"], then["version"]) == (ground.old_cell, 3)
    assert then["assigned_to"]["unit_id"] == ground.workers[0]
    assert shown["assigned_to"]["unit_id"] == ground.workers[1]
    taken = ground.new.post(f"{PATH}/{case['id']}/steps", json={"step": "acknowledge"})
    assert (taken.status_code, taken.json()["status"]) == (200, "acknowledged")
    assert checking.differences(ground.context.engine) == []


def test_what_is_closed_stays(ground: Ground) -> None:
    """In its old cell, event for event."""
    closed, other = ground.report(), ground.report()
    ground.take(closed, Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK,
                Step.CHECK, Step.CLOSE)  # fmt: skip
    log = ground.case(closed).json()["timeline"]
    assert ground.publish().status_code == 200
    shown = ground.case(closed, ground.old).json()
    assert (shown["cell_code"], shown["timeline"]) == (ground.old_cell, log)
    assert ground.case(other).json()["cell_code"] == ground.new_cell


def test_both_cells_are_told(ground: Ground) -> None:
    """The new one what the case is now, the old one that it has left."""
    case = ground.report()
    assert ground.publish().status_code == 200
    rows = hand.rows(
        ground.context.engine,
        "SELECT topic, area_code, payload FROM outbox WHERE payload ->> 'no' = :no"
        " AND (topic = 'incident.left' OR payload ->> 'step' = 'rezone')"
        " UNION ALL SELECT topic, area_code, payload FROM stream_event"
        " WHERE payload ->> 'no' = :no"
        " AND (topic = 'incident.left' OR payload ->> 'step' = 'rezone') ORDER BY 1",
        no=str(case["no"]),
    )
    assert [(row.topic, row.area_code) for row in rows] == [
        ("incident.changed", ground.new_cell), ("incident.left", ground.old_cell)
    ]  # fmt: skip
    assert rows[0].payload["cell_code"] == ground.new_cell
    assert set(rows[1].payload) == {"id", "no", "at"}
    assert checking.differences(ground.context.engine) == []


def test_photos_and_contacts_go_with_it(ground: Ground) -> None:
    """Every table that tells of the case, by its scope: nothing is left behind."""
    case = ground.report(contact={"phone": "13800000000", "name": "王"})
    assert ground.publish().status_code == 200
    tables = ("incident", "incident_event", "report_receipt", "case_contact", "case_now")
    for table in tables:
        found = hand.rows(
            ground.context.engine, f"SELECT DISTINCT cell_code FROM {table} WHERE no = :no",
            no=case["no"],
        )  # fmt: skip
        assert [row.cell_code for row in found] == [ground.new_cell], table


@pytest.fixture
def locker(ground: Ground) -> Iterator[psycopg.Connection[Any]]:
    """A connection that can hold something."""
    with psycopg.connect(ground.context.conninfo) as connection:
        yield connection
        connection.rollback()


def test_closed_in_the_second_in_which_its_cell_is_redrawn(
    ground: Ground, locker: psycopg.Connection[Any]
) -> None:
    """Closed before, it stays in its old cell: the publication waits for whoever was first."""
    case = ground.report()
    ground.take(case, Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK,
                Step.CHECK)  # fmt: skip
    with ThreadPoolExecutor(1) as pool, writing(ground.context.engine) as session:
        steps.advance(session, case["no"], Step.CLOSE, utc_now())
        session.flush()
        publishing = pool.submit(ground.publish)
        wait_until(lambda: _somebody_waits(ground.context))
        session.commit()
        assert publishing.result().status_code == 200
    shown = ground.case(case).json()
    assert (shown["status"], shown["cell_code"]) == ("closed", ground.old_cell)
    assert checking.differences(ground.context.engine) == []


HANDED_IN = (Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK, Step.CHECK)


@pytest.mark.parametrize("first", ["close", "publish"])
def test_closed_in_the_second_in_which_its_cell_is_dissolved(
    own_context: Context, own_client: TestClient, first: str
) -> None:
    """Two connections that wait for each other: closed first, it stays where it was; published
    first, it goes to the cell that takes the ground, and is closed there."""
    engine = own_context.engine
    community = hand.communities(engine)[6]
    plan = hand.begin(own_client, community)
    gone, into = hand.join(engine, plan, community)
    with hand.approver(own_context) as other:
        hand.approve(plan, other)
    unit = next(one for one, cell in hand.units(engine, community).items() if cell == gone)
    place = hand.place_in(engine, unit)
    workers = hand.worker_of(engine, gone), hand.worker_of(engine, into)
    ground = Ground(own_context, own_client, plan, gone, into, place.lon, place.lat, workers,
                    None, None)  # fmt: skip
    case = ground.report()
    ground.take(case, *HANDED_IN, unit_id=workers[0])

    with ThreadPoolExecutor(2) as pool:
        if first == "close":
            with writing(engine) as session:
                steps.advance(session, case["no"], Step.CLOSE, utc_now())
                session.flush()
                publishing = pool.submit(ground.publish)
                wait_until(lambda: _somebody_waits(own_context))
        else:
            with psycopg.connect(own_context.conninfo) as connection:
                connection.execute("LOCK TABLE audit_row IN EXCLUSIVE MODE")
                publishing = pool.submit(ground.publish)
                wait_until(lambda: hand.someone_waits_for(engine, "audit_row"))
                closing = pool.submit(ground.take, case, Step.CLOSE)
                wait_until(lambda: _somebody_waits(own_context))
                connection.rollback()
            closing.result()
        assert publishing.result().status_code == 200

    shown = ground.case(case).json()
    last = {"close": ["check", "close"], "publish": ["rezone", "close"]}[first]
    assert [step["step"] for step in shown["timeline"]][-2:] == last
    assert shown["status"] == "closed"
    assert shown["cell_code"] == {"close": gone, "publish": into}[first]
    assert [step["ordinal"] for step in shown["timeline"]] == list(
        range(1, len(shown["timeline"]) + 1)
    )
    assert case["no"] not in _open_in(ground, gone) | _open_in(ground, into)
    assert checking.differences(engine) == []


def test_the_old_worker_comes_too_late(ground: Ground, locker: psycopg.Connection[Any]) -> None:
    """A step that waited for the publication finds a case that is not theirs any more: 404."""
    case = ground.report()
    ground.take(case, Step.REGISTER, Step.ASSIGN, unit_id=ground.workers[0])
    locker.execute("LOCK TABLE audit_row IN EXCLUSIVE MODE")
    with ThreadPoolExecutor(2) as pool:
        publishing = pool.submit(ground.publish)
        wait_until(lambda: hand.someone_waits_for(ground.context.engine, "audit_row"))
        late = pool.submit(
            ground.old.post, f"{PATH}/{case['id']}/steps", json={"step": "acknowledge"}
        )
        wait_until(lambda: _somebody_waits(ground.context))
        locker.rollback()
        assert publishing.result().status_code == 200
        assert late.result().status_code == 404
    assert checking.differences(ground.context.engine) == []


def _somebody_waits(context: Context) -> bool:
    """Whether a transaction waits for a row that another one holds."""
    found = hand.rows(
        context.engine,
        "SELECT pid FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')",
    )
    return bool(found)


def test_a_report_made_meanwhile_is_filed_in_the_new_cell(
    ground: Ground, locker: psycopg.Connection[Any]
) -> None:
    """It waits for the last moments of a publication, and is not left in the cell of before."""
    ground.report()
    locker.execute("LOCK TABLE audit_row IN EXCLUSIVE MODE")
    with ThreadPoolExecutor(2) as pool:
        publishing = pool.submit(ground.publish)
        wait_until(lambda: hand.someone_waits_for(ground.context.engine, "audit_row"))
        fresh = a_report(lon=ground.lon, lat=ground.lat)
        reporting = pool.submit(ground.admin.post, PATH, json=fresh)
        wait_until(lambda: _waits_for_cells(ground.context))
        locker.rollback()
        assert publishing.result().status_code == 200
        assert reporting.result().json()["cell_code"] == ground.new_cell


def _waits_for_cells(context: Context) -> bool:
    found = hand.rows(
        context.engine,
        "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        " AND mode = 'ShareLock'",
    )
    return bool(found)


def test_whose_worker_is_gone_waits_for_whoever_works_there(ground: Ground) -> None:
    """Where nobody answers for the new cell, the case is nobody's by name, and a task of all of
    its grid workers."""
    with writing(ground.context.engine) as session:
        session.execute(
            hand.text(
                "UPDATE assignment SET valid = tstzrange(lower(valid), now())"
                " WHERE area_code = :cell AND upper_inf(valid)"
            ),
            {"cell": ground.new_cell},
        )
    case = ground.report()
    ground.take(case, Step.REGISTER, Step.ASSIGN, unit_id=ground.workers[0])
    assert ground.publish().status_code == 200
    assert ground.case(case).json()["assigned_to"] is None
    assert case["no"] in listed(ground.new, "/api/v1/tasks")
    assert checking.differences(ground.context.engine) == []


def test_a_minute_is_a_minute(ground: Ground) -> None:
    """The instant of the event is that of the new boundaries."""
    case = ground.report()
    answer = ground.publish().json()
    moved = ground.case(case).json()["timeline"][-1]
    assert datetime.fromisoformat(moved["at"]) == datetime.fromisoformat(answer["published_at"])


def asked_figures(ground: Ground) -> list[tuple[str, dict[str, Any]]]:
    """Questions about the old cell, the new one and everything: paths and their words."""
    old, new = ({"area": cell} for cell in (ground.old_cell, ground.new_cell))
    states = ({}, {"status": "assigned"}, {"status": "open"}, {"category": "01"})
    return [
        (path, {**place, **words, **given})
        for place in ({}, old, new)
        for words in states
        for path, given in (
            ("counts", {}), ("counts", {"measure": "open"}), ("counts", {"level": "community"}),
            ("histogram", {"buckets": 7}), ("figures", {"parts": "head,histogram,counts,heat"}),
        )
    ]  # fmt: skip


def counted(ground: Ground, cell: int, client: Any = None, **words: Any) -> int:
    """Cases in a cell, as the figures tell."""
    answer = (client or ground.admin).get("/api/v1/counts", params={"level": "cell", **words})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["values"].get(str(cell), 0))


def test_figures_of_a_minute_before_stay_as_they_were(ground: Ground) -> None:
    """To the last word: by cell, over time, at the head, in a state, for the old and the new cell;
    whoever sees the case now sees it in the old cell, and nobody else does."""
    was = counted(ground, ground.old_cell), counted(ground, ground.new_cell)
    case, still = ground.report(), ground.report()
    ground.take(case, Step.REGISTER, Step.ASSIGN, unit_id=ground.workers[0])
    wait_until(lambda: counted(ground, ground.old_cell, status="assigned", since=_days_ago(1)) > 0)
    wait_until(lambda: counted(ground, ground.old_cell) == was[0] + 2)
    at = {"at": utc_now().isoformat()}

    def figures() -> list[Any]:
        answers = [
            ground.admin.get(f"/api/v1/{path}", params={**words, **at})
            for path, words in asked_figures(ground)
        ]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json() for answer in answers]

    before, seen = figures(), counted(ground, ground.old_cell, ground.old, **at)
    moved = _open_in(ground, ground.old_cell)
    assert ground.publish().status_code == 200
    moved -= _open_in(ground, ground.old_cell)
    assert moved >= {case["no"], still["no"]}
    wait_until(lambda: counted(ground, ground.new_cell) >= was[1] + len(moved))
    assert figures() == before
    # Each of them asks another process's picture of the city.
    wait_until(lambda: counted(ground, ground.old_cell, ground.new, **at) == len(moved))
    wait_until(lambda: counted(ground, ground.old_cell, ground.old, **at) == seen - len(moved))


def test_years_are_compared_in_the_boundaries_of_now(ground: Ground) -> None:
    """Closed cases, too, lie where their place is: as PostGIS finds it. Another word is refused."""
    closed = ground.report()
    ground.take(closed, Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK,
                Step.CHECK, Step.CLOSE)  # fmt: skip
    ground.report()
    words = {"since": _days_ago(390)}
    wait_until(lambda: counted(ground, ground.old_cell, area=ground.old_cell, status="closed") > 0)
    at = utc_now().isoformat()
    assert ground.publish().status_code == 200
    cells = (ground.old_cell, ground.new_cell)
    found = {
        row.code: row.n
        for row in hand.rows(
            ground.context.engine,
            "SELECT a.code, count(*) AS n FROM published.incident i JOIN published.area a"
            " ON a.level = 'cell' AND upper_inf(a.valid) AND ST_Covers(a.geom, i.geom)"
            " WHERE a.code = ANY (:cells) AND i.reported_at >= :since GROUP BY 1",
            cells=list(cells), since=words["since"],
        )
    }  # fmt: skip
    now = {**words, "boundaries": "now"}
    wait_until(lambda: counted(ground, ground.new_cell, **now) == found[ground.new_cell])
    for cell in cells:
        for more in ({}, {"area": cell}, {"at": at}, {"at": at, "area": cell}):
            assert counted(ground, cell, **now, **more) == found[cell], (cell, more)
    assert counted(ground, ground.new_cell, **words) < found[ground.new_cell]
    refused = ground.admin.get("/api/v1/counts", params={"boundaries": "once"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "boundaries")


def in_tile(ground: Ground, zoom: int, client: Any = None, **words: Any) -> list[Any]:
    """What a tile of cases at the place holds: numbers when near; cases and open ones when far."""
    z, x, y = picture.tile_at(ground.lon, ground.lat, zoom)
    answer = (client or ground.admin).get(f"/tiles/incidents/{z}/{x}/{y}.mvt", params=words)
    assert answer.status_code in (200, 204), answer.text
    if answer.status_code == 204:
        return []
    found = mapbox_vector_tile.decode(answer.content)["incidents"]["features"]
    names = ("no",) if zoom >= BINS_BELOW_ZOOM else ("n", "o")
    return sorted(tuple(one["properties"][name] for name in names) for one in found)


def in_layer(ground: Ground, client: Any = None, **words: Any) -> dict[int, int]:
    """Number -> cell of the cases in the GeoJSON layer, all of those that matched."""
    answer = (client or ground.admin).get("/api/v1/layers/incidents.geojson", params=words)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    found = {one["properties"]["no"]: one["properties"]["cell_code"] for one in shown["features"]}
    assert shown["numberMatched"] == len(found)
    return found


def test_tiles_and_layers_of_a_minute_before_stay_as_they_were(ground: Ground) -> None:
    """By area: a moved case lies where it lay, and says so; for whoever sees it now."""
    begun = utc_now()
    cases = [ground.report() for _ in range(3)]
    nos = [case["no"] for case in cases]
    ground.take(cases[0], Step.REGISTER, Step.ASSIGN, unit_id=ground.workers[0])
    ground.take(cases[2], Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE,
                Step.HAND_BACK, Step.CHECK, Step.CLOSE)  # fmt: skip
    at = utc_now()
    since = {"since": begun.isoformat()}
    then = {**since, "at": at.isoformat()}
    old, new = ({"area": cell} for cell in (ground.old_cell, ground.new_cell))
    community = {"area": hand.parent(ground.old_cell)}
    assert ground.publish().status_code == 200
    late = {**since, "at": utc_now().isoformat()}
    lay = dict.fromkeys(nos, ground.old_cell)
    lie = {**dict.fromkeys(nos[:2], ground.new_cell), nos[2]: ground.old_cell}

    def part(cells: dict[int, int], cell: int) -> dict[int, int]:
        return {no: code for no, code in cells.items() if code == cell}

    for words, cells in ((then, lay), (late, lie), (since, lie)):
        for area, expected in (
            ({}, cells), (community, cells), (old, part(cells, ground.old_cell)),
            (new, part(cells, ground.new_cell)),
        ):  # fmt: skip
            said = {**words, **area}
            assert in_layer(ground, **said) == expected, said
            assert in_tile(ground, 15, **said) == sorted((no,) for no in expected), said
            open_now = len(expected.keys() - {nos[2]})
            bins = [(len(expected), open_now)] if expected else []
            assert in_tile(ground, 9, **said) == bins, said
    assert in_layer(ground, **then, **old, status="assigned") == {nos[0]: ground.old_cell}
    assert in_tile(ground, 15, **then, **old, status="assigned") == [(nos[0],)]
    assert in_tile(ground, 9, **then, **old, status="assigned") == [(1, 1)]
    # Who sees the case now sees where it lay; the worker of that cell sees it no more.
    assert in_layer(ground, ground.new, **then) == dict.fromkeys(nos[:2], ground.old_cell)
    assert in_layer(ground, ground.new, **then, **old) == in_layer(ground, ground.new, **then)
    assert in_tile(ground, 15, ground.new, **then, **old) == [(nos[0],), (nos[1],)]
    assert in_layer(ground, ground.new, **then, **new) == {}
    assert in_layer(ground, ground.old, **then) == {nos[2]: ground.old_cell}
    assert in_tile(ground, 15, ground.old, **then, **old) == [(nos[2],)]


def _days_ago(days: int) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


def _open_in(ground: Ground, cell: int) -> set[int]:
    found = hand.rows(
        ground.context.engine, "SELECT no FROM case_now WHERE cell_code = :cell", cell=cell
    )
    return {row.no for row in found}
