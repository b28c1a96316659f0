"""SQL of intake: receipts under many ids, and filing many reports by one statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg.rows import args_row
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import driver_of
from app.core.scope import within
from app.incidents.models import Incident, ReportReceipt
from app.incidents.queries import COLUMNS, AnyRow, Rows
from app.places.versions import CELLS_LOCK

FILE = (
    "SELECT place, outcome, no, reported_at, body_hash, cell_code, category_name_zh,"
    " category_name_en, chain::text FROM file_reports(CAST(%(given)s AS jsonb),"
    " CAST(%(reading)s AS jsonb), %(at)s, %(lo)s, %(hi)s, %(lock)s, %(token)s)"
)


class Outcome(NamedTuple):
    """What became of a report: a row of `file_reports` (app/sql/56_intake.sql).

    `chain` is JSON, of which an answer to many reports says nothing.
    """

    place: int
    outcome: str
    no: int
    reported_at: datetime
    body_hash: bytes
    cell_code: int
    category_name_zh: str
    category_name_en: str
    chain: str


def receipts(session: Session, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Acknowledgements given under ids, as far as they may be seen: `id`, `body_hash`, `no`,
    `reported_at`."""
    columns = (
        ReportReceipt.id,
        ReportReceipt.body_hash,
        ReportReceipt.no,
        ReportReceipt.reported_at,
    )
    where = [ReportReceipt.id.in_(ids), *within(session, ReportReceipt.cell_code)]
    return {row.id: row for row in session.execute(select(*columns).where(*where))}


def file_reports(
    session: Session,
    given: Sequence[Mapping[str, Any]],
    reading: Mapping[str, Any],
    at: datetime,
    codes: tuple[int, int],
) -> list[Outcome]:
    """What became of reports, in their order.

    Args:
        given: every id once.
        reading: a row of `case_now` for each, but for number, category and cell.
        at: when they are received (UTC).
        codes: first and last code of the cells in which they may lie.
    """
    words = filing_words(given, reading, at, codes)
    with driver_of(session).cursor(row_factory=args_row(Outcome)) as cursor:
        return sorted(cursor.execute(FILE, words).fetchall())


def filing_words(
    given: Sequence[Mapping[str, Any]],
    reading: Mapping[str, Any],
    at: datetime,
    codes: tuple[int, int],
    token: str | None = None,
) -> dict[str, Any]:
    """The words of `FILE`; arguments as of `file_reports`.

    Args:
        token: of the session that asks; None where the transaction has said it.
    """
    return {
        "given": orjson.dumps(given, option=orjson.OPT_UTC_Z).decode(),
        "reading": orjson.dumps(reading).decode(),
        "at": at,
        "lo": codes[0],
        "hi": codes[1],
        "lock": CELLS_LOCK,
        "token": token,
    }


def cases(session: Session, nos: Collection[int], reported_at: datetime) -> Rows:
    """Incidents of one instant with their state of now."""
    found = select(*COLUMNS).where(Incident.reported_at == reported_at, Incident.no.in_(nos))
    return session.execute(found).all()
