"""The logs of a bundle's cases, as the reading model is computed from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.city import rows
from app.city.errors import BundleError
from app.incidents.reading.bulk import NO_UNIT, STEPS, Logs
from app.incidents.reading.openhours import NO_INSTANT, IntArray
from app.incidents.rules import STATUS_NUMBERS, TIER_NUMBERS
from geodata.instants import EPOCH

_EPOCH = np.datetime64(EPOCH.replace(tzinfo=None), "us")


def logs_of(cases: rows.Cases) -> Logs:
    """The whole logs of some cases, in the order of their events.

    Raises:
        BundleError: a category is no number, or a step, state or tier is unknown.
    """
    events = cases.events
    no = cases.incidents.column("no").to_numpy()
    case = np.searchsorted(no, events.column("no").to_numpy())
    ordinal = events.column("ordinal").to_numpy().astype(np.int64)
    order = _order(case, ordinal)
    steps = {step: place for place, step in enumerate(STEPS)}
    return Logs(
        no=no,
        category=_categories(cases.incidents),
        case=case[order],
        at=(events.column("at").to_numpy() - _EPOCH).astype(np.int64)[order],
        ordinal=ordinal[order],
        step=_numbers(events, "step", steps)[order],
        status=_numbers(events, "status", STATUS_NUMBERS)[order],
        tier=_numbers(events, "tier", TIER_NUMBERS)[order],
        unit_id=np.full(len(case), NO_UNIT, np.int64),
        until=np.full(len(case), NO_INSTANT, np.int64),
        cell_code=events.column("cell_code").to_numpy()[order],
    )


def _order(case: IntArray, ordinal: IntArray) -> IntArray | slice:
    """Which event follows which: as they stand, in most bundles."""
    is_later = (case[1:] > case[:-1]) | (ordinal[1:] > ordinal[:-1])
    return slice(None) if is_later.all() else np.lexsort((ordinal, case))


def _categories(incidents: pa.Table) -> IntArray:
    try:
        numbers = incidents.column("category").cast(pa.string()).cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise BundleError(f"incidents.parquet: category: {error}") from error
    answer: IntArray = numbers.to_numpy()
    return answer


def _numbers(events: pa.Table, name: str, number_of: Mapping[Any, int]) -> IntArray:
    """A column of words as their numbers."""
    words = pa.array([str(word) for word in number_of], pa.string())
    found = pc.index_in(events.column(name).cast(pa.string()), value_set=words)
    if found.null_count:
        unknown = events.column(name).filter(pc.is_null(found))[0]
        raise BundleError(f"incident_events.parquet: {name} {unknown.as_py()!r} is unknown.")
    answer: IntArray = np.array(list(number_of.values()), np.int64)[found.to_numpy()]
    return answer
