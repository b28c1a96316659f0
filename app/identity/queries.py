"""SQL of accounts, grants and sessions. All of it runs as the database's owner, never as a request.

Which sessions hold is said in one place: the view `live_sign_in` (app/sql/30_scope.sql).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.identity.models import Account, SignIn, SignInFailure
from app.identity.passwords import UNUSABLE
from app.identity.rules import STEP_UP_S, HeldGrant, Role, Terms
from app.identity.second_factor.models import SecondFactor
from geodata import codes

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

# A session is seen at most so often: each look would be a write. One that has begun to watch since
# it was looked up stays so.
_SEEN = text(
    "UPDATE sign_in SET seen_at = now()"
    " WHERE token_hash = :hash AND seen_at < now() - interval '20 seconds'"
    " AND (:is_wall OR seen_at + idle_after > clock_timestamp())"
)
_LIVE = text(
    "SELECT account_id, name, demo, grant_id, role, area_code, lo, hi,"
    " stepped_up_until, awaits_code, first_password, needs_factor, by_provider,"
    " NOT acts AS watching,"
    " seen_at < now() - interval '20 seconds' AS unseen"
    " FROM live_sign_in WHERE token_hash = :hash"
)
_HELD = text(
    "SELECT token_hash, grant_id, role, lo, hi, NOT acts AS watching FROM live_sign_in"
    " WHERE token_hash = ANY (:hashes) AND NOT (awaits_code OR first_password OR needs_factor)"
)
# Each grant that holds; an expired or revoked one is no grant.
_GRANTS = text(
    "SELECT id, role, area_code, CASE WHEN upper_inf(valid) THEN NULL ELSE upper(valid) END"
    " AS valid_until FROM account_grant WHERE account_id = :account AND valid @> now() ORDER BY id"
)


_HEAD = (
    Account.id,
    Account.name,
    Account.password_hash,
    Account.demo,
    Account.disabled_at,
    Account.area_code,
    Account.subject_hash.is_not(None).label("is_linked"),
    exists()
    .where(SecondFactor.account_id == Account.id, SecondFactor.confirmed_at.is_not(None))
    .label("has_factor"),
)


def account(session: Session, name: str) -> AnyRow | None:
    """An account: `id`, `name`, `password_hash`, `demo`, `disabled_at`, `area_code`, `is_linked`,
    `has_factor`."""
    return session.execute(select(*_HEAD).where(Account.name == name)).first()


def account_of_subject(
    session: Session, subject_hash: bytes, *, held: bool = False
) -> AnyRow | None:
    """The same, of the account that is linked to a provider's subject.

    Args:
        held: let nobody change the account until this transaction ends.
    """
    found = select(*_HEAD).where(Account.subject_hash == subject_hash)
    return session.execute(found.with_for_update(key_share=True) if held else found).first()


def still_opens(session: Session, account_id: int, password_hash: str) -> bool:
    """Whether an account is let in, with the password of that hash; nobody changes either until
    this transaction ends: whoever does waits, and ends the sessions that were begun before."""
    found = select(Account.password_hash, Account.disabled_at).where(Account.id == account_id)
    row = session.execute(found.with_for_update(key_share=True)).first()
    return row is not None and row.password_hash == password_hash and row.disabled_at is None


def ways_in(session: Session, account_id: int) -> AnyRow:
    """How an account signs in: `has_password`, `is_linked`."""
    found = select(
        (Account.password_hash != UNUSABLE).label("has_password"),
        Account.subject_hash.is_not(None).label("is_linked"),
    )
    return session.execute(found.where(Account.id == account_id)).one()


def grants(session: Session, account_id: int) -> Rows:
    """The grants that hold now: `id`, `role`, `area_code`, `valid_until`."""
    return session.execute(_GRANTS, {"account": account_id}).all()


def delete_demo_accounts(session: Session) -> None:
    """Demo accounts go with the demo."""
    session.execute(delete(Account).where(Account.demo))


def demo_chain(session: Session) -> Sequence[int]:
    """One area of each level: the cell of the last start, the busiest one at the first, and what
    lies above it; empty without a city."""
    cell = session.scalar(
        text(
            "SELECT coalesce("
            " (SELECT g.area_code FROM account a JOIN account_grant g ON g.account_id = a.id"
            "  JOIN area c ON c.code = g.area_code AND c.level = 'cell' AND c.valid @> now()"
            "  WHERE a.demo AND g.role = 'grid_worker' ORDER BY g.area_code LIMIT 1),"
            " (SELECT cell_code FROM incident GROUP BY cell_code"
            "  ORDER BY count(*) DESC, cell_code LIMIT 1),"
            " (SELECT min(code) FROM area WHERE level = 'cell'))"
        )
    )
    return codes.chain_of(cell) if cell is not None else ()


def add_sign_in(
    session: Session,
    token_hash: bytes,
    account_id: int,
    grant_id: int,
    *,
    terms: Terms | None = None,
    label: str | None = None,
    by_provider: bool = False,
) -> None:
    """Begin a session; sweep out those that are long over.

    Args:
        terms: how long it goes on unused, and what it wants of its account; None for the usual.
            Whoever comes from the provider has shown a second factor there, or need not.
        label: what tells it from others of the account; None for nothing.
        by_provider: whether it is begun at the city's provider.
    """
    terms = terms or Terms()
    factor_roles = [] if by_provider else sorted(role.value for role in terms.factor_roles)
    session.execute(
        text(
            "DELETE FROM sign_in s USING account_grant g WHERE g.id = s.grant_id"
            " AND g.role <> 'wall_display' AND s.created_at < now() - interval '1 day'"
        )
    )
    session.execute(
        insert(SignIn).values(
            token_hash=token_hash, account_id=account_id, grant_id=grant_id,
            created_at=func.now(), seen_at=func.now(), label=label,
            idle_after=terms.idle, unused_for=terms.watching, by_provider=by_provider,
            factor_roles=factor_roles,
        )
    )  # fmt: skip
    session.execute(update(Account).where(Account.id == account_id).values(seen_at=func.now()))


def live(session: Session, token_hash: bytes, *, seen: bool) -> AnyRow | None:
    """The session that holds under this hash.

    Args:
        seen: note that somebody was there; without it the session goes on becoming idle. One that
            watches already stays so until the password is given. At a screen on a wall there is
            nobody: its own looks are what it is seen by.
    """
    row = session.execute(_LIVE, {"hash": token_hash}).first()
    if row is None or row.watching:
        return row
    is_wall = row.role == Role.WALL_DISPLAY
    if row.unseen and (seen or is_wall):
        session.execute(_SEEN, {"hash": token_hash, "is_wall": is_wall})
    return row


def held_grants(session: Session, hashes: Sequence[bytes]) -> dict[bytes, HeldGrant]:
    """The grants under which those of these sessions act that hold."""
    rows = session.execute(_HELD, {"hashes": list(hashes)})
    return {
        bytes(row.token_hash): HeldGrant(row.grant_id, Role(row.role), row.lo, row.hi, row.watching)
        for row in rows
    }


def switch(session: Session, token_hash: bytes, grant_id: int) -> None:
    """Let a session act under another grant."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash).values(grant_id=grant_id))


