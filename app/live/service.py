"""The live path of one process: its relay, its hub, and the streams it serves."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial
from http import HTTPStatus

import structlog
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading
from app.core.errors import Problem, unavailable
from app.core.scope import narrowed
from app.identity.audiences import audiences_of
from app.identity.rules import Actor
from app.identity.service import held_grants, scope_of
from app.live import frames, queries
from app.live.hub import Hub, OpenPage, Viewer
from app.live.ids import Ids
from app.live.metrics import STREAM_RESETS
from app.live.relay import Relay
from app.live.rules import Cursor, ResetReason, refusal_to_resume
from geodata import codes

log = structlog.get_logger()

# A revoked session is shown nothing more after two of these at most.
CHECK_SESSIONS_EVERY_S = 0.8
REPLAY_PAGE = 500
# The first requests after a start need not be refused only because we are 50 ms from ready.
READY_WITHIN_S = 3.0
STOP_WITHIN_S = 1.0


class Live:
    """Started and stopped with the app (its lifespan); reached by the stream's route."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._relay = Relay(context.conninfo)
        self._hub = Hub(context.conninfo)
        self._tasks: list[asyncio.Task[None]] = []
        self._open: Counter[str] = Counter()
        self._open_of: Counter[int] = Counter()

    async def start(self) -> None:
        """Begin to publish and to hear. Waits a moment for the database, then goes on without."""
        wake = partial(self._wake, asyncio.get_running_loop())
        for engine in (self._context.engine, self._context.request_engine):
            outbox.when_emitted(engine, wake)
        work = (self._relay.run(), self._hub.run(), self._hub.beat(), self._check_sessions())
        self._tasks = [asyncio.create_task(part) for part in work]
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hub.connected.wait(), READY_WITHIN_S)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop has ended: whoever leads next will look
            loop.call_soon_threadsafe(self._relay.nudge)

    def close_streams(self) -> None:
        """End every stream, so that the server can stop at once."""
        self._hub.close()

    async def stop(self) -> None:
        """Stop publishing and hearing."""
        self.close_streams()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)

    def take_place(self, actor: Actor) -> None:
        """Take a place among the streams of a session, and of its account, to be left again.

        An account may have any number of sessions: all of them together hold half of the process's
        connections at most, so that there are some left for the others.

        Raises:
            Problem: 429 `too-many-streams` where it has as many as it may.
        """
        settings = self._context.settings
        most, most_of_account = settings.streams_per_session, settings.max_connections // 2
        if self._open[actor.token] >= most:
            raise _too_many("session", most)
        if self._open_of[actor.account_id] >= most_of_account:
            raise _too_many("account", most_of_account)
        self._open[actor.token] += 1
        self._open_of[actor.account_id] += 1

    def leave_place(self, actor: Actor) -> None:
        """Leave such a place."""
        self._open[actor.token] -= 1
        self._open_of[actor.account_id] -= 1
        if not self._open[actor.token]:
            del self._open[actor.token]
        if not self._open_of[actor.account_id]:
            del self._open_of[actor.account_id]

    def pages(self) -> frozenset[OpenPage]:
        """The pages that are open at this process just now. On the event loop only."""
        return self._hub.pages()

    def open_stream(
        self, area: int | None, last_event_id: str | None, actor: Actor
    ) -> AsyncGenerator[bytes]:
        """The frames of one viewer's stream, from after `last_event_id` or from now on.

        Args:
            area: only events inside this area; None: everywhere in the scope.
            last_event_id: what the viewer saw last, as it was sent to it.
            actor: who looks: told of what their role may list, inside their scope. The stream ends
                as soon as their session acts under another grant, or has ended.

        Raises:
            Problem: 503 while this process hears nothing from the database.
        """
        if not self._hub.hears():
            raise unavailable("The live stream is not connected to the database. Try again.")
        area_codes = narrowed(codes.code_range(area) if area else None, scope_of(actor))
        return self._stream(area_codes, last_event_id, actor)

    async def _stream(
        self, area: tuple[int, int], last_event_id: str | None, actor: Actor
    ) -> AsyncGenerator[bytes]:
        # Joined before anything is replayed: what happens meanwhile waits in the viewer's queue.
        heard = audiences_of(actor.role, watching=actor.watching)
        viewer = self._hub.join(area, heard, actor)
        try:
            async with aclosing(self._opening(viewer, last_event_id)) as opening:
                async for chunk in opening:
                    yield chunk
            while chunk := await viewer.take():
                yield chunk
        except SQLAlchemyError as error:
            # The viewer comes back with what it saw last, and finds us recovered or refused.
            log.warning("replay broken off", error=type(error).__name__)
        finally:
            self._hub.leave(viewer)

    async def _opening(self, viewer: Viewer, last_event_id: str | None) -> AsyncGenerator[bytes]:
        now, ids = viewer.start, viewer.ids
        if ids is None:
            return
        if last_event_id is None:
            yield _hello(now, ids, viewer)
            return
        seen = ids.cursor(last_event_id)
        refusal = refusal_to_resume(seen, now)
        if seen is None or refusal is not None:
            yield _hello(now, ids, viewer) + _reset(now, ids, refusal or ResetReason.UNKNOWN_ID)
            return
        yield _hello(seen, ids, viewer)
        for after in range(seen.seq, now.seq, REPLAY_PAGE):
            until = min(after + REPLAY_PAGE, now.seq)
            page = await to_thread.run_sync(self._replay, after, until, viewer)
            if page is None:
                yield _reset(now, ids, ResetReason.TOO_OLD)
                return
            yield b"".join(
                frames.event(ids.text(event.seq), event.topic, event.payload) for event in page
            )

    def _replay(self, after: int, until: int, viewer: Viewer) -> list[queries.Published] | None:
        scope = scope_of(viewer.actor) if viewer.actor else None
        # Without a session (a test of the hub alone) everything is told.
        engine = self._context.request_engine if scope else self._context.engine
        with reading(engine, scope) as session:
            found = queries.replay(session, after, until, viewer.area, viewer.audiences)
        # Whether a number is still kept, row security does not tell of other people's events.
        with reading(self._context.engine) as session:
            return found if queries.is_kept(session, after, until) else None

    async def _check_sessions(self) -> None:
        """End the streams of sessions that have ended, or act under another grant, for ever; those
        that only watch by now go on with less."""
        while True:
            await asyncio.sleep(CHECK_SESSIONS_EVERY_S)
            tokens = self._hub.tokens()
            if not tokens:
                continue
            try:
                grants = await to_thread.run_sync(held_grants, self._context.engine, tokens)
            except (SQLAlchemyError, OSError) as error:
                # Without the database no event arrives either; what holds is asked again.
                log.warning("sessions not checked", error=type(error).__name__)
            else:
                self._hub.keep_only(set(tokens), grants)


def _too_many(whose: str, most: int) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-streams",
        "Too many streams",
        f"This {whose} has {most} streams open already; close one.",
        headers={"Retry-After": "15"},
    )


def _hello(at: Cursor, ids: Ids, viewer: Viewer) -> bytes:
    watching = viewer.actor is not None and viewer.actor.watching
    return frames.hello(ids.text(at.seq), at.epoch, utc_now(), watching=watching)


def _reset(at: Cursor, ids: Ids, reason: ResetReason) -> bytes:
    STREAM_RESETS.labels(reason.value).inc()
    return frames.reset(ids.text(at.seq), reason)


def restart_stream(session: Session) -> None:
    """Void what was told so far and have every viewer start anew.

    For whoever replaces the city's contents, in the same transaction.
    """
    queries.start_epoch(session)
