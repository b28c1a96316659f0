"""A session for our own programs, which go in by the front door like everybody else."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from app.cli.terminal import give_up
from app.core.context import Context
from app.core.db import reading, writing
from app.identity import account_queries, demo, passwords, queries
from app.identity import service as identity
from app.identity.cookies import HOST_ONLY, PLAIN, SECURE
from app.identity.rules import Key, KeyRight, Role
from app.places import queries as places
from geodata import codes

# Where no city is loaded: the demo city's.
SOME_CITY = 620100000000000


def headers(context: Context) -> dict[str, str]:
    """The headers of requests (over http, on this machine) in a new session of the service."""
    token = demo.open_service_session(context.engine, _city_code(context))
    return headers_of(token)


@contextmanager
def acting(engine: Engine, role: Role, area: int) -> Iterator[str]:
    """The token of a session in a role over an area, for measuring; it ends with the block, and
    leaves nothing."""
    token = secrets.token_urlsafe(identity.TOKEN_BYTES)
    name = f"bench_{secrets.token_hex(4)}"
    with writing(engine) as session:
        account = account_queries.add(session, name, passwords.UNUSABLE, area, demo=False)
        if account is None:
            raise give_up("Try again: the name of the account for measuring is taken.")
        grant = account_queries.add_grant(session, account, role, area, None)
        queries.add_sign_in(session, identity.token_hash(token), account, grant)
    try:
        yield token
    finally:
        with writing(engine) as session:
            account_queries.delete(session, account)


def headers_of(token: str) -> dict[str, str]:
    """The headers of requests (over http, on this machine) in a session."""
    # Under which name a server looks for it follows from its settings, which may not be ours.
    cookies = "; ".join(f"{name}={token}" for name in (PLAIN, HOST_ONLY, SECURE))
    return {"Cookie": cookies, "X-Minqing-Token": identity.header_token(token)}


def program_key(context: Context) -> Key:
    """The key of a program of our own that is in the database already: it opens no door."""
    code = _city_code(context)
    lo, hi = codes.code_range(code)
    rights = frozenset({KeyRight.WARN})
    return Key(0, "simulation", code, lo, hi, token="", rights=rights)


def _city_code(context: Context) -> int:
    with reading(context.engine) as session:
        city = places.city(session)
    return city.code if city else SOME_CITY
