"""Figures as they are answered: made once for all who ask the same in the same minute.

An answer is kept under the words of the question, the minute, the scope, and the last change of a
case inside that scope. Its ETag is made from the same, so that whoever holds the newest answer is
told so without any counting.
"""

import asyncio
import secrets
from collections.abc import Callable, Hashable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.answers import JSON, Ready, in_thread, is_known
from app.core.context import Context
from app.core.db import of_one_moment, reading
from app.core.scope import Scope
from app.dispatch.schemas import StaffingQuery
from app.dispatch.service import list_staffing
from app.identity.rules import Actor, may
from app.identity.service import refuse_unless_open, scope_of
from app.incidents.cases import due
from app.incidents.clocks.schemas import ClockSummary, SummaryQuery
from app.maps import counting, queries
from app.maps.boundaries import Boundaries
from app.maps.counting import Cases
from app.maps.heating import Heat
from app.maps.living import kept
from app.maps.metrics import watch
from app.maps.running import RunningClocks
from app.maps.schemas import (
    CountsQuery,
    DrawnWhen,
    Figures,
    FiguresQuery,
    HeatLegend,
    HistogramQuery,
    Part,
)
from tiles.cache import ByteCache
from tiles.counts import CountedStore
from tiles.pool import SessionIsOver

CACHE_BYTES = 24_000_000
# Most of the time of one is spent waiting for the database; the counting itself is short.
AT_ONCE = 8
GZIP_LEVEL = 1
KEPT_S = 60
OPERATION_OF = {
    Part.HEAD: "count_incidents",
    Part.CLOCKS: "summarise_clocks",
    Part.HISTOGRAM: "count_incidents_over_time",
    Part.COUNTS: "count_incidents",
    Part.HEAT: "get_heat_legend",
    Part.STAFFING: "list_staffing",
}
"""Who may ask for a part: whoever may ask for it alone."""

# Whether the role is shown cases at all is a part of what an answer is kept under.
SEES_CASES = "list_incidents"
Words = CountsQuery | HistogramQuery | FiguresQuery


class Asked(NamedTuple):
    """One question for figures.

    Attributes:
        words: the question.
        actor: who asks.
        now: when (UTC).
        known: the request's If-None-Match.
    """

    words: Words
    actor: Actor
    now: datetime
    known: bytes | None = None

    @property
    def scope(self) -> Scope:
        """How far whoever asks may look."""
        return scope_of(self.actor)


