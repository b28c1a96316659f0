"""`minqing bench rebalance`: the search beside METIS and spopt on the same base units, in one run.

METIS cuts anew without knowing today's cells; its parts get today's numbers so that as many
households as can be stay where they are. It is even and quick, and moves far more. spopt looks for
units that are alike, not for even loads; it takes seconds a community, so it gets a sample of them,
and it is not in the lock: it brings two dozen packages (scikit-learn, matplotlib, a solver).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from app.cli.terminal import console, give_up
from app.cli.unit_files import said_plainly
from geodata.progress import Progress, Silent
from geodata.rebalance import borders, files, measures, search
from geodata.rebalance import units as base_units
from geodata.rebalance.borders import Borders
from geodata.rebalance.profiles import PROFILES, ProfileName
from geodata.rebalance.search import Community
from geodata.rebalance.units import IntArray, Units

SHOWN = ("within_10", "within_15", "variation", "compactness", "on_street", "moved", "touched")
EDGE_PARTS = 1_000
"""METIS takes whole numbers: the longest border counts so much."""
SAMPLE = 8

Cut = Callable[[Community], Any]
"""Parts 0..k-1 of the atoms of a community."""
Draw = Callable[[], IntArray]


def run(path: Path, progress: Progress) -> Iterator[Table]:
    """The measured tables, for the base units of a file."""
    if find_spec("pymetis") is None:
        raise give_up("METIS is not installed: scripts/setup --tests brings it.")
    with said_plainly():
        units = files.read(path).units
    yield _measured(units, progress, {"METIS": _metis})
    if find_spec("spopt") is None:
        console.print("spopt is not installed; `.venv/bin/pip install spopt` brings it.")
        return
    yield _measured(
        _sample(units), Silent(),
        {"METIS": _metis, "region k-means": _region_k_means, "Skater": _skater},
    )  # fmt: skip


def _measured(units: Units, progress: Progress, peers: dict[str, Cut]) -> Table:
    between = borders.between(units)
    draws: dict[str, Draw] = {"today": lambda: units.cell_code}
    draws |= {
        name.value: partial(
            search.rebalance, units, between, PROFILES[name], seed=1, progress=progress, workers=2
        )
        for name in ProfileName
    }
    draws |= {name: partial(_cut_anew, units, between, cut) for name, cut in peers.items()}
    table = Table(title=f"{len(units):,} base units in {len(units.starts) - 1:,} communities")
    for name in ("measure", *draws):
        table.add_column(name.replace("_", " "), justify="left" if name == "measure" else "right")
    columns = [_figures(units, between, draw) for draw in draws.values()]
    for index, row in enumerate((*SHOWN, "broken", "CPU s")):
        table.add_row(row.replace("_", " "), *(column[index] for column in columns))
    return table


def _figures(units: Units, between: Borders, draw: Draw) -> list[str]:
    began_s = time.process_time()
    plan = draw()
    cpu_s = time.process_time() - began_s
    found = asdict(measures.measure(units, between, plan)[0])
    return [*(f"{found[word]:.3f}" for word in SHOWN), str(found["broken"]), f"{cpu_s:.1f}"]


def _sample(units: Units) -> Units:
    """Every so-manieth community, `SAMPLE` of them."""
    codes = units.community_code[units.starts[:-1]]
    chosen = codes[:: max(1, len(codes) // SAMPLE)][:SAMPLE]
    mine = np.isin(units.community_code, chosen)
    names = ("unit_id", "community_code", "cell_code", "households", "incidents", "geometry",
             "load", "locked")  # fmt: skip
    some = ("street_block", "barrier_block", "together")
    columns = {name: getattr(units, name)[mine] for name in names}
    columns |= {
        name: getattr(units, name)[mine] for name in some if getattr(units, name) is not None
    }
    return base_units.make(**columns)


def _cut_anew(units: Units, between: Borders, cut: Cut) -> IntArray:
    """The plan that a partition of each community makes, under today's numbers."""
    plan = units.cell_code.copy()
    for community in search.communities(units, between, PROFILES[ProfileName.STANDARD]):
        if len(community.cells) < 2:
            continue
        drawn = np.asarray(cut(community))
        stays = np.zeros((len(community.cells), len(community.cells)))
        np.add.at(stays, (drawn, community.today), community.households)
        own = linear_sum_assignment(stays, maximize=True)[1]
        plan[community.rows] = community.cells[own[drawn]][community.atom]
    return plan


def _metis(community: Community) -> Any:
    import pymetis

    length = community.border / max(community.border.max(initial=0.0), 1e-9) * EDGE_PARTS
    return pymetis.part_graph(
        len(community.cells),
        xadj=community.first.tolist(),
        adjncy=community.near.tolist(),
        vweights=np.maximum(np.round(community.weight * 10), 1).astype(int).tolist(),
        eweights=np.maximum(np.round(length), 1).astype(int).tolist(),
    )[1]


def _weights(community: Community) -> Any:
    from libpysal.weights import W

    ends = zip(community.first[:-1].tolist(), community.first[1:].tolist(), strict=True)
    near = {atom: community.near[low:high].tolist() for atom, (low, high) in enumerate(ends)}
    return W(near, silence_warnings=True)


def _region_k_means(community: Community) -> Any:
    from spopt.region import RegionKMeansHeuristic

    load = community.weight[:, None]
    model = RegionKMeansHeuristic(load, len(community.cells), _weights(community))
    model.solve()
    return model.labels_


def _skater(community: Community) -> Any:
    import geopandas as gpd
    from spopt.region import Skater

    frame = gpd.GeoDataFrame({"load": community.weight})
    model = Skater(frame, _weights(community), ["load"], n_clusters=len(community.cells))
    model.solve()
    return np.unique(model.labels_, return_inverse=True)[1]
