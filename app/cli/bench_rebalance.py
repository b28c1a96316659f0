"""`minqing bench rebalance`: the search beside METIS on the same base units, in one run.

METIS cuts anew without knowing today's cells; its parts get today's numbers so that as many
households as can be stay where they are. It is even and quick, and moves far more.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from app.cli.terminal import give_up
from app.cli.unit_files import said_plainly
from geodata.progress import Progress
from geodata.rebalance import borders, files, measures, search
from geodata.rebalance.borders import Borders
from geodata.rebalance.profiles import PROFILES, Profile, ProfileName
from geodata.rebalance.units import IntArray, Units

SHOWN = ("within_10", "within_15", "variation", "compactness", "on_street", "moved", "touched")
EDGE_PARTS = 1_000
"""METIS takes whole numbers: the longest border counts so much."""


def run(path: Path, progress: Progress) -> Table:
    """The measured table, for the base units of a file."""
    try:
        import pymetis
    except ImportError:
        raise give_up("METIS is not installed: scripts/setup --tests brings it.") from None
    with said_plainly():
        units = files.read(path).units
    between = borders.between(units)
    rows = (*SHOWN, "broken", "CPU s")
    columns: dict[str, list[str]] = {}

    def line(name: str, draw: Callable[[], IntArray]) -> None:
        began_s = time.process_time()
        plan = draw()
        cpu_s = time.process_time() - began_s
        found = asdict(measures.measure(units, between, plan)[0])
        figures = [f"{found[word]:.3f}" for word in SHOWN]
        columns[name] = [*figures, str(found["broken"]), f"{cpu_s:.1f}"]

    line("today", lambda: units.cell_code)
    for profile in ProfileName:
        weights = PROFILES[profile]
        line(profile.value, lambda weights=weights: search.rebalance(  # type: ignore[misc]
            units, between, weights, seed=1, progress=progress, workers=2))  # fmt: skip
    line("METIS", lambda: _metis(pymetis.part_graph, units, between))
    table = Table(title=f"{len(units):,} base units in {len(units.starts) - 1:,} communities")
    for name in ("measure", *columns):
        table.add_column(name.replace("_", " "), justify="left" if name == "measure" else "right")
    for index, row in enumerate(rows):
        table.add_row(row.replace("_", " "), *(figures[index] for figures in columns.values()))
    return table


def _metis(part: Callable[..., Any], units: Units, between: Borders) -> IntArray:
    plan = units.cell_code.copy()
    profile: Profile = PROFILES[ProfileName.STANDARD]
    for community in search.communities(units, between, profile):
        if len(community.cells) < 2:
            continue
        length = community.border / max(community.border.max(initial=0.0), 1e-9) * EDGE_PARTS
        _, parts = part(
            len(community.cells),
            xadj=community.first.tolist(),
            adjncy=community.near.tolist(),
            vweights=np.maximum(np.round(community.weight * 10), 1).astype(int).tolist(),
            eweights=np.maximum(np.round(length), 1).astype(int).tolist(),
        )
        drawn = np.asarray(parts)
        stays = np.zeros((len(community.cells), len(community.cells)))
        np.add.at(stays, (drawn, community.today), community.households)
        own = linear_sum_assignment(stays, maximize=True)[1]
        plan[community.rows] = community.cells[own[drawn]][community.atom]
    return plan
