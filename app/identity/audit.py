"""The audit: writing down for good what was done with something protected, and checking it all.

A row says who did what where, and never what was shown. Who reads the audit of one area sees rows
out of one chain over all areas; the check of the chain therefore runs as the house and tells
nothing but counts.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app.core.db import reading
from app.core.paging import cut, decode_cursor
from app.core.scope import within
from app.identity.audit_models import AuditHead, AuditRow
from app.identity.audit_schemas import AuditEntry, AuditPage, AuditQuery
from app.identity.audit_words import AuditKind, ChainReport, ChainRow, check_chain
from app.identity.rules import Role
from geodata import codes

log = structlog.get_logger()

NOTES = "audit_heads.jsonl"
ROWS_AT_ONCE = 5_000


class Acting(Protocol):
    """Who acts, as the audit names them: an actor, a program by its key, or one whose word is
    carried out later."""

    @property
    def name(self) -> str:
        """Of the account; `key:NAME` of a program."""

    @property
    def role(self) -> Role | None:
        """Of the grant under which they act; None for a program."""


_APPEND = text(
    "SELECT audit_append(:account, :role, :area_code, :kind, CAST(:incident_no AS bigint), :detail,"
    " :reason)"
)


# One statement for all: each call of the function sees the row that the one before has written.
_APPEND_SEVERAL = text(
    "SELECT count(audit_append(:account, :role, area, :kind, NULL, detail, NULL)) FROM ("
    " SELECT area, detail FROM unnest(CAST(:areas AS bigint[]), CAST(:details AS text[]))"
    " WITH ORDINALITY AS given (area, detail, place) ORDER BY place) given"
)


def record(
    session: Session,
    actor: Acting | None,
    kind: AuditKind | str,
    *,
    area_code: int,
    incident_no: int | None = None,
    detail: str = "",
    reason: str | None = None,
) -> int:
    """Write one row, in the caller's writing transaction: it stands when, and only when, that does.

    Call it last in the transaction: from here until its end all others who write a row wait.

    Args:
        actor: who acts; None for a job and the command line.
        kind: one of `AuditKind`.
        area_code: of what was acted upon: the case's cell, the grant's area.
        detail: what exactly, in a few words; never anything of the content.
        reason: as given by who acted, where one is asked for.

    Returns:
        The row's number.

    Raises:
        ValueError: no such kind.
    """
    no: int = session.execute(
        _APPEND,
        {
            "account": actor.name if actor else None,
            "role": actor.role.value if actor and actor.role else None,
            "area_code": area_code, "kind": AuditKind(kind).value, "incident_no": incident_no,
            "detail": detail, "reason": reason,
        },
    ).scalar_one()  # fmt: skip
    return no


def record_several(
    session: Session,
    actor: Acting | None,
    kind: AuditKind,
    rows: Sequence[tuple[int, str]],
) -> None:
    """Write several rows of one kind, (area, detail) each, in this order, as `record` does one."""
    if rows:
        session.execute(
            _APPEND_SEVERAL,
            {
                "account": actor.name if actor else None,
                "role": actor.role.value if actor and actor.role else None,
                "kind": kind.value,
                "areas": [area for area, _ in rows],
                "details": [detail for _, detail in rows],
            },
        )


def whole_city(session: Session) -> int:
    """The area of what concerns no single one: the city's code; 0 without a city."""
    return session.scalar(text("SELECT code FROM city ORDER BY code LIMIT 1")) or 0


def check_and_note(engine: Engine, data_dir: Path, now: datetime) -> str:
    """For the clock: check the chain, note its last row, and say how it stands."""
    report = check(engine, data_dir)
    note(engine, data_dir, report, now)
    if not report.ok:
        log.error("the audit's chain does not hold", first_bad=report.first_bad)
    return f"{report.rows} rows, {'as written' if report.ok else 'NOT as written'}"


def list_rows(session: Session, query: AuditQuery) -> AuditPage:
    """Rows that the session's scope holds, newest first."""
    after = decode_cursor(query.cursor, (int,))
    where = [*within(session, AuditRow.area_code)]
    if query.area is not None:
        where.append(AuditRow.area_code.between(*codes.code_range(query.area)))
    if query.kind:
        where.append(AuditRow.kind.in_([kind.value for kind in query.kind]))
    if query.since is not None:
        where.append(AuditRow.at >= query.since)
    if query.until is not None:
        where.append(AuditRow.at < query.until)
    total = session.scalar(select(func.count()).select_from(AuditRow).where(*where)) or 0
    if after is not None:
        where.append(AuditRow.no < after[0])
    found = select(AuditRow).where(*where).order_by(AuditRow.no.desc()).limit(query.limit + 1)
    rows, following = cut(session.scalars(found).all(), query.limit, lambda row: [row.no])
    return AuditPage(total=total, items=[_entry(row) for row in rows], next=following)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        no=row.no, at=row.at, account=row.account, role=row.role, area_code=row.area_code,
        kind=AuditKind(row.kind), incident_no=row.incident_no, detail=row.detail,
        reason=row.reason, hash=row.hash.hex(),
    )  # fmt: skip


def check(engine: Engine, data_dir: Path | None = None) -> ChainReport:
    """Follow the whole chain of this database, as the house.

    Args:
        data_dir: where hashes were noted by `note`; what was noted must still be so.
    """
    noted = _noted(data_dir, database_id(engine)) if data_dir else {}
    with reading(engine) as session:
        # Rows and head must be of one moment.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return check_in(session, noted)


def check_in(session: Session, noted: dict[int, bytes] | None = None) -> ChainReport:
    """The same, as this session sees the rows."""
    head = session.execute(select(AuditHead.last_no, AuditHead.last_hash)).one_or_none()
    return check_chain(_rows(session), (head[0], head[1]) if head else (0, b""), noted)


def _rows(session: Session) -> Iterator[ChainRow]:
    columns = (
        AuditRow.no, AuditRow.at, AuditRow.account, AuditRow.role, AuditRow.area_code,
        AuditRow.kind, AuditRow.incident_no, AuditRow.detail, AuditRow.reason, AuditRow.hash,
    )  # fmt: skip
    found = select(*columns).order_by(AuditRow.no)
    for row in session.execute(found.execution_options(yield_per=ROWS_AT_ONCE)):
        yield ChainRow(**row._mapping)


def database_id(engine: Engine) -> str:
    """Which database this is: the cluster's identifier and the database's number in it."""
    with reading(engine) as session:
        found = session.execute(
            text(
                "SELECT (SELECT system_identifier FROM pg_control_system()),"
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        ).one()
    return f"{found[0]}-{found[1]}"


def note(engine: Engine, data_dir: Path, report: ChainReport, at: datetime) -> None:
    """Keep number and hash of the last row outside the database.

    Whoever can write everything in the database could also write the chain anew, hashes and all;
    against what was noted elsewhere it no longer fits.
    """
    if not report.ok or not report.rows:
        return
    line = {
        "at": at.isoformat(), "database": database_id(engine), "no": report.head[0],
        "hash": report.head[1].hex(),
    }  # fmt: skip
    with (data_dir / NOTES).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps(line) + "\n")


def _noted(data_dir: Path, database: str) -> dict[int, bytes]:
    path = data_dir / NOTES
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return {line["no"]: bytes.fromhex(line["hash"]) for line in lines
            if line["database"] == database}  # fmt: skip
