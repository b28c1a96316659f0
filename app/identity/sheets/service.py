"""Taking a sheet of posts: a report by row first, then all of it in one transaction, or nothing."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.errors import FieldError, Problem, invalid, too_large
from app.files.job import FileRefused
from app.files.sheet import read_sheet
from app.identity import account_queries, accounts, audit, passwords
from app.identity.account_view import EVERYWHERE, area_of
from app.identity.audit_words import AuditKind
from app.identity.rules import Actor, Role
from app.identity.second_person import queries as second
from app.identity.second_person import release
from app.identity.second_person.proposing import Wish, propose
from app.identity.second_person.rules import ProposalKind, takes_two
from app.identity.second_person.schemas import ReleaseCode
from app.identity.sheets import rules
from app.identity.sheets.rules import Change, KnownAccount, Outcome, PostSheet, SheetKind
from app.identity.sheets.schemas import FirstPassword, SheetReport, SheetRow
from app.places import queries as places
from geodata import codes

MOST_BYTES = 4 * 2**20
MOST_FAULTS = 200
_WORKBOOK = b"PK\x03\x04"


def bring(
    engine: Engine, actor: Actor | None, file: Path, what: SheetKind, *, dry_run: bool
) -> SheetReport:
    """Make, grant or end what a sheet says, or say what that would do.

    New accounts get a password each, told once. Grants that open contacts or the audit wait as one
    proposal; of the command line (no actor) they hold at once.

    Args:
        file: CSV or XLSX.

    Raises:
        Problem: 422 on `file`; unless it is a preview, 422 on every cell that cannot be taken, 409
            where nobody would administer the city any more.
    """
    try:
        read = read_sheet(file, rules.MOST_ROWS + 1)
        sheet = rules.read(read.headings, read.rows)
    except (FileRefused, ValueError) as refused:
        raise invalid("file", str(refused)) from None
    with accounts.changing(engine) as session:
        changes = _changes(session, actor, sheet, what)
        faults = [change for change in changes if change.outcome is Outcome.WRONG]
        if dry_run:
            return _report(what, sheet, changes, actor)
        if faults:
            raise _refused(faults)
        if what is SheetKind.END:
            _end(session, actor, changes)
            return _report(what, sheet, changes, actor, done=True)
        return _add(session, actor, sheet, changes)


@contextmanager
def kept(upload: BinaryIO) -> Iterator[Path]:
    """An upload as a file of ours, named by what its content is, not by what it is called.

    Raises:
        Problem: 413.
    """
    if upload.seek(0, os.SEEK_END) > MOST_BYTES:
        raise too_large("file", MOST_BYTES)
    upload.seek(0)
    ending = ".xlsx" if upload.read(4) == _WORKBOOK else ".csv"
    upload.seek(0)
    with tempfile.TemporaryDirectory(prefix="minqing-posts-") as folder:
        file = Path(folder) / f"file{ending}"
        with file.open("xb") as target:
            shutil.copyfileobj(upload, target, 1 << 20)
        yield file


def _changes(
    session: Session, actor: Actor | None, sheet: PostSheet, what: SheetKind
) -> list[Change]:
    known = _known(session, actor, {post.account for post in sheet.posts})
    if what is SheetKind.END:
        return rules.endings(sheet, known, actor.name if actor else None)
    wanted = {post.area for post in sheet.posts if post.area is not None}
    named = places.names(session, wanted, utc_now()) if wanted else {}
    return rules.additions(sheet, known, frozenset(c for c in named if _inside(c, actor)))


def _inside(code: int, actor: Actor | None) -> bool:
    lo, hi = codes.code_range(code)
    return actor is None or actor.lo <= lo <= hi <= actor.hi


def _known(session: Session, actor: Actor | None, names: set[str]) -> dict[str, KnownAccount]:
    seen = {row.name: row for row in account_queries.several(session, area_of(actor), names)}
    everyone = account_queries.several(session, EVERYWHERE, names)
    grants: dict[int, set[tuple[Role, int]]] = {row.id: set() for row in everyone}
    for held in account_queries.grants(session, EVERYWHERE, list(grants)):
        if held.valid_until is None:
            grants[held.account_id].add((Role(held.role), held.area_code))
    known = {
        row.name: KnownAccount(
            visible=row.name in seen,
            manageable=row.name in seen and seen[row.name].manageable,
            disabled=row.disabled_at is not None,
            grants=frozenset(grants[row.id]),
        )
        for row in everyone
    }
    # The accounts of our own programs are seen by nobody, but their names are taken.
    for name in account_queries.ids(session, names - known.keys()):
        known[name] = KnownAccount(False, False, False, frozenset())
    return known


def _add(
    session: Session, actor: Actor | None, sheet: PostSheet, changes: Sequence[Change]
) -> SheetReport:
    belongs = _belongs(session, actor, changes)
    made = _make(session, actor, belongs)
    given: list[dict[str, Any]] = [
        {"account": c.account, "role": c.role.value, "area": c.area}
        for c in changes
        if c.outcome in (Outcome.NEW, Outcome.GRANT) and c.role is not None
    ]
    waiting, at_once = list[dict[str, Any]](), list[dict[str, Any]]()
    for one in given:
        waits = actor is not None and takes_two([Role(one["role"])])
        (waiting if waits else at_once).append(one)
    added = accounts.add_grants(session, actor, at_once)
    no, released = None, list[ReleaseCode]()
    if actor is None:
        released = list(_released(session, given))
    _record_accounts(session, actor, belongs)
    accounts.record_grants(session, actor, added)
    if actor is not None and waiting:
        wish = Wish(ProposalKind.SHEET, None, None, actor.area_code, grants=waiting)
        no = propose(session, actor, wish)
    report = _report(SheetKind.ADD, sheet, changes, actor, done=True)
    return report.model_copy(update={"proposal": no, "passwords": made, "codes": released})


def _belongs(
    session: Session, actor: Actor | None, changes: Sequence[Change]
) -> dict[str, int | None]:
    """The accounts that are new, and where each belongs."""
    city = places.city(session)
    elsewhere = int(city.code) if city else None
    return {
        c.account: actor.area_code if actor else c.area or elsewhere
        for c in changes
        if c.outcome is Outcome.NEW
    }


def _make(
    session: Session, actor: Actor | None, belongs: Mapping[str, int | None]
) -> list[FirstPassword]:
    """Each new account, with a password of its own."""
    made, ids = [], []
    for name, area in belongs.items():
        password = passwords.made_up()
        secret = passwords.hashed_quickly(password)
        added = account_queries.add(session, name, secret, area, demo=False)
        if added is None:
            raise accounts.name_taken(name)
        ids.append(added)
        made.append(FirstPassword(account=name, password=password))
    account_queries.set_first_password(session, ids)
    if actor is not None:
        second.set_known_to(session, ids, actor.name)
    return made


def _record_accounts(
    session: Session, actor: Actor | None, belongs: Mapping[str, int | None]
) -> None:
    for name, area in belongs.items():
        where = accounts.audited_area(session, area)
        audit.record(session, actor, AuditKind.ACCOUNT_ADDED, area_code=where, detail=name)


def _released(session: Session, given: Sequence[Mapping[str, Any]]) -> Iterator[ReleaseCode]:
    opening = {one["account"] for one in given if takes_two([Role(one["role"])])}
    for name, account_id in sorted(accounts.ids_of(session, opening).items()):
        code = release.lock_up(session, account_id, ProposalKind.SHEET)
        if code is not None:
            yield ReleaseCode(account=name, code=code)


def _end(session: Session, actor: Actor | None, changes: Sequence[Change]) -> None:
    ending = {change.account for change in changes if change.outcome is Outcome.END}
    accounts.end_several(session, actor, sorted(ending))


def _report(
    what: SheetKind,
    sheet: PostSheet,
    changes: Sequence[Change],
    actor: Actor | None,
    *,
    done: bool = False,
) -> SheetReport:
    granted = [c for c in changes if c.outcome in (Outcome.NEW, Outcome.GRANT) and c.role]
    waiting = [c for c in granted if actor is not None and c.role and takes_two([c.role])]
    touched = {c.account for c in changes if c.outcome in (Outcome.NEW, Outcome.END)}
    return SheetReport(
        what=what,
        done=done,
        counts=dict(Counter(change.outcome for change in changes)),
        accounts=len(touched),
        waiting=len(waiting),
        proposal=None,
        ignored=list(sheet.ignored),
        rows=[SheetRow(**change._asdict()) for change in changes],
        passwords=[],
        codes=[],
    )


def _refused(faults: Sequence[Change]) -> Problem:
    errors = tuple(
        FieldError(f"row {fault.row}, {fault.column}", fault.reason or "")
        for fault in faults[:MOST_FAULTS]
    )
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-input",
        "Invalid input",
        f"{len(faults):,} rows cannot be taken; nothing was changed.",
        errors,
    )
