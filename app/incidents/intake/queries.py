"""SQL of intake: receipts under many ids, and filing many reports by one statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.scope import within
from app.incidents.models import Incident, ReportReceipt
from app.incidents.queries import COLUMNS, AnyRow, Rows
from app.places.versions import CELLS_LOCK

_FILE = text(
    "SELECT * FROM file_reports(CAST(:given AS jsonb), CAST(:reading AS jsonb), :at, :lo, :hi,"
    " :lock)"
)


def receipts(session: Session, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Acknowledgements given under ids, as far as they may be seen: `id`, `body_hash`, `no`,
    `reported_at`."""
    columns = (
        ReportReceipt.id, ReportReceipt.body_hash, ReportReceipt.no, ReportReceipt.reported_at,
    )  # fmt: skip
    where = [ReportReceipt.id.in_(ids), *within(session, ReportReceipt.cell_code)]
    return {row.id: row for row in session.execute(select(*columns).where(*where))}


def file_reports(
    session: Session,
    given: Sequence[Mapping[str, Any]],
    reading: Mapping[str, Any],
    at: datetime,
    codes: tuple[int, int],
) -> Rows:
    """What became of reports, by `place`; see `app/sql/56_intake.sql` for the words and the rows.

    Args:
        given: every id once.
        reading: a row of `case_now` for each, but for number, category and cell.
        at: when they are received (UTC).
        codes: first and last code of the cells in which they may lie.
    """
    words = {
        "given": orjson.dumps(given).decode(),
        "reading": orjson.dumps(reading).decode(),
        "at": at,
        "lo": codes[0],
        "hi": codes[1],
        "lock": CELLS_LOCK,
    }
    return sorted(session.execute(_FILE, words), key=lambda row: row.place)


def cases(session: Session, nos: Collection[int], reported_at: datetime) -> Rows:
    """Incidents of one instant with their state of now."""
    found = select(*COLUMNS).where(Incident.reported_at == reported_at, Incident.no.in_(nos))
    return session.execute(found).all()
