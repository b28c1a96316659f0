"""SQL of incidents. Instants are UTC, places are EPSG:4326."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.errors import not_found
from app.core.query_words import parse_bbox
from app.core.scope import watches, within
from app.core.types import among
from app.incidents.models import Category, Incident, IncidentEvent, ReportReceipt
from app.incidents.rules import Status, is_open
from app.incidents.schemas import IncidentFilter, IncidentQuery
from app.places.queries import inside
from geodata import codes

COLUMNS = (
    Incident.id,
    Incident.no,
    Incident.category,
    Incident.title,
    Incident.description,
    func.ST_X(Incident.geom).label("lon"),
    func.ST_Y(Incident.geom).label("lat"),
    Incident.location_uncertainty_m,
    Incident.cell_code,
    Incident.severity,
    Incident.source,
    Incident.status,
    Incident.occurred_at,
    Incident.reported_at,
    Incident.closed_at,
    Incident.simulated,
    Incident.tier,
    Incident.unit_id,
)
EVENT_COLUMNS = (
    IncidentEvent.no,
    IncidentEvent.ordinal,
    IncidentEvent.at,
    IncidentEvent.step,
    IncidentEvent.status,
    IncidentEvent.tier,
    IncidentEvent.reason,
    IncidentEvent.account_id,
    IncidentEvent.role,
    IncidentEvent.area_code,
    IncidentEvent.program,
    IncidentEvent.unit_id,
    IncidentEvent.until,
    IncidentEvent.outcome,
    IncidentEvent.other_no,
    IncidentEvent.from_cell,
)
# What whoever only watches may not read is not asked for: the text of a case is empty then.
WATCHED_COLUMNS: tuple[Any, ...] = tuple(
    literal("").label("description") if column is Incident.description else column
    for column in COLUMNS
)
WATCHED_EVENT_COLUMNS: tuple[Any, ...] = tuple(
    column
    for column in EVENT_COLUMNS
    if column is not IncidentEvent.reason and column is not IncidentEvent.account_id
)
AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]
# Nobody reads a list of more, and counting on takes as long as there are cases.
MOST_COUNTED = 10_000
FIRST_LOOK = timedelta(days=1)


class Total(NamedTuple):
    """How long a list is: exactly, or at least."""

    n: int
    is_exact: bool

    @classmethod
    def up_to(cls, most: int, counted: int) -> "Total":
        """What is said of a list that was counted to one more than `most`."""
        return cls(min(counted, most), is_exact=counted <= most)


def case_columns(session: Session) -> Sequence[Any]:
    """What is read of a case by this session."""
    return WATCHED_COLUMNS if watches(session) else COLUMNS


def receipt(session: Session, report_id: UUID) -> AnyRow | None:
    """The acknowledgement given under an id: `body_hash`, `no`, `reported_at`."""
    columns = (ReportReceipt.body_hash, ReportReceipt.no, ReportReceipt.reported_at)
    where = [ReportReceipt.id == report_id, *within(session, ReportReceipt.cell_code)]
    return session.execute(select(*columns).where(*where)).first()


def receipt_by_no(session: Session, no: int) -> AnyRow | None:
    """The same, by the short number."""
    columns = (ReportReceipt.body_hash, ReportReceipt.no, ReportReceipt.reported_at)
    where = [ReportReceipt.no == no, *within(session, ReportReceipt.cell_code)]
    return session.execute(select(*columns).where(*where)).first()


def categories(session: Session, at: datetime) -> Rows:
    """The filing standard in force, in the order of its codes."""
    columns = (
        Category.code,
        Category.parent_code,
        Category.name_zh,
        Category.name_en,
        Category.kind,
        Category.limit_text.label("limit"),
    )
    return session.execute(
        select(*columns).where(Category.valid.contains(at)).order_by(Category.code)
    ).all()


def last_names(session: Session, codes: Iterable[str]) -> Rows:
    """`code`, `name_zh`, `name_en` that codes had last, in force or not."""
    columns = (Category.code, Category.name_zh, Category.name_en)
    found = select(*columns).ext(postgresql.distinct_on(Category.code))
    found = found.where(Category.code.in_(sorted(codes)))
    return session.execute(found.order_by(Category.code, func.lower(Category.valid).desc())).all()


def total(session: Session, at: datetime) -> int:
    """How many incidents were reported up to `at`."""
    found = (
        select(func.count())
        .select_from(Incident)
        .where(Incident.reported_at <= at, *within(session, Incident.cell_code))
    )
    return session.scalar(found) or 0


def one(session: Session, no: int, reported_at: datetime) -> AnyRow:
    """One incident with its state of now."""
    found = select(*case_columns(session)).where(
        Incident.reported_at == reported_at, Incident.no == no
    )
    return session.execute(found).one()


def events(session: Session, nos: Sequence[int], since: datetime, at: datetime) -> Rows:
    """The steps of cases that were reported at `since` or later, up to `at`, in order."""
    wanted: Sequence[Any] = WATCHED_EVENT_COLUMNS if watches(session) else EVENT_COLUMNS
    found = select(*wanted).where(
        among(IncidentEvent.no, nos), IncidentEvent.at >= since, IncidentEvent.at <= at
    )
    return session.execute(found.order_by(IncidentEvent.at, IncidentEvent.ordinal)).all()


def page(
    session: Session, query: IncidentQuery, now: datetime, before: tuple[datetime, int] | None
) -> tuple[Total, Rows]:
    """How many incidents the query selects, and one more than `limit` of them, newest first.

    Args:
        now: the present; with `at` in the query the state looked at is that of `at`.
        before: `reported_at` and `no` of the last incident that was sent.
    """
    total = count_to(session, query, now, MOST_COUNTED)
    if total.is_exact:
        return total, selected(session, query, now, before, query.limit + 1)
    return total, _newest(session, query, now, before, query.limit + 1)


def _newest(
    session: Session,
    query: IncidentQuery,
    now: datetime,
    before: tuple[datetime, int] | None,
    most: int,
) -> Rows:
    """As `selected`, for a long list: its newest are looked for in a day first, then in more.

    Left to itself, the planner gathers all of a long list by place or category, only to sort it.
    """
    at, since, until = query.resolve(now)
    last = min(at, until, before[0] if before else at)
    span = FIRST_LOOK
    while last - span > since:
        found = selected(session, query, now, before, most, not_before=last - span)
        if len(found) == most:
            return found
        span *= 8
    return selected(session, query, now, before, most)


def selected(
    session: Session,
    query: IncidentFilter,
    now: datetime,
    before: tuple[datetime, int] | None,
    most: int,
    *,
    not_before: datetime | None = None,
) -> Rows:
    """The newest `most` of the incidents that the query selects, without counting all; arguments
    as of `page`.

    Args:
        not_before: leave out what was reported before this instant.
    """
    where = [*_selected(query, now), *within(session, Incident.cell_code)]
    if not_before is not None:
        where.append(Incident.reported_at >= not_before)
    found = select(*case_columns(session)).where(*where)
    if before is not None:
        found = found.where(
            tuple_(Incident.reported_at, Incident.no) < tuple_(literal(before[0]), before[1])
        )
    newest = (Incident.reported_at.desc(), Incident.no.desc())
    return session.execute(found.order_by(*newest).limit(most)).all()


def count_to(session: Session, query: IncidentFilter, now: datetime, most: int) -> Total:
    """How many incidents the query selects, counted to `most` and no further."""
    where = [*_selected(query, now), *within(session, Incident.cell_code)]
    one_too_many = select(literal(1)).select_from(Incident).where(*where).limit(most + 1)
    found = session.scalar(select(func.count()).select_from(one_too_many.subquery())) or 0
    return Total.up_to(most, found)


def count(session: Session, query: IncidentFilter, now: datetime) -> int:
    """How many incidents the query selects."""
    where = [*_selected(query, now), *within(session, Incident.cell_code)]
    return session.scalar(select(func.count()).select_from(Incident).where(*where)) or 0


def _in_state_at(wanted: Iterable[Status], since: datetime, at: datetime) -> Select[tuple[int]]:
    """Numbers of the cases reported since `since` that stood in one of these states at `at`."""
    last = (
        select(IncidentEvent.no, IncidentEvent.status)
        .ext(postgresql.distinct_on(IncidentEvent.no))
        # Steps never precede their report.
        .where(IncidentEvent.at >= since, IncidentEvent.at <= at)
        .order_by(IncidentEvent.no, IncidentEvent.at.desc(), IncidentEvent.ordinal.desc())
        .subquery()
    )
    return select(last.c.no).where(last.c.status.in_(sorted(wanted)))


def _under(prefix: str) -> ColumnElement[bool]:
    """Categories under a prefix of two or four digits, as a comparison that may use an index under
    row security (LIKE may not: it is not leakproof)."""
    if len(prefix) == 2:
        return Incident.category.between(f"{prefix}00", f"{prefix}99")
    return Incident.category == prefix


def _selected(query: IncidentFilter, now: datetime) -> list[ColumnElement[bool]]:
    at, since, until = query.resolve(now)
    where = [
        Incident.reported_at >= since,
        Incident.reported_at < until,
        Incident.reported_at <= at,
    ]
    if query.bbox is not None:
        where.append(inside(Incident.geom, parse_bbox(query.bbox)))
    if query.area is not None:
        where.append(Incident.cell_code.between(*codes.code_range(query.area)))
    if query.category:
        where.append(or_(*map(_under, query.category)))
    wanted = query.statuses()
    if wanted is not None and query.at is not None:
        where.append(Incident.no.in_(_in_state_at(wanted, since, at)))
    elif wanted is not None:
        where.append(Incident.status.in_(sorted(wanted)))
    return where


def lock(session: Session, no: int, reported_at: datetime) -> AnyRow:
    """The case's state of now, held until the transaction ends.

    Raises:
        Problem: 404 where it has left the scope while we waited for it: boundaries were redrawn
            under it.
    """
    found = select(Incident.status, Incident.cell_code, Incident.category).where(
        Incident.reported_at == reported_at, Incident.no == no
    )
    row = session.execute(found.with_for_update()).first()
    if row is None:
        raise not_found("incident", no)
    return row


def cells_left_after(session: Session, nos: Sequence[int], at: datetime) -> dict[int, int]:
    """In which cell cases lay at `at` that have been moved to another since, by number."""
    found = (
        select(IncidentEvent.no, IncidentEvent.from_cell)
        .ext(postgresql.distinct_on(IncidentEvent.no))
        .where(
            among(IncidentEvent.no, nos),
            IncidentEvent.from_cell.is_not(None),
            IncidentEvent.at > at,
        )
        .order_by(IncidentEvent.no, IncidentEvent.at)
    )
    return {row.no: row.from_cell for row in session.execute(found)}


def settle_place(session: Session, no: int, reported_at: datetime) -> None:
    """Have the database look whether the exact place of a case may still be known: that of a
    concluded warning may not (app/sql/50_warnings.sql)."""
    session.execute(
        update(Incident)
        .where(Incident.reported_at == reported_at, Incident.no == no)
        .values(status=Incident.status)
    )


def latest_places(session: Session, limit: int) -> Rows:
    """Where the last real cases were reported: `category`, `lon`, `lat`, `community` (its name),
    `community_code`."""
    return session.execute(
        text("""
            SELECT i.category, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, a.name AS community,
                   a.code AS community_code
            FROM (SELECT category, geom, cell_code FROM incident WHERE NOT simulated
                  ORDER BY reported_at DESC LIMIT :limit) i
            JOIN area a ON a.code = i.cell_code / 1000 * 1000 AND a.valid @> now()
        """),
        {"limit": limit},
    ).all()


def cell_places(session: Session, limit: int) -> Rows:
    """The label points of some cells, for a city in which nothing was reported yet; as above."""
    return session.execute(
        text("""
            SELECT '' AS category, ST_X(c.label) AS lon, ST_Y(c.label) AS lat,
                   a.name AS community, a.code AS community_code
            FROM area c JOIN area a ON a.code = c.parent_code AND a.valid @> now()
            WHERE c.level = 'cell' AND c.valid @> now() ORDER BY md5(c.code::text) LIMIT :limit
        """),
        {"limit": limit},
    ).all()


def open_simulated(session: Session, since: datetime) -> Rows:
    """Simulated cases reported after `since` that are still open: `no`, `status`."""
    closed = [s.value for s in Status if not is_open(s)]
    return session.execute(
        select(Incident.no, Incident.status).where(
            Incident.simulated, Incident.reported_at >= since, Incident.status.not_in(closed)
        )
    ).all()
