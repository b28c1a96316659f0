"""HTTP of proposals, and of the code that releases an account."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, PasswordRoom, SessionsDep, json_only
from app.identity.schemas import GivenCode
from app.identity.second_person import release, service
from app.identity.second_person.schemas import (
    Confirmed,
    ConfirmQuery,
    Proposal,
    ProposalDetail,
    ProposalPage,
    ProposalsQuery,
)

router = APIRouter(prefix="/api/v1", tags=["identity"])

REFUSALS = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
No = Annotated[int, Path(ge=1, lt=2**63, description="Number of the proposal.")]
Words = Annotated[StrictQuery, Query()]


@router.get("/proposals", summary="List what waits for a second person")
def list_proposals(
    query: Annotated[ProposalsQuery, Query()], context: ContextDep, actor: ActorDep
) -> ProposalPage:
    """Proposals about one's own area, newest first."""
    return service.list_proposals(context.engine, actor, query)


@router.get(
    "/proposals/{no}", summary="Show a proposal", responses=documented(HTTPStatus.NOT_FOUND)
)
def get_proposal(no: No, query: Words, context: ContextDep, actor: ActorDep) -> ProposalDetail:
    """With each grant of a sheet."""
    return service.get_proposal(context.engine, actor, no)


@router.post(
    "/proposals/{no}/confirm", summary="Confirm what another admin proposed", responses=REFUSALS
)
def confirm_proposal(
    *,
    no: No,
    query: Annotated[ConfirmQuery, Query()],
    response: Response,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> Confirmed:
    """It takes effect at once, after the password was given again (403 `step-up`).

    403 `not-second-person`: for one's own, for accounts that may be the proposer's too, and for who
    has become an admin only since. A sheet's can be cancelled by the id of `change`. Codes are
    told here once; the confirmer hands them to the posts.
    """
    response.headers["Cache-Control"] = "no-store"
    confirmed = service.confirm(context.engine, actor, no, query.change)
    sessions.forget()
    return confirmed


@router.post(
    "/proposals/{no}/refuse", summary="Refuse what another admin proposed", responses=REFUSALS
)
def refuse_proposal(no: No, query: Words, context: ContextDep, actor: ActorDep) -> Proposal:
    """Nothing comes of it."""
    return service.refuse(context.engine, actor, no)


@router.post("/proposals/{no}/withdraw", summary="Take one's own proposal back", responses=REFUSALS)
def withdraw_proposal(no: No, query: Words, context: ContextDep, actor: ActorDep) -> Proposal:
    """Nothing comes of it."""
    return service.withdraw(context.engine, actor, no)


@router.post(
    "/session/release",
    summary="Give the code with which one's account is released",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
    dependencies=[Depends(json_only)],
)
async def release_account(
    *,
    given: Annotated[GivenCode, Body()],
    query: Words,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
    room: PasswordRoom,
) -> None:
    """It comes from the admin who confirmed what opened contacts or the audit to this account.

    With it the post sets another password, and every other way in ends: other sessions, and the
    link to the provider. Whoever signed in there sets none; the password ends instead. A wrong code
    is 403 `wrong-credentials`; after three of this session the next must wait.
    """
    await room.run(release.release, context.engine, actor, given.code, given.new_password)
    sessions.forget()
