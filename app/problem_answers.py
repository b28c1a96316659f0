"""Turning what was raised into application/problem+json, in one table."""

from http import HTTPStatus
from uuid import uuid4

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout as QuickPoolTimeout
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app.core.errors import (
    MEDIA_TYPE,
    MOST_ERRORS,
    FieldError,
    Problem,
    from_errors,
    unavailable,
)
from app.core.waiting_room import NobodyWaits

log = structlog.get_logger()

HUNG_UP = 499
"""The status of an answer that nobody reads, as nginx counts it."""
SLUGS = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "content-too-large"}


def answer(problem: Problem, path: str) -> Response:
    """The HTTP answer that says it."""
    return JSONResponse(
        problem.body(path), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def from_validation(error: RequestValidationError) -> Problem:
    """FastAPI's refusal of an input, in our words. A broken JSON body is 400, the rest 422."""
    found = error.errors()
    broken = any(e["type"] == "json_invalid" for e in found[:MOST_ERRORS])
    return from_errors(found, HTTPStatus.BAD_REQUEST if broken else HTTPStatus.UNPROCESSABLE_ENTITY)


_AWAY = (PoolTimeout, OperationalError, QuickPoolTimeout, psycopg.OperationalError)


def from_database(error: Exception) -> Problem:
    """The store is away, full or frozen: 503. Anything else of it is our own fault: 500."""
    if isinstance(error, _AWAY):
        return unavailable("The database does not answer. Nothing was changed; try again.")
    return internal()


def internal() -> Problem:
    """A fault of ours; its number is in the log."""
    number = uuid4().hex
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "Internal error",
        f"Our fault. It was logged under {number}.",
        headers={"X-Error-Id": number},
    )


def install(app: FastAPI) -> None:
    """Teach the app to answer with problems.

    By coroutines: a refusal needs no thread, also while all of them work.
    """

    @app.exception_handler(Problem)
    async def of_ours(request: Request, error: Problem) -> Response:
        return answer(error, request.url.path)

    @app.exception_handler(NobodyWaits)
    async def of_nobody(request: Request, error: Exception) -> Response:
        return Response(status_code=HUNG_UP)

    @app.exception_handler(RequestValidationError)
    async def of_input(request: Request, error: RequestValidationError) -> Response:
        return answer(from_validation(error), request.url.path)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        slug = SLUGS.get(status) or status.phrase.lower().replace(" ", "-")
        detail = str(jsonable_encoder(error.detail))
        in_body = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        problem = Problem(
            status, slug, status.phrase, detail,
            (FieldError("body", detail),) if in_body else (), dict(error.headers or {}),
        )  # fmt: skip
        return answer(problem, request.url.path)

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(QuickPoolTimeout)
    @app.exception_handler(psycopg.Error)
    @app.exception_handler(DBAPIError)
    async def of_database(request: Request, error: Exception) -> Response:
        problem = from_database(error)
        log.error("database", path=request.url.path, error=type(error).__name__, **problem.headers)
        return answer(problem, request.url.path)

    @app.exception_handler(Exception)
    async def of_us(request: Request, error: Exception) -> Response:
        problem = internal()
        log.error("internal", path=request.url.path, exc_info=error, **problem.headers)
        return answer(problem, request.url.path)
