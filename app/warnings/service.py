"""Deciding about warnings: taken once, sent to the police station at once, visited, ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.audiences import Audience
from app.core.errors import FieldError, Problem, id_conflict, invalid, not_found, outside_city
from app.core.outbox import emit
from app.core.paging import cut, decode_cursor
from app.dispatch import queries as dispatch
from app.dispatch.rules import StationKind, UnitRole
from app.dispatch.schemas import StationRef
from app.identity.rules import Actor, Key
from app.identity.service import outside_scope
from app.incidents import queries as incident_queries
from app.incidents.cases.schemas import Incident, NewIncident
from app.incidents.intake import service as intake
from app.incidents.intake.filing import CLOCK_SLACK
from app.incidents.lifecycle.schemas import FieldKind, StepField
from app.incidents.rules import Source, Status
from app.incidents.steps import carrying
from app.incidents.steps import service as steps
from app.places import addresses
from app.places import queries as place_queries
from app.places import service as places
from app.warnings import queries, rules
from app.warnings.queries import AnyRow
from app.warnings.rules import Standing, WarningState, WarningStep
from app.warnings.schemas import (
    NewWarning,
    TakenWarningStep,
    Warning,
    WarningClimb,
    WarningNextStep,
    WarningPage,
    WarningQuery,
    WarningReceipt,
    WarningTimelineStep,
)
from geodata import codes

CHANGED_TOPIC = "warning.changed"
LONGEST_AGO = timedelta(days=7)
FIRST_ORDINAL = 1
# How far its case has come after each step.
CASE_AFTER = {
    WarningStep.CALL: Status.ACKNOWLEDGED,
    WarningStep.DEPART: Status.HANDLING,
    WarningStep.ARRIVE: Status.HANDLING,
    WarningStep.CONCLUDE: Status.CLOSED,
}


def receive(
    session: Session, new: NewWarning, key: Key, now: datetime, *, simulated: bool = False
) -> tuple[WarningReceipt, bool]:
    """Take a warning: a case, registered and assigned to an officer of the police station that
    covers the place, and its timer, all in the caller's transaction.

    The same warning again gets the same answer.

    Args:
        simulated: whether the demo's simulation made it up.

    Returns:
        The receipt, and whether the warning is new.

    Raises:
        Problem: 403 for a place outside the key's area; 409 when the id names something else; 422
            naming the field.
    """
    known = queries.one(session, new.id)
    if known is not None and known.is_coarse:
        # Nothing of its place is kept that could be compared.
        if (known.category, known.urgency, known.detected_at) != (
            new.category, new.risk, new.detected_at,
        ):  # fmt: skip
            raise id_conflict(new.id)
        return _receipt(session, new.id), False
    if known is None:
        _check(new, now)
        _check_place(session, new, key, now)
    report = _as_report(session, new, now, simulated=simulated)
    taken = intake.report(session, report, now, demo=simulated)
    if taken.is_new:
        _dispatch(session, new, taken.incident, now)
    elif queries.one(session, new.id) is None:
        raise id_conflict(new.id)  # a report that is no warning
    return _receipt(session, new.id), taken.is_new


def _check(new: NewWarning, now: datetime) -> None:
    if new.detected_at > now + CLOCK_SLACK:
        raise invalid("detected_at", "lies more than 5 minutes ahead of the server's clock")
    if new.detected_at < now - LONGEST_AGO:
        raise invalid("detected_at", "lies more than a week back")


def _check_place(session: Session, new: NewWarning, key: Key, now: datetime) -> None:
    """Whether the place lies in the key's area, before anything is written."""
    told_by = ["address"] if new.address is not None else ["lon", "lat"]
    if new.address is not None:
        settled = addresses.settle(session, new.address, now)
        lon, lat = settled.lon, settled.lat
    else:
        lon, lat = new.lon or 0.0, new.lat or 0.0
    cell = place_queries.cell_at(session, lon, lat, now)
    if cell is None:
        raise outside_city(*told_by)
    if not key.lo <= cell <= key.hi:
        raise outside_scope(*told_by)


def _as_report(session: Session, new: NewWarning, now: datetime, *, simulated: bool) -> NewIncident:
    """The case that a warning is: its kind in words, and nothing else that could be read."""
    names = {line.code: line.name_zh for line in incident_queries.categories(session, now)}
    return NewIncident(
        id=new.id,
        category=new.category,
        title=names.get(new.category, new.category),
        lon=new.lon,
        lat=new.lat,
        address=new.address,
        source=Source.WARNING,
        severity=new.risk + 1,
        occurred_at=new.detected_at,
        simulated=simulated,
    )


