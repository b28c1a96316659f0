"""`minqing retention …`: what is protected goes when its time is over."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context
from app.core.clock import utc_now

app = typer.Typer(help="What goes when its time is over.", no_args_is_help=True)
MOST_SHOWN = 20


@app.command()
def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, erase nothing.")
    ] = False,
) -> None:
    """Erase everything whose time is over; the server does the same by itself, four times a day."""
    from app.all_jobs import RETENTION
    from app.city.service import prepare_database
    from app.core.retention import run_retention

    with open_context() as context:
        prepare_database(context.engine)
        report = run_retention(context.engine, RETENTION, utc_now(), dry_run=dry_run)
    table = Table("what", "days after", "would go" if dry_run else "gone", "of cases no.")
    for gone in report:
        named = [item for item in gone.items if item.isdecimal()]
        shown = ", ".join(named[:MOST_SHOWN]) + (" …" if len(named) > MOST_SHOWN else "")
        days = "kept" if gone.days is None else f"{gone.days}  {gone.kind.since}"
        table.add_row(gone.kind.name, days, str(len(gone.items)), shown)
    console.print(table, markup=False)


@app.command("set")
def set_days(
    what: Annotated[str, typer.Argument(help="As `minqing retention run` names it.")],
    days: Annotated[int, typer.Argument(help="Days; 0: keep it.")],
) -> None:
    """Keep something for so many days from now on."""
    from app.all_jobs import RETENTION
    from app.city.service import prepare_database
    from app.core.db import writing
    from app.core.retention import set_rule
    from app.identity import audit

    if what not in {kind.name for kind in RETENTION}:
        raise give_up(f"There is no {what!r} to keep.")
    with open_context() as context:
        prepare_database(context.engine)
        with writing(context.engine) as session:
            try:
                set_rule(session, what, days or None)
            except ValueError as error:
                raise give_up(f"{error}.") from error
            audit.record(
                session, None, "retention_changed", area_code=audit.whole_city(session),
                detail=f"{what}: {days} days" if days else f"{what}: kept",
            )  # fmt: skip
    console.print(f"{what}: {f'{days} days' if days else 'kept'}.", markup=False)
