"""Stands in front of every path behind sign-in: nobody else gets further, whatever the route."""

import hmac
import re
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import problem_answers
from app.core.errors import FieldError, Problem
from app.core.settings import Settings
from app.core.turns import Turns
from app.guards import GUARDED, SAFE_METHODS, large_body
from app.identity.cookies import cookies_of
from app.identity.deps import ACTOR, PROGRAM
from app.identity.keys import HEADER, Keys, bad_key, refuse_unless_may
from app.identity.rules import Actor, Asker, Key
from app.identity.service import (
    Sessions,
    first_sign_in,
    header_token,
    not_signed_in,
    refuse_unless_open,
)

OPEN = frozenset({
    ("GET", "/api/v1/openapi.json"), ("HEAD", "/api/v1/openapi.json"), ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session/oidc"), ("GET", "/api/v1/session/oidc/start"),
    ("GET", "/api/v1/session/oidc/callback"),
})  # fmt: skip
# Paths of programs alone: without a key it is not a session that is missing.
KEY_PATHS = frozenset({("POST", "/api/v1/warnings"), ("GET", "/api/v1/incidents/states")})
# Of an account that is not its post's alone yet, or must have a second factor first.
AT_FIRST_SIGN_IN = frozenset(
    {
        ("GET", "/api/v1/session"),
        ("DELETE", "/api/v1/session"),
        ("POST", "/api/v1/session/password"),
        ("POST", "/api/v1/session/release"),
        ("PUT", "/api/v1/session/grant"),
        ("POST", "/api/v1/session/second_factor"),
        ("POST", "/api/v1/session/second_factor/confirm"),
    }
)
HEADER_TOKEN = "x-minqing-token"
# The page says by it that nobody has touched it lately: what it fetches then counts for nothing.
BACKGROUND = "x-minqing-background"
# Fetched by the browser itself, or again and again: never a sign that somebody is there.
UNATTENDED = ("/api/v1/stream", "/heat/")
# PostgreSQL itself asks once more in the writing transaction: what is remembered is enough here.
ASKED_BY_THE_WRITE = frozenset({"/api/v1/incidents", "/api/v1/incidents/batch"})
DEMO_HEADER = "X-Minqing-Demo"
STREAM = "/api/v1/stream"
# Of one account, or one key: fewer at once than half of the connections to the database, and more
# than a browser asks for at once. Large bodies lie on the disk, or in memory, until they are read.
REQUESTS = {"at_once": 8, "waiting": 2_000}
LARGE_REQUESTS = {"at_once": 4, "waiting": 100}
# Files that take seconds to be made: whoever takes many can go on working meanwhile.
FILES = re.compile(r"/api/v1/(plans/[^/]+/moves\.|exports/)")


