"""Paths that take in reports."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from app.core.answers import JSON
from app.core.context import Context
from app.core.errors import Problem
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity import keys
from app.identity.deps import AskerDep, ContextDep, Now, json_only
from app.identity.rules import Asker, Key
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
            HTTPStatus.TOO_MANY_REQUESTS,
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
    asker: AskerDep,
) -> Response:
    """Store a report once, and find its grid cell at once.

    The sender names the report with a UUID and may send it again until it is answered: the same
    report gives 200 and the first answer, another report under that id gives 409. A place outside
    the city is refused.

    Programs: with a key that may `report` (`X-Minqing-Key`), from inside its area.
    """
    incident, is_new = await quick.take(asker, new, now), True
    if incident is None:
        taken = await _looked_at(context, asker, new, now)
        incident, is_new = taken.incident, taken.is_new
    return Response(
        incident.model_dump_json(),
        HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        {"Location": f"/api/v1/incidents/{incident.id}"},
        JSON,
    )


async def _looked_at(context: Context, asker: Asker, new: NewIncident, now: datetime) -> Taken:
    loop = asyncio.get_running_loop()
    taken = (await loop.run_in_executor(_threads, service.take, context, asker, [new], now))[0]
    if isinstance(taken, Problem):
        raise taken
    return taken


@router.post(
    "/incidents/batch",
    response_model=BatchAnswer,
    summary="Report many incidents",
    response_description="An answer to each report.",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
    dependencies=[Depends(json_only)],
)
async def report_incidents(
    *,
    batch: Annotated[ReportBatch, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    now: Now,
    asker: AskerDep,
    request: Request,
) -> Response:
    """Store what was kept while the sender was offline: up to 500 reports, 1 MiB.

    Each report is taken as if it had been sent alone, so a bad one is named and holds up no other,
    and the whole batch may be sent again until it is answered.

    Programs: with a key that may `report`; each report counts against its limit, and where that
    would be passed nothing of the batch is filed (429).
    """
    work = partial(_take_batch, context, asker, batch.reports, now, request.url.path)
    answer = await asyncio.get_running_loop().run_in_executor(_batch_threads, work)
    return Response(answer, media_type=JSON)


def _take_batch(
    context: Context, asker: Asker, raw: Sequence[Any], now: datetime, instance: str
) -> str:
    if isinstance(asker, Key) and len(raw) > 1:  # the request itself has been counted
        keys.count_use(context.engine, asker, "report_incidents", len(raw) - 1)
    return batches.take(context, asker, raw, now, instance).model_dump_json()
