"""HTTP of one's own second factor."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, SessionsDep, json_only
from app.identity.second_factor import service
from app.identity.second_factor.deps import SealDep
from app.identity.second_factor.schemas import BegunFactor, GivenFactorCode, RecoveryCodes

router = APIRouter(prefix="/api/v1/session/second_factor", tags=["identity"])

REFUSALS = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
Words = Annotated[StrictQuery, Query()]
NO_STORE = "no-store"


@router.post("", summary="Begin to set up a second factor", responses=REFUSALS)
def begin_second_factor(
    *, query: Words, response: Response, context: ContextDep, actor: ActorDep, seal: SealDep
) -> BegunFactor:
    """A secret for an authenticator app (TOTP, RFC 6238), shown here once. It counts once a code of
    it was given (`confirm`), within 30 minutes; until then the one of before does.

    After the password was given again (403 `step-up`); whoever must set one up has just given it.
    """
    response.headers["Cache-Control"] = NO_STORE
    return service.begin(context.engine, actor, seal)


@router.post(
    "/confirm",
    summary="Finish setting up a second factor",
    responses=REFUSALS | documented(HTTPStatus.TOO_MANY_REQUESTS),
    dependencies=[Depends(json_only)],
)
def confirm_second_factor(
    *,
    given: Annotated[GivenFactorCode, Body()],
    query: Words,
    response: Response,
    context: ContextDep,
    actor: ActorDep,
    seal: SealDep,
    sessions: SessionsDep,
) -> RecoveryCodes:
    """From now on every sign-in and every step-up asks for a code. The recovery codes are told here
    and never again; other sessions of the account end.

    A wrong code is 403 `wrong-code`; after three of this session the next must wait.
    """
    response.headers["Cache-Control"] = NO_STORE
    codes = service.confirm(context.engine, actor, seal, given.code)
    sessions.forget()
    return codes


@router.post(
    "/recovery_codes",
    summary="Make one's recovery codes anew",
    responses=REFUSALS,
)
def renew_recovery_codes(
    *, query: Words, response: Response, context: ContextDep, actor: ActorDep
) -> RecoveryCodes:
    """Told once; those of before open nothing any more. After the password was given again (403
    `step-up`)."""
    response.headers["Cache-Control"] = NO_STORE
    return service.renew_recovery_codes(context.engine, actor)


@router.delete(
    "",
    summary="Remove one's second factor",
    status_code=HTTPStatus.NO_CONTENT,
    responses=REFUSALS,
)
def remove_second_factor(
    *, query: Words, context: ContextDep, actor: ActorDep, sessions: SessionsDep
) -> None:
    """After the password was given again (403 `step-up`). Where the role must have one, another is
    to be set up before anything else is open (403 `first-sign-in`)."""
    service.remove(context.engine, actor)
    sessions.forget()
