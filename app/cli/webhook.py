"""`minqing webhook …`: programs that are told what happens."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import checked, console, open_context, saying_refusals
from app.core.clock import CITY_ZONE, utc_now
from app.core.db import reading, writing
from app.programs.webhooks import service
from app.programs.webhooks.schemas import NewWebhook

app = typer.Typer(help="Programs that are told what happens in an area.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What it is, e.g. hotline.")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Option(help="Where to send, https://…")],
    area: Annotated[int, typer.Option(help="15-digit code of the area.")],
    topics: Annotated[
        str,
        typer.Option(
            help="Separated by commas: incident.reported, incident.changed, mediation.changed,"
            " warning.changed."
        ),
    ] = "incident.reported,incident.changed",
) -> None:
    """Tell a program from now on. The secret by which it checks signatures is shown once, here."""
    from app.city.service import prepare_database

    words = {"name": name, "url": url, "area": area, "topics": topics.split(",")}
    with open_context() as context:
        prepare_database(context.engine)
        with saying_refusals():
            new = checked(NewWebhook, words)
            with writing(context.engine) as session:
                made = service.add(session, new, None, utc_now(), settings=context.settings)
    console.print(made.secret, markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_all() -> None:
    """List the programs that are told, and how it stands with each (local time)."""
    with open_context() as context, reading(context.engine) as session:
        lines = service.list_all(session).items
    table = Table("webhook", "area", "to", "waiting", "failed", "last taken", "last error")
    for line in lines:
        at = line.delivered_at
        taken = f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else ""
        counts = (str(line.waiting), str(line.failed))
        table.add_row(
            line.name, str(line.area_code), line.url, *counts, taken, line.last_error or ""
        )
    console.print(table, markup=False)


@app.command()
def remove(name: Name) -> None:
    """Send nothing more to a program."""
    with open_context() as context, saying_refusals(), writing(context.engine) as session:
        service.remove(session, service.named(session, name).id, None, utc_now())
    console.print(f"{name} is told no more.", markup=False)


@app.command()
def resend(name: Name) -> None:
    """Send again what was given up, and what waits at once."""
    with open_context() as context, saying_refusals(), writing(context.engine) as session:
        webhook = service.named(session, name)
        done = service.resend(session, webhook.id, None, None, utc_now())
    console.print(f"{done.queued} are sent again.", markup=False)
