"""What a server says of itself at its start and in `/readyz`: where it is less safe than it could
be, and serves all the same."""

from app.core import confine
from app.core.context import Context
from app.core.login_role import stronger_than_requests


def notes(context: Context) -> list[str]:
    """What is less safe than it could be with this database, on this machine; a sentence each."""
    found = []
    login = stronger_than_requests(context.request_engine)
    if login is not None:
        found.append(
            f"Requests sign in to the database as {login}, which may do more than they need."
            " `minqing db roles` makes a role for them that owns nothing (docs/operating.md)."
        )
    lacks = confine.lacks()
    if lacks:
        found.append(
            "Files from outside are read by a process that this machine cannot keep from"
            f" {' and '.join(lacks)} (docs/operating.md)."
        )
    return found
