"""A plan's figures worked out by geopandas from the units in the tables alone."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

METRES = 4544


def units_frame(engine: Engine, moves: dict[int, int]) -> gpd.GeoDataFrame:
    """The units in force in EPSG:4544 with `today`, `cell`, `load` and `free`."""
    with Session(engine) as session:
        rows = session.execute(
            text("""SELECT u.unit_id, u.community_code, u.cell_code AS today, u.households,
                       u.incidents, u.street_block, u.locked OR a.locked AS locked,
                       ST_AsBinary(u.geom) AS wkb
                    FROM base_unit u JOIN area a ON a.code = u.cell_code AND upper_inf(a.valid)
                    WHERE upper_inf(u.valid) ORDER BY u.unit_id""")
        ).all()
    frame = pd.DataFrame([row._asdict() for row in rows])
    shapes = gpd.GeoSeries.from_wkb(frame.pop("wkb").map(bytes), crs=4326).to_crs(METRES)
    units = gpd.GeoDataFrame(frame, geometry=shapes)
    units["cell"] = units["unit_id"].map(moves).fillna(units["today"]).astype("int64")
    units["load"] = units["households"] + 2.0 * units["incidents"]
    return units


def cells_frame(units: gpd.GeoDataFrame, by: str) -> gpd.GeoDataFrame:
    """Its cells dissolved, with load, deviation, free, pieces and compactness."""
    cells = units.dissolve(by=by, aggfunc={
        "load": "sum", "households": "sum", "incidents": "sum", "locked": "all",
        "community_code": "first", "unit_id": "count",
    }).rename(columns={"unit_id": "units"})  # fmt: skip
    cells["free"] = ~cells["locked"]
    free = cells[cells["free"]]
    mean = free.groupby("community_code")["load"].mean()
    cells["deviation"] = cells["load"] / cells["community_code"].map(mean) - 1.0
    # A buffer closes nothing and opens what touches at a corner only.
    apart = shapely.buffer(cells.geometry.to_numpy(), -0.01, join_style="mitre")
    cells["pieces"] = shapely.get_num_geometries(apart)
    cells["compactness"] = 4.0 * np.pi * cells.area / cells.length**2
    return cells


def shares(cells: gpd.GeoDataFrame) -> dict[str, float]:
    """What the measures say of the cells."""
    off = cells.loc[cells["free"], "deviation"]
    return {
        "cells": len(cells),
        **{f"within_{n}": float((off.abs() <= n / 100 + 1e-9).mean()) for n in (10, 15, 20)},
        "largest_over_mean": float(off.max() + 1.0),
        "variation": float(off.std(ddof=0)),
        "compactness": float(cells["compactness"].mean()),
        "broken": int((cells["pieces"] > 1).sum()),
    }


def on_street(units: gpd.GeoDataFrame, by: str) -> float:
    """Borders between cells of a community that lie between two street blocks, by length."""
    pairs = gpd.sjoin(units, units, predicate="touches").reset_index()
    one = units.loc[pairs["index"]].reset_index(drop=True)
    other = units.loc[pairs["index_right"]].reset_index(drop=True)
    inner = (one["community_code"] == other["community_code"]) & (one[by] != other[by])
    length = one.geometry[inner].intersection(other.geometry[inner]).length
    street = (one["street_block"] != other["street_block"])[inner]
    return float(length[street].sum() / length.sum())
