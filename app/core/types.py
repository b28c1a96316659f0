"""Column types that several tables share, and how many values are compared with one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, ColumnElement, DateTime, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlalchemy.orm import InstrumentedAttribute, mapped_column

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


def among(column: InstrumentedAttribute[int], values: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column holds one of many values. As one array the statement is the same however
    many they are, so that it is planned once."""
    return column == any_(literal(list(values), ARRAY(BigInteger)))
