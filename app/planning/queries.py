"""SQL of plans: their rows, their moves, what is said and done about them. Instants are UTC."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    any_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.scope import within
from app.places.models import Area
from app.places.versions import TURN_LOCK
from app.planning.models import (
    BaseUnit,
    Plan,
    PlanComment,
    PlanEdit,
    PlanJob,
    PlanLock,
    PlanMove,
    PlanStep,
)
from app.planning.rules import JobKind, JobState, PlanAct, PlanState
from geodata import codes

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

_MOVED = select(func.count()).where(PlanMove.plan_id == Plan.id).correlate(Plan).scalar_subquery()
_AREA_NAME = (
    select(Area.name)
    .where(Area.code == Plan.area_code, Area.valid.contains(Plan.base_at))
    .limit(1)
    .correlate(Plan)
    .scalar_subquery()
)
COMMENT_COLUMNS = (
    PlanComment.id,
    PlanComment.area_code,
    func.ST_X(PlanComment.geom).label("lon"),
    func.ST_Y(PlanComment.geom).label("lat"),
    PlanComment.text,
    PlanComment.account,
    PlanComment.at,
    PlanComment.resolved_at,
)


def _among(column: InstrumentedAttribute[int], values: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column holds one of many values; as one array, however many they are."""
    return column == any_(literal(list(values), ARRAY(BigInteger)))


def instant_of_base(session: Session) -> datetime:
    """An instant for which the boundaries that this session sees will always be the same.

    Whoever draws boundaries anew takes the turn and then the time; so does, beside others of its
    kind, whoever begins a plan: no publication can slip between.
    """
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": TURN_LOCK})
    return clock(session)


