"""SQL of loading: vocabularies, clearing a city away, and what surrounds the COPY of a new one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.city.report import CityStatus
from app.dispatch.models import StaffingRule
from app.dispatch.rules import REQUIRED_STAFF
from app.incidents.models import IncidentStatus
from app.incidents.rules import STAGE_OF, Stage, is_open
from app.places.models import City

# Every table that holds something of one city, what is referred to after what refers.
CITY_TABLES = (
    "plan_job", "plan_step", "plan_comment", "plan_lock", "plan_edit", "plan_move", "plan",
    "outbox", "stream_event", "meeting_booking", "mediation_event", "mediation", "room",
    "warning_event", "warning", "attachment", "case_contact", "case_now", "case_past",
    "incident_event", "report_receipt", "incident", "category", "filing_line", "assignment",
    "station_cover", "duty_unit", "station", "map_feature", "base_unit", "area_shape", "area",
    "boundary_version", "city",
)  # fmt: skip
NUMBERED_TABLES = ("area", "station", "duty_unit", "assignment", "category", "filing_line",
                   "base_unit", "boundary_version")  # fmt: skip
_DEADLOCK = "40P01"
_CLEAR_ATTEMPTS = 5


def write_vocabularies(session: Session) -> None:
    """Write the states and the staffing rule as the rules have them, so that SQL can join them."""
    stages = list(Stage)
    states = [
        {
            "status": status.value,
            "stage": stage.value,
            "stage_ordinal": stages.index(stage),
            "is_open": is_open(status),
        }
        for status, stage in STAGE_OF.items()
    ]
    rules = [
        {"area_kind": kind, "role": role.value, "required": required}
        for kind, roles in REQUIRED_STAFF.items()
        for role, required in roles.items()
    ]
    session.execute(text("DELETE FROM staffing_rule"))
    session.execute(insert(StaffingRule), rules)
    states_insert = insert(IncidentStatus)
    session.execute(
        states_insert.on_conflict_do_update(
            index_elements=["status"],
            set_={
                "stage": states_insert.excluded.stage,
                "stage_ordinal": states_insert.excluded.stage_ordinal,
                "is_open": states_insert.excluded.is_open,
            },
        ),
        states,
    )


def clear_city(session: Session) -> None:
    """Empty every table of the city. Readers wait from here to the end of the transaction.

    Raises:
        sqlalchemy.exc.OperationalError: the tables cannot be had.
    """
    statement = text(f"TRUNCATE {', '.join(CITY_TABLES)} RESTART IDENTITY")
    for attempt in range(_CLEAR_ATTEMPTS):
        try:
            with session.begin_nested():
                session.execute(statement)
            return
        except OperationalError as error:
            # A viewer may hold one of the tables and want another that we hold already.
            is_deadlock = getattr(error.orig, "sqlstate", None) == _DEADLOCK
            if not is_deadlock or attempt + 1 == _CLEAR_ATTEMPTS:
                raise


def write_city(
    session: Session, *, code: int, name: str, name_en: str | None, demo: bool, now: datetime
) -> None:
    """Write the row of the city."""
    session.execute(
        text(
            "INSERT INTO city (code, name, name_en, demo, loaded_at)"
            " VALUES (:code, :name, :name_en, :demo, :now)"
        ),
        {"code": code, "name": name, "name_en": name_en, "demo": demo, "now": now},
    )


def ensure_months(session: Session, since: datetime, until: datetime) -> None:
    """Make the monthly partitions that hold everything from `since` to `until`."""
    session.execute(text("SELECT ensure_months(:since, :until)"), {"since": since, "until": until})


def coarse_places(session: Session) -> list[tuple[int, float, float, float]]:
    """Of every cell its code, the place (lon, lat) of a closed warning in it, and how far from
    that anything in the cell may be, in metres; in the order of the codes."""
    return [
        tuple(row)
        for row in session.execute(
            text(
                "SELECT a.code, ST_X(c.place), ST_Y(c.place), c.uncertainty_m FROM area a"
                " CROSS JOIN LATERAL coarse_place(a.code, a.label) c"
                " WHERE a.level = 'cell' ORDER BY a.code"
            )
        )
    ]


def continue_numbers(session: Session) -> None:
    """Let every number that is given automatically continue after the last one loaded.

    By RESTART, which a rollback undoes; setval would move the numbers of the old city.
    """
    for table in NUMBERED_TABLES:
        following = _one_more(session, f"SELECT max(id) FROM {table}")  # noqa: S608 (ours)
        session.execute(text(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {following}"))
    following = _one_more(session, "SELECT max(no) FROM incident")
    session.execute(text(f"ALTER SEQUENCE incident_no_seq RESTART WITH {following}"))


def _one_more(session: Session, statement: str) -> int:
    return int(session.scalar(text(statement)) or 0) + 1


def analyze(session: Session, tables: Sequence[str] = CITY_TABLES) -> None:
    """Let the planner know new tables before anybody asks them anything."""
    session.execute(text("SET LOCAL default_statistics_target = 40"))  # 100 takes twice as long
    session.execute(text(f"ANALYZE {', '.join(tables)}"))


def loaded_city(session: Session) -> int | None:
    """The code of the city that is loaded, if one is."""
    return session.scalar(select(City.code))


def city_status(session: Session, now: datetime) -> CityStatus | None:
    """What is loaded, as of `now`; None when no city is."""
    row = session.execute(
        text(
            "SELECT c.code, c.name, c.name_en, c.demo, c.loaded_at,"
            " (SELECT jsonb_object_agg(level, areas) FROM"
            "   (SELECT level, count(*) AS areas FROM area WHERE valid @> :now GROUP BY level) l)"
            "   AS areas,"
            " (SELECT count(*) FROM base_unit WHERE valid @> :now) AS units,"
            " (SELECT count(*) FROM station WHERE valid @> :now) AS stations,"
            " (SELECT count(*) FROM duty_unit WHERE valid @> :now) AS duty_units,"
            " i.incidents, i.open_incidents, i.last_report_at,"
            " b.id AS boundary_version, b.note AS boundary_note"
            " FROM city c"
            " LEFT JOIN boundary_version b ON b.valid @> :now"
            " CROSS JOIN (SELECT count(*) AS incidents,"
            "   count(*) FILTER (WHERE is_open) AS open_incidents,"
            "   max(reported_at) AS last_report_at"
            "   FROM incident JOIN incident_status USING (status)) i"
        ),
        {"now": now},
    ).first()
    return None if row is None else CityStatus(**{**row._mapping, "areas": row.areas or {}})
