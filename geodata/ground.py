"""Area and label point of polygons in degrees."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

# Cylindrical equal-area on the WGS84 ellipsoid: planar area there is area on the ground, up to the
# bend of an edge, which is below 1e-6 for edges of a few hundred metres.
_EQUAL_AREA = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True)


def area_m2(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """Area on the ground of each (Multi)Polygon.

    Args:
        geometries: (n,) in EPSG:4326.
    """
    flat = shapely.transform(
        geometries, lambda xy: np.column_stack(_EQUAL_AREA.transform(xy[:, 0], xy[:, 1]))
    )
    answer: NDArray[np.float64] = shapely.area(flat)
    return answer


def label_points(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """A point inside each polygon on which to write: its centroid where that lies inside."""
    centroids = shapely.centroid(geometries)
    inside = shapely.contains(geometries, centroids)
    answer: NDArray[np.object_] = np.where(inside, centroids, shapely.point_on_surface(geometries))
    return answer
