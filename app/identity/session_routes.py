"""HTTP of open sessions: listed, labelled and ended one by one, by those whose they are and by
whoever manages accounts."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity import open_sessions
from app.identity.deps import ActorDep, ContextDep, SessionsDep, json_only
from app.identity.session_schemas import NewLabel, OpenSession, SessionPage, SessionsQuery

router = APIRouter(prefix="/api/v1", tags=["identity"])

REFUSALS = documented(
    HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE
)
SessionId = Annotated[
    int, Path(alias="session_id", ge=1, lt=2**63, description="`id` of the session.")
]


@router.get("/sessions", summary="List open sessions")
def list_sessions(
    query: Annotated[SessionsQuery, Query()], context: ContextDep, actor: ActorDep
) -> SessionPage:
    """One's own; an admin's also those of the accounts of their area, and those that act in it:
    since when, last seen, where."""
    return open_sessions.list_sessions(context.engine, query, actor)


@router.patch(
    "/sessions/{session_id}",
    summary="Label a session",
    responses={**REFUSALS, **documented(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)},
    dependencies=[Depends(json_only)],
)
def label_session(
    session_id: SessionId,
    given: Annotated[NewLabel, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    actor: ActorDep,
) -> OpenSession:
    """Such as where the screen hangs; never the name of a person."""
    return open_sessions.label_session(context.engine, session_id, given.label, actor)


@router.delete(
    "/sessions/{session_id}",
    summary="End a session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=REFUSALS,
)
def end_session(
    *,
    session_id: SessionId,
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> None:
    """This one alone; its streams end within two seconds. It is written to the audit."""
    open_sessions.end_session(context.engine, session_id, actor)
    sessions.forget()
