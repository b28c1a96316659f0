"""What the card of one case says beside the case: who has it, what may be done, what was done."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.identity.rules import Actor
from app.incidents import rules
from app.incidents.cases.schemas import Incident, TimelineStep
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.rules import Case
from app.incidents.lifecycle.schemas import (
    AssignedUnit,
    CaseRef,
    CaseStanding,
    FieldKind,
    NextStep,
    StepField,
)
from app.incidents.lifecycle.who_may import Unit
from app.incidents.lifecycle.words import words_of
from app.incidents.queries import AnyRow
from app.places import queries as place_queries


def standing(
    session: Session, incident: Incident, case: Case, at: datetime, actor: Actor | None
) -> CaseStanding:
    """Version, carrier, unit, next steps and ties to other cases, as of `at`."""
    row = step_queries.units(session, [case.unit_id]).get(case.unit_id) if case.unit_id else None
    leading = case.duplicate_of
    following = step_queries.merged_into(session, incident.no, at)
    seen = step_queries.refs(session, [*following, *([leading] if leading else [])])
    unit = step_queries.as_unit(row) if row is not None else None
    return CaseStanding(
        version=case.version,
        tier=case.tier,
        assigned_to=AssignedUnit.model_validate(row) if row is not None else None,
        next_steps=next_steps(case, incident.kind, unit, actor) if actor else [],
        duplicate_of=CaseRef.model_validate(seen[leading]) if leading in seen else None,
        duplicates=[CaseRef.model_validate(seen[no]) for no in sorted(following) if no in seen],
        returned=case.returned,
        reopened=case.reopened,
        satisfaction=case.satisfaction,
        suspended_until=case.suspended_until,
        asks_extension=case.asks_extension,
        appeals=case.appeals,
    )


def next_steps(case: Case, kind: str, unit: Unit | None, actor: Actor) -> list[NextStep]:
    """What an actor may do with a case now, and what each step says.

    Args:
        kind: of the case: a dispute says how it ended.
    """
    post = post_of(actor)
    waited_for = who_may.task_of(case, post, unit)
    return [
        NextStep(step=step, fields=_fields(step, kind), ordinary=step is waited_for)
        for step in who_may.steps_of(case, post, unit)
    ]


def _fields(step: rules.Step, kind: str) -> list[StepField]:
    return [
        StepField(
            name=word.name,
            required=word.required,
            kind=FieldKind(word.kind),
            choices=list(word.choices),
        )
        for word in words_of(step, is_dispute=kind == "dispute")
    ]


def timeline(session: Session, steps: Sequence[AnyRow], at: datetime) -> list[TimelineStep]:
    """The steps of a case as they are sent: who acted by role and place, never by account.

    Args:
        steps: its log, in order.
    """
    units = step_queries.units(session, (step.unit_id for step in steps if step.unit_id))
    areas = {step.area_code for step in steps if step.area_code}
    named = place_queries.names(session, areas, at) if areas else {}
    others = step_queries.refs(session, (step.other_no for step in steps if step.other_no))
    return [
        TimelineStep(
            ordinal=step.ordinal,
            at=step.at,
            step=step.step,
            status=step.status,
            tier=step.tier,
            reason=step.reason,
            role=step.role,
            program=step.program,
            post=named[step.area_code].name if step.area_code in named else None,
            unit=units[step.unit_id].call_sign if step.unit_id in units else None,
            until=step.until,
            outcome=step.outcome,
            other_no=step.other_no if step.other_no in others else None,
            from_cell=step.from_cell,
        )
        for step in steps
    ]
