"""HTTP of cases: reports, lists, one case, what is due; the city and its filing standard."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import AsOf
from app.identity.deps import (
    ActorDep,
    AskerDep,
    ContextDep,
    Now,
    ReadSession,
)
from app.identity.rules import Key
from app.incidents.cases import due, service
from app.incidents.cases.schemas import (
    CategoryPage,
    City,
    DuePage,
    IncidentDetail,
    IncidentPage,
    IncidentState,
    IncidentStatePage,
)
from app.incidents.clocks.deps import Days
from app.incidents.clocks.schemas import DueQuery
from app.incidents.schemas import EXAMPLE_ID, IncidentQuery, ShortNumber

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.get(
    "/city",
    summary="Give the city in one look",
    tags=["places"],
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_city(
    query: Annotated[AsOf, Query()], context: ContextDep, session: ReadSession, now: Now
) -> City:
    """Name, extent, number of areas and incidents, and what kind of data it is."""
    return service.get_city(session, query.at or now, simulation=context.settings.simulates)


@router.get("/categories", summary="List the filing standard")
def list_categories(
    query: Annotated[AsOf, Query()], session: ReadSession, now: Now
) -> CategoryPage:
    """Groups (two digits) and categories (four digits) in force at `at`, always all of them."""
    return service.list_categories(session, query.at or now)


@router.get("/incidents", summary="List incidents")
def list_incidents(
    query: Annotated[IncidentQuery, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    asker: AskerDep,
) -> IncidentPage | IncidentStatePage:
    """Incidents reported in a time window (default: the last 30 days), newest first.

    Programs: with a key that may `list` (`X-Minqing-Key`), which is told states and cells only, and
    may not ask by `bbox`.
    """
    if isinstance(asker, Key):
        return service.list_for_program(session, query, now, days)
    page = service.list_incidents(session, query, now, days)
    return page.model_copy(update={"items": [service.shown_to(asker, i) for i in page.items]})


@router.get("/incidents/due", summary="List what is overdue or soon due")
def list_due(
    query: Annotated[DueQuery, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    actor: ActorDep,
) -> DuePage:
    """Open cases whose clock runs, by what is due first; whenever they were reported."""
    page = due.list_due(session, query, now, days)
    return page.model_copy(update={"items": [service.shown_to(actor, i) for i in page.items]})


@router.get(
    "/incidents/no/{no}",
    summary="Give an incident by its short number",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_incident_by_no(
    *,
    no: Annotated[ShortNumber, Path(description="Short number of the incident.", examples=[1])],
    query: Annotated[AsOf, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    asker: AskerDep,
    response: Response,
) -> IncidentDetail | IncidentState:
    """The incident with its history, as it stood at `at`; `ETag` is its version.

    Programs: with a key that may `read` (`X-Minqing-Key`), which is told the state only.
    """
    asks = asker if query.at is None and not isinstance(asker, Key) else None
    detail = service.get_incident_by_no(session, no, query.at or now, days, asks)
    response.headers["ETag"] = detail.etag
    if isinstance(asker, Key):
        return service.state_of(detail)
    return service.shown_to(asker, detail)


@router.get(
    "/incidents/{id}",
    summary="Give an incident",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_incident(
    *,
    report_id: Annotated[
        UUID, Path(alias="id", description="UUID of the report.", examples=[EXAMPLE_ID])
    ],
    query: Annotated[AsOf, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    asker: AskerDep,
    response: Response,
) -> IncidentDetail | IncidentState:
    """The incident with its history, as it stood at `at`; 404 before it was reported. `ETag` is
    its version.

    Programs: with a key that may `read` (`X-Minqing-Key`), which is told the state only.
    """
    asks = asker if query.at is None and not isinstance(asker, Key) else None
    detail = service.get_incident(session, report_id, query.at or now, days, asks)
    response.headers["ETag"] = detail.etag
    if isinstance(asker, Key):
        return service.state_of(detail)
    return service.shown_to(asker, detail)
