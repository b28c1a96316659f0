"""`minqing plan …`: plans of cells as files: looked at, mended, compared, merged."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from app.cli.rebalance import FIRST_CELLS, compared, complain_of
from app.cli.terminal import complain, console
from app.cli.unit_files import said_plainly
from geodata.rebalance import borders, files, measures, plans, validity
from geodata.rebalance.units import Units, UnitsError, named

app = typer.Typer(help="Plans of cells, as files.", no_args_is_help=True)
MOST_SHOWN = 40

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


def _households(units: Units, changes: list[plans.Change]) -> str:
    total = float(np.sum(units.households))
    moved = sum(change.households for change in changes)
    return f"{moved:.0f} of {total:.0f} households"