class FiguresDesk:
    """The figures of one process."""

    def __init__(
        self,
        context: Context,
        *,
        store: CountedStore,
        clocks: RunningClocks,
        boundaries: Boundaries,
        heat: Heat,
        cases: Callable[[], Cases],
    ) -> None:
        """
        Args:
            store: of all cases; tells what changed.
            clocks: those that run now.
            boundaries: those in force.
            heat: tells its legend.
            cases: those of now, as they are counted; 503 while they are not read yet.
        """
        self._engine = of_one_moment(context.request_engine)
        self._store = store
        self._clocks = clocks
        self._boundaries = boundaries
        self._heat = heat
        self._cases = cases
        self.cache = watch("figures", ByteCache[Ready](CACHE_BYTES))
        self._turns = asyncio.Semaphore(AT_ONCE)
        # Each process counts revisions for itself; the ETag of another one must not fit ours.
        self._seed = secrets.token_bytes(12)

    async def answer(self, asked: Asked) -> Ready:
        """The answer to a question; one without a body where whoever asks holds it already.

        Raises:
            Problem: 401 where the session has just ended; 403 for a part that the role may not ask
                for; 422 on `since`; 503 while the cases are not read yet.
        """
        _authorise(asked)
        key = self._key(asked)
        etag = self._etag(key)
        if is_known(asked.known, etag):
            return Ready.unchanged(JSON, etag)

        async def make() -> Ready:
            return (await self._made(asked)).under(etag)

        return await kept(self.cache, key, make, asked.actor.token)

    async def clocks(self, words: SummaryQuery, now: datetime, scope: Scope) -> ClockSummary:
        """How the clocks of an area stand, now or at a minute before."""
        at = minute_of_past(words.at, now)
        if at is None:
            return self._clocks.summary(words.area, scope, now)
        async with self._turns:
            return await in_thread(self._clocks_then, words.area, at, scope)

    def _clocks_then(self, area: int | None, at: datetime, scope: Scope) -> ClockSummary:
        with reading(self._engine, scope) as session:
            return due.summary_then(session, area, at)

    def forget(self) -> None:
        """Start anew: the cases are other ones."""
        self.cache.clear()

    def _key(self, asked: Asked) -> Hashable:
        """All that the answer depends on, but for the city's file of working days."""
        words, scope = asked.words, asked.scope
        return (
            type(words).__name__,
            words.model_dump_json(warnings=False),
            turn_of(scope, asked.now),
            scope.codes,
            may(asked.actor.role, SEES_CASES),
            self._store.version_within(*scope.codes),
            self._boundaries.number_at(asked.now),
        )

    def _etag(self, key: Hashable) -> bytes:
        digest = blake2b(repr(key).encode(), digest_size=12, key=self._seed)
        return f'W/"{digest.hexdigest()}"'.encode()

    async def _made(self, asked: Asked) -> Ready:
        words = asked.words
        legend = None
        if isinstance(words, FiguresQuery) and Part.HEAT in words.parts:
            legend = await self._heat.legend(words, asked.now, asked.scope)
        async with self._turns:
            return await in_thread(self._counted, asked, legend)

    def _counted(self, asked: Asked, legend: HeatLegend | None) -> Ready:
        words, cases = asked.words, self._cases()
        found: BaseModel
        if isinstance(words, FiguresQuery):
            found = self._figures(cases, words, asked, legend)
        elif isinstance(words, CountsQuery):
            found = counting.count_cases(cases, words, asked.now, asked.scope)
        else:
            found = counting.over_time(cases, words, asked.now, asked.scope)
        return Ready.of(JSON, found.model_dump_json().encode(), level=GZIP_LEVEL)

    def _figures(
        self, cases: Cases, words: FiguresQuery, asked: Asked, legend: HeatLegend | None
    ) -> Figures:
        now, scope, parts = asked.now, asked.scope, words.parts
        at = words.at or now
        drawn_at = now if words.boundaries is DrawnWhen.NOW else min(at, now)
        clocks, gaps = self._of_the_database(words, asked)
        if Part.CLOCKS in parts and clocks is None:
            clocks = self._clocks.summary(words.area, scope, now)
        on_map = counting.of_the_map(words)
        return Figures(
            as_of=min(at, now),
            area=words.area,
            boundary_version=cases.boundary_version(drawn_at),
            head=counting.head(cases, words, now, scope) if Part.HEAD in parts else None,
            clocks=clocks,
            histogram=counting.around_window(cases, words, now, scope)
            if Part.HISTOGRAM in parts
            else None,
            counts=counting.count_cases(cases, on_map, now, scope)
            if Part.COUNTS in parts
            else None,
            heat=legend,
            staffing_gaps=gaps,
        )

    def _of_the_database(
        self, words: FiguresQuery, asked: Asked
    ) -> tuple[ClockSummary | None, int | None]:
        """How the clocks stood at a minute of the past, and how many communities are short of
        staff.

        Raises:
            SessionIsOver: row security saw another scope than the one for which this is kept.
        """
        at = minute_of_past(words.at, asked.now) if Part.CLOCKS in words.parts else None
        wants_gaps = Part.STAFFING in words.parts
        if at is None and not wants_gaps:
            return None, None
        with reading(self._engine, asked.scope) as session:
            clocks = due.summary_then(session, words.area, at) if at is not None else None
            gaps = _gaps(session, words, asked.now) if wants_gaps else None
            if not queries.scope_holds(session, asked.scope):
                raise SessionIsOver(asked.scope.token)
        return clocks, gaps


def minute_of_past(at: datetime | None, now: datetime) -> datetime | None:
    """The minute asked for, where it is not now."""
    return at if at is not None and at < now else None


def turn_of(scope: Scope, now: datetime) -> int:
    """The number of the minute for which answers of a scope are kept. Each scope's minutes turn at
    a second of its own, so that not all of them are counted anew at once."""
    return int((now.timestamp() + crc32(b"%d-%d" % scope.codes) % KEPT_S) // KEPT_S)


def _gaps(session: Session, words: FiguresQuery, now: datetime) -> int:
    return list_staffing(
        session, StaffingQuery(area=words.area, ok=False, limit=1, at=words.at), now
    ).total


def _authorise(asked: Asked) -> None:
    if isinstance(asked.words, FiguresQuery):
        for part in asked.words.parts:
            refuse_unless_open(asked.actor, OPERATION_OF[part])
