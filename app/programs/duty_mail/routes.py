"""HTTP of duty mailboxes, for whoever administers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now, ReadSession, WriteSession, json_only
from app.identity.step_up import require_step_up
from app.programs.duty_mail import service
from app.programs.duty_mail.schemas import (
    DutyMailbox,
    DutyMailboxPage,
    MailPage,
    MailQuery,
    NewDutyMailbox,
    QueuedMail,
    ResendMail,
)

router = APIRouter(prefix="/api/v1", tags=["programs"])
Words = Annotated[StrictQuery, Query()]
MailboxId = Annotated[
    int, Path(alias="id", ge=1, lt=2**63, description="Number of the mailbox.", examples=[1])
]
MISSING = documented(HTTPStatus.NOT_FOUND)
BODY = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


@router.get("/duty_mailboxes", summary="List duty mailboxes")
def list_duty_mailboxes(
    query: Words, context: ContextDep, session: ReadSession, actor: ActorDep
) -> DutyMailboxPage:
    """The mailboxes of desks of one's area, and how each stands."""
    return service.list_all(session, context.settings, (actor.lo, actor.hi))


@router.put(
    "/duty_mailboxes",
    summary="Set a duty mailbox",
    responses=BODY,
    dependencies=[Depends(json_only)],
)
def set_duty_mailbox(
    *,
    new: Annotated[NewDutyMailbox, Body()],
    query: Words,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> DutyMailbox:
    """From now on the desk of that unit is sent a mail when a case is assigned to it while no page
    of theirs is open. After the password was given again.

    A mail says number, category, area and deadline of the case, and the link; of a warning of fraud
    number and link alone.
    """
    require_step_up(actor)
    return service.put(session, new, actor, now, within=(actor.lo, actor.hi))


@router.delete(
    "/duty_mailboxes/{id}",
    summary="Remove a duty mailbox",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
)
def remove_duty_mailbox(
    mailbox_id: MailboxId, query: Words, session: WriteSession, actor: ActorDep
) -> None:
    """Nothing more is sent to it, and what was sent is forgotten."""
    service.remove(session, mailbox_id, actor)


@router.get("/duty_mailboxes/{id}/mails", summary="List mails to a desk", responses=MISSING)
def list_duty_mails(
    mailbox_id: MailboxId, query: Annotated[MailQuery, Query()], session: ReadSession
) -> MailPage:
    """What was sent and is to be sent, the newest first. Kept for 7 days, for 30 where it
    failed."""
    return service.list_mails(session, mailbox_id, query)


@router.post(
    "/duty_mailboxes/{id}/resend",
    summary="Send mails again",
    responses={**BODY, **MISSING},
    dependencies=[Depends(json_only)],
)
def resend_duty_mail(
    *,
    mailbox_id: MailboxId,
    what: Annotated[ResendMail, Body()],
    query: Words,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> QueuedMail:
    """Send one mail again that was given up, or all of them, where the case still waits for the
    unit; what waits is not kept waiting either."""
    return service.resend(session, mailbox_id, what.mail, actor, now)


@router.post(
    "/duty_mailboxes/{id}/test",
    summary="Send a test mail",
    responses={**BODY, **MISSING, **documented(HTTPStatus.CONFLICT)},
)
def test_duty_mailbox(
    *,
    mailbox_id: MailboxId,
    query: Words,
    context: ContextDep,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> QueuedMail:
    """A mail without a case, sent at once; what became of it stands among the mails."""
    return service.test(session, mailbox_id, actor, now, context.settings)
