"""My tasks: the cases that wait for a step of exactly this role and tier."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from app.core.paging import cut, decode_cursor
from app.identity.rules import Actor, Role
from app.incidents.cases import card as case_card
from app.incidents.cases import service
from app.incidents.cases.schemas import Incident
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.limits import Calendar
from app.incidents.clocks.service import read_all
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.rules import Case, replay
from app.incidents.lifecycle.who_may import Post, Unit
from app.incidents.rules import Event, Status, Step, Tier
from app.incidents.tasks.schemas import Task, TaskPage, TaskQuery

HANDLED = (Status.ASSIGNED, Status.ACKNOWLEDGED, Status.HANDLING, Status.SUSPENDED)
LEADERS = who_may.LEADERS


@dataclass(frozen=True)
class Waiting:
    """A case that waits for a step, with what that was found from."""

    reported_at: datetime
    category: str
    case: Case
    unit: Unit | None
    step: Step
    log: list[Event]


def list_tasks(
    session: Session, query: TaskQuery, actor: Actor, now: datetime, calendar: Calendar
) -> TaskPage:
    """The tasks of whoever asks, by what is due first.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    after = (key[0], key[1]) if key else None
    found = _waiting(session, query.area, post_of(actor), now)
    clocks = read_all(
        session,
        {no: one.category for no, one in found.items()},
        {no: one.log for no, one in found.items()},
        calendar,
        now,
    )
    chosen = sorted(
        (service.for_cursor(clocks[no].due_at or one.reported_at), no) for no, one in found.items()
    )
    rest = [place for place in chosen if after is None or place > after]
    sent, following = cut(rest, query.limit, list)
    rows = clock_queries.incidents(session, [(found[no].reported_at, no) for _, no in sent])
    shown = [rows[no] for _, no in sent if no in rows]
    incidents = service.as_they_stand(session, shown, clocks, now)
    items = [_task(incident, found[incident.no], actor) for incident in incidents]
    return TaskPage(total=len(chosen), items=items, next=following)


def _task(incident: Incident, waiting: Waiting, actor: Actor) -> Task:
    state = waiting.case.state
    return Task(
        # A suspension that has run out is over, whether or not the row has been told.
        incident=incident.model_copy(update={"status": state.status, "stage": state.stage}),
        version=waiting.case.version,
        next_steps=case_card.next_steps(waiting.case, incident.kind, waiting.unit, actor),
        why=who_may.WHY_A_TASK[waiting.step],
    )


def _waiting(session: Session, area: int | None, post: Post, now: datetime) -> dict[int, Waiting]:
    """The cases that wait for this post, by number."""
    rows = step_queries.open_logs(session, area, *_looked_through(post), now)
    logs = {no: list(steps) for no, steps in groupby(rows, lambda row: row.no)}
    folded = {no: [step_queries.event_of(step) for step in steps] for no, steps in logs.items()}
    cases = {no: case for no, log in folded.items() if (case := replay(log, now)) is not None}
    known = step_queries.units(session, (c.unit_id for c in cases.values() if c.unit_id))
    found = {}
    for no, case in cases.items():
        row = known.get(case.unit_id) if case.unit_id else None
        unit = step_queries.as_unit(row) if row is not None else None
        step = who_may.task_of(case, post, unit)
        if step in who_may.WHY_A_TASK:
            first = logs[no][0]
            found[no] = Waiting(first.reported_at, first.category, case, unit, step, folded[no])
    return found


def _looked_through(post: Post) -> tuple[list[str], list[str]]:
    """Tiers and states of the cases among which this post's tasks are."""
    if post.role is Role.GRID_WORKER:
        return [], [Status.PENDING_VERIFY, *HANDLED]
    if post.role is Role.RESPONDER:
        return [], list(HANDLED)
    if post.role not in LEADERS:
        return [], []
    return [post.tier, *([Tier.GRID] if post.tier is Tier.WORKSTATION else [])], []
