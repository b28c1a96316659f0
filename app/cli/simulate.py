"""`minqing simulate`: makes the demo city live, from a process of its own.

Reports go in through the front door (HTTP), as anybody's would. What posts, units and the police do
about them goes through the services, over the same database: nobody's account is borrowed for it.
"""

import heapq
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

import httpx
import numpy as np
import typer
from rich.status import Status as StatusLine
from sqlalchemy.exc import SQLAlchemyError

from app.city import simulation as chance
from app.cli import service_session
from app.cli.terminal import console, give_up, open_context
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.core.settings import get_settings
from app.incidents import queries
from app.incidents.rules import Status
from app.incidents.steps import service as steps
from app.warnings import service as warnings
from app.warnings.rules import CATEGORY_PREFIX
from app.warnings.schemas import NewWarning, TakenWarningStep

DEFAULT_PER_MINUTE = 6.0
SITES = 5_000
RETRY_S = 1.0
LONGEST_SLEEP_S = 1.0
PICK_UP = timedelta(days=2)
# Cases that an earlier run left open go on one after the other, not all at once.
PICK_UP_WITHIN_S = 180.0


def simulate(
    per_minute: Annotated[
        float, typer.Option(min=0.1, max=600, help="Reports a minute at the busiest hour.")
    ] = DEFAULT_PER_MINUTE,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed draws the same reports.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where the server listens.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress line.")] = False,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Report made-up incidents to a running demo server, and carry them to their close."""
    settings = get_settings()
    base_url = url or f"http://{settings.host}:{settings.port}"
    rng = np.random.default_rng(time.time_ns() if seed is None else seed)
    shown: AbstractContextManager[StatusLine | None] = (
        nullcontext() if quiet else console.status("Waiting for the server …")
    )
    with open_context() as context, httpx.Client(base_url=base_url, timeout=10) as http:
        _wait_for(http, parent)
        http.headers.update(service_session.headers(context))
        city = chance.Simulation(_sites(context), per_minute, rng)
        with shown as line:
            LiveCity(context, http, city, line).run(lambda: _has_parent(parent))


def _has_parent(parent: int | None) -> bool:
    # Killed without a goodbye, the server leaves us to another parent: then we go, too.
    return parent is None or os.getppid() == parent


def _wait_for(http: httpx.Client, parent: int | None) -> None:
    while _has_parent(parent):
        try:
            if http.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(RETRY_S)


def _sites(context: Context) -> list[chance.Site]:
    with reading(context.engine) as session:
        rows = queries.latest_places(session, SITES) or queries.cell_places(session, SITES)
    if not rows:
        raise give_up("No city is loaded: there is nowhere to report from. `minqing city load`")
    # The tenth digit of a division code: below 2 a residents' committee, from 2 a village's.
    return [
        chance.Site(
            row.category, row.lon, row.lat, row.community, row.community_code // 100_000 % 10 < 2
        )
        for row in rows
    ]


class LiveCity:
    """Does what is due: reports, bursts and steps, each of which plans what follows it."""

    def __init__(
        self,
        context: Context,
        http: httpx.Client,
        city: chance.Simulation,
        line: StatusLine | None,
    ) -> None:
        self._context = context
        self._http = http
        self._city = city
        self._line = line
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._tickets = 0
        self._reported = self._stepped = self._refused = self._open = 0
        self._key = service_session.program_key(context)

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Work until interrupted, or until `goes_on` says no."""
        self._pick_up()
        self._plan(0.0, self._report)
        self._plan(self._city.next_burst_after_s(), self._burst)
        while goes_on():
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
            self._show()
            wait_s = self._due[0][0] - time.monotonic() if self._due else LONGEST_SLEEP_S
            time.sleep(min(max(wait_s, 0.0), LONGEST_SLEEP_S))

    def _plan(self, wait_s: float, work: Callable[[], None]) -> None:
        self._tickets += 1
        heapq.heappush(self._due, (time.monotonic() + wait_s, self._tickets, work))

    def _pick_up(self) -> None:
        with reading(self._context.engine) as session:
            cases = queries.open_simulated(session, utc_now() - PICK_UP)
        for nth, case in enumerate(cases):
            wait_s = PICK_UP_WITHIN_S * (nth + 1) / len(cases)
            self._plan(wait_s, partial(self._step, case.no, Status(case.status)))
        self._open = len(cases)

    def _report(self) -> None:
        now = utc_now()
        self._plan(self._city.next_report_after_s(now), self._report)
        self._send({"id": str(uuid4()), **self._city.report(now)})

    def _burst(self) -> None:
        self._plan(self._city.next_burst_after_s(), self._burst)
        for what in self._city.burst():
            body = {"id": str(uuid4()), **self._city.report(utc_now(), what)}
            self._plan(what.wait_s, partial(self._send, body))

    def _send(self, body: dict[str, object]) -> None:
        # A server that took a simulated report is a demo server.
        if str(body["category"]).startswith(CATEGORY_PREFIX) and self._reported:
            self._warn(body)
            return
        try:
            answer = self._http.post("/api/v1/incidents", json=body)
        except httpx.TransportError:
            # The same id: should the first one have arrived, it is counted once.
            self._plan(RETRY_S, partial(self._send, body))
            return
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # a shift is over
            self._http.headers.update(service_session.headers(self._context))
        if answer.is_server_error or answer.status_code == httpx.codes.UNAUTHORIZED:
            self._plan(RETRY_S, partial(self._send, body))
        elif answer.is_success:
            self._reported += 1
            self._open += 1
            case = answer.json()
            self._plan_step(case["no"], Status(case["status"]))
        elif "simulated" in {error["field"] for error in answer.json().get("errors", [])}:
            raise give_up("This server is no demo server: start it with MINQING_DEMO=1.")
        else:  # over the city's edge, for one
            self._refused += 1

    def _warn(self, body: dict[str, object]) -> None:
        now = utc_now()
        risk = min(max(int(str(body["severity"])) - 1, 1), 3)
        new = NewWarning.model_validate(
            {key: body[key] for key in ("id", "category", "lon", "lat")}
            | {"risk": risk, "detected_at": now}
        )
        try:
            with writing(self._context.engine) as session:
                warnings.receive(session, new, self._key, now, simulated=True)
        except Problem:  # over the city's edge
            self._refused += 1
        except SQLAlchemyError:
            self._plan(RETRY_S, partial(self._send, body))
        else:
            self._reported += 1
            self._open += 1
            self._plan_visit(new.id, self._city.visit())

    def _plan_visit(self, warning_id: UUID, left: Sequence[chance.VisitStep]) -> None:
        if left:
            self._plan(left[0].wait_s, partial(self._visit, warning_id, left))
        else:
            self._open -= 1

    def _visit(self, warning_id: UUID, left: Sequence[chance.VisitStep]) -> None:
        given = TakenWarningStep(step=left[0].step, outcome=left[0].outcome)
        try:
            with writing(self._context.engine) as session:
                warnings.take_step(session, warning_id, given, None, utc_now())
        except Problem:  # somebody else moved it on
            self._open -= 1
        except SQLAlchemyError:
            self._plan(RETRY_S, partial(self._visit, warning_id, left))
        else:
            self._stepped += 1
            self._plan_visit(warning_id, left[1:])

    def _plan_step(self, no: int, status: Status) -> None:
        self._plan(self._city.next_step_after_s(), partial(self._step, no, status))

    def _step(self, no: int, status: Status) -> None:
        drawn = self._city.step(status)
        if drawn is None:
            self._open -= 1
            return
        step, reason = drawn
        try:
            with writing(self._context.engine) as session:
                status = steps.advance(session, no, step, utc_now(), reason).status
        except Problem:  # somebody else moved it on, or the city was loaded anew
            self._open -= 1
        except SQLAlchemyError:
            self._plan(RETRY_S, partial(self._step, no, status))
        else:
            self._stepped += 1
            self._plan_step(no, status)

    def _show(self) -> None:
        if self._line is not None:
            self._line.update(
                f"Simulation: {self._reported} reported, {self._stepped} steps, {self._open} open,"
                f" {self._refused} refused  (Ctrl-C stops it)"
            )
