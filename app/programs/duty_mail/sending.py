"""Mail to desks as an outlet of the sender: each assignment to a unit with a mailbox is one mail.

Whether it is needed is decided right before it is sent, and at each try: not where the case no
longer waits for that unit, nor where a page of theirs was seen open since the stream told of it. A
page that is open is noted every few seconds, and a mail waits for longer than that; so no account
is needed, a page that is being loaded anew counts as open, and a server that was killed holds
nothing up.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from app.core.settings import Settings
from app.incidents.lifecycle.who_may import TIER_OF_LEVEL, Unit
from app.programs import metrics
from app.programs.duty_mail import letters, queries, rules
from app.programs.duty_mail.letters import CaseFacts, Letter
from app.programs.duty_mail.queries import ATTEMPTS, Assigned, Due, Waiting
from app.programs.duty_mail.rules import Why
from app.programs.metrics import Result
from app.programs.queries import DUTY_MAIL_LOCK
from app.programs.sending import Outlet
from geodata.codes import level_of

log = structlog.get_logger()


class DutyMail(Outlet):
    """Sends mail to the desks of duty units, from a server that has a mail server."""

    name = "duty_mail"
    lock = DUTY_MAIL_LOCK
    # A mail server is no crowd of receivers: it must not take us for one that sends spam.
    at_once = 4

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.is_set_up = settings.mails

    async def queue(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Put the assignments of which the stream has told since into mails."""
        await queries.queue_assignments(connection)

    async def due(self, connection: psycopg.AsyncConnection[Any]) -> Sequence[Due]:
        """Mailboxes to which something may be sent now."""
        return await queries.due(connection)

    async def waiting(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Mails that wait."""
        return await queries.waiting(connection)

    async def send_all(self, connection: psycopg.AsyncConnection[Any], receiver: Due) -> None:
        """Send what waits for one mailbox, one after the other, until one is not taken."""
        # What speaks SMTP is imported where mail is sent.
        from app.programs.duty_mail.posting import post  # noqa: PLC0415

        while mail := await queries.next_of(connection, receiver.id):
            letter = await self._letter(connection, receiver, mail)
            if isinstance(letter, Why):
                await queries.note_unneeded(connection, mail.id, letter.value)
                metrics.count(self.name, Result.UNNEEDED)
                continue
            message = letters.message(
                letter,
                sender=self._settings.smtp_from or "",
                to=receiver.mailbox,
                message_id=mail.message_id,
                at=mail.queued_at,
            )
            posted = await post(self._settings, receiver.mailbox, message)
            if posted.error is None:
                await ATTEMPTS.note_taken(connection, mail.id, posted.status)
                metrics.count(self.name, Result.TAKEN)
                continue
            give_up = rules.is_given_up(posted.status, mail.tries + 1, refused=posted.refused)
            failure = await ATTEMPTS.note_failed(
                connection, mail.id, mail.failures, posted.status, posted.error, give_up=give_up
            )
            result = Result.GIVEN_UP if failure.is_given_up else Result.FAILED
            metrics.count(self.name, result)
            log.info(
                "mail failed",
                mailbox=receiver.id,
                status=posted.status,
                pause_s=failure.pause_s,
            )
            return

    async def _letter(
        self, connection: psycopg.AsyncConnection[Any], receiver: Due, mail: Waiting
    ) -> Letter | Why:
        """What is to be said, or why there is nothing to say any more."""
        base_url = base_url_of(self._settings)
        if mail.incident_no is None:
            return letters.of_test(receiver.call_sign, base_url)
        case = await queries.assigned(connection, mail.id)
        if case is None:
            return Why.MOVED_ON
        if not mail.by_hand:
            unit = Unit(case.unit_role, TIER_OF_LEVEL[level_of(case.station_area)])
            pages = await queries.pages_since(connection, mail.told_at, case.cell_code)
            if any(rules.is_theirs(role, area, unit) for role, area in pages):
                return Why.PAGE_OPEN
        return letters.of_case(_facts(case), base_url, mail.now)


def base_url_of(settings: Settings) -> str:
    """Under which address people reach the server; where none is set, that on which it listens."""
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def _facts(case: Assigned) -> CaseFacts:
    return CaseFacts(
        no=case.no,
        category=case.category,
        name_zh=case.name_zh or "",
        name_en=case.name_en or "",
        cell_code=case.cell_code,
        places=[(zh, en) for zh, en in case.places or []],
        due_at=case.due_at,
        simulated=case.simulated,
    )
