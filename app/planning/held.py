"""Finding a plan, and taking it to change it: held to the end, as whoever asks has seen it."""

from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Problem, not_found
from app.planning import queries
from app.planning.models import Plan
from app.planning.rules import JobKind, JobState, PlanState


def find(session: Session, plan_id: int) -> Plan:
    """A plan inside the session's scope, to look at.

    Raises:
        Problem: 404.
    """
    plan = queries.one(session, plan_id)
    if plan is None:
        raise not_found("plan", plan_id)
    return plan


def hold(session: Session, plan_id: int, if_match: str | None = None) -> Plan:
    """A plan, held: of two that change it at once the second sees what the first has left.

    Args:
        if_match: the header `If-Match`, where one is needed.

    Raises:
        Problem: 404; 409 `plan-busy` with `job_id` while a job puts it into force; 412 with
            `revision` where the plan has moved on.
    """
    job_id = queries.first_job(session, plan_id, JobKind.PUBLISH, (JobState.RUNNING,))
    if job_id is not None:
        find(session, plan_id)
        raise Problem(
            HTTPStatus.CONFLICT, "plan-busy", "It is being published",
            f"Job {job_id} puts it into force. Wait for it, or cancel it.",
            extra={"job_id": job_id},
        )  # fmt: skip
    return take(session, plan_id, if_match)


def take(session: Session, plan_id: int, if_match: str | None = None) -> Plan:
    """As `hold`, waiting for whoever has it: for the job that puts it into force.

    Raises:
        Problem: 404; 412.
    """
    plan = queries.locked(session, plan_id)
    if plan is None:
        raise not_found("plan", plan_id)
    if if_match is not None:
        check_revision(plan, if_match)
    return plan


def check_revision(plan: Plan, if_match: str) -> None:
    """Refuse what was decided upon another state of the plan.

    Raises:
        Problem: 412 with `revision`.
    """
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" in tags or f'"{plan.revision}"' in tags:
        return
    raise Problem(
        HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "The plan has moved on",
        f"If-Match: it stands at revision {plan.revision} now. Look at it again.",
        (FieldError("If-Match", f"the revision is {plan.revision} now"),),
        extra={"revision": plan.revision},
    )  # fmt: skip


def hold_draft(session: Session, plan_id: int, if_match: str | None = None) -> Plan:
    """As `hold`, for what can be done to a draft only.

    Raises:
        Problem: as `hold`; 409 `plan-not-draft`.
    """
    plan = hold(session, plan_id, if_match)
    if plan.state != PlanState.DRAFT:
        detail = f"The plan is {plan.state}; only a draft can be changed. Send it back first."
        raise Problem(HTTPStatus.CONFLICT, "plan-not-draft", "No draft", detail,
                      (FieldError("state", f"is {plan.state}"),))  # fmt: skip
    return plan
