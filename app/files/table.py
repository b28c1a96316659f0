"""Rows as any format gives them, before anybody has looked at their values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Wanted = Callable[[str], bool]
"""Whether a column of a name is wanted: others are not read, however many there are."""


def plain(name: str) -> str:
    """A column's name as it is compared."""
    return name.strip().lower()


def wanted(names: Iterable[str]) -> Wanted:
    """Whether a column carries one of these names."""
    known = frozenset(map(plain, names))
    return lambda name: plain(name) in known


@dataclass
class RawTable:
    """A file's rows.

    Attributes:
        numbers: (n,) the row as its sender counts it.
        columns: the sender's column -> (n) values as the format gives them; the wanted ones.
        names: of all columns.
        geometries: (n,) shapely geometries or None in the file's own coordinates; None for tables
            without geometry.
        faults: row index -> why its geometry cannot be taken.
        carried_crs: what the file says of its coordinates (WKT or a name), if it says anything.
        layer: the layer or sheet.
        notes: what the sender should know.
    """

    numbers: NDArray[np.int64]
    columns: dict[str, list[Any]]
    names: list[str]
    geometries: NDArray[np.object_] | None = None
    faults: dict[int, str] = field(default_factory=dict)
    carried_crs: str | None = None
    layer: str | None = None
    notes: list[str] = field(default_factory=list)
