"""States of the boundaries: whoever draws them anew takes the turn, ends one, begins the next.

Loading a city, importing its files and publishing a plan do.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import wait_as_long_as_it_takes

TURN_LOCK = 0x63697479
CELLS_LOCK = 0x63656C6C


def take_turn(session: Session) -> None:
    """Take the turn among all that replace boundaries, and last as long as it takes."""
    wait_as_long_as_it_takes(session)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TURN_LOCK})
    _settle(session)


def try_turn(session: Session) -> bool:
    """As `take_turn`, unless somebody else has it: whether it is ours."""
    found = session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": TURN_LOCK})
    if found:
        wait_as_long_as_it_takes(session)
        _settle(session)
    return bool(found)


def change_cells(session: Session) -> None:
    """Wait for all who file something in the cells of before, and let others wait for the new ones
    until this transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CELLS_LOCK})


def _settle(session: Session) -> None:
    # A killed loader must not keep the old city locked until the end of some long statement.
    session.execute(text("SET LOCAL client_connection_check_interval = '1s'"))
    session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))


def next_boundary_version(session: Session, now: datetime) -> int:
    """A number that no boundary version had before, nor will have after another load.

    Tiles are kept for ever under this number, so it is a time: seconds since 1970, or one more
    than the last number.
    """
    last = session.scalar(text("SELECT max(id) FROM boundary_version")) or 0
    return max(int(last) + 1, int(now.timestamp()))


def after_last(session: Session, now: datetime, seen: datetime | None = None) -> datetime:
    """`now`, unless boundaries were drawn since, while we waited for our turn: just after those.

    Args:
        seen: another instant that it must come after.
    """
    drawn: datetime | None = session.scalar(text("SELECT max(lower(valid)) FROM boundary_version"))
    last = max((at for at in (drawn, seen) if at is not None), default=None)
    return now if last is None or last < now else last + timedelta(microseconds=1)


def close_boundary_version(session: Session, now: datetime) -> None:
    """End the boundaries in force at `now`."""
    session.execute(
        text(
            "UPDATE boundary_version SET valid = tstzrange(lower(valid), :now)"
            " WHERE upper_inf(valid)"
        ),
        {"now": now},
    )


def write_boundary_version(session: Session, version: int, valid: str, note: str) -> None:
    """Write one state of all boundaries."""
    session.execute(
        text(
            "INSERT INTO boundary_version (id, valid, note)"
            " VALUES (:id, CAST(:valid AS tstzrange), :note)"
        ),
        {"id": version, "valid": valid, "note": note},
    )


def first_free_id(session: Session, table: str) -> int:
    """One more than the last id of a table, which is locked against others until the end."""
    session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
    last = text(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608 (our names)
    return int(session.execute(last).scalar_one())
