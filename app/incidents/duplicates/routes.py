"""HTTP of duplicates."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import Now, ReadSession, json_only
from app.incidents.duplicates import service
from app.incidents.duplicates.schemas import SuggestionPage, TypedReport

router = APIRouter(prefix="/api/v1", tags=["incidents"])


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
    return service.suggest(session, typed, now)
