"""Deciding about mailboxes of desks: who has one, what is sent again, a test."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session

from app.core import mail_address
from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem, invalid, not_found
from app.core.paging import cut, decode_cursor
from app.core.settings import Settings
from app.identity import audit
from app.identity.audit import Acting
from app.identity.audit_words import AuditKind
from app.identity.service import outside_scope
from app.programs.duty_mail import queries
from app.programs.duty_mail.schemas import (
    DutyMailbox,
    DutyMailboxPage,
    Mail,
    MailPage,
    MailQuery,
    NewDutyMailbox,
    QueuedMail,
)
from app.programs.rules import DELIVERED_DAYS, FAILED_DAYS

EVERYWHERE = (0, 10**15)


def put(
    session: Session,
    new: NewDutyMailbox,
    actor: Acting | None,
    now: datetime,
    *,
    within: tuple[int, int] = EVERYWHERE,
) -> DutyMailbox:
    """Give the desk of a unit a mailbox, from now on, or another one in its place.

    Args:
        actor: None for the command line.
        within: first and last code of the area under which one acts.

    Raises:
        Problem: 403 for a unit of a station beyond one's own area; 422 on `call_sign` or `mailbox`.
    """
    fault = mail_address.fault_of(new.mailbox)
    if fault is not None:
        raise invalid("mailbox", fault)
    unit = queries.unit_on_duty(session, new.call_sign, now)
    if unit is None:
        raise invalid("call_sign", "is no unit on duty")
    if not within[0] <= unit.area_code <= within[1]:
        raise outside_scope("call_sign")
    mailbox_id = queries.put(
        session,
        call_sign=new.call_sign,
        station_code=unit.station_code,
        area_code=unit.area_code,
        mailbox=new.mailbox,
        set_at=now,
    )
    made = get(session, mailbox_id)
    detail = _named(made.call_sign, made.mailbox)
    audit.record(
        session, actor, AuditKind.DUTY_MAILBOX_SET, area_code=made.area_code, detail=detail
    )
    return made


def list_all(
    session: Session, settings: Settings, within: tuple[int, int] = EVERYWHERE
) -> DutyMailboxPage:
    """Every mailbox of an area and below."""
    items = [DutyMailbox.model_validate(row) for row in queries.lines(session, within)]
    return DutyMailboxPage(total=len(items), items=items, next=None, is_mail_set_up=settings.mails)


def get(session: Session, mailbox_id: int) -> DutyMailbox:
    """One mailbox.

    Raises:
        Problem: 404.
    """
    rows = queries.lines(session, EVERYWHERE, mailbox_id)
    if not rows:
        raise not_found("duty mailbox", mailbox_id)
    return DutyMailbox.model_validate(rows[0])


def named(session: Session, call_sign: str) -> DutyMailbox:
    """The mailbox of a call sign, for the command line: of a unit on duty, if there are several.

    Raises:
        Problem: 404.
    """
    rows = queries.lines(session, EVERYWHERE)
    found = [DutyMailbox.model_validate(row) for row in rows if row.call_sign == call_sign]
    if not found:
        raise not_found("duty mailbox of", call_sign)
    return max(found, key=lambda mailbox: mailbox.on_duty)


def remove(session: Session, mailbox_id: int, actor: Acting | None) -> None:
    """Take a mailbox away: nothing more is sent to it, and what was sent is forgotten.

    Raises:
        Problem: 404.
    """
    gone = queries.remove(session, mailbox_id)
    if gone is None:
        raise not_found("duty mailbox", mailbox_id)
    detail = _named(gone.call_sign, gone.mailbox)
    audit.record(
        session, actor, AuditKind.DUTY_MAILBOX_REMOVED, area_code=gone.area_code, detail=detail
    )


def list_mails(session: Session, mailbox_id: int, query: MailQuery) -> MailPage:
    """What was and is to be sent to a mailbox, the newest first.

    Raises:
        Problem: 404; 422 on `cursor`.
    """
    get(session, mailbox_id)
    after = decode_cursor(query.cursor, (int,))
    before = after[0] if after else None
    total, rows = queries.mails(session, mailbox_id, query.state, query.limit, before)
    sent, following = cut(rows, query.limit, lambda row: [row.id])
    items = [Mail.model_validate(row) for row in sent]
    return MailPage(total=total, items=items, next=following)


def resend(
    session: Session,
    mailbox_id: int,
    mail_id: int | None,
    actor: Acting | None,
    now: datetime,
) -> QueuedMail:
    """Have one mail sent again that was given up, or all of them; what waits is sent at once, too.

    Raises:
        Problem: 404 for the mailbox, or for a mail that was not given up.
    """
    mailbox = get(session, mailbox_id)
    queued = queries.resend(session, mailbox_id, mail_id, now)
    if mail_id is not None and not queued:
        raise not_found("mail that was given up", mail_id)
    detail = f"{mailbox.call_sign}: {queued}"
    audit.record(
        session, actor, AuditKind.DUTY_MAIL_RESENT, area_code=mailbox.area_code, detail=detail
    )
    return QueuedMail(queued=queued)


def test(
    session: Session, mailbox_id: int, actor: Acting | None, now: datetime, settings: Settings
) -> QueuedMail:
    """Put a test among the mails of a mailbox; it is sent at once.

    Raises:
        Problem: 404; 409 `no-mail` where no mail server is set.
    """
    mailbox = get(session, mailbox_id)
    if not settings.mails:
        raise no_mail()
    queries.add_test(session, mailbox_id, mailbox.area_code, now)
    queries.try_at_once(session, mailbox_id)
    note_test(session, mailbox, actor)
    return QueuedMail(queued=1)


def note_test(session: Session, mailbox: DutyMailbox, actor: Acting | None) -> None:
    """Write down that a test was sent."""
    detail = _named(mailbox.call_sign, mailbox.mailbox)
    audit.record(
        session, actor, AuditKind.DUTY_MAIL_TESTED, area_code=mailbox.area_code, detail=detail
    )


def no_mail() -> Problem:
    """No mail server is set: 409."""
    return Problem(
        HTTPStatus.CONFLICT,
        "no-mail",
        "Mail is not set up",
        "This server has no mail server: set MINQING_SMTP_HOST and MINQING_SMTP_FROM.",
    )


def forget_old(context: Context, now: datetime) -> str:
    """For the clock: delete mails that were sent a week ago, or given up a month ago."""
    with writing(context.engine) as session:
        return f"{queries.forget(session, now, DELIVERED_DAYS, FAILED_DAYS)} mails forgotten"


def _named(call_sign: str, mailbox: str) -> str:
    """For the audit: what stands before the @ stays out of it."""
    return f"{call_sign}: @{mail_address.host_of(mailbox)}"
