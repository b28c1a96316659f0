"""States of the boundaries: whoever draws them anew takes the lock, ends one, begins the next.

Loading a city, importing its files and publishing a plan do. The lock is tried, never waited for:
whoever finds it taken is told so at once, and has changed nothing.
"""

from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import wait_as_long_as_it_takes
from app.core.errors import Problem

BOUNDARY_LOCK = 0x63697479
BASE_LOCK = 0x62617365
CELLS_LOCK = 0x63656C6C
BUSY = "boundaries-busy"


def lock_boundaries(session: Session) -> None:
    """Be the only one that replaces boundaries until the transaction ends, which may last as long
    as it takes.

    Raises:
        Problem: 409 `boundaries-busy` where somebody else is; nothing is waited for.
    """
    if not _locked(session, "pg_try_advisory_xact_lock", BOUNDARY_LOCK):
        raise busy()
    wait_as_long_as_it_takes(session)
    # For a moment: whoever takes the instant of a plan's base holds it for no longer than that.
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": BASE_LOCK})
    _settle(session)


def refuse_busy(session: Session) -> None:
    """Look whether somebody replaces boundaries just now; nothing is held afterwards.

    Raises:
        Problem: 409 `boundaries-busy`.
    """
    with session.begin_nested() as looked:
        free = _locked(session, "pg_try_advisory_xact_lock_shared", BASE_LOCK)
        looked.rollback()
    if not free:
        raise busy()


def instant_of_base(session: Session) -> datetime:
    """An instant (UTC) for which the boundaries that this session sees will always be the same.

    Whoever replaces boundaries takes the lock and then the time; here the time is taken while
    nobody has it, so no publication can slip between. Nothing is held afterwards.

    Raises:
        Problem: 409 `boundaries-busy`.
    """
    at: datetime | None = None
    # A lock taken behind a savepoint goes with it.
    with session.begin_nested() as looked:
        if _locked(session, "pg_try_advisory_xact_lock_shared", BASE_LOCK):
            at = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        looked.rollback()
    if at is None:
        raise busy()
    return at


def busy() -> Problem:
    """Somebody else replaces boundaries: 409."""
    detail = (
        "Somebody else is replacing boundaries just now: a publication, an import or a load."
        " Nothing was changed; try again when that has ended."
    )
    return Problem(HTTPStatus.CONFLICT, "boundaries-busy", "Boundaries are being redrawn", detail)


def _locked(session: Session, function: str, key: int) -> bool:
    return bool(session.scalar(text(f"SELECT {function}(:key)"), {"key": key}))


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


def last_version(session: Session) -> int:
    """The number of the newest state of the boundaries; 0 where there is none."""
    return int(session.scalar(text("SELECT max(id) FROM boundary_version")) or 0)


def clock(session: Session) -> datetime:
    """What time it is at the database (UTC), for all servers the same."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def after_last(session: Session, now: datetime, seen: datetime | None = None) -> datetime:
    """`now`, unless boundaries were drawn since it was taken: just after those.

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
