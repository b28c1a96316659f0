"""Managing accounts and grants: by an admin within their own area, or by the command line anywhere.

Each change writes its row of the audit in the same transaction. Whoever does not belong to an
admin's area, or acts beyond it too, is not theirs to change: with a new password an admin of one
district could otherwise sign in as somebody with more.

What opens contacts or the audit, or gives others what does, no admin does alone: it becomes a
proposal (`second_person`). The command line does it at once: whoever has the server's shell has the
database anyway.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

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
from app.identity.second_person import queries as second
from app.identity.second_person import release
from app.identity.second_person.proposing import Wish, propose
from app.identity.second_person.rules import ProposalKind, takes_two
from app.places import queries as places
from geodata import codes
from geodata.codes import level_of

NO_AREA = 0
"""In the audit: an account that belongs to no area, while no city is loaded."""


class Terms(NamedTuple):
    """In which role a grant lets an account act, in which area (15-digit code), until when (UTC;
    None: until it is taken back)."""

    role: Role
    area_code: int
    until: datetime | None = None


class Granted(NamedTuple):
    """What came of a grant.

    Attributes:
        id: its number; None where it waits for a second person.
        code: with which the account is released, where an admin may know a way into it; else None.
    """

    id: int | None
    code: str | None = None


def add_account(
    engine: Engine, name: str, password: str | None, *, actor: Actor | None = None,
    area: int | None = None, role: Role | None = None, must_change: bool = False,
) -> None:  # fmt: skip
    """A new account, without grants unless it is given a role.

    Args:
        actor: whoever makes it knows its password: it must be changed at the first sign-in.
        password: None for an account that signs in elsewhere (OIDC).
        must_change: the same of a password that the command line made up.
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
            raise name_taken(name)
        if password is not None and (actor is not None or must_change):
            queries.set_first_password(session, [added])
        if actor is not None:
            second.set_known_to(session, [added], actor.name)
        if role is not None and belongs is not None:
            queries.add_grant(session, added, role, belongs, None)
        where = audited_area(session, belongs)
        audit.record(session, actor, AuditKind.ACCOUNT_ADDED, area_code=where, detail=name)
        if role is not None and belongs is not None:
            detail = f"{name}: {role.value} in {belongs}"
            audit.record(session, actor, AuditKind.GRANT_ADDED, area_code=belongs, detail=detail)


def change(
    engine: Engine,
    name: str,
    *,
    password: str | None = None,
    disabled: bool | None = None,
    actor: Actor | None = None,
    must_change: bool = False,
) -> bool:
    """Set another password, let an account in no longer, or again; every session of it ends.

    Of an account that opens contacts or the audit an admin only proposes another password, and
    that it is let in again.

    Args:
        must_change: whether a password of the command line must be changed at the next sign-in.

    Returns:
        Whether something of it waits for a second person.

    Raises:
        Problem: 422 on `password`; 404; 403 where the account is not the actor's to change; 409
            for the last admin, and where the same waits already.
    """
    secret = None if password is None else hashed(password, name)
    with changing(engine) as session:
        known = manageable(session, actor, name)
        waits = False
        if actor is not None and second.is_protected(session, known.id):
            where = audited_area(session, known.area_code)
            if secret is not None:
                wish = Wish(ProposalKind.RESET, known.id, name, where, password_hash=secret)
                propose(session, actor, wish)
                secret, waits = None, True
            if disabled is False and known.disabled_at is not None:
                propose(session, actor, Wish(ProposalKind.ENABLE, known.id, name, where))
                disabled, waits = None, True
        change_in(session, actor, name, secret=secret, disabled=disabled, must_change=must_change)
        return waits


