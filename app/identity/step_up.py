"""Stepping up: the password once more, right before something protected is shown or taken out, and
the code of a second factor where the account has one.

Whoever signs in at the city's provider signs in there once more instead (`linking.step_up_as`).
"""

from http import HTTPStatus

from sqlalchemy import Engine

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem
from app.identity import attempts, passwords, queries, rules, service
from app.identity.rules import Actor
from app.identity.second_factor import checking
from app.identity.second_factor.sealing import Seal


def require_step_up(actor: Actor) -> None:
    """To be called before a contact is shown or cases are exported.

    Raises:
        Problem: 403 `step-up` when the password was not given again in the last five minutes.
    """
    if not rules.is_stepped_up(actor.stepped_up_until, utc_now()):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "step-up",
            "Password needed again",
            "Give your password again, and your code where you have one (POST"
            " /api/v1/session/step_up), or sign in again at the provider"
            " (GET /api/v1/session/oidc/start?step_up=true), then repeat this within"
            f" {rules.STEP_UP_S // 60} minutes.",
        )


def step_up(
    engine: Engine, actor: Actor, password: str, code: str | None = None, *, seal: Seal
) -> None:
    """Open what is protected to this session, for a while.

    Args:
        code: of the second factor; None where none was given.
        seal: the way to the keys of second factors.

    Raises:
        Problem: 403 `wrong-credentials` for a wrong password (not 401: the session goes on);
            403 `code-needed` and `wrong-code` of an account with a second factor; 429 while one
            must wait, as at sign-in; 503 where a code cannot be checked.
    """
    attempt = attempts.in_session(actor.name, service.token_hash(actor.token))
    with writing(engine) as session:
        attempts.count(session, attempt, utc_now())
    with reading(engine) as session:
        known = queries.account(session, actor.name)
    if known is None or not passwords.is_right(known.password_hash, password):
        raise _wrong()
    if known.has_factor and code is None:
        with writing(engine) as session:
            attempts.take_back(session, attempt)
        raise checking.code_needed(HTTPStatus.FORBIDDEN)
    with writing(engine) as session:
        status = HTTPStatus.FORBIDDEN
        code = code if known.has_factor else None
        passed = checking.check(session, seal, known.id, code, utc_now(), status=status)
        attempts.succeeded(session, attempt)
        queries.step_up(session, service.token_hash(actor.token))
        checking.note(session, passed, actor, actor.area_code)


def _wrong() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "wrong-credentials",
        "Not stepped up",
        "The password is wrong.",
        (FieldError("password", "is not that of this account"),),
    )
