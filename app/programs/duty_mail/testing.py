"""A test mail sent at once, past the queue: for the command line, which needs no server."""

from datetime import datetime
from uuid import uuid4

from app.core.settings import Settings
from app.programs.duty_mail import letters
from app.programs.duty_mail.posting import Posted, post
from app.programs.duty_mail.schemas import DutyMailbox
from app.programs.duty_mail.sending import base_url_of


async def send_test(settings: Settings, mailbox: DutyMailbox, now: datetime) -> Posted:
    """Hand a test to the mail server; what came of it.

    Args:
        settings: with a mail server.
    """
    message = letters.message(
        letters.of_test(mailbox.call_sign, base_url_of(settings)),
        sender=settings.smtp_from or "",
        to=mailbox.mailbox,
        message_id=uuid4(),
        at=now,
    )
    return await post(settings, mailbox.mailbox, message)
