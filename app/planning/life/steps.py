"""A plan's life: submitted, sent back, approved by somebody else, withdrawn; set for a day."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core.clock import CITY_ZONE
from app.core.errors import FieldError, Problem, invalid
from app.identity.audit import record
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor
from app.planning import held, queries, rules
from app.planning.drafts import queries as draft_queries
from app.planning.drafts import service as drafts
from app.planning.edits import service as edits
from app.planning.edits.schemas import FaultFound
from app.planning.life import views
from app.planning.models import Plan
from app.planning.rules import PlanAct, PlanState
from app.planning.schemas import Plan as ShownPlan
from app.planning.schemas import TakenPlanStep
from geodata.progress import Progress


def is_due(given: TakenPlanStep, now: datetime) -> bool:
    """Whether a step publishes at once.

    Raises:
        Problem: 422 on `publish_on`.
    """
    on = given.publish_on
    if given.step is not PlanAct.PUBLISH:
        if on is not None:
            raise invalid("publish_on", f"means nothing to {given.step}")
        return False
    today = now.astimezone(CITY_ZONE).date()
    why = rules.why_not_on(on, today) if on is not None else None
    if why is not None:
        raise invalid("publish_on", why)
    return on is None or on == today


def take(
    session: Session,
    plan_id: int,
    given: TakenPlanStep,
    actor: Actor,
    *,
    now: datetime,
    if_match: str,
) -> ShownPlan:
    """Take a step that publishes nothing at once.

    Raises:
        Problem: 404; 412; 409 `illegal-step` with `allowed`; 409 `plan-own-approval`; 409
            `plan-busy`; 422 `plan-invalid` with `faults`.
    """
    plan = held.hold(session, plan_id, if_match)
    after = check(session, plan, given.step, actor.name)
    if given.step is PlanAct.SUBMIT:
        edits.refuse_busy(session, plan, ())
        refuse_faults(session, plan)
    if given.step is PlanAct.PUBLISH:
        after = PlanState.APPROVED
    queries.change(session, plan, now, state=after, publish_on=given.publish_on)
    write(session, plan, given.step, account=actor.name, now=now, reason=_reason(given))
    if given.step is PlanAct.APPROVE:
        record(session, actor, AuditKind.PLAN_APPROVED, area_code=plan.area_code,
               detail=f"plan {plan.id} at revision {plan.revision}")  # fmt: skip
    return views.shown(session, plan_id, actor)


def _reason(given: TakenPlanStep) -> str:
    if given.publish_on is None:
        return given.reason
    return f"{given.publish_on.isoformat()} {given.reason}".strip()


def check(session: Session, plan: Plan, act: PlanAct, account: str) -> PlanState:
    """The state after a step that this post may take now.

    Raises:
        Problem: 409 `illegal-step`, `plan-own-approval` or `plan-empty`.
    """
    after = rules.after(PlanState(plan.state), act)
    own = rules.is_own(account, plan.author, plan.editors)
    empty = not draft_queries.touched(session, plan.id)
    possible = rules.allowed(PlanState(plan.state), own=own, empty=empty)
    if after is None:
        raise _refusal("illegal-step", f"{act} may not follow in state {plan.state}", possible)
    if act is PlanAct.APPROVE and own:
        raise _refusal("plan-own-approval", "approve is for somebody who did not draw on the plan",
                       possible)  # fmt: skip
    if act is PlanAct.SUBMIT and empty:
        raise _refusal("plan-empty", "the plan moves nothing", possible)
    return after


def _refusal(slug: str, why: str, possible: tuple[PlanAct, ...]) -> Problem:
    allowed = [act.value for act in possible]
    detail = f"{why}; possible: {', '.join(allowed) or 'nothing'}"
    return Problem(HTTPStatus.CONFLICT, slug, "This may not be done now", detail,
                   (FieldError("step", detail),), extra={"allowed": allowed})  # fmt: skip


def refuse_faults(session: Session, plan: Plan, progress: Progress | None = None) -> None:
    """Refuse a plan that the gate refuses.

    Args:
        progress: told while the plan is read; may cancel.

    Raises:
        Problem: 422 `plan-invalid` with `faults`.
    """
    draft = drafts.load(session, plan, draft_queries.touched(session, plan.id), progress=progress)
    faults = draft.faults(drafts.dissolved(session, plan, draft))
    if not faults:
        return
    found = [FaultFound.of(fault).model_dump() for fault in faults]
    raise Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "plan-invalid", "The plan cannot be published",
        "; ".join(fault.detail for fault in faults),
        (FieldError("plan", faults[0].detail),), extra={"faults": found},
    )  # fmt: skip


def write(
    session: Session, plan: Plan, step: rules.PlanAct | rules.PlanNote, *, account: str,
    now: datetime, reason: str,
) -> None:  # fmt: skip
    """One more line of a plan's life, at the state in which it stands now."""
    queries.add_step(session, plan, at=now, account=account, step=step.value, state=plan.state,
                     reason=reason)  # fmt: skip
