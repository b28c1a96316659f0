"""Taking a sheet of posts: a report by row first, then all of it in one transaction, or nothing.

Passwords are made and hashed before that transaction begins: while it holds the accounts nobody
else can be given or taken anything.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading
from app.core.errors import FieldError, Problem, invalid, too_large
from app.files.job import FileRefused
from app.files.sheet import read_sheet
from app.identity import account_queries, accounts, audit, passwords
from app.identity.account_queries import NewAccount
from app.identity.account_view import EVERYWHERE, area_of
from app.identity.audit_words import AuditKind
from app.identity.changes.rules import ChangeStage
from app.identity.changes.service import Progress, changing_many
from app.identity.rules import Actor, Role
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
    engine: Engine,
    actor: Actor | None,
    file: Path,
    what: SheetKind,
    *,
    dry_run: bool,
    change_id: UUID | None = None,
) -> SheetReport:
    """Make, grant or end what a sheet says, or say what that would do.

    New accounts get a password each, told once. Grants that open contacts or the audit wait as one
    proposal; of the command line (no actor) they hold at once.

    Args:
        file: CSV or XLSX.
        change_id: by which whoever brings it asks how far it is, and can cancel it (`changes`).

    Raises:
        Problem: 422 on `file`; unless it is a preview, 422 on every cell that cannot be taken, 409
            where nobody would administer the city any more, and `change-cancelled`.
    """
    with changing_many(engine, actor, change_id) as progress:
        sheet = _read(file)
        with reading(engine) as session:
            changes = _changes(session, actor, sheet, what)
        if dry_run:
            return _report(what, sheet, changes, actor)
        _refuse_faults(changes)
        made = _made_up(changes, progress)
        progress.tell(ChangeStage.WRITING)
        with accounts.changing(engine) as session:
            # It is looked at once more: others may have changed something meanwhile.
            changes = _changes(session, actor, sheet, what)
            _refuse_faults(changes)
            if what is SheetKind.ADD:
                return _add(session, actor, sheet, changes, made=made, progress=progress)
            _end(session, actor, changes, progress)
            return _report(what, sheet, changes, actor, done=True)


def _read(file: Path) -> PostSheet:
    try:
        read = read_sheet(file, rules.MOST_ROWS + 1)
        return rules.read(read.headings, read.rows)
    except (FileRefused, ValueError) as refused:
        raise invalid("file", str(refused)) from None


def _refuse_faults(changes: Sequence[Change]) -> None:
    faults = [change for change in changes if change.outcome is Outcome.WRONG]
    if faults:
        raise _refused(faults)


class Made(NamedTuple):
    """A password that was made up, and its hash."""

    password: str
    secret: str


def _made_up(changes: Sequence[Change], progress: Progress) -> dict[str, Made]:
    """A password for each account that is new, by login."""
    names = sorted({change.account for change in changes if change.outcome is Outcome.NEW})
    made = {}
    for done, name in enumerate(names):
        progress.tell(ChangeStage.PASSWORDS, done, len(names))
        made[name] = _new_password()
    return made


def _new_password() -> Made:
    password = passwords.made_up()
    return Made(password, passwords.hashed_quickly(password))


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
    session: Session,
    actor: Actor | None,
    sheet: PostSheet,
    changes: Sequence[Change],
    *,
    made: Mapping[str, Made],
    progress: Progress,
) -> SheetReport:
    belongs = _belongs(session, actor, changes)
    given_out = _make(session, actor, belongs, made)
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
        released = _released(session, given)
    progress.end_in(session)
    _record_accounts(session, actor, belongs)
    accounts.record_grants(session, actor, added)
    if actor is not None and waiting:
        wish = Wish(ProposalKind.SHEET, None, None, actor.area_code, grants=waiting)
        no = propose(session, actor, wish)
    report = _report(SheetKind.ADD, sheet, changes, actor, done=True)
    return report.model_copy(update={"proposal": no, "passwords": given_out, "codes": released})


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
    session: Session,
    actor: Actor | None,
    belongs: Mapping[str, int | None],
    made: Mapping[str, Made],
) -> list[FirstPassword]:
    """Each new account, with a password of its own."""
    # Who was there when passwords were made, and is no more, gets one now.
    given = {name: made.get(name) or _new_password() for name in belongs}
    new = [NewAccount(name, given[name].secret, area) for name, area in belongs.items()]
    added = account_queries.add_several(session, new, [] if actor is None else [actor.name])
    taken = [one.name for one in new if one.name not in added]
    if taken:
        raise accounts.name_taken(taken[0])
    return [FirstPassword(account=name, password=one.password) for name, one in given.items()]


def _record_accounts(
    session: Session, actor: Actor | None, belongs: Mapping[str, int | None]
) -> None:
    nowhere = accounts.audited_area(session, None)
    rows = [(nowhere if area is None else area, name) for name, area in belongs.items()]
    audit.record_several(session, actor, AuditKind.ACCOUNT_ADDED, rows)


def _released(session: Session, given: Sequence[Mapping[str, Any]]) -> list[ReleaseCode]:
    opening = {one["account"] for one in given if takes_two([Role(one["role"])])}
    codes_given = release.lock_up_several(session, accounts.ids_of(session, opening))
    return [ReleaseCode(account=name, code=code) for name, code in codes_given.items()]


def _end(
    session: Session, actor: Actor | None, changes: Sequence[Change], progress: Progress
) -> None:
    ending = {change.account for change in changes if change.outcome is Outcome.END}
    ended = accounts.end_several(session, actor, ending)
    progress.end_in(session)
    accounts.record_ended(session, actor, ended)


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