def clock(session: Session) -> datetime:
    """What time it is at the database, for all servers the same."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def page(
    session: Session, state: str | None, limit: int, before: int | None
) -> Sequence[tuple[Plan, int, str]]:
    """One more than `limit` plans before a number, the newest first, each with the number of units
    that it moves and the name of its area."""
    found = _described().where(*within(session, Plan.area_code))
    if state is not None:
        found = found.where(Plan.state == state)
    if before is not None:
        found = found.where(Plan.id < before)
    rows = session.execute(found.order_by(Plan.id.desc()).limit(limit + 1))
    return [(plan, moved, name or "") for plan, moved, name in rows]


def _described() -> Select[Any]:
    return select(Plan, func.coalesce(_MOVED, 0), _AREA_NAME)


def described(session: Session, plan_id: int) -> tuple[Plan, int, str] | None:
    """A plan by its number, as `page` gives it."""
    found = _described().where(Plan.id == plan_id, *within(session, Plan.area_code))
    row = session.execute(found.execution_options(populate_existing=True)).first()
    return (row[0], row[1], row[2] or "") if row else None


def one(session: Session, plan_id: int) -> Plan | None:
    """A plan by its number."""
    return session.scalar(select(Plan).where(Plan.id == plan_id, *within(session, Plan.area_code)))


def locked(session: Session, plan_id: int) -> Plan | None:
    """The same, held until the transaction ends."""
    held = select(Plan).where(Plan.id == plan_id, *within(session, Plan.area_code))
    return session.scalar(held.with_for_update().execution_options(populate_existing=True))


def due(session: Session, today: date) -> list[int]:
    """Approved plans that are set for this local day or an earlier one, the earliest first."""
    found = select(Plan.id).where(Plan.state == PlanState.APPROVED, Plan.publish_on <= today)
    return list(session.scalars(found.order_by(Plan.publish_on, Plan.id)))


def set_by(session: Session, plan_id: int) -> str:
    """The account that set the day on which a plan is published."""
    found = select(PlanStep.account).where(
        PlanStep.plan_id == plan_id, PlanStep.step == PlanAct.PUBLISH
    )
    return session.scalar(found.order_by(PlanStep.no.desc()).limit(1)) or ""


def add(session: Session, **values: Any) -> Plan:
    """A new plan."""
    plan = Plan(**values)
    session.add(plan)
    session.flush()
    return plan


def change(session: Session, plan: Plan, now: datetime, **values: Any) -> None:
    """Change a plan that is held: one revision more.

    Args:
        values: columns of `plan`; none for what changes other tables only.
    """
    plan.revision += 1
    plan.changed_at = max(now, plan.changed_at)
    for name, value in values.items():
        setattr(plan, name, value)
    session.flush()


def add_editor(session: Session, plan: Plan, account: str) -> None:
    """Note that an account drew on a plan that is held."""
    if account != plan.author and account not in plan.editors:
        plan.editors = [*plan.editors, account]


def name_of(session: Session, area_code: int, at: datetime) -> str | None:
    """The name of an area in force; None where there is none."""
    found = select(Area.name).where(Area.code == area_code, Area.valid.contains(at))
    return session.scalar(found)


def has_units(session: Session, area_code: int, at: datetime) -> bool:
    """Whether there is anything of which cells of an area could be drawn."""
    lo, hi = codes.code_range(area_code)
    found = select(BaseUnit.id).where(
        BaseUnit.community_code.between(lo, hi), BaseUnit.valid.contains(at)
    )
    return session.scalar(found.limit(1)) is not None


def moves(session: Session, plan_id: int) -> dict[int, AnyRow]:
    """What a plan moves, by unit: `community_code`, `base_cell`, `cell_code`."""
    found = select(
        PlanMove.unit_id, PlanMove.community_code, PlanMove.base_cell, PlanMove.cell_code
    ).where(PlanMove.plan_id == plan_id)
    return {row.unit_id: row for row in session.execute(found)}


def touched(session: Session, plan_id: int) -> list[int]:
    """Communities in which a plan moves something."""
    found = select(PlanMove.community_code).where(PlanMove.plan_id == plan_id).distinct()
    return sorted(session.scalars(found))


def communities_of(session: Session, unit_ids: Iterable[int], at: datetime) -> dict[int, int]:
    """The community of each unit that is known."""
    found = select(BaseUnit.unit_id, BaseUnit.community_code).where(
        _among(BaseUnit.unit_id, unit_ids), BaseUnit.valid.contains(at)
    )
    return {row.unit_id: row.community_code for row in session.execute(found)}


def changed_between(session: Session, area_code: int, since: datetime, until: datetime) -> bool:
    """Whether any unit of an area was changed after one instant, up to another."""
    lo, hi = codes.code_range(area_code)
    begun, ended = func.lower(BaseUnit.valid), func.upper(BaseUnit.valid)
    found = select(BaseUnit.id).where(
        BaseUnit.community_code.between(lo, hi),
        or_((begun > since) & (begun <= until), (ended > since) & (ended <= until)),
    )
    return session.scalar(found.limit(1)) is not None


def cells_in(session: Session, communities: Sequence[int], at: datetime) -> dict[int, set[int]]:
    """The cells of communities at an instant, by community; a community without any has none."""
    found = (
        select(BaseUnit.community_code, BaseUnit.cell_code)
        .where(_among(BaseUnit.community_code, communities), BaseUnit.valid.contains(at))
        .distinct()
    )
    cells: dict[int, set[int]] = {community: set() for community in communities}
    for row in session.execute(found):
        cells[row.community_code].add(row.cell_code)
    return cells


def cells_of_units(
    session: Session, unit_ids: Iterable[int], at: datetime
) -> dict[int, tuple[int, int]]:
    """Community and cell of units at an instant, of those that are there."""
    found = select(BaseUnit.unit_id, BaseUnit.community_code, BaseUnit.cell_code).where(
        _among(BaseUnit.unit_id, unit_ids), BaseUnit.valid.contains(at)
    )
    return {row.unit_id: (row.community_code, row.cell_code) for row in session.execute(found)}


def codes_ever(session: Session, communities: Sequence[int]) -> set[int]:
    """Codes of all cells that there have ever been in communities."""
    found = session.scalars(
        text(
            "SELECT code FROM area WHERE level = 'cell' AND parent_code = ANY (:communities)"
            " UNION SELECT cell_code FROM base_unit WHERE community_code = ANY (:communities)"
        ),
        {"communities": list(communities)},
    )
    return set(found)


def write_moves(session: Session, plan: Plan, drawn: Mapping[int, tuple[int, int, int]]) -> None:
    """Let units lie in these cells: unit -> its community, its cell at the base, its cell.

    A unit that lies where it lay at the base is no move.
    """
    mine = (PlanMove.plan_id == plan.id) & _among(PlanMove.unit_id, drawn)
    session.execute(delete(PlanMove).where(mine))
    rows = [(unit, *cells) for unit, cells in drawn.items() if cells[1] != cells[2]]
    # As four arrays: a city's plan moves tens of thousands.
    session.execute(
        text(
            "INSERT INTO plan_move (plan_id, area_code, unit_id, community_code, base_cell,"
            "  cell_code)"
            " SELECT :plan_id, :area_code, m.* FROM unnest(CAST(:unit_ids AS bigint[]),"
            "  CAST(:communities AS bigint[]), CAST(:bases AS bigint[]),"
            "  CAST(:cells AS bigint[])) m"
        ),
        {
            "plan_id": plan.id, "area_code": plan.area_code,
            **{name: [row[column] for row in rows]
               for column, name in enumerate(("unit_ids", "communities", "bases", "cells"))},
        },
    )  # fmt: skip


def forget_moves(session: Session, plan_id: int) -> None:
    """Let every unit lie where it lies at the base."""
    session.execute(delete(PlanMove).where(PlanMove.plan_id == plan_id))


def locks(session: Session, plan_id: int) -> list[int]:
    """Codes that must stay as they are."""
    found = select(PlanLock.locked_code).where(PlanLock.plan_id == plan_id)
    return sorted(session.scalars(found))


def add_lock(session: Session, plan: Plan, code: int) -> None:
    """Let an area stay as it is."""
    session.execute(
        insert(PlanLock).values(plan_id=plan.id, locked_code=code, area_code=plan.area_code)
    )


def remove_lock(session: Session, plan: Plan, code: int) -> None:
    """Let an area be changed again."""
    session.execute(
        delete(PlanLock).where(PlanLock.plan_id == plan.id, PlanLock.locked_code == code)
    )


def comments(session: Session, plan_id: int) -> Rows:
    """What was said, in order."""
    found = select(*COMMENT_COLUMNS).where(
        PlanComment.plan_id == plan_id, *within(session, PlanComment.area_code)
    )
    return session.execute(found.order_by(PlanComment.id)).all()


def comment(session: Session, plan_id: int, comment_id: int) -> AnyRow | None:
    """One comment."""
    found = select(*COMMENT_COLUMNS).where(
        PlanComment.plan_id == plan_id, PlanComment.id == comment_id,
        *within(session, PlanComment.area_code),
    )  # fmt: skip
    return session.execute(found).first()


def add_comment(session: Session, lon: float, lat: float, **values: Any) -> int:
    """A new comment; its number.

    Args:
        lon, lat: degrees, EPSG:4326.
    """
    where = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    added = insert(PlanComment).values(geom=where, **values).returning(PlanComment.id)
    return int(session.execute(added).scalar_one())


def resolve(session: Session, comment_id: int, at: datetime | None) -> None:
    """Settle a comment, or open it again."""
    session.execute(update(PlanComment).where(PlanComment.id == comment_id).values(resolved_at=at))


def add_step(session: Session, plan: Plan, **values: Any) -> None:
    """One more line of a plan's life. The plan's row is held, so numbers are dense."""
    last = select(func.coalesce(func.max(PlanStep.no), 0)).where(PlanStep.plan_id == plan.id)
    no = (session.scalar(last) or 0) + 1
    session.execute(
        insert(PlanStep).values(plan_id=plan.id, no=no, area_code=plan.area_code, **values)
    )


def steps(session: Session, plan_id: int) -> Rows:
    """A plan's life, in order."""
    found = select(
        PlanStep.no, PlanStep.at, PlanStep.account, PlanStep.step, PlanStep.state, PlanStep.reason
    ).where(PlanStep.plan_id == plan_id)
    return session.execute(found.order_by(PlanStep.no)).all()


