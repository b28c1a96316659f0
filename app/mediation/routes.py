"""HTTP of the domain `mediation`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession, json_only
from app.incidents.clocks.deps import Days
from app.incidents.schemas import EXAMPLE_ID, ShortNumber
from app.mediation import service
from app.mediation.schemas import (
    CalledUnit,
    Cancelled,
    Mediation,
    MediationPage,
    MediationQuery,
    NewFollowUp,
    NewOutcome,
    NewPerformance,
    OpeningPage,
    OpeningQuery,
    PlannedMeeting,
    RoomPage,
    RoomQuery,
    UnitAnswer,
    Versioned,
)

router = APIRouter(prefix="/api/v1", tags=["mediation"])
MediationId = Annotated[
    UUID, Path(alias="id", description="UUID of the mediation.", examples=[EXAMPLE_ID])
]
NoWords = Annotated[StrictQuery, Query()]
ACT_REFUSALS = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
JSON_ONLY = [Depends(json_only)]


@router.get("/rooms", summary="List rooms")
def list_rooms(query: Annotated[RoomQuery, Query()], session: ReadSession, now: Now) -> RoomPage:
    """Rooms in which people can meet, those of the smallest areas first; always all of them."""
    return service.list_rooms(session, query.area, now)


@router.post(
    "/incidents/{id}/mediation",
    summary="Open the table of a dispute",
    status_code=HTTPStatus.CREATED,
    responses=ACT_REFUSALS,
)
def open_mediation(
    *,
    report_id: Annotated[
        UUID, Path(alias="id", description="UUID of the report.", examples=[EXAMPLE_ID])
    ],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """Begin the joint mediation of a dispute (10xx) that is open; 409 while a table stands."""
    return service.open_table(session, report_id, actor, now)


@router.get("/mediations", summary="List mediations")
def list_mediations(
    query: Annotated[MediationQuery, Query()], session: ReadSession, now: Now, actor: ActorDep
) -> MediationPage:
    """Tables, the newest first."""
    return service.list_mediations(session, query, actor, now)


@router.get(
    "/mediations/{id}", summary="Give a mediation", responses=documented(HTTPStatus.NOT_FOUND)
)
def get_mediation(
    mediation_id: MediationId, query: NoWords, session: ReadSession, now: Now, actor: ActorDep
) -> Mediation:
    """Who was called in, when and where they meet, what came of it; and what may be done now."""
    return service.get_mediation(session, mediation_id, actor, now)


@router.get(
    "/mediations/{id}/openings",
    summary="Find a time and a room",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def list_openings(
    *,
    mediation_id: MediationId,
    query: Annotated[OpeningQuery, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
) -> OpeningPage:
    """Hours of work in which everybody who was called and did not say no, and a room, are free."""
    return service.list_openings(session, mediation_id, query.days, days, now)


@router.post(
    "/mediations/{id}/participants",
    summary="Call a unit in",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def call_in_unit(
    *,
    mediation_id: MediationId,
    given: Annotated[CalledUnit, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """Call in an officer, a legal adviser, a mediator, the grid worker: any unit on duty. The
    first mediator is assigned the case."""
    return service.call_in(session, mediation_id, given, actor, now)


@router.put(
    "/mediations/{id}/participants/{unit_id}",
    summary="Note what a unit answered",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def answer_call(
    *,
    mediation_id: MediationId,
    unit_id: Annotated[ShortNumber, Path(description="Number of the unit.", examples=[1])],
    given: Annotated[UnitAnswer, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """Whether it comes."""
    return service.answer(session, mediation_id, given, actor, now, unit_id=unit_id)


@router.put(
    "/mediations/{id}/meeting",
    summary="Set the meeting",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def set_meeting(
    *,
    mediation_id: MediationId,
    given: Annotated[PlannedMeeting, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """A time and a room; 409 when the room or a unit is taken then. Of two at once one wins."""
    return service.set_meeting(session, mediation_id, given, actor, now)


@router.post(
    "/mediations/{id}/met",
    summary="Note that they met",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def note_met(
    *,
    mediation_id: MediationId,
    given: Annotated[Versioned, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """Not before the meeting begins."""
    return service.met(session, mediation_id, given, actor, now)


@router.post(
    "/mediations/{id}/outcome",
    summary="Record the outcome",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def record_outcome(
    *,
    mediation_id: MediationId,
    given: Annotated[NewOutcome, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """`mediated` with what was agreed: the case is handed back until it was performed. Any other
    outcome closes the case."""
    return service.record_outcome(session, mediation_id, given, actor, now)


@router.post(
    "/mediations/{id}/performance",
    summary="Record the performance",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def record_performance(
    *,
    mediation_id: MediationId,
    given: Annotated[NewPerformance, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """How much of the agreement was done; `fully` closes the case."""
    return service.record_performance(session, mediation_id, given, actor, now)


@router.post(
    "/mediations/{id}/follow_up",
    summary="Record the follow-up",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def record_follow_up(
    *,
    mediation_id: MediationId,
    given: Annotated[NewFollowUp, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """What whoever had told of it says now, noted with the case, too."""
    return service.record_follow_up(session, mediation_id, given, actor, now)


@router.post(
    "/mediations/{id}/cancel",
    summary="Cancel a mediation",
    responses=ACT_REFUSALS,
    dependencies=JSON_ONLY,
)
def cancel_mediation(
    *,
    mediation_id: MediationId,
    given: Annotated[Cancelled, Body()],
    query: NoWords,
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Mediation:
    """End a table at which nothing was decided; the case stays as it is."""
    return service.cancel(session, mediation_id, given, actor, now)
