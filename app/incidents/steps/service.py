"""Moving a case along its life cycle, one step at a time."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.errors import FieldError, Problem, invalid, not_found
from app.core.outbox import emit
from app.identity.rules import Actor
from app.incidents import queries, rules
from app.incidents.cases import service
from app.incidents.cases.schemas import IncidentDetail
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle import words as step_words
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.rules import Case, IllegalStep
from app.incidents.lifecycle.transitions import NEEDS_REASON
from app.incidents.lifecycle.words import Said
from app.incidents.reading import service as reading
from app.incidents.reading.service import CaseKey
from app.incidents.rules import Event
from app.incidents.steps.schemas import TakenStep

CHANGED_TOPIC = "incident.changed"
NATIONAL = CityCalendar()


@dataclass(frozen=True)
class Locked:
    """A case whose row is held until the transaction ends."""

    no: int
    reported_at: datetime
    category: str
    cell_code: int
    case: Case
    log: list[Event]

    @property
    def is_dispute(self) -> bool:
        """Whether closing it says how it ended."""
        return rules.kind_of(self.category) == "dispute"


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
    known = queries.receipt(session, report_id)
    if known is None:
        raise not_found("incident", report_id)
    other = _other(session, given, known.no)
    locked = _lock(session, known.no, known.reported_at, other, now)
    _check_version(locked.case, given.version, if_match)
    _check_may(session, locked, given.step, actor, now)
    said = Said(given.step, given.reason or None, given.unit_id, given.until, given.outcome,
                other.no if other else None)  # fmt: skip
    _check_words(locked, said, now)
    if other is not None:
        _check_merge(session, locked, other, now)
    if given.unit_id is not None and not step_queries.may_be_sent(
        session, given.unit_id, locked.cell_code, (actor.lo, actor.hi), now
    ):
        raise invalid("unit_id", "is no unit on duty that serves this place or stands in your area")
    at = _append(session, locked, said, now, actor)
    detail = service.get_incident(session, report_id, at, calendar, actor)
    _tell(session, detail, given.step, at)
    return detail


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

    Args:
        no: the incident's short number.
        now: when it is done (UTC); never before the step that went before it.
        reason: why; needed for a refusal, a return and an escalation.
        actor: in whose name, where a post caused it.

    Raises:
        Problem: 404 for an unknown number, 409 for a step that may not follow, 422 on `reason`.
    """
    known = queries.receipt_by_no(session, no)
    if known is None:
        raise not_found("incident", no)
    locked = _lock(session, no, known.reported_at, None, now)
    why = lifecycle.why_not(locked.case, step)
    if why is not None:
        raise _illegal(why, lifecycle.possible_steps(locked.case))
    if step in NEEDS_REASON and not reason:
        raise invalid("reason", f"is needed for the step {step}")
    said = Said(step, reason, unit_id=unit_id, outcome=outcome)
    at = _append(session, locked, said, now, actor)
    detail = service.get_incident_by_no(session, no, at)
    _tell(session, detail, step, at)
    return detail


def note_resumed(session: Session, no: int, now: datetime) -> None:
    """Note that a suspension has run out: the case goes on since then, whoever noted it or not.

    Raises:
        Problem: 404 for an unknown number, 409 when it is not suspended any more, or still is.
    """
    known = queries.receipt_by_no(session, no)
    if known is None:
        raise not_found("incident", no)
    row = queries.lock(session, no, known.reported_at)
    log = step_queries.log_of(session, no, known.reported_at)
    case = lifecycle.replay(log)
    if case is None or case.status is not rules.Status.SUSPENDED or case.at(now) is case:
        raise _illegal("resume may not follow: no suspension has run out", ())
    locked = Locked(no, known.reported_at, row.category, row.cell_code, case, log)
    at = _append(session, locked, Said(rules.Step.RESUME), now, None)
    _tell(session, service.get_incident_by_no(session, no, at), rules.Step.RESUME, at)


