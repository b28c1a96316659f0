"""What one process holds for its maps, and how it starts and stops."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import numpy as np

from app.core.context import Context
from app.core.db import reading
from app.core.errors import unavailable
from app.core.scope import WATCHING_ROLE
from app.incidents.rules import Status
from app.maps import queries
from app.maps.boundaries import Boundaries
from app.maps.counting import Cases
from app.maps.figures import FiguresDesk
from app.maps.follow import Follower
from app.maps.geojson import Collections
from app.maps.heating import Heat
from app.maps.running import RunningClocks
from app.maps.tiling import VectorTiles
from geodata.codes import Level
from tiles import counts, points
from tiles.counts import CaseIndex, CountedStore, Stretches, Tally
from tiles.displaced import NOBODY, Displaced, put_right
from tiles.located import LocatedCases
from tiles.points import Columns, Rows, Snapshot
from tiles.pool import make_pool
from tiles.selection import CaseFilter

# The first requests after a start need not be refused only because we are a moment from ready.
READY_WITHIN_S = 10.0
MOST_SURFACES = 12


class Maps:
    """Started and stopped with the app (its lifespan); reached by the routes and the hot paths."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.store = CountedStore([status.value for status in Status])
        self.clocks = RunningClocks()
        self.boundaries = Boundaries()
        # No tile tells of what was written: the lesser role, also for whoever may do more.
        self.pool = make_pool(context.request_conninfo, role=WATCHING_ROLE)
        self.tiles = VectorTiles(self.pool, self.store, self.boundaries)
        self.heat = Heat(self.store, self.select)
        self.figures = FiguresDesk(
            context,
            store=self.store,
            clocks=self.clocks,
            boundaries=self.boundaries,
            heat=self.heat,
            cases=self.cases,
        )
        self._surfaces: dict[tuple[Level, int | None], Mapping[int, float]] = {}
        # Cases by the boundaries in force, for the version of these that was asked for last.
        self._located: tuple[int, LocatedCases] | None = None
        self._locating = threading.Lock()
        self.layers = Collections(self.pool, self.boundaries)
        self._follower = Follower(
            context, self.store, self.clocks, self.boundaries, self._begin_anew
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow the city. Waits a moment for its cases, unless they are many, then goes
        on without."""
        await self.pool.open(wait=False)
        self._task = asyncio.create_task(self._follower.run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._follower.presentable.wait(), READY_WITHIN_S)

    async def stop(self) -> None:
        """Let go of all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)
        self._follower.close()
        await self.pool.close(timeout=1.0)

    def refuse_until_ready(self) -> None:
        """
        Raises:
            Problem: 503 while the cases were not read yet.
        """
        if not self._follower.ready.is_set():
            raise unavailable("The cases are still being read. Try again.")

    def snapshot(self) -> Snapshot:
        """All cases now.

        Raises:
            Problem: 503 while they were not read yet.
        """
        self.refuse_until_ready()
        return self.store.snapshot

    def cases(self) -> Cases:
        """All cases now, as they are counted.

        Raises:
            Problem: 503 while they were not read yet.
        """
        self.refuse_until_ready()
        return Cases(self.store.index(), self.tally, self.boundaries.number_at, self._surfaces_m2)

    def tally(self, index: CaseIndex, wanted: CaseFilter, stretches: Stretches | None) -> Tally:
        """The cases that a filter selects, counted; states in the past from the event log."""
        displaced = self._displaced(index, wanted)
        if not wanted.needs_history:
            return counts.tally(index, wanted, self.store.states, stretches, displaced)
        rows = counts.select(index, wanted, self.store.states, displaced)
        rows = self._in_states(index.columns, rows, wanted)
        return counts.tally_rows(index, rows, stretches, displaced)

    def select(self, snapshot: Snapshot, wanted: CaseFilter) -> Rows:
        """Rows of the cases that a filter selects, states in the past from the event log."""
        index, columns, states = self.store.index(), snapshot.columns, self.store.states
        displaced = self.store.moves.displaced(columns, wanted.as_of)
        if index.columns is columns:
            rows = counts.select(index, wanted, states, displaced)
        else:
            rows = points.select(columns, wanted, states)
            rows = put_right(rows, columns, wanted, states, displaced)
        return self._in_states(columns, rows, wanted)

    def _displaced(self, index: CaseIndex, wanted: CaseFilter) -> Displaced:
        """The cases that are counted in another cell than the one they are filed under now."""
        if wanted.drawn_at is None:
            return self.store.moves.displaced(index.columns, wanted.as_of)
        version, at = self.boundaries.drawn(None, wanted.drawn_at, wanted.drawn_at)
        return NOBODY if version is None else self._cases_in(version, at).displaced(index)

    def _cases_in(self, version: int, at: datetime) -> LocatedCases:
        with self._locating:
            known = self._located
            if known is None or known[0] != version:
                with reading(self._context.engine) as session:
                    known = version, LocatedCases(queries.drawn_cells(session, at))
                self._located = known
            return known[1]

    def _in_states(self, columns: Columns, rows: Rows, wanted: CaseFilter) -> Rows:
        """Those of these rows whose cases stood in one of the filter's states."""
        if not wanted.needs_history:
            return rows
        with reading(self._context.engine) as session:
            numbers = queries.numbers_in_states(session, wanted)
        return np.intersect1d(rows, points.rows_of(columns, numbers))

    def _surfaces_m2(self, level: Level, at: datetime) -> Mapping[int, float]:
        version = self.boundaries.number_at(at)
        key = (level, version)
        known = self._surfaces.get(key)
        if known is None:
            with reading(self._context.engine) as session:
                known = queries.surfaces_m2(session, level, at)
            if version is not None:
                # Few are asked for: those of now, at five levels.
                if len(self._surfaces) >= MOST_SURFACES:
                    self._surfaces.clear()
                self._surfaces[key] = known
        return known

    def _begin_anew(self) -> None:
        self.figures.forget()
        self._surfaces.clear()
        self._located = None
        self.tiles.cache.clear()
        self.heat.forget()
        self.layers.forget()
        # Ready before the first who asks: it takes a few tenths of a second.
        asyncio.get_running_loop().run_in_executor(None, self.store.index)
