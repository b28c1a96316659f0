"""Carrying a case along its ordinary course as a program, for domains that do more than a step."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.errors import not_found
from app.identity.rules import Actor
from app.incidents import queries
from app.incidents.lifecycle import queries as step_queries
from app.incidents.rules import Status, Step
from app.incidents.steps import service as steps

COURSE = {
    Status.REPORTED: Step.REGISTER,
    Status.REGISTERED: Step.ASSIGN,
    Status.PENDING_DISPATCH: Step.ASSIGN,
    Status.RETURNED: Step.ASSIGN,
    Status.ASSIGNED: Step.ACKNOWLEDGE,
    Status.ACKNOWLEDGED: Step.HANDLE,
    Status.HANDLING: Step.HAND_BACK,
    Status.HANDLED: Step.CHECK,
    Status.PENDING_CHECK: Step.CLOSE,
}
"""The step by which a case goes on from a state; elsewhere it waits for somebody."""
_ORDER = [*COURSE, Status.CLOSED]


def status_of(session: Session, no: int, now: datetime) -> Status:
    """How a case stands now, by its log.

    Raises:
        Problem: 404.
    """
    known = queries.receipt_by_no(session, no)
    case = step_queries.case_of(session, no, known.reported_at) if known is not None else None
    if case is None:
        raise not_found("incident", no)
    return case.at(max(now, case.last_at)).status


def carry(
    session: Session,
    no: int,
    until: Status,
    now: datetime,
    *,
    actor: Actor | None,
    unit_id: int | None = None,
    outcome: str | None = None,
) -> Status:
    """Take the steps that lead a case to a state, as far as nothing else holds it up.

    A case that is beyond that state already, has ended, or waits for something of its own (a
    verification, the end of a suspension) stays where it is.

    Args:
        until: a state of the ordinary course.
        actor: in whose name; None for a program's.
        unit_id: to which unit it is assigned, where it comes past that.
        outcome: with which it is closed, where it comes past that.

    Returns:
        The state in which it is left.

    Raises:
        Problem: 404; 409 for a step that may not follow.
    """
    status = status_of(session, no, now)
    while status in COURSE and _ORDER.index(status) < _ORDER.index(until):
        step = COURSE[status]
        detail = steps.advance(
            session, no, step, now, actor=actor,
            unit_id=unit_id if step is Step.ASSIGN else None,
            outcome=outcome if step is Step.CLOSE else None,
        )  # fmt: skip
        status = detail.status
    return status
