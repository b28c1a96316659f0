"""HTTP of the contact of a case."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now, WriteSession, json_only
from app.incidents.contacts import service
from app.incidents.contacts.schemas import Contact, RevealedContact, RevealRequest
from app.incidents.schemas import EXAMPLE_ID

router = APIRouter(prefix="/api/v1", tags=["incidents"])

REFUSALS = documented(
    HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE
)
CaseId = Annotated[
    UUID, Path(alias="id", description="UUID of the report.", examples=[EXAMPLE_ID])
]  # fmt: skip


@router.put(
    "/incidents/{id}/contact",
    summary="Give a case its contact",
    status_code=HTTPStatus.NO_CONTENT,
    responses=REFUSALS,
    dependencies=[Depends(json_only)],
)
def put_contact(
    *,
    report_id: CaseId,
    given: Annotated[Contact, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> None:
    """Seal how to reach whoever reported it, in the place of what was there. One audit row."""
    keys = service.key_file(context.settings)
    service.put(session, actor, report_id, given, keys=keys, now=now)


@router.delete(
    "/incidents/{id}/contact",
    summary="Erase the contact of a case",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.NOT_FOUND),
)
def delete_contact(
    *,
    report_id: CaseId,
    query: Annotated[StrictQuery, Query()],
    session: WriteSession,
    actor: ActorDep,
) -> None:
    """Erase it at once; where there is none, nothing happens. One audit row."""
    service.erase(session, actor, report_id)


@router.post(
    "/incidents/{id}/contact/reveal",
    summary="Show the contact of a case",
    responses={**REFUSALS, **documented(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)},
    dependencies=[Depends(json_only)],
)
def reveal_contact(
    *,
    report_id: CaseId,
    asked: Annotated[RevealRequest, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    session: WriteSession,
    actor: ActorDep,
    response: Response,
) -> RevealedContact:
    """For whoever handles the case, after the password was given again (403 `step-up`).

    Each call writes one audit row with the reason. The answer is not to be stored anywhere.
    """
    response.headers["Cache-Control"] = "no-store"
    keys = service.key_file(context.settings)
    return service.reveal(session, actor, report_id, asked.reason, keys=keys)
