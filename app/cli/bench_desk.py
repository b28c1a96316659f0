"""`minqing bench desk`: what is asked all day, over HTTP, each beside the bare SQL of the same run.

Read the ratios: both sides run on the same machine, in turn.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from rich.table import Table
from sqlalchemy import text

from app.cli.bench_tiles import Client, serving
from app.cli.service_session import acting, headers_of
from app.cli.terminal import give_up
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading
from app.identity import queries as identity_queries
from app.identity.rules import Role
from app.places import queries as places
from geodata import codes
from geodata.codes import Level

YEAR = timedelta(days=365)
WARM_UP = 3
RUNS = "started_at IS NOT NULL AND ended_at IS NULL"


@dataclass(frozen=True)
class Task:
    """Something that a page asks for.

    Attributes:
        name: what, and in which scope.
        path: with its query, for the nth time.
        floor: the SQL that cannot be had cheaper.
        must_ms: what issue and design ask for; None for nothing.
    """

    name: str
    path: Callable[[int], str]
    floor: str
    must_ms: float | None = None


def run(context: Context, *, count: int) -> Table:
    """The measured table.

    Args:
        context: of a database with a city.
        count: how often each is asked for.
    """
    with reading(context.engine) as session:
        city = places.city(session)
        size = session.execute(
            text("SELECT (SELECT count(*) FROM incident) AS cases,"
                 " (SELECT count(*) FROM case_now) AS opened")
        ).one()  # fmt: skip
    if city is None:
        raise give_up("No city is loaded; see `minqing city load`.")
    with reading(context.engine) as session:
        district = next(
            (c for c in identity_queries.demo_chain(session)
             if codes.level_of(c) is Level.DISTRICT), city.code,
        )  # fmt: skip
    title = f"{size.cases:,} cases, {size.opened:,} of them open"
    table = Table("task", "p50 ms", "p95 ms", "must", "bare SQL p50 ms", "ratio", title=title)
    with serving(context) as server, psycopg.connect(context.conninfo, autocommit=True) as bare:
        for role, area in ((Role.DUTY_OFFICER, city.code), (Role.RESPONDER, city.code),
                           (Role.DUTY_OFFICER, district)):  # fmt: skip
            with acting(context.engine, role, area) as token:
                client = Client(server.port, headers_of(token))
                for task in _tasks(role, area, utc_now()):
                    table.add_row(*_measured(client, bare, task, count))
    return table


def _tasks(role: Role, area: int, now: datetime) -> Iterator[Task]:
    lo, hi = codes.code_range(area)
    where = codes.level_of(area).value
    cells = f"cell_code BETWEEN {lo} AND {hi}"
    waits = "waits_responders = 5" if role is Role.RESPONDER else (
        f"waits_leaders = {5 if where == 'city' else 4}"
    )  # fmt: skip
    yield Task(
        f"tasks, {role}, {where}", lambda _: "/api/v1/tasks",
        f"SELECT count(*) OVER (), * FROM case_now WHERE {waits} AND {cells}"
        " ORDER BY coalesce(due_at, reported_at), no LIMIT 50", 80,
    )  # fmt: skip
    if role is Role.RESPONDER:
        return
    overdue = f"SELECT * FROM case_now WHERE {RUNS} AND {cells} AND due_at < now()"
    yield Task(
        f"clocks summary, {where}", lambda _: "/api/v1/clocks/summary",
        f"SELECT count(*), count(*) FILTER (WHERE due_at < now()),"
        f" count(*) FILTER (WHERE due_at >= now() AND soon_at <= now())"
        f" FROM case_now WHERE {RUNS} AND {cells}", 20,
    )  # fmt: skip
    yield Task(
        f"due, {where}", lambda _: "/api/v1/incidents/due",
        f"{overdue} ORDER BY due_at, no LIMIT 50", 60,
    )  # fmt: skip
    since = (now - YEAR).isoformat()
    words = urlencode({"category": "01", "since": since})
    newest = "category >= '01' AND category < '02' AND reported_at >= now() - interval '365 days'"
    yield Task(
        f"cases of category 01 of a year, {where}", lambda _: f"/api/v1/incidents?{words}",
        f"SELECT * FROM incident WHERE {newest} AND {cells} ORDER BY reported_at DESC LIMIT 50", 80,
    )  # fmt: skip
    by_cell = (
        f"SELECT cell_code, count(*) FROM incident WHERE {cells}"
        " AND reported_at >= now() - interval '365 days' GROUP BY cell_code"
    )

    def other_window(nth: int) -> str:
        query = {"level": "cell", "since": (now - YEAR + timedelta(minutes=nth)).isoformat()}
        return f"/api/v1/counts?{urlencode(query)}"

    yield Task(f"counts of a year by cell, first, {where}", other_window, by_cell, 30)
    yield Task(f"counts of a year by cell, again, {where}", lambda _: other_window(0), by_cell, 3)
    yield Task(f"figures, again, {where}", lambda _: "/api/v1/figures?level=cell", by_cell, 3)


def _measured(
    client: Client, bare: psycopg.Connection[Any], task: Task, count: int
) -> tuple[str, ...]:
    for nth in range(WARM_UP):
        client.get(task.path(10_000 + nth))
        bare.execute(task.floor.encode()).fetchall()
    ours, floor = [], []
    for nth in range(count):
        ours.append(_ms(lambda nth=nth: client.get(task.path(nth))))  # type: ignore[misc]
        if nth % 4 == 0:
            floor.append(_ms(lambda: bare.execute(task.floor.encode()).fetchall()))
    p50, bottom = statistics.median(ours), statistics.median(floor)
    p95 = statistics.quantiles(ours, n=20)[-1]
    must = f"{task.must_ms:g}" if task.must_ms is not None else ""
    return (task.name, f"{p50:.1f}", f"{p95:.1f}", must, f"{bottom:.1f}", f"{p50 / bottom:.2f}")


def _ms(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1_000
