"""HTTP of accounts and grants."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from sqlalchemy import Engine

from app.core.context import Context
from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity import account_view, accounts, linking
from app.identity.account_schemas import NewGrant, NewUser, User, UserChange, UserPage, UsersQuery
from app.identity.deps import ActorDep, ContextDep, PasswordRoom, SessionsDep, json_only
from app.identity.rules import Actor
from app.identity.second_factor import resetting

router = APIRouter(prefix="/api/v1", tags=["identity"])

REFUSALS = documented(
    HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)  # fmt: skip
WAITS: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Proposed: it waits for a second person.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}},
    }
}
WITH_BODY = {**REFUSALS, **documented(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)}
Name = Annotated[str, Path(max_length=60, description="Login of the account.")]
Words = Annotated[StrictQuery, Query()]


@router.get("/users", summary="List accounts")
def list_users(
    query: Annotated[UsersQuery, Query()], context: ContextDep, actor: ActorDep
) -> UserPage:
    """Accounts that belong to one's area or act in it, by name."""
    return account_view.list_users(context.engine, actor, query)


@router.post(
    "/users", summary="Add an account", status_code=HTTPStatus.CREATED, responses=WITH_BODY,
    dependencies=[Depends(json_only)],
)  # fmt: skip
async def add_user(
    given: Annotated[NewUser, Body()],
    query: Words,
    context: ContextDep,
    actor: ActorDep,
    room: PasswordRoom,
) -> User:
    """It belongs to the area under which one acts, and can do nothing until it is granted it."""
    return await room.run(_added, context.engine, given, actor)


def _added(engine: Engine, given: NewUser, actor: Actor) -> User:
    accounts.add_account(engine, given.name, given.password, actor=actor)
    return account_view.get_user(engine, actor, given.name)


@router.get("/users/{name}", summary="Show an account", responses=documented(HTTPStatus.NOT_FOUND))
def get_user(name: Name, query: Words, context: ContextDep, actor: ActorDep) -> User:
    """One account, with those of its grants that lie in one's own area."""
    return account_view.get_user(context.engine, actor, name)


@router.patch(
    "/users/{name}", summary="Disable an account, or set its password",
    responses=WITH_BODY | WAITS,
    dependencies=[Depends(json_only)],
)  # fmt: skip
async def change_user(
    *,
    name: Name,
    change: Annotated[UserChange, Body()],
    query: Words,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
    room: PasswordRoom,
    response: Response,
) -> User:
    """Every session of the account ends. Only accounts that act nowhere outside one's area.

    202: of an account that opens contacts or the audit another password, a link, taking its second
    factor away and letting it in again wait for a second person (`proposals`).
    """
    waits, changed = await room.run(_changed, context, name, change, actor)
    sessions.forget()
    if waits:
        response.status_code = HTTPStatus.ACCEPTED
    return changed


def _changed(context: Context, name: str, change: UserChange, actor: Actor) -> tuple[bool, User]:
    engine, password, disabled = context.engine, change.password, change.disabled
    waits = False
    if change.subject is not None:
        waits = linking.link(engine, context.settings, name, change.subject or None, actor)
    if change.second_factor is False:
        waits |= resetting.reset(engine, name, actor)
    if password is not None or disabled is not None:
        waits |= accounts.change(engine, name, password=password, disabled=disabled, actor=actor)
    return waits, account_view.get_user(engine, actor, name)


@router.post(
    "/users/{name}/grants", summary="Grant a role in an area", status_code=HTTPStatus.CREATED,
    responses=WITH_BODY | WAITS, dependencies=[Depends(json_only)],
)  # fmt: skip
def add_grant(
    *,
    name: Name,
    given: Annotated[NewGrant, Body()],
    query: Words,
    context: ContextDep,
    actor: ActorDep,
    response: Response,
) -> User:
    """Inside one's own area only; in force from now.

    202: a role that opens contacts or the audit waits for a second person (`proposals`).
    """
    granted = accounts.grant(context.engine, name, given.role, given.area, given.until, actor=actor)
    if granted.id is None:
        response.status_code = HTTPStatus.ACCEPTED
    return account_view.get_user(context.engine, actor, name)


@router.delete(
    "/users/{name}/grants/{grant_id}", summary="Take a grant back",
    status_code=HTTPStatus.NO_CONTENT, responses=REFUSALS,
)  # fmt: skip
def revoke_grant(
    *,
    name: Name,
    grant_id: Annotated[int, Path(ge=1, lt=2**63, description="`id` of the grant.")],
    query: Words,
    context: ContextDep,
    actor: ActorDep,
    sessions: SessionsDep,
) -> None:
    """Sessions that act under it end at once, their streams within two seconds."""
    accounts.end_grant(context.engine, name, grant_id, actor=actor)
    sessions.forget()


@router.delete(
    "/users/{name}/sessions", summary="Sign an account out everywhere",
    status_code=HTTPStatus.NO_CONTENT, responses=REFUSALS,
)  # fmt: skip
def end_user_sessions(
    *, name: Name, query: Words, context: ContextDep, actor: ActorDep, sessions: SessionsDep
) -> None:
    """End all its sessions; it may sign in again."""
    accounts.end_sessions(context.engine, name, actor=actor)
    sessions.forget()
