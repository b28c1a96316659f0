"""HTTP of the calendar of working days."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query

from app.core import db
from app.core.errors import FieldError, Problem
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now
from app.identity.service import scope_of
from app.incidents.calendar import service
from app.incidents.calendar.schemas import (
    CalendarOverview,
    GivenYear,
    TakenYear,
    TakeQuery,
    YearCalendar,
)
from app.incidents.calendar.writing import write_taken
from app.incidents.clocks.deps import Days

router = APIRouter(prefix="/api/v1/calendar", tags=["incidents"])

Year = Annotated[int, Path(ge=1900, le=2999, description="A civil year.", examples=[2027])]
CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "Columns `day,kind,note`; a line `2027,covered,note` may say"
                    " after which notice.",
                },
                "example": "day,kind,note\n2027-01-01,holiday,元旦\n",
            }
        }
    }
}


async def csv_or_json(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is declared as neither."""
    if content_type.partition(";")[0].strip().lower() not in {"application/json", "text/csv"}:
        message = "must be application/json or text/csv"
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Unsupported media type",
            f"Content-Type: {message}",
            (FieldError("Content-Type", message),),
        )


@router.get("", summary="Say which year of working days should be taken")
def get_calendar_overview(
    query: Annotated[StrictQuery, Query()], days: Days, now: Now
) -> CalendarOverview:
    """Until a year is taken, deadlines that rest on its days are provisional."""
    return service.overview(days, now)


@router.get(
    "/{year}",
    summary="Give the working days of a year",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_calendar_year(
    year: Year, query: Annotated[StrictQuery, Query()], days: Days
) -> YearCalendar:
    """The days that are not as their weekday says, and where each of them comes from."""
    return service.year_of(days, year)


@router.put(
    "/{year}",
    summary="Take the working days of a year",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(csv_or_json)],
    openapi_extra=CSV_BODY,
)
def take_calendar_year(
    *,
    year: Year,
    query: Annotated[TakeQuery, Query()],
    body: Annotated[GivenYear | str, Body(description="All days that differ from their weekday.")],
    context: ContextDep,
    actor: ActorDep,
    now: Now,
) -> TakenYear:
    """Describe a year whole by the days that are not as their weekday says, in place of whatever
    was known of it; or, with `dry_run`, say which open cases get another deadline by that."""
    data_dir = context.settings.data_dir
    with db.writing(context.request_engine, scope_of(actor)) as session:
        taken = service.take(
            session,
            actor,
            data_dir,
            year=year,
            days=service.given(year, body),
            now=now,
            dry_run=query.dry_run,
        )
    if taken.taken:
        write_taken(context.engine, data_dir)
    return taken
