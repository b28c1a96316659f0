"""SQL of accounts as they are managed. All of it runs as the database's owner: scope is in here.

Who manages an area (`lo` to `hi`) sees the accounts that belong there or act there, of these only
the grants inside; and changes only those that belong there and act nowhere else.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.identity.models import Account, AccountGrant
from app.identity.passwords import UNUSABLE
from app.identity.queries import AnyRow, Rows, end_all, end_all_of, end_others
from geodata import codes

# One after the other, so that two admins cannot take the last grant from one another at once.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('minqing.accounts'))")

BELONGS = "coalesce(a.area_code BETWEEN :lo AND :hi, :whole_city)"
_INSIDE = "g.valid @> now() AND g.lo >= :lo AND g.hi <= :hi"
# The accounts of our own programs are nobody's to manage.
VISIBLE = f"""
    NOT (a.demo AND a.password_hash = '!') AND ({BELONGS} OR EXISTS (
        SELECT FROM account_grant g WHERE g.account_id = a.id AND {_INSIDE}))
"""
# One that acts nowhere beyond the area either.
MANAGEABLE = f"""
    ({BELONGS} AND NOT EXISTS (
        SELECT FROM account_grant g WHERE g.account_id = a.id AND g.valid @> now()
        AND NOT (g.lo >= :lo AND g.hi <= :hi)))
"""
_ACCOUNTS = f"""
    SELECT a.id, a.name, a.demo, a.area_code, a.created_at, a.disabled_at,
        a.subject_hash IS NOT NULL AS linked, a.first_password,
        a.release_hash IS NOT NULL AS awaits_code,
        EXISTS (SELECT FROM second_factor f WHERE f.account_id = a.id
                AND f.confirmed_at IS NOT NULL) AS second_factor,
        greatest(a.seen_at, (SELECT max(s.seen_at) FROM sign_in s WHERE s.account_id = a.id))
            AS last_seen_at,
        (SELECT count(*) FROM live_sign_in l WHERE l.account_id = a.id) AS sessions,
        {MANAGEABLE} AS manageable
    FROM account a
"""  # noqa: S608 (words of our own)
_FILTER = """
    (CAST(:q AS text) IS NULL OR strpos(a.name, :q) > 0)
    AND (CAST(:area_lo AS bigint) IS NULL OR a.area_code BETWEEN :area_lo AND :area_hi OR EXISTS (
        SELECT FROM account_grant g WHERE g.account_id = a.id AND g.valid @> now()
        AND g.lo >= :area_lo AND g.hi <= :area_hi))
