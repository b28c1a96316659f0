"""HTTP of the domain `warnings`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity import rules as who
from app.identity.deps import ActorDep, Now, ReadSession, WriteSession, json_only
from app.identity.key_deps import KeyDep, KeySession, get_key
from app.identity.rules import Actor
from app.incidents.schemas import EXAMPLE_ID
from app.warnings import service
from app.warnings.schemas import (
    NewWarning,
    TakenWarningStep,
    Warning,
    WarningPage,
    WarningQuery,
    WarningReceipt,
)

router = APIRouter(prefix="/api/v1", tags=["warnings"])
WarningId = Annotated[
    UUID, Path(alias="id", description="UUID of the warning.", examples=[EXAMPLE_ID])
]


def _may_act(actor: Actor) -> bool:
    return who.may(actor.role, "take_warning_step")


@router.post(
    "/warnings",
    summary="Send a warning of fraud",
    status_code=HTTPStatus.CREATED,
    response_description="Taken: the police station has it, and its timer runs.",
    responses={
        200: {"model": WarningReceipt, "description": "Known already: the same answer."},
        **documented(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.TOO_MANY_REQUESTS,
        ),
    },
    dependencies=[Depends(get_key), Depends(json_only)],
)
def send_warning(
    *,
    new: Annotated[NewWarning, Body()],
    query: Annotated[StrictQuery, Query()],
    key: KeyDep,
    session: KeySession,
    now: Now,
    response: Response,
) -> WarningReceipt:
    """Take a warning once, and send it to the police station that covers the place.

    For programs: with a key that may `warn` (`X-Minqing-Key`), without a session. Outside the
    key's area 403. Nothing of whoever is warned is taken.
    """
    receipt, is_new = service.receive(session, new, key, now)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return receipt


@router.get("/warnings", summary="List warnings of fraud")
def list_warnings(
    query: Annotated[WarningQuery, Query()], session: ReadSession, now: Now, actor: ActorDep
) -> WarningPage:
    """Running timers first, by what is due first; then visits without a result; then the others."""
    return service.list_warnings(session, query, now, may_act=_may_act(actor))


@router.get(
    "/warnings/{id}",
    summary="Give a warning of fraud",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def get_warning(
    warning_id: WarningId,
    query: Annotated[StrictQuery, Query()],
    session: ReadSession,
    now: Now,
    actor: ActorDep,
) -> Warning:
    """The warning with its timer and who must act now, computed from its log."""
    return service.get_warning(session, warning_id, now, may_act=_may_act(actor))


@router.post(
    "/warnings/{id}/steps",
    summary="Take a step of a warning",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    dependencies=[Depends(json_only)],
)
def take_warning_step(
    *,
    warning_id: WarningId,
    given: Annotated[TakenWarningStep, Body()],
    query: Annotated[StrictQuery, Query()],
    session: WriteSession,
    now: Now,
    actor: ActorDep,
) -> Warning:
    """Note a call, a departure, an arrival, a result; the case moves with it.

    What may be done now stands in `next_steps`. The arrival stops the timer; the result closes the
    case, and with it its exact place is gone.
    """
    return service.take_step(session, warning_id, given, actor, now)
