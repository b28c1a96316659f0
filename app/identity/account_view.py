"""Accounts as whoever manages an area sees them."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading
from app.core.errors import not_found
from app.core.paging import cut, decode_cursor
from app.identity import account_queries as queries
from app.identity import rules, service
from app.identity.account_schemas import User, UserPage, UsersQuery
from app.identity.queries import AnyRow, Rows
from app.identity.rules import Actor, Role
from app.identity.schemas import Grant
from app.identity.second_person import queries as second
from app.identity.second_person.schemas import Proposal
from app.identity.second_person.view import shown
from app.places import queries as places
from geodata import codes
from geodata.codes import Level, level_of

EVERYWHERE = {"lo": 0, "hi": 10**15 - 1, "whole_city": True}


def list_users(engine: Engine, actor: Actor, query: UsersQuery) -> UserPage:
    """The accounts that belong or act in the actor's area, by name."""
    after = decode_cursor(query.cursor, (str,))
    lo, hi = codes.code_range(query.area) if query.area else (None, None)
    words = {
        "q": query.q, "area_lo": lo, "area_hi": hi, "after": after[0] if after else None,
        "limit": query.limit + 1,
    }  # fmt: skip
    with reading(engine) as session:
        total, rows = queries.page(session, area_of(actor), words)
        sent, following = cut(rows, query.limit, lambda row: [row.name])
        return UserPage(total=total, items=_users(session, actor, sent), next=following)


def get_user(engine: Engine, actor: Actor, name: str) -> User:
    """One account.

    Raises:
        Problem: 404 where it neither belongs nor acts in the actor's area.
    """
    with reading(engine) as session:
        return _users(session, actor, [seen(session, actor, name)])[0]


def area_of(actor: Actor | None) -> dict[str, int | bool]:
    """The area that somebody manages, for the queries; None for the command line: everywhere."""
    if actor is None:
        return EVERYWHERE
    whole_city = level_of(actor.area_code) is Level.CITY
    return {"lo": actor.lo, "hi": actor.hi, "whole_city": whole_city}


def seen(session: Session, actor: Actor | None, name: str) -> AnyRow:
    """The row of an account.

    Raises:
        Problem: 404 where it neither belongs nor acts in the actor's area.
    """
    known = None
    if rules.is_account_name(name):
        known = queries.one(session, area_of(actor), name)
    if known is None:
        raise not_found("account", name)
    return known


def _users(session: Session, actor: Actor, rows: Rows) -> list[User]:
    held = queries.grants(session, area_of(actor), [row.id for row in rows])
    named = places.names(session, {g.area_code for g in held}, utc_now())
    grants: dict[int, list[Grant]] = {row.id: [] for row in rows}
    for one in held:
        area = service.granted_area(one.area_code, named.get(one.area_code))
        grants[one.account_id].append(
            Grant(id=one.id, role=Role(one.role), area=area, valid_until=one.valid_until)
        )
    waiting: dict[int, list[Proposal]] = {row.id: [] for row in rows}
    proposed = second.of_accounts(session, area_of(actor), [row.id for row in rows])
    for row, proposal in zip(proposed, shown(session, actor, proposed), strict=True):
        waiting[row.account_id].append(proposal)
    return [
        User(
            name=row.name, demo=row.demo, area_code=row.area_code,
            disabled=row.disabled_at is not None, created_at=row.created_at,
            last_seen_at=row.last_seen_at, grants=grants[row.id], sessions=row.sessions,
            manageable=row.manageable, linked=row.linked, first_password=row.first_password,
            awaits_code=row.awaits_code, second_factor=row.second_factor, proposals=waiting[row.id],
        )
        for row in rows
    ]  # fmt: skip
