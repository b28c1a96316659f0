"""Taking the second factor from an account whose post has lost it: by an admin, or the console."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.identity import accounts
from app.identity.audit_words import AuditKind
from app.identity.queries import end_all
from app.identity.rules import Actor
from app.identity.second_factor import queries
from app.identity.second_person import queries as second
from app.identity.second_person.proposing import Wish, propose
from app.identity.second_person.rules import ProposalKind


def reset(engine: Engine, name: str, actor: Actor | None = None) -> bool:
    """Take it away; every session of the account ends. Where its role must have one, the post sets
    up another at its next sign-in. Without one, nothing happens.

    Of an account that opens contacts or the audit an admin only proposes it.

    Returns:
        Whether it waits for a second person.

    Raises:
        Problem: 404; 403 where the account is not the actor's to change; 409 where the same waits
            already.
    """
    with accounts.changing(engine) as session:
        known = accounts.manageable(session, actor, name)
        if queries.recovery_codes(session, known.id) is None:
            return False
        if actor is not None and second.is_protected(session, known.id):
            where = accounts.audited_area(session, known.area_code)
            propose(session, actor, Wish(ProposalKind.FACTOR, known.id, name, where))
            return True
        reset_in(session, actor, name)
        return False


def reset_in(session: Session, actor: Actor | None, name: str, how: str = "") -> None:
    """The same in a transaction of `accounts.changing`, whoever has to agree.

    Args:
        how: by whom it was proposed; empty where nobody had to.
    """
    known = accounts.manageable(session, actor, name)
    if queries.remove(session, known.id):
        end_all(session, known.id)
        accounts.record(session, actor, AuditKind.SECOND_FACTOR_REMOVED, known, how)
