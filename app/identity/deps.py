"""What a route may ask for: who acts, the context, a session to read or write in, the time.

Sessions run as the database's own role for requests and under the scope of whoever asks, so a
query that forgets its filter still sees nothing of others.

What only hands something over is a coroutine: FastAPI gives all else to a thread, and that takes
longer than the rest of a short request.
"""

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem
from app.core.waiting_room import WaitingRoom, named_room
from app.identity import keys, rules
from app.identity.rules import Actor, Asker, Key
from app.identity.service import Sessions, not_signed_in, refuse_unless_open, scope_of

ACTOR = "minqing.actor"
"""Where the guard in front of all paths leaves who acts (in the ASGI scope)."""
PROGRAM = "minqing.program"
"""Where it leaves the key of a program that asks instead."""


async def get_context(request: Request) -> Context:
    """The context of the app that serves this request."""
    context: Context = request.app.state.context
    return context


async def get_sessions(request: Request) -> Sessions:
    """What this process knows of sessions."""
    sessions: Sessions = request.app.state.sessions
    return sessions


async def get_actor(request: Request) -> Actor:
    """Who acts.

    Raises:
        Problem: 401.
    """
    return _actor_of(request)


def _actor_of(request: Request) -> Actor:
    actor: Actor | None = request.scope.get(ACTOR)
    if actor is None:
        raise not_signed_in()
    return actor


async def get_asker(request: Request) -> Asker:
    """Who asks: a post under one of its grants, or a program by its key.

    Raises:
        Problem: 401.
    """
    key: Key | None = request.scope.get(PROGRAM)
    return _actor_of(request) if key is None else key


async def authorise(request: Request) -> None:
    """Stands in front of every route: its operation must be one that the actor's role may do, and
    that is open while their session only watches, or one that the program's key opens as often as
    this.

    Raises:
        Problem: 401, 403; 429 of a key.
    """
    route = request.scope.get("route")
    operation: str = getattr(route, "operation_id", None) or getattr(route, "name", "") or ""
    if operation in rules.OPEN_OPERATIONS:
        return
    key: Key | None = request.scope.get(PROGRAM)
    if key is not None:
        keys.refuse_unless_may(key, operation)
        engine = request.app.state.context.engine
        await run_in_threadpool(keys.count_use, engine, key, operation)
        return
    refuse_unless_open(_actor_of(request), operation)


ActorDep = Annotated[Actor, Depends(get_actor)]
AskerDep = Annotated[Asker, Depends(get_asker)]


def get_read_session(
    context: Annotated[Context, Depends(get_context)], asker: AskerDep
) -> Iterator[Session]:
    """A session that keeps nothing."""
    with reading(context.request_engine, scope_of(asker)) as session:
        yield session


def get_write_session(
    context: Annotated[Context, Depends(get_context)], actor: ActorDep
) -> Iterator[Session]:
    """A session that commits before the answer is sent, so an acknowledgement is never a hope."""
    with writing(context.request_engine, scope_of(actor)) as session:
        yield session


async def json_only(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared as JSON: a form of another site can send such a one."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise _unsupported("must be application/json")


async def form_only(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared as a form with files. Another site could send such a one;
    without the session's header token it gets nowhere."""
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise _unsupported("must be multipart/form-data")


def _unsupported(message: str) -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
        f"Content-Type: {message}",
        (FieldError("Content-Type", message),),
    )


async def get_now() -> datetime:
    """The instant (UTC) at which this request is answered."""
    return utc_now()


ContextDep = Annotated[Context, Depends(get_context)]
SessionsDep = Annotated[Sessions, Depends(get_sessions)]
PasswordRoom = Annotated[WaitingRoom, Depends(named_room("password_room"))]
# scope="function": FastAPI then ends the session (and commits) before it sends the answer, so that
# whoever reads slowly holds no connection.
ReadSession = Annotated[Session, Depends(get_read_session, scope="function")]
WriteSession = Annotated[Session, Depends(get_write_session, scope="function")]
Now = Annotated[datetime, Depends(get_now)]
