"""Keeps this process's picture of the city fresh: cases from the stream, boundaries by looking."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import structlog

from app.core import memory
from app.core.context import Context
from app.core.db import NEVER_IDLE
from app.incidents.rezoning.service import LEFT_TOPIC
from app.incidents.rules import Step
from app.live import queries as stream
from app.live.connection import ANSWER_WITHIN_S, Connected
from app.live.rules import Cursor
from app.maps import queries
from app.maps.boundaries import Boundaries
from app.maps.metrics import STORE_CASES, STORE_LOADS
from app.maps.running import Clocks, RunningClocks, read_clocks
from tiles.counts import CountedStore
from tiles.displaced import Moves, read_moves
from tiles.points import Columns, read_columns

log = structlog.get_logger()

# A wake-up can be lost, and boundaries change without one.
LOOK_ANYWAY_S = 1.0
# Cases that change together are read together, after a moment: numbers are given before the commit,
# so a lower one may come behind a higher one, and to put that between others copies the whole city.
GATHER_S = 0.1
SETTLE_S = 0.3
# Read in a second or so; whoever starts a server need not be shown a map without them.
FEW_CASES = 300_000
# A publication tells of thousands of cases, and each part of them copies what changes.
GIVE_BACK_EVERY = 2_000
# Clocks are read anew so often: limits and calendar change them without an event of each case.
CLOCKS_ANEW_S = 10.0
# Two million cases are read in some seconds; beyond this the server is frozen.
READ_WITHIN_MS = 180_000
OPTIONS = f"-c timezone=UTC -c jit=off -c statement_timeout={READ_WITHIN_MS} {NEVER_IDLE}"
# Behind the last number there can be.
NO_EVENT = 2**63 - 1
READER = "minqing-maps-reader"


class Follower(Connected):
    """Reads all cases once, then follows the stream; another epoch or a gap: all of them again."""

    name = "maps"

    def __init__(
        self,
        context: Context,
        store: CountedStore,
        clocks: RunningClocks,
        boundaries: Boundaries,
        on_reload: Callable[[], None],
    ) -> None:
        super().__init__(context.conninfo)
        # Cases and boundaries are known.
        self.ready = asyncio.Event()
        # So they are, or the boundaries are and the cases will take a while.
        self.presentable = asyncio.Event()
        self._store = store
        self._clocks = clocks
        self._clocks_read_at = -math.inf
        self._boundaries = boundaries
        self._on_reload = on_reload
        self._at: Cursor | None = None
        self._since_given_back = 0
        # Numbers of cases that have changed, with the moment at which that was heard; the step of
        # moving was among the changes.
        self._unread: dict[int, float] = {}
        self._has_moves = False
        # COPY is read by a thread: sixty thousand rows must not hold up the event loop.
        self._reader: psycopg.Connection[Any] | None = None

    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Follow until the connection breaks. LISTEN comes first, so nothing falls between."""
        await stream.listen(connection)
        # Before the cases, which may take seconds: areas can be drawn without them.
        self._boundaries.set(*await queries.boundary_versions(connection))
        if await queries.cases_about(connection) > FEW_CASES:
            self.presentable.set()
        while True:
            await self._catch_up(connection)
            await self._read_changed()
            if time.monotonic() - self._clocks_read_at >= CLOCKS_ANEW_S:
                await self._read_clocks_anew()
            async with asyncio.timeout(ANSWER_WITHIN_S):
                self._boundaries.set(*await queries.boundary_versions(connection))
            self.ready.set()
            self.presentable.set()
            self.working()
            await asyncio.sleep(GATHER_S)
            patience_s = GATHER_S if self._unread else LOOK_ANYWAY_S
            async for _ in connection.notifies(timeout=patience_s, stop_after=1):
                pass

    def lost(self) -> None:
        """Keep what is known: a map of a minute ago is better than none."""
        self.close()

    def close(self) -> None:
        """Let go of the reader's connection."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    async def _catch_up(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                found = await stream.read_on(connection, self._at.seq if self._at else NO_EVENT)
            if found is None:  # no stream was started yet
                if not self.ready.is_set():
                    await self._reload(None)
                return
            now, events = found
            if self._must_reload(now, events):
                await self._reload(now)
            else:
                self._note(events)
            if len(events) < stream.BATCH_EVENTS:
                return

    def _must_reload(self, now: Cursor, events: list[stream.Published]) -> bool:
        if self._at is None or self._at.epoch != now.epoch:
            return True
        # A number that is gone: we were away for longer than events are kept.
        return events[0].seq != self._at.seq + 1 if events else now.seq > self._at.seq

    async def _reload(self, now: Cursor | None) -> None:
        # The place in the stream was read before the cases are: what comes between is read twice.
        columns = await asyncio.to_thread(self._read, None)
        self._store.moves = await asyncio.to_thread(self._read_moves)
        await self._read_clocks_anew()
        self._store.replace(columns)
        self._unread.clear()
        await asyncio.to_thread(memory.give_back)
        self._at = now
        self._on_reload()
        STORE_LOADS.inc()
        self._count()

    def _note(self, events: list[stream.Published]) -> None:
        if not events or self._at is None:
            return
        heard_at = time.monotonic()
        for event in events:
            if not event.topic.startswith("incident."):
                continue
            what = orjson.loads(event.payload)
            if isinstance(number := what.get("no"), int):
                self._unread.setdefault(number, heard_at)
            is_move = event.topic == LEFT_TOPIC or what.get("step") == Step.REZONE
            self._has_moves = self._has_moves or is_move
        self._at = Cursor(self._at.epoch, events[-1].seq)
        self._since_given_back += len(events)

    async def _read_changed(self) -> None:
        """Read those cases anew that changed a moment ago, and all below them."""
        settled_at = time.monotonic() - SETTLE_S
        last = max((no for no, at in self._unread.items() if at <= settled_at), default=None)
        if last is None:
            return
        changed = sorted(no for no in self._unread if no <= last)
        columns = await asyncio.to_thread(self._read, changed)
        clocks = await asyncio.to_thread(self._read_clocks, changed)
        if self._has_moves:
            self._store.moves = await asyncio.to_thread(self._read_moves)
        self._clocks.amend(changed, clocks)
        await asyncio.to_thread(self._store.amend, columns)
        for no in changed:
            del self._unread[no]
        self._has_moves = self._has_moves and bool(self._unread)
        self._count()
        if self._since_given_back >= GIVE_BACK_EVERY:
            self._since_given_back = 0
            await asyncio.to_thread(memory.give_back)

    def _read(self, only: list[int] | None) -> Columns:
        return read_columns(self._reading(), self._store.states, only)

    async def _read_clocks_anew(self) -> None:
        self._clocks.replace(await asyncio.to_thread(self._read_clocks, None))
        self._clocks_read_at = time.monotonic()

    def _read_clocks(self, only: list[int] | None) -> Clocks:
        return read_clocks(self._reading(), only)

    def _read_moves(self) -> Moves:
        return read_moves(self._reading())

    def _reading(self) -> psycopg.Connection[Any]:
        if self._reader is None or self._reader.closed:
            self._reader = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=5,
                application_name=READER,
                options=OPTIONS,
                # A cut network is noticed by this side, too.
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return self._reader

    def _count(self) -> None:
        STORE_CASES.set(len(self._store.snapshot.columns))
