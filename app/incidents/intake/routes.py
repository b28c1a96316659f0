"""Paths that take in reports."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from app.core.answers import JSON
from app.core.context import Context
from app.core.errors import Problem
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now, json_only
from app.identity.rules import Actor
from app.incidents.cases.schemas import Incident, NewIncident
from app.incidents.intake import batches, service
from app.incidents.intake.quick import QuickIntake
from app.incidents.intake.schemas import BatchAnswer, ReportBatch
from app.incidents.intake.service import Taken

router = APIRouter(prefix="/api/v1", tags=["incidents"])


async def get_quick(request: Request) -> QuickIntake:
    """The quick way of a report, of the app that serves this request."""
    quick: QuickIntake = request.app.state.quick_intake
    return quick


QuickDep = Annotated[QuickIntake, Depends(get_quick)]

# Threads of their own: no photo, no password and no figure holds up a report, and no batch, which
# takes as long as its hundreds of rows. With more of them they would only wait for each other.
_threads = ThreadPoolExecutor(6, "reports")
_batch_threads = ThreadPoolExecutor(2, "batches")


@router.post(
    "/incidents",
    summary="Report an incident",
    status_code=HTTPStatus.CREATED,
    response_model=Incident,
    response_description="Acknowledged: it is stored, and will not be lost.",
    responses={
        200: {"model": Incident, "description": "Known already: the first answer, word for word."},
        **documented(
            HTTPStatus.FORBIDDEN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ),
    },
    dependencies=[Depends(json_only)],
)
async def report_incident(
    *,
    new: Annotated[NewIncident, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    quick: QuickDep,
    now: Now,
    actor: ActorDep,
) -> Response:
    """Store a report once, and find its grid cell at once.

    The sender names the report with a UUID and may send it again until it is answered: the same
    report gives 200 and the first answer, another report under that id gives 409. A place outside
    the city is refused.
    """
    incident = await quick.take(actor, new, now)
    taken = Taken(incident, is_new=True) if incident else await _looked_at(context, actor, new, now)
    return Response(
        taken.incident.model_dump_json(),
        HTTPStatus.CREATED if taken.is_new else HTTPStatus.OK,
        {"Location": f"/api/v1/incidents/{taken.incident.id}"},
        JSON,
    )


async def _looked_at(context: Context, actor: Actor, new: NewIncident, now: datetime) -> Taken:
    loop = asyncio.get_running_loop()
    taken = (await loop.run_in_executor(_threads, service.take, context, actor, [new], now))[0]
    if isinstance(taken, Problem):
        raise taken
    return taken


@router.post(
    "/incidents/batch",
    summary="Report many incidents",
    response_description="An answer to each report.",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(json_only)],
)
async def report_incidents(
    *,
    batch: Annotated[ReportBatch, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    now: Now,
    actor: ActorDep,
    request: Request,
) -> BatchAnswer:
    """Store what was kept while the sender was offline: up to 500 reports, 1 MiB.

    Each report is taken as if it had been sent alone, so a bad one is named and holds up no other,
    and the whole batch may be sent again until it is answered.
    """
    work = partial(batches.take, context, actor, batch.reports, now, request.url.path)
    return await asyncio.get_running_loop().run_in_executor(_batch_threads, work)
