"""Posts of every tier around one cell, over HTTP, and the duty units that they send."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
from sqlalchemy import Engine, text

from app.core.db import reading
from app.identity.rules import Role
from geodata import codes
from tests import staff

LEVELS = {"grid": 4, "workstation": 3, "command_post": 2, "sub_centre": 1, "city_centre": 0}


@dataclass
class Crew:
    """Accounts of a role at a tier above one cell, each with a client of its own."""

    base_url: str
    engine: Engine
    cell: int
    lon: float
    lat: float
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    @classmethod
    def around_a_cell(cls, base_url: str, engine: Engine) -> Self:
        """Around the first cell whose community has a workstation with units."""
        with reading(engine) as session:
            row = session.execute(
                text(
                    "SELECT a.code, ST_X(a.label) AS lon, ST_Y(a.label) AS lat FROM area a"
                    " JOIN station s ON s.area_code = a.parent_code AND s.kind = 'workstation'"
                    " WHERE a.level = 'cell' ORDER BY a.code LIMIT 1"
                )
            ).one()
        return cls(base_url, engine, row.code, row.lon, row.lat)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()

    def at(self, tier: str, role: Role = Role.DUTY_OFFICER) -> "Worker":
        """The account of a role at a tier; made when first asked for."""
        name = f"{role.value}_{tier}"
        if name not in self._clients:
            area = codes.chain_of(self.cell)[LEVELS[tier]]
            staff.add_account(self.engine, name, role, area)
            client = httpx.Client(base_url=self.base_url, timeout=30)
            staff.sign_in(client, name)
            self._clients[name] = client
        return Worker(name, self._clients[name])

    def unit(self, tier: str, *roles: str) -> int:
        """A unit of the station of a tier; of the cell's own grid worker for the grid."""
        chain = codes.chain_of(self.cell)
        with reading(self.engine) as session:
            found = session.scalar(
                text(
                    "SELECT u.id FROM duty_unit u JOIN station s ON s.id = u.station_id"
                    " LEFT JOIN assignment a ON a.unit_id = u.id"
                    " WHERE (s.area_code = :area OR a.area_code = :area) AND u.role = ANY(:roles)"
                    " ORDER BY u.id LIMIT 1"
                ),
                {
                    "area": chain[LEVELS[tier]],
                    "roles": list(roles or ("grid_worker", "mediator", "dispatcher", "officer",
                                            "duty_officer")),
                },
            )  # fmt: skip
        assert found is not None, tier
        return int(found)

    def report(self, worker: "Worker", **changes: Any) -> str:
        """The id of a new case at the cell."""
        body = {
            "id": str(uuid4()), "category": "0110", "title": "路边暴露生活垃圾",
            "lon": self.lon, "lat": self.lat, "source": "patrol", **changes,
        }  # fmt: skip
        answer = worker.client.post("/api/v1/incidents", json=body)
        assert answer.status_code == 201, answer.text
        return str(body["id"])


@dataclass(frozen=True)
class Worker:
    """One account."""

    name: str
    client: httpx.Client

    def case(self, case_id: str) -> dict[str, Any]:
        """The card of a case, as this account is shown it."""
        answer = self.client.get(f"/api/v1/incidents/{case_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{found["version"]}"'
        return found

    def may(self, case_id: str) -> set[str]:
        """The steps that this account is offered."""
        return {line["step"] for line in self.case(case_id)["next_steps"]}

    def tries(self, case_id: str, step: str, **words: Any) -> httpx.Response:
        """What the server answers to a step; while it is too busy (503), ask again as it says."""
        headers = words.pop("headers", {})
        body = {"step": step, **words}
        path = f"/api/v1/incidents/{case_id}/steps"
        while (answer := self.client.post(path, json=body, headers=headers)).status_code == 503:
            pass
        return answer

    def takes(self, case_id: str, step: str, **words: Any) -> dict[str, Any]:
        """The case after a step that is allowed; it was offered before."""
        assert step in self.may(case_id), (self.name, step)
        answer = self.tries(case_id, step, **words)
        assert answer.status_code == 200, (self.name, step, answer.text)
        found: dict[str, Any] = answer.json()
        assert found["timeline"][-1]["step"] == step
        assert answer.headers["etag"] == f'"{found["version"]}"'
        return found

    def tasks(self) -> dict[str, str]:
        """Why each case waits for this account, by its id."""
        answer = self.client.get("/api/v1/tasks", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        return {task["incident"]["id"]: task["why"] for task in answer.json()["items"]}
