"""A session for our own programs, which go in by the front door like everybody else."""

from app.core.context import Context
from app.core.db import reading
from app.identity import demo
from app.identity import service as identity
from app.identity.cookies import PLAIN
from app.identity.keys import Key
from app.places import queries as places
from geodata import codes

# Where no city is loaded: the demo city's.
SOME_CITY = 620100000000000


def headers(context: Context) -> dict[str, str]:
    """The headers of requests (over http, on this machine) in a new session of the service."""
    token = demo.open_service_session(context.engine, _city_code(context))
    return {"Cookie": f"{PLAIN}={token}", "X-Minqing-Token": identity.header_token(token)}


def program_key(context: Context) -> Key:
    """The key of a program of our own that is in the database already: it opens no door."""
    code = _city_code(context)
    return Key("simulation", code, *codes.code_range(code), token="")


def _city_code(context: Context) -> int:
    with reading(context.engine) as session:
        city = places.city(session)
    return city.code if city else SOME_CITY