"""
_PAGE = text(
    f"{_ACCOUNTS} WHERE {VISIBLE} AND {_FILTER}"
    ' AND (CAST(:after AS text) IS NULL OR a.name COLLATE "C" > :after)'
    ' ORDER BY a.name COLLATE "C" LIMIT :limit'
)
_TOTAL = text(f"SELECT count(*) FROM account a WHERE {VISIBLE} AND {_FILTER}")  # noqa: S608
_ONE = text(f"{_ACCOUNTS} WHERE {VISIBLE} AND a.name = :name")
_SEVERAL = text(f"{_ACCOUNTS} WHERE {VISIBLE} AND a.name = ANY (:names)")
_HELD = (
    "SELECT g.id, g.account_id, g.role, g.area_code,"
    " CASE WHEN upper_inf(g.valid) THEN NULL ELSE upper(g.valid) END AS valid_until"
    " FROM account_grant g WHERE g.account_id IN :accounts"
)
_GRANTS = text(f"{_HELD} AND {_INSIDE} ORDER BY g.id").bindparams(
    bindparam("accounts", expanding=True)
)
# Who can always sign in and administers the whole city: four digits of a city's code say which.
_ADMINS = text(
    "SELECT count(DISTINCT a.id) FROM account a JOIN account_grant g ON g.account_id = a.id"
    " WHERE a.disabled_at IS NULL AND a.demo = :demo AND NOT (a.demo AND a.password_hash = '!')"
    " AND g.role = 'city_admin' AND g.area_code % 100000000000 = 0"
    " AND g.valid @> now() AND upper_inf(g.valid)"
)


_ADD_SEVERAL = text(
    "INSERT INTO account (name, password_hash, demo, area_code, first_password, known_to)"
    " SELECT name, hash, false, area, true, CAST(:known_to AS text[])"
    " FROM unnest(CAST(:names AS text[]), CAST(:hashes AS text[]), CAST(:areas AS bigint[]))"
    " AS given (name, hash, area) ON CONFLICT (name) DO NOTHING RETURNING name, id"
)
_GRANT_SEVERAL = text(
    "INSERT INTO account_grant (account_id, role, area_code, lo, hi, valid)"
    " SELECT account, role, area, lo, hi, tstzrange(now(), NULL, '[)')"
    " FROM unnest(CAST(:accounts AS bigint[]), CAST(:roles AS text[]), CAST(:areas AS bigint[]),"
    " CAST(:lo AS bigint[]), CAST(:hi AS bigint[])) WITH ORDINALITY"
    " AS given (account, role, area, lo, hi, place) ORDER BY place"
)


class NewAccount(NamedTuple):
    """An account that is to be made; `area_code`: where it belongs."""

    name: str
    password_hash: str
    area_code: int | None


def lock(session: Session) -> None:
    """Let no other change of accounts and grants happen until this transaction ends."""
    session.execute(_ONE_AT_A_TIME)


def page(session: Session, area: dict[str, Any], words: dict[str, Any]) -> tuple[int, Rows]:
    """How many accounts there are, and those of one part of the list, by name.

    Args:
        area: `lo`, `hi` and `whole_city` of who asks.
        words: `q`, `area_lo`, `area_hi`, `after` (each None for any) and `limit`.
    """
    values = area | words
    return session.scalar(_TOTAL, values) or 0, session.execute(_PAGE, values).all()


def one(session: Session, area: dict[str, Any], name: str) -> AnyRow | None:
    """One account as whoever manages that area sees it; None where they see none."""
    return session.execute(_ONE, area | {"name": name}).first()


def several(session: Session, area: dict[str, Any], names: Iterable[str]) -> Rows:
    """Those of these accounts that whoever manages that area sees."""
    return session.execute(_SEVERAL, area | {"names": list(names)}).all()


def grants(session: Session, area: dict[str, Any], accounts: Sequence[int]) -> Rows:
    """The grants of accounts that hold and lie inside the area."""
    if not accounts:
        return []
    return session.execute(_GRANTS, area | {"accounts": list(accounts)}).all()


def admins(session: Session, *, demo: bool) -> int:
    """How many accounts administer the whole city without an end."""
    return session.scalar(_ADMINS, {"demo": demo}) or 0


def add(
    session: Session, name: str, password_hash: str, area_code: int | None, *, demo: bool
) -> int | None:
    """A new account's id; None where the name is taken."""
    return session.scalar(
        postgresql.insert(Account)
        .values(name=name, password_hash=password_hash, demo=demo, area_code=area_code)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Account.id)
    )


def set_password(
    session: Session, account_id: int, password_hash: str, *, keeping: bytes | None = None
) -> None:
    """Another password, set by the post itself or the console; every session ends with the old one.

    Args:
        keeping: hash of the token of the one session that goes on.
    """
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(password_hash=password_hash, first_password=False)
    )
    if keeping is None:
        end_all(session, account_id)
    else:
        end_others(session, account_id, keeping)


def set_first_password(session: Session, accounts: Sequence[int]) -> None:
    """Somebody else knows the passwords of these accounts: they open nothing but changing them."""
    session.execute(
        update(Account).where(Account.id.in_(list(accounts))).values(first_password=True)
    )


def drop_first_password(session: Session, account_id: int) -> None:
    """A password that somebody else set and nobody changed lets nobody in any more."""
    session.execute(
        update(Account)
        .where(Account.id == account_id, Account.first_password)
        .values(first_password=False, password_hash=UNUSABLE)
    )


def ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The numbers of accounts by their logins; those that are there."""
    found = select(Account.name, Account.id).where(Account.name.in_(list(names)))
    return {row.name: row.id for row in session.execute(found)}


def set_subject(session: Session, account_id: int, subject_hash: bytes | None) -> None:
    """Let an account be found by a provider's subject; None: by none."""
    session.execute(
        update(Account).where(Account.id == account_id).values(subject_hash=subject_hash)
    )


def set_disabled(session: Session, account_id: int, *, disabled: bool) -> None:
    """Let an account in no longer, or again."""
    at = func.now() if disabled else None
    session.execute(update(Account).where(Account.id == account_id).values(disabled_at=at))
    end_all(session, account_id)


def add_several(
    session: Session, accounts: Sequence[NewAccount], known_to: Sequence[str]
) -> dict[str, int]:
    """The numbers of new accounts by their logins; one whose name is taken is not among them. Their
    passwords are first ones: somebody else knows them.

    Args:
        known_to: the admins who know a way into them.
    """
    rows = session.execute(
        _ADD_SEVERAL,
        {
            "names": [one.name for one in accounts],
            "hashes": [one.password_hash for one in accounts],
            "areas": [one.area_code for one in accounts],
            "known_to": list(known_to),
        },
    )
    return {row.name: row.id for row in rows}


def add_several_grants(session: Session, given: Sequence[tuple[int, str, int]]) -> None:
    """New grants, (account, role, area) each; in force from now, without an end."""
    ranges = [codes.code_range(area) for _, _, area in given]
    session.execute(
        _GRANT_SEVERAL,
        {
            "accounts": [account for account, _, _ in given],
            "roles": [role for _, role, _ in given],
            "areas": [area for _, _, area in given],
            "lo": [lo for lo, _ in ranges],
            "hi": [hi for _, hi in ranges],
        },
    )


def end_several_grants(session: Session, grants: Sequence[int]) -> None:
    """End grants now."""
    ended = (
        "UPDATE account_grant SET valid = tstzrange(lower(valid), now())"
        " WHERE id = ANY (CAST(:ids AS bigint[]))"
    )
    session.execute(text(ended), {"ids": list(grants)})


def disable_several(session: Session, accounts: Sequence[int]) -> None:
    """Let accounts in no longer."""
    of_these = Account.id.in_(list(accounts))
    session.execute(update(Account).where(of_these).values(disabled_at=func.now()))
    end_all_of(session, accounts)


def add_grant(
    session: Session, account_id: int, role: str, area_code: int, until: datetime | None
) -> int:
    """A new grant's id; in force from now."""
    lo, hi = codes.code_range(area_code)
    now = session.scalar(select(func.now()))
    values = {
        "account_id": account_id, "role": role, "area_code": area_code, "lo": lo, "hi": hi,
        "valid": Range(now, until, bounds="[)"),
    }  # fmt: skip
    added: int = session.execute(
        insert(AccountGrant).values(values).returning(AccountGrant.id)
    ).scalar_one()
    return added


def end_grant(session: Session, grant_id: int) -> None:
    """End a grant now."""
    ended = "UPDATE account_grant SET valid = tstzrange(lower(valid), now()) WHERE id = :id"
    session.execute(text(ended), {"id": grant_id})


def listing(session: Session) -> Rows:
    """Every account, with its grants that hold as words."""
    return session.execute(
        text(
            "SELECT a.name, a.demo, a.disabled_at, coalesce(string_agg("
            "   g.role || '@' || g.area_code, ' ' ORDER BY g.id)"
            "   FILTER (WHERE g.valid @> now()), '') AS grants"
            " FROM account a LEFT JOIN account_grant g ON g.account_id = a.id"
            " GROUP BY a.id ORDER BY a.name"
        )
    ).all()


def has_real_account(session: Session) -> bool:
    """Whether anybody but a demo account can sign in and act."""
    found = text(
        "SELECT true FROM account a JOIN account_grant g ON g.account_id = a.id"
        " WHERE NOT a.demo AND a.disabled_at IS NULL AND g.valid @> now() LIMIT 1"
    )
    return bool(session.scalar(found))


def delete(session: Session, account_id: int) -> None:
    """Remove an account with its grants and sessions; only what measured something goes so."""
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": account_id})
