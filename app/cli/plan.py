"""`minqing plan …`: plans of cells as files: looked at, mended, compared, merged; and one of the
server's plans published.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from app.cli.rebalance import FIRST_CELLS, compared, complain_of
from app.cli.terminal import complain, console, give_up, open_context, progress_bar, saying_refusals
from app.cli.unit_files import said_plainly
from geodata.rebalance import borders, files, measures, plans, validity
from geodata.rebalance.units import Units, UnitsError, named

if TYPE_CHECKING:
    from app.core.context import Context
    from app.planning.jobs.schemas import PlanJobRow

app = typer.Typer(help="Plans of cells, as files; publishing one.", no_args_is_help=True)
MOST_SHOWN = 40
LOOK_AGAIN_S = 0.2

UnitsPath = Annotated[Path, typer.Argument(metavar="UNITS.parquet", help="Base units.")]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan: .parquet or .csv.")]
OtherPath = Annotated[Path, typer.Argument(metavar="OTHER", help="Another: .parquet or .csv.")]


@app.command()
def check(
    units_path: UnitsPath,
    plan_path: PlanPath,
    mend: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Write it with every cell in one piece.")
    ] = None,
) -> None:
    """What a plan changes, and what keeps it from being published. Exit code 1 if anything does."""
    with said_plainly():
        units = files.read(units_path).units
        plan = files.read_plan(plan_path, units)
        between = borders.between(units)
        if mend is not None:
            strange = units.unit_id[~validity.is_inside(units, plan)]
            if len(strange):
                raise UnitsError([f"cell_code: no cell of its community: units {named(strange)}"])
            plan = plans.mend(units, between, plan)
            files.write_assignment(mend, units, plan)
            console.print(f"Written: {mend}", soft_wrap=True)
    before, after = (
        measures.measure(units, between, cells)[0] for cells in (units.cell_code, plan)
    )
    console.print(compared(before, after))
    emptied = validity.vanished(units, plan)
    if emptied:
        console.print(f"Dissolved, for they have no unit left: cells {named(emptied, FIRST_CELLS)}")
    complain_of(validity.faults_of(units, between, plan))


@app.command()
def diff(units_path: UnitsPath, plan_path: PlanPath, other_path: OtherPath) -> None:
    """The units that lie in another cell in OTHER than in PLAN, by the cells they leave."""
    with said_plainly():
        units = files.read(units_path).units
        one, other = (files.read_plan(path, units) for path in (plan_path, other_path))
    changes = plans.difference(units, one, other)
    console.print(f"{len(changes):,} of {len(units):,} base units, {_households(units, changes)}")
    moves: dict[tuple[int, int], list[plans.Change]] = {}
    for change in changes:
        moves.setdefault((change.before, change.after), []).append(change)
    table = Table("from", "to", "units", "households")
    for (before, after), moved in sorted(moves.items())[:MOST_SHOWN]:
        people = sum(change.households for change in moved)
        table.add_row(str(before), str(after), str(len(moved)), f"{people:.0f}")
    console.print(table)
    if len(moves) > MOST_SHOWN:
        console.print(f"and {len(moves) - MOST_SHOWN} more pairs of cells")


@app.command()
def merge(
    units_path: UnitsPath,
    plan_path: PlanPath,
    other_path: OtherPath,
    out: Annotated[Path, typer.Option(metavar="OUT.csv", help="Both plans' changes in one.")],
) -> None:
    """Both plans' changes since today in one. Where they clash: exit code 1, nothing written."""
    with said_plainly():
        units = files.read(units_path).units
        one, other = (files.read_plan(path, units) for path in (plan_path, other_path))
        merged, conflicts = plans.merge(units, units.cell_code, one, other)
        if conflicts:
            complain(f"Both plans move {len(conflicts)} units, to different cells:")
            for clash in conflicts[:MOST_SHOWN]:
                complain(f"  unit {clash.unit_id}: {clash.ours} or {clash.theirs}")
            raise typer.Exit(1)
        files.write_assignment(out, units, merged)
    console.print(f"Written: {out}", soft_wrap=True)
    complain_of(validity.faults_of(units, borders.between(units), merged))


@app.command()
def publish(
    number: Annotated[int, typer.Argument(min=1, help="Number of an approved plan.")],
) -> None:
    """Put one of the server's approved plans into force now. Ctrl-C cancels it while it works.

    It is a job, as on the page: a running server does it, or else this command. Exit code 1 if it
    is refused, fails or was cancelled.
    """
    from app.all_jobs import JOBS, TASKS
    from app.city import service as city
    from app.core import jobs
    from app.core.clock import utc_now
    from app.core.db import writing
    from app.planning.jobs import service

    with open_context() as context:
        city.prepare_database(context.engine)
        with saying_refusals(), writing(context.engine) as session:
            job = service.start_publication(session, number, None, utc_now(), if_match=None)
        with jobs.working(context, JOBS, TASKS):
            ended = _followed(context, number, job.id)
    if ended.state != "done":
        raise give_up(f"Not published ({ended.state}). {ended.message}".strip())
    version = (ended.result or {})["boundary_version"]
    console.print(f"Published: plan {number}, boundary version {version}.", highlight=False)


def _followed(context: "Context", plan_id: int, job_id: int) -> "PlanJobRow":
    """The job once it has ended; Ctrl-C asks it to end, and it is followed on."""
    from app.core.clock import utc_now
    from app.core.db import reading, writing
    from app.planning.jobs import service

    with progress_bar() as bar:
        while True:
            try:
                with reading(context.engine) as session:
                    job = service.get(session, plan_id, job_id)
                bar.step("publishing", job.done, job.total or 1)
                if job.ended_at is not None:
                    return job
                time.sleep(LOOK_AGAIN_S)
            except KeyboardInterrupt:
                with writing(context.engine) as session:
                    service.cancel(session, plan_id, job_id, utc_now())


def _households(units: Units, changes: list[plans.Change]) -> str:
    total = float(np.sum(units.households))
    moved = sum(change.households for change in changes)
    return f"{moved:.0f} of {total:.0f} households"
