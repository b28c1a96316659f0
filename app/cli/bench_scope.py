"""`minqing bench scope`: what row security costs, beside the same statements without it.

Both sides ask for the same cases, the app's own filter in place: with row security as the
database's role for requests, and without it as the house.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
from rich.table import Table
from sqlalchemy import Engine

from app.cli.service_session import acting
from app.cli.terminal import give_up
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading
from app.core.scope import DATABASE_ROLE, Scope
from app.identity import queries as accounts
from app.identity.rules import Role
from app.incidents import queries as incidents
from app.incidents.schemas import IncidentQuery
from app.places import queries as places
from geodata import codes
from geodata.mercator import tile_at
from tiles.pool import ENTER, OPTIONS
from tiles.selection import CaseFilter
from tiles.vector import TileAddress, TileQuery, incidents_query

Place = tuple[float, float]

HALF_WIDTH_DEG = 0.01
YEAR = timedelta(days=366)
ROUNDS = 2


def run(context: Context, *, count: int) -> Table:
    """The measured table.

    Args:
        context: of a database with a city.
        count: different places for each line.
    """
    engine = context.engine
    with reading(engine) as session:
        city = places.city(session)
        total = incidents.total(session, utc_now())
        spots = [(row.lon, row.lat) for row in incidents.latest_places(session, count)]
    if city is None or not spots:
        raise give_up("No city with cases is loaded; see `minqing city load`.")
    title = f"row security over {total:,} cases"
    table = Table("task", "scope", "with p50 ms", "without p50 ms", "ratio p50", "ratio p95",
                  title=title)  # fmt: skip
    for area in _areas(engine, city.code):
        with acting(engine, Role.DUTY_OFFICER, area) as token:
            scope = Scope(*codes.code_range(area), token)
            with _connections(context, scope) as (ours, bare):
                for task, sides in _tasks(context, scope, area, ours, bare).items():
                    table.add_row(task, codes.level_of(area).value, *_compare(*sides, spots))
    return table


def _areas(engine: Engine, city_code: int) -> Sequence[int]:
    """The city, and one district, subdistrict and community of it: the busiest cell's."""
    with reading(engine) as session:
        return [code for code in accounts.demo_chain(session) if code % 1000 == 0] or [city_code]


@contextmanager
def _connections(
    context: Context, scope: Scope
) -> Iterator[tuple[Callable[[TileQuery], object], Callable[[TileQuery], object]]]:
    """What runs a tile's statement under row security, and what runs it without."""
    role = f"{OPTIONS} -c role={DATABASE_ROLE}"
    with (
        psycopg.connect(context.request_conninfo, autocommit=True, options=role) as ours,
        psycopg.connect(context.conninfo, autocommit=True, options=OPTIONS) as bare,
    ):

        def confined(query: TileQuery) -> object:
            with ours.transaction():
                ours.execute(ENTER, (scope.token,))
                return ours.execute(query.statement, query.values, binary=True).fetchone()

        def open_to_all(query: TileQuery) -> object:
            with bare.transaction():
                bare.execute(ENTER, ("",))
                return bare.execute(query.statement, query.values, binary=True).fetchone()

        yield confined, open_to_all


def _tasks(
    context: Context,
    scope: Scope,
    area: int,
    ours: Callable[[TileQuery], object],
    bare: Callable[[TileQuery], object],
) -> dict[str, tuple[Callable[[Place], object], Callable[[Place], object]]]:
    now = utc_now()
    tasks: dict[str, tuple[Callable[[Place], object], Callable[[Place], object]]] = {
        "list of a window, a year": (
            lambda spot: _listed(context.request_engine, scope, _window(spot, now), now),
            lambda spot: _listed(context.engine, None, _window(spot, now, area), now),
        )
    }
    for zoom in (11, 14):
        tasks[f"tile z{zoom}, 30 days"] = (
            lambda spot, zoom=zoom: ours(_tile(spot, zoom, now, area)),  # type: ignore[misc]
            lambda spot, zoom=zoom: bare(_tile(spot, zoom, now, area)),  # type: ignore[misc]
        )
    return tasks


def _window(spot: Place, now: datetime, area: int | None = None) -> IncidentQuery:
    lon, lat = spot
    edges = (lon - HALF_WIDTH_DEG, lat - HALF_WIDTH_DEG, lon + HALF_WIDTH_DEG, lat + HALF_WIDTH_DEG)
    return IncidentQuery.model_validate(
        {"bbox": ",".join(map(str, edges)), "since": now - YEAR, "until": now, "area": area}
    )


def _listed(engine: Engine, scope: Scope | None, query: IncidentQuery, now: datetime) -> object:
    with reading(engine, scope) as session:
        return incidents.page(session, query, now, None)


def _tile(spot: Place, zoom: int, now: datetime, area: int) -> TileQuery:
    x, y = (int(axis) for axis in tile_at(*spot, zoom))
    wanted = CaseFilter(
        as_of=now, since=now - timedelta(days=30), until=now, codes=codes.code_range(area)
    )
    return incidents_query(TileAddress(zoom, x, y), wanted)


def _compare(
    ours: Callable[[Place], object], bare: Callable[[Place], object], spots: Sequence[Place]
) -> tuple[str, str, str, str]:
    """Both sides in turn at every place, so that a busy moment meets both; the better round."""
    taken: list[tuple[float, float]] = []
    for spot in spots:
        rounds = [(_ms(ours, spot), _ms(bare, spot)) for _ in range(ROUNDS)]
        taken.append((min(a for a, _ in rounds), min(b for _, b in rounds)))
    with_p50, with_p95 = _quantiles([a for a, _ in taken])
    bare_p50, bare_p95 = _quantiles([b for _, b in taken])
    return (
        f"{with_p50:.2f}", f"{bare_p50:.2f}",
        f"{with_p50 / bare_p50:.2f}", f"{with_p95 / bare_p95:.2f}",
    )  # fmt: skip


def _ms(do: Callable[[Place], object], spot: Place) -> float:
    began = time.perf_counter()
    do(spot)
    return (time.perf_counter() - began) * 1_000


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[94]
