"""Accounts that are nobody's: those of the demo, and the one of our own programs."""

from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import writing
from app.identity import account_queries, passwords, queries, service
from app.identity.rules import Role
from app.identity.second_factor import queries as factors
from app.identity.second_person import queries as second
from app.places import queries as places
from geodata.codes import Level, level_of

SERVICE_ACCOUNT = "simulation"


class DemoArea(NamedTuple):
    """An area in which every role has a demo account."""

    code: int
    level: Level
    name: str | None


def ensure_demo_accounts(engine: Engine, password: str) -> list[DemoArea]:
    """One account a role and tier, all with this password; where, none without a city.

    They are as new at every start: let in, with their grant, and without a second factor.
    """
    password_hash = passwords.hashed(password)
    with writing(engine) as session:
        chain = queries.demo_chain(session)
        for code in chain:
            for role in Role:
                _ensure(session, name_of(role, code), password_hash, role, code)
        named = places.names(session, chain, utc_now())
    return [
        DemoArea(code, level_of(code), named[code].name if code in named else None)
        for code in chain
    ]


def name_of(role: Role, code: int) -> str:
    """The demo account of a role in an area; the whole city's goes by the role alone."""
    return role.value if level_of(code) is Level.CITY else f"{role.value}.{code}"


def _ensure(session: Session, name: str, secret: str, role: Role, code: int) -> int | None:
    """The account's id; None where a real account has that name, which is left alone."""
    account_id = account_queries.add(session, name, secret, code, demo=True)
    if account_id is None:
        known = queries.account(session, name)
        if known is None or not known.demo:
            return None
        account_id = int(known.id)
        if secret != passwords.UNUSABLE:
            account_queries.set_password(session, account_id, secret)
            account_queries.set_disabled(session, account_id, disabled=False)
            second.make_own(session, account_id)
            factors.remove(session, account_id)
    held = queries.grants(session, account_id)
    if not any((g.role, g.area_code) == (role, code) for g in held):
        account_queries.add_grant(session, account_id, role, code, None)
    return account_id


def delete_demo_accounts(engine: Engine) -> None:
    """Demo accounts go with the demo, and their sessions with them."""
    with writing(engine) as session:
        queries.delete_demo_accounts(session)


def open_service_session(engine: Engine, city_code: int) -> str:
    """The token of a session of our own programs (simulation, measurements), without a password.

    Whoever can call this holds the database already.

    Raises:
        ValueError: a real account has that name.
    """
    with writing(engine) as session:
        account_id = _ensure(
            session, SERVICE_ACCOUNT, passwords.UNUSABLE, Role.CITY_ADMIN, city_code
        )
        if account_id is None:
            raise ValueError(f"the account {SERVICE_ACCOUNT} is not one of our own programs")
        return service.open_session(session, account_id, Role.CITY_ADMIN, city_code)
