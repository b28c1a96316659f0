"""Moving a case along its life cycle: read whole and held, judged in memory, written once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.errors import FieldError, Problem, invalid, not_found
from app.core.outbox import emit
from app.identity.rules import Actor
from app.incidents import queries, rules
from app.incidents.cases import queries as case_queries
from app.incidents.cases import service
from app.incidents.cases.schemas import IncidentDetail
from app.incidents.cases.whole import LoggedStep, WholeCase
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.service import calendar_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle import words as step_words
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.rules import Case, IllegalStep
from app.incidents.lifecycle.transitions import NEEDS_REASON
from app.incidents.lifecycle.words import Said
from app.incidents.reading.service import CaseKey, fold
from app.incidents.steps.schemas import TakenStep

CHANGED_TOPIC = "incident.changed"
NATIONAL = CityCalendar()


@dataclass(frozen=True)
class Held:
    """A case that is held until the transaction ends.

    Attributes:
        whole: as it was read, under the lock.
        case: how it stands now: a suspension that has run out is over.
    """

    whole: WholeCase
    case: Case

    @property
    def is_dispute(self) -> bool:
        """Whether closing it says how it ended."""
        return rules.kind_of(self.whole.category) == "dispute"


def take_step(
    session: Session,
    report_id: UUID,
    given: TakenStep,
    actor: Actor,
    now: datetime,
    *,
    if_match: str | None = None,
    calendar: Calendar = NATIONAL,
) -> IncidentDetail:
    """Take one step in the name of whoever asks: judged, logged, told to the stream.

    All in the caller's transaction, under a lock on the case: of two at once the second is judged
    by the state that the first one left.

    Args:
        if_match: the header `If-Match`, where it was sent.

    Raises:
        Problem: 404 for an unknown case; 412 and 409 `stale-version` when it has moved on since it
            was seen; 403 `step-not-yours`; 409 `illegal-step`, with what is possible instead; 422
            naming the field.
    """
    other = _other(session, given, report_id)
    held = _hold(session, report_id, now, actor, given.unit_id)
    _check_version(held.case, given.version, if_match)
    _check_may(held, given.step, actor)
    said = Said(given.step, given.reason or None, given.unit_id, given.until, given.outcome,
                other.no if other else None)  # fmt: skip
    _check_words(held, said, now)
    if other is not None:
        _check_merge(session, held, other, now)
    if given.unit_id is not None and not held.whole.may_be_sent:
        raise invalid("unit_id", "is no unit on duty that serves this place or stands in your area")
    step = step_after(held.case, said, now, actor)
    if other is not None:
        held = _with_other(session, held, other.no)
    return write(session, held, [step], actor, calendar)


def advance(
    session: Session,
    no: int,
    step: rules.Step,
    now: datetime,
    reason: str | None = None,
    *,
    unit_id: int | None = None,
    outcome: str | None = None,
    actor: Actor | None = None,
) -> IncidentDetail:
    """Take one step as a program: judged by the state of the case, whoever may take it.

    What a post would have to say (unit, outcome) may be left out; a check then counts as passed.
    Several steps at once: `carrying.carry`.

    Args:
        no: the incident's short number.
        now: when it is done (UTC); never before the step that went before it.
        reason: why; needed for a refusal, a return and an escalation.
        actor: in whose name, where a post caused it.

    Raises:
        Problem: 404 for an unknown number, 409 for a step that may not follow, 422 on `reason`.
    """
    held = hold(session, no, now, actor=actor, unit_id=unit_id)
    said = Said(step, reason, unit_id=unit_id, outcome=outcome)
    return write(session, held, [possible_step(held.case, said, now, actor)], actor=None)


def note_resumed(session: Session, no: int, now: datetime) -> None:
    """Note that a suspension has run out: the case goes on since then, whoever noted it or not.

    Raises:
        Problem: 404 for an unknown number, 409 when it is not suspended any more, or still is.
    """
    held = hold(session, no, now)
    case = lifecycle.replay(held.whole.log)
    if case is None or case.status is not rules.Status.SUSPENDED or case.at(now) is case:
        raise _illegal("resume may not follow: no suspension has run out", ())
    write(session, held, [step_after(case, Said(rules.Step.RESUME), now, None)], actor=None)


def take_back_place(session: Session, no: int, now: datetime) -> None:
    """Have the exact place of a case forgotten that nobody has to go to any more, though the case
    stays open: of a warning that was concluded. Viewers hear of it; no step is taken.

    Raises:
        Problem: 404.
    """
    held = hold(session, no, now)
    queries.settle_place(session, no, held.whole.reported_at)
    detail = service.get_incident_by_no(session, no, max(now, held.case.last_at))
    payload = {**detail.told(now), "step": held.whole.log[-1].step, "steps": []}
    emit(session, CHANGED_TOPIC, held.whole.row_cell, Audience.CASES, payload)


def hold(
    session: Session,
    no: int,
    now: datetime,
    *,
    actor: Actor | None = None,
    unit_id: int | None = None,
) -> Held:
    """A case by its short number, held until the transaction ends.

    Args:
        actor, unit_id: whom steps will name that are about to be taken.

    Raises:
        Problem: 404.
    """
    return _hold(session, no, now, actor, unit_id)


def _hold(
    session: Session, key: UUID | int, now: datetime, actor: Actor | None, unit_id: int | None
) -> Held:
    whole = case_queries.whole_case(
        session,
        now,
        case_id=key if isinstance(key, UUID) else None,
        no=key if isinstance(key, int) else None,
        held=True,
        unit_id=unit_id,
        post=actor.area_code if actor else None,
    )
    case = lifecycle.replay(whole.log) if whole is not None else None
    if whole is None or case is None:
        raise not_found("incident", key)
    return Held(whole, case.at(max(now, case.last_at)))


def possible_step(case: Case, said: Said, now: datetime, actor: Actor | None) -> LoggedStep:
    """The line of the log that a program's step is, where it may follow.

    Raises:
        Problem: 409 for a step that may not follow, 422 on `reason`.
    """
    why = lifecycle.why_not(case, said.step)
    if why is not None:
        raise _illegal(why, lifecycle.possible_steps(case))
    if said.step in NEEDS_REASON and not said.reason:
        raise invalid("reason", f"is needed for the step {said.step}")
    return step_after(case, said, now, actor)


def step_after(case: Case, said: Said, now: datetime, actor: Actor | None) -> LoggedStep:
    """The line of the log that a step is; never before the step that went before it.

    Raises:
        Problem: 409 where it leads nowhere from this state.
    """
    try:
        status = lifecycle.status_after(case, said.step, said.outcome)
    except IllegalStep as error:
        raise _illegal(str(error), lifecycle.possible_steps(case)) from None
    return LoggedStep(
        at=max(now, case.last_at),
        ordinal=case.version + 1,
        step=said.step,
        status=status,
        tier=lifecycle.tier_after(case.tier, said.step),
        account_id=actor.account_id if actor else None,
        unit_id=said.unit_id,
        until=said.until,
        outcome=said.outcome,
        other_no=said.other_no,
        reason=said.reason,
        role=actor.role.value if actor else None,
        area_code=actor.area_code if actor else None,
    )


def write(
    session: Session,
    held: Held,
    steps: Sequence[LoggedStep],
    actor: Actor | None,
    calendar: Calendar = NATIONAL,
) -> IncidentDetail:
    """Write steps of a case that were taken at one instant: their lines of the log, the row of the
    case, its reading, and one event.

    Args:
        steps: at least one, in order.
        actor: for whom `next_steps` are told; None for nobody.
        calendar: by which the answer counts working days.

    Returns:
        The case as it then stands.

    Raises:
        Problem: 503 while the city's working days cannot be used.
    """
    whole, at = held.whole.after(steps), steps[-1].at
    after = lifecycle.replay(whole.log)
    if after is None:
        raise not_found("incident", whole.no)
    unit = whole.unit(after.unit_id)
    units = {after.unit_id: unit} if after.unit_id is not None and unit is not None else {}
    key = CaseKey(whole.no, whole.reported_at, whole.category, whole.row_cell)
    detail = service.detail_of(session, whole, at, calendar, actor)
    kinds = [step.step for step in steps]
    place = case_queries.write_steps(
        session,
        whole,
        steps,
        standing={
            "status": after.status,
            "closed_at": after.closed_at,
            "tier": after.tier,
            "unit_id": after.unit_id,
        },
        reading=fold(key, whole.log, whole.limits, calendar_of(session), units),
        topic=CHANGED_TOPIC,
        payload={**detail.told(at), "step": kinds[-1], "steps": kinds},
    )
    return detail.model_copy(update=place)


def _other(session: Session, given: TakenStep, report_id: UUID) -> queries.AnyRow | None:
    """The case into which this one is to be merged; both are held."""
    if given.other_id is None:
        return None
    known = queries.receipt(session, report_id)
    if known is None:
        raise not_found("incident", report_id)
    other = queries.receipt(session, given.other_id)
    if other is None:
        raise invalid("other_id", "names no incident that you can see")
    if other.no == known.no:
        raise invalid("other_id", "is the case itself")
    # In one order for everybody, or two merges could wait for each other for ever.
    for one in sorted((known, other), key=lambda row: int(row.no)):
        queries.lock(session, one.no, one.reported_at)
    return other


def _with_other(session: Session, held: Held, no: int) -> Held:
    """The same, with the case into which it is merged among those that its log names."""
    seen = {number: dict(row._mapping) for number, row in step_queries.refs(session, [no]).items()}
    whole = replace(held.whole, others={**held.whole.others, **seen})
    return replace(held, whole=whole)


def _check_version(case: Case, version: int | None, if_match: str | None) -> None:
    if if_match is not None and not _matches(if_match, case.version):
        raise Problem(
            HTTPStatus.PRECONDITION_FAILED,
            "precondition-failed",
            "The case has moved on",
            f"If-Match: it stands at version {case.version} now. Look at it again.",
            (FieldError("If-Match", f"the version is {case.version} now"),),
        )
    if version is not None and version != case.version:
        raise Problem(
            HTTPStatus.CONFLICT,
            "stale-version",
            "The case has moved on",
            f"version: it stands at version {case.version} now. Look at it again.",
            (FieldError("version", f"is {case.version} now"),),
        )


def _matches(if_match: str, version: int) -> bool:
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or f'"{version}"' in tags


def _check_may(held: Held, step: rules.Step, actor: Actor) -> None:
    post, case = post_of(actor), held.case
    unit = held.whole.unit(case.unit_id)
    possible = who_may.steps_of(case, post, unit)
    if not who_may.ever(post.role, step):
        raise _not_yours(who_may.why_not_yours(case, step, post, unit) or "", possible)
    why = lifecycle.why_not(case, step)
    if why is not None:
        raise _illegal(why, possible)
    why = who_may.why_not_yours(case, step, post, unit)
    if why is not None:
        raise _not_yours(why, possible)


def _check_words(held: Held, said: Said, now: datetime) -> None:
    found = step_words.faults(said, is_dispute=held.is_dispute)
    if said.until is not None and not found:
        why = lifecycle.why_not_until(said.until, max(now, held.case.last_at))
        found = [("until", why)] if why else []
    if found:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-input",
            "Invalid input",
            "; ".join(f"{name}: {message}" for name, message in found),
            tuple(FieldError(name, message) for name, message in found),
        )


def _check_merge(session: Session, held: Held, other: queries.AnyRow, now: datetime) -> None:
    leading = step_queries.case_of(session, other.no, other.reported_at)
    if leading is None or not rules.is_open(leading.status):
        raise invalid("other_id", "is not open: a case is merged into one that goes on")
    if step_queries.merged_into(session, held.whole.no, now):
        raise invalid("other_id", "other cases are merged into this one: merge those first")


def _illegal(why: str, possible: tuple[rules.Step, ...]) -> Problem:
    detail = f"{why}; possible: {', '.join(possible) or 'nothing'}"
    return Problem(
        HTTPStatus.CONFLICT,
        "illegal-step",
        "This step may not follow",
        detail,
        (FieldError("step", detail),),
        extra={"allowed": [step.value for step in possible]},
    )


def _not_yours(why: str, possible: tuple[rules.Step, ...]) -> Problem:
    detail = f"{why}; possible for you: {', '.join(possible) or 'nothing'}"
    return Problem(
        HTTPStatus.FORBIDDEN,
        "step-not-yours",
        "Not a step of yours",
        detail,
        (FieldError("step", detail),),
        extra={"allowed": [step.value for step in possible]},
    )
