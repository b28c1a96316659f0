"""The rows of a bundle as the tables of the database want them: Arrow in, Arrow out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.city import bundle, timeline
from app.city.errors import BundleError
from app.core.copying import as_hex, points_as_ewkb, same
from app.incidents.rules import STAGE_OF, Stage
from app.warnings.rules import CATEGORY_PREFIX

UNIT_COLUMNS = (
    "unit_id", "community_code", "cell_code", "households", "incidents", "street_block", "locked",
)  # fmt: skip
STATION_COLUMNS = ("station_id", "code", "kind", "name", "area_code")
CASE_COLUMNS = (
    "no", "id", "category", "title", "description", "severity", "source", "occurred_at",
    "reported_at", "lon", "lat", "cell_code",
)  # fmt: skip
EVENT_COLUMNS = ("no", "ordinal", "at", "step", "status", "tier", "reason")
CASES_AT_ONCE = 50_000
EVENTS_AT_ONCE = 250_000
_UUID_CHARS = 36
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
class Span:
    """What a bundle's cases are, seen from far.

    Attributes:
        first_occurred_at, first_reported_at: the earliest of all, as in the bundle; None without
            cases.
        cases, events: how many rows there are.
    """

    first_occurred_at: datetime | None
    first_reported_at: datetime | None
    cases: int
    events: int

    def total(self, table: str) -> int:
        """How many rows of a table they are at most."""
        return self.cases if table in {"incident", "report_receipt"} else self.events


@dataclass(frozen=True)
class CoarsePlaces:
    """Where closed warnings are said to be: at a point for the whole of their cell.

    Attributes:
        cell_code: (n,) all cells, ascending.
        lon, lat: (n,) that point, degrees (EPSG:4326).
        uncertainty_m: (n,) how far from it anything in the cell may be.
    """

    cell_code: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    uncertainty_m: NDArray[np.float64]

    @classmethod
    def of(cls, cells: Sequence[tuple[int, float, float, float]]) -> "CoarsePlaces":
        """Of each cell code, lon, lat and uncertainty, in the order of the codes."""
        code, lon, lat, uncertainty_m = zip(*cells, strict=True) if cells else ((), (), (), ())
        return cls(
            np.array(code, np.int64),
            np.array(lon, float),
            np.array(lat, float),
            np.array(uncertainty_m, float),
        )

    def rows_of(self, cells: NDArray[np.int64]) -> NDArray[np.intp]:
        """(m,) where the cells stand.

        Raises:
            BundleError: one is not among them.
        """
        if not len(cells):
            return np.zeros(0, np.intp)
        found = np.searchsorted(self.cell_code, cells).clip(max=len(self.cell_code) - 1)
        unknown = cells[self.cell_code[found] != cells] if len(self.cell_code) else cells
        if len(unknown):
            raise BundleError(f"A case lies in cell {unknown[0]}, which the bundle does not have.")
        return found


@dataclass(frozen=True)
class Cases:
    """Some cases of a bundle as of one minute, in the order of their numbers.

    Attributes:
        incidents: rows of `incident`.
        events: rows of `incident_event`.
        receipts: rows of `report_receipt`.
        later: cases among them that lie after that minute, and were left out.
    """

    incidents: pa.Table
    events: pa.Table
    receipts: pa.Table
    later: int

    @property
    def tables(self) -> dict[str, pa.Table]:
        """The rows by the name of their table."""
        return {
            "incident": self.incidents,
            "incident_event": self.events,
            "report_receipt": self.receipts,
        }


def read_span(folder: Path) -> Span:
    """The cases of a bundle seen from far.

    Raises:
        BundleError: a file cannot be read.
    """
    occurred: list[datetime] = []
    reported: list[datetime] = []
    for batch in bundle.batches(folder, "incidents", ("occurred_at", "reported_at"), 500_000):
        for name, found in (("occurred_at", occurred), ("reported_at", reported)):
            found.append(pc.min(batch.column(name)).as_py())
    return Span(
        min(occurred, default=None),
        min(reported, default=None),
        bundle.row_count(folder, "incidents"),
        bundle.row_count(folder, "incident_events"),
    )


def read_cases(
    folder: Path,
    shift: timedelta,
    now: datetime,
    coarse: CoarsePlaces,
    *,
    at_once: int = CASES_AT_ONCE,
) -> Iterator[Cases]:
    """The cases and their events, moved by `shift` and cut off at `now`, some at a time.

    Both files must be in the order of the cases' numbers: no more than one part is in memory.

    Args:
        folder: of the bundle.
        shift: by which every time is moved.
        now: the minute.
        coarse: places of the warnings that are closed by then.
        at_once: how many cases are a part.

    Raises:
        BundleError: a file cannot be read or is in another order, or a case has no event or no
            cell.
    """
    log = _Log(folder)
    before = 0
    for batch in bundle.batches(folder, "incidents", CASE_COLUMNS, at_once):
        cases = pa.Table.from_batches([batch])
        numbers = cases.column("no").to_numpy()
        if (np.diff(numbers, prepend=before) <= 0).any():
            raise BundleError(f"{folder / 'incidents.parquet'} is not in the order of numbers.")
        before = int(numbers[-1])
        yield _as_of(cases, log.up_to(before), shift, now, coarse)


class _Log:
    """The events of a bundle, read on as their cases are."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "incident_events.parquet"
        self._batches = bundle.batches(folder, "incident_events", EVENT_COLUMNS, EVENTS_AT_ONCE)
        self._ahead = bundle.empty(folder, "incident_events", EVENT_COLUMNS)
        self._before = 0

    def up_to(self, number: int) -> pa.Table:
        """The events that follow, to the last one of the case of that number."""
        parts = [self._take(number)]
        while not len(self._ahead) and (following := next(self._batches, None)) is not None:
            self._ahead = pa.Table.from_batches([following])
            parts.append(self._take(number))
        return pa.concat_tables(parts).combine_chunks()

    def _take(self, number: int) -> pa.Table:
        numbers = self._ahead.column("no").to_numpy()
        if (np.diff(numbers, prepend=self._before) < 0).any():
            raise BundleError(f"{self._path} is not in the order of its cases' numbers.")
        end = int(np.searchsorted(numbers, number, side="right"))
        taken, self._ahead = self._ahead.slice(0, end), self._ahead.slice(end)
        self._before = int(numbers[end - 1]) if end else self._before
        return taken


