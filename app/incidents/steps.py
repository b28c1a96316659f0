"""Moving a case along its life cycle, one step at a time."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem, invalid, not_found
from app.core.outbox import tell
from app.incidents import queries, rules, service
from app.incidents.schemas import IncidentDetail

CHANGED_TOPIC = "incident.changed"


def advance(
    session: Session, no: int, step: rules.Step, now: datetime, reason: str | None = None
) -> IncidentDetail:
    """Take one step: append it to the log, bring the case up to date, tell the stream.

    All in the caller's transaction. Two callers at once take turns: the second one's step is
    judged by the state that the first one left.

    Args:
        no: the incident's short number.
        now: when it is done (UTC); never before the step that went before it.
        reason: why; needed for a refusal, a return and an escalation.

    Raises:
        Problem: 404 for an unknown number, 409 for a step that may not follow, 422 on `reason`.
    """
    known = queries.receipt_by_no(session, no)
    if known is None:
        raise not_found("incident", no)
    case = queries.lock(session, no, known.reported_at)
    last = queries.last_event(session, no, known.reported_at)
    if step in rules.NEEDS_REASON and not reason:
        raise invalid("reason", f"is needed for the step {step}")
    try:
        status = rules.status_after(rules.Status(case.status), step)
    except ValueError as error:
        raise _illegal(str(error)) from None
    at = max(now, last.at)
    queries.make_room(session, at)
    queries.add_event(
        session,
        at=at,
        no=no,
        ordinal=last.ordinal + 1,
        step=step,
        status=status,
        tier=rules.tier_after(rules.Tier(last.tier), step),
        reason=reason,
        cell_code=case.cell_code,
    )
    closed_at = None if rules.is_open(status) else at
    queries.set_state(session, no, known.reported_at, status, closed_at)
    detail = service.get_incident_by_no(session, no, at)
    tell(session, CHANGED_TOPIC, detail.cell_code, {**detail.told(at), "step": step})
    return detail


def _illegal(detail: str) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "illegal-step",
        "This step may not follow",
        detail,
        (FieldError("step", detail),),
    )