def step_up(session: Session, token_hash: bytes) -> None:
    """Note that somebody has just shown once more that it is them: for `STEP_UP_S`. A session that
    only watched acts again."""
    lasting = timedelta(seconds=STEP_UP_S)
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash)
        .values(stepped_up_until=func.now() + lasting, seen_at=func.now())
    )


def end(session: Session, token_hash: bytes) -> None:
    """End one session."""
    _end(session, SignIn.token_hash == token_hash)


def end_all(session: Session, account_id: int) -> None:
    """End every session of an account."""
    _end(session, SignIn.account_id == account_id)


def end_all_of(session: Session, accounts: Sequence[int]) -> None:
    """End every session of several accounts."""
    _end(session, SignIn.account_id.in_(list(accounts)))


def end_others(session: Session, account_id: int, token_hash: bytes) -> None:
    """End every session of an account but one."""
    _end(session, (SignIn.account_id == account_id) & (SignIn.token_hash != token_hash))


def _end(session: Session, which: ColumnElement[bool]) -> None:
    ended = delete(SignIn).where(which).returning(SignIn.account_id, SignIn.seen_at)
    for row in session.execute(ended).all():
        seen_at = func.greatest(Account.seen_at, row.seen_at)
        session.execute(update(Account).where(Account.id == row.account_id).values(seen_at=seen_at))


def failures(session: Session, key_hash: bytes, now: datetime) -> tuple[int, datetime]:
    """How often in a row it failed, and when last; nobody else reads it until we are done."""
    session.execute(
        postgresql.insert(SignInFailure)
        .values(key_hash=key_hash, failures=0, last_at=now)
        .on_conflict_do_nothing()
    )
    found = select(SignInFailure.failures, SignInFailure.last_at).where(
        SignInFailure.key_hash == key_hash
    )
    row = session.execute(found.with_for_update()).one()
    return row.failures, row.last_at


def set_failures(session: Session, key_hash: bytes, count: int, now: datetime) -> None:
    """Note one more."""
    session.execute(
        update(SignInFailure)
        .where(SignInFailure.key_hash == key_hash)
        .values(failures=count, last_at=now)
    )


def take_back_failure(session: Session, key_hash: bytes) -> None:
    """One of those that were noted was none."""
    session.execute(
        update(SignInFailure)
        .where(SignInFailure.key_hash == key_hash)
        .values(failures=func.greatest(SignInFailure.failures - 1, 0))
    )


def forget_old_failures(session: Session) -> None:
    """Forget those of yesterday; what somebody counts just now is left to them."""
    old = (
        select(SignInFailure.key_hash)
        .where(SignInFailure.last_at < func.now() - text("interval '1 day'"))
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(SignInFailure).where(SignInFailure.key_hash.in_(old)))


def forget_failures(session: Session, key_hash: bytes) -> None:
    """It succeeded."""
    session.execute(delete(SignInFailure).where(SignInFailure.key_hash == key_hash))


def scope_faults(session: Session) -> list[str]:
    """What is missing in the database for scope to hold; empty when nothing is."""
    return list(session.scalars(text("SELECT fault FROM scope_faults()")))