class SignedIn:
    """ASGI middleware that finds out who acts, and refuses nobody's requests and forged writes."""

    def __init__(self, app: ASGIApp, sessions: Sessions, keys: Keys, settings: Settings) -> None:
        self.app = app
        self.sessions = sessions
        self.keys = keys
        self.demo = settings.demo
        self._turns = Turns("requests of this account", **REQUESTS)
        # Reports have threads and connections of their own: nothing else holds them up.
        self._report_turns = Turns("reports of this account", **REQUESTS)
        self._large_turns = Turns("files of this account", **LARGE_REQUESTS)
        self.cookies = {scheme: cookies_of(settings, scheme) for scheme in ("http", "https")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_guarded(scope["method"], scope["path"]):
            await self.app(scope, receive, send)
            return
        with ExitStack() as turn:
            refused = await self._entered(scope, turn)

            async def sending(message: Message) -> None:
                # All work is done then; who reads slowly holds no turn.
                if message["type"] == "http.response.start":
                    turn.close()
                await send(message)

            app = self.app if refused is None else self._refusal(refused, scope["path"])
            await app(scope, receive, sending)

    async def _entered(self, scope: Scope, turn: ExitStack) -> Problem | None:
        """Find out who asks and wait for their turn, which `turn` leaves; why that is refused."""
        try:
            asker = await self._asker(scope, Headers(scope=scope))
            turns = self._turns_for(scope, asker)
            if turns is not None:
                waited = await turns.enter(_known_as(asker))
                turn.callback(turns.leave, _known_as(asker))
                if waited:  # what was so before may be so no more
                    await self._asker(scope, Headers(scope=scope))
        except Problem as problem:
            return problem
        except (DBAPIError, PoolTimeout) as error:
            return problem_answers.from_database(error)
        return None

    def _refusal(self, refused: Problem, path: str) -> ASGIApp:
        if self.demo and refused.status == HTTPStatus.UNAUTHORIZED:
            refused.headers[DEMO_HEADER] = "1"
        return problem_answers.answer(refused, path)

    async def _asker(self, scope: Scope, headers: Headers) -> Asker:
        if HEADER in headers or (scope["method"], scope["path"]) in KEY_PATHS:
            key: Key = await self._program(headers.get(HEADER, ""))
            scope[PROGRAM] = key
            return key
        actor: Actor = await self._admit(scope, headers)
        scope[ACTOR] = actor
        return actor

    def _turns_for(self, scope: Scope, asker: Asker) -> Turns | None:
        """Among which requests of the asker this one waits for its turn; None for a stream, which
        has places of its own.

        Raises:
            Problem: 403 where it would bring a large body that they may not send.
        """
        large = None if scope["method"] in SAFE_METHODS else large_body(scope["path"])
        if large is not None:
            if isinstance(asker, Key):
                refuse_unless_may(asker, large.operation)
            else:
                refuse_unless_open(asker, large.operation)
            return self._large_turns
        if scope["path"] == STREAM:
            return None
        if scope["method"] == "POST" and scope["path"] in ASKED_BY_THE_WRITE:
            return self._report_turns
        return self._large_turns if FILES.match(scope["path"]) else self._turns

    async def _program(self, given: str) -> Key:
        """The program that asks. A page of another site cannot send such a header."""
        is_known, key = self.keys.remembered(given)
        if not is_known:
            key = await run_in_threadpool(self.keys.look_up, given)
        if key is None:
            raise bad_key()
        return key

    async def _admit(self, scope: Scope, headers: Headers) -> Actor:
        cookies = self.cookies.get(scope.get("scheme", "http"), self.cookies["http"])
        token = cookies.token_in(headers.get("cookie", ""))
        if token is None:
            raise not_signed_in()
        by_person = is_by_person(scope["path"], headers)
        is_known, actor = self.sessions.remembered(token, by_person=by_person)
        is_safe = scope["method"] in SAFE_METHODS or scope["path"] in ASKED_BY_THE_WRITE
        is_held = actor is not None and actor.at_first_sign_in
        if not is_known or not is_safe or is_held:
            ask = partial(self.sessions.look_up, token, by_person=by_person)
            actor = await run_in_threadpool(ask)
        if actor is None:
            raise not_signed_in()
        if scope["method"] not in SAFE_METHODS:
            given = headers.get(HEADER_TOKEN, "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, header_token(token).encode()):
                raise _forged()
        if actor.at_first_sign_in and (scope["method"], scope["path"]) not in AT_FIRST_SIGN_IN:
            raise first_sign_in(actor)
        return actor


def is_guarded(method: str, path: str) -> bool:
    """Whether a path is behind sign-in."""
    return path.startswith(GUARDED) and (method, path) not in OPEN


def is_by_person(path: str, headers: Headers) -> bool:
    """Whether a request counts as activity; without a word to the contrary it does."""
    return headers.get(BACKGROUND) != "1" and not path.startswith(UNATTENDED)


def _known_as(asker: Asker) -> tuple[str, int]:
    return ("key", asker.id) if isinstance(asker, Key) else ("account", asker.account_id)


def _forged() -> Problem:
    message = "must be the header token of the session (GET /api/v1/session)"
    return Problem(
        HTTPStatus.FORBIDDEN, "header-token", "Header token missing or wrong",
        f"X-Minqing-Token: {message}", (FieldError("X-Minqing-Token", message),),
    )  # fmt: skip