def _other(session: Session, given: TakenStep, no: int) -> queries.AnyRow | None:
    """The case into which this one is to be merged."""
    if given.other_id is None:
        return None
    other = queries.receipt(session, given.other_id)
    if other is None:
        raise invalid("other_id", "names no incident that you can see")
    if other.no == no:
        raise invalid("other_id", "is the case itself")
    return other


def _lock(
    session: Session,
    no: int,
    reported_at: datetime,
    other: queries.AnyRow | None,
    now: datetime,
) -> Locked:
    wanted = {no: reported_at} | ({other.no: other.reported_at} if other else {})
    # In one order for everybody, or two merges could wait for each other for ever.
    rows = {number: queries.lock(session, number, wanted[number]) for number in sorted(wanted)}
    row = rows[no]
    log = step_queries.log_of(session, no, reported_at)
    case = lifecycle.replay(log)
    if case is None:
        raise not_found("incident", no)
    standing = case.at(max(now, case.last_at))
    return Locked(no, reported_at, row.category, row.cell_code, standing, log)


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


def _check_may(
    session: Session, locked: Locked, step: rules.Step, actor: Actor, now: datetime
) -> None:
    post, case = post_of(actor), locked.case
    unit = step_queries.unit_of(session, case.unit_id)
    possible = who_may.steps_of(case, post, unit)
    if not who_may.ever(post.role, step):
        raise _not_yours(who_may.why_not_yours(case, step, post, unit) or "", possible)
    why = lifecycle.why_not(case, step)
    if why is not None:
        raise _illegal(why, possible)
    why = who_may.why_not_yours(case, step, post, unit)
    if why is not None:
        raise _not_yours(why, possible)


def _check_words(locked: Locked, said: Said, now: datetime) -> None:
    found = step_words.faults(said, is_dispute=locked.is_dispute)
    if said.until is not None and not found:
        why = lifecycle.why_not_until(said.until, max(now, locked.case.last_at))
        found = [("until", why)] if why else []
    if found:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-input",
            "Invalid input",
            "; ".join(f"{name}: {message}" for name, message in found),
            tuple(FieldError(name, message) for name, message in found),
        )


def _check_merge(session: Session, locked: Locked, other: queries.AnyRow, now: datetime) -> None:
    leading = step_queries.case_of(session, other.no, other.reported_at)
    if leading is None or not rules.is_open(leading.status):
        raise invalid("other_id", "is not open: a case is merged into one that goes on")
    if step_queries.merged_into(session, locked.no, now):
        raise invalid("other_id", "other cases are merged into this one: merge those first")


def _append(
    session: Session, locked: Locked, said: Said, now: datetime, actor: Actor | None
) -> datetime:
    """Log the step and bring the case's row up to date; when it was done."""
    case = locked.case
    at = max(now, case.last_at)
    try:
        status = lifecycle.status_after(case, said.step, said.outcome)
    except IllegalStep as error:
        raise _illegal(str(error), lifecycle.possible_steps(case)) from None
    event = rules.Event(
        at=at,
        ordinal=case.version + 1,
        step=said.step,
        status=status,
        tier=lifecycle.tier_after(case.tier, said.step),
        account_id=actor.account_id if actor else None,
        unit_id=said.unit_id,
        until=said.until,
        outcome=said.outcome,
        other_no=said.other_no,
    )
    after = lifecycle.apply(case, event)
    queries.make_room(session, at)
    queries.add_event(
        session,
        no=locked.no,
        cell_code=locked.cell_code,
        reason=said.reason,
        role=actor.role.value if actor else None,
        area_code=actor.area_code if actor else None,
        **vars(event),
    )
    queries.set_state(
        session, locked.no, locked.reported_at,
        status=after.status, closed_at=after.closed_at, tier=after.tier, unit_id=after.unit_id,
    )  # fmt: skip
    key = CaseKey(locked.no, locked.reported_at, locked.category, locked.cell_code)
    reading.record(session, key, [*locked.log, event])
    return at


def _tell(session: Session, detail: IncidentDetail, step: rules.Step, at: datetime) -> None:
    payload = {**detail.told(at), "step": step}
    emit(session, CHANGED_TOPIC, detail.cell_code, Audience.CASES, payload)


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