def _as_of(
    cases: pa.Table, events: pa.Table, shift: timedelta, now: datetime, coarse: CoarsePlaces
) -> Cases:
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
        raise BundleError(f"incidents.parquet, incident_events.parquet: {error}") from error
    incidents = _incident_rows(cases, events, states, shift, coarse)
    return Cases(
        incidents,
        _placed(_moved(events.filter(pa.array(states.kept_events)), shift, "at"), cases),
        _receipt_rows(incidents),
        int((~states.kept_cases).sum()),
    )


def _receipt_rows(incidents: pa.Table) -> pa.Table:
    """Every loaded case is acknowledged under its id, so that no report can take the id again.

    The hash is that of no report's body: whoever posts under such an id gets a conflict.
    """
    ids = incidents.column("id").to_pylist()
    hashes = pa.array([sha256(one).digest() for one in ids], pa.binary(32))
    return incidents.select(["id", "no", "reported_at", "cell_code"]).append_column(
        "body_hash", hashes
    )


def _uuids(ids: pa.ChunkedArray) -> pa.Array:
    """The bytes of UUIDs from their text.

    Raises:
        BundleError: something else among them.
    """
    texts = ids.to_pylist()
    try:
        raw = bytes.fromhex("".join(texts).replace("-", ""))
    except (TypeError, ValueError):
        raw = b""
    if len(raw) != 16 * len(texts) or not all(len(one) == _UUID_CHARS for one in texts):
        raise BundleError("incidents.parquet: a value of id is no UUID.")
    kind = pa.binary(16)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(texts), [None, pa.py_buffer(raw)])


def _incident_rows(
    cases: pa.Table,
    events: pa.Table,
    states: timeline.CaseStates,
    shift: timedelta,
    coarse: CoarsePlaces,
) -> pa.Table:
    last = _moved(
        events.select(["at", "status", "tier"]).take(pa.array(states.last_event)), shift, "at"
    )
    is_closed = pc.is_in(last.column("status"), value_set=pa.array(CLOSED))
    kept = _moved(cases.filter(pa.array(states.kept_cases)), shift, "occurred_at", "reported_at")
    is_warning = pc.starts_with(kept.column("category").cast(pa.string()), CATEGORY_PREFIX)
    lon, lat, uncertainty_m = _places(kept, pc.and_(is_warning, is_closed).to_numpy(), coarse)
    added = {
        "id": _uuids(kept.column("id")),
        "status": last.column("status"),
        "tier": last.column("tier"),
        "closed_at": pc.if_else(is_closed, last.column("at"), None),
        "geom": points_as_ewkb(lon, lat, 4326),
        "location_uncertainty_m": pa.array(uncertainty_m),
        "simulated": same(False, kept.num_rows),
    }
    plain = kept.drop_columns(["id", "lon", "lat"])
    return pa.table({**dict(zip(plain.column_names, plain.columns, strict=True)), **added})


def _places(
    cases: pa.Table, is_coarse: NDArray[np.bool_], coarse: CoarsePlaces
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lon and lat of the cases, degrees (EPSG:4326), and how far from there they may have been."""
    lon, lat = (cases.column(name).to_numpy().copy() for name in ("lon", "lat"))
    uncertainty_m = np.zeros(len(lon))
    cell = coarse.rows_of(cases.column("cell_code").to_numpy())[is_coarse]
    lon[is_coarse], lat[is_coarse] = coarse.lon[cell], coarse.lat[cell]
    uncertainty_m[is_coarse] = coarse.uncertainty_m[cell]
    return lon, lat, uncertainty_m


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
