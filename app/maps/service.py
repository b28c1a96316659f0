"""What one process holds for its maps, and how it starts and stops."""

import asyncio
from contextlib import suppress

import numpy as np

from app.core.context import Context
from app.core.db import reading
from app.core.errors import unavailable
from app.core.scope import DATABASE_ROLE
from app.incidents.rules import Status
from app.maps import queries
from app.maps.boundaries import Boundaries
from app.maps.follow import Follower
from app.maps.geojson import Collections
from app.maps.heating import Heat
from app.maps.tiling import VectorTiles
from tiles import points
from tiles.points import PointStore, Rows, Snapshot
from tiles.pool import make_pool
from tiles.selection import CaseFilter

# The first requests after a start need not be refused only because we are a moment from ready.
READY_WITHIN_S = 10.0


class Maps:
    """Started and stopped with the app (its lifespan); reached by the routes and the hot paths."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.store = PointStore([status.value for status in Status])
        self.boundaries = Boundaries()
        self.pool = make_pool(context.conninfo, role=DATABASE_ROLE)
        self.tiles = VectorTiles(self.pool, self.store, self.boundaries)
        self.heat = Heat(self.store, self.select)
        self.layers = Collections(self.pool, self.boundaries)
        self._follower = Follower(context, self.store, self.boundaries, self._forget)
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

    def select(self, snapshot: Snapshot, wanted: CaseFilter) -> Rows:
        """Rows of the cases that a filter selects, states in the past from the event log."""
        rows = points.select(snapshot.columns, wanted, self.store.states)
        if wanted.needs_history:
            with reading(self._context.engine) as session:
                numbers = queries.numbers_in_states(session, wanted)
            rows = np.intersect1d(rows, points.rows_of(snapshot.columns, numbers))
        return rows

    def _forget(self) -> None:
        self.tiles.cache.clear()
        self.heat.forget()
        self.layers.forget()
