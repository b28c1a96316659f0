"""Managing accounts and grants: by an admin within their own area, or by the command line anywhere.

Each change writes its row of the audit in the same transaction. Whoever does not belong to an
admin's area, or acts beyond it too, is not theirs to change: with a new password an admin of one
district could otherwise sign in as somebody with more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import FieldError, Problem, invalid, not_found
from app.identity import account_queries as queries
from app.identity import audit, password_rules, passwords, rules, service
from app.identity.account_view import EVERYWHERE, area_of, seen
from app.identity.audit_words import AuditKind
from app.identity.queries import AnyRow, Rows, end_all
from app.identity.rules import Actor, Role
from app.places import queries as places
from geodata import codes
from geodata.codes import level_of

NO_AREA = 0
"""In the audit: an account that belongs to no area, while no city is loaded."""


def add_account(
    engine: Engine, name: str, password: str | None, *, actor: Actor | None = None,
    area: int | None = None, role: Role | None = None,
) -> None:  # fmt: skip
    """A new account, without grants unless it is given a role.

    Args:
        password: None for an account that signs in elsewhere (OIDC).
        area: where it belongs; an admin's new accounts belong to the area under which they act.
        role: in which it may act in that area from now on.

    Raises:
        Problem: 422 on `name`, `password` or `area`; 409 where the name is taken.
    """
    if not rules.is_account_name(name):
        raise invalid("name", "must be a-z, 0-9, - and _, beginning with a letter, 2 to 40 of them;"
                      " a dot and an area code may follow")  # fmt: skip
    belongs = actor.area_code if actor else area
    if belongs is not None:
        _check_area(belongs, actor)
    secret = passwords.UNUSABLE if password is None else hashed(password, name)
    with changing(engine) as session:
        added = queries.add(session, name, secret, belongs, demo=False)
        if added is None:
            raise _name_taken(name)
        if role is not None and belongs is not None:
            queries.add_grant(session, added, role, belongs, None)
        where = _audited_area(session, belongs)
        audit.record(session, actor, AuditKind.ACCOUNT_ADDED, area_code=where, detail=name)
        if role is not None and belongs is not None:
            detail = f"{name}: {role.value} in {belongs}"
            audit.record(session, actor, AuditKind.GRANT_ADDED, area_code=belongs, detail=detail)


def change(
    engine: Engine, name: str, *, password: str | None = None, disabled: bool | None = None,
    actor: Actor | None = None,
) -> None:  # fmt: skip
    """Set another password, let an account in no longer, or again; every session of it ends.

    Raises:
        Problem: 422 on `password`; 404; 403 where the account is not the actor's to change; 409
            for the last admin.
    """
    secret = None if password is None else hashed(password, name)
    with changing(engine) as session:
        known = manageable(session, actor, name)
        if secret is not None:
            queries.set_password(session, known.id, secret)
        if disabled is not None:
            with _an_admin_stays(session, demo=known.demo):
                queries.set_disabled(session, known.id, disabled=disabled)
        if secret is not None:
            record(session, actor, AuditKind.PASSWORD_CHANGED, known)
        if disabled is not None:
            kind = AuditKind.ACCOUNT_DISABLED if disabled else AuditKind.ACCOUNT_ENABLED
            record(session, actor, kind, known)


def end_sessions(engine: Engine, name: str, *, actor: Actor | None = None) -> None:
    """End every session of an account.

    Raises:
        Problem: 404; 403 where it is not the actor's to change.
    """
    with changing(engine) as session:
        known = manageable(session, actor, name)
        end_all(session, known.id)
        record(session, actor, AuditKind.SESSIONS_ENDED, known)


def grant(
    engine: Engine, name: str, role: Role, area_code: int, until: datetime | None = None, *,
    actor: Actor | None = None,
) -> int:  # fmt: skip
    """Let an account act in a role, in an area; the grant's number.

    Raises:
        Problem: 404; 422 on `area` or `until`; 403 for an area outside the actor's own; 409 where
            it holds that grant already.
    """
    _check_area(area_code, actor)
    if until is not None and until <= utc_now():
        raise invalid("until", "lies in the past")
    with changing(engine) as session:
        known = seen(session, actor, name)
        if actor is not None and not places.names(session, {area_code}, utc_now()):
            raise invalid("area", "is no area of this city")
        held = queries.grants(session, EVERYWHERE, [known.id])
        if any((g.role, g.area_code, g.valid_until) == (role, area_code, until) for g in held):
            raise _already_granted(name, role, area_code)
        added = queries.add_grant(session, known.id, role, area_code, until)
        ends = f" until {until.isoformat()}" if until else ""
        detail = f"{name}: {role.value} in {area_code}{ends}"
        audit.record(session, actor, AuditKind.GRANT_ADDED, area_code=area_code, detail=detail)
        return added


def revoke(engine: Engine, name: str, role: Role, area_code: int) -> int:
    """End such grants now; how many. Sessions that act under one end with it.

    Raises:
        Problem: 404; 409 for the last admin's.
    """
    with changing(engine) as session:
        known = seen(session, None, name)
        held = queries.grants(session, EVERYWHERE, [known.id])
        ending = [g for g in held if (g.role, g.area_code) == (role, area_code)]
        if not ending:
            raise not_found("grant", f"{role.value} in {area_code} of {name}")
        _end_grants(session, None, known, ending)
        return len(ending)


def end_grant(engine: Engine, name: str, grant_id: int, *, actor: Actor) -> None:
    """End one grant now. Sessions that act under it end with it.

    Raises:
        Problem: 404 where there is none such in the actor's area; 409 for the last admin's.
    """
    with changing(engine) as session:
        known = seen(session, actor, name)
        held = queries.grants(session, area_of(actor), [known.id])
        ending = [g for g in held if g.id == grant_id]
        if not ending:
            raise not_found("grant", f"{grant_id} of {name} in your area")
        _end_grants(session, actor, known, ending)


def _end_grants(session: Session, actor: Actor | None, known: AnyRow, ending: Rows) -> None:
    with _an_admin_stays(session, demo=known.demo):
        for held in ending:
            queries.end_grant(session, held.id)
    for held in ending:
        detail = f"{known.name}: {held.role} in {held.area_code}"
        audit.record(session, actor, AuditKind.GRANT_REVOKED, area_code=held.area_code,
                     detail=detail)  # fmt: skip


def hashed(password: str, name: str) -> str:
    """What is kept of a password.

    Raises:
        Problem: 422 on `password`, saying all that is wrong with it.
    """
    faults = password_rules.faults(password, name)
    if faults:
        raise invalid("password", f"is not taken: a password {'; '.join(faults)}")
    return passwords.hashed(password)


def list_accounts(engine: Engine) -> Rows:
    """Every account: `name`, `demo`, `disabled_at`, `grants`."""
    with reading(engine) as session:
        return queries.listing(session)


def has_real_account(engine: Engine) -> bool:
    """Whether anybody but a demo account can sign in and act."""
    with reading(engine) as session:
        return queries.has_real_account(session)


def has_real_admin(engine: Engine) -> bool:
    """Whether somebody other than a demo account administers the whole city."""
    with reading(engine) as session:
        return queries.admins(session, demo=False) > 0


@contextmanager
def changing(engine: Engine) -> Iterator[Session]:
    """A session in which accounts are changed: one at a time."""
    with writing(engine) as session:
        queries.lock(session)
        yield session


@contextmanager
def _an_admin_stays(session: Session, *, demo: bool) -> Iterator[None]:
    """Refuse what would leave nobody to administer the city."""
    before = queries.admins(session, demo=demo)
    yield
    if before and not queries.admins(session, demo=demo):
        raise Problem(
            HTTPStatus.CONFLICT, "last-admin", "The last admin",
            "Nobody else administers the whole city without an end. Make another city_admin first.",
        )  # fmt: skip


def manageable(session: Session, actor: Actor | None, name: str) -> AnyRow:
    """The row of an account that an actor may change.

    Raises:
        Problem: 404; 403 where it is not theirs.
    """
    known = seen(session, actor, name)
    if not known.manageable:
        raise Problem(
            HTTPStatus.FORBIDDEN, "outside-scope", "Outside your area",
            f"{name} belongs to, or acts in, an area beyond your own; an admin there must do it."
            " Grants inside your area you may give and take.",
        )  # fmt: skip
    return known


def _check_area(area_code: int, actor: Actor | None) -> None:
    try:
        level_of(area_code)
    except ValueError as error:
        raise invalid("area", str(error)) from error
    lo, hi = codes.code_range(area_code)
    if actor is not None and not actor.lo <= lo <= hi <= actor.hi:
        raise service.outside_scope("area")


def record(
    session: Session, actor: Actor | None, kind: AuditKind, known: AnyRow, how: str = ""
) -> None:
    """Write down what was done with an account, and how where that is to be said."""
    record_of(session, actor, kind, name=known.name, belongs=known.area_code, how=how)


def record_of(
    session: Session,
    actor: Actor | None,
    kind: AuditKind,
    *,
    name: str,
    belongs: int | None,
    how: str = "",
) -> None:
    """The same of an account by its name and the area where it belongs."""
    detail = f"{name}: {how}" if how else name
    audit.record(session, actor, kind, area_code=_audited_area(session, belongs), detail=detail)


def _audited_area(session: Session, belongs: int | None) -> int:
    """Where an account belongs, as the audit tells it: to the city, if to nothing else."""
    if belongs is not None:
        return belongs
    city = places.city(session)
    return int(city.code) if city else NO_AREA


def _name_taken(name: str) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT, "name-taken", "Name taken", f"There is an account {name} already.",
        (FieldError("name", "is taken"),),
    )  # fmt: skip


def _already_granted(name: str, role: Role, area_code: int) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT, "already-granted", "Already granted",
        f"{name} acts as {role.value} in {area_code} already.",
        (FieldError("role", "is granted there already"),),
    )  # fmt: skip
