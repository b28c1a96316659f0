"""How far somebody may look: a range of area codes, and the session token that proves it.

Scope is enforced twice. The app's own filter stands here (`within`, `narrowed`); under it
PostgreSQL's row security looks the token up by itself and knows nothing of `lo` and `hi`.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.orm.attributes import InstrumentedAttribute

DATABASE_ROLE = "minqing_app"
"""As whom the statements of requests run (app/sql/05_roles.sql)."""
LOGIN_ROLE = "minqing_login"
"""As whom the server signs in for them: it may take that role, and owns nothing."""
OF_OWNER = "minqing_of_owner"
"""Option of an engine that signs in as the owner beside one for requests: no scope runs over it."""
WATCHING_ROLE = "minqing_watching"
"""As which whoever only watches reads, and whoever needs no more: no free text, and no writes."""
NOTHING = (1, 0)
"""A range that holds no code."""

_KEY = "scope"
_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('app.session', :token, true)"
)  # both until the transaction ends


@dataclass(frozen=True)
class Scope:
    """First and last area code, both inclusive, and the session token under which they hold.

    Attributes:
        watching: whether that session only watches: what was written is not read, nothing is
            written.
    """

    lo: int
    hi: int
    token: str
    watching: bool = False

    @property
    def codes(self) -> tuple[int, int]:
        """Both ends."""
        return self.lo, self.hi

    def holds(self, code: int) -> bool:
        """Whether an area code lies inside."""
        return self.lo <= code <= self.hi


def confine(session: Session, scope: Scope) -> None:
    """Let every transaction of this session run as the app's own role under this scope.

    Raises:
        TypeError: the session goes over connections of the owner, to whom laying the role down
            would lead back.
    """
    if session.get_bind().get_execution_options().get(OF_OWNER):
        raise TypeError("what runs under a scope goes over Context.request_engine")
    session.info[_KEY] = scope
    role = WATCHING_ROLE if scope.watching else DATABASE_ROLE

    def enter(_: Session, __: SessionTransaction, connection: Connection) -> None:
        connection.execute(_ENTER, {"role": role, "token": scope.token})

    event.listen(session, "after_begin", enter)


def within(session: Session, column: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
    """The app's own filter: conditions that keep a query inside the session's scope.

    None for a session that belongs to no request (loader, relay, command line).
    """
    scope: Scope | None = session.info.get(_KEY)
    return [] if scope is None else [column.between(scope.lo, scope.hi)]


def watches(session: Session) -> bool:
    """Whether this session's transactions may read no free text: it belongs to whoever only
    watches."""
    scope: Scope | None = session.info.get(_KEY)
    return scope is not None and scope.watching


def clipped(session: Session, codes: tuple[int, int]) -> tuple[int, int]:
    """The same for SQL that is written out: the codes asked for, inside the session's scope."""
    scope: Scope | None = session.info.get(_KEY)
    return codes if scope is None else narrowed(codes, scope)


def narrowed(codes: tuple[int, int] | None, scope: Scope) -> tuple[int, int]:
    """The codes asked for, as far as they lie inside the scope; None asks for everything."""
    lo, hi = codes or scope.codes
    lo, hi = max(lo, scope.lo), min(hi, scope.hi)
    return (lo, hi) if lo <= hi else NOTHING