def change_in(
    session: Session,
    actor: Actor | None,
    name: str,
    *,
    secret: str | None,
    disabled: bool | None,
    must_change: bool = False,
    how: str = "",
) -> None:
    """The same in a transaction of `changing`, whoever has to agree.

    Args:
        secret: the hash of the password.
        how: by whom it was proposed; empty where nobody had to.
    """
    known = manageable(session, actor, name)
    if secret is not None:
        queries.set_password(session, known.id, secret)
        if must_change or actor is not None or how:
            queries.set_first_password(session, [known.id])
        if actor is None and not how:
            second.make_own(session, known.id)
        elif actor is not None and not how:
            second.set_known_to(session, [known.id], actor.name)
    if disabled is not None:
        with _an_admin_stays(session, demo=known.demo):
            queries.set_disabled(session, known.id, disabled=disabled)
    if secret is not None:
        record(session, actor, AuditKind.PASSWORD_CHANGED, known, how)
    if disabled is not None:
        kind = AuditKind.ACCOUNT_DISABLED if disabled else AuditKind.ACCOUNT_ENABLED
        record(session, actor, kind, known, how)


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
    engine: Engine,
    name: str,
    role: Role,
    area_code: int,
    until: datetime | None = None,
    *,
    actor: Actor | None = None,
) -> Granted:
    """Let an account act in a role, in an area. An admin only proposes what opens contacts or the
    audit.

    Raises:
        Problem: 404; 422 on `area` or `until`; 403 for an area outside the actor's own; 409 where
            it holds that grant already, or it waits for a second person already.
    """
    terms = Terms(role, area_code, until)
    with changing(engine) as session:
        if actor is not None and takes_two([role]):
            known = grantable(session, actor, name, terms)
            wish = Wish(ProposalKind.GRANT, known.id, name, area_code, role, until)
            propose(session, actor, wish)
            return Granted(None)
        added = add_grant(session, actor, name, terms)
        code = None
        if takes_two([role]):
            known = seen(session, None, name)
            code = release.lock_up(session, known.id, ProposalKind.GRANT)
        return Granted(added, code)


def grantable(session: Session, actor: Actor | None, name: str, terms: Terms) -> AnyRow:
    """The row of an account that can be granted that.

    Raises:
        Problem: as `grant`.
    """
    _check_area(terms.area_code, actor)
    if terms.until is not None and terms.until <= utc_now():
        raise invalid("until", "lies in the past")
    known = seen(session, actor, name)
    if actor is not None and not places.names(session, {terms.area_code}, utc_now()):
        raise invalid("area", "is no area of this city")
    held = queries.grants(session, EVERYWHERE, [known.id])
    if any((g.role, g.area_code, g.valid_until) == terms for g in held):
        raise _already_granted(name, terms.role, terms.area_code)
    return known


def add_grant(session: Session, actor: Actor | None, name: str, terms: Terms, how: str = "") -> int:
    """The number of a new grant, in a transaction of `changing`, whoever has to agree.

    Args:
        how: by whom it was proposed; empty where nobody had to.

    Raises:
        Problem: as `grant`.
    """
    known = grantable(session, actor, name, terms)
    added = queries.add_grant(session, known.id, *terms)
    _record_grant(session, actor, name, terms, how)
    return added


