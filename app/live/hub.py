"""The hub of one process: hears of new events once, and hands them to every viewer here.

Everything here runs on the event loop, so what happens between two awaits happens at once.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import psycopg

from app.core.clock import utc_now
from app.identity.audiences import audiences_of
from app.identity.rules import Actor, HeldGrant, Role
from app.live import frames, queries
from app.live.connection import ANSWER_WITHIN_S, Connected
from app.live.ids import Ids
from app.live.metrics import STREAM_CLIENTS, STREAM_CONNECTED, STREAM_RESETS, STREAM_SEQ
from app.live.rules import HEARTBEAT_S, QUEUE_EVENTS, Cursor, ResetReason

# A wake-up can be lost with its connection, or a relay die before it: then we look by ourselves.
LOOK_ANYWAY_S = 1.0
PIECE_BYTES = 64 * 1024
# Behind the last number there can be.
NO_EVENT = 2**63 - 1


class OpenPage(NamedTuple):
    """A page that is open: in which role, over which area of its grant, and which codes it watches
    (first and last, both inclusive)."""

    role: Role
    area_code: int
    lo: int
    hi: int


class Viewer:
    """One open stream: the frames that wait for it, the codes that it watches, and the audiences
    to which it belongs."""

    def __init__(
        self,
        area: tuple[int, int],
        audiences: frozenset[str],
        start: Cursor,
        *,
        limit: int = QUEUE_EVENTS,
        actor: Actor | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.area = area
        self.audiences = audiences
        self.actor = actor
        self.start = start
        self.ids = ids
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, at: str, area_code: int, audience: str, frame: bytes) -> None:
        """Queue an event, if it concerns this viewer. No room left: it must start anew.

        Args:
            at: the event's id.
        """
        if audience not in self.audiences or not self.area[0] <= area_code <= self.area[1]:
            return
        if len(self._waiting) >= self._limit:
            self.reset(at, ResetReason.TOO_SLOW)
        else:
            self._put(frame)

    def reset(self, at: str, reason: ResetReason) -> None:
        """Drop what waits and say so; `at` is the id from which it goes on."""
        self._waiting.clear()
        self._put(frames.reset(at, reason))
        STREAM_RESETS.labels(reason.value).inc()

    def watch(self, grant: HeldGrant) -> None:
        """Go by whether the viewer's session only watches: from now on it hears of what is open to
        it then, and is told so."""
        if self.actor is None or self.actor.watching == grant.watching:
            return
        self.actor = replace(self.actor, watching=grant.watching)
        self.audiences = audiences_of(self.actor.role, watching=grant.watching)
        self._put(frames.session(watching=grant.watching))

    def beat(self, frame: bytes) -> None:
        """Queue a heartbeat; a viewer for whom events wait needs none."""
        if not self._waiting:
            self._put(frame)

    def close(self) -> None:
        """End the stream after what waits."""
        self._closed = True
        self._wake.set()

    def cut(self) -> None:
        """End the stream at once: nothing of what waits is for this viewer any more."""
        self._waiting.clear()
        self.close()

    async def take(self) -> bytes:
        """What waits, as soon as something does; empty when the stream has ended.

        Not more than a piece at once: what is not taken stays countable, and is dropped as a whole
        when the viewer turns out to be too slow.
        """
        while not self._waiting and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        piece, size = [], 0
        while self._waiting and size < PIECE_BYTES:
            piece.append(self._waiting.popleft())
            size += len(piece[-1])
        return b"".join(piece)

    def _put(self, frame: bytes) -> None:
        self._waiting.append(frame)
        self._wake.set()


class Hub(Connected):
    """One LISTEN connection, one place in the stream, any number of viewers."""

    name = "hub"

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.at: Cursor | None = None
        self.ids: Ids | None = None
        self.connected = asyncio.Event()
        self._viewers: set[Viewer] = set()
        self._closed = False

    def hears(self) -> bool:
        """Whether a viewer who joins now will be told everything from now on."""
        return self.at is not None and self.connected.is_set() and not self._closed

    def join(
        self, area: tuple[int, int], audiences: frozenset[str], actor: Actor | None = None
    ) -> Viewer:
        """A viewer of everything after this moment.

        Args:
            area: the codes that it watches, both ends included.
            audiences: those to which it belongs (`identity.audiences`).
            actor: who looks, and under which session.

        Raises:
            RuntimeError: nothing was ever heard; see `hears`.
        """
        if self.at is None or self.ids is None:
            raise RuntimeError("the hub has no place in the stream yet")
        viewer = Viewer(area, audiences, self.at, actor=actor, ids=self.ids)
        self._viewers.add(viewer)
        STREAM_CLIENTS.set(len(self._viewers))
        if self._closed:
            viewer.close()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)
        STREAM_CLIENTS.set(len(self._viewers))

    def tokens(self) -> list[str]:
        """The sessions under which somebody looks here."""
        return list({v.actor.token for v in self._viewers if v.actor is not None})

    def pages(self) -> frozenset[OpenPage]:
        """The pages that are open here and in use: by role and area, never by whose they are. One
        that only watches is none: perhaps nobody sits there."""
        return frozenset(
            OpenPage(v.actor.role, v.actor.area_code, *v.area)
            for v in self._viewers
            if v.actor is not None and not v.actor.watching
        )

    def keep_only(self, checked: set[str], grants: Mapping[str, HeldGrant]) -> None:
        """Cut off those whose session has ended, or acts under another grant by now; of those that
        only watch, or act again, go by that.

        Args:
            checked: tokens that were asked about.
            grants: under what those act that hold.
        """
        for viewer in self._viewers:
            actor = viewer.actor
            if actor is None or actor.token not in checked:
                continue
            held = grants.get(actor.token)
            if held is None or replace(held, watching=actor.watching) != actor.grant:
                viewer.cut()
            else:
                viewer.watch(held)

    def close(self) -> None:
        """End all streams: the server is about to stop."""
        self._closed = True
        for viewer in self._viewers:
            viewer.close()

    async def serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Hear, read on, hand out. LISTEN comes before the first read, so nothing falls between."""
        await queries.listen(connection)
        while True:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._read_on(connection)
            self.working()
            async for _ in connection.notifies(timeout=LOOK_ANYWAY_S, stop_after=1):
                pass

    def lost(self) -> None:
        """Fall silent: a heartbeat from a process that hears nothing would be a lie."""
        self.connected.clear()
        STREAM_CONNECTED.set(0)

    async def beat(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self.at is not None and self.ids is not None and self.connected.is_set():
                frame = frames.heartbeat(self.ids.text(self.at.seq), utc_now())
                for viewer in self._viewers:
                    viewer.beat(frame)

    async def _read_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            found = await queries.read_on(connection, self.at.seq if self.at else NO_EVENT)
            if found is None:
                return
            now, events = found
            ids = await self._ids_of(now.epoch, connection)
            if ids is None:  # another epoch has begun meanwhile: the next read tells of it
                continue
            if self.at is None or now.epoch != self.at.epoch:
                self.ids = ids
                self._start_at(now, ids, ResetReason.OTHER_EPOCH)
            elif not events and now.seq > self.at.seq:
                self._start_at(now, ids, ResetReason.TOO_OLD)
            else:
                self._hand_out(ids, self.at.seq, events)
            if len(events) < queries.BATCH_EVENTS:
                break
        self.connected.set()
        STREAM_CONNECTED.set(1)

    async def _ids_of(self, epoch: str, connection: psycopg.AsyncConnection[Any]) -> Ids | None:
        if self.ids is not None and self.ids.epoch == epoch:
            return self.ids
        ids = await queries.ids_of_epoch(connection)
        return ids if ids is not None and ids.epoch == epoch else None

    def _start_at(self, now: Cursor, ids: Ids, reason: ResetReason) -> None:
        self.at = now
        STREAM_SEQ.set(now.seq)
        at = ids.text(now.seq)
        for viewer in self._viewers:
            viewer.reset(at, reason)

    def _hand_out(self, ids: Ids, seen: int, events: list[queries.Published]) -> None:
        for event in events:
            if event.seq != seen + 1:  # we were away for longer than events are kept
                self._start_at(Cursor(ids.epoch, event.seq), ids, ResetReason.TOO_OLD)
            else:
                at = ids.text(event.seq)
                frame = frames.event(at, event.topic, event.payload)
                for viewer in self._viewers:
                    viewer.offer(at, event.area_code, event.audience, frame)
            seen = event.seq
        if events:
            self.at = Cursor(ids.epoch, seen)
            STREAM_SEQ.set(seen)
