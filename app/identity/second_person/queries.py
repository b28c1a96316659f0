"""SQL of proposals. All of it runs as the database's owner, as that of accounts does."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from app.identity.models import Account
from app.identity.queries import AnyRow, Rows
from app.identity.second_person.models import Proposal
from app.identity.second_person.rules import LASTING_H, PROTECTED, ProposalKind, ProposalState

_FIELDS = (
    "SELECT p.no, p.kind, p.account_id, a.name AS account, coalesce(a.known_to, '{}') AS known_to,"
    " p.role, p.area_code, p.until, p.password_hash, p.subject_hash,"
    " coalesce(jsonb_array_length(p.grants), 0) AS grants, p.proposed_by, p.proposed_at,"
    " p.expires_at, p.ended_at, p.ended_how, p.ended_by"
    " FROM identity_proposal p LEFT JOIN account a ON a.id = p.account_id"
)
_INSIDE = "(p.area_code BETWEEN :lo AND :hi OR :whole_city)"
_WAITS = "(p.ended_at IS NULL AND p.expires_at > now())"
_PAGE = text(
    f"{_FIELDS} WHERE {_INSIDE} AND {_WAITS} = :waiting"
    " AND (CAST(:before AS bigint) IS NULL OR p.no < :before) ORDER BY p.no DESC LIMIT :limit"
)
_TOTAL = text(
    "SELECT count(*) FROM identity_proposal p"  # noqa: S608 (words of our own)
    f" WHERE {_INSIDE} AND {_WAITS} = :waiting"
)
_ONE = text(f"{_FIELDS} WHERE {_INSIDE} AND p.no = :no")
_OF_ACCOUNTS = text(
    f"{_FIELDS} WHERE {_INSIDE} AND {_WAITS} AND p.account_id = ANY (:accounts) ORDER BY p.no"
)
# Whoever may know a way into an account, whoever may know one into theirs, and so on.
_CIRCLE = text(
    "WITH RECURSIVE circle (name) AS (SELECT unnest(CAST(:names AS text[])) UNION"
    " SELECT unnest(a.known_to) FROM account a JOIN circle c ON a.name = c.name)"
    " SELECT name FROM circle"
)
_ADMINISTERS = text(
    "SELECT EXISTS (SELECT FROM account a JOIN account_grant g ON g.account_id = a.id"
    " WHERE a.name = :name AND a.disabled_at IS NULL AND g.role = 'city_admin'"
    " AND g.valid @> now() AND :area BETWEEN g.lo AND g.hi)"
)
_RELEASES = text(
    "UPDATE account SET release_hash = given.hash"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:hashes AS bytea[])) AS given (id, hash)"
    " WHERE account.id = given.id"
)
_PROTECTED = text(
    "SELECT EXISTS (SELECT FROM account_grant g WHERE g.account_id = :account"
    " AND coalesce(upper(g.valid), 'infinity') > now() AND NOT isempty(g.valid)"
    " AND g.role = ANY (:roles))"
)


def add(session: Session, values: dict[str, Any]) -> int:
    """The number of a new proposal; those whose time is over end, and their secrets go."""
    expired = Proposal.ended_at.is_(None) & (Proposal.expires_at <= func.now())
    over = {"ended_how": ProposalState.EXPIRED.value, "ended_at": Proposal.expires_at}
    secrets = {"password_hash": None, "subject_hash": None}
    session.execute(update(Proposal).where(expired).values(over | secrets))
    lasting = timedelta(hours=LASTING_H)
    times = {"proposed_at": func.now(), "expires_at": func.now() + lasting}
    added = insert(Proposal).values(values | times).returning(Proposal.no)
    return int(session.execute(added).scalar_one())


def is_waiting(
    session: Session, account_id: int, kind: ProposalKind, role: str | None, area_code: int
) -> bool:
    """Whether the same is proposed of an account already."""
    found = select(Proposal.no).where(
        Proposal.account_id == account_id,
        Proposal.kind == kind.value,
        Proposal.role.is_not_distinct_from(role),
        Proposal.area_code == area_code,
        Proposal.ended_at.is_(None),
        Proposal.expires_at > func.now(),
    )
    return session.scalar(found.limit(1)) is not None


def page(
    session: Session, area: dict[str, Any], *, waiting: bool, before: int | None, limit: int
) -> tuple[int, Rows]:
    """How many proposals an area has, and those of one part of the list, newest first."""
    values = area | {"waiting": waiting, "before": before, "limit": limit}
    return session.scalar(_TOTAL, values) or 0, session.execute(_PAGE, values).all()


def one(session: Session, area: dict[str, Any], no: int) -> AnyRow | None:
    """One proposal of an area; None where there is none such."""
    return session.execute(_ONE, area | {"no": no}).first()


def of_accounts(session: Session, area: dict[str, Any], accounts: Sequence[int]) -> Rows:
    """What waits for a second person of these accounts."""
    if not accounts:
        return []
    return session.execute(_OF_ACCOUNTS, area | {"accounts": list(accounts)}).all()


def grants_of(session: Session, no: int) -> list[dict[str, Any]]:
    """The grants of a sheet: `account`, `role`, `area` each."""
    return session.scalar(select(Proposal.grants).where(Proposal.no == no)) or []


def end(session: Session, no: int, how: ProposalState, by: str | None) -> None:
    """Note what became of a proposal; what was to be set is kept no longer."""
    session.execute(
        update(Proposal)
        .where(Proposal.no == no)
        .values(
            ended_at=func.now(),
            ended_how=how.value,
            ended_by=by,
            password_hash=None,
            subject_hash=None,
        )
    )


def circle(session: Session, names: Iterable[str]) -> frozenset[str]:
    """Accounts, the admins who may know a way into them, those who may know one into theirs, …"""
    return frozenset(session.scalars(_CIRCLE, {"names": list(names)}))


def administers(session: Session, name: str, area_code: int) -> bool:
    """Whether an account that is let in administers an area now."""
    return bool(session.scalar(_ADMINISTERS, {"name": name, "area": area_code}))


def granted_at(session: Session, grant_id: int) -> datetime:
    """Since when a grant holds (UTC)."""
    since = text("SELECT lower(valid) FROM account_grant WHERE id = :grant")
    at: datetime = session.execute(since, {"grant": grant_id}).scalar_one()
    return at


def is_protected(session: Session, account_id: int) -> bool:
    """Whether an account holds a grant that opens contacts or the audit, disabled or not."""
    roles = [role.value for role in PROTECTED]
    return bool(session.scalar(_PROTECTED, {"account": account_id, "roles": roles}))


def ways_in(session: Session, account_id: int) -> AnyRow:
    """`known_to`, `release_hash` and `password_hash` of an account."""
    found = select(Account.known_to, Account.release_hash, Account.password_hash)
    return session.execute(found.where(Account.id == account_id)).one()


def add_known_to(session: Session, accounts: Iterable[int], admin: str) -> None:
    """An admin has linked these accounts: they may know a way in, beside those who did before.

    A code that was handed out is void, for it was to keep out others than whom it must from now on.
    """
    known = func.array_append(func.array_remove(Account.known_to, admin), admin)
    where = Account.id.in_(list(accounts)) & (Account.name != admin)
    session.execute(update(Account).where(where).values(known_to=known, release_hash=None))


def set_known_to(session: Session, accounts: Iterable[int], admin: str) -> None:
    """An admin has set the password of these accounts: nobody else may know a way in, unless there
    is another one than by password."""
    others = Account.id.in_(list(accounts)) & (Account.name != admin)
    unlinked = others & Account.subject_hash.is_(None)
    session.execute(update(Account).where(unlinked).values(known_to=[admin]))
    add_known_to(session, accounts, admin)


def set_release(session: Session, account_id: int, release_hash: bytes) -> None:
    """Let an account open nothing until it is released."""
    session.execute(
        update(Account).where(Account.id == account_id).values(release_hash=release_hash)
    )


def ways_in_of(session: Session, accounts: Iterable[int]) -> Rows:
    """`id`, `known_to` and `release_hash` of accounts."""
    found = select(Account.id, Account.known_to, Account.release_hash)
    return session.execute(found.where(Account.id.in_(list(accounts)))).all()


def set_releases(session: Session, hashes: dict[int, bytes]) -> None:
    """Let accounts open nothing until each is released; their hashes by number."""
    session.execute(_RELEASES, {"ids": list(hashes), "hashes": list(hashes.values())})


def make_own(session: Session, account_id: int) -> None:
    """An account is its post's alone from now on."""
    session.execute(
        update(Account).where(Account.id == account_id).values(release_hash=None, known_to=[])
    )
