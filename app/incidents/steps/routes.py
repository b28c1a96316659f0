"""HTTP of moving cases."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response

from app.core.problem_docs import CHANGED
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, Now, WriteSession, json_only
from app.incidents.cases import service
from app.incidents.cases.schemas import IncidentDetail
from app.incidents.clocks.deps import Days
from app.incidents.schemas import EXAMPLE_ID
from app.incidents.steps import service as steps
from app.incidents.steps.schemas import TakenStep

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.post(
    "/incidents/{id}/steps",
    summary="Take a step of a case",
    responses=CHANGED,
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
