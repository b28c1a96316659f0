"""The paths that must be quick, in front of the framework's routing: tiles, heat, layers
and figures.

The same words, answers and problems as everywhere else; only the way to them is shorter.
"""

import re
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import psycopg
import structlog
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as EnginePoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from app import problem_answers
from app.core.answers import FOR_EVER, REVALIDATE, Ready, request_headers
from app.core.clock import utc_now
from app.core.errors import Problem, invalid, not_found, unavailable
from app.identity.deps import ACTOR, PROGRAM
from app.identity.keys import key_not_allowed
from app.identity.rules import Actor
from app.identity.service import not_signed_in, refuse_unless_open, scope_of
from app.maps.figures import Asked, Words
from app.maps.schemas import (
    LAYER_QUERIES,
    TILE_QUERIES,
    CountsQuery,
    FiguresQuery,
    HeatQuery,
    HistogramQuery,
    TilePath,
    UnitTileQuery,
)
from app.maps.service import Maps
from tiles.vector import TileAddress

log = structlog.get_logger()

AnyWords = TypeVar("AnyWords", bound=BaseModel)

TILE_PATH = re.compile(r"/tiles/([^/]*)/([^/]*)/([^/]*)/([^/]*)\.mvt")
HEAT_PATH = re.compile(r"/heat/([^/]*)/([^/]*)/([^/]*)\.png")
LAYER_PATH = re.compile(r"/api/v1/layers/([^/]*)\.geojson")
PREFIXES = ("/tiles/", "/heat/", "/api/v1/layers/")
FIGURES: dict[str, tuple[str, type[Words]]] = {
    "/api/v1/figures": ("get_figures", FiguresQuery),
    "/api/v1/counts": ("count_incidents", CountsQuery),
    "/api/v1/histogram": ("count_incidents_over_time", HistogramQuery),
}
"""Paths of figures: the operation, and its words."""
MOST_WORDS = 60
REPEATABLE = frozenset({"category", "status", "parts"})


class HotPaths:
    """ASGI middleware that answers the quick paths itself and hands on the rest."""

    def __init__(self, app: ASGIApp, maps: Maps) -> None:
        self.app = app
        self.maps = maps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and is_quick(scope["path"]):
            await answer(self.maps, scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_quick(path: str) -> bool:
    """Whether a path is answered here."""
    return path in FIGURES or path.startswith(PREFIXES)


async def answer(maps: Maps, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request for a quick path, refusals included."""
    try:
        if scope["method"] not in ("GET", "HEAD"):
            raise _wrong_method()
        ready, caching = await find(maps, scope)
        await ready.send(scope, send, caching)
        return
    except Problem as refused:
        problem = refused
    except ValidationError as error:
        located = [{**e, "loc": ("query", *e["loc"])} for e in error.errors()]
        problem = problem_answers.from_validation(RequestValidationError(located))
    except (PoolTimeout, psycopg.OperationalError) as error:
        log.error("database", path=scope["path"], error=type(error).__name__)
        problem = unavailable("The database does not answer. Nothing was changed; try again.")
    except (DBAPIError, EnginePoolTimeout) as error:
        problem = problem_answers.from_database(error)
    await problem_answers.answer(problem, scope["path"])(scope, receive, send)


async def find(maps: Maps, scope: Scope) -> tuple[Ready, bytes]:
    """The answer for a path, and how long it may be kept.

    Raises:
        Problem, ValidationError, psycopg.OperationalError: it is refused.
    """
    path: str = scope["path"]
    actor: Actor | None = scope.get(ACTOR)
    if PROGRAM in scope:
        raise key_not_allowed(scope[PROGRAM], "")
    if actor is None:
        raise not_signed_in()
    if path in FIGURES:
        operation, model = FIGURES[path]
        refuse_unless_open(actor, operation)
        words = parse_words(scope, model)
        known = request_headers(scope).get(b"if-none-match")
        return await maps.figures.answer(Asked(words, actor, utc_now(), known)), REVALIDATE
    sees = scope_of(actor)
    if (tile := TILE_PATH.fullmatch(path)) and tile[1] in TILE_QUERIES:
        address = _address(tile[2], tile[3], tile[4])
        refuse_unless_open(actor, f"get_{tile[1]}_tile")
        tile_words = parse_words(scope, TILE_QUERIES[tile[1]])
        ready = await maps.tiles.get(tile[1], address, tile_words, utc_now(), sees)
        return ready, _caching(tile_words)
    if heat := HEAT_PATH.fullmatch(path):
        address = _address(heat[1], heat[2], heat[3])
        refuse_unless_open(actor, "get_heat_tile")
        maps.refuse_until_ready()
        heat_words = parse_words(scope, HeatQuery)
        return await maps.heat.tile(address, heat_words, utc_now(), sees), REVALIDATE
    if (layer := LAYER_PATH.fullmatch(path)) and layer[1] in LAYER_QUERIES:
        refuse_unless_open(actor, f"get_{layer[1]}_geojson")
        layer_words = parse_words(scope, LAYER_QUERIES[layer[1]])
        ready = await maps.layers.get(layer[1], layer_words, utc_now(), sees)
        return ready, _caching(layer_words)
    raise not_found("path", path)


def _caching(words: object) -> bytes:
    # Of units each is shown their own, under the same address: who signs in next here asks anew.
    of_everybody = not isinstance(words, UnitTileQuery)
    return FOR_EVER if of_everybody and getattr(words, "v", None) is not None else REVALIDATE


def _address(z: str, x: str, y: str) -> TileAddress:
    path = TilePath.model_validate({"z": z, "x": x, "y": y})
    for name, value in (("x", path.x), ("y", path.y)):
        if value >= 2**path.z:
            raise invalid(name, f"must be less than 2^z = {2**path.z}")
    return TileAddress(path.z, path.x, path.y)


def parse_words(scope: Scope, model: type[AnyWords]) -> AnyWords:
    """The query words of a request.

    Raises:
        Problem: 422: too many words, or one given twice.
        ValidationError: a word is unknown or wrong.
    """
    query: bytes = scope["query_string"]
    if not query:
        return model.model_validate({})
    try:
        pairs = parse_qsl(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_WORDS
        )
    except ValueError:
        raise invalid("query", f"names more than {MOST_WORDS} words") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in REPEATABLE:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise invalid(name[:100], "is given twice")
        else:
            given[name] = value
    return model.model_validate(given)


def _wrong_method() -> Problem:
    status = HTTPStatus.METHOD_NOT_ALLOWED
    return Problem(
        status, "method-not-allowed", status.phrase, "Only GET and HEAD.",
        headers={"Allow": "GET, HEAD"},
    )  # fmt: skip
