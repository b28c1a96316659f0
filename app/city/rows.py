"""The rows of a bundle as the tables of the database want them: Arrow in, Arrow out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from app.city import bundle, timeline
from app.city.errors import BundleError
from app.core.copying import as_hex, same
from app.incidents.rules import STAGE_OF, Stage

UNIT_COLUMNS = (
    "unit_id", "community_code", "cell_code", "households", "incidents", "street_block", "locked",
)  # fmt: skip
STATION_COLUMNS = ("station_id", "code", "kind", "name", "area_code")
CASE_COLUMNS = (
    "no", "id", "category", "title", "description", "severity", "source", "occurred_at",
    "reported_at", "lon", "lat", "cell_code",
)  # fmt: skip
EVENT_COLUMNS = ("no", "ordinal", "at", "step", "status", "tier", "reason")
CLOSED = [status.value for status, stage in STAGE_OF.items() if stage is Stage.CLOSED]


def unit_rows(units: pa.Table, geometries: NDArray[np.object_], valid: str) -> pa.Table:
    """Rows of `base_unit`, from UNIT_COLUMNS and (n,) Polygons in EPSG:4326."""
    return units.append_column("geom", as_hex(geometries, 4326)).append_column(
        "valid", same(valid, units.num_rows)
    )


def station_rows(stations: pa.Table, geometries: NDArray[np.object_], valid: str) -> pa.Table:
    """Rows of `station`, from STATION_COLUMNS and (n,) Points in EPSG:4326."""
    named = stations.rename_columns(["id", *STATION_COLUMNS[1:]])
    return named.append_column("geom", as_hex(geometries, 4326)).append_column(
        "valid", same(valid, stations.num_rows)
    )


@dataclass(frozen=True)
class Cases:
    """The cases of a bundle as of one minute.

    Attributes:
        incidents: rows of `incident`.
        events: rows of `incident_event`.
        later: cases of the bundle that lie after that minute, and were left out.
    """

    incidents: pa.Table
    events: pa.Table
    later: int


def read_cases(folder: Path, shift: timedelta, now: datetime) -> Cases:
    """The cases and their events, moved by `shift` and cut off at `now`.

    Raises:
        BundleError: a file cannot be read, or a case has no event.
    """
    cases = bundle.read_file(folder, "incidents", CASE_COLUMNS)
    events = bundle.read_file(folder, "incident_events", EVENT_COLUMNS)
    # What lies later than this in the bundle lies in the future once it is moved.
    try:
        states = timeline.states_at(
            now - shift,
            case_no=cases.column("no").to_numpy(),
            reported_at=_times(cases, "reported_at"),
            event_no=events.column("no").to_numpy(),
            ordinal=events.column("ordinal").to_numpy(),
            event_at=_times(events, "at"),
        )
    except ValueError as error:
        raise BundleError(f"{folder}: {error}") from error
    return Cases(
        _incident_rows(cases, events, states, shift),
        _placed(_moved(events.filter(pa.array(states.kept_events)), shift, "at"), cases),
        int((~states.kept_cases).sum()),
    )


def _incident_rows(
    cases: pa.Table, events: pa.Table, states: timeline.CaseStates, shift: timedelta
) -> pa.Table:
    last = _moved(
        events.select(["at", "status", "tier"]).take(pa.array(states.last_event)), shift, "at"
    )
    is_closed = pc.is_in(last.column("status"), value_set=pa.array(CLOSED))
    kept = _moved(cases.filter(pa.array(states.kept_cases)), shift, "occurred_at", "reported_at")
    places = shapely.points(kept.column("lon").to_numpy(), kept.column("lat").to_numpy())
    added = {
        "status": last.column("status"),
        "tier": last.column("tier"),
        "closed_at": pc.if_else(is_closed, last.column("at"), None),
        "geom": as_hex(places, 4326),
        "location_uncertainty_m": same(0.0, kept.num_rows),
        "simulated": same(False, kept.num_rows),
    }
    plain = kept.drop_columns(["lon", "lat"])
    return pa.table({**dict(zip(plain.column_names, plain.columns, strict=True)), **added})


def _placed(events: pa.Table, cases: pa.Table) -> pa.Table:
    """Events with the cell of their case."""
    row = pc.index_in(events.column("no"), value_set=cases.column("no").combine_chunks())
    return events.append_column("cell_code", cases.column("cell_code").take(row))


def _times(table: pa.Table, name: str) -> NDArray[np.datetime64]:
    column = table.column(name).cast(pa.timestamp("us", "UTC"))
    answer: NDArray[np.datetime64] = column.to_numpy().astype("datetime64[us]")
    return answer


def _moved(table: pa.Table, shift: timedelta, *names: str) -> pa.Table:
    for name in names:
        moved = pc.add(table.column(name).cast(pa.timestamp("us", "UTC")), pa.scalar(shift))
        table = table.set_column(table.column_names.index(name), name, moved)
    return table
