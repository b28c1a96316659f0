"""SQL of plans: their rows, their moves, what is said and done about them. Instants are UTC."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.core.scope import within
from app.places.models import Area
from app.planning.models import (
    BaseUnit,
    Plan,
    PlanComment,
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


def first_job(
    session: Session, plan_id: int, kind: JobKind, states: Collection[JobState]
) -> int | None:
    """The oldest job of a kind on a plan that is in one of these states."""
    return session.scalar(
        select(func.min(PlanJob.id)).where(
            PlanJob.plan_id == plan_id, PlanJob.kind == kind, PlanJob.state.in_(states)
        )
    )


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


def names_of(session: Session, areas: Sequence[int], at: datetime) -> dict[int, str]:
    """Names of areas of any level at an instant, by code; nothing of those that are not there."""
    found = select(Area.code, Area.name).where(Area.code.in_(areas), Area.valid.contains(at))
    return {row.code: row.name for row in session.execute(found)}


def has_units(session: Session, area_code: int, at: datetime) -> bool:
    """Whether there is anything of which cells of an area could be drawn."""
    lo, hi = codes.code_range(area_code)
    found = select(BaseUnit.id).where(
        BaseUnit.community_code.between(lo, hi), BaseUnit.valid.contains(at)
    )
    return session.scalar(found.limit(1)) is not None


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
