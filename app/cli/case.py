"""`minqing case …`: what happens to cases by itself; whether lists say what the log says."""

from datetime import date, datetime, time
from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context
from app.core.clock import CITY_ZONE, utc_now

app = typer.Typer(help="What happens to cases by itself.", no_args_is_help=True)


@app.command("sweep")
def sweep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")
    ] = False,
) -> None:
    """End suspensions that have run out; close what passed its check long enough ago."""
    from app.incidents.steps.sweep import run_sweep

    with open_context() as context:
        report = run_sweep(context.engine, utc_now(), dry_run=dry_run)
    said = f"Would be done: {report}." if dry_run else f"Done: {report}."
    console.print(said, markup=False, highlight=False)


@app.command("rules")
def rules() -> None:
    """Show after how many days cases close by themselves."""
    from app.core.db import reading
    from app.incidents.steps import sweep_queries

    table = Table("category", "days", "from", "until")
    with open_context() as context, reading(context.engine) as session:
        for rule in sweep_queries.rules(session):
            until = rule.until.astimezone(CITY_ZONE).isoformat() if rule.until else "-"
            since = rule.since.astimezone(CITY_ZONE).isoformat()
            table.add_row(rule.prefix or "all", str(rule.days), since, until)
    console.print(table)


@app.command("rule")
def rule(
    prefix: Annotated[str, typer.Argument(help="Two or four digits of the filing standard.")],
    days: Annotated[int, typer.Argument(help="Days after the check was passed; 0 for never.")],
    effective_on: Annotated[
        str | None, typer.Option(help="Day (local) from whose beginning it holds; default: now.")
    ] = None,
) -> None:
    """Let cases of a category close by themselves after some days. Exit code 1 if it is refused."""
    from app.incidents.steps.sweep import set_rule

    since = utc_now()
    try:
        if effective_on is not None:
            since = datetime.combine(date.fromisoformat(effective_on), time(), CITY_ZONE)
        with open_context() as context:
            set_rule(context.engine, prefix, days or None, since)
    except ValueError as error:
        raise give_up(str(error)) from error
    console.print(f"From {since.isoformat()}: {prefix} after {days or 'no'} days.", markup=False)


MOST_SHOWN = 40


@app.command("check")
def check(
    everything: Annotated[
        bool, typer.Option("--all", help="The past of all cases too, not of the last 36 hours.")
    ] = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Write what the log says wherever they differ.")
    ] = False,
) -> None:
    """Hold what lists and counts are read from against the log. Exit code 1 where they differ."""
    from app.cli.terminal import progress_bar
    from app.incidents.reading import checking
    from app.incidents.reading.rewriting import CHECKED_BACK

    since = None if everything else utc_now() - CHECKED_BACK
    with open_context() as context:
        with progress_bar() as bar:
            found = checking.differences(context.engine, since=since, progress=bar)
        for difference in found[:MOST_SHOWN]:
            console.print(str(difference), markup=False, highlight=False)
        if len(found) > MOST_SHOWN:
            console.print(f"and {len(found) - MOST_SHOWN} more")
        if found and mend:
            with progress_bar() as bar:
                checking.mend(context.engine, [one.no for one in found], bar)
            cases = len({one.no for one in found})
            console.print(f"Written anew for {cases} cases, from the log.", highlight=False)
    if not found:
        console.print("The reading model says what the log says.")
    raise typer.Exit(1 if found and not mend else 0)
