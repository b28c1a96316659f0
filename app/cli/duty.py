"""`minqing duty …`: mailboxes of desks, which are told of their cases by mail."""

import asyncio
from typing import Annotated

import typer
from rich.table import Column, Table

from app.cli.terminal import checked, console, give_up, open_context, saying_refusals
from app.core.clock import CITY_ZONE, utc_now
from app.core.db import reading, writing
from app.programs.duty_mail import service
from app.programs.duty_mail.schemas import NewDutyMailbox

app = typer.Typer(
    help="Mail to the desks of duty units, where no page of theirs is open.", no_args_is_help=True
)
CallSign = Annotated[str, typer.Argument(help="Call sign of the unit.")]


@app.command("set")
def set_mailbox(
    call_sign: CallSign,
    mailbox: Annotated[str, typer.Argument(help="Mailbox of the desk, never of a person.")],
) -> None:
    """Give the desk of a unit a mailbox, or another one."""
    from app.city.service import prepare_database

    with open_context() as context:
        prepare_database(context.engine)
        with saying_refusals():
            new = checked(NewDutyMailbox, {"call_sign": call_sign, "mailbox": mailbox})
            with writing(context.engine) as session:
                service.put(session, new, None, utc_now())
        is_set_up = context.settings.mails
    console.print(f"{call_sign} is told by mail.", markup=False)
    if not is_set_up:
        console.print("No mail server is set yet: MINQING_SMTP_HOST, MINQING_SMTP_FROM.")


@app.command("list")
def list_all() -> None:
    """List the desks that have a mailbox, and how it stands with each (local time)."""
    with open_context() as context, reading(context.engine) as session:
        lines = service.list_all(session, context.settings).items
    unit = Column("unit", no_wrap=True)
    table = Table(unit, "station", "to", "waiting", "failed", "last sent", "last error")
    for line in lines:
        at = line.sent_at
        sent = f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else ""
        station = (line.station or "") if line.on_duty else "not on duty"
        counts = (str(line.waiting), str(line.failed))
        table.add_row(line.call_sign, station, line.mailbox, *counts, sent, line.last_error or "")
    console.print(table, markup=False)


@app.command()
def remove(call_sign: CallSign) -> None:
    """Send a desk no more mail."""
    with open_context() as context, saying_refusals(), writing(context.engine) as session:
        service.remove(session, service.named(session, call_sign).id, None)
    console.print(f"{call_sign} is told no more.", markup=False)


@app.command()
def resend(call_sign: CallSign) -> None:
    """Send again what was given up, and what waits at once."""
    with open_context() as context, saying_refusals(), writing(context.engine) as session:
        mailbox = service.named(session, call_sign)
        done = service.resend(session, mailbox.id, None, None, utc_now())
    console.print(f"{done.queued} are sent again.", markup=False)


@app.command()
def test(call_sign: CallSign) -> None:
    """Send a test mail now, from here, and say what the mail server answered."""
    from app.programs.duty_mail.testing import send_test

    with open_context() as context, saying_refusals():
        if not context.settings.mails:
            raise service.no_mail()
        with writing(context.engine) as session:
            mailbox = service.named(session, call_sign)
            service.note_test(session, mailbox, None)
        posted = asyncio.run(send_test(context.settings, mailbox, utc_now()))
    if posted.error is not None:
        raise give_up(f"Not sent: {posted.error}.")
    console.print(f"The mail server has taken it for {mailbox.mailbox}.", markup=False)
