"""Managing open sessions one by one: a screen on a wall, a desk that was left open.

Everybody sees their own; an admin also those that act in their area and those of accounts that
belong there, the command line all of them. What ends is written to the audit.
"""

from http import HTTPStatus

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import reading, writing
from app.core.errors import Problem, not_found
from app.core.paging import cut, decode_cursor
from app.identity import accounts, service
from app.identity import session_queries as queries
from app.identity.account_view import area_of
from app.identity.audit_words import AuditKind
from app.identity.queries import AnyRow, Rows, end
from app.identity.rules import Actor, Role
from app.identity.session_schemas import OpenSession, SessionPage, SessionsQuery
from app.places import queries as places


def list_sessions(engine: Engine, query: SessionsQuery, actor: Actor | None = None) -> SessionPage:
    """The open sessions that an actor may see, by account and number; of the command line: all.

    Raises:
        Problem: 422 on `cursor`.
    """
    after = decode_cursor(query.cursor, (str, int))
    words = {
        "user": query.user,
        "role": query.role.value if query.role else None,
        "after_name": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": query.limit + 1,
    }
    with reading(engine) as session:
        total, rows = queries.page(session, _asker(actor), words)
        sent, following = cut(rows, query.limit, lambda row: [row.name, row.id])
        return SessionPage(total=total, items=_as_sent(session, actor, sent), next=following)


def label_session(
    engine: Engine, session_id: int, label: str | None, actor: Actor | None = None
) -> OpenSession:
    """Know a session by another label; None: by none.

    Raises:
        Problem: 404; 403 where it is not the actor's to manage.
    """
    with writing(engine) as session:
        _manageable(session, actor, session_id)
        queries.set_label(session, session_id, label)
        return _as_sent(session, actor, [_seen(session, actor, session_id)])[0]


def end_session(engine: Engine, session_id: int, actor: Actor | None = None) -> str:
    """End one session; its streams end within two seconds. The name of its account.

    Raises:
        Problem: 404; 403 where it is not the actor's to manage.
    """
    with writing(engine) as session:
        known = _manageable(session, actor, session_id)
        end(session, known.token_hash)
        which = f"one, {known.label}" if known.label else "one"
        kind, name = AuditKind.SESSIONS_ENDED, str(known.name)
        accounts.record_of(session, actor, kind, name=name, belongs=known.belongs, how=which)
        return name


def _asker(actor: Actor | None) -> dict[str, int | bool | None]:
    return {
        **area_of(actor),
        "is_admin": actor is None or actor.role is Role.CITY_ADMIN,
        "account": None if actor is None else actor.account_id,
    }


def _seen(session: Session, actor: Actor | None, session_id: int) -> AnyRow:
    known = queries.one(session, _asker(actor), session_id)
    if known is None:
        raise not_found("session", session_id)
    return known


def _manageable(session: Session, actor: Actor | None, session_id: int) -> AnyRow:
    known = _seen(session, actor, session_id)
    if not known.manageable:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "outside-scope",
            "Outside your area",
            f"Session {session_id} acts beyond your own area; an admin there must do it.",
        )
    return known


def _as_sent(session: Session, actor: Actor | None, rows: Rows) -> list[OpenSession]:
    named = places.names(session, {row.area_code for row in rows}, utc_now())
    own = None if actor is None else service.token_hash(actor.token)
    return [
        OpenSession(
            id=row.id,
            user=row.name,
            label=row.label,
            role=Role(row.role),
            area=service.granted_area(row.area_code, named.get(row.area_code)),
            since=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.ends_at,
            watching=row.watching,
            own=bytes(row.token_hash) == own,
            manageable=row.manageable,
        )
        for row in rows
    ]
