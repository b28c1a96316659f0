"""Which account a provider's subject is: linked by an admin, or at its first sign-in by a claim.

An account is found by the hash of issuer and subject (`subjects`) and by nothing else: a name can
be changed or given to somebody else at a provider, a subject cannot. See decision 18.
"""

from http import HTTPStatus

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import writing
from app.core.errors import invalid, of_field
from app.core.settings import Settings
from app.identity import account_queries, accounts, queries
from app.identity.audit_words import AuditKind
from app.identity.queries import AnyRow
from app.identity.rules import Actor
from app.identity.second_person import queries as second
from app.identity.second_person.proposing import Wish, propose
from app.identity.second_person.rules import ProposalKind
from app.identity.service import open_session, terms_of, token_hash
from app.identity.subjects import MOST_SUBJECT_CHARS, Vouched, subject_hash


def link(
    engine: Engine, settings: Settings, name: str, subject: str | None, actor: Actor | None = None
) -> bool:
    """Let an account be found by a subject of the provider; every session of it ends.

    Of an account that opens contacts or the audit an admin only proposes it.

    Args:
        subject: `sub` as the provider tells it; None: the account is linked no longer.

    Returns:
        Whether it waits for a second person.

    Raises:
        Problem: 422 on `subject`, also where there is no provider; 404; 403 where the account is
            not the actor's to change; 409 where another account is linked to it, or where it waits
            for a second person already.
    """
    if subject is not None and not 0 < len(subject) <= MOST_SUBJECT_CHARS:
        raise invalid("subject", f"must have 1 to {MOST_SUBJECT_CHARS} characters")
    if subject is not None and settings.oidc_issuer is None:
        raise invalid("subject", "means nothing without a provider (MINQING_OIDC_ISSUER)")
    found = None if subject is None else subject_hash(str(settings.oidc_issuer), subject)
    with accounts.changing(engine) as session:
        known = _linkable(session, actor, name, found)
        if found is not None and actor is not None and second.is_protected(session, known.id):
            where = accounts.audited_area(session, known.area_code)
            wish = Wish(ProposalKind.LINK, known.id, name, where, subject_hash=found)
            propose(session, actor, wish)
            return True
        link_in(session, actor, name, found)
        return False


def link_in(
    session: Session, actor: Actor | None, name: str, found: bytes | None, how: str = ""
) -> None:
    """The same in a transaction of `accounts.changing`, whoever has to agree.

    Args:
        found: the hash of issuer and subject.
        how: by whom it was proposed; empty where nobody had to.
    """
    known = _linkable(session, actor, name, found)
    account_queries.set_subject(session, known.id, found)
    if actor is not None and found is not None and not how:
        second.add_known_to(session, [known.id], actor.name)
    queries.end_all(session, known.id)
    kind = AuditKind.ACCOUNT_UNLINKED if found is None else AuditKind.ACCOUNT_LINKED
    accounts.record(session, actor, kind, known, how)


def _linkable(session: Session, actor: Actor | None, name: str, found: bytes | None) -> AnyRow:
    known = accounts.manageable(session, actor, name)
    holder = None if found is None else queries.account_of_subject(session, found)
    if holder is not None and holder.id != known.id:
        message = "is linked to another account"
        raise of_field(HTTPStatus.CONFLICT, "name-taken", "Name taken", "subject", message)
    return known


def sign_in_as(
    engine: Engine, settings: Settings, vouched: Vouched, old_token: str | None
) -> str | None:
    """The token of a new session of the account for which a provider vouches; None where it may
    not.

    A demo account is nobody's at a provider. The session that the browser had before ends.

    Args:
        old_token: of the session that the browser still holds.
    """
    with writing(engine) as session:
        known = queries.account_of_subject(session, vouched.subject_hash, held=True)
        if known is None and _links_by_claim(settings):
            known = _linked_now(session, vouched)
        if known is None or not _may_enter(session, known):
            return None
        if old_token is not None:
            queries.end(session, token_hash(old_token))
        # Who signs in elsewhere needs no password that somebody else knows.
        account_queries.drop_first_password(session, known.id)
        return open_session(session, known.id, terms=terms_of(settings), by_provider=True)


def step_up_as(engine: Engine, vouched: Vouched, actor: Actor) -> bool:
    """Open what is protected to a session, for a while; not where the provider vouches for
    somebody else, or for nobody who signed in there just now."""
    with writing(engine) as session:
        known = queries.account_of_subject(session, vouched.subject_hash)
        if known is None or known.id != actor.account_id or not vouched.fresh:
            return False
        queries.step_up(session, token_hash(actor.token))
        return True


def _links_by_claim(settings: Settings) -> bool:
    # Where the name is the subject itself, whoever made the account has linked it.
    return settings.oidc_link_by_claim or settings.oidc_claim == "sub"


def _linked_now(session: Session, vouched: Vouched) -> AnyRow | None:
    """The account that the claim names, linked from now on; None where it may not be."""
    account_queries.lock(session)
    known = None if vouched.name is None else queries.account(session, vouched.name)
    if known is None or known.is_linked or not _may_enter(session, known):
        return None
    account_queries.set_subject(session, known.id, vouched.subject_hash)
    accounts.record(session, None, AuditKind.ACCOUNT_LINKED, known, "at its first sign-in")
    return known


def _may_enter(session: Session, known: AnyRow) -> bool:
    if known.disabled_at is not None or known.demo:
        return False
    return bool(queries.grants(session, known.id))
