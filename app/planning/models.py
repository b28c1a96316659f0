"""Base units: the building plots of which cells are drawn."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Validity, geometry


class BaseUnit(Base):
    """One building plot, and the cell to which it belongs for a time."""

    __tablename__ = "base_unit"

    unit_id: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    community_code: Mapped[Code]
    cell_code: Mapped[Code]
    households: Mapped[float]
    # Cases expected in a year.
    incidents: Mapped[float]
    street_block: Mapped[Code]
    locked: Mapped[bool]
    geom: Mapped[Any] = mapped_column(geometry("POLYGON"))
    valid: Mapped[Validity]

    __table_args__ = (
        Index("base_unit_cell", "cell_code"),
        Index("base_unit_geom", "geom", postgresql_using="gist"),
    )
