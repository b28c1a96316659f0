"""HTTP of moving cases: steps, my tasks, suggestions of duplicates."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession, json_only
from app.incidents import duplicates, service, steps, tasks
from app.incidents.calendar_dep import Days
from app.incidents.duplicate_schemas import SuggestionPage, TypedReport
from app.incidents.schemas import IncidentDetail
from app.incidents.step_schemas import EXAMPLE_ID, TakenStep
from app.incidents.task_schemas import TaskPage, TaskQuery

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.post(
    "/incidents/{id}/steps",
    summary="Take a step of a case",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(json_only)],
)
def take_step(
    *,
    report_id: Annotated[
        UUID, Path(alias="id", description="UUID of the report.", examples=[EXAMPLE_ID])
    ],
    given: Annotated[TakenStep, Body()],
    query: Annotated[StrictQuery, Query()],
    session: WriteSession,
    now: Now,
    days: Days,
    actor: ActorDep,
    response: Response,
    if_match: Annotated[
        str | None,
        Header(description='The version as it was seen, such as `"3"`; 412 when it moved on.'),
    ] = None,
) -> IncidentDetail:
    """Move a case on, in the role and at the tier of the active grant.

    What may be done now stands in `next_steps` of the incident. A step that may not follow gives
    409 with `allowed`; one that is somebody else's 403; a case that moved on since it was seen 412
    (`If-Match`) or 409 (`version`). Of two at once one wins.
    """
    detail = steps.take_step(
        session, report_id, given, actor, now, if_match=if_match, calendar=days
    )
    response.headers["ETag"] = detail.etag
    return service.shown_to(actor, detail)


@router.get("/tasks", summary="List my tasks")
def list_tasks(
    query: Annotated[TaskQuery, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    actor: ActorDep,
) -> TaskPage:
    """Cases that wait for a step of exactly this role and tier, by what is due first.

    Where no deadline runs yet, the instant of the report counts.
    """
    return tasks.list_tasks(session, query, actor, now, days)


@router.post(
    "/duplicates/suggestions",
    summary="Suggest cases that tell of the same",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(json_only)],
)
def suggest_duplicates(
    *,
    typed: Annotated[TypedReport, Body()],
    query: Annotated[StrictQuery, Query()],
    session: ReadSession,
    now: Now,
) -> SuggestionPage:
    """Open cases near a report that is being typed, five at most, with the reasons.

    Compares distance, time, words and category. Nothing is stored, and nothing is merged by itself.
    """
    return duplicates.suggest(session, typed, now)
