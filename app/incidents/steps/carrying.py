"""Carrying a case along its ordinary course as a program, for domains that do more than a step."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import Problem, not_found
from app.identity.rules import Actor
from app.incidents import queries
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle.words import Said
from app.incidents.rules import Status, Step, is_open
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


class Reached(StrEnum):
    """How far a case was carried."""

    THERE = "there"
    BEYOND = "beyond"
    ENDED = "ended"
    SUSPENDED = "suspended"
    UNVERIFIED = "unverified"


@dataclass(frozen=True)
class Carried:
    """What became of a case that was to be carried to a state; whoever carries it looks at this.

    Attributes:
        status: the state in which it is left.
        reached: whether it stands there (`there`), stood further on already (`beyond`), had ended
            in another way (`ended`), or waits where it is: for the end of its suspension
            (`suspended`), or to be verified (`unverified`).
    """

    status: Status
    reached: Reached

    @property
    def is_open(self) -> bool:
        """Whether somebody still has something to do."""
        return is_open(self.status)

    @property
    def waits(self) -> bool:
        """Whether something else has to happen before it can go on."""
        return self.reached in {Reached.SUSPENDED, Reached.UNVERIFIED}

    def or_refuse(self) -> None:
        """For whoever cannot do without.

        Raises:
            Problem: 409 `case-not-open` where the case waits for something else.
        """
        if self.waits:
            detail = f"The case stands at {self.status}."
            raise Problem(HTTPStatus.CONFLICT, "case-not-open", "The case waits", detail)


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
) -> Carried:
    """Take the steps that lead a case to a state, as far as nothing else holds it up: all of them
    written at once, with one event.

    A case that is beyond that state already, has ended, or waits for something of its own (a
    verification, the end of a suspension) stays where it is.

    Args:
        until: a state of the ordinary course.
        actor: in whose name; None for a program's.
        unit_id: to which unit it is assigned, where it comes past that.
        outcome: with which it is closed, where it comes past that.

    Raises:
        Problem: 404; 409 for a step that may not follow.
    """
    held = steps.hold(session, no, now, actor=actor, unit_id=unit_id)
    case, taken = held.case, []
    while case.status in COURSE and _ORDER.index(case.status) < _ORDER.index(until):
        step = COURSE[case.status]
        said = Said(
            step,
            unit_id=unit_id if step is Step.ASSIGN else None,
            outcome=outcome if step is Step.CLOSE else None,
        )
        taken.append(steps.possible_step(case, said, now, actor))
        case = lifecycle.apply(case, taken[-1])
    if taken:
        steps.write(session, held, taken, actor=None)
    return Carried(case.status, reached(case.status, until))


def reached(status: Status, until: Status) -> Reached:
    """How a state stands to the one to which a case was to be carried."""
    if status is until:
        return Reached.THERE
    if status is Status.SUSPENDED:
        return Reached.SUSPENDED
    if status is Status.PENDING_VERIFY:
        return Reached.UNVERIFIED
    return Reached.BEYOND if is_open(status) else Reached.ENDED
