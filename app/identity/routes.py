"""HTTP of the domain `identity`: the session."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy import Engine

from app.core.context import Context
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.core.turns import Turns
from app.identity import own_password, rules, service
from app.identity import step_up as step_up_of
from app.identity.cookies import Cookies, cookies_of
from app.identity.deps import ActorDep, ContextDep, PasswordRoom, SessionsDep, json_only
from app.identity.rules import Actor
from app.identity.schemas import (
    ChangedPassword,
    ChosenGrant,
    Credentials,
    GivenPassword,
    SessionInfo,
)
from app.identity.second_factor.deps import SealDep
from app.identity.second_factor.sealing import Seal

router = APIRouter(prefix="/api/v1", tags=["identity"])

FORGET = '"cache"'
"""Not "storage": there lies how somebody likes the page of this desk, which outlasts a session. The
page itself takes out what was written in it (drafts)."""
WRITE_REFUSALS = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


class SignOutQuery(StrictQuery):
    """Which sessions end."""

    everywhere: bool = Field(
        default=False, description="All sessions of the account, on every device."
    )


@router.post(
    "/session",
    summary="Sign in",
    responses={**WRITE_REFUSALS, **documented(HTTPStatus.TOO_MANY_REQUESTS)},
    dependencies=[Depends(json_only)],
)
async def sign_in(
    *,
    given: Annotated[Credentials, Body()],
    query: Annotated[StrictQuery, Query()],
    request: Request,
    response: Response,
    context: ContextDep,
    room: PasswordRoom,
    seal: SealDep,
) -> SessionInfo:
    """Begin a session with the login and password of a staff post.

    An account with a second factor is asked for its code: 401 `code-needed` once the password was
    right, then the same with `code`; 401 `wrong-code`. Each code is good for one use.

    The answer sets an HttpOnly cookie and gives the header token for writes. After three failures
    each further one makes the next attempt for that account from that address wait longer (429,
    Retry-After), and so do very many from one address. A second cookie says that the account has
    signed in with this browser: what others fail at then makes nobody wait here. Where too many
    sign in at once, in all or from one address: 503 `busy`.
    """
    cookies = cookies_of(context.settings, request.url.scheme)
    turns: Turns = request.app.state.sign_in_turns
    place = rules.place_of(request.client.host if request.client else "")
    await turns.enter(place)
    try:
        opened, actor, shown = await room.run(_signed_in, context, given, request, cookies, seal)
    finally:
        turns.leave(place)
    cookies.set_session(response, opened.token, rules.cookie_lasts_s(actor.role))
    cookies.set_seen(response, given.user, opened.seen)
    return shown


def _signed_in(
    context: Context, given: Credentials, request: Request, cookies: Cookies, seal: Seal
) -> tuple[service.Opened, Actor, SessionInfo]:
    engine, terms = context.engine, service.terms_of(context.settings)
    sent = request.headers.get("cookie", "")
    source = request.client.host if request.client else ""
    old, seen = cookies.token_in(sent), cookies.seen_in(sent, given.user)
    opened = service.sign_in(engine, given, source, old, seen, terms=terms, seal=seal)
    actor = service.actor_of(engine, opened.token)
    if actor is None:
        raise service.not_signed_in()
    return opened, actor, service.describe(engine, actor)


@router.get("/session", summary="Tell who is signed in")
def get_session(
    query: Annotated[StrictQuery, Query()],
    request: Request,
    response: Response,
    context: ContextDep,
    actor: ActorDep,
) -> SessionInfo:
    """The account, its grants, the one under which it acts, and the header token for writes.

    The cookie of a screen on a wall lasts 30 days, and is given anew here: the screen stays signed
    in when its browser starts again.
    """
    lasting_s = rules.cookie_lasts_s(actor.role)
    if lasting_s is not None:
        cookies = cookies_of(context.settings, request.url.scheme)
        cookies.set_session(response, actor.token, lasting_s)
    return service.describe(context.engine, actor)


@router.delete(
    "/session",
    summary="Sign out",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
)
def sign_out(
    *,
    query: Annotated[SignOutQuery, Query()],
    request: Request,
    response: Response,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> None:
    """End this session, or with `everywhere` all sessions of the account. Streams end with it, and
    the browser forgets what it keeps of the answers (`Clear-Site-Data`)."""
    service.sign_out(context.engine, actor, everywhere=query.everywhere)
    sessions.forget()
    cookies_of(context.settings, request.url.scheme).end_session(response)
    response.headers["Clear-Site-Data"] = FORGET


@router.put(
    "/session/grant",
    summary="Act under another grant",
    responses=WRITE_REFUSALS,
    dependencies=[Depends(json_only)],
)
def switch_grant(
    chosen: Annotated[ChosenGrant, Body()],
    query: Annotated[StrictQuery, Query()],
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> SessionInfo:
    """One acts under one grant at a time. Open streams end, to be opened anew."""
    changed = service.switch_grant(context.engine, actor, chosen.grant)
    sessions.forget()
    return service.describe(context.engine, changed)


@router.post(
    "/session/step_up",
    summary="Give the password again",
    responses={**WRITE_REFUSALS, **documented(HTTPStatus.TOO_MANY_REQUESTS)},
    dependencies=[Depends(json_only)],
)
async def step_up(
    *,
    given: Annotated[GivenPassword, Body()],
    query: Annotated[StrictQuery, Query()],
    request: Request,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
    room: PasswordRoom,
    seal: SealDep,
) -> SessionInfo:
    """Open what is protected (a contact, an export) to this session for five minutes; one that only
    watched acts again.

    A wrong password is 403 `wrong-credentials`; after three of this session the next must wait. An
    account with a second factor gives its code as well: 403 `code-needed`, `wrong-code`.
    """
    shown = await room.run(_stepped_up, context.engine, actor, given, seal)
    sessions.forget()
    return shown


def _stepped_up(engine: Engine, actor: Actor, given: GivenPassword, seal: Seal) -> SessionInfo:
    step_up_of.step_up(engine, actor, given.password, given.code, seal=seal)
    return service.describe(engine, service.actor_of(engine, actor.token) or actor)


@router.post(
    "/session/password",
    summary="Change one's own password",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**WRITE_REFUSALS, **documented(HTTPStatus.TOO_MANY_REQUESTS)},
    dependencies=[Depends(json_only)],
)
async def change_own_password(
    *,
    given: Annotated[ChangedPassword, Body()],
    query: Annotated[StrictQuery, Query()],
    request: Request,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
    room: PasswordRoom,
) -> None:
    """Set another password of the account that is signed in. This session goes on, all others of
    the account end; it is written to the audit.

    A wrong old password is 403 `wrong-credentials`; after three of this session the next must wait.
    An account that signs in at the city's provider has no password here: 409 `no-password`.
    """
    old, new = given.old_password, given.new_password
    await room.run(own_password.change_own_password, context.engine, actor, old, new)
    sessions.forget()