def add_grants(
    session: Session, actor: Actor | None, given: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those grants of a sheet, {account, role, area} each, that are new, in one transaction.

    They are not written down yet (`record_grants`): whoever writes a row of the audit next waits
    from the first one on.

    Raises:
        Problem: 404, 403, 422 on `area`, as for one; nothing is granted then.
    """
    wanted = [(one, _terms_of(one)) for one in given]
    for _, terms in wanted:
        _check_area(terms.area_code, actor)
    if actor is not None:
        areas = {terms.area_code for _, terms in wanted}
        if areas - places.names(session, areas, utc_now()).keys():
            raise invalid("area", "is no area of this city")
    known = {row.name: row for row in _seen_all(session, actor, [o["account"] for o, _ in wanted])}
    held = {
        (grant_held.account_id, grant_held.role, grant_held.area_code)
        for grant_held in queries.grants(session, EVERYWHERE, [row.id for row in known.values()])
        if grant_held.valid_until is None
    }
    added, fresh = list[dict[str, Any]](), list[tuple[int, str, int]]()
    for one, terms in wanted:
        new = (known[one["account"]].id, terms.role.value, terms.area_code)
        if new not in held:
            held.add(new)
            fresh.append(new)
            added.append(one)
    queries.add_several_grants(session, fresh)
    return added


def _seen_all(session: Session, actor: Actor | None, names: Iterable[str]) -> Rows:
    """The rows of several accounts.

    Raises:
        Problem: 404 where one neither belongs nor acts in the actor's area.
    """
    wanted = set(names)
    rows = queries.several(session, area_of(actor), wanted)
    missing = sorted(wanted - {row.name for row in rows})
    if missing:
        raise not_found("account", missing[0])
    return rows


def record_grants(
    session: Session, actor: Actor | None, added: Iterable[dict[str, Any]], how: str = ""
) -> None:
    """Write down grants of a sheet, a row each.

    Args:
        how: by whom they were proposed; empty where nobody had to.
    """
    rows = [(int(one["area"]), _grant_detail(one["account"], _terms_of(one), how)) for one in added]
    audit.record_several(session, actor, AuditKind.GRANT_ADDED, rows)


def _terms_of(one: dict[str, Any]) -> Terms:
    return Terms(Role(one["role"]), int(one["area"]))


def ids_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The numbers of accounts by their logins."""
    return queries.ids(session, names)


def _record_grant(session: Session, actor: Actor | None, name: str, terms: Terms, how: str) -> None:
    detail = _grant_detail(name, terms, how)
    audit.record(session, actor, AuditKind.GRANT_ADDED, area_code=terms.area_code, detail=detail)


def _grant_detail(name: str, terms: Terms, how: str) -> str:
    ends = f" until {terms.until.isoformat()}" if terms.until else ""
    return f"{name}: {terms.role.value} in {terms.area_code}{ends}" + (f", {how}" if how else "")


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


class Ended(NamedTuple):
    """What `end_several` has ended, to be written down: (area, detail) each."""

    grants: list[tuple[int, str]]
    accounts: list[tuple[int, str]]


def end_several(session: Session, actor: Actor | None, names: Iterable[str]) -> Ended:
    """End accounts, in a transaction of `changing`: their grants, their sessions, their sign-in.

    They are not written down yet (`record_ended`).

    Raises:
        Problem: 404; 403 where one is not the actor's to change; 409 for the last admin.
    """
    ending = sorted(_seen_all(session, actor, names), key=lambda known: str(known.name))
    for known in ending:
        _refuse_foreign(known)
    named = {known.id: known.name for known in ending}
    held = queries.grants(session, EVERYWHERE, list(named))
    with _an_admin_stays(session, demo=False), _an_admin_stays(session, demo=True):
        queries.end_several_grants(session, [grant_held.id for grant_held in held])
        queries.disable_several(session, list(named))
    nowhere = audited_area(session, None)
    return Ended(
        [(g.area_code, _end_detail(named[g.account_id], g)) for g in held],
        [
            (nowhere if known.area_code is None else known.area_code, known.name)
            for known in ending
            if known.disabled_at is None
        ],
    )


def record_ended(session: Session, actor: Actor | None, ended: Ended) -> None:
    """Write down what `end_several` has ended, a row each."""
    audit.record_several(session, actor, AuditKind.GRANT_REVOKED, ended.grants)
    audit.record_several(session, actor, AuditKind.ACCOUNT_DISABLED, ended.accounts)


def _end_grants(session: Session, actor: Actor | None, known: AnyRow, ending: Rows) -> None:
    with _an_admin_stays(session, demo=known.demo):
        for held in ending:
            queries.end_grant(session, held.id)
    for held in ending:
        _record_end(session, actor, known.name, held)


def _record_end(session: Session, actor: Actor | None, name: str, held: AnyRow) -> None:
    detail = _end_detail(name, held)
    audit.record(session, actor, AuditKind.GRANT_REVOKED, area_code=held.area_code, detail=detail)


def _end_detail(name: str, held: AnyRow) -> str:
    return f"{name}: {held.role} in {held.area_code}"


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
    _refuse_foreign(known)
    return known


def _refuse_foreign(known: AnyRow) -> None:
    if not known.manageable:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "outside-scope",
            "Outside your area",
            f"{known.name} belongs to, or acts in, an area beyond your own; an admin there must do"
            " it. Grants inside your area you may give and take.",
        )


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
    audit.record(session, actor, kind, area_code=audited_area(session, belongs), detail=detail)


def audited_area(session: Session, belongs: int | None) -> int:
    """Where an account belongs, as the audit tells it: to the city, if to nothing else."""
    if belongs is not None:
        return belongs
    city = places.city(session)
    return int(city.code) if city else NO_AREA


def name_taken(name: str) -> Problem:
    """Another account has that login: 409."""
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
