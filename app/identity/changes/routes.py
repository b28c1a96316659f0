"""HTTP of changes of many accounts that are being made."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.changes import service
from app.identity.changes.schemas import ChangeState
from app.identity.deps import ActorDep, ContextDep

router = APIRouter(prefix="/api/v1/account_changes", tags=["identity"])

Id = Annotated[UUID, Path(alias="id", description="As its maker chose it.")]
Words = Annotated[StrictQuery, Query()]


@router.get(
    "/{id}",
    summary="Tell how far a change of many accounts is",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_account_change(
    change_id: Id, query: Words, context: ContextDep, actor: ActorDep
) -> ChangeState:
    """Of one's own: a sheet that is being taken, a proposal of one that is being confirmed. 404
    also while it has not begun yet."""
    return service.get(context.engine, actor, change_id)


@router.delete(
    "/{id}",
    summary="Cancel a change of many accounts",
    responses=documented(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def cancel_account_change(
    change_id: Id, query: Words, context: ContextDep, actor: ActorDep
) -> ChangeState:
    """Nothing comes of it: the request that makes it is answered 409 `change-cancelled`. 409
    `change-ended` where that was too late, and all of it is done."""
    return service.cancel(context.engine, actor, change_id)
