"""A planner's hand in tests: plans over HTTP, and what the database says of boundaries."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import shapely
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.core.jobs import Asked
from app.identity.rules import Role
from app.planning.jobs import running as jobs
from app.planning.jobs import scheduled
from geodata import codes
from tests import staff
from tests.app.identity.canary import client_of
from tests.waiting import wait_until

CITY = staff.CITY
DISTRICT = 620_111_000_000_000
APPROVER = "other_planner"


@dataclass
class Hand:
    """A plan in somebody's hand: what is sent names the revision that was seen last."""

    client: Any
    plan: dict[str, Any]

    @property
    def url(self) -> str:
        """Of the plan."""
        return f"/api/v1/plans/{self.plan['id']}"

    def seen(self) -> dict[str, str]:
        """The header that names the revision."""
        return {"If-Match": f'"{self.plan["revision"]}"'}

    def send(self, method: str, path: str = "", **body: Any) -> Any:
        """Something that is done with the plan."""
        headers, content = self.seen(), None
        if method not in ("PUT", "DELETE"):
            # In ASCII: a lone surrogate must arrive, too.
            headers, content = {**headers, "Content-Type": "application/json"}, json.dumps(body)
        answer = self.client.request(method, self.url + path, content=content, headers=headers)
        if answer.status_code < 300:
            self.plan["revision"] = answer.json()["revision"]
        return answer

    def edit(self, **body: Any) -> Any:
        """Draw on it."""
        return self.send("POST", "/edits", **body)

    def move(self, moves: dict[int, int]) -> Any:
        """Give units to cells."""
        wanted = [{"unit_id": unit, "cell_code": cell} for unit, cell in moves.items()]
        return self.edit(kind="move", moves=wanted)

    def step(self, step: str, **body: Any) -> Any:
        """Take a step of its life; publishing is a job, whose end is waited for."""
        answer = self.send("POST", "/steps", step=step, **body)
        return self._published(answer) if answer.status_code == 202 else answer

    def _published(self, asked: Any) -> Any:
        """The plan once its job is done, or the refusal with which that ended. Nobody works beside
        an app in the test's own process: there the job is run here."""
        path = asked.headers["Location"]
        if isinstance(self.client, TestClient):
            context: Context = self.client.app.state.context  # type: ignore[attr-defined]
            jobs.run(context, Asked(int(path.rpartition("/")[2]), 0, lambda: False))
        wait_until(lambda: self.client.get(path).json()["state"] not in {"waiting", "running"})
        job = self.client.get(path).json()
        if job["state"] == "done":
            answer = self.client.get(self.url)
            self.plan["revision"] = answer.json()["revision"]
            return answer
        slug, _, detail = job["message"].partition(": ")
        return httpx.Response(409, json={"type": f"/problems/{slug}", "detail": detail})

    def now(self) -> dict[str, Any]:
        """As it stands."""
        found: dict[str, Any] = self.client.get(self.url).json()
        self.plan["revision"] = found["revision"]
        return found


def begin(client: Any, area: int, **words: Any) -> Hand:
    """A new plan for an area."""
    answer = client.post("/api/v1/plans", json={"title": "网格调整", "area_code": area, **words})
    assert answer.status_code == 201, answer.text
    return Hand(client, answer.json())


@contextmanager
def approver(context: Context) -> Iterator[TestClient]:
    """A client of a planner who draws on nothing."""
    known = rows(context.engine, "SELECT id FROM account WHERE name = :name", name=APPROVER)
    if not known:
        staff.add_account(context.engine, APPROVER, Role.PLANNER, CITY)
    with client_of(context, APPROVER) as client:
        yield client


def approve(hand: Hand, client: Any) -> None:
    """Submit a plan, and let somebody else approve it."""
    submitted = hand.step("submit")
    assert submitted.status_code == 200, submitted.text
    approved = Hand(client, hand.plan).step("approve")
    assert approved.status_code == 200, approved.text


def publish_due(context: Context, now: datetime) -> Counter[str]:
    """What the clock asks for at an instant, done here and now: how many jobs ended in which
    state; `failed` of those that could not be asked for, too."""
    before = {row.id for row in rows(context.engine, "SELECT id FROM plan_job")}
    ends = Counter({"failed": scheduled.ask_for_due(context.engine, now).failed})
    for row in rows(context.engine, "SELECT id FROM plan_job ORDER BY id"):
        if row.id not in before:
            ends[jobs.run(context, Asked(row.id, 0, lambda: False))] += 1
    return ends