def edits(session: Session, plan_id: int, limit: int) -> Rows:
    """The newest edits, newest first, with `units`."""
    found = select(
        PlanEdit.no, PlanEdit.at, PlanEdit.account, PlanEdit.kind, PlanEdit.note, PlanEdit.undone,
        func.cardinality(PlanEdit.unit_ids).label("units"),
    ).where(PlanEdit.plan_id == plan_id)  # fmt: skip
    return session.execute(found.order_by(PlanEdit.no.desc()).limit(limit)).all()


def last_edit(session: Session, plan_id: int) -> PlanEdit | None:
    """The newest edit that stands."""
    found = select(PlanEdit).where(PlanEdit.plan_id == plan_id, ~PlanEdit.undone)
    return session.scalar(_fresh(found.order_by(PlanEdit.no.desc()).limit(1)))


def first_undone(session: Session, plan_id: int) -> PlanEdit | None:
    """The edit that was undone last: the oldest of them."""
    found = select(PlanEdit).where(PlanEdit.plan_id == plan_id, PlanEdit.undone)
    return session.scalar(_fresh(found.order_by(PlanEdit.no).limit(1)))


def _fresh(found: Select[PlanEdit]) -> Select[PlanEdit]:
    return found.execution_options(populate_existing=True)


def add_edit(session: Session, plan: Plan, **values: Any) -> int:
    """A new edit; those that are undone are forgotten. Its number."""
    session.execute(delete(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.undone))
    last = select(func.coalesce(func.max(PlanEdit.no), 0)).where(PlanEdit.plan_id == plan.id)
    no = (session.scalar(last) or 0) + 1
    session.execute(
        insert(PlanEdit).values(
            plan_id=plan.id, no=no, area_code=plan.area_code, undone=False, **values
        )
    )
    return no


