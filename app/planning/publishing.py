"""Publishing a plan."""

from http import HTTPStatus

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.errors import Problem
from app.identity.rules import Actor
from app.planning.schemas import TakenPlanStep


def publish(
    engine: Engine,
    session: Session,
    plan_id: int,
    given: TakenPlanStep,
    actor: Actor,
    *,
    if_match: str,
) -> None:
    raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Not yet", "Comes next.")
