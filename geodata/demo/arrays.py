"""Names for the arrays of the demo city."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SmallArray = NDArray[np.int8]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]
GeometryArray = NDArray[np.object_]
