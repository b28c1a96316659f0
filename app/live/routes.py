"""HTTP of the domain `live`: the stream."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.errors import unavailable
from app.core.problem_docs import documented
from app.identity.deps import ActorDep
from app.live.schemas import StreamQuery
from app.live.service import Live

router = APIRouter(prefix="/api/v1", tags=["live"])

DESCRIPTION = """\
Server-sent events, in order, none missed and none twice: those of your area, about what your role
may list. When your session acts under another grant the stream ends; open it again.

- `hello` comes first: `{"epoch", "server_time", "watching"}`; its id is where the stream starts.
- `session` (`{"watching"}`) says that your session only watches from now on, or acts again: nobody
  has used it for a while, or the password was given again. It has no id.
- `incident.reported` carries the incident without its description, plus `at` (UTC).
- `incident.changed` carries the same as it is now, plus the `step` that was taken last, its `at`,
  and in `steps` all that were taken at once.
- `incident.left` carries `id`, `no` and `at` of a case that new boundaries have taken out of a
  cell; in the cell in which it lies now it is `incident.changed` with the step `rezone`.
- `warning.changed`, `warning.climbed` and `mediation.changed` carry `id`, `no`, `version` and state
  of what changed, not where; `boundaries.published` the number of the boundaries now in force.
- `reset` (`{"reason"}`) says that events are missing: fetch the state again and go on.
  Reasons: `unknown_id`, `other_epoch` (another history: the city was loaded anew, or restored),
  `too_old` (no longer kept), `too_slow` (this viewer did not read).

Each event's `id` is opaque, and tells of no number; a reconnect that gives it back
(`Last-Event-ID`) to any server of the city goes on right after it. A comment every 15 s shows that
the line is alive.
"""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.OK): {
        "description": "The stream; it does not end by itself.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **documented(HTTPStatus.TOO_MANY_REQUESTS),
}


class EventStream(StreamingResponse):
    """A streaming answer whose generator is closed the moment that its viewer is gone."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes], ended: Callable[[], None]) -> None:
        """A stream; `ended` is called when it has ended, however that came."""
        super().__init__(frames, headers=HEADERS)
        self._frames = frames
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()

    async def stream_response(self, send: Send) -> None:
        """Send frames until the stream ends or the viewer is gone."""
        async with aclosing(self._frames):
            await super().stream_response(send)


async def get_live(request: Request) -> Live:
    """The live path of the process that serves this request."""
    live: Live | None = getattr(request.app.state, "live", None)
    if live is None:
        raise unavailable("The live stream is not running.")
    return live


@router.get(
    "/stream",
    summary="What happens, as it happens",
    description=DESCRIPTION,
    status_code=HTTPStatus.OK,
    response_class=EventStream,
    responses=RESPONSES,
)
async def stream(
    query: Annotated[StreamQuery, Query()],
    live: Annotated[Live, Depends(get_live)],
    actor: ActorDep,
    last_event_id: Annotated[
        str | None,
        Header(max_length=200, description="Resume after this event id."),
    ] = None,
) -> EventStream:
    """Open a stream. One session has ten at most, one account half of the server's connections
    (429 `too-many-streams`)."""
    frames = live.open_stream(query.area, last_event_id or query.last_event_id, actor)
    live.take_place(actor)
    return EventStream(frames, partial(live.leave_place, actor))
