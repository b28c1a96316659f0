"""What the card of one case says beside the case: who has it, what may be done, what was done."""

from app.identity.rules import Actor
from app.incidents import rules
from app.incidents.cases.schemas import TimelineStep
from app.incidents.cases.whole import WholeCase
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
from app.incidents.rules import Step


def standing(
    whole: WholeCase, case: Case, duplicates: list[CaseRef], actor: Actor | None
) -> CaseStanding:
    """Version, carrier, unit, next steps and ties to other cases.

    Args:
        case: the fold of its log at the minute looked at.
        duplicates: those that stand merged into it.
    """
    unit = whole.units.get(case.unit_id) if case.unit_id is not None else None
    leading = whole.others.get(case.duplicate_of) if case.duplicate_of is not None else None
    kind = rules.kind_of(whole.category)
    return CaseStanding(
        version=case.version,
        tier=case.tier,
        assigned_to=AssignedUnit.model_validate(unit) if unit is not None else None,
        next_steps=next_steps(case, kind, whole.unit(case.unit_id), actor) if actor else [],
        duplicate_of=CaseRef.model_validate(leading) if leading is not None else None,
        duplicates=duplicates,
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


def timeline(whole: WholeCase) -> list[TimelineStep]:
    """The steps of a case as they are sent: who acted by role and place, never by account."""
    return [
        TimelineStep(
            ordinal=step.ordinal,
            at=step.at,
            step=Step(step.step),
            status=step.status,
            tier=step.tier,
            reason=step.reason,
            role=step.role,
            program=step.program,
            post=whole.posts.get(step.area_code) if step.area_code is not None else None,
            unit=whole.call_sign(step.unit_id),
            until=step.until,
            outcome=step.outcome,
            other_no=step.other_no if step.other_no in whole.others else None,
            from_cell=step.from_cell,
        )
        for step in whole.log
    ]
