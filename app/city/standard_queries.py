"""SQL of the filing standard: writing a version, and reading the one in force."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from app.city.standard import Standard
from app.incidents.clocks.standard import StandardLine
from app.incidents.models import Category, FilingLine, Incident

TABLES = ("filing_line", "category")


def write_standard(session: Session, standard: Standard, valid: str) -> None:
    """Write a standard, in force for `valid` (a range as PostgreSQL writes it)."""
    lines = [
        {**asdict(line), "ordinal": ordinal, "valid": valid}
        for ordinal, line in enumerate(standard.lines, 1)
    ]
    _insert(session, "filing_line", lines)
    _insert(session, "category", [{**asdict(c), "valid": valid} for c in standard.categories])


def _insert(session: Session, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in rows[0])
    values = ", ".join(f":{name}" for name in rows[0]).replace(
        ":valid", "CAST(:valid AS tstzrange)"
    )
    session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), list(rows))  # noqa: S608


def end_standard(session: Session, at: datetime) -> None:
    """Let whatever standard is in force end at `at`; what was to begin then or later is gone."""
    for table in TABLES:
        session.execute(
            text(f"DELETE FROM {table} WHERE lower(valid) >= :at"),  # noqa: S608 (ours)
            {"at": at},
        )
        session.execute(
            text(
                f"UPDATE {table} SET valid = tstzrange(lower(valid), :at)"  # noqa: S608
                " WHERE valid @> CAST(:at AS timestamptz)"
                " OR upper(valid) > CAST(:at AS timestamptz)"
            ),
            {"at": at},
        )


def lines_at(session: Session, at: datetime) -> list[StandardLine]:
    """The lines in force at `at`, in the order of their spreadsheet."""
    names = list(StandardLine.__dataclass_fields__)
    columns = [getattr(FilingLine, name) for name in names]
    found = session.execute(
        select(*columns).where(FilingLine.valid.contains(at)).order_by(FilingLine.ordinal)
    )
    return [StandardLine(**row._mapping) for row in found]


def valid_at(session: Session, at: datetime) -> tuple[datetime, datetime | None] | None:
    """Since when, and until when (None: no end), the standard of a minute is in force."""
    found = session.scalar(
        select(FilingLine.valid).where(FilingLine.valid.contains(at)).order_by(FilingLine.ordinal)
    )
    return None if found is None or found.lower is None else (found.lower, found.upper)


def titles(session: Session, nos: Sequence[int]) -> dict[int, str]:
    """Titles of cases by number."""
    found = session.execute(select(Incident.no, Incident.title).where(Incident.no.in_(nos)))
    return {row.no: row.title for row in found}


def english_names(session: Session) -> dict[str, str]:
    """The English name that each code had last."""
    found = session.execute(select(Category.code, Category.name_en).order_by(text("lower(valid)")))
    return {row.code: row.name_en for row in found}


def open_logs(session: Session, codes: Sequence[str], closed: Sequence[str]) -> Sequence[Row[Any]]:
    """The steps of the open cases of some categories: `no`, `category`, `reported_at` and those
    of a step, in order."""
    return session.execute(
        text("""
            SELECT i.no, i.category, e.ordinal, e.at, e.step, e.status, e.tier, e.until
            FROM incident i
            CROSS JOIN LATERAL (
                SELECT * FROM incident_event e WHERE e.no = i.no AND e.at >= i.reported_at
            ) e
            WHERE i.category = ANY(:codes) AND i.status <> ALL(:closed)
            ORDER BY i.no, e.ordinal
        """),
        {"codes": list(codes), "closed": list(closed)},
    ).all()