def _dispatch(session: Session, new: NewWarning, incident: Incident, now: datetime) -> None:
    no, cell_code = incident.no, incident.cell_code
    chain, place = codes.chain_of(cell_code), (incident.lon, incident.lat)
    station_id = dispatch.covering_station(session, StationKind.POLICE_STATION, chain, place, now)
    officers = (
        dispatch.units_of(session, station_id, UnitRole.OFFICER, now)
        if station_id is not None
        else []
    )
    # In turn, and the same one whoever computes it.
    officer = officers[no % len(officers)] if officers else None
    carrying.carry(session, no, Status.ASSIGNED, now, actor=None, unit_id=officer).or_refuse()
    queries.add(
        session, id=new.id, no=no, cell_code=cell_code, urgency=new.risk,
        detected_at=new.detected_at, dispatched_at=now, station_id=station_id,
        state=WarningState.DISPATCHED, told_level=rules.WarningLevel.POLICE_STATION,
    )  # fmt: skip
    queries.add_event(
        session, warning_id=new.id, ordinal=FIRST_ORDINAL, at=now, step=WarningStep.DISPATCH,
        cell_code=cell_code,
    )  # fmt: skip
    row = _known(session, new.id)
    _tell(session, row, _standings(session, [row], now)[new.id], now)


def _receipt(session: Session, warning_id: UUID) -> WarningReceipt:
    row = _known(session, warning_id)
    timer = queries.timers(session, [row.dispatched_at])[row.dispatched_at]
    return WarningReceipt(
        id=row.id,
        no=row.no,
        category=row.category,
        risk=row.urgency,
        detected_at=row.detected_at,
        dispatched_at=row.dispatched_at,
        visit_due_at=row.dispatched_at + timer.visit,
        station=_stations(session, [row]).get(row.station_id),
    )


