"""`minqing jobs …`: what is done by the clock."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context
from app.core.clock import CITY_ZONE

app = typer.Typer(help="What is done by the clock, and how it went.", no_args_is_help=True)


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Rows of the queue.")] = 30,
) -> None:
    """List the jobs with their times (UTC), and the newest rows of the queue (local time)."""
    from app.all_jobs import JOBS
    from app.core.jobs import last_runs

    with open_context() as context:
        runs = last_runs(context, limit)
    kinds = Table("job", "when (cron, UTC)")
    for job in JOBS:
        kinds.add_row(job.name, job.cron)
    table = Table("no", "job", "state", "begun again", "queued", "started", "ended")
    for run in runs:
        times = (
            at.astimezone(CITY_ZONE).strftime("%m-%d %H:%M:%S") if at else ""
            for at in (run.queued_at, run.started_at, run.ended_at)
        )
        table.add_row(str(run.id), run.name, run.status, str(run.attempts or ""), *times)
    console.print(kinds, table, markup=False)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name of a job; see `minqing jobs list`.")],
) -> None:
    """Have a job run now, by the server that works the queue."""
    from procrastinate.exceptions import AlreadyEnqueued

    from app.all_jobs import JOBS
    from app.core.jobs import put_in_queue

    with open_context() as context:
        try:
            number = put_in_queue(context, JOBS, name)
        except KeyError:
            raise give_up(f"There is no job {name!r}.") from None
        except AlreadyEnqueued:
            raise give_up(f"{name} waits already.") from None
    console.print(f"{name} is in the queue under {number}.", markup=False)
