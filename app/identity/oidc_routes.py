"""HTTP of signing in at a city's own provider.

Whatever happens, the browser ends up at our own page: there is no word by which it could be sent
elsewhere.
"""

import time
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from app.core.context import Context
from app.core.errors import Problem, not_found
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.core.turns import Turns
from app.identity import linking, service
from app.identity.cookies import cookies_of, read_cookie
from app.identity.deps import ContextDep, SessionsDep
from app.identity.oidc import ATTEMPT_S, CALLBACK, Attempt, OidcError, Provider
from app.identity.rules import place_of
from app.identity.schemas import OidcInfo
from app.identity.subjects import Vouched

router = APIRouter(prefix="/api/v1", tags=["identity"])
log = structlog.get_logger()

REDIRECTS = documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED)
MOST_CHARS = 4_000


class Answer(BaseModel):
    """What the provider sends back; words of its own beside these mean nothing to us."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str | None = Field(default=None, max_length=MOST_CHARS, description="To be exchanged.")
    state: str = Field(default="", max_length=MOST_CHARS, description="Of the attempt.")
    error: str | None = Field(default=None, max_length=MOST_CHARS, description="Why not.")


class StartQuery(StrictQuery):
    """What for."""

    step_up: bool = Field(
        default=False, description="To show once more who one is, for what is protected."
    )


async def get_provider(request: Request) -> Provider:
    """The provider of the app that serves this request."""
    provider: Provider = request.app.state.oidc
    return provider


ProviderDep = Annotated[Provider, Depends(get_provider)]


@router.get("/session/oidc", summary="Tell whether one can sign in at a provider")
async def get_oidc(query: Annotated[StrictQuery, Query()], provider: ProviderDep) -> OidcInfo:
    """Open to everybody: the sign-in page shows a button where it is so."""
    return OidcInfo(enabled=provider.name is not None, name=provider.name)


@router.get(
    "/session/oidc/start", summary="Go to the provider to sign in", responses=REDIRECTS,
    status_code=HTTPStatus.SEE_OTHER, response_class=RedirectResponse,
)  # fmt: skip
async def start_oidc(
    query: Annotated[StartQuery, Query()],
    request: Request,
    context: ContextDep,
    provider: ProviderDep,
) -> RedirectResponse:
    """Redirects there; the answer comes to `callback`.

    With `step_up` whoever is signed in here already is asked to sign in there once more, which
    opens what is protected (a contact, an export) to this session for five minutes.
    """
    _refuse_disabled(provider)
    cookies = cookies_of(context.settings, request.url.scheme)
    if query.step_up and cookies.token_in(request.headers.get("cookie", "")) is None:
        raise service.not_signed_in()
    attempt = Attempt.new(step_up=query.step_up)
    try:
        address = await provider.address(attempt, _callback(request, context.settings.public_url))
    except OidcError as error:
        return _back(error, context.settings.public_path)
    answer = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    cookies.set_oidc(answer, attempt.to_cookie(), ATTEMPT_S)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/session/oidc/callback", summary="Come back from the provider", responses=REDIRECTS,
    status_code=HTTPStatus.SEE_OTHER, response_class=RedirectResponse,
)  # fmt: skip
async def finish_oidc(
    given: Annotated[Answer, Query()],
    request: Request,
    context: ContextDep,
    provider: ProviderDep,
    sessions: SessionsDep,
) -> RedirectResponse:
    """Begins a session of the account that is linked to the subject for which the provider
    vouches, or opens what is protected to this one, and redirects to the page.

    Otherwise the page's address says why not: `oidc=` expired, refused, no-account, unavailable.
    """
    _refuse_disabled(provider)
    cookies = cookies_of(context.settings, request.url.scheme)
    sent = request.headers.get("cookie", "")
    page = context.settings.public_path
    answer = RedirectResponse(f"{page}/", HTTPStatus.SEE_OTHER)
    try:
        held = read_cookie(sent, cookies.oidc)
        attempt = Attempt.from_cookie(held, given.state, time.time())
        if given.code is None:
            raise OidcError("refused", f"the provider says {given.error!r}"[:100])
        callback = _callback(request, context.settings.public_url)
        vouched = await _vouched(request, provider, attempt, given.code, callback)
        own_token = cookies.token_in(sent)
        if attempt.step_up:
            await run_in_threadpool(_step_up, context, vouched, own_token)
            sessions.forget()
        else:
            token = await run_in_threadpool(_sign_in, context, vouched, own_token)
            cookies.set_session(answer, token)
    except OidcError as error:
        answer = _back(error, page)
    cookies.end_oidc(answer)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _vouched(
    request: Request, provider: Provider, attempt: Attempt, code: str, callback: str
) -> Vouched:
    """For whom the provider vouches: whoever makes up codes keeps nobody elsewhere from it."""
    turns: Turns = request.app.state.sign_in_turns
    place = place_of(request.client.host if request.client else "")
    try:
        await turns.enter(place)
    except Problem as full:
        raise OidcError("unavailable", "too many codes at once from one address") from full
    try:
        return await provider.vouched(attempt, code, callback)
    finally:
        turns.leave(place)


def _sign_in(context: Context, vouched: Vouched, old_token: str | None) -> str:
    token = linking.sign_in_as(context.engine, context.settings, vouched, old_token)
    if token is None:
        raise OidcError("no-account", "no such account, or one that may not act")
    return token


def _step_up(context: Context, vouched: Vouched, token: str | None) -> None:
    actor = None if token is None else service.actor_of(context.engine, token)
    if actor is None:
        raise OidcError("expired", "the session has ended meanwhile")
    if not linking.step_up_as(context.engine, vouched, actor):
        raise OidcError("refused", "somebody else, or nobody who signed in there just now")


def _refuse_disabled(provider: Provider) -> None:
    if provider.name is None:
        raise not_found("provider to sign in at:", "MINQING_OIDC_ISSUER is not set")


def _callback(request: Request, public_url: str | None) -> str:
    # The Host header is one of our own names: the guard in front has seen to that.
    return (public_url or str(request.base_url)).rstrip("/") + CALLBACK


def _back(error: OidcError, page: str) -> RedirectResponse:
    log.warning("not signed in at the provider", word=error.word, reason=str(error))
    return RedirectResponse(f"{page}/?oidc={error.word}", HTTPStatus.SEE_OTHER)