def list_warnings(
    session: Session, query: WarningQuery, now: datetime, *, may_act: bool
) -> WarningPage:
    """The warnings that the query selects: running timers first.

    Args:
        may_act: whether whoever asks may take steps.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int, int, int))
    after = (key[0], key[1], key[2]) if key else None
    total, rows = queries.page(session, query.area, query.state, query.limit, after)
    sent, following = cut(rows, query.limit, lambda row: [row.rank, row.place, row.no])
    items = _warnings(session, sent, now, may_act=may_act)
    return WarningPage(total=total, items=items, next=following)


def get_warning(session: Session, warning_id: UUID, now: datetime, *, may_act: bool) -> Warning:
    """One warning as it stands now.

    Raises:
        Problem: 404.
    """
    return _warnings(session, [_known(session, warning_id)], now, may_act=may_act)[0]


def take_step(
    session: Session,
    warning_id: UUID,
    given: TakenWarningStep,
    actor: Actor | None,
    now: datetime,
) -> Warning:
    """Note what was done about a warning, and move its case with it. Once it is concluded its exact
    place is forgotten, also where the case stays open because it is suspended.

    Under a lock: of two at once the second is judged by what the first one left.

    Args:
        actor: who did it; None for the demo's simulation.

    Raises:
        Problem: 404; 409 `stale-version` or `illegal-step` with what is possible; 422 on `outcome`.
    """
    queries.lock(session, warning_id)
    row = _known(session, warning_id)
    before = _standings(session, [row], now)[warning_id]
    if given.version is not None and given.version != before.version:
        raise _stale(before.version)
    if given.step not in rules.MAY[before.state]:
        raise _illegal(given.step, before.state)
    fault = rules.fault(before.state, given.step, given.outcome)
    if fault is not None:
        raise invalid(*fault)
    at = max(now, before.last_at)
    queries.add_event(
        session, warning_id=warning_id, ordinal=before.version + 1, at=at, step=given.step,
        outcome=given.outcome, cell_code=row.cell_code,
        account_id=actor.account_id if actor else None,
        role=actor.role.value if actor else None,
        area_code=actor.area_code if actor else None,
    )  # fmt: skip
    queries.set_state(session, warning_id, rules.STATE_AFTER[given.step])
    # A case that waits for something of its own follows with the next step; that somebody called,
    # went and came there is so whatever its state.
    carried = carrying.carry(session, row.no, CASE_AFTER[given.step], at, actor=actor)
    if given.step is WarningStep.CONCLUDE and carried.is_open:
        # Nobody has to go there any more, though the case is not closed yet.
        steps.take_back_place(session, row.no, at)
    after = _known(session, warning_id)
    _tell(session, after, _standings(session, [after], at)[warning_id], at)
    return _warnings(session, [after], at, may_act=True)[0]


def _known(session: Session, warning_id: UUID) -> AnyRow:
    row = queries.one(session, warning_id)
    if row is None:
        raise not_found("warning", warning_id)
    return row


def _standings(session: Session, rows: Sequence[AnyRow], now: datetime) -> dict[UUID, Standing]:
    logs = queries.logs(session, [row.id for row in rows])
    timers = queries.timers(session, [row.dispatched_at for row in rows])
    found = {}
    for row in rows:
        standing = rules.standing(
            map(queries.event_of, logs.get(row.id, [])), timers[row.dispatched_at], now,
            has_station=row.station_id is not None, closed_at=row.closed_at,
        )  # fmt: skip
        if standing is not None:
            found[row.id] = standing
    return found


def _stations(session: Session, rows: Sequence[AnyRow]) -> dict[int | None, StationRef]:
    ids = sorted({row.station_id for row in rows if row.station_id is not None})
    known = dispatch.stations_by_id(session, ids)
    return {key: StationRef.model_validate(row) for key, row in known.items()}


def _warnings(
    session: Session, rows: Sequence[AnyRow], now: datetime, *, may_act: bool
) -> list[Warning]:
    standings = _standings(session, rows, now)
    logs = queries.logs(session, standings)
    chains = places.chains(session, (row.cell_code for row in rows), now)
    stations = _stations(session, rows)
    lines = [*incident_queries.last_names(session, {row.category for row in rows})]
    named = {line.code: line for line in [*lines, *incident_queries.categories(session, now)]}
    found = []
    for row in rows:
        if row.id not in standings:
            continue
        standing, name = standings[row.id], named.get(row.category)
        found.append(
            Warning(
                id=row.id,
                version=standing.version,
                no=row.no,
                category=row.category,
                category_name_zh=name.name_zh if name else row.category,
                category_name_en=name.name_en if name else row.category,
                risk=row.urgency,
                state=standing.state,
                level=standing.level,
                station=stations.get(row.station_id),
                detected_at=row.detected_at,
                dispatched_at=standing.dispatched_at,
                visit_due_at=standing.due_at,
                visited_at=standing.visited_at,
                climbs=[WarningClimb.model_validate(climb) for climb in standing.climbs],
                lon=row.lon,
                lat=row.lat,
                location_uncertainty_m=row.location_uncertainty_m,
                cell_code=row.cell_code,
                chain=chains[row.cell_code],
                next_steps=_next_steps(standing.state) if may_act else [],
                timeline=[
                    WarningTimelineStep(
                        at=step.at, step=step.step, outcome=step.outcome, role=step.role
                    )
                    for step in logs.get(row.id, [])
                ],
            )
        )
    return found


def _next_steps(state: WarningState) -> list[WarningNextStep]:
    outcome = StepField(
        name="outcome", required=True, kind=FieldKind.CHOICE,
        choices=[word.value for word in rules.outcomes(state)],
    )  # fmt: skip
    return [
        WarningNextStep(
            step=step,
            fields=[outcome] if step is WarningStep.CONCLUDE else [],
            ordinary=step is rules.ordinary_step(state),
        )
        for step in rules.MAY[state]
    ]


def _tell(session: Session, row: AnyRow, standing: Standing, at: datetime) -> None:
    payload = told(row.id, row.no, standing, at)
    emit(session, CHANGED_TOPIC, row.cell_code, Audience.WARNINGS, payload)


def told(warning_id: UUID, no: int, standing: Standing, at: datetime) -> dict[str, object]:
    """What the stream tells of a warning: how it stands, not where."""
    return {
        "id": str(warning_id),
        "no": no,
        "version": standing.version,
        "state": standing.state.value,
        "level": standing.level.value,
        "at": at.isoformat().replace("+00:00", "Z"),
    }


def _stale(version: int) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT, "stale-version", "The warning has moved on",
        f"version: it stands at version {version} now. Look at it again.",
        (FieldError("version", f"is {version} now"),),
    )  # fmt: skip


def _illegal(step: WarningStep, state: WarningState) -> Problem:
    allowed = [word.value for word in rules.MAY[state]]
    detail = f"{step} may not follow in state {state}; possible: {', '.join(allowed) or 'nothing'}"
    return Problem(
        HTTPStatus.CONFLICT, "illegal-step", "This step may not follow", detail,
        (FieldError("step", detail),), extra={"allowed": allowed},
    )  # fmt: skip
