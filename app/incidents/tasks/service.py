"""My tasks: the cases that wait for a step of exactly this role and tier."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.paging import cut, decode_cursor
from app.identity.rules import Actor
from app.incidents.cases import card as case_card
from app.incidents.cases import due, service
from app.incidents.cases.schemas import Incident
from app.incidents.clocks.limits import Calendar
from app.incidents.lifecycle import queries as step_queries
from app.incidents.lifecycle import who_may
from app.incidents.lifecycle.posts import post_of
from app.incidents.lifecycle.rules import Case
from app.incidents.lifecycle.who_may import Unit
from app.incidents.reading import queries as reading_queries
from app.incidents.tasks.schemas import Task, TaskPage, TaskQuery
from geodata import codes


def list_tasks(
    session: Session, query: TaskQuery, actor: Actor, now: datetime, calendar: Calendar
) -> TaskPage:
    """The tasks of whoever asks, by what is due first.

    Looked up in the reading model; the logs of the cases that are shown alone are folded, for what
    may be done with them.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int))
    after = (service.from_cursor(key[0]), int(key[1])) if key else None
    asked = codes.code_range(query.area) if query.area is not None else (0, 10**15)
    total, rows = reading_queries.tasks(
        session, asked, post_of(actor), now, after=after, limit=query.limit + 1
    )
    sent, following = cut(rows, query.limit, lambda row: [service.for_cursor(row.by), row.no])
    clocks = due.clocks_of(sent, calendar, now)
    incidents = service.as_they_stand(session, due.in_order(session, sent), clocks, now)
    cases = step_queries.cases_of(session, {row.no: row.reported_at for row in sent}, now)
    found = step_queries.units(session, (case.unit_id for case in cases.values() if case.unit_id))
    units = {number: step_queries.as_unit(row) for number, row in found.items()}
    items = [
        task
        for incident in incidents
        if (task := _task(incident, cases[incident.no], units, actor)) is not None
    ]
    return TaskPage(total=total.n, total_is_exact=total.is_exact, items=items, next=following)


def _task(incident: Incident, case: Case, units: dict[int, Unit], actor: Actor) -> Task | None:
    """A task; None where the case has moved on between the two looks at it."""
    unit = units.get(case.unit_id) if case.unit_id is not None else None
    step = who_may.task_of(case, post_of(actor), unit)
    if step not in who_may.WHY_A_TASK:
        return None
    state = case.state
    return Task(
        # A suspension that has run out is over, whether or not the row has been told.
        incident=incident.model_copy(update={"status": state.status, "stage": state.stage}),
        version=case.version,
        next_steps=case_card.next_steps(case, incident.kind, unit, actor),
        why=who_may.WHY_A_TASK[step],
    )