def set_undone(session: Session, plan_id: int, no: int, *, undone: bool) -> None:
    """Note that an edit is undone, or stands again."""
    session.execute(
        update(PlanEdit).where(PlanEdit.plan_id == plan_id, PlanEdit.no == no).values(undone=undone)
    )


def balancing(session: Session, plan_id: int, besides: int | None = None) -> Rows:
    """Jobs that are about to change a plan: `id`, `params`."""
    found = select(PlanJob.id, PlanJob.params).where(
        PlanJob.plan_id == plan_id,
        PlanJob.kind == JobKind.BALANCE,
        or_(PlanJob.state == JobState.WAITING, PlanJob.state == JobState.RUNNING),
    )
    if besides is not None:
        found = found.where(PlanJob.id != besides)
    return session.execute(found).all()


_DIFFERENCE = text("""
WITH base AS (
    SELECT * FROM base_unit WHERE community_code = ANY (:communities)
    AND valid @> CAST(:base_at AS timestamptz)
), standing AS (
    SELECT * FROM base_unit WHERE community_code = ANY (:communities)
    AND valid @> CAST(:at AS timestamptz)
)
SELECT coalesce(base.unit_id, standing.unit_id) AS unit_id, base.cell_code AS base_cell,
       standing.cell_code AS current_cell, m.cell_code AS plan_cell
FROM base FULL JOIN standing ON standing.unit_id = base.unit_id
LEFT JOIN plan_move m
  ON m.plan_id = :plan_id AND m.unit_id = coalesce(base.unit_id, standing.unit_id)
WHERE base.id IS DISTINCT FROM standing.id
  AND (base.cell_code IS DISTINCT FROM standing.cell_code
       OR ST_AsBinary(base.geom) IS DISTINCT FROM ST_AsBinary(standing.geom))
ORDER BY 1
""")


def difference(session: Session, plan: Plan, at: datetime) -> Rows:
    """Units of the communities that a plan touches which are not at `at` as they are at its base:
    `unit_id`, `base_cell`, `current_cell`, `plan_cell`; None for a unit that was not there, and for
    one that the plan does not move."""
    words = {"communities": touched(session, plan.id), "base_at": plan.base_at, "at": at,
             "plan_id": plan.id}  # fmt: skip
    return session.execute(_DIFFERENCE, words).all()