def rows(engine: Engine, sql: str, **words: Any) -> list[Any]:
    """Rows of a query, as the house sees them."""
    with reading(engine) as session:
        return list(session.execute(text(sql), words))


def place_in(engine: Engine, unit: int) -> Any:
    """`lon`, `lat` (EPSG:4326) of a place in a unit."""
    (place,) = rows(
        engine,
        "SELECT ST_X(p) AS lon, ST_Y(p) AS lat FROM (SELECT ST_PointOnSurface(geom) AS p"
        " FROM base_unit WHERE unit_id = :unit AND upper_inf(valid)) u",
        unit=unit,
    )
    return place


def worker_of(engine: Engine, cell: int) -> int:
    """The duty unit of the grid worker who answers for a cell."""
    (row,) = rows(
        engine,
        "SELECT min(d.id) AS id FROM published.assignment a JOIN published.duty_unit d"
        " USING (call_sign) WHERE a.area_code = :cell AND a.role = 'grid_worker'"
        " AND a.duty = 'primary' AND a.valid @> now()",
        cell=cell,
    )
    assert row.id is not None
    return int(row.id)


def someone_waits_for(engine: Engine, table: str) -> bool:
    """Whether a transaction waits for a table."""
    found = rows(
        engine, "SELECT pid FROM pg_locks WHERE NOT granted AND relation = to_regclass(:table)",
        table=table,
    )  # fmt: skip
    return bool(found)


def communities(engine: Engine) -> list[int]:
    """Codes of all communities, ascending."""
    found = rows(engine, "SELECT DISTINCT community_code FROM base_unit ORDER BY 1")
    return [row.community_code for row in found]


def units(engine: Engine, community: int, at: Any = None) -> dict[int, int]:
    """Unit -> its cell, of a community, now or at an instant."""
    return {
        row.unit_id: row.cell_code
        for row in rows(
            engine,
            "SELECT unit_id, cell_code FROM base_unit WHERE community_code = :community"
            " AND CASE WHEN CAST(:at AS timestamptz) IS NULL THEN upper_inf(valid)"
            " ELSE valid @> CAST(:at AS timestamptz) END ORDER BY 1",
            community=community, at=at,
        )
    }  # fmt: skip


def a_border_move(engine: Engine, community: int, nth: int = 0) -> tuple[int, int]:
    """A unit and a cell beside it, such that both cells stay in one piece."""
    return border_moves(engine, community)[nth]


def border_moves(engine: Engine, community: int) -> list[tuple[int, int]]:
    """All such moves of one unit, in order."""
    found = rows(
        engine,
        "SELECT unit_id, cell_code, locked, ST_AsBinary(ST_Transform(geom, 4544)) AS geom"
        " FROM base_unit WHERE community_code = :community AND upper_inf(valid) ORDER BY 1",
        community=community,
    )
    shape = {row.unit_id: shapely.from_wkb(bytes(row.geom)) for row in found}
    cell = {row.unit_id: row.cell_code for row in found}
    held = {row.unit_id for row in found if row.locked}
    closed = {c for c in cell.values() if all(u in held for u in cell if cell[u] == c)}
    moves = []
    for unit, outline in shape.items():
        rest = [shape[u] for u in shape if cell[u] == cell[unit] and u != unit]
        if unit in held or not rest or not _is_one(rest):
            continue
        for target in sorted(set(cell.values()) - {cell[unit]} - closed):
            grown = [shape[u] for u in shape if cell[u] == target] + [outline]
            if _is_one(grown):
                moves.append((unit, target))
    return moves


def join(engine: Engine, plan: Hand, community: int) -> tuple[int, int]:
    """Dissolve the first cell of a community that fits into another one; both."""
    cells = sorted(set(units(engine, community).values()))
    for cell in cells:
        for into in cells:
            answer = plan.edit(kind="join", cell_code=cell, into=into)
            if answer.status_code == 200 and not answer.json()["faults"]:
                return cell, into
            if answer.status_code == 200:
                plan.send("POST", "/undo")
    raise AssertionError("no cell of the community can be dissolved")


def _is_one(parts: list[Any]) -> bool:
    whole = shapely.coverage_union_all(np.array(parts, dtype=object))
    pieces = shapely.get_parts(whole)
    return len(pieces) == 1 and shapely.get_num_interior_rings(pieces[0]) == 0


def parent(code: int) -> int:
    """The area above."""
    above = codes.parent_of(code)
    assert above is not None
    return above
