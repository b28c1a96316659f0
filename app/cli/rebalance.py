"""`minqing rebalance`: other boundaries for the cells in a file, drawn from whole base units."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from app.cli.terminal import complain, console, give_up, progress_bar
from app.cli.unit_files import said_plainly
from geodata import codes
from geodata.codes import InvalidCodeError
from geodata.rebalance import borders, files, measures, number, plans, search, sets, validity
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.units import LOAD_OF_INCIDENT, Units, UnitsError, named

FORMAT = "minqing-rebalance/1"
MOST_SEED = 2**63 - 1
FIRST_CELLS = 5
"""So many are named where something is told of many."""

Source = Annotated[Path, typer.Argument(metavar="IN.parquet", help="Base units, GeoParquet.")]
Target = Annotated[Path, typer.Option("--out", metavar="OUT.parquet", help="The plan.")]
Within = Annotated[
    list[int] | None, typer.Option("--within", help="Only in this area: code, as often as wanted.")
]
FollowLoad = Annotated[
    bool,
    typer.Option(
        "--cells-follow-load",
        help="Also split and join cells, until each carries about what the area's cells do.",
    ),
]


def rebalance(
    source: Source,
    out: Target,
    *,
    profile: ProfileName = ProfileName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED)] = 1,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Threads.")] = os.cpu_count() or 1,
    within: Within = None,
    cells_follow_load: FollowLoad = False,
) -> None:
    """Even out the work of grid cells. The same seed gives the same plan, whatever is at work.

    Exit code 1 if the file is refused, or if the plan cannot be published as it is.
    """
    if out.suffix != ".parquet":
        raise give_up(f"--out {out}: must end in .parquet; the measures go beside it as .json.")
    if not out.parent.is_dir():
        raise give_up(f"--out {out}: there is no folder {out.parent}.")
    began_s = time.process_time()
    with said_plainly():
        file = files.read(source)
        only = _communities(file.units, within)
        units, weights = file.units, PROFILES[profile]
        between = borders.between(units)
        sets.check(units, between)
    console.print(f"{len(units):,} base units in {len(units.starts) - 1:,} communities")
    start = units.cell_code
    if cells_follow_load:
        start = number.follow_load(units, between, start, only=only)
    with progress_bar() as bar:
        plan = search.rebalance(
            units, between, weights, seed=seed, progress=bar, workers=workers, only=only,
            start=start,
        )  # fmt: skip
    (before, cells_before), (after, cells_after) = (
        measures.measure(units, between, cells) for cells in (units.cell_code, plan)
    )
    faults = validity.faults_of(units, between, plan)
    opened = np.setdiff1d(cells_after.code, cells_before.code).tolist()
    dissolved = np.setdiff1d(cells_before.code, cells_after.code).tolist()
    beside = files.write(out, file, plan, {
        "format": FORMAT, "profile": profile.value, "weights": asdict(weights), "seed": seed,
        "within": within, "units": len(units), "communities": len(units.starts) - 1,
        "changed_units": len(plans.difference(units, units.cell_code, plan)),
        "load_of_incident": LOAD_OF_INCIDENT, "cells_follow_load": cells_follow_load,
        "new_cells": opened, "dissolved_cells": dissolved,
        "near_mean_of_area": [measures.near_mean(c, only) for c in (cells_before, cells_after)],
        "before": asdict(before), "after": asdict(after),
        "faults": [_told(fault) for fault in faults],
        "cpu_s": round(time.process_time() - began_s, 1),
    })  # fmt: skip
    console.print(compared(before, after))
    if cells_follow_load:
        console.print(f"{len(opened):,} new cells, {len(dissolved):,} dissolved")
    console.print(f"Written: {out} and {beside.name}", soft_wrap=True)
    complain_of(faults)


def complain_of(faults: Sequence[validity.Fault]) -> None:
    """Say what keeps a plan from being published; ends the command if anything does."""
    if not faults:
        return
    complain("The plan cannot be published as it is:")
    for fault in faults:
        complain(f"  {fault.rule.value}: {fault.detail}: cells {named(fault.cells, FIRST_CELLS)}")
    raise typer.Exit(1)


def _communities(units: Units, within: list[int] | None) -> set[int] | None:
    """The communities in the wanted areas, each given by its area code or its division code."""
    if not within:
        return None
    mine = units.community_code[units.starts[:-1]]
    found: set[int] = set()
    for area in within:
        try:
            low, high = codes.code_range(codes.read(area))
        except InvalidCodeError as error:
            raise UnitsError([f"--within {area}: {error}"]) from None
        inside = mine[(mine >= low) & (mine <= high)]
        if not len(inside):
            raise UnitsError([f"--within {area}: the file has no community there"])
        found.update(inside.tolist())
    return found


def _told(fault: validity.Fault) -> dict[str, Any]:
    return {
        "rule": fault.rule.value, "detail": fault.detail, "cells": fault.cells,
        "units": fault.units, "where": None if fault.where is None else fault.where.wkt,
    }  # fmt: skip


def compared(before: measures.Measures, after: measures.Measures) -> Table:
    """Every measure of today and of a plan."""
    table = Table(title="Cells, today and in the plan")
    table.add_column("measure")
    table.add_column("today", justify="right")
    table.add_column("plan", justify="right")
    for name, was in asdict(before).items():
        now = getattr(after, name)
        shown = [str(v) if isinstance(v, int) else f"{v:.3f}" for v in (was, now)]
        table.add_row(name.replace("_", " "), *shown)
    return table
