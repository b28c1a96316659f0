"""Column types that several tables share."""

from datetime import datetime
from typing import Annotated

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import mapped_column

Code = Annotated[int, mapped_column(BigInteger)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Validity = Annotated[Range[datetime], mapped_column(TSTZRANGE)]


def geometry(kind: str, srid: int = 4326) -> Geometry:
    """A geometry column without an index of its own: each table says which index it needs.

    Args:
        kind: `POINT`, `MULTIPOLYGON`, … as PostGIS names it.
        srid: 4326 (degrees, lon then lat) or 3857 (tiles).
    """
    return Geometry(kind, srid=srid, spatial_index=False)
