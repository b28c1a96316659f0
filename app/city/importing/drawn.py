"""Areas in force, as a file is compared with them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

GeometryArray = NDArray[np.object_]


@dataclass(frozen=True)
class Drawn:
    """Areas of one level in force: codes ascending, with names and outlines (EPSG:4326)."""

    codes: NDArray[np.int64]
    names: list[str]
    geometries: GeometryArray

    def row_of(self, code: int) -> int | None:
        """Where an area stands, if it is there."""
        row = int(np.searchsorted(self.codes, code))
        return row if row < len(self.codes) and self.codes[row] == code else None

    def at(self, points: GeometryArray) -> NDArray[np.int64]:
        """The code of the area around each point, 0 for none; the lowest code on a border."""
        found = np.zeros(len(points), dtype=np.int64)
        if len(self.codes):
            point, area = shapely.STRtree(self.geometries).query(points, predicate="intersects")
            order = np.argsort(-self.codes[area], kind="stable")
            found[point[order]] = self.codes[area[order]]
        return found
